//! Entries of the ledger, as LiteLLM's logs.

use axum::Json;
use axum::routing::get;
use llm_ledger::{Entry, RequestId, Status, Usd};
use llm_store::{Day, EntryOrder, EntryQuery, Facet, ReportQuery, Start};
use llm_types::{ApiError, ErrorKind, Layer};
use serde_json::{Map, Value, json};

use super::dates::{Days, Span};
use super::named::hash_of;
use super::row;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::paging::{LARGEST, Paging};
use crate::parts::Parts;
use crate::said::Asked;
use crate::shape::Shape;
use crate::wire::Wire as _;

/// Up to how many entries a page counts: who has more turns pages all the same.
const COUNTED: u64 = 10_000;
/// The most entries that an answer without pages has.
const UNPAGED: u64 = 10_000;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let page = || {
        [
            Param::new("data", Shape::List(&Shape::Object), "The entries of this page"),
            Param::new("total", Shape::Integer, "How many there are on all pages, up to 10,000"),
            Param::new("total_is_capped", Shape::Flag, "Whether there are more than `total`"),
            Param::new("page", Shape::Integer, "Which page it is"),
            Param::new("page_size", Shape::Integer, "Entries of a page"),
            Param::new("total_pages", Shape::Integer, "How many pages `total` makes"),
        ]
    };
    let list = |path| {
        Endpoint::get(path, "Lists entries of the ledger in pages", get(pages))
            .asks(FILTERS)
            .asks(Span::PARAMS)
            .asks(Paging::PARAMS)
            .gives(page())
    };
    vec![
        Endpoint::get(
            "/spend/logs",
            "Lists the last 10,000 entries of the ledger; with days, what each of them comes to",
            get(logs),
        )
        .asks(FEW)
        .asks(Days::PARAMS)
        .asks([Param::new(
            "summarize",
            Shape::Flag,
            "Whether days are summed up; they are if it is left out",
        )])
        .gives_other(Shape::List(&Shape::Object)),
        list("/spend/logs/v2"),
        list("/spend/logs/ui"),
        Endpoint::get("/spend/logs/ui/{request_id}", "Shows the legs of a request", get(one))
            .asks(Span::PARAMS)
            .gives(row::MEMBERS)
            .gives_too([Param::new("legs", Shape::List(&Shape::Object), "All of them, adjustments too")]),
        Endpoint::get("/spend/logs/session/ui", "Lists the entries of a conversation in pages", get(session))
            .asks([Param::new("session_id", Shape::Text, "Which").required()])
            .asks(Paging::PARAMS)
            .gives(page()),
    ]
}

const FEW: [Param; 3] = [
    Param::new("api_key", Shape::Text, "Of which key: itself, or its hash"),
    Param::new("user_id", Shape::Text, "Of which user"),
    Param::new("request_id", Shape::Text, "Of which request: by its own name, or its client's"),
];

const FILTERS: [Param; 22] = [
    FEW[0],
    FEW[1],
    FEW[2],
    Param::new("key_alias", Shape::Text, "Of the key that is called so now"),
    Param::new("team_id", Shape::Text, "Of which team"),
    Param::new("organization_id", Shape::Text, "Of which organisation"),
    Param::new("project_id", Shape::Text, "Of which project"),
    Param::new("end_user", Shape::Text, "For whom"),
    Param::new("tag", Shape::Text, "With which label"),
    Param::new("session_id", Shape::Text, "Of which conversation"),
    Param::new("model", Shape::Text, "For which model, as clients name it"),
    Param::new("model_group", Shape::Text, "The same"),
    Param::new("model_id", Shape::Text, "Of which deployment"),
    Param::new("custom_llm_provider", Shape::Text, "Of which vendor"),
    Param::new("status_filter", Shape::Word(&["success", "failure"]), "How they ended"),
    Param::new("leg_status", Shape::Word(&row::STATUSES), "How they ended, to be exact"),
    Param::new("cache_hit_filter", Shape::Word(&["hit", "miss"]), "Whether the answer was known"),
    Param::new("min_spend", Shape::Number, "Dollars that they cost at least"),
    Param::new("max_spend", Shape::Number, "Dollars that they cost at most"),
    Param::new(
        "sort_by",
        Shape::Word(&["startTime", "spend", "total_tokens", "request_duration_ms"]),
        "What they are sorted by",
    ),
    Param::new(
        "sort_order",
        Shape::Word(&["asc", "desc"]),
        "Whether the greatest is first, as it is if this is left out",
    ),
    Param::new("search", Shape::Text, "The request, by its own name or its client's"),
];

