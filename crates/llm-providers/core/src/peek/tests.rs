//! What is seen of a body, and what is said of a bad one.

use super::*;

#[test]
fn members_are_seen_in_order_and_as_they_are() {
    let body =
        br#" {"model" : "gpt-4o", "stream":true,"messages": [ {"a" : 1} ] ,"n":null,"user":"\u0061\"b"} "#;
    let peek = Peek::new(body).unwrap();
    let names: Vec<_> = peek.members().iter().map(|member| member.name.as_ref()).collect();
    assert_eq!(names, ["model", "stream", "messages", "n", "user"]);
    assert_eq!(peek.raw("messages"), Some(r#"[ {"a" : 1} ]"#));
    assert!(peek.has("model") && !peek.has("n") && !peek.has("top_p"));
    assert_eq!(peek.raw("n"), Some("null"));
    assert!(matches!(peek.model(), Ok(Cow::Borrowed("gpt-4o"))), "a plain string is borrowed");
    assert_eq!(peek.text("user").unwrap().as_deref(), Some("a\"b"));
    assert_eq!(peek.get::<u32>("n"), Ok(None));
    assert_eq!(peek.stream(), Ok(true));
    for member in peek.members() {
        assert_eq!(&peek.body()[peek.span(member.value)], member.value);
    }
}

#[test]
fn bad_bodies_are_told_apart() {
    for (body, path, message) in [
        (&b""[..], "", "the body is empty; a JSON object is expected"),
        (b" \n", "", "the body is empty; a JSON object is expected"),
        (b"\xFF{}", "", "the body is not UTF-8 at byte 0"),
        (b"{\"a\":\"\xC3\"}", "", "the body is not UTF-8 at byte 6"),
        (b"[]", "", "the body is not a JSON object: invalid type: sequence, expected an object"),
        (b"\"{}\"", "", "the body is not a JSON object: invalid type: string"),
        (b"{", "", "the body is not a JSON object: EOF while parsing an object"),
        (b"{\"a\":1,}", "", "the body is not a JSON object: trailing comma"),
        (b"{\"a\":1} {}", "", "the body is not a JSON object: trailing characters"),
        (b"{\"a\":01}", "", "the body is not a JSON object: invalid number"),
        (b"{a:1}", "", "the body is not a JSON object: key must be a string"),
        (b"{\"a\":1,\"\\u0061\":2}", "a", "stands twice in the body"),
    ] {
        let error = Peek::new(body).expect_err(&body.escape_ascii().to_string());
        assert_eq!(error.path, path, "{error}");
        assert!(error.message.starts_with(message), "{}: {error}", body.escape_ascii());
    }
}

#[test]
fn members_of_the_wrong_type_are_named() {
    let peek = Peek::new(br#"{"model":7,"stream":"yes","max_tokens":-1,"user":{}}"#).unwrap();
    for (error, text) in [
        (peek.model().unwrap_err(), "model: invalid type: integer `7`, expected a string"),
        (peek.stream().unwrap_err(), "stream: invalid type: string \"yes\", expected a boolean"),
        (
            peek.get::<u64>("max_tokens").unwrap_err(),
            "max_tokens: invalid value: integer `-1`, expected a whole number, 0 or more",
        ),
        (peek.text("user").unwrap_err(), "user: invalid type: map, expected a string"),
        (Peek::new(b"{}").unwrap().model().unwrap_err(), "model: is missing"),
        (Peek::new(br#"{"model":null}"#).unwrap().model().unwrap_err(), "model: is missing"),
    ] {
        assert_eq!(error.to_string(), text);
        assert_eq!(llm_types::ApiError::from(error.clone()).param.as_deref(), Some(error.path.as_str()));
    }
}

#[test]
fn depth_costs_no_stack() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    assert_eq!(Peek::new(deep.as_bytes()).unwrap().raw("a").map(str::len), Some(2 << 20));
}

#[test]
fn a_name_that_stands_twice_is_found_among_many() {
    for (first, second) in [(0, 1), (3, 47), (3, 48), (46, 60), (48, 49), (60, 99_999)] {
        let members: Vec<_> =
            (0..100_000).map(|at| format!("\"m{}\":0", if at == second { first } else { at })).collect();
        let error = Peek::new(format!("{{{}}}", members.join(",")).as_bytes()).unwrap_err();
        assert_eq!(error.path, format!("m{first}"));
    }
}

#[test]
fn names_are_found_among_others_with_their_marks() {
    const NAMES: Names = Names::new(&["fallbacks", "tags", "", "x"]);
    for (text, is_there) in [
        (r#"{"model":"m","tags":[]}"#, true),
        (r#"{"fallbacks":1}"#, true),
        (r#"{"":1}"#, true),
        (r#"{"x":null}"#, true),
        (r#"{"model":"m","tagz":[],"fallback":1,"y":2}"#, false),
        ("{}", false),
    ] {
        let peek = Peek::new(text.as_bytes()).unwrap();
        assert_eq!(peek.any_of(&NAMES), is_there, "{text}");
        for member in peek.members() {
            assert_eq!(peek.raw(&member.name), Some(member.value));
        }
    }
}
