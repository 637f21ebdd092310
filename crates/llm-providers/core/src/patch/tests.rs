//! Patches: what is touched, and that nothing else is.

use super::*;

fn patch(body: &'static str, edits: &[Edit]) -> String {
    let body = Bytes::from_static(body.as_bytes());
    let peek = Peek::new(&body).unwrap();
    String::from_utf8(apply(&body, &peek, edits).to_vec()).unwrap()
}

fn remove(name: &'static str) -> Edit {
    Edit::Remove { name: name.into(), reason: "".into() }
}

#[test]
fn no_edit_shares_the_bytes() {
    let body = Bytes::from_static(br#"{"a":1}"#);
    assert_eq!(apply(&body, &Peek::new(&body).unwrap(), &[]).as_ptr(), body.as_ptr());
}

#[test]
fn sets_in_place_and_keeps_space() {
    assert_eq!(
        patch(r#" { "model" : "a,b" , "n": 1 } "#, &[Edit::set_text("model", "x\"y")]),
        r#" { "model" : "x\"y" , "n": 1 } "#
    );
}

#[test]
fn removes_first_middle_last_and_all() {
    let body = r#"{"a":[1,2],"b":{"c":","},"d":3}"#;
    assert_eq!(patch(body, &[remove("a")]), r#"{"b":{"c":","},"d":3}"#);
    assert_eq!(patch(body, &[remove("b")]), r#"{"a":[1,2],"d":3}"#);
    assert_eq!(patch(body, &[remove("d")]), r#"{"a":[1,2],"b":{"c":","}}"#);
    assert_eq!(patch(body, &[remove("a"), remove("b")]), r#"{"d":3}"#);
    assert_eq!(patch(body, &[remove("a"), remove("b"), remove("d")]), "{}");
}

#[test]
fn adds_and_renames() {
    let add = Edit::Set { name: "z".into(), json: "{}".into() };
    assert_eq!(patch("{}", std::slice::from_ref(&add)), r#"{"z":{}}"#);
    assert_eq!(
        patch(r#"{"max_tokens": 5}"#, &[Edit::Rename { name: "max_tokens".into(), to: "limit".into() }, add]),
        r#"{"limit":5,"z":{}}"#
    );
}

#[test]
fn names_with_escapes() {
    assert_eq!(
        patch(r#"{"a":1,"m\u006fdel":"x","b":2}"#, &[Edit::set_text("model", "y")]),
        r#"{"a":1,"m\u006fdel":"y","b":2}"#
    );
    assert_eq!(patch(r#"{"m\u006fdel":"x","b":2}"#, &[remove("model")]), r#"{"b":2}"#);
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let error = Peek::new(br#"{"model":"a","model":"b"}"#).unwrap_err();
    assert_eq!(error.to_string(), "model: stands twice in the body");
}
