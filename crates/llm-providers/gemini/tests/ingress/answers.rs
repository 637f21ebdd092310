//! Whole answers, written for clients.

use super::*;

fn written(answer: &ChatResponse, reply: &Reply) -> Value {
    let Outgoing { body, .. } = ingress().write(answer, reply);
    serde_json::from_slice(&body).unwrap()
}

/// Gemini's own answers, read into the canonical form and written again, are the same.
#[test]
fn gemini_s_own_come_out_as_they_went_in() {
    for json in [
        include_str!("../fixtures/response/text.json"),
        include_str!("../fixtures/response/thinking.json"),
        include_str!("../fixtures/response/signed_text.json"),
        include_str!("../fixtures/response/parallel_tools.json"),
        include_str!("../fixtures/response/grounding.json"),
        include_str!("../fixtures/response/code_execution.json"),
        include_str!("../fixtures/response/image.json"),
        include_str!("../fixtures/response/audio.json"),
        include_str!("../fixtures/response/blocked.json"),
        include_str!("../fixtures/response/two_candidates.json"),
        include_str!("../fixtures/response/malformed_call.json"),
    ] {
        let wire: Value = serde_json::from_str(json).unwrap();
        let mut again = written(&decode(json), &Reply::default());
        without_made_names(&mut again);
        // A zero that was left out is told.
        if wire["usageMetadata"].get("candidatesTokenCount").is_none() {
            again["usageMetadata"].as_object_mut().unwrap().remove("candidatesTokenCount");
        }
        assert_eq!(again, wire);
    }
}

#[test]
fn openai_s_answer() {
    let answer = llm_types::from_value(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 7, "model": "gpt-x",
        "choices": [{
            "index": 0, "finish_reason": "tool_calls",
            "message": {
                "role": "assistant", "content": "Hé, look.", "refusal": null,
                "annotations": [{"type": "url_citation", "url_citation": {
                    "start_index": 0, "end_index": 2, "url": "https://a", "title": "A",
                }}],
                "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                    {"id": "call_2", "type": "function", "function": {"name": "g", "arguments": "oops"}},
                ],
            },
        }],
        "usage": {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17,
            "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 5}},
        "system_fingerprint": "fp",
    }))
    .unwrap();
    let Outgoing { body, notes } = ingress().write(&answer, &Reply::default());
    assert_eq!(
        serde_json::from_slice::<Value>(&body).unwrap(),
        json!({
            "candidates": [{
                "content": {"role": "model", "parts": [
                    {"text": "Hé, look."},
                    {"functionCall": {"id": "call_1", "name": "f", "args": {"a": 1}}},
                    {"functionCall": {"id": "call_2", "name": "g", "args": {"arguments": "oops"}}},
                ]},
                "finishReason": "STOP", "index": 0,
                "groundingMetadata": {
                    "groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}],
                    "groundingSupports": [{
                        "segment": {"startIndex": 0, "endIndex": 3, "text": "Hé"}, "groundingChunkIndices": [0],
                    }],
                },
            }],
            "usageMetadata": {
                "promptTokenCount": 10, "cachedContentTokenCount": 4, "candidatesTokenCount": 2,
                "thoughtsTokenCount": 5, "totalTokenCount": 17,
            },
            "modelVersion": "gpt-x", "responseId": "chatcmpl-1",
            "provider_specific_fields": {"system_fingerprint": "fp"},
        })
    );
    let notes: Vec<_> = notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "converted choices.message.tool_calls[1].arguments: no JSON object; kept as the text `arguments` of one",
        ]
    );
}

#[test]
fn what_nobody_named() {
    let answer =
        llm_types::from_value(json!({"choices": [{"message": {"role": "assistant", "content": "a"}}]}));
    let reply = Reply { request_id: "r".to_owned(), model: "m".to_owned(), ..Reply::default() };
    let written = written(&answer.unwrap(), &reply);
    assert_eq!((written["responseId"].as_str(), written["modelVersion"].as_str()), (Some("r"), Some("m")));
    assert_eq!(written["candidates"][0]["finishReason"], "STOP");
}
