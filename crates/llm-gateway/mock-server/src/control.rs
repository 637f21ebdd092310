//! The control API under `/_mock/`: records, scripts, exchanges.

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use llm_provider_mock::{Plan, Script, ScriptError};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::exchanges::{ExchangeError, Replay};
use crate::record::Record;
use crate::routes::JSON;
use crate::stage::Stage;

/// Records in one answer of lines.
const MOST_LINES: u64 = 1_000;
const JSON_LINES: HeaderValue = HeaderValue::from_static("application/jsonl");

#[derive(Serialize)]
struct Requests {
    /// Requests since the start or the last clearing, those no longer kept included.
    total: u64,
    data: Vec<Record>,
}

#[derive(Serialize)]
struct Scripts {
    queued: usize,
}

#[derive(Serialize)]
struct Exchanges {
    left: usize,
}

#[derive(Serialize)]
struct Problem {
    error: String,
}

/// Answers a request for `what`, the path after `/_mock/`.
pub(crate) fn answer(stage: &Stage, method: &Method, what: &str, query: Option<&str>, body: &[u8]) -> Plan {
    match (method.as_str(), what) {
        ("GET", "requests") => ok(&Requests { total: stage.records.total(), data: stage.records.list() }),
        ("GET", "requests.jsonl") => lines(stage, query.unwrap_or_default()),
        ("DELETE", "requests") => {
            stage.records.clear();
            done()
        }
        ("PUT", "script") => match put_script(stage, body) {
            Ok(()) => ok(&Scripts { queued: stage.queued() }),
            Err(error) => problem(StatusCode::BAD_REQUEST, error.to_string()),
        },
        ("DELETE", "script") => {
            stage.set_script(None);
            done()
        }
        ("GET", "exchanges") => ok(&Exchanges { left: stage.exchanges_left() }),
        ("PUT", "exchanges") => match put_exchanges(stage, body) {
            Ok(()) => ok(&Exchanges { left: stage.exchanges_left() }),
            Err(error) => problem(StatusCode::BAD_REQUEST, error.to_string()),
        },
        ("DELETE", "exchanges") => {
            stage.set_replay(Replay::default());
            done()
        }
        (_, "requests" | "requests.jsonl" | "script" | "exchanges") => {
            problem(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not a method of /_mock/{what}"))
        }
        _ => problem(StatusCode::NOT_FOUND, format!("there is no /_mock/{what}")),
    }
}

/// An object becomes the default script, a list the queue.
fn put_script(stage: &Stage, body: &[u8]) -> Result<(), ScriptError> {
    if !body.trim_ascii_start().starts_with(b"[") {
        stage.set_script(Some(Script::from_json(body)?));
        return Ok(());
    }
    let list: Vec<&RawValue> = serde_json::from_slice(body)?;
    let scripts: Result<_, _> = list.into_iter().map(|raw| Script::from_json(raw.get().as_bytes())).collect();
    stage.set_queue(scripts?);
    Ok(())
}

fn put_exchanges(stage: &Stage, body: &[u8]) -> Result<(), ExchangeError> {
    stage.set_replay(Replay::new(serde_json::from_slice(body)?)?);
    Ok(())
}

/// One record a line, from the number `from` on, at most `limit`.
fn lines(stage: &Stage, query: &str) -> Plan {
    let number = |name: &str, usual: u64| {
        let pair = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(found, _)| *found == name);
        pair.map_or(Some(usual), |(_, value)| value.parse().ok())
    };
    let (Some(from), Some(limit)) = (number("from", 0), number("limit", MOST_LINES)) else {
        return problem(StatusCode::BAD_REQUEST, "`from` and `limit` are numbers".to_owned());
    };
    let limit = usize::try_from(limit.min(MOST_LINES)).unwrap_or(usize::MAX);
    let mut text = Vec::new();
    for record in stage.records.list_from(from, limit) {
        if let Err(error) = serde_json::to_writer(&mut text, &record) {
            return problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
        }
        text.push(b'\n');
    }
    Plan::whole(StatusCode::OK, JSON_LINES, text.into())
}

fn ok(value: &impl Serialize) -> Plan {
    json(StatusCode::OK, value)
}

fn done() -> Plan {
    Plan::whole(StatusCode::NO_CONTENT, JSON, Bytes::new())
}

fn problem(status: StatusCode, error: String) -> Plan {
    json(status, &Problem { error })
}

fn json(status: StatusCode, value: &impl Serialize) -> Plan {
    match serde_json::to_vec(value) {
        Ok(body) => Plan::whole(status, JSON, body.into()),
        Err(error) => Plan::whole(StatusCode::INTERNAL_SERVER_ERROR, JSON, error.to_string().into()),
    }
}
