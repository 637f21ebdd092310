use serde_json::json;

use super::*;

const URL: &str = "https://mcp.example/";

fn responses(mut settings: Value) -> Result<McpServer, &'static str> {
    settings["server_label"] = "files".into();
    settings["server_url"] = URL.into();
    let Value::Object(settings) = settings else { panic!("an object") };
    McpServer::of_responses(&settings)
}

fn messages(toolset: Value) -> Result<McpServer, &'static str> {
    let Value::Object(toolset) = toolset else { panic!("an object") };
    McpServer::of_messages(&json!({"type": "url", "name": "files", "url": URL}), Some(&toolset))
}

fn only(server: Result<McpServer, &'static str>) -> Option<Vec<String>> {
    server.unwrap().only
}

#[test]
fn nothing_that_wants_approval_is_called_where_nobody_asks() {
    for approval in [
        json!({}),
        json!({"require_approval": null}),
        json!({"require_approval": "always"}),
        json!({"require_approval": {"always": {"tool_names": ["delete"]}}}),
        json!({"require_approval": {"never": {"read_only": true}}}),
        json!({"require_approval": {"never": {"read_only": true, "tool_names": ["read"]}}}),
    ] {
        assert!(responses(approval.clone()).is_err(), "{approval}");
    }
    let mixed =
        json!({"never": {"tool_names": ["read", "list", "delete"]}, "always": {"tool_names": ["delete"]}});
    let server = responses(json!({"require_approval": mixed})).unwrap();
    assert_eq!(server.only, Some(vec!["read".to_owned(), "list".to_owned()]));
    assert_eq!(server.lost[0].0, "require_approval");
    let server = responses(json!({"require_approval": mixed, "allowed_tools": ["read"]})).unwrap();
    assert_eq!(
        (server.only, server.lost),
        (Some(vec!["read".to_owned()]), vec![]),
        "all that was allowed is free"
    );
    assert!(responses(json!({"require_approval": mixed, "allowed_tools": ["delete"]})).is_err());
    assert_eq!(only(responses(json!({"require_approval": "never"}))), None);
}

#[test]
fn tools_that_were_left_out_are_never_let_in() {
    let never = |allowed: Value| responses(json!({"require_approval": "never", "allowed_tools": allowed}));
    assert_eq!(only(never(json!(["a", "b"]))), Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(only(never(json!({"tool_names": ["a"]}))), Some(vec!["a".to_owned()]));
    assert!(never(json!([])).is_err());
    assert!(never(json!({"read_only": true})).is_err());

    assert_eq!(only(messages(json!({}))), None);
    assert_eq!(only(messages(json!({"configs": {"a": {"enabled": true}}}))), None);
    assert!(messages(json!({"configs": {"a": {"enabled": false}}})).is_err());
    assert!(messages(json!({"default_config": {"enabled": false}})).is_err());
    let some = json!({"default_config": {"enabled": false}, "configs": {"a": {"enabled": true}, "b": {}}});
    assert_eq!(only(messages(some)), Some(vec!["a".to_owned()]));
    let pinned = json!({"tools": [{"name": "a"}, {"name": "b"}], "configs": {"a": {"enabled": false}}});
    let server = messages(pinned).unwrap();
    assert_eq!(server.only, Some(vec!["b".to_owned()]));
    assert_eq!(server.lost, [("tools".to_owned(), "OpenAI asks the server for its tools itself")]);
}

#[test]
fn the_older_form_says_which_tools_there_are_in_the_server_itself() {
    let of = |configuration: Value| {
        let server = json!({"type": "url", "name": "n", "url": URL, "tool_configuration": configuration,
            "authorization_token": "t"});
        McpServer::of_messages(&server, None)
    };
    assert_eq!(only(of(json!({"enabled": true, "allowed_tools": ["a"]}))), Some(vec!["a".to_owned()]));
    assert_eq!(only(of(json!({"enabled": null}))), None);
    assert!(of(json!({"enabled": false})).is_err());
    assert_eq!(of(Value::Null).unwrap().token.as_deref(), Some("t"));
}

#[test]
fn a_token_is_one_however_it_is_said() {
    let token = |settings: Value| {
        let server = responses(settings).unwrap();
        (server.token, server.lost.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
    };
    let said = json!({"require_approval": "never", "headers": {"authorization": "bearer t", "X-Team": "a"}});
    assert_eq!(token(said), (Some("t".to_owned()), vec!["headers.X-Team".to_owned()]));
    let both = json!({"require_approval": "never", "authorization": "t", "headers": {"Authorization": "Bearer other"}});
    assert_eq!(token(both), (Some("t".to_owned()), vec!["headers.Authorization".to_owned()]));
    let basic = json!({"require_approval": "never", "headers": {"Authorization": "Basic dTpw"}});
    assert_eq!(token(basic), (None, vec!["headers.Authorization".to_owned()]));
}

#[test]
fn a_server_without_an_address_is_openais_alone() {
    let Value::Object(connector) = json!({"server_label": "d", "connector_id": "connector_dropbox"}) else {
        panic!("an object")
    };
    assert!(McpServer::of_responses(&connector).unwrap_err().contains("only OpenAI"));
}
