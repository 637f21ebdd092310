//! `teams`, `users` and `models`.

use serde_json::json;
use wiremock::matchers::{body_json, path};

use super::{Both, Scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn teams_and_their_members() {
    let scene = Scene::new().await;
    let team = json!({"team_id": "t-1", "team_alias": "platform", "members_with_roles": [
        {"role": "admin", "user_id": "anna"}, {"role": "user", "user_id": null, "user_email": "bob@example.com"},
    ], "models": [], "spend": 1.5, "max_budget": null, "blocked": false});
    let body = json!({"team_alias": "platform", "max_budget": 100, "team_member_budget": 5,
        "members_with_roles": [{"role": "admin", "user_id": "anna"}, {"role": "user", "user_email": "bob@example.com"}]});
    scene.posts("/team/new", &body, team.clone()).await;
    let (out, _) = scene.tells(&[
        "teams",
        "create",
        "--alias",
        "platform",
        "--max-budget",
        "100",
        "--team-member-budget",
        "5",
        "--admin",
        "anna",
        "--member",
        "bob@example.com",
    ]);
    let members = "role admin, user_id anna; role user, user_email bob@example.com\n";
    assert!(out.contains("team_alias") && out.contains(members), "{out}");

    scene.gets("/v2/team/list", &[], json!({"teams": [team], "total": 1, "page": 1, "total_pages": 1})).await;
    let (out, err) = scene.tells(&["teams", "list"]);
    let row: Vec<&str> = out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((row, &*err), (vec!["platform", "t-1", "-", "2", "-", "$1.5", "-", "-"], ""), "{out}");

    let by_id = json!({"teams": [{"team_id": "t-1"}], "total": 1, "total_pages": 1});
    for (arguments, path, body, told) in [
        (vec!["block", "t-1"], "/team/block", json!({"team_id": "t-1"}), "t-1 blocked\n"),
        (vec!["unblock", "t-1"], "/team/unblock", json!({"team_id": "t-1"}), "t-1 serves again\n"),
        (vec!["delete", "t-1"], "/team/delete", json!({"team_ids": ["t-1"]}), "deleted t-1\n"),
        (
            vec!["add-member", "t-1", "bob@example.com", "--role", "admin", "--max-budget", "3.5"],
            "/team/member_add",
            json!({"team_id": "t-1", "member": {"role": "admin", "user_email": "bob@example.com"},
                "max_budget_in_team": 3.5}),
            "bob@example.com is in t-1\n",
        ),
        (
            vec!["remove-member", "t-1", "anna"],
            "/team/member_delete",
            json!({"team_id": "t-1", "user_id": "anna"}),
            "anna is no longer in t-1\n",
        ),
    ] {
        scene.server.reset().await;
        scene.gets("/v2/team/list", &[("team_id", "t-1")], by_id.clone()).await;
        scene.posts(path, &body, json!({})).await;
        assert_eq!(scene.tells(&[&["teams"], &arguments[..]].concat()).0, told);
    }

    scene.server.reset().await;
    scene.gets("/v2/team/list", &[("team_id", "t-1")], by_id).await;
    let info = json!({"team_id": "t-1", "team_info": {"team_id": "t-1", "team_alias": "platform", "models": []},
        "keys": [{"key_alias": "ci", "key_name": "sk-...1"}, {"key_alias": null, "key_name": "sk-...2"}]});
    scene.gets("/team/info", &[("team_id", "t-1")], info).await;
    assert_eq!(
        scene.tells(&["teams", "show", "t-1"]).0,
        "team_id     t-1\nteam_alias  platform\nkeys        ci, sk-...2\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_with_and_without_a_key() {
    let scene = Scene::new().await;
    let user = json!({"user_id": "u-1", "user_email": "anna@example.com", "user_role": "internal_user", "key": "",
        "teams": ["t-1"], "spend": 0});
    let body =
        json!({"user_email": "anna@example.com", "user_role": "internal_user", "auto_create_key": false});
    scene.posts("/user/new", &body, user.clone()).await;
    let create = ["users", "create", "--email", "anna@example.com", "--role", "internal_user"];
    assert_eq!(scene.tells(&[&create[..], &["-q"]].concat()), ("u-1\n".into(), String::new()));

    scene.server.reset().await;
    let mut with_key = user.clone();
    with_key["key"] = json!("sk-of-annas");
    let body = json!({"user_id": "u-1", "auto_create_key": true});
    scene.posts("/user/new", &body, with_key).await;
    let (out, err) = scene.tells(&["users", "create", "--id", "u-1", "--with-key"]);
    assert!(out.ends_with("\n\nsk-of-annas\n") && err.contains("not shown again"), "{out}{err}");

    scene.server.reset().await;
    scene.gets("/user/list", &[("user_ids", "anna@example.com")], json!({"users": [], "total": 0})).await;
    let found = json!({"users": [user], "total": 1, "total_pages": 1});
    scene.gets("/user/list", &[("user_email", "anna@example.com")], found).await;
    let info = json!({"user_id": "u-1", "user_info": {"user_id": "u-1", "teams": ["t-1"]},
        "teams": [{"team_alias": "platform", "team_id": "t-1"}], "keys": [{"key_name": "sk-...1"}]});
    scene.gets("/user/info", &[("user_id", "u-1")], info).await;
    assert_eq!(
        scene.tells(&["users", "show", "anna@example.com"]).0,
        "user_id  u-1\nteams    platform\nkeys     sk-...1\n"
    );
    scene
        .posts(
            "/user/update",
            &json!({"user_id": "u-1", "max_budget": 5}),
            json!({"user_id": "u-1", "data": {}}),
        )
        .await;
    scene.tells(&["users", "update", "u-1", "--max-budget", "5"]);
    scene.posts("/user/delete", &json!({"user_ids": ["u-1"]}), json!(1)).await;
    assert_eq!(scene.tells(&["users", "delete", "u-1"]).0, "deleted u-1\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_beside_those_of_the_file() {
    let scene = Scene::new().await;
    let body = json!({"model_name": "fast", "litellm_params": {"model": "openai/gpt-4o-mini", "api_base":
        "https://example.com/v1", "api_key": "os.environ/OPENAI_API_KEY", "temperature": 0, "region_name": "eu"},
        "model_info": {"mode": "chat"}});
    scene.posts("/model/new", &body, json!({"model_id": "m-1", "model_info": {"id": "m-1"}})).await;
    let (out, _) = scene.tells(&[
        "models",
        "add",
        "fast",
        "openai/gpt-4o-mini",
        "--api-base",
        "https://example.com/v1",
        "--api-key",
        "os.environ/OPENAI_API_KEY",
        "-p",
        "temperature=0",
        "-p",
        "region_name=eu",
        "-i",
        "mode=chat",
    ]);
    assert_eq!(out, "fast is served by openai/gpt-4o-mini as m-1\n");

    let one = |id: &str, name: &str, added: bool| {
        json!({"model_name": name, "litellm_params": {"model": "openai/gpt-4o-mini"}, "model_info": {"id": id,
            "db_model": added}})
    };
    let all = json!({"data": [one("m-1", "fast", true), one("m-2", "slow", false)], "total_count": 2});
    scene.gets("/v2/model/info", &[], all).await;
    let (out, _) = scene.tells(&["models", "list"]);
    let rows: Vec<Vec<&str>> = out.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["fast", "openai/gpt-4o-mini", "-", "api", "-", "m-1"], "{out}");
    assert_eq!(rows[1][3], "file", "{out}");

    scene.server.reset().await;
    scene.gets("/v2/model/info", &[("modelId", "fast")], json!({"data": []})).await;
    scene.gets("/v2/model/info", &[("model", "fast")], json!({"data": [one("m-1", "fast", true)]})).await;
    let body = json!({"litellm_params": {"rpm": 5}, "model_name": "faster"});
    let changes = Both(path("/model/m%2D1/update"), body_json(&body));
    scene.answers(changes, "PATCH", 200, json!({})).await;
    let (out, _) = scene.tells(&["models", "update", "fast", "--rpm", "5", "--name", "faster"]);
    assert_eq!(out, "changed fast\n");

    scene.server.reset().await;
    scene.gets("/v2/model/info", &[("modelId", "m-2")], json!({"data": [one("m-2", "slow", false)]})).await;
    let output = scene.run(&["models", "delete", "m-2"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && told.contains("configuration file"), "{told}");

    scene.server.reset().await;
    scene.gets("/v2/model/info", &[("modelId", "fast")], json!({"data": []})).await;
    let two = json!({"data": [one("m-1", "fast", true), one("m-3", "fast", true)]});
    scene.gets("/v2/model/info", &[("model", "fast")], two).await;
    let output = scene.run(&["models", "delete", "fast"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && told.contains("m-1, m-3"), "{told}");
}
