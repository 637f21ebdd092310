//! Who stays where.

use std::collections::HashSet;

use llm_mock_server::{Handle, Script};
use serde_json::{Value, json};

use super::scene::at;
use crate::client::{connect, eventually, send};
use crate::faults::asked::Ask;
use crate::faults::upstreams::well;
use crate::process::Gateway;

/// Three vendors in good health, and a gateway that spreads requests over them.
async fn scene(router: Value) -> (Vec<Handle>, Gateway) {
    let vendors = vec![well().await, well().await, well().await];
    let models: Vec<Value> =
        vendors.iter().enumerate().map(|(place, one)| at(one, &format!("d{place}"), &json!({}))).collect();
    let gateway = Gateway::start(&json!({"model_list": models, "router_settings": router}));
    (vendors, gateway)
}

async fn answerer(gateway: &Gateway, ask: &Ask) -> String {
    let told = ask.of(gateway.address).await;
    assert_eq!(told.status, 200, "{told:?}");
    told.deployment().unwrap().to_owned()
}

fn in_session(session: &str) -> Ask {
    Ask::chat("main").with("litellm_session_id", session)
}

#[tokio::test]
async fn conversations_stay_and_are_spread() {
    let (_vendors, gateway) = scene(json!({"optional_pre_call_checks": ["session_affinity"]})).await;
    let mut used = HashSet::new();
    for session in 0..12 {
        let ask = in_session(&format!("s-{session}"));
        let first = answerer(&gateway, &ask).await;
        for _ in 0..4 {
            assert_eq!(answerer(&gateway, &ask).await, first, "session {session}");
        }
        used.insert(first);
    }
    assert!(used.len() > 1, "all went to {used:?}");
    let mut unbound = HashSet::new();
    for _ in 0..30 {
        unbound.insert(answerer(&gateway, &Ask::chat("main")).await);
    }
    assert_eq!(unbound.len(), 3, "requests of no session are bound");
}

