//! Models that were added over the API, and whose they are.

use serde_json::{Value, json};

use super::{MASTER, ask, chats, config, key, manage, refused};
use crate::process::Gateway;

async fn names(gateway: &Gateway, key: &str) -> Vec<String> {
    let (status, listed) = ask(gateway, key, "GET", "/v1/models", &Value::Null).await;
    assert_eq!(status, 200, "{listed}");
    listed["data"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_of_the_api_stand_beside_those_of_the_file() {
    let mut gateway = Gateway::start(&config());
    let added = manage(
        &gateway,
        "/model/new",
        &json!({"model_name": "added", "litellm_params": {"model": "mock/added", "api_key": "sk-of-a-vendor", "mock_response": "I am added"}}),
    )
    .await;
    let id = added["model_id"].as_str().or(added["model_info"]["id"].as_str()).unwrap().to_owned();
    assert!(!added.to_string().contains("sk-of-a-vendor"), "{added}");
    assert_eq!(chats(&gateway, MASTER, "added").await, (200, None));
    assert_eq!(names(&gateway, MASTER).await, ["main", "other", "added"]);
    let (_, info) = ask(&gateway, MASTER, "GET", "/model/info", &Value::Null).await;
    let of = |name: &str| {
        info["data"].as_array().unwrap().iter().find(|it| it["model_name"] == name).unwrap().clone()
    };
    assert_eq!(
        (&of("main")["model_info"]["db_model"], &of("added")["model_info"]["db_model"]),
        (&json!(false), &json!(true))
    );
    assert!(!info.to_string().contains("sk-of-a-vendor"), "{info}");

    // It is there after a restart, and a reload of the file leaves it there.
    manage(&gateway, "/config/reload", &Value::Null).await;
    assert_eq!(chats(&gateway, MASTER, "added").await, (200, None));
    gateway = gateway.restart();
    assert_eq!(chats(&gateway, MASTER, "added").await, (200, None));

    // What cannot be served is refused, by its place, and is not kept.
    let (status, answer) = ask(
        &gateway,
        MASTER,
        "POST",
        "/model/new",
        &json!({"model_name": "bad", "litellm_params": {"model": "mock/bad", "rpm": "many"}}),
    )
    .await;
    assert_eq!(status, 400, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("litellm_params.rpm"), "{answer}");
    manage(&gateway, "/model/delete", &json!({"id": id})).await;
    assert_eq!(chats(&gateway, MASTER, "added").await, refused(404, "model_not_found"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_models_are_there_for_that_tenant_alone() {
    let gateway = Gateway::start(&config());
    for team in ["red", "blue"] {
        manage(&gateway, "/team/new", &json!({"team_id": team})).await;
    }
    let made = manage(
        &gateway,
        "/model/new",
        &json!({
            "model_name": "special",
            "litellm_params": {"model": "mock/special", "api_key": "k", "mock_response": "I am special"},
            "model_info": {"team_id": "red"},
        }),
    )
    .await;
    let name = made["model_name"].as_str().unwrap().to_owned();
    let red = key(&gateway, &json!({"team_id": "red"})).await;
    let blue = key(&gateway, &json!({"team_id": "blue"})).await;
    let nobodys = key(&gateway, &json!({})).await;
    assert_eq!(chats(&gateway, &red, &name).await, (200, None));
    assert!(names(&gateway, &red).await.contains(&name));
    for other in [&blue, &nobodys] {
        assert_eq!(names(&gateway, other).await, ["main", "other"]);
        // The foreign and the absent are answered alike, but for the name.
        for (method, path, body) in [
            ("POST", "/v1/chat/completions", true),
            ("POST", "/v1/messages", true),
            ("POST", "/v1/explain", true),
            ("GET", "/v1/models/", false),
        ] {
            let absent = format!("{}-absent", &name[..name.len() - 7]);
            let asked = async |model: &str| {
                let (path, body) = if body {
                    (path.to_owned(), super::chat(model))
                } else {
                    (format!("{path}{model}"), Value::Null)
                };
                let (status, answer) = ask(&gateway, other, method, &path, &body).await;
                let mut text = answer.to_string().replace(model, "<model>");
                // Our own name for the request is another each time.
                if let Some(place) = text.find("\"request_id\"") {
                    text.truncate(place);
                }
                (status, text)
            };
            let foreign = asked(&name).await;
            assert_eq!(foreign, asked(&absent).await, "{path}");
            assert!(foreign.0 == 404 && !foreign.1.contains("special"), "{path}: {foreign:?}");
        }
        let (_, info) = ask(&gateway, other, "GET", "/model/info", &Value::Null).await;
        assert!(!info.to_string().contains("special"), "{info}");
    }
}
