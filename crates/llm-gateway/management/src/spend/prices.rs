//! What a request would cost, or did.

use axum::Json;
use axum::routing::post;
use llm_pricing::{Cost, Item, Part, Usd};
use llm_tenancy::Document;
use llm_types::Usage;
use serde_json::{Map, Value, json};

use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::host::Quote;
use crate::said::Said;
use crate::shape::Shape;
use crate::wire::Wire as _;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post(
            "/spend/calculate",
            "Tells what messages would cost to read, or what an answer has cost",
            post(calculate),
        )
        .takes([
            Param::new("model", Shape::Maybe(&Shape::Text), "Which model would read them"),
            Param::new("messages", Shape::List(&Shape::Object), "What it would read"),
            Param::new("completion_response", Shape::Object, "An answer, with its `model` and `usage`"),
        ])
        .gives([Param::new("cost", Shape::Number, "Dollars")]),
        Endpoint::post("/cost/estimate", "Tells what requests of a size would cost", post(estimate))
            .takes(ASKED)
            .gives(ASKED)
            .gives_too(TOLD),
    ]
}

const MAYBE: Shape = Shape::Maybe(&Shape::Integer);
const DOLLARS: Shape = Shape::Maybe(&Shape::Number);

const ASKED: [Param; 8] = [
    Param::new("model", Shape::Text, "Which model").required(),
    Param::new("input_tokens", Shape::Integer, "Tokens that a request reads").required(),
    Param::new("output_tokens", Shape::Integer, "Tokens that an answer has").required(),
    Param::new("cache_read_input_tokens", Shape::Integer, "Of those read: out of the vendor's cache"),
    Param::new("cache_creation_input_tokens", Shape::Integer, "Of those read: into the vendor's cache"),
    Param::new("reasoning_tokens", Shape::Integer, "Of the answer's: reasoning"),
    Param::new("num_requests_per_day", MAYBE, "Requests a day"),
    Param::new("num_requests_per_month", MAYBE, "Requests a month"),
];
const TOLD: [Param; 15] = [
    Param::new("cost_per_request", Shape::Number, "Dollars, with discount and margin"),
    Param::new("input_cost_per_request", Shape::Number, "Of what is read, without them"),
    Param::new("output_cost_per_request", Shape::Number, "Of what is written, without them"),
    Param::new("cache_read_cost_per_request", Shape::Number, "Of what comes out of the cache"),
    Param::new("cache_creation_cost_per_request", Shape::Number, "Of what goes into the cache"),
    Param::new("reasoning_cost_per_request", Shape::Number, "Of reasoning"),
    Param::new("margin_cost_per_request", Shape::Number, "Margin, less the discount"),
    Param::new("daily_cost", DOLLARS, "The same a day, with all its parts as `daily_…`"),
    Param::new("monthly_cost", DOLLARS, "The same a month, with all its parts as `monthly_…`"),
    Param::new("input_cost_per_token", DOLLARS, "The price of a token that is read"),
    Param::new("output_cost_per_token", DOLLARS, "Of one that is written"),
    Param::new("cache_read_input_token_cost", DOLLARS, "Of one out of the cache"),
    Param::new("cache_creation_input_token_cost", DOLLARS, "Of one into the cache"),
    Param::new("output_cost_per_reasoning_token", DOLLARS, "Of one of reasoning"),
    Param::new("provider", Shape::Maybe(&Shape::Text), "The vendor"),
];

/// Prices of tokens, under LiteLLM's names.
const RATES: [(&str, Item); 5] = [
    ("input_cost_per_token", Item::Input),
    ("output_cost_per_token", Item::Output),
    ("cache_read_input_token_cost", Item::CacheRead),
    ("cache_creation_input_token_cost", Item::CacheWrite),
    ("output_cost_per_reasoning_token", Item::Reasoning),
];

