//! Deployments by pages, and models with what their deployments have in common.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use llm_types::{ApiError, ErrorKind, Layer};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::{answer, deployments};
use crate::http::visit::Visit;

/// Deployments of a page when nothing is said.
const USUAL: usize = 50;
/// Deployments of a page at most.
const MOST: usize = 1_000;
/// Names what a query says and nothing was made of.
const IGNORED: HeaderName = HeaderName::from_static("x-llm-gateway-ignored");

/// What a query asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    /// The name of the model.
    model: Option<String>,
    /// The id of the deployment.
    id: Option<String>,
    /// The id of the team that it belongs to.
    team: Option<String>,
    /// A part of the name, in small letters.
    search: Option<String>,
    /// The member that they are sorted by.
    sort: Option<String>,
    descending: bool,
    page: usize,
    size: usize,
    /// Names that mean nothing.
    ignored: Vec<String>,
}

/// All deployments, or the one of an id.
///
/// Source: LiteLLM proxy documentation, "Model management", `GET /model/info`, read 2026-11.
///
/// # Errors
/// 404, for an id that is none; 400, for a query that cannot be read.
pub fn info(visit: &Visit) -> Result<Response<Bytes>, ApiError> {
    let wanted = pairs(visit.query.as_deref().unwrap_or_default())?;
    let wanted = wanted.iter().find(|(name, id)| name == "litellm_model_id" && !id.is_empty());
    let is_meant = |one: &Value| wanted.is_none_or(|(_, id)| one["model_info"]["id"] == *id);
    let data: Vec<Value> = deployments(visit).filter(is_meant).collect();
    match wanted {
        Some((_, id)) if data.is_empty() => {
            Err(ApiError::new(ErrorKind::NotFound, Layer::Router, format!("no model of the id {id:?} here")))
        }
        _ => Ok(answer(&json!({ "data": data }))),
    }
}

/// The deployments of a page.
///
/// Source: LiteLLM's OpenAPI document, `GET /v2/model/info`, read 2026-11.
///
/// # Errors
/// 400, for a page that cannot be.
pub fn page(visit: &Visit) -> Result<Response<Bytes>, ApiError> {
    let wanted = Wanted::read(visit.query.as_deref().unwrap_or_default())?;
    let mut found: Vec<Value> = deployments(visit).filter(|one| wanted.is(one)).collect();
    if let Some(member) = &wanted.sort {
        let place = |one: &Value| [&one[member], &one["model_info"][member]].into_iter().find_map(Place::of);
        found.sort_by(|one, other| match (place(one), place(other)) {
            // What has no such member is last in either direction.
            (None, None) => std::cmp::Ordering::Equal,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(_), None) => std::cmp::Ordering::Less,
            (Some(one), Some(other)) if wanted.descending => other.cmp(&one),
            (Some(one), Some(other)) => one.cmp(&other),
        });
    }
    let total = found.len();
    let data: Vec<Value> =
        found.into_iter().skip((wanted.page - 1) * wanted.size).take(wanted.size).collect();
    let mut response = answer(&json!({
        "data": data,
        "total_count": total,
        "current_page": wanted.page,
        "total_pages": total.div_ceil(wanted.size),
        "size": wanted.size,
    }));
    if !wanted.ignored.is_empty()
        && let Ok(names) = HeaderValue::from_str(&wanted.ignored.join(", "))
    {
        response.headers_mut().insert(IGNORED, names);
    }
    Ok(response)
}

/// The models, each with what its deployments have in common: the greatest windows and prices, the abilities of any.
///
/// Source: LiteLLM's OpenAPI document, `GET /model_group/info`, read 2026-11.
///
/// # Errors
/// 400, for a query that cannot be read.
pub fn groups(visit: &Visit) -> Result<Response<Bytes>, ApiError> {
    let pairs = pairs(visit.query.as_deref().unwrap_or_default())?;
    let wanted = pairs.iter().find(|(name, _)| name == "model_group").map(|(_, value)| value.as_str());
    let mut groups: Vec<(String, Vec<Value>)> = Vec::new();
    for one in deployments(visit) {
        let name = one["model_name"].as_str().unwrap_or_default();
        if wanted.is_some_and(|wanted| wanted != name) {
            continue;
        }
        match groups.iter_mut().find(|(group, _)| group == name) {
            Some((_, members)) => members.push(one),
            None => groups.push((name.to_owned(), vec![one])),
        }
    }
    let data: Vec<Value> = groups.iter().map(|(name, members)| group(name, members)).collect();
    Ok(answer(&json!({ "data": data })))
}

fn group(name: &str, members: &[Value]) -> Value {
    const GREATEST: [&str; 4] =
        ["max_input_tokens", "max_output_tokens", "input_cost_per_token", "output_cost_per_token"];
    let infos = || members.iter().filter_map(|one| one["model_info"].as_object());
    let mut providers: Vec<&str> = Vec::new();
    for one in members {
        let model = one["litellm_params"]["model"].as_str().unwrap_or_default();
        if let Some((vendor, _)) = model.split_once('/').filter(|(vendor, _)| !providers.contains(vendor)) {
            providers.push(vendor);
        }
    }
    let mut shown = Map::new();
    shown.insert("model_group".to_owned(), name.into());
    shown.insert("providers".to_owned(), json!(providers));
    shown.insert("mode".to_owned(), infos().find_map(|info| info.get("mode")).cloned().unwrap_or_default());
    for member in GREATEST {
        let all = infos().filter_map(|info| info.get(member)).filter(|value| value.is_number());
        let greatest = all.max_by(|one, other| Place::of(one).cmp(&Place::of(other)));
        shown.insert(member.to_owned(), greatest.cloned().unwrap_or_default());
    }
    for (name, _) in
        infos().flatten().filter(|(name, value)| name.starts_with("supports_") && **value == true)
    {
        shown.insert(name.clone(), true.into());
    }
    shown.into()
}

