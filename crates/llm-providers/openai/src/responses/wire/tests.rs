use llm_testkit::laws::json_identity;
use serde_json::{Value, json};

use super::*;

#[expect(clippy::needless_pass_by_value, reason = "`json!` makes values")]
fn refused<T: serde::de::DeserializeOwned + std::fmt::Debug>(value: Value) -> String {
    llm_types::from_slice::<T>(value.to_string().as_bytes()).unwrap_err().to_string()
}

#[test]
fn items_in_every_form() {
    for item in [
        json!({ "role": "user", "content": "a" }),
        json!({ "content": [{ "type": "input_text", "text": "a", "x": 1 }], "role": "user", "type": null }),
        json!({ "id": "msg_1" }),
        json!({ "id": "msg_1", "type": "item_reference" }),
        json!({ "x": 1, "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "async": true }),
        json!({ "type": "function_call_output", "call_id": "c", "output": [{ "type": "input_text", "text": "a" }] }),
        json!({ "type": "shell_call_output", "call_id": "c", "output": [{ "stdout": "a", "outcome": null }] }),
        json!({ "type": "computer_call_output", "call_id": "c", "output": { "type": "computer_screenshot" } }),
        json!({ "type": "reasoning", "id": "rs", "summary": [], "content": null, "encrypted_content": null }),
        json!({ "type": "configuration_update", "id": "u", "reasoning": { "effort": "low" } }),
        json!({ "type": "future", "deep": [{ "type": "x" }] }),
    ] {
        json_identity::<Item>(&item.to_string());
    }
}

#[test]
fn the_type_may_stand_anywhere_and_once() {
    let item: Item = serde_json::from_str(r#"{"role":"user","content":"a","type":"message"}"#).unwrap();
    assert!(matches!(item, Item::Message(_)));
    assert!(refused::<Item>(json!({ "role": 7, "content": "a" })).contains("string"));
    let twice =
        llm_types::from_slice::<Item>(br#"{"type":"message","role":"user","content":"a","type":"x"}"#);
    assert!(twice.unwrap_err().message.contains("duplicate"));
    let twice = llm_types::from_slice::<Item>(br#"{"type":"future","type":"x"}"#);
    assert!(twice.unwrap_err().message.contains("duplicate"));
}

#[test]
fn errors_name_their_place() {
    let item = |item: Value| refused::<ResponsesRequest>(json!({ "input": [item] }));
    assert_eq!(
        item(json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": 1 }] })),
        "input[0].content[0].text: invalid type: integer `1`, expected a string"
    );
    assert!(item(json!({ "type": "function_call" })).starts_with("input[0]: missing field"));
    assert!(item(json!(7)).contains("an item (an object with a `type` or a `role`)"));
    assert!(item(json!({})).contains("missing field `type`"));
    let output =
        json!({ "type": "function_call_output", "call_id": "c", "output": [{ "type": "input_text" }] });
    assert!(item(output).starts_with("input[0].output[0]: missing field `text`"));
    assert!(
        refused::<ResponsesRequest>(json!({ "tools": [{ "type": "function" }] })).starts_with("tools[0]")
    );
    assert!(refused::<ResponsesRequest>(json!({ "conversation": 7 })).starts_with("conversation: "));
    assert!(refused::<ResponsesRequest>(json!({ "tool_choice": 7 })).starts_with("tool_choice: "));
}

#[test]
fn tools_choices_and_formats_in_every_form() {
    for request in [
        json!({ "conversation": { "id": "conv_1", "x": 1 } }),
        json!({ "conversation": "conv_1", "prompt": { "id": "p", "variables": {} }, "future": [1] }),
        json!({ "tool_choice": "none" }),
        json!({ "tool_choice": { "type": "function", "name": "f" } }),
        json!({ "tool_choice": { "type": "custom", "name": "f" } }),
        json!({ "tool_choice": { "type": "mcp", "server_label": "s", "name": null } }),
        json!({ "tool_choice": { "type": "allowed_tools", "mode": "auto", "tools": [{ "type": "function", "name": "f" }] } }),
        json!({ "text": { "format": { "type": "json_object" }, "verbosity": "low" } }),
        json!({ "text": { "format": { "type": "grammar", "x": 1 } } }),
        json!({ "tools": [{ "type": "web_search_2025_08_26", "external_web_access": true }, { "type": "shell", "environment": null },
            { "type": "image_generation", "size": "auto" }, { "type": "future" }, { "type": "tool_search" }] }),
        json!({ "instructions": [{ "role": "system", "content": "a" }], "stream_options": { "include_obfuscation": false } }),
    ] {
        json_identity::<ResponsesRequest>(&request.to_string());
    }
}
