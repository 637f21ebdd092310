//! Streams that break off and are gone on with.

use llm_types::Usage;

use super::*;

/// What a stream told: its text, the names it had, its usage, and its error.
struct Told {
    text: String,
    ids: Vec<String>,
    usage: Option<Usage>,
    error: Option<ApiError>,
}

async fn told(stream: &mut RouterStream) -> Told {
    let mut told = Told { text: String::new(), ids: Vec::new(), usage: None, error: None };
    while let Some(item) = stream.next().await {
        match item {
            Err(error) => {
                assert!(told.error.is_none(), "an error is the last item");
                told.error = Some(error.into());
            }
            Ok(chunk) => {
                told.ids.extend(chunk.id.get().cloned());
                told.usage = chunk.usage.get().cloned().or(told.usage);
                for choice in chunk.choices() {
                    let delta = choice.delta.get();
                    told.text
                        .push_str(delta.and_then(|delta| delta.content.get()).map_or("", String::as_str));
                }
            }
        }
    }
    told.ids.dedup();
    told
}

/// The first breaks off after some chunks, the second says this.
fn pair(cut: Value, second: Value, settings: &Value) -> Router {
    let first = with(playing("m", "a", cut), json!({"order": 1}));
    router(json!({"model_list": [first, playing("m", "b", second)], "router_settings": settings}))
}

fn on() -> Value {
    json!({"enable_mid_stream_fallback_continuation": true})
}

const WHOLE: &str = "one two three four five six seven";

#[tokio::test(start_paused = true)]
async fn another_deployment_goes_on_where_the_first_broke_off() {
    for chunks in 1..6 {
        let cut = json!({"text": WHOLE, "cut_after_chunks": chunks});
        let router = pair(cut, json!({"text": WHOLE}), &on());
        let mut stream = router.stream(ask("m")).await.unwrap();
        let told = told(&mut stream).await;
        assert!(told.error.is_none(), "{chunks}: {:?}", told.error);
        assert_eq!(told.text, WHOLE, "{chunks}");
        assert_eq!(told.ids.len(), 1, "one answer has one name");
        let attempts = stream.session().attempts();
        assert_eq!(asked(stream.session()), ["a", "b"]);
        assert!(attempts[0].ended.is_some() && attempts[1].ended.is_some());
        assert_eq!(stream.deployment().as_str(), "b");
        let counts = told.usage.unwrap();
        assert_eq!(counts.extra.get("estimated"), Some(&true.into()), "the first leg told nothing");
        let health = router.shared.groups.find("m").unwrap().deployments[0].candidate(router.now()).vitals;
        assert_eq!(health.health.failures_in_a_row, 1, "it counts against the first");
    }
}

#[tokio::test(start_paused = true)]
async fn usage_is_that_of_all_legs() {
    let usage = |router: Router| async move {
        let mut stream = router.stream(ask("m")).await.unwrap();
        told(&mut stream).await.usage.unwrap().counts()
    };
    let alone = usage(pair(json!({"text": WHOLE}), json!({"text": WHOLE}), &on())).await;
    let cut = json!({"text": WHOLE, "cut_after_chunks": 3});
    let both = usage(pair(cut, json!({"text": WHOLE}), &on())).await;
    assert!(both.output_total() > alone.output_total(), "{both:?} {alone:?}");
    assert!(both.input_total() > alone.input_total(), "{both:?} {alone:?}");
}

#[tokio::test(start_paused = true)]
async fn it_is_the_groups_wish_and_the_callers_goes_before_it() {
    let cut = || json!({"text": WHOLE, "cut_after_chunks": 3});
    for (settings, own, goes_on) in [
        (json!({}), None, false),
        (json!({}), Some(true), true),
        (on(), Some(false), false),
        (json!({"model_group_stream_continuation": {"m": true}}), None, true),
    ] {
        let router = pair(cut(), json!({"text": WHOLE}), &settings);
        let context = Context { continue_streams: own, ..Context::default() };
        let mut stream = router.by(&context).stream(ask("m")).await.unwrap();
        let told = told(&mut stream).await;
        assert_eq!(told.error.is_none(), goes_on, "{settings} {own:?}");
        assert_eq!(told.text == WHOLE, goes_on);
    }
}

#[tokio::test(start_paused = true)]
async fn where_nobody_goes_on_the_stream_ends_as_it_would_have() {
    let cut = json!({"text": WHOLE, "cut_after_chunks": 3});
    let mut without = pair(cut.clone(), json!({"text": WHOLE}), &json!({})).stream(ask("m")).await.unwrap();
    let wanted = told(&mut without).await;
    let failing = pair(cut.clone(), json!({"error": {"status": 400}}), &on());
    let mut stream = failing.stream(ask("m")).await.unwrap();
    let nobody = told(&mut stream).await;
    assert_eq!(nobody.text, wanted.text);
    assert_eq!(nobody.error.unwrap().message, wanted.error.as_ref().unwrap().message);
    // Several answers cannot be gone on with.
    let several = ChatRequest { n: 2.into(), ..ask("m") };
    let mut stream = pair(cut, json!({"text": WHOLE}), &on()).stream(several).await.unwrap();
    assert!(told(&mut stream).await.error.is_some());
    assert_eq!(asked(stream.session()), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_off_twice_is_gone_on_with_twice() {
    let first = with(playing("m", "a", json!({"text": WHOLE, "cut_after_chunks": 2})), json!({"order": 1}));
    let second = with(playing("m", "b", json!({"text": WHOLE, "cut_after_chunks": 4})), json!({"order": 2}));
    let router =
        router(json!({"model_list": [first, second, saying("m", "c", WHOLE)], "router_settings": on()}));
    let mut stream = router.stream(ask("m")).await.unwrap();
    let told = told(&mut stream).await;
    assert_eq!((told.text.as_str(), told.error.is_none()), (WHOLE, true));
    assert_eq!(asked(stream.session()), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn dropped_while_somebody_is_looked_for_nothing_is_left_under_way() {
    let cut = json!({"text": WHOLE, "cut_after_chunks": 3});
    let router = pair(cut, json!({"text": WHOLE, "first_chunk_ms": 60_000}), &on());
    let mut stream = router.stream(ask("m")).await.unwrap();
    let waited = tokio::time::timeout(std::time::Duration::from_secs(1), told(&mut stream)).await;
    assert!(waited.is_err());
    let loads = |router: &Router| -> Vec<u32> {
        let group = router.shared.groups.find("m").unwrap();
        group.deployments.iter().map(|one| one.candidate(router.now()).vitals.load.in_flight).collect()
    };
    assert_eq!(loads(&router), [0, 1]);
    drop(stream);
    assert_eq!(loads(&router), [0, 0]);
}
