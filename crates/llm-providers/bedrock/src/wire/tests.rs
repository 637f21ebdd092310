//! Bedrock's JSON is read and written without loss, and what is wrong in it is named.

use llm_testkit::laws::json_identity;

use super::*;

#[test]
fn requests_survive() {
    json_identity::<ConverseRequest>(
        r#"{"messages":[{"role":"user","content":[{"text":"a"},{"image":{"format":"png","source":{"bytes":"aQ=="}}},
        {"document":{"name":"d","format":"pdf","source":{"s3Location":{"uri":"s3://b/k","bucketOwner":"1"}},"context":"c","citations":{"enabled":true}}},
        {"video":{"format":"mp4","source":{"bytes":"aQ=="}}},{"audio":{"format":"wav","source":{"bytes":"aQ=="}}},
        {"guardContent":{"text":{"text":"g","qualifiers":["query"]}}},{"searchResult":{"source":"s","title":"t","content":[{"text":"x"}]}},
        {"cachePoint":{"type":"default","ttl":"1h"}},{"toolResult":{"toolUseId":"1","status":"error","content":[{"json":{"b":1,"a":2}},{"text":"t"},{"future":1}]}},
        {"future":{"x":null}}]},
        {"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"t","signature":"s"}}},{"reasoningContent":{"redactedContent":"eA=="}},
        {"citationsContent":{"content":[{"text":"c"}],"citations":[{"title":"t"}]}},{"toolUse":{"toolUseId":"1","name":"n","input":{"b":1,"a":2},"type":"server_tool_use"}}]}],
        "system":[{"text":"s"},{"guardContent":{}},{"cachePoint":{"type":"default"}},{"future":1}],
        "inferenceConfig":{"maxTokens":1,"temperature":0.5,"topP":1,"stopSequences":["x"],"future":1},
        "toolConfig":{"tools":[{"toolSpec":{"name":"n","description":"d","inputSchema":{"json":{"type":"object"}},"strict":true}},{"systemTool":{"name":"nova_grounding"}},{"cachePoint":{"type":"default"}},{"future":{}}],"toolChoice":{"tool":{"name":"n"}}},
        "guardrailConfig":{"guardrailIdentifier":"g"},"additionalModelRequestFields":{"z":1,"a":2},"promptVariables":{"v":{"text":"x"}},
        "additionalModelResponseFieldPaths":["/stop_sequence"],"requestMetadata":{"k":"v"},"performanceConfig":{"latency":"optimized"},
        "serviceTier":{"type":"flex"},"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{}","name":"n"}}},"effort":"low"},"future":{"b":1,"a":2}}"#,
    );
}

#[test]
fn errors_name_the_place() {
    for (body, wanted) in [
        (r#"{"messages":[{"role":"user","content":[{"text":"a"},{"text":7}]}]}"#, "messages[0].content[1]"),
        (
            r#"{"messages":[{"role":"user","content":[{"image":{"format":"png"}}]}]}"#,
            "image: missing field `source`",
        ),
        (r#"{"messages":[{"role":"user","content":"hi"}]}"#, "messages[0].content"),
        (r#"{"toolConfig":{"tools":[{"toolSpec":{"name":1}}]}}"#, "toolConfig.tools[0]"),
    ] {
        let error = llm_types::from_slice::<ConverseRequest>(body.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn members_of_a_union_that_are_null_say_nothing() {
    let block: ContentBlock = serde_json::from_str(r#"{"image":null,"text":"a","toolUse":null}"#).unwrap();
    assert_eq!(block, ContentBlock::Text("a".to_owned()));
    let both: ContentBlock = serde_json::from_str(r#"{"text":"a","toolUse":{}}"#).unwrap();
    assert!(matches!(both, ContentBlock::Unknown(_)));
}
