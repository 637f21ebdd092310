use serde_json::{Value, json};

use super::*;

fn piece(value: Value) -> ToolCall {
    llm_types::from_value(value).unwrap()
}

fn call(index: u32, name: &str, input: &str) -> Value {
    json!({"index": index, "id": format!("other_{index}"), "type": "function", "function": {"name": name, "arguments": input}})
}

fn known(calls: &[(&str, &str)]) -> Calls {
    let mut known = Calls::default();
    for (index, (name, input)) in (0..).zip(calls) {
        let id = format!("call_{index}");
        known.hear(&piece(
            json!({"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}),
        ));
        for letter in input.chars() {
            known.hear(&piece(json!({"index": index, "function": {"arguments": letter.to_string()}})));
        }
    }
    known
}

/// The calls that the client has in the end, however the other leg's are cut.
fn joined(
    first: &[(&str, &str)],
    again: &[(&str, &str)],
) -> Result<Vec<(u32, String, String, String)>, Contradiction> {
    let mut results = Vec::new();
    for size in [1, 3, 1000] {
        let mut calls = known(first);
        let mut other = Again::after(&calls);
        let mut out = Vec::new();
        for (index, (name, input)) in (0..).zip(again) {
            other.push(&piece(call(index, name, "")), &mut out)?;
            let letters: Vec<char> = input.chars().collect();
            for letters in letters.chunks(size) {
                let more: String = letters.iter().collect();
                other.push(&piece(json!({"index": index, "function": {"arguments": more}})), &mut out)?;
            }
        }
        other.finish(&mut out)?;
        for piece in &out {
            let begins = calls.0.iter().all(|call| Some(&call.index) != piece.index.get());
            assert_eq!(begins, piece.id.is_value(), "only new calls are named: {piece:?}");
            calls.hear(piece);
        }
        let told = calls.0.into_iter().map(|call| (call.index, call.id.unwrap(), call.name, call.input));
        results.push(told.collect::<Vec<_>>());
    }
    assert!(results.iter().all(|one| *one == results[0]), "{results:?}");
    Ok(results.swap_remove(0))
}

fn told(calls: &[(u32, &str, &str, &str)]) -> Vec<(u32, String, String, String)> {
    let owned = |text: &str| text.to_owned();
    calls.iter().map(|(at, id, name, input)| (*at, owned(id), owned(name), owned(input))).collect()
}

#[test]
fn a_call_goes_on_wherever_it_broke_off() {
    let whole = r#"{"city":"Paris","days":[1,2]}"#;
    for (at, _) in whole.char_indices() {
        let all = joined(&[("weather", &whole[..at])], &[("weather", whole)]).unwrap();
        assert_eq!(all, told(&[(0, "call_0", "weather", whole)]));
    }
}

#[test]
fn whole_calls_are_kept_and_new_ones_follow() {
    let first = [("f", r#"{"a":1}"#), ("g", r#"{"b":"#)];
    let again = [("f", r#"{ "a": 1 }"#), ("g", r#"{"b":2}"#), ("f", r#"{"a":3}"#)];
    let expected = told(&[
        (0, "call_0", "f", r#"{"a":1}"#),
        (1, "call_1", "g", r#"{"b":2}"#),
        (2, "other_2", "f", r#"{"a":3}"#),
    ]);
    assert_eq!(joined(&first, &again).unwrap(), expected);
    // Without the first, and with others in its place.
    let late = [("g", r#"{"b":2}"#), ("f", r#"{"a":1}"#)];
    assert_eq!(joined(&first, &late).unwrap(), expected[..2]);
}

#[test]
fn all_whole_and_nothing_more_is_fine() {
    let first = [("f", r#"{"a":1}"#), ("f", r#"{"a":2}"#)];
    assert_eq!(joined(&first, &[]).unwrap().len(), 2);
    assert_eq!(joined(&first, &[("f", r#"{"a":2}"#)]).unwrap().len(), 2);
    // Said a little differently in the same place: the client has it.
    assert_eq!(joined(&first, &[("f", r#"{"a":1.0}"#), ("f", r#"{"a":2}"#)]).unwrap().len(), 2);
    assert_eq!(joined(&first, &[("f", r#"{"a":1}"#), ("f", r#"{"a":2}"#), ("g", "{}")]).unwrap().len(), 3);
}

#[test]
fn what_contradicts_the_beginning_is_refused() {
    let first = [("f", r#"{"a":"Par"#)];
    for (again, why) in [
        (vec![("f", r#"{"a":"Rome"}"#)], Contradiction::Differs),
        (vec![("f", r#"{"a":"P"#)], Contradiction::Unfinished),
        (vec![("g", r#"{"a":"Paris"}"#)], Contradiction::Unfinished),
        (vec![], Contradiction::Unfinished),
    ] {
        assert_eq!(joined(&first, &again), Err(why), "{again:?}");
    }
}

#[test]
fn a_new_call_waits_until_the_torn_one_is_mended() {
    let first = [("f", r#"{"a":"Par"#)];
    let all = joined(&first, &[("g", "{}"), ("f", r#"{"a":"Paris"}"#)]).unwrap();
    assert_eq!(all, told(&[(0, "call_0", "f", r#"{"a":"Paris"}"#), (1, "other_0", "g", "{}")]));
}

#[test]
fn names_of_calls_stay_apart() {
    let mut calls = Calls::default();
    calls.hear(&piece(json!({"index": 0, "id": "other_0", "function": {"name": "f", "arguments": "{}"}})));
    let mut again = Again::after(&calls);
    let mut out = Vec::new();
    again.push(&piece(call(0, "g", "{}")), &mut out).unwrap();
    assert_eq!((out[0].id.as_deref(), out[0].index.get()), (Some("other_0_1"), Some(&1)));
}

#[test]
fn free_text_goes_on_letter_by_letter() {
    let mut calls = Calls::default();
    calls.hear(&piece(
        json!({"index": 0, "id": "c", "type": "custom", "custom": {"name": "sql", "input": "select *"}}),
    ));
    let mut again = Again::after(&calls);
    let mut out = Vec::new();
    let head = json!({"index": 0, "id": "d", "type": "custom", "custom": {"name": "sql", "input": "sel"}});
    again.push(&piece(head), &mut out).unwrap();
    assert!(out.is_empty());
    for more in ["ect * fr", "om t"] {
        again.push(&piece(json!({"index": 0, "custom": {"input": more}})), &mut out).unwrap();
    }
    again.finish(&mut out).unwrap();
    let said: String = out.iter().filter_map(|piece| piece.custom.get()?.input.as_deref()).collect();
    assert_eq!(said, " from t");
}