/// Where a value stands among others of its member.
#[derive(PartialEq, PartialOrd)]
enum Place {
    Number(f64),
    Text(String),
}

impl Eq for Place {}

#[expect(clippy::derive_ord_xor_partial_ord, reason = "JSON has no numbers that cannot be compared")]
impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal)
    }
}

impl Place {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_f64().map(Self::Number),
            Value::String(text) => Some(Self::Text(text.to_lowercase())),
            _ => None,
        }
    }
}

impl Wanted {
    /// # Errors
    /// 400, with the member that makes no sense.
    fn read(query: &str) -> Result<Self, ApiError> {
        let mut wanted = Self { page: 1, size: USUAL, ..Self::default() };
        for (name, value) in pairs(query)? {
            // Empty is nothing.
            if value.is_empty() {
                continue;
            }
            match name.as_str() {
                "model" => wanted.model = Some(value),
                "modelId" | "litellm_model_id" => wanted.id = Some(value),
                "teamId" => wanted.team = Some(value),
                "search" => wanted.search = Some(value.to_lowercase()),
                "sortBy" => wanted.sort = Some(value),
                "sortOrder" => {
                    wanted.descending = match value.to_ascii_lowercase().as_str() {
                        "asc" => false,
                        "desc" => true,
                        _ => return Err(wrong(&name, "asc or desc")),
                    };
                }
                "page" => wanted.page = count(&name, &value, usize::MAX / MOST)?,
                "size" => wanted.size = count(&name, &value, MOST)?,
                _ => wanted.ignored.push(name),
            }
        }
        Ok(wanted)
    }

    /// Whether a deployment is one of those.
    fn is(&self, one: &Value) -> bool {
        let same =
            |wanted: &Option<String>, value: &Value| wanted.as_ref().is_none_or(|wanted| value == wanted);
        let name = one["model_name"].as_str().unwrap_or_default();
        same(&self.model, &one["model_name"])
            && same(&self.id, &one["model_info"]["id"])
            && same(&self.team, &one["model_info"]["team_id"])
            && self.search.as_ref().is_none_or(|part| name.to_lowercase().contains(part.as_str()))
    }
}

fn count(name: &str, value: &str, most: usize) -> Result<usize, ApiError> {
    let read = value.parse().ok().filter(|number| (1..=most).contains(number));
    read.ok_or_else(|| wrong(name, &format!("a whole number, 1 to {most}")))
}

fn wrong(name: &str, expected: &str) -> ApiError {
    let message = format!("{name} must be {expected}");
    ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message).with_param(name)
}

/// The pairs of a query.
pub(super) fn pairs(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().map(std::borrow::Cow::into_owned);
        decoded.map_err(|_| wrong("query", "UTF-8"))
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decode(name)?, decode(value)?))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(name: &str, id: &str, vendor: &str, cost: Option<f64>) -> Value {
        json!({
            "model_name": name,
            "litellm_params": {"model": format!("{vendor}/m")},
            "model_info": {"id": id, "input_cost_per_token": cost, "supports_vision": vendor == "openai", "mode": "chat"},
        })
    }

    #[test]
    fn queries_are_read() {
        let read =
            Wanted::read("model=a+b&modelId=&search=GPT&sortOrder=DESC&page=2&size=10&debug=true").unwrap();
        let wanted = Wanted {
            model: Some("a b".to_owned()),
            search: Some("gpt".to_owned()),
            descending: true,
            page: 2,
            size: 10,
            ignored: vec!["debug".to_owned()],
            ..Wanted::default()
        };
        assert_eq!(read, wanted);
        for (query, param) in [
            ("page=0", "page"),
            ("size=1001", "size"),
            ("size=x", "size"),
            ("sortOrder=up", "sortOrder"),
            ("model=%ff", "query"),
        ] {
            assert_eq!(Wanted::read(query).unwrap_err().param.as_deref(), Some(param), "{query}");
        }
    }

    #[test]
    fn filters_hold_together() {
        let one = deployment("gpt-4o", "d-1", "openai", None);
        for (query, fits) in [
            ("", true),
            ("model=gpt-4o&modelId=d-1", true),
            ("model=gpt-4o&modelId=d-2", false),
            ("model=gpt", false),
            ("search=T-4", true),
            ("teamId=t-1", false),
        ] {
            assert_eq!(Wanted::read(query).unwrap().is(&one), fits, "{query}");
        }
    }

    #[test]
    fn a_group_has_the_most_of_its_deployments() {
        let members = [
            deployment("m", "1", "openai", Some(1e-6)),
            deployment("m", "2", "azure", Some(2e-6)),
            deployment("m", "3", "azure", None),
        ];
        let shown = group("m", &members);
        assert_eq!(shown["providers"], json!(["openai", "azure"]));
        assert_eq!((&shown["input_cost_per_token"], &shown["supports_vision"]), (&json!(2e-6), &json!(true)));
        assert_eq!((&shown["max_input_tokens"], &shown["mode"]), (&Value::Null, &json!("chat")));
    }
}
