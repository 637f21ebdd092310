use bytes::Bytes;
use llm_provider_core::apply;

use super::*;

fn points(value: Value) -> Vec<CachePoint> {
    llm_types::from_value(value).unwrap()
}

#[track_caller]
fn marked(request: Value, at: Value) -> (Value, Vec<String>) {
    let mut request: ChatRequest = llm_types::from_value(request).unwrap();
    let notes = mark(&mut request, &points(at));
    (serde_json::to_value(request).unwrap(), notes.into_iter().map(|note| note.path).collect())
}

fn conversation() -> Value {
    json!({"model": "m", "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": "c"},
        {"role": "user", "content": "d"},
    ], "tools": [{"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {"name": "g"}}]})
}

#[test]
fn roles_indices_and_tools() {
    let of = |at: Value| marked(conversation(), at).1;
    let message = |more: Value| {
        let mut point = json!({"location": "message"});
        point.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([point])
    };
    assert_eq!(of(message(json!({"role": "system"}))), ["messages[0].cache_control"]);
    assert_eq!(
        of(message(json!({"role": "user"}))),
        ["messages[1].content[1].cache_control", "messages[3].cache_control"]
    );
    assert_eq!(of(message(json!({"index": -1}))), ["messages[3].cache_control"]);
    assert_eq!(
        of(message(json!({"index": "-3", "role": "system"}))),
        ["messages[1].content[1].cache_control"]
    );
    assert_eq!(of(message(json!({"index": 7}))), [""; 0]);
    assert_eq!(of(message(json!({"index": -5}))), [""; 0]);
    assert_eq!(of(message(json!({}))), [""; 0]);
    assert_eq!(of(json!([{"location": "tool_config"}])), ["tools[1].cache_control"]);
}

#[test]
fn the_mark_is_the_points_own() {
    let at = json!([{"location": "message", "index": 0, "control": {"type": "ephemeral", "ttl": "1h"}},
        {"location": "message", "index": 3}]);
    let (told, _) = marked(conversation(), at);
    assert_eq!(told["messages"][0]["cache_control"], json!({"type": "ephemeral", "ttl": "1h"}));
    assert_eq!(told["messages"][3]["cache_control"], json!({"type": "ephemeral"}));
}

#[test]
fn four_marks_at_most_and_the_clients_own_count() {
    let messages: Vec<_> = (0..6).map(|_| json!({"role": "user", "content": "u"})).collect();
    let mut request = json!({"model": "m", "messages": messages, "tools": [{"type": "function", "function": {"name": "f"}}]});
    let users = json!([{"location": "message", "role": "user"}]);
    assert_eq!(marked(request.clone(), users.clone()).1.len(), 4);
    request["messages"][0]["cache_control"] = json!({"type": "ephemeral"});
    let (told, notes) = marked(request.clone(), users);
    assert_eq!((notes.len(), notes[0].as_str()), (3, "messages[1].cache_control"));
    assert!(told["messages"][4].get("cache_control").is_none());
    // Room for the tools is kept.
    let both = json!([{"location": "message", "role": "user"}, {"location": "tool_config"}]);
    assert_eq!(
        marked(request, both).1,
        ["messages[1].cache_control", "messages[2].cache_control", "tools[0].cache_control"]
    );
}

#[track_caller]
fn edited(body: &Value, at: Value) -> Value {
    let body = Bytes::from(body.to_string());
    let peek = Peek::new(&body).unwrap();
    let edits = edits(&peek, &points(at)).unwrap();
    serde_json::from_slice(&apply(&body, &peek, &edits)).unwrap()
}

#[test]
fn anthropics_own_bodies() {
    let mark = json!({"type": "ephemeral"});
    let body = json!({"model": "m", "system": "s", "messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [{"type": "text", "text": "b"}, {"type": "thinking", "thinking": "t", "signature": "s"}]},
    ], "tools": [{"name": "f"}, {"type": "tool_search_tool_regex_20251119", "name": "search"}]});
    let told = edited(
        &body,
        json!([{"location": "message", "role": "system"}, {"location": "message", "index": 0},
            {"location": "message", "role": "assistant"}, {"location": "tool_config"}]),
    );
    assert_eq!(
        told,
        json!({"model": "m",
        "system": [{"type": "text", "text": "s", "cache_control": mark}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": mark}]},
            {"role": "assistant", "content": [{"type": "text", "text": "b", "cache_control": mark}, {"type": "thinking", "thinking": "t", "signature": "s"}]},
        ],
        "tools": [{"name": "f", "cache_control": mark}, {"type": "tool_search_tool_regex_20251119", "name": "search"}]})
    );
    let marked = json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": mark}]}]});
    assert_eq!(edited(&marked, json!([{"location": "message", "role": "user"}])), marked);
}
