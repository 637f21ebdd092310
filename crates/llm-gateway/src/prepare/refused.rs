//! Members of a request that a deployment's vendor leaves out: its translator is asked for each.

use std::sync::Arc;

use llm_provider_core::{Call, Chat, EncodeError, NoteKind, Provider, Translator};
use llm_types::ChatRequest;
use serde_json::{Value, json};

/// Without what an answer is another than its reader counts on, by OpenAI's names, each with a value that whoever has it takes.
/// Not what only tunes it, such as `seed`; what tools, pictures and sounds need is told by what the model is known to lack.
fn samples() -> [(&'static str, Value); 5] {
    [
        ("response_format", json!({"type": "json_object"})),
        ("n", json!(2)),
        ("stop", json!(["END"])),
        ("logprobs", json!(true)),
        ("logit_bias", json!({"50256": -100})),
    ]
}

/// Which of them are left out of what the vendor is sent, or have the request refused. Where nothing can be written without a
/// login, nothing is known.
pub(super) fn members(provider: &dyn Provider, call: &Call<'_>) -> Arc<[Box<str>]> {
    let Some(chat) = provider.chat() else { return Arc::default() };
    let is_refused =
        |(name, value): &(&str, Value)| is_refused(chat, call, name, &json!({ *name: value })) == Some(true);
    samples().iter().filter(|sample| is_refused(sample)).map(|(name, _)| (*name).into()).collect()
}

/// Whether a member is left out of what the vendor is sent of a request that has these, or has it refused. `None` if the
/// translator says neither: it lacks something that is none of the request's.
pub(crate) fn is_refused(
    chat: &dyn Translator<Chat>,
    call: &Call<'_>,
    name: &str,
    members: &Value,
) -> Option<bool> {
    let mut body = json!({"model": call.model, "messages": [{"role": "user", "content": "Hello"}]});
    for (name, value) in members.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let request: ChatRequest = serde_json::from_value(body).ok()?;
    // Of lists it may be the first that is meant.
    let is_meant = |path: &str| path == name || path.strip_suffix("[0]") == Some(name);
    match chat.encode(&request, call) {
        Ok(encoded) => {
            let mut lost = encoded.notes.iter().filter(|note| note.kind == NoteKind::Dropped);
            Some(lost.any(|note| is_meant(&note.path)))
        }
        Err(EncodeError::Unsupported { path, .. }) => is_meant(&path).then_some(true),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn of(vendor: &str, model: &str) -> Vec<String> {
        let headers = HeaderMap::new();
        let provider = llm_providers::find(vendor).unwrap();
        members(&*provider, &Call::new(model, &headers)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn whoever_has_no_place_for_a_member_refuses_it() {
        assert_eq!(of("openai", "gpt-4o"), [""; 0]);
        assert_eq!(of("anthropic", "claude-sonnet-4-5"), ["n", "logprobs", "logit_bias"]);
    }
}