async fn logs(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let [key, user, request] = FEW.map(|param| asked.take(param.name));
    let days = Days::of(&mut asked)?;
    let summarize = asked.flag("summarize")?.unwrap_or(true);
    asked.end();
    let key = key.map(|key| hash_of(&key));
    if let (Some(_), Some(_), true, None) = (days.since, days.until, summarize, &request) {
        return summed(&desk, days, key, user).await;
    }
    if let Some(request) = request {
        let mut entries = of_request(&desk, &request).await?;
        entries.retain(|entry| {
            key.as_deref().is_none_or(|key| *entry.key == *key)
                && user.as_deref().is_none_or(|user| *entry.user == *user)
        });
        return Ok(Json(entries.iter().map(row::show).collect()));
    }
    let mut query = EntryQuery {
        since: days.since.map(Day::start),
        before: days.until.map(Day::end),
        keys: key.into_iter().collect(),
        users: user.into_iter().collect(),
        size: LARGEST,
        ..EntryQuery::default()
    };
    let mut rows = Vec::new();
    loop {
        let page = desk.store.list_entries(&query, &desk.scope).await?;
        rows.extend(page.entries.iter().map(row::show));
        match page.next.filter(|_| (rows.len() as u64) < UNPAGED) {
            Some(next) => query.from = Start::After(next),
            None => return Ok(Json(Value::Array(rows))),
        }
    }
}

/// What each day comes to: in all, and by key, user and model.
async fn summed(
    desk: &Desk,
    days: Days,
    key: Option<String>,
    user: Option<String>,
) -> Result<Json<Value>, Fault> {
    let only = [(Facet::Key, key), (Facet::User, user)];
    let only: Vec<_> = only.into_iter().filter_map(|(facet, text)| Some((facet, vec![text?]))).collect();
    let mut shown: Map<String, Value> = Map::new();
    for facet in [None, Some(Facet::Key), Some(Facet::User), Some(Facet::Model)] {
        let by = [Facet::Day].into_iter().chain(facet).collect();
        let query = ReportQuery {
            by,
            only: only.clone(),
            since: days.since,
            until: days.until,
            ..ReportQuery::default()
        };
        for line in desk.store.report(&query, &desk.scope).await? {
            let Some(day) = line.day.map(|day| day.to_string()) else { continue };
            let empty = || json!({"startTime": day, "spend": 0, "users": {}, "models": {}});
            let of_day = shown.entry(day.clone()).or_insert_with(empty);
            let spend = line.sums.spend.show();
            match facet {
                None => of_day["spend"] = spend,
                Some(Facet::User) => of_day["users"][line.text(Facet::User)] = spend,
                Some(Facet::Model) => of_day["models"][line.text(Facet::Model)] = spend,
                // LiteLLM has the keys beside the other members.
                Some(facet) => of_day[line.text(facet)] = spend,
            }
        }
    }
    Ok(Json(shown.into_iter().map(|(_, of_day)| of_day).collect()))
}