#[tokio::test]
async fn a_conversation_returns_after_a_failure_or_stays_with_who_took_over() {
    for repin in [false, true] {
        let router = json!({"optional_pre_call_checks": ["session_affinity"], "disable_cooldowns": true,
            "session_affinity_repin_on_failover": repin});
        let (vendors, gateway) = scene(router).await;
        let ask = in_session("one");
        let first = answerer(&gateway, &ask).await;
        let vendor = &vendors[first[1..].parse::<usize>().unwrap()];
        vendor.set_script(Some(Script::from_json(br#"{"error": {"status": 500}}"#).unwrap()));
        let second = answerer(&gateway, &ask).await;
        assert_ne!(second, first);
        vendor.set_script(Some(Script::default()));
        assert_eq!(answerer(&gateway, &ask).await, if repin { second } else { first }, "{repin}");
    }
}

#[tokio::test]
async fn keys_and_users_stay_for_as_long_as_configured() {
    let router =
        json!({"optional_pre_call_checks": ["deployment_affinity"], "deployment_affinity_ttl_seconds": 1});
    let (_vendors, gateway) = scene(router).await;
    let ask = Ask::chat("main").with("user", "ann");
    let first = answerer(&gateway, &ask).await;
    for _ in 0..8 {
        assert_eq!(answerer(&gateway, &ask).await, first);
    }
    // Whoever is away for long enough begins anew. A third stays by chance, so that it takes several.
    eventually(async || {
        tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
        answerer(&gateway, &ask).await != first
    })
    .await;
}

#[tokio::test]
async fn prompts_with_the_same_long_beginning_stay_together() {
    let (_vendors, gateway) = scene(json!({"optional_pre_call_checks": ["prompt_caching"]})).await;
    let system = "You are a patient teacher of mathematics. ".repeat(120);
    let ask = |words: &[&str]| {
        let mut messages = vec![json!({"role": "system", "content": system})];
        messages.extend(words.iter().map(|words| json!({"role": "user", "content": words})));
        Ask::chat("main").with("messages", json!(messages))
    };
    let first = answerer(&gateway, &ask(&["What is a monad?"])).await;
    for words in [&["What is a monad?", "And simply?"][..], &["What is a ring?"], &["Why?", "How?", "When?"]]
    {
        for _ in 0..3 {
            assert_eq!(answerer(&gateway, &ask(words)).await, first, "{words:?}");
        }
    }
    let mut short = HashSet::new();
    for _ in 0..30 {
        short.insert(answerer(&gateway, &Ask::chat("main")).await);
    }
    assert_eq!(short.len(), 3, "short prompts are bound");
}

/// An answer of the Responses API, streamed or whole, to be given once.
fn exchange(id: &str, streamed: bool) -> Value {
    let response = json!({"id": id, "object": "response", "created_at": 1, "model": "m", "status": "completed",
        "output": [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}],
        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}});
    if !streamed {
        return json!({"path": "/v1/responses", "response": {"body": response}});
    }
    let event = json!({"type": "response.completed", "response": response, "sequence_number": 1});
    let text = format!("event: response.completed\ndata: {event}\n\n");
    json!({"path": "/v1/responses", "response": {"content_type": "text/event-stream", "body_text": text}})
}

async fn respond(gateway: &Gateway, body: &Value) -> (u16, String, String) {
    let mut answer = send(connect(gateway.address).await, "POST", "/v1/responses", &[], body).await;
    let deployment = answer.header("x-llm-gateway-deployment").unwrap_or_default().to_owned();
    let text = if answer.header("content-length").is_some() {
        answer.body().await
    } else {
        answer.end().await;
        answer.text()
    };
    (answer.status, deployment, text)
}

#[tokio::test]
async fn what_refers_to_an_answer_goes_where_it_was_made() {
    for streamed in [false, true] {
        let (vendors, gateway) = scene(json!({})).await;
        for (place, vendor) in vendors.iter().enumerate() {
            let exchanges = (0..10).map(|turn| exchange(&format!("resp_{place}_{turn}"), streamed));
            let exchanges = exchanges.map(|one| serde_json::from_value(one).unwrap()).collect();
            vendor.set_exchanges(exchanges).unwrap();
        }
        let body = json!({"model": "main", "input": "Hello", "stream": streamed});
        let (status, first, text) = respond(&gateway, &body).await;
        assert_eq!(status, 200, "{text}");
        for turn in 0..6 {
            let mut next = body.clone();
            next["previous_response_id"] = format!("resp_{}_{turn}", &first[1..]).into();
            let (status, deployment, text) = respond(&gateway, &next).await;
            assert_eq!((status, &deployment), (200, &first), "{text}");
        }
    }
}

#[tokio::test]
async fn encrypted_thinking_goes_back_to_where_it_was_made() {
    let router = json!({"optional_pre_call_checks": ["encrypted_content_affinity"]});
    let (vendors, gateway) = scene(router).await;
    for (place, vendor) in vendors.iter().enumerate() {
        let exchanges = (0..40).map(|turn| exchange(&format!("resp_{place}_{turn}"), false));
        vendor.set_exchanges(exchanges.map(|one| serde_json::from_value(one).unwrap()).collect()).unwrap();
    }
    let mut used = HashSet::new();
    for question in 0..8 {
        let words = format!("Question {question}");
        let (_, first, _) = respond(&gateway, &json!({"model": "main", "input": words})).await;
        let next = json!({"model": "main", "input": [
            {"role": "user", "content": words},
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAB"},
            {"role": "assistant", "content": "Hi"},
            {"role": "user", "content": "Go on"},
        ]});
        for _ in 0..3 {
            let (status, deployment, text) = respond(&gateway, &next).await;
            assert_eq!((status, &deployment), (200, &first), "{text}");
        }
        used.insert(first);
    }
    assert!(used.len() > 1, "all went to {used:?}");
}
