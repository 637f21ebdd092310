//! What counts as carried, and what as lost.

use llm_provider_core::Note;
use serde_json::json;

use super::*;

fn lost(request: Value, body: &Value, notes: Vec<Note>, equivalences: &[Equivalence]) -> Vec<String> {
    let request: ChatRequest = llm_types::from_value(request).unwrap();
    let http =
        http::Request::builder().uri("https://v.invalid/models/m:generate?alt=sse").header("x-user", "ada");
    let encoded = Encoded { request: http.body(body.to_string().into_bytes().into()).unwrap(), notes };
    losses(&request, &encoded, equivalences).iter().map(ToString::to_string).collect()
}

fn with(name: &str, value: Value) -> Value {
    let mut request = json!({"model": "m", "messages": []});
    request[name] = value;
    request
}

#[test]
fn values_are_found_wherever_they_stand() {
    let none: Vec<String> = Vec::new();
    for (request, body) in [
        (with("seed", json!(7)), json!({"config": {"seed": 7}})),
        (with("temperature", json!(1)), json!({"temp": 1.0})),
        (with("user", json!("ada")), json!({})),
        (with("user", json!("sse")), json!({})),
        (with("max_tokens", json!(512)), json!({"note": "at most 512 tokens"})),
        (with("top_p", Value::Null), json!({})),
        (with("stop", json!(["a", "b"])), json!({"stops": ["b", "a"]})),
        (
            json!({"model": "m", "messages": [{"role": "assistant", "content": "One. Two."}]}),
            json!({"parts": [{"text": "One. "}, {"text": "Two."}]}),
        ),
        (
            json!({"model": "m", "messages": [{"role": "tool", "content": "a\nb"}]}),
            json!({"content": "{\"said\":\"a\\nb\"}"}),
        ),
        (
            json!({"model": "m", "messages": [{"role": "system", "content": "One."}, {"role": "user", "content": "Two."}]}),
            json!({"system": "One.\n\nTwo."}),
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAEC"}}]}]}),
            json!({"source": {"media_type": "image/png", "data": "AAEC"}}),
        ),
        (
            json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1, \"b\": null}"}}]}]}),
            json!({"id": "c", "name": "f", "input": {"a": 1, "b": null}}),
        ),
    ] {
        assert_eq!(lost(request.clone(), &body, Vec::new(), &[]), none, "{request} in {body}");
    }
}

#[test]
fn text_in_base64_is_found_in_words() {
    let file = |data: &str| json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "file", "file": {"file_data": data}}]}]});
    let body = json!({"text": "The sky is blue."});
    assert_eq!(lost(file("VGhlIHNreQ=="), &body, Vec::new(), &[]), Vec::<String>::new());
    for data in ["VGhlIHNlYQ==", "", "no base64"] {
        let expected: &[String] = &[format!("messages[0].content[0].file.file_data = \"{data}\"")];
        let lost = lost(file(data), &body, Vec::new(), &[]);
        assert_eq!(lost, if data.is_empty() { &[] } else { expected });
    }
}

#[test]
fn a_claim_may_be_of_a_beginning() {
    let claims = [Equivalence::of("user", "made_*", "")];
    assert_eq!(lost(with("user", json!("made_1")), &json!({}), Vec::new(), &claims), Vec::<String>::new());
    assert_eq!(lost(with("user", json!("mad")), &json!({}), Vec::new(), &claims), ["user = \"mad\""]);
}

#[test]
fn what_is_not_there_is_lost() {
    for (request, body, loss) in [
        (with("seed", json!(7)), json!({"seed": 8}), "seed = 7"),
        (with("user", json!("One. Six.")), json!({"parts": ["One. ", "Two."]}), "user = \"One. Six.\""),
        (with("user", json!("bob")), json!({}), "user = \"bob\""),
        (with("store", json!(true)), json!({"other": "true"}), "store = true"),
        // One `true` answers for one leaf only.
        (
            json!({"model": "m", "messages": [], "logprobs": true, "store": true}),
            json!({"logprobs": true}),
            "store = true",
        ),
        (
            with(
                "tools",
                json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]),
            ),
            json!({"name": "f"}),
            "tools[0].function.parameters.type = \"object\"",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAEC"}}]}]}),
            json!({"source": {"media_type": "image/jpeg", "data": "AAEC"}}),
            "messages[0].content[0].image_url.url = \"data:image/png;base64,AAEC\"",
        ),
    ] {
        assert_eq!(lost(request, &body, Vec::new(), &[]), [loss]);
    }
}

#[test]
fn notes_cover_their_member_and_all_beneath() {
    let request = with("logit_bias", json!({"50256": -100}));
    for (path, covered) in
        [("logit_bias", true), ("logit_bias.50256", true), ("logit", false), ("logit_bias.5", false)]
    {
        assert_eq!(
            lost(request.clone(), &json!({}), vec![Note::dropped(path, "")], &[]).is_empty(),
            covered,
            "{path}"
        );
    }
}

#[test]
fn equivalences_are_limited_and_checked() {
    let request = with("tool_choice", json!("required"));
    let body = json!({"tool_choice": {"type": "any"}});
    for (claim, holds) in [
        (Equivalence::any("tool_choice", r#""tool_choice":{"type":"any"}"#), true),
        (Equivalence::of("tool_choice", "required", r#"{"type":"any"}"#), true),
        (Equivalence::of("tool_choice", "none", r#"{"type":"any"}"#), false),
        (Equivalence::any("tool_choice", r#"{"type":"tool"}"#), false),
        (Equivalence::any("tool", ""), false),
        (Equivalence::any("tool_choice", ""), true),
    ] {
        assert_eq!(lost(request.clone(), &body, Vec::new(), &[claim]).is_empty(), holds, "{claim:?}");
    }
}

#[test]
fn patterns_stand_for_any_index() {
    for (pattern, path, matched) in [
        ("messages[*].name", "messages[12].name", true),
        ("messages[*]", "messages[12].name", true),
        ("messages[*].content[*].text", "messages[0].content[3].text", true),
        ("messages[*].name", "messages[12].names", false),
        ("messages[*].name", "messages[x].name", false),
        ("messages[*].name", "messages.name", false),
        ("messages[*].content[*]", "messages[0].content", false),
    ] {
        assert_eq!(matches(pattern, path), matched, "{pattern} {path}");
    }
}