async fn calculate(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let model: Option<String> = said.take("model")?;
    let messages: Option<Vec<Value>> = said.take("messages")?;
    let answer: Option<Document> = said.take("completion_response")?;
    said.end();
    let quote = match (model, answer) {
        (Some(model), _) => {
            let messages = messages.ok_or_else(|| Fault::missing("messages"))?;
            let tokens = desk.host.tokens(&model, &messages);
            quote(&desk, &model, &Usage::new(tokens, 0), "model")?
        }
        (None, Some(mut answer)) => {
            let mut part = |name: &str| {
                let place = format!("completion_response.{name}");
                answer.shift_remove(name).filter(|it| !it.is_null()).ok_or_else(|| Fault::missing(&place))
            };
            let model =
                String::read(part("model")?).map_err(|error| error.at("completion_response.model"))?;
            let usage: Usage = llm_types::from_value(part("usage")?)
                .map_err(|error| error.at("completion_response.usage"))?;
            quote(&desk, &model, &usage, "completion_response.model")?
        }
        (None, None) => {
            return Err(Fault::invalid("model", "either model or completion_response must be said"));
        }
    };
    Ok(Json(json!({"cost": quote.cost.total.show()})))
}

fn quote(desk: &Desk, model: &str, usage: &Usage, place: &str) -> Result<Quote, Fault> {
    let unknown = || Fault::invalid(place, format!("no price is known of the model {model:?}"));
    desk.host.quote(model, usage).ok_or_else(unknown)
}

async fn estimate(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let model: String = said.need("model")?;
    let (input, output): (u64, u64) = (said.need("input_tokens")?, said.need("output_tokens")?);
    let read: u64 = said.take("cache_read_input_tokens")?.unwrap_or(0);
    let written: u64 = said.take("cache_creation_input_tokens")?.unwrap_or(0);
    let reasoning: u64 = said.take("reasoning_tokens")?.unwrap_or(0);
    let by_day: Option<u64> = said.take("num_requests_per_day")?;
    let by_month: Option<u64> = said.take("num_requests_per_month")?;
    said.end();
    if read.saturating_add(written) > input {
        let message = "tokens of the cache are among input_tokens, and cannot be more";
        return Err(Fault::invalid("cache_read_input_tokens", message));
    }
    if reasoning > output {
        let message = "tokens of reasoning are among output_tokens, and cannot be more";
        return Err(Fault::invalid("reasoning_tokens", message));
    }
    let usage: Usage = llm_types::from_value(json!({
        "prompt_tokens": input,
        "completion_tokens": output,
        "total_tokens": input.saturating_add(output),
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }))?;
    let Quote { vendor, cost } = quote(&desk, &model, &usage, "model")?;
    let mut told = Map::new();
    let mut tell = |name: &str, value: Value| {
        told.insert(name.to_owned(), value);
    };
    tell("model", model.into());
    let counts = [input, output, read, written, reasoning];
    for (param, count) in ASKED[1..6].iter().zip(counts) {
        tell(param.name, count.into());
    }
    tell("num_requests_per_day", json!(by_day));
    tell("num_requests_per_month", json!(by_month));
    let parts = parts(&cost);
    for (name, amount) in parts {
        tell(&format!("{name}_per_request"), amount.show());
    }
    for (period, requests) in [("daily", by_day), ("monthly", by_month)] {
        for (name, amount) in parts {
            let times = requests.map(|requests| times(amount, requests));
            tell(&format!("{period}_{name}"), times.show());
        }
    }
    for (name, item) in RATES {
        let line = cost.lines.iter().find(|line| line.item == item);
        // The text of a price is a JSON number.
        let rate = line.and_then(|line| serde_json::from_str(&line.rate.to_string()).ok());
        tell(name, rate.unwrap_or(Value::Null));
    }
    tell("provider", vendor.show());
    Ok(Json(Value::Object(told)))
}

/// What a request costs, and what of it is what.
fn parts(cost: &Cost) -> [(&'static str, Usd); 7] {
    let part = |part| cost.part(part);
    let (read, written, reasoning) = (part(Part::CacheRead), part(Part::CacheWrite), part(Part::Reasoning));
    [
        ("cost", cost.total),
        ("input_cost", part(Part::Input).saturating_add(read).saturating_add(written)),
        ("output_cost", part(Part::Output).saturating_add(reasoning)),
        ("cache_read_cost", read),
        ("cache_creation_cost", written),
        ("reasoning_cost", reasoning),
        ("margin_cost", cost.total.saturating_sub(cost.before_adjustment)),
    ]
}

/// So many times an amount, or the largest one there is.
fn times(amount: Usd, count: u64) -> Usd {
    Usd::from_nanos(amount.nanos().saturating_mul(i64::try_from(count).unwrap_or(i64::MAX)))
}
