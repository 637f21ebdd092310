//! What the corpus of all vendors does not ask of Bedrock.

use http::HeaderMap;
use http::header::HeaderValue;
use llm_provider_core::{Call, EncodeError, OnUnsupported, Provider};
use llm_types::ChatRequest;
use serde_json::{Value, json};

use crate::corpus::laws_of;
use crate::{
    BEDROCK, CLAUDE, GPT_OSS, LLAMA, NOVA, NOVA_2, OLD_CLAUDE, PROFILE, body, chat, encode, notes, request,
    sent,
};

macro_rules! requests {
    ($($name:ident)+) => { $(
        #[test]
        fn $name() {
            let json = include_str!(concat!("../fixtures/request/", stringify!($name), ".json"));
            llm_testkit::laws::json_identity::<ChatRequest>(json);
            let request: ChatRequest = llm_types::from_slice(json.as_bytes()).unwrap();
            insta::assert_snapshot!(stringify!($name), sent(encode(&request, &request.model)));
            laws_of(&request, &request.model);
        }
    )+ };
}

requests! {
    alternation cache_points documents effort_claude_budget effort_gpt_oss effort_nova_2 effort_nova_2_high
    effort_unknown form_native form_tool form_words guardrail kept_blocks media names own_tools own_words
    thinking_between_calls thinking_unsigned tools_of_history
}

fn asked(members: &Value) -> ChatRequest {
    let mut asked = json!({ "model": "m", "messages": [{ "role": "user", "content": "?" }] });
    asked.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    request(asked)
}

fn tool(name: &str) -> Value {
    json!({ "type": "function", "function": { "name": name, "parameters": { "type": "object", "properties": {} } } })
}

/// Anthropic's clients have them too.
#[test]
fn search_results_and_documents_in_pieces_are_converses_own() {
    let pieces = json!([{ "type": "text", "text": "High at noon." }]);
    let asked = asked(&json!({ "messages": [{ "role": "user", "content": [
        { "type": "search_result", "source": "https://sea.example", "title": "Tides", "content": pieces,
          "citations": { "enabled": true } },
        { "type": "document", "title": "Log.txt", "context": "At sea.", "source": { "type": "content", "content": pieces } },
        { "type": "search_result", "source": "s", "title": "t", "content": [{ "type": "image" }] },
    ] }] }));
    let encoded = encode(&asked, CLAUDE).unwrap();
    assert_eq!(
        body(&encoded)["messages"][0]["content"],
        json!([
            { "searchResult": { "source": "https://sea.example", "title": "Tides",
                "content": [{ "text": "High at noon." }], "citations": { "enabled": true } } },
            { "document": { "name": "Log", "source": { "content": [{ "text": "High at noon." }] }, "context": "At sea." } },
            { "text": "See the attached document." },
        ])
    );
    assert_eq!(
        notes(&encoded),
        [
            "dropped messages[0].content[2]: Bedrock has no content of type `search_result`",
            "defaulted messages: `See the attached document.`: Bedrock demands text beside documents",
        ]
    );
}

#[test]
fn kept_blocks_go_back_unchanged() {
    let json = include_str!("../fixtures/request/kept_blocks.json");
    let request: ChatRequest = llm_types::from_slice(json.as_bytes()).unwrap();
    let source: Value = serde_json::from_str(json).unwrap();
    let kept = &source["messages"][1]["provider_specific_fields"]["converse_content"];
    assert_eq!(
        body(&encode(&request, CLAUDE).unwrap())["messages"][1]["content"].to_string(),
        kept.to_string()
    );
}

#[test]
fn words_of_other_vendors_beside_a_message_are_noted() {
    let json = include_str!("../fixtures/request/kept_blocks.json");
    let mut request: ChatRequest = llm_types::from_slice(json.as_bytes()).unwrap();
    let fields = request.messages[1].provider_specific_fields.get_mut().unwrap();
    fields.insert("parts".to_owned(), json!([{ "text": "a" }]));
    let notes: Vec<_> =
        encode(&request, CLAUDE).unwrap().notes.iter().map(|note| note.path.clone()).collect();
    assert!(notes.contains(&"messages[1].provider_specific_fields.parts".to_owned()), "{notes:?}");
    assert!(!notes.iter().any(|path| path.ends_with("converse_content")), "{notes:?}");
}

