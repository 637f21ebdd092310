//! Vendors keep the beginning of a prompt, and know it again by its bytes: the same request is sent the same, and one that
//! goes on begins as before.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

#[path = "common/parameters.rs"]
mod parameters;
#[path = "common/vendors.rs"]
mod vendors;

use http::HeaderMap;
use llm_providers::core::{Call, Credential, Payload, Provider, Secret};
use llm_providers::types::{ChatRequest, Message, Nullable};
use llm_testkit::random_request;
use serde_json::Value;

use parameters::parameters;

const REQUESTS: u64 = 100;

/// The body that a vendor gets; `None` if it has no place for the request.
fn body(provider: &dyn Provider, model: &str, request: &ChatRequest) -> Option<Vec<u8>> {
    let (key, headers) = (Credential::Key(Secret::new("key")), HeaderMap::new());
    let parameters = parameters(provider);
    let call = Call {
        base_url: Some("https://vendor.example"),
        credential: Some(&key),
        parameters: &parameters,
        ..Call::new(model, &headers)
    };
    let Payload::Bytes(body) = provider.chat()?.encode(request, &call).ok()?.request.into_body() else {
        panic!("segments")
    };
    Some(body.to_vec())
}

/// Where a body does not go on from another: a list may have more behind its items, a text may have more behind its words.
fn break_in(before: &Value, after: &Value, path: &str) -> Option<String> {
    let broken = |why: &str| Some(format!("{path}: {why}: {before} and {after}"));
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            if !before.keys().eq(after.keys()) {
                return broken("other members");
            }
            let mut members = before.iter().zip(after.values());
            members.find_map(|((name, before), after)| break_in(before, after, &format!("{path}.{name}")))
        }
        (Value::Array(items), Value::Array(after)) => {
            let last = items.len().saturating_sub(1);
            items.iter().enumerate().find_map(|(at, item)| {
                let path = format!("{path}[{at}]");
                match after.get(at) {
                    // What follows may be said in the same turn.
                    Some(other) if at == last => break_in(item, other, &path),
                    Some(other) if json(item) == json(other) => None,
                    _ => broken("other items"),
                }
            })
        }
        // A prompt may end in whose turn it is, and a lone question names nobody.
        (Value::String(text), Value::String(after)) => {
            let same = text.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
            let goes_on = !text.as_bytes()[same..].windows(3).any(|three| three == b"-70");
            if goes_on || after.contains(&format!(": {text}")) { None } else { broken("other words") }
        }
        _ if before == after => None,
        _ => broken("another value"),
    }
}

/// As it is sent, the order of members included.
fn json(value: &Value) -> String {
    value.to_string()
}

/// Names that choose another way of saying things at vendors that serve several makers' models.
const MODELS: &[&str] =
    &["model-1", "claude-sonnet-4-5", "anthropic.claude-sonnet-4-5-v1:0", "gemini-3-pro", "gpt-5.1"];

/// Takes the last question beside the history, which no prompt is made of that anybody would know again.
const QUESTION_APART: &str = "nlp_cloud";

#[test]
fn what_was_said_is_said_the_same_when_the_conversation_goes_on() {
    let vendors: Vec<_> = vendors::vendors().into_iter().filter(|vendor| vendor.chat().is_some()).collect();
    assert!(vendors.len() > 40, "{} vendors", vendors.len());
    for seed in 0..REQUESTS {
        let mut request = random_request(seed);
        // Calls that come without their thinking forbid thinking until they are answered.
        request.reasoning_effort = Nullable::Absent;
        request.thinking = Nullable::Absent;
        request.extra.shift_remove("reasoning");
        let mut longer = request.clone();
        longer.messages.push(Message::assistant("An answer."));
        longer.messages.push(Message::user("And then?"));
        for provider in vendors.iter().filter(|provider| provider.info().id != QUESTION_APART) {
            let model = MODELS[usize::try_from(seed).unwrap() % MODELS.len()];
            let place = format!("{} {model} {seed}", provider.info().id);
            let Some(first) = body(*provider, model, &request) else { continue };
            assert_eq!(body(*provider, model, &request).unwrap(), first, "{place}: twice the same");
            let Some(second) = body(*provider, model, &longer) else { continue };
            let [first, second] = [first, second].map(|body| serde_json::from_slice::<Value>(&body).unwrap());
            assert_eq!(break_in(&first, &second, ""), None, "{place}");
        }
    }
}