async fn pages(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = Paging::of(&mut asked, 50, LARGEST)?;
    let span = Span::of(&mut asked)?;
    let mut query = EntryQuery { since: span.since, before: span.before, ..EntryQuery::default() };
    filter(&mut asked, &mut query)?;
    let request = asked.take("request_id").or(asked.take("search"));
    let alias = asked.take("key_alias");
    asked.end();
    if let Some(alias) = alias {
        let filters = vec![llm_store::Filter::Is(llm_store::Field::Alias, alias)];
        let found = llm_store::Query { filters, ..llm_store::Query::default() };
        let keys = desk.store.list::<llm_tenancy::VirtualKey>(&found, &desk.scope).await?.records;
        let mut hashes: Vec<String> = keys.into_iter().map(|it| it.value.hash.to_string()).collect();
        hashes.retain(|hash| query.keys.is_empty() || query.keys.contains(hash));
        if hashes.is_empty() {
            return Ok(Json(told(paging, &[], 0, true)));
        }
        query.keys = hashes;
    }
    match request.as_deref().map(str::parse::<RequestId>) {
        Some(Ok(id)) => {
            // It says itself when it began.
            (query.since, query.before) = (Some(id.at()), Some(id.at().plus(1)));
            let mut entries = desk.store.entries_of(id, &desk.scope).await?;
            let known = every(&desk, query).await?;
            entries.retain(|entry| known.iter().any(|it| it.id == entry.id));
            let total = entries.len() as u64;
            let first = usize::try_from((paging.page - 1) * paging.size).unwrap_or(usize::MAX);
            let size = usize::try_from(paging.size).unwrap_or(usize::MAX);
            let shown: Vec<Entry> = entries.into_iter().skip(first).take(size).collect();
            return Ok(Json(told(paging, &shown, total, true)));
        }
        Some(Err(_)) => query.call_id = request,
        None => {}
    }
    list(&desk, paging, query).await
}

/// All that a query finds.
async fn every(desk: &Desk, mut query: EntryQuery) -> Result<Vec<Entry>, Fault> {
    query.size = LARGEST;
    let mut all = Vec::new();
    loop {
        let page = desk.store.list_entries(&query, &desk.scope).await?;
        all.extend(page.entries);
        match page.next {
            Some(next) => query.from = Start::After(next),
            None => return Ok(all),
        }
    }
}

/// Sets the filters and the order that a query says.
fn filter(asked: &mut Asked, query: &mut EntryQuery) -> Result<(), Fault> {
    query.keys = asked.take("api_key").map(|key| hash_of(&key)).into_iter().collect();
    for (name, list) in [
        ("user_id", &mut query.users),
        ("team_id", &mut query.teams),
        ("organization_id", &mut query.organizations),
        ("project_id", &mut query.projects),
        ("end_user", &mut query.end_users),
        ("model_id", &mut query.deployments),
        ("custom_llm_provider", &mut query.vendors),
        ("model", &mut query.models),
    ] {
        list.extend(asked.take(name));
    }
    if let Some(group) = asked.take("model_group") {
        if query.models.iter().any(|model| *model != group) {
            return Err(Fault::invalid("model_group", "model and model_group must be the same"));
        }
        query.models = vec![group];
    }
    query.tag = asked.take("tag");
    query.session_id = asked.take("session_id");
    query.least_cost = amount(asked, "min_spend")?;
    query.most_cost = amount(asked, "max_spend")?;
    query.statuses = statuses(asked)?;
    query.order = match asked.take("sort_by").as_deref() {
        None | Some("startTime" | "endTime") => EntryOrder::Time,
        Some("spend") => EntryOrder::Cost,
        Some("total_tokens") => EntryOrder::Tokens,
        Some("request_duration_ms") => EntryOrder::Duration,
        Some(_) => {
            let message = "sort_by must be startTime, spend, total_tokens or request_duration_ms";
            return Err(Fault::invalid("sort_by", message));
        }
    };
    query.descending = match asked.take("sort_order").map(|order| order.to_ascii_lowercase()).as_deref() {
        None | Some("desc") => true,
        Some("asc") => false,
        Some(_) => return Err(Fault::invalid("sort_order", "sort_order must be asc or desc")),
    };
    Ok(())
}

