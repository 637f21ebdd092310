//! Log probabilities, in Google's words and in OpenAI's.
//!
//! Source: Gemini API reference, "LogprobsResult" (ai.google.dev/api/generate-content#LogprobsResult), read 2026-11.

use serde_json::{Value, json};

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
