//! What a vendor lacks: left out, with a note; or said in another way.

use llm_provider_core::NoteKind;
use llm_provider_openai::Changes;
use llm_types::{ChatRequest, Message, Nullable, ReasoningEffort, ResponseFormat, Role};
use serde_json::{Value, json};

/// Leaves members of the request out that the vendor has no place for. A value that asks for nothing, such as `n: 1`,
/// is no loss; a member that the caller wants forwarded stays.
pub fn leave_out(request: &mut ChatRequest, names: &[&str], changes: &mut Changes<'_>) {
    macro_rules! members {
        ($name:expr, $($member:ident)+) => {
            match $name {
                $( stringify!($member) => {
                    let value = serde_json::to_value(&request.$member).unwrap_or_default();
                    request.$member = Nullable::Absent;
                    value
                } )+
                other => request.extra.shift_remove(other).unwrap_or_default(),
            }
        };
    }
    for &name in names.iter().filter(|name| !changes.forwards(name)).collect::<Vec<_>>() {
        let value = members!(name,
            audio frequency_penalty logit_bias logprobs max_completion_tokens max_tokens metadata modalities n
            parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_retention
            reasoning_effort response_format safety_identifier seed service_tier stop store stream_options
            temperature thinking tool_choice tools top_logprobs top_p user verbosity web_search_options
        );
        if value.is_null() {
            continue;
        }
        if asks_for_nothing(name, &value) {
            changes.note(NoteKind::Converted, name, "said by the vendor's own habit");
        } else {
            changes.lost(NoteKind::Dropped, name, "the vendor has no such parameter");
        }
    }
}

/// Whether the value is what happens without it, or only helps to save work.
fn asks_for_nothing(name: &str, value: &Value) -> bool {
    match name {
        "n" => *value == 1,
        "store" | "logprobs" => *value == false,
        "parallel_tool_calls" => *value == true,
        "modalities" => *value == json!(["text"]),
        "service_tier" => *value == "auto" || *value == "default",
        "response_format" => value["type"] == "text",
        "tool_choice" => *value == "auto",
        _ if value.as_array().is_some_and(Vec::is_empty) => true,
        _ if value.as_object().is_some_and(serde_json::Map::is_empty) => true,
        "prompt_cache_key" | "prompt_cache_retention" | "stream_options" => true,
        _ => false,
    }
}

/// Leaves out what `stream_options` ask for besides usage, for vendors that tell usage and have no such options.
pub fn usage_alone(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    let Some(options) = request.stream_options.get_mut() else { return };
    let pads = options.include_obfuscation.take() == Some(true);
    let others = std::mem::take(&mut options.extra);
    for name in pads.then_some("include_obfuscation").into_iter().chain(others.keys().map(String::as_str)) {
        changes.lost(NoteKind::Dropped, format!("stream_options.{name}"), "the vendor has no such parameter");
    }
}

/// Leaves out the older of two output limits, for vendors that have one.
pub fn one_limit(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    if request.max_completion_tokens.is_value() && request.max_tokens.take().is_some() {
        changes.note(NoteKind::Converted, "max_tokens", "said by `max_completion_tokens`");
    }
}

/// Says the form of the answer in words, as instructions at the beginning, for vendors without a member for it.
pub fn said_by_prompt(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    let words = match request.response_format.get() {
        None => return,
        Some(ResponseFormat::Text(_)) => {
            request.response_format = Nullable::Absent;
            return changes.note(NoteKind::Converted, "response_format", "said by the vendor's own habit");
        }
        Some(ResponseFormat::JsonObject(_)) => "Answer with one JSON object and nothing else.".to_owned(),
        Some(ResponseFormat::JsonSchema(part)) => {
            let form = &part.json_schema;
            let about = form.description.as_deref().map(|about| format!(" ({about})")).unwrap_or_default();
            let schema = form.schema.get().cloned().unwrap_or_else(|| json!({}));
            format!(
                "Answer with one JSON object `{}`{about} and nothing else. It follows this JSON Schema: {schema}",
                form.name
            )
        }
        Some(ResponseFormat::Unknown(_)) => {
            request.response_format = Nullable::Absent;
            let why = "the vendor has no such form of answers";
            return changes.lost(NoteKind::Dropped, "response_format", why);
        }
    };
    request.response_format = Nullable::Absent;
    let after = request.messages.iter().take_while(|message| is_instruction(message)).count();
    request.messages.insert(after, Message::system(words));
    changes.put_in("messages", after);
    changes.note(NoteKind::Converted, "response_format", "said by a prompt; the vendor has no member for it");
}

/// Brings `reasoning_effort` to one of `low`, `medium` and `high`, for vendors that know no other.
pub fn effort_of_three(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    let Some(effort) = request.reasoning_effort.get() else { return };
    let nearest = match effort {
        ReasoningEffort::Minimal => ReasoningEffort::Low,
        ReasoningEffort::Xhigh | ReasoningEffort::Max => ReasoningEffort::High,
        ReasoningEffort::None => {
            request.reasoning_effort = Nullable::Absent;
            return changes.lost(
                NoteKind::Dropped,
                "reasoning_effort",
                "the vendor cannot switch thinking off",
            );
        }
        _ => return,
    };
    changes.note(NoteKind::Clamped, "reasoning_effort", nearest.as_str());
    request.reasoning_effort = nearest.into();
}