/// How entries ended that are asked for: all that is said must hold.
fn statuses(asked: &mut Asked) -> Result<Vec<Status>, Fault> {
    let mut statuses = Status::ALL.to_vec();
    let is_failure = |status: &Status| !(status.is_success() || *status == Status::Adjustment);
    match asked.take("status_filter").as_deref() {
        None => {}
        Some("success") => statuses.retain(|status| !is_failure(status)),
        Some("failure") => statuses.retain(is_failure),
        Some(_) => return Err(Fault::invalid("status_filter", "status_filter must be success or failure")),
    }
    match asked.take("cache_hit_filter").as_deref() {
        None => {}
        Some("hit") => statuses.retain(|status| *status == Status::CacheHit),
        Some("miss") => statuses.retain(|status| *status != Status::CacheHit),
        Some(_) => return Err(Fault::invalid("cache_hit_filter", "cache_hit_filter must be hit or miss")),
    }
    if let Some(label) = asked.take("leg_status") {
        if !row::STATUSES.contains(&label.as_str()) {
            return Err(Fault::invalid(
                "leg_status",
                format!("leg_status must be one of {}", row::STATUSES.join(", ")),
            ));
        }
        statuses.retain(|status| status.label() == label);
    }
    if statuses.is_empty() {
        return Err(Fault::invalid("leg_status", "no entry ends like this"));
    }
    Ok(if statuses.len() == Status::ALL.len() { Vec::new() } else { statuses })
}

fn amount(asked: &mut Asked, name: &str) -> Result<Option<Usd>, Fault> {
    let parse = |text: String| {
        text.parse().map_err(|_| Fault::invalid(name, format!("{name} must be dollars such as 0.25")))
    };
    asked.take(name).map(parse).transpose()
}

async fn list(desk: &Desk, paging: Paging, query: EntryQuery) -> Result<Json<Value>, Fault> {
    let query = EntryQuery { from: Start::Page(paging.page), size: paging.size, count: COUNTED, ..query };
    let page = desk.store.list_entries(&query, &desk.scope).await?;
    let (total, is_all) = page.total.map_or((0, true), |total| (total.count, total.is_all));
    Ok(Json(told(paging, &page.entries, total, is_all)))
}

fn told(paging: Paging, entries: &[Entry], total: u64, is_all: bool) -> Value {
    let mut told = paging.tell("data", entries.iter().map(row::show), total);
    told["total_is_capped"] = (!is_all).into();
    told
}

async fn session(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = Paging::of(&mut asked, 50, LARGEST)?;
    let session_id = Some(asked.need("session_id")?);
    asked.end();
    list(&desk, paging, EntryQuery { session_id, ..EntryQuery::default() }).await
}

async fn one(desk: Desk, Parts(request): Parts<String>, mut asked: Asked) -> Result<Json<Value>, Fault> {
    // The request says when it was: there is nothing to look for.
    Span::of(&mut asked)?;
    asked.end();
    let entries = of_request(&desk, &request).await?;
    let Some(first) = entries.first() else {
        let error =
            ApiError::new(ErrorKind::NotFound, Layer::Gateway, "there is no such request in the ledger");
        return Err(error.with_code("not_found").into());
    };
    let mut shown = row::show(first);
    shown["legs"] = entries.iter().map(row::show).collect();
    Ok(Json(shown))
}

/// The legs of a request, by its own name or its client's; of several that a client has called alike, the last.
async fn of_request(desk: &Desk, name: &str) -> Result<Vec<Entry>, Fault> {
    let id = match name.parse::<RequestId>() {
        Ok(id) => Some(id),
        Err(_) => {
            let query = EntryQuery { call_id: Some(name.to_owned()), size: 1, ..EntryQuery::default() };
            let page = desk.store.list_entries(&query, &desk.scope).await?;
            page.entries.first().map(|entry| entry.id.request)
        }
    };
    match id {
        Some(id) => Ok(desk.store.entries_of(id, &desk.scope).await?),
        None => Ok(Vec::new()),
    }
}