#[test]
fn thinking_goes_back_to_the_family_that_made_it() {
    let thought = |block: Value| {
        let said = json!({ "role": "assistant", "content": "a", "thinking_blocks": [block] });
        request(
            json!({ "model": "m", "messages": [{ "role": "user", "content": "?" }, said, { "role": "user", "content": "!" }] }),
        )
    };
    let signed = thought(json!({ "type": "thinking", "thinking": "t\n", "signature": "s=" }));
    let unsigned = thought(json!({ "type": "thinking", "thinking": "t" }));
    let redacted = thought(json!({ "type": "redacted_thinking", "data": "eA==" }));
    let first = |request: &ChatRequest, model: &str| {
        body(&encode(request, model).unwrap())["messages"][1]["content"][0].to_string()
    };
    let text = r#"{"text":"a"}"#;
    assert_eq!(
        first(&signed, CLAUDE),
        r#"{"reasoningContent":{"reasoningText":{"text":"t\n","signature":"s="}}}"#
    );
    assert_eq!(first(&redacted, CLAUDE), r#"{"reasoningContent":{"redactedContent":"eA=="}}"#);
    assert_eq!(first(&unsigned, CLAUDE), text);
    assert_eq!(first(&signed, GPT_OSS), text);
    assert_eq!(first(&unsigned, GPT_OSS), r#"{"reasoningContent":{"reasoningText":{"text":"t"}}}"#);
    assert_eq!(first(&unsigned, LLAMA), text);
    assert_eq!(
        first(&signed, PROFILE),
        r#"{"reasoningContent":{"reasoningText":{"text":"t\n","signature":"s="}}}"#
    );
}

#[test]
fn choices_of_tools() {
    let choose = |model: &str, choice: Value| {
        let request = asked(&json!({ "tools": [tool("f")], "tool_choice": choice }));
        body(&encode(&request, model).unwrap())["toolConfig"].clone()
    };
    for model in [CLAUDE, NOVA] {
        assert_eq!(choose(model, json!("auto"))["toolChoice"], json!({ "auto": {} }));
        assert_eq!(choose(model, json!("required"))["toolChoice"], json!({ "any": {} }));
        let named = json!({ "type": "function", "function": { "name": "f" } });
        assert_eq!(choose(model, named)["toolChoice"], json!({ "tool": { "name": "f" } }));
        assert_eq!(choose(model, json!("none")), Value::Null, "no tools, no calls");
    }
    assert_eq!(choose(LLAMA, json!("required"))["toolChoice"], Value::Null);
    let headers = HeaderMap::new();
    let strict = Call { unsupported: OnUnsupported::Reject, ..Call::new(LLAMA, &headers) };
    let request = asked(&json!({ "tools": [tool("f")], "tool_choice": "required" }));
    let refused = chat().encode(&request, &strict).unwrap_err();
    assert_eq!(refused, EncodeError::unsupported("tool_choice", "this model cannot be made to call a tool"));
}

#[test]
fn one_call_at_a_time() {
    let request = asked(&json!({ "tools": [tool("f")], "parallel_tool_calls": false }));
    let said = body(&encode(&request, CLAUDE).unwrap());
    assert_eq!(
        said["additionalModelRequestFields"]["tool_choice"],
        json!({ "type": "auto", "disable_parallel_tool_use": true })
    );
    let encoded = encode(&request, NOVA).unwrap();
    let wanted = "dropped parallel_tool_calls: this model cannot be told how many tools to call";
    assert_eq!(notes(&encoded), [wanted]);
}

#[test]
fn betas_come_from_headers_and_members() {
    let mut headers = HeaderMap::new();
    headers.insert("anthropic-beta", HeaderValue::from_static("context-1m-2025-08-07,files-api-2025-04-14"));
    let request = asked(&json!({ "anthropic_beta": ["new-2027"] }));
    let encoded = chat().encode(&request, &Call::new(CLAUDE, &headers)).unwrap();
    assert_eq!(
        body(&encoded)["additionalModelRequestFields"],
        json!({ "anthropic_beta": ["context-1m-2025-08-07", "new-2027"] })
    );
    assert!(!encoded.request.headers().contains_key("anthropic-beta"));
    assert!(
        notes(&encoded)
            .contains(&"dropped anthropic_beta: Bedrock does not know `files-api-2025-04-14`".to_owned())
    );
}

#[test]
fn a_limit_is_defaulted_for_a_budget_only() {
    let limit = |request: &ChatRequest, model: &str| {
        body(&encode(request, model).unwrap())["inferenceConfig"]["maxTokens"].clone()
    };
    assert_eq!(limit(&asked(&json!({})), CLAUDE), Value::Null);
    assert_eq!(limit(&asked(&json!({ "max_tokens": 7 })), CLAUDE), 7);
    let thinks = asked(&json!({ "thinking": { "type": "enabled", "budget_tokens": 2048 } }));
    assert_eq!(limit(&thinks, CLAUDE), 2048 + 4096);
    assert_eq!(limit(&asked(&json!({ "max_tokens": 7 })), "openai.gpt-5.4"), 16);
}

#[test]
fn top_k_by_family() {
    let request = asked(&json!({ "top_k": 5 }));
    let own = |model: &str| body(&encode(&request, model).unwrap())["additionalModelRequestFields"].clone();
    assert_eq!(own(OLD_CLAUDE), json!({ "top_k": 5 }));
    assert_eq!(own(NOVA), json!({ "inferenceConfig": { "topK": 5 } }));
    assert_eq!(own("cohere.command-r-v1:0"), json!({ "k": 5 }));
    assert_eq!(own(PROFILE), json!({ "top_k": 5 }));
}

#[test]
fn samplings_beyond_one_are_one() {
    let encoded = encode(&asked(&json!({ "temperature": 1.7, "top_p": 1.0 })), NOVA_2).unwrap();
    assert_eq!(body(&encoded)["inferenceConfig"], json!({ "temperature": 1, "topP": 1.0 }));
    assert_eq!(notes(&encoded), ["clamped temperature: to 1, the most that Bedrock takes"]);
}

#[test]
fn a_prompt_of_bedrocks_needs_no_message() {
    let arn = "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1";
    let request =
        request(json!({ "model": "m", "messages": [], "promptVariables": { "topic": { "text": "x" } } }));
    let encoded = encode(&request, arn).unwrap();
    assert_eq!(body(&encoded), json!({ "promptVariables": { "topic": { "text": "x" } } }));
    assert!(matches!(encode(&request, CLAUDE), Err(EncodeError::Invalid { .. })));
}

#[test]
fn members_that_are_lacking_may_be_forwarded() {
    let request = asked(&json!({ "seed": 7 }));
    let headers = HeaderMap::new();
    let forward = ["seed".to_owned()];
    let call = Call { forward: &forward, unsupported: OnUnsupported::Reject, ..Call::new(GPT_OSS, &headers) };
    assert_eq!(
        body(&chat().encode(&request, &call).unwrap())["additionalModelRequestFields"],
        json!({ "seed": 7 })
    );
}

#[test]
fn streaming_stands_in_the_address() {
    let encoded =
        encode(&asked(&json!({ "stream": true, "stream_options": { "include_usage": true } })), NOVA)
            .unwrap();
    assert!(encoded.request.uri().path().ends_with("/converse-stream"), "{}", encoded.request.uri());
    assert_eq!(encoded.request.headers()["accept"], "application/vnd.amazon.eventstream");
    assert_eq!(body(&encoded), json!({ "messages": [{ "role": "user", "content": [{ "text": "?" }] }] }));
}

#[test]
fn what_is_fetched_before() {
    for url in ["https://x.example/a.png", "http://x.example/a.pdf"] {
        assert!(BEDROCK.wants_fetched(url), "{url}");
    }
    for url in ["data:image/png;base64,AA==", "s3://bucket/key"] {
        assert!(!BEDROCK.wants_fetched(url), "{url}");
    }
}
