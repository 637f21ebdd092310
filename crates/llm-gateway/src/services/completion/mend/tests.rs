use serde_json::json;

use super::*;

const ALL: Demands = Demands {
    a_message: false,
    user_first: false,
    user_last: false,
    turns: false,
    paired_calls: false,
    instead_of_blank: None,
    thinking_before_calls: false,
    cache_brings_all: false,
};

#[track_caller]
fn mended(demands: Demands, request: Value) -> (Value, Vec<String>) {
    let mut request: ChatRequest = llm_types::from_value(request).unwrap();
    let notes = mend(&mut request, &demands);
    assert!(notes.iter().all(|note| note.kind == NoteKind::Configured && !note.kind.is_lossy()));
    let again = mend(&mut request.clone(), &demands);
    assert!(again.is_empty(), "what is right stays as it is: {again:?}");
    (serde_json::to_value(request).unwrap(), notes.into_iter().map(|note| note.path).collect())
}

#[track_caller]
fn messages(demands: Demands, messages: &Value) -> (Value, Vec<String>) {
    let (mut request, notes) = mended(demands, json!({"model": "m", "messages": messages}));
    (request["messages"].take(), notes)
}

#[test]
fn nothing_is_done_unasked() {
    let odd =
        json!([{"role": "assistant", "content": " "}, {"role": "tool", "tool_call_id": "x", "content": ""}]);
    assert_eq!(messages(ALL, &odd), (odd, vec![]));
}

#[test]
fn somebody_speaks_and_the_user_first_and_last() {
    let go_on = json!({"role": "user", "content": "Please continue."});
    let system = json!({"role": "system", "content": "s"});
    let said = json!({"role": "assistant", "content": "a"});
    let demands = Demands { a_message: true, user_first: true, user_last: true, ..ALL };
    let of = |given: Value| messages(demands, &given).0;
    assert_eq!(of(json!([])), json!([go_on]));
    assert_eq!(of(json!([system])), json!([system, go_on]));
    assert_eq!(of(json!([system, said])), json!([system, go_on, said, go_on]));
    let prefix = json!({"role": "assistant", "content": "a", "prefix": true});
    assert_eq!(of(json!([go_on, prefix])), json!([go_on, prefix]));
}

#[test]
fn the_model_speaks_between_results_and_the_user() {
    let (told, notes) = messages(
        Demands { turns: true, ..ALL },
        &json!([
            {"role": "user", "content": "a"}, {"role": "user", "content": "b"},
            {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "1", "content": "r"}, {"role": "user", "content": "c"},
        ]),
    );
    let roles: Vec<_> =
        told.as_array().unwrap().iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "user", "assistant", "tool", "assistant", "user"]);
    assert_eq!(told[4]["content"], "Please continue.");
    assert_eq!(notes, ["messages[4]"]);
}

#[test]
fn blank_words_are_replaced_or_left_out() {
    let demands = Demands { instead_of_blank: Some("-"), ..ALL };
    let calls = json!([{"id": "1", "function": {"name": "f", "arguments": "{}"}}]);
    for (given, expected) in [
        (json!({"role": "user", "content": " \n"}), json!({"role": "user", "content": "-"})),
        (json!({"role": "user"}), json!({"role": "user", "content": "-"})),
        (
            json!({"role": "user", "content": []}),
            json!({"role": "user", "content": [{"type": "text", "text": "-"}]}),
        ),
        (json!({"role": "assistant", "content": ""}), json!({"role": "assistant", "content": "-"})),
        (
            json!({"role": "assistant", "content": "", "tool_calls": calls}),
            json!({"role": "assistant", "content": null, "tool_calls": calls}),
        ),
        (
            json!({"role": "assistant", "content": [{"type": "text", "text": ""}], "tool_calls": calls}),
            json!({"role": "assistant", "content": [], "tool_calls": calls}),
        ),
        (
            json!({"role": "user", "content": [{"type": "text", "text": ""}, {"type": "text", "text": "b"}]}),
            json!({"role": "user", "content": [{"type": "text", "text": "-"}, {"type": "text", "text": "b"}]}),
        ),
        (json!({"role": "system", "content": ""}), json!({"role": "system", "content": ""})),
        (json!({"role": "tool", "content": ""}), json!({"role": "tool", "content": ""})),
    ] {
        assert_eq!(messages(demands, &json!([given])).0, json!([expected]), "{given}");
    }
}

