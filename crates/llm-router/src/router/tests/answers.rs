//! Whole answers: retries, fallbacks, breakers, strategies, hedging.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_lone_deployment_is_asked_again_after_a_while() {
    let script = json!({"fail_first": 2, "error": {"status": 500}, "text": "At last."});
    let router = router(json!({"model_list": [playing("m", "a", script)]}));
    let start = tokio::time::Instant::now();
    let routed = router.chat(ask("m")).await.unwrap();
    assert_eq!((text(&routed).as_str(), routed.session.retries()), ("At last.", 2));
    assert_eq!(asked(&routed.session), ["a", "a", "a"]);
    // Between half and the whole of 1 s and 2 s.
    let waited = start.elapsed().as_millis();
    assert!((1_500..=3_000).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn another_deployment_is_asked_at_once() {
    let first = with(failing("m", "a"), json!({"order": 1}));
    let router = router(json!({"model_list": [first, saying("m", "b", "Here.")]}));
    let start = tokio::time::Instant::now();
    let routed = router.chat(ask("m")).await.unwrap();
    assert_eq!((text(&routed).as_str(), routed.deployment.as_str()), ("Here.", "b"));
    assert_eq!(asked(&routed.session), ["a", "b"]);
    assert!(start.elapsed().as_millis() < 10);
}

#[tokio::test(start_paused = true)]
async fn fallbacks_follow_the_kind_of_failure_and_replace_members() {
    let router = router(json!({
        "model_list": [
            playing("long", "long", json!("litellm.ContextWindowExceededError")),
            failing("broken", "broken"),
            saying("larger", "larger", "Larger."),
            playing("other", "other", json!({"echo": true})),
        ],
        "router_settings": {
            "num_retries": 0,
            "fallbacks": [{"*": [{"model": "other", "messages": [{"role": "user", "content": "Replaced"}]}]}],
            "context_window_fallbacks": [{"long": ["larger"]}],
        },
    }));
    let routed = router.chat(ask("long")).await.unwrap();
    assert_eq!((text(&routed).as_str(), routed.session.fallbacks()), ("Larger.", 1));
    let routed = router.chat(ask("broken")).await.unwrap();
    assert_eq!(asked(&routed.session), ["broken", "other"]);
    assert_eq!(text(&routed), "Replaced");
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_would_lose_something_is_skipped() {
    let anthropic = json!({
        "model_name": "claude",
        "litellm_params": {"model": "anthropic/claude-sonnet-4-5", "api_key": "k", "api_base": "http://127.0.0.1:9"},
        "model_info": {"id": "claude"},
    });
    let settings = json!({"num_retries": 0, "fallbacks": [{"main": ["claude", "spare"]}]});
    let models = json!([failing("main", "main"), anthropic, saying("spare", "spare", "Whole.")]);
    let router = router(json!({"model_list": models, "router_settings": settings}));
    let mut request = ask("main");
    request.logit_bias = json!({"50256": -100}).as_object().unwrap().clone().into();
    let routed = router.chat(request).await.unwrap();
    assert_eq!(asked(&routed.session), ["main", "claude", "spare"]);
    let unsent = &routed.session.attempts()[1];
    assert!(!unsent.was_sent(), "{unsent:?}");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_answers_is_told_with_the_record() {
    let limited = |id: &str| playing("m", id, json!({"error": {"status": 429, "retry_after_s": 90}}));
    let router = router(json!({"model_list": [limited("a"), limited("b")]}));
    let failed = router.chat(ask("m")).await.unwrap_err();
    assert_eq!(failed.error().kind, ErrorKind::RateLimit);
    assert_eq!(failed.session().attempts().len(), 2, "{failed}");
    // Both cool down for as long as they asked.
    let again = router.chat(ask("m")).await.unwrap_err();
    assert_eq!((again.error().kind, again.session().attempts().len()), (ErrorKind::RateLimit, 0));
    assert!(again.error().retry_after_ms.is_some_and(|ms| (80_000..=90_000).contains(&ms)), "{again:?}");

    let missing = router.chat(ask("nothing")).await.unwrap_err();
    assert_eq!(missing.error().code.as_deref(), Some("model_not_found"));
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_fails_again_and_again_is_left_alone_and_tried_later() {
    let script = json!({"error": {"status": 500}});
    let first = with(playing("m", "a", script), json!({"order": 1}));
    let router = router(json!({"model_list": [first, saying("m", "b", "Here.")]}));
    for _ in 0..5 {
        assert_eq!(asked(&router.chat(ask("m")).await.unwrap().session), ["a", "b"]);
    }
    assert_eq!(asked(&router.chat(ask("m")).await.unwrap().session), ["b"]);
    tokio::time::advance(std::time::Duration::from_secs(301)).await;
    assert_eq!(asked(&router.chat(ask("m")).await.unwrap().session), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_answer_gets_a_second_request_beside_it() {
    let slow = with(playing("m", "slow", json!({"delay_ms": 30_000, "text": "Slow."})), json!({"order": 1}));
    let router = router(json!({
        "model_list": [slow, saying("m", "quick", "Quick.")],
        "router_settings": {"hedging": {"enabled": true, "after": 0.2, "max_extra": 1.0}},
    }));
    let start = tokio::time::Instant::now();
    let routed = router.chat(ask("m")).await.unwrap();
    assert_eq!((text(&routed).as_str(), routed.session.hedges()), ("Quick.", 1));
    assert_eq!(start.elapsed().as_millis(), 200);
    let first = routed.session.attempts()[0].outcome().unwrap();
    assert!(matches!(first, Outcome::Cancelled { .. }), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn time_limits_of_a_deployment_hold() {
    let slow = with(
        playing("m", "slow", json!({"delay_ms": 30_000, "text": "Slow."})),
        json!({"order": 1, "timeout": 2}),
    );
    let router = router(json!({"model_list": [slow, saying("m", "b", "Here.")]}));
    let start = tokio::time::Instant::now();
    assert_eq!(text(&router.chat(ask("m")).await.unwrap()), "Here.");
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_cheapest_is_asked_until_its_budget_is_spent() {
    let priced = |id: &str, usd: f64| {
        let script = json!({"text": "Yes.", "usage": {"prompt_tokens": 10, "completion_tokens": 10}});
        with(playing("m", id, script), json!({"input_cost_per_token": usd, "output_cost_per_token": usd}))
    };
    let cheap = with(priced("cheap", 0.001), json!({"max_budget": 0.05, "budget_duration": "1h"}));
    let router = router(json!({
        "model_list": [priced("dear", 0.01), cheap],
        "router_settings": {
            "routing_strategy": "cost-based-routing", "optional_pre_call_checks": ["router_budget_limiting"],
        },
    }));
    // Each answer costs 0.02 USD at the cheap one.
    let mut served = Vec::new();
    for _ in 0..4 {
        served.push(router.chat(ask("m")).await.unwrap().deployment.to_string());
    }
    assert_eq!(served, ["cheap", "cheap", "cheap", "dear"]);
    tokio::time::advance(std::time::Duration::from_secs(3_601)).await;
    assert_eq!(router.chat(ask("m")).await.unwrap().deployment.as_str(), "cheap");
}

#[tokio::test(start_paused = true)]
async fn vectors_are_made_and_do_not_change_their_space() {
    let models = json!([failing("broken", "broken"), saying("v", "v", "")]);
    let fallbacks = json!([{"broken": ["v"]}]);
    let embed = |model: &str| EmbeddingRequest::new(model, EmbeddingInput::Text("Hello".to_owned()));
    let strict = router(json!({
        "model_list": models, "router_settings": {"num_retries": 0, "fallbacks": fallbacks},
    }));
    assert_eq!(strict.embed(embed("v")).await.unwrap().answer.data.len(), 1);
    assert_eq!(strict.embed(embed("broken")).await.unwrap_err().error().kind, ErrorKind::Internal);
    let lax = router(json!({
        "model_list": models,
        "router_settings": {"num_retries": 0, "fallbacks": fallbacks, "allow_embedding_fallbacks": true},
    }));
    assert_eq!(lax.embed(embed("broken")).await.unwrap().deployment.as_str(), "v");
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_bound_wait_for_their_turn() {
    let bounded = with(
        playing("m", "a", json!({"delay_ms": 1_000, "text": "Yes."})),
        json!({"max_parallel_requests": 1}),
    );
    let router = router(json!({"model_list": [bounded]}));
    let start = tokio::time::Instant::now();
    let all = futures_util::future::join_all((0..3).map(|_| router.chat(ask("m")))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_prompt_chooses_its_model_by_complexity_and_by_meaning() {
    let router = router(json!({
        "model_list": [
            saying("small", "small", "Small."), saying("large", "large", "Large."),
            saying("embed", "embed", ""),
        ],
        "router_settings": {"virtual_models": {
            "smart": {"by_complexity": {"simple": "small", "reasoning": "large"}},
            "topical": {"default": "small", "by_meaning": {"embedding_model": "embed", "routes": [
                {"model": "large", "utterances": ["Write a contract", "Review this deed"], "score_threshold": 0.9},
            ]}},
        }},
    }));
    let chat = |model: &str, prompt: &str| ChatRequest::new(model, vec![Message::user(prompt)]);
    for (model, prompt, expected) in [
        ("smart", "Hi there", "small"),
        ("smart", "Think step by step and prove the theorem, then analyze the trade-offs.", "large"),
        ("topical", "Review this deed", "large"),
        ("topical", "Something else entirely", "small"),
    ] {
        let routed = router.chat(chat(model, prompt)).await.unwrap();
        assert_eq!(routed.deployment.as_str(), expected, "{prompt}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_wishes_holds_for_that_request_alone() {
    let labelled = |id: &str, tag: &str| with(saying("m", id, id), json!({"tags": [tag]}));
    let router = router(json!({
        "model_list": [labelled("a", "free"), labelled("b", "paid"), failing("broken", "broken")],
        "router_settings": {"enable_tag_filtering": true},
    }));
    for (tag, expected) in [("free", "a"), ("paid", "b")] {
        let context = Context { tags: vec![tag.to_owned()], ..Context::default() };
        assert_eq!(router.by(&context).chat(ask("m")).await.unwrap().deployment.as_str(), expected);
    }
    let wishes = crate::Wishes { num_retries: Some(0), ..crate::Wishes::default() };
    let context = Context { wishes, ..Context::default() };
    let failed = router.by(&context).chat(ask("broken")).await.unwrap_err();
    assert_eq!(failed.session().attempts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn conversations_owners_and_cached_prompts_stay_where_they_are() {
    let of = |check: &str| {
        router(json!({
            "model_list": [saying("m", "a", "A."), saying("m", "b", "B."), saying("m", "c", "C.")],
            "router_settings": {"optional_pre_call_checks": [check], "deployment_affinity_ttl_seconds": 60},
        }))
    };
    let said = vec![Message::system("You are a teacher. ".repeat(400)), Message::user("Hi")];
    let long = ChatRequest::new("m", said);
    let conversation = Context { session: Some("s".to_owned()), ..Context::default() };
    let owner = Context { user: Some("u".to_owned()), ..Context::default() };
    let nobody = Context::default();
    let cases =
        [("session_affinity", &conversation), ("deployment_affinity", &owner), ("prompt_caching", &nobody)];
    for (check, context) in cases {
        let router = of(check);
        let first = router.by(context).chat(long.clone()).await.unwrap().deployment;
        for _ in 0..12 {
            assert_eq!(router.by(context).chat(long.clone()).await.unwrap().deployment, first, "{check}");
        }
        let explained = router.by(context).explain(long.clone()).await.unwrap();
        assert_eq!(explained.foresight.decisions[0].chosen.as_ref(), Some(&first), "{check}");
        let mut others = Vec::new();
        for _ in 0..40 {
            others.push(router.chat(ask("m")).await.unwrap().deployment);
        }
        assert!(others.iter().any(|other| *other != first), "{check}: others are not bound");
    }
}

#[tokio::test(start_paused = true)]
async fn a_conversation_goes_elsewhere_while_its_deployment_fails() {
    let router = router(json!({
        "model_list": [failing("m", "a"), saying("m", "b", "B.")],
        "router_settings": {"optional_pre_call_checks": ["session_affinity"]},
    }));
    let name = crate::affinity::owner_hash(&["session", "m", "", "s"]);
    router.shared.pins.put(name, crate::DeploymentId::new("a"), UnixMs(START_MS).plus(1_000_000));
    let context = Context { session: Some("s".to_owned()), ..Context::default() };
    // It is not bound to the one that helped out, unless the configuration says so.
    for _ in 0..2 {
        let routed = router.by(&context).chat(ask("m")).await.unwrap();
        assert_eq!(asked(&routed.session), ["a", "b"]);
    }
}
