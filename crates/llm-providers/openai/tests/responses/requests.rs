//! What clients ask.

use llm_provider_openai::responses::wire::ResponsesRequest;
use llm_testkit::laws::json_identity;
use serde_json::{Value, json};

use super::{fixtures, ingress, texts};

#[test]
fn read() {
    for (name, body) in fixtures("request") {
        json_identity::<ResponsesRequest>(std::str::from_utf8(&body).unwrap());
        let incoming = ingress().read(&body).unwrap();
        let seen = json!({ "request": incoming.request, "notes": texts(&incoming.notes) });
        insta::assert_json_snapshot!(format!("ingress.{name}"), seen);
        // What was read is sound: it survives being written and read in canonical form.
        let canonical = serde_json::to_vec(&incoming.request).unwrap();
        assert_eq!(llm_types::from_slice::<llm_types::ChatRequest>(&canonical).unwrap(), incoming.request);
    }
}

fn refused(body: &Value) -> (String, String) {
    let error = ingress().read(body.to_string().as_bytes()).unwrap_err();
    (error.path, error.message)
}

#[test]
fn stored_state_is_refused_by_name() {
    for (name, value) in [
        ("previous_response_id", json!("resp_1")),
        ("conversation", json!("conv_1")),
        ("conversation", json!({ "id": "conv_1" })),
        ("background", json!(true)),
        ("prompt", json!({ "id": "pmpt_1" })),
    ] {
        let (path, message) = refused(&json!({ "model": "m", "input": "a", name: value }));
        assert_eq!(path, name);
        assert!(message.contains("stored state is not available"), "{message}");
    }
    for item in [json!({ "type": "item_reference", "id": "msg_1" }), json!({ "id": "msg_1" })] {
        let (path, message) = refused(&json!({ "model": "m", "input": [item] }));
        assert_eq!(path, "input[0]");
        assert!(message.contains("stored state is not available"), "{message}");
    }
}

#[test]
fn errors_name_their_place() {
    let place = |input: Value| refused(&json!({ "model": "m", "input": input })).0;
    assert_eq!(refused(&json!({ "input": "a" })).0, "model");
    assert_eq!(refused(&json!({ "model": "m" })).0, "input");
    assert_eq!(place(json!(7)), "input");
    assert_eq!(place(json!([{ "role": "user" }])), "input[0]");
    assert_eq!(
        place(json!([{ "role": "user", "content": [{ "type": "input_text" }] }])),
        "input[0].content[0]"
    );
    assert_eq!(
        place(json!([{ "content": [{ "text": 7, "type": "input_text" }], "role": "user" }])),
        "input[0].content[0].text"
    );
    assert_eq!(place(json!([{ "role": "wizard", "content": "a" }])), "input[0].role");
    assert_eq!(place(json!([{ "type": "function_call", "name": "f" }])), "input[0]");
    assert_eq!(place(json!([{ "type": "function_call_output", "output": "a" }])), "input[0].call_id");
    assert_eq!(
        place(json!([{ "role": "user", "content": [{ "type": "input_image" }] }])),
        "input[0].content[0].image_url"
    );
    assert_eq!(place(json!([{ "nothing": 1 }])), "input[0]");
    let (path, _) = refused(&json!({ "model": "m", "input": "a", "tools": [{ "type": "function" }] }));
    assert_eq!(path, "tools[0]");
    let (path, _) =
        refused(&json!({ "model": "m", "input": "a", "text": { "format": { "type": "json_schema" } } }));
    assert_eq!(path, "text.format");
    let (path, _) = refused(&json!({ "model": "m", "input": "a", "stop": 7 }));
    assert_eq!(path, "stop");
}

#[test]
fn a_choice_without_its_tool() {
    let read = |tools: Value, choice: Value| {
        let body = json!({ "model": "m", "input": "a", "tools": tools, "tool_choice": choice });
        let incoming = ingress().read(body.to_string().as_bytes()).unwrap();
        (incoming.request.tool_choice.is_value(), texts(&incoming.notes))
    };
    let search = || json!([{ "type": "web_search" }]);
    let (is_there, notes) = read(search(), json!("auto"));
    assert!(!is_there && notes.is_empty(), "{notes:?}");
    for choice in [json!("required"), json!({ "type": "web_search" })] {
        let (is_there, notes) = read(search(), choice);
        assert!(!is_there && notes[0].starts_with("dropped tool_choice"), "{notes:?}");
    }
    let files = json!([{ "type": "file_search", "vector_store_ids": [] }]);
    let (is_there, notes) = read(files, json!({ "type": "file_search" }));
    assert!(is_there && notes.is_empty(), "{notes:?}");
}