#[test]
fn calls_and_results_are_paired() {
    let demands = Demands { paired_calls: true, ..ALL };
    let call = |ids: &[&str]| {
        let calls: Vec<_> = ids.iter().map(|id| json!({"id": id, "function": {"name": "f"}})).collect();
        json!({"role": "assistant", "tool_calls": calls})
    };
    let result = |id: &str, text: &str| json!({"role": "tool", "tool_call_id": id, "content": text});
    let user = json!({"role": "user", "content": "u"});
    let made_up = |id: &str| {
        result(id, "[System: Tool execution skipped/interrupted by user. No result provided for tool 'f'.]")
    };
    for (given, expected) in [
        (json!([user, call(&["1"]), result("1", "a")]), json!([user, call(&["1"]), result("1", "a")])),
        (json!([call(&["1"]), user]), json!([call(&["1"]), made_up("1"), user])),
        (
            json!([call(&["1", "2"]), result("2", "b"), user]),
            json!([call(&["1", "2"]), result("2", "b"), made_up("1"), user]),
        ),
        (json!([call(&["1"]), user, result("1", "a")]), json!([call(&["1"]), result("1", "a"), user])),
        (json!([user, result("9", "?"), user]), json!([user, user])),
        (json!([call(&["1"]), result("1", "a"), result("1", "b")]), json!([call(&["1"]), result("1", "b")])),
        // The same id in two turns is two calls.
        (
            json!([call(&["1"]), result("1", "a"), call(&["1"]), result("1", "b")]),
            json!([call(&["1"]), result("1", "a"), call(&["1"]), result("1", "b")]),
        ),
    ] {
        let (told, notes) = messages(demands, &given);
        assert_eq!(told, expected, "{given}");
        assert_eq!(notes.is_empty(), told == given, "{given}: {notes:?}");
    }
}

#[test]
fn thinking_that_was_lost_is_not_asked_for() {
    let demands = Demands { thinking_before_calls: true, ..ALL };
    let calls = json!([{"id": "1", "function": {"name": "f"}}]);
    let of = |turn: Value| {
        let thinking = json!({"type": "enabled", "budget_tokens": 1024});
        mended(
            demands,
            json!({"model": "m", "messages": [turn], "thinking": thinking, "reasoning_effort": "low"}),
        )
    };
    let (told, notes) = of(json!({"role": "assistant", "tool_calls": calls}));
    assert!(told.get("thinking").is_none() && told.get("reasoning_effort").is_none());
    assert_eq!(notes, ["thinking", "reasoning_effort"]);
    let kept = json!({"role": "assistant", "tool_calls": calls, "thinking_blocks": [{"type": "thinking", "thinking": "t", "signature": "s"}]});
    assert_eq!(of(kept).1, [""; 0]);
    assert_eq!(of(json!({"role": "assistant", "content": "a"})).1, [""; 0]);
}

#[test]
fn a_cached_prompt_brings_its_own() {
    let request = json!({"model": "m", "cached_content": "c", "tools": [], "tool_choice": "auto",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]});
    let (told, notes) = mended(Demands { cache_brings_all: true, ..ALL }, request);
    assert_eq!(
        told,
        json!({"model": "m", "cached_content": "c", "messages": [{"role": "user", "content": "u"}]})
    );
    assert_eq!(notes, ["messages", "tools", "tool_choice"]);
}

#[test]
fn limits_fit_the_model() {
    let window =
        |input: u64, output: u64| Window { max_input_tokens: Some(input), max_output_tokens: Some(output) };
    assert_eq!(fitting_limit(9000, window(200_000, 8192), 4), Some(8192));
    assert_eq!(fitting_limit(8192, window(200_000, 8192), 4), None);
    assert_eq!(fitting_limit(9000, Window::default(), 4), None, "an unknown model is not judged");
    // One window for both: 100 tokens of prompt, and ten more in case.
    assert_eq!(fitting_limit(4096, window(4096, 4096), 400), Some(4096 - 110));
    assert_eq!(fitting_limit(100, window(4096, 4096), 400), None);
    assert_eq!(
        fitting_limit(100, window(4096, 4096), 40_000),
        None,
        "too long a prompt is the vendor's to refuse"
    );
}