fn is_instruction(message: &Message) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_provider_core::{Call, EncodeError, Note, OnUnsupported};
    use llm_types::from_value;

    use super::*;

    fn request(members: Value) -> ChatRequest {
        let mut whole = json!({"model": "m", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]});
        let Value::Object(members) = members else { panic!("members") };
        whole.as_object_mut().unwrap().extend(members);
        from_value(whole).unwrap()
    }

    fn left_out(
        members: Value,
        on: OnUnsupported,
        forward: &[String],
    ) -> (Value, Result<Vec<Note>, EncodeError>) {
        let mut request = request(members);
        let headers = HeaderMap::new();
        let mut changes = Changes::new(&Call { unsupported: on, forward, ..Call::new("m", &headers) });
        leave_out(&mut request, &["n", "seed", "store", "top_k"], &mut changes);
        (serde_json::to_value(&request).unwrap(), changes.finish())
    }

    #[test]
    fn what_is_left_out_is_told() {
        let (rest, notes) =
            left_out(json!({"n": 1, "seed": 7, "top_k": 3, "user": "x"}), OnUnsupported::Drop, &[]);
        assert!(rest.get("n").is_none() && rest.get("seed").is_none() && rest.get("top_k").is_none());
        assert_eq!(rest["user"], "x");
        let notes: Vec<String> = notes.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(
            notes,
            [
                "converted n: said by the vendor's own habit",
                "dropped seed: the vendor has no such parameter",
                "dropped top_k: the vendor has no such parameter"
            ]
        );
    }

    #[test]
    fn a_strict_caller_is_refused_and_a_forwarded_member_stays() {
        let (_, refused) = left_out(json!({"seed": 7}), OnUnsupported::Reject, &[]);
        assert_eq!(
            refused.unwrap_err(),
            EncodeError::unsupported("seed", "the vendor has no such parameter")
        );
        let (_, taken) = left_out(json!({"n": 1, "store": false}), OnUnsupported::Reject, &[]);
        assert_eq!(taken.unwrap().len(), 2);
        let (rest, _) = left_out(json!({"seed": 7}), OnUnsupported::Reject, &["seed".to_owned()]);
        assert_eq!(rest["seed"], 7);
    }

    #[test]
    fn streams_tell_usage_alone() {
        let options = json!({ "include_usage": true, "include_obfuscation": true, "later": 1 });
        let mut request = request(json!({ "stream_options": options }));
        let headers = HeaderMap::new();
        let mut changes = Changes::new(&Call::new("m", &headers));
        usage_alone(&mut request, &mut changes);
        let left = serde_json::to_value(&request).unwrap()["stream_options"].clone();
        assert_eq!(left, json!({ "include_usage": true }));
        let told: Vec<String> = changes.finish().unwrap().into_iter().map(|note| note.path).collect();
        assert_eq!(told, ["stream_options.include_obfuscation", "stream_options.later"]);
    }

    #[test]
    fn three_efforts() {
        for (asked, sent) in [
            ("none", None),
            ("minimal", Some("low")),
            ("low", Some("low")),
            ("max", Some("high")),
            ("odd", Some("odd")),
        ] {
            let mut request = request(json!({"reasoning_effort": asked}));
            let headers = HeaderMap::new();
            let mut changes = Changes::new(&Call::new("m", &headers));
            effort_of_three(&mut request, &mut changes);
            assert_eq!(request.reasoning_effort.get().map(ReasoningEffort::as_str), sent);
            assert_eq!(changes.finish().unwrap().is_empty(), sent == Some(asked), "{asked}");
        }
    }

    #[test]
    fn a_form_said_in_words() {
        let said = |format: Value| {
            let mut request = request(json!({"response_format": format}));
            let headers = HeaderMap::new();
            let mut changes = Changes::new(&Call::new("m", &headers));
            said_by_prompt(&mut request, &mut changes);
            assert!(!request.response_format.is_value());
            assert_eq!(changes.finish().unwrap().len(), 1);
            let words = request.messages.get(1).filter(|message| message.role == Role::System);
            words.map(|message| message.content.get().unwrap().text().into_owned())
        };
        assert_eq!(said(json!({"type": "text"})), None);
        assert_eq!(said(json!({"type": "grammar"})), None);
        assert!(said(json!({"type": "json_object"})).unwrap().contains("JSON object"));
        let schema =
            json!({"name": "a", "description": "why", "schema": {"type": "object", "properties": {}}});
        let words = said(json!({"type": "json_schema", "json_schema": schema})).unwrap();
        assert!(words.contains(r#""properties":{}"#) && words.contains("`a` (why)"), "{words}");
    }
}
