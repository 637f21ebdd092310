//! What would become of a request.

use super::*;

fn vendor(id: &str, model: &str, order: u64) -> Value {
    json!({
        "model_name": "m",
        "litellm_params": {"model": model, "api_key": "os.environ/KEY_OF_MINE", "api_base": "http://127.0.0.1:9",
            "order": order},
        "model_info": {"id": id},
    })
}

#[tokio::test(start_paused = true)]
async fn every_candidate_has_its_reason_and_the_request_is_shown_without_secrets() {
    let router = router(json!({
        "model_list": [
            vendor("first", "anthropic/claude-sonnet-4-5", 1), vendor("second", "openai/gpt-4o", 2),
            saying("spare", "spare", "Here."),
        ],
        "router_settings": {"num_retries": 0, "fallbacks": [{"m": ["spare"]}]},
    }));
    let mut request = ask("m");
    request.seed = 7.into();
    let explained = router.explain(request.clone()).await.unwrap();
    let order: Vec<_> = explained.foresight.order.iter().map(|one| one.deployment.as_str()).collect();
    assert_eq!(order, ["first", "second", "spare"]);
    let weighed = &explained.foresight.decisions[0].candidates;
    assert_eq!((weighed[0].verdict, weighed[1].verdict), ("chosen", "refused"));
    assert_eq!(weighed[1].because, "others go before it by their order");
    let shown = serde_json::to_value(&explained).unwrap();
    assert_eq!(shown["upstream"]["url"], "http://127.0.0.1:9/v1/messages");
    assert_eq!(shown["upstream"]["headers"]["x-api-key"], "***");
    assert_eq!(shown["upstream"]["body"]["model"], "claude-sonnet-4-5");
    assert!(explained.notes.iter().any(|note| note.contains("seed")), "{:?}", explained.notes);
    assert!(!shown.to_string().contains("sk-of-mine"));

    // Nobody was asked, so nobody's health has changed; and a turn is not used up.
    let group = router.shared.groups.find("m").unwrap();
    assert_eq!(group.live.next_turn(), 0);
    assert_eq!(group.deployments[0].candidate(router.now()).vitals.minute.requests, 0);
}

#[tokio::test(start_paused = true)]
async fn the_class_of_a_prompt_is_told_with_its_scores() {
    let by_meaning = json!({"embedding_model": "embed", "routes": [
        {"model": "large", "utterances": ["Write a contract"], "score_threshold": 0.9},
    ]});
    let models = json!([saying("small", "small", ""), saying("large", "large", "")]);
    let of = |embed: Value| {
        let mut models = models.as_array().unwrap().clone();
        models.push(embed);
        router(json!({
            "model_list": models,
            "router_settings": {"num_retries": 0,
                "virtual_models": {"topical": {"default": "small", "by_meaning": by_meaning}}},
        }))
    };
    let request = ChatRequest::new("topical", vec![Message::user("Write a contract")]);
    let told = of(saying("embed", "embed", "")).explain(request.clone()).await.unwrap();
    let shown = serde_json::to_value(&told).unwrap();
    assert_eq!((&shown["group"], &shown["class"]["meaning"]["model"]), (&json!("large"), &json!("large")));
    assert!(shown["class"]["meaning"]["scores"][0]["score"].as_f64().unwrap() > 0.999, "{shown}");

    let told = of(failing("embed", "embed")).explain(request).await.unwrap();
    let shown = serde_json::to_value(&told).unwrap();
    assert_eq!(shown["group"], "small");
    assert!(shown["class"]["unknown"].is_string(), "{shown}");
}
