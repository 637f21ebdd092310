//! Log probabilities, in Google's words and in OpenAI's.
//!
//! Source: Gemini API reference, "LogprobsResult" (ai.google.dev/api/generate-content#LogprobsResult), read 2026-11.

use llm_types::Extra;
use serde_json::{Value, json};

/// The member of `provider_specific_fields` with log probabilities as Google tells them.
pub(crate) const NATIVE: &str = "logprobs_result";

/// Google's own list, where it says more than OpenAI's can.
pub(crate) fn beside(result: &Value) -> Extra {
    // The number of a token says nothing that its text does not.
    let is_token = |token: &Value| is_only(token, &["token", "tokenId", "logProbability"]);
    let all = |list: &Value, is_plain: &dyn Fn(&Value) -> bool| {
        list.as_array().is_none_or(|list| list.iter().all(is_plain))
    };
    let is_top = |top: &Value| is_only(top, &["candidates"]) && all(&top["candidates"], &is_token);
    let is_plain = is_only(result, &["chosenCandidates", "topCandidates"])
        && all(&result["chosenCandidates"], &is_token)
        && all(&result["topCandidates"], &is_top);
    if is_plain {
        return Extra::new();
    }
    Extra::from_iter([(NATIVE.to_owned(), vec![result.clone()].into())])
}

/// Whether an object has no members but these.
fn is_only(value: &Value, names: &[&str]) -> bool {
    value.as_object().is_some_and(|members| members.keys().all(|name| names.contains(&name.as_str())))
}

/// OpenAI's list for Google's; `None` if there is none to read.
pub(crate) fn canonical(result: &Value) -> Option<Value> {
    let chosen = result.get("chosenCandidates")?.as_array()?;
    let top = result.get("topCandidates").and_then(Value::as_array);
    let content: Vec<Value> = chosen
        .iter()
        .enumerate()
        .map(|(at, token)| {
            let others = top.and_then(|top| top.get(at)?.get("candidates")?.as_array());
            let mut entry = entry(token);
            entry["top_logprobs"] = others.into_iter().flatten().map(self::entry).collect();
            entry
        })
        .collect();
    Some(json!({ "content": content }))
}

fn entry(token: &Value) -> Value {
    let text = token.get("token").and_then(Value::as_str).unwrap_or_default();
    let logprob = token.get("logProbability").cloned().unwrap_or_else(|| 0.into());
    json!({ "token": text, "logprob": logprob, "bytes": text.as_bytes() })
}

/// Whether Google's list says all that OpenAI's does, but for the bytes of the tokens.
pub(crate) fn is_said(logprobs: &Value) -> bool {
    let is_empty = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
    let is_likely = |token: &Value| has_only(token, &["token", "logprob", "bytes"]);
    let is_token = |token: &Value| {
        has_only(token, &["token", "logprob", "bytes", "top_logprobs"])
            && token["top_logprobs"].as_array().is_none_or(|list| list.iter().all(is_likely))
    };
    has_only(logprobs, &["content", "refusal"])
        && is_empty(&logprobs["refusal"])
        && logprobs["content"].as_array().is_none_or(|tokens| tokens.iter().all(is_token))
}

/// Whether an object says nothing in members but these.
fn has_only(value: &Value, names: &[&str]) -> bool {
    value.as_object().is_some_and(|members| {
        members.iter().all(|(name, value)| value.is_null() || names.contains(&name.as_str()))
    })
}

/// Google's list for OpenAI's.
pub(crate) fn to_wire(logprobs: &Value) -> Option<Value> {
    let content = logprobs.get("content")?.as_array()?;
    let token = |entry: &Value| json!({ "token": entry["token"], "logProbability": entry["logprob"] });
    let chosen: Vec<Value> = content.iter().map(token).collect();
    let top: Vec<Value> = content
        .iter()
        .map(|entry| {
            let others = entry.get("top_logprobs").and_then(Value::as_array);
            json!({ "candidates": others.into_iter().flatten().map(token).collect::<Vec<_>>() })
        })
        .collect();
    Some(json!({ "topCandidates": top, "chosenCandidates": chosen }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let wire = json!({
            "topCandidates": [{"candidates": [
                {"token": "é", "logProbability": -0.5}, {"token": "b", "logProbability": -1.5},
            ]}],
            "chosenCandidates": [{"token": "é", "logProbability": -0.5}],
        });
        let read = canonical(&wire).unwrap();
        assert_eq!(
            read,
            json!({"content": [{
                "token": "é", "logprob": -0.5, "bytes": [195, 169],
                "top_logprobs": [
                    {"token": "é", "logprob": -0.5, "bytes": [195, 169]},
                    {"token": "b", "logprob": -1.5, "bytes": [98]},
                ],
            }]})
        );
        assert_eq!(to_wire(&read).unwrap(), wire);
        assert!(canonical(&json!({})).is_none() && to_wire(&json!(null)).is_none());
    }
}
