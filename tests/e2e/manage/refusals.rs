//! What cannot be had.

use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, ResponseTemplate};

use super::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_gateway_refuses_is_told() {
    let scene = Scene::new().await;
    let refusal = json!({"error": {"message": "models is not yours to set", "type": "permission_denied",
        "param": "models", "code": "not_allowed"}});
    scene.answers(path("/key/generate"), "POST", 403, refusal.clone()).await;
    let output = scene.run(&["keys", "create", "--json"]);
    assert_eq!(output.status.code(), Some(1), "the answer is no");
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), refusal);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, "error: 403 Forbidden, not_allowed: models is not yours to set\n");

    scene.server.reset().await;
    scene.answers(path("/user/new"), "POST", 503, json!({"error": {"message": "away"}})).await;
    let output = scene.run(&["users", "create"]);
    assert_eq!(output.status.code(), Some(2), "there is no answer");
    assert!(output.stdout.is_empty());

    let ignored = ResponseTemplate::new(200).insert_header("x-llm-gateway-ignored", "colour, size");
    let ignored = ignored.set_body_json(json!({"team_id": "t-1"}));
    Mock::given(path("/team/new")).respond_with(ignored).mount(&scene.server).await;
    let (out, err) = scene.tells(&["teams", "create", "--set", "colour=red", "-q"]);
    assert_eq!((&*out, &*err), ("t-1\n", "warning: the gateway made nothing of colour, size\n"));
}

#[test]
fn nobody_there_and_nothing_meant() {
    for (arguments, word) in [
        (
            &["keys", "list", "--url", "http://127.0.0.1:9"][..],
            "cannot ask the gateway at http://127.0.0.1:9: ",
        ),
        (&["keys", "list", "--url", "nowhere/at all"], "no address"),
        (&["keys", "create", "--key", "a\nb"], "no text for a header"),
        (&["keys", "update", "k", "--url", "http://127.0.0.1:9"], "nothing is said to change"),
        (&["teams", "update", "t", "--url", "http://127.0.0.1:9"], "nothing is said to change"),
        (&["users", "update", "u", "--url", "http://127.0.0.1:9"], "nothing is said to change"),
        (&["models", "update", "m", "--url", "http://127.0.0.1:9"], "nothing is said to change"),
    ] {
        let output = crate::process::run(arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(word), "{arguments:?}: {told}");
    }
}
