//! Streams that break off and go on at another deployment: what clients of both dialects are told.

use llm_mock_server::Handle;
use serde_json::{Value, json};

use super::asked::{Ask, DIALECTS, Dialect, Told, named};
use super::upstreams::{asked, scripted};
use crate::process::Gateway;

const TEXT: &str = "one two three four five six seven eight nine ten";

/// Two deployments of a group, the second of which is asked only after the first.
fn start(first: (&Handle, Dialect), second: (&Handle, Dialect), router: &Value) -> Gateway {
    let models: Vec<Value> = [("first", 1, first), ("second", 2, second)]
        .map(|(id, order, (vendor, dialect))| {
            named(dialect.deployment("main", id, &vendor.url(), &json!({"order": order})), id)
        })
        .into();
    let mut settings = json!({"enable_mid_stream_fallback_continuation": true});
    settings.as_object_mut().unwrap().extend(router.as_object().unwrap().clone());
    Gateway::start(&json!({
        "model_list": models,
        "router_settings": settings,
        "llm_gateway": {"transport": {"idle_timeout_ms": 1_000}},
    }))
}

/// The data of each event.
fn events(told: &Told) -> Vec<Value> {
    let data = told.text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

/// Everything that a strict reader of the dialect makes of a stream: text, arguments of calls, and tokens.
#[derive(Debug, Default, PartialEq)]
struct Read {
    text: String,
    calls: Vec<(String, String)>,
    ids: Vec<String>,
    tokens: Option<(u64, u64)>,
    finish: String,
    failed: bool,
}

fn read(dialect: Dialect, told: &Told) -> Read {
    let mut read = Read::default();
    let events = events(told);
    read.failed = events.iter().any(|event| event.get("error").is_some());
    match dialect {
        Dialect::OpenAi => openai(&events, &mut read),
        Dialect::Anthropic => anthropic(&events, &mut read),
    }
    assert_eq!(told.text.contains(dialect.terminator()), !read.failed, "{}", told.text);
    read
}

fn openai(events: &[Value], read: &mut Read) {
    let mut roles = 0;
    for event in events.iter().filter(|event| event.get("error").is_none()) {
        read.ids.push(format!("{} {}", event["id"], event["model"]));
        if let Some(usage) = event["usage"].as_object() {
            assert_eq!(read.tokens, None, "usage once");
            read.tokens = Some((
                usage["prompt_tokens"].as_u64().unwrap(),
                usage["completion_tokens"].as_u64().unwrap(),
            ));
        }
        for choice in event["choices"].as_array().unwrap() {
            assert!(read.finish.is_empty(), "nothing comes after the end");
            let delta = &choice["delta"];
            roles += usize::from(delta["role"].is_string());
            read.text += delta["content"].as_str().unwrap_or_default();
            for piece in delta["tool_calls"].as_array().into_iter().flatten() {
                let at = piece["index"].as_u64().unwrap() as usize;
                assert!(at <= read.calls.len(), "calls come in order");
                if at == read.calls.len() {
                    assert!(piece["id"].is_string(), "{piece}");
                    read.calls.push((piece["function"]["name"].as_str().unwrap().to_owned(), String::new()));
                } else {
                    assert!(piece.get("id").is_none_or(Value::is_null), "a call is named once: {piece}");
                }
                read.calls[at].1 += piece["function"]["arguments"].as_str().unwrap_or_default();
            }
            read.finish = choice["finish_reason"].as_str().unwrap_or_default().to_owned();
        }
    }
    assert_eq!(roles, 1, "who speaks is said once");
}

fn anthropic(events: &[Value], read: &mut Read) {
    let mut open: Option<(u64, String)> = None;
    let mut next = 0;
    for event in events {
        match event["type"].as_str().unwrap() {
            "message_start" => {
                assert!(read.ids.is_empty(), "one beginning");
                read.ids.push(event["message"]["id"].to_string());
            }
            "content_block_start" => {
                assert_eq!((open.clone(), event["index"].as_u64()), (None, Some(next)));
                let block = &event["content_block"];
                let kind = block["type"].as_str().unwrap().to_owned();
                if kind == "tool_use" {
                    read.calls.push((block["name"].as_str().unwrap().to_owned(), String::new()));
                }
                open = Some((next, kind));
                next += 1;
            }
            "content_block_delta" => {
                let (index, kind) = open.clone().unwrap();
                assert_eq!(event["index"].as_u64(), Some(index));
                let delta = &event["delta"];
                match delta["type"].as_str().unwrap() {
                    "text_delta" => {
                        assert_eq!(kind, "text");
                        read.text += delta["text"].as_str().unwrap();
                    }
                    "input_json_delta" => {
                        assert_eq!(kind, "tool_use");
                        read.calls.last_mut().unwrap().1 += delta["partial_json"].as_str().unwrap();
                    }
                    other => assert!(other == "thinking_delta" || other == "signature_delta", "{other}"),
                }
            }
            "content_block_stop" => assert!(open.take().is_some()),
            "message_delta" => {
                assert_eq!(open, None);
                let usage = &event["usage"];
                read.tokens = Some((
                    usage["input_tokens"].as_u64().unwrap_or_default(),
                    usage["output_tokens"].as_u64().unwrap(),
                ));
                read.finish = event["delta"]["stop_reason"].as_str().unwrap().to_owned();
            }
            "message_stop" | "ping" | "error" => {}
            other => panic!("{other}"),
        }
    }
}

fn usage() -> Value {
    json!({"prompt_tokens": 100, "completion_tokens": 40})
}

fn stream(dialect: Dialect) -> Ask {
    let ask = Ask::new(dialect, "main", true);
    if dialect == Dialect::OpenAi { ask.with("stream_options", json!({"include_usage": true})) } else { ask }
}

/// How a stream breaks off after so many chunks.
fn breaks(how: &str, after: usize) -> Value {
    match how {
        "cut" => json!({"cut_after_chunks": after}),
        "error" => json!({"error_in_stream_after_chunks": after, "error": {"status": 500}}),
        _ => json!({"stall_after_chunks": after}),
    }
}

fn merged(one: Value, more: &Value) -> Value {
    let mut all = one;
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_goes_on_wherever_it_broke_off() {
    let second = scripted(&json!({"text": TEXT, "chunks": 7, "usage": usage()})).await;
    for (how, afters) in [("cut", &[1, 2, 5, 9][..]), ("error", &[1, 6]), ("stall", &[4])] {
        for after in afters {
            let script = merged(breaks(how, *after), &json!({"text": TEXT, "chunks": 10}));
            let first = scripted(&script).await;
            for (one, other) in DIALECTS.into_iter().flat_map(|one| DIALECTS.map(|other| (one, other))) {
                let gateway = start((&first, one), (&second, other), &json!({}));
                for client in DIALECTS {
                    let what = format!("{client:?} of {one:?} then {other:?}, {how} after {after}");
                    let told = stream(client).of(gateway.address).await;
                    let read = read(client, &told);
                    assert_eq!((read.text.as_str(), read.failed), (TEXT, false), "{what}: {}", told.text);
                    assert!(["stop", "end_turn"].contains(&read.finish.as_str()), "{what}");
                    assert!(read.ids.iter().all(|id| *id == read.ids[0]), "{what}: {:?}", read.ids);
                    assert_eq!(told.deployment(), Some("first"), "the head had gone out");
                    // The second vendor's tokens, and what the first's were taken to be.
                    let (_, written) = read.tokens.unwrap();
                    assert!(written > 40, "{what}: {:?}", read.tokens);
                    let line = gateway.logged(&[told.header("x-request-id").unwrap(), "\"outcome\""]);
                    let counts = (&line["attempts"], &line["continuations"], &line["outcome"]);
                    assert_eq!(counts, (&json!(2), &json!(1), &json!("answered")), "{what}");
                    assert_eq!(line["tokens.output"], written, "{what}");
                    assert!(line["failed_attempts"].as_str().unwrap().starts_with("first="), "{what}");
                }
            }
        }
    }
}

#[tokio::test]
async fn whoever_goes_on_is_told_what_was_said() {
    let first = scripted(&json!({"text": TEXT, "chunks": 10, "cut_after_chunks": 4})).await;
    let second = scripted(&json!({"text": TEXT})).await;
    let gateway = start((&first, Dialect::OpenAi), (&second, Dialect::OpenAi), &json!({}));
    let told = stream(Dialect::OpenAi).of(gateway.address).await;
    assert_eq!(read(Dialect::OpenAi, &told).text, TEXT);
    let body: Value = serde_json::from_slice(&second.records()[0].body).unwrap();
    let messages = body["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 3);
    assert_eq!(messages[0]["content"], "Hello there");
    let said = messages[1]["content"].as_str().unwrap();
    assert!(messages[1]["role"] == "assistant" && TEXT.starts_with(said) && said.len() > 8, "{said}");
    let ask = messages[2]["content"].as_str().unwrap();
    assert!(ask.ends_with(said) && ask.contains("Go on"), "{ask}");
    assert!(body.get("enable_mid_stream_fallback_continuation").is_none());

    // A model that takes the beginning of an answer gets it.
    let model = |id: &str, order: u32, vendor: &Handle| {
        let more = json!({"order": order, "model": "anthropic/claude-sonnet-4-5"});
        named(Dialect::Anthropic.deployment("main", id, &vendor.url(), &more), id)
    };
    second.clear_records();
    let gateway = Gateway::start(&json!({
        "model_list": [model("first", 1, &first), model("second", 2, &second)],
        "router_settings": {"enable_mid_stream_fallback_continuation": true},
    }));
    let told = stream(Dialect::Anthropic).with("max_tokens", 50).of(gateway.address).await;
    assert!(!read(Dialect::Anthropic, &told).failed);
    let body: Value = serde_json::from_slice(&second.records()[0].body).unwrap();
    let messages = body["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[1]["role"]), (2, &json!("assistant")));
    assert!(body["max_tokens"].as_u64().unwrap() < 50, "a limit holds for the whole answer: {body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_in_the_midst_of_their_arguments() {
    let arguments = json!({"city": "Paris", "days": [1, 2], "note": "a \"b\" é"});
    let calls = json!([
        {"id": "call_a", "name": "weather", "arguments": arguments},
        {"id": "call_b", "name": "now", "arguments": {"zone": "CET", "exact": true}},
    ]);
    let tool = |name: &str| json!({"name": name, "parameters": {"type": "object"}});
    let script = json!({"text": "I will look.", "tool_calls": calls, "chunk_size": 6});
    let second = scripted(&merged(script.clone(), &json!({"usage": usage()}))).await;
    let other = json!([{"name": "weather", "arguments": {"city": "Rome"}}]);
    let contrary = scripted(&json!({"tool_calls": other})).await;
    for after in [1, 2, 3, 5, 8, 12] {
        let first = scripted(&merged(script.clone(), &json!({"cut_after_chunks": after}))).await;
        for (one, other) in DIALECTS.into_iter().flat_map(|one| DIALECTS.map(|other| (one, other))) {
            let gateway = start((&first, one), (&second, other), &json!({}));
            let contradicted = start((&first, one), (&contrary, other), &json!({}));
            for client in DIALECTS {
                let what = format!("{client:?} of {one:?} then {other:?}, cut after {after}");
                let tools: Vec<Value> = ["weather", "now"]
                    .map(|name| match client {
                        Dialect::OpenAi => json!({"type": "function", "function": tool(name)}),
                        Dialect::Anthropic => json!({"name": name, "input_schema": {"type": "object"}}),
                    })
                    .into();
                let ask = stream(client).with("tools", tools);
                let told = ask.of(gateway.address).await;
                let whole = read(client, &told);
                assert!(!whole.failed, "{what}: {}", told.text);
                assert_eq!(whole.text, "I will look.", "{what}");
                let names: Vec<&str> = whole.calls.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(names, ["weather", "now"], "{what}: {}", told.text);
                let read_call = |at: usize| -> Value { serde_json::from_str(&whole.calls[at].1).unwrap() };
                assert_eq!(read_call(0), arguments, "{what}");
                assert_eq!(read_call(1), json!({"zone": "CET", "exact": true}), "{what}");
                assert!(["tool_calls", "tool_use"].contains(&whole.finish.as_str()), "{what}");

                // Another city than the one that has begun: the stream ends as it would have.
                let told = ask.of(contradicted.address).await;
                let begun = read(client, &told);
                if begun.calls.first().is_some_and(|(_, said)| said.contains("Pa")) {
                    assert!(begun.failed, "{what}: {}", told.text);
                    let line = contradicted.logged(&[told.header("x-request-id").unwrap(), "\"outcome\""]);
                    assert_eq!(
                        (&line["not_continued"], &line["outcome"]),
                        (&json!("contradiction"), &json!("failed"))
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_go_on_is_refused_plainly() {
    let thinks =
        json!({"reasoning": "Let me think of it.", "text": TEXT, "chunk_size": 4, "cut_after_chunks": 7});
    let cut = json!({"text": TEXT, "chunks": 10, "cut_after_chunks": 4});
    let logprobs = json!({"logprobs": true});
    let cases = [
        (Dialect::Anthropic, &thinks, json!({}), "signed_thinking"),
        (Dialect::OpenAi, &cut, json!({"n": 2}), "several_answers"),
        (Dialect::OpenAi, &cut, logprobs, "logprobs"),
        (Dialect::OpenAi, &cut, json!({"store": true}), "stored"),
        (Dialect::OpenAi, &cut, json!({"web_search_options": {}}), "vendor_tools"),
    ];
    let second = scripted(&json!({"text": TEXT})).await;
    for (dialect, script, more, why) in cases {
        let first = scripted(script).await;
        let gateway = start((&first, dialect), (&second, dialect), &json!({}));
        let mut ask = stream(dialect);
        for (name, value) in more.as_object().unwrap() {
            ask = ask.with(name, value.clone());
        }
        let told = ask.of(gateway.address).await;
        assert!(read(dialect, &told).failed, "{why}: {}", told.text);
        let line = gateway.logged(&[told.header("x-request-id").unwrap(), "\"outcome\""]);
        assert_eq!((&line["not_continued"], &line["attempts"]), (&json!(why), &json!(1)));
    }
    assert_eq!(second.records().len(), 0);
}

#[tokio::test]
async fn it_is_as_configured_by_group_and_by_request() {
    let first = scripted(&json!({"text": TEXT, "chunks": 10, "cut_after_chunks": 4})).await;
    let second = scripted(&json!({"text": TEXT})).await;
    const HEADER: &str = "x-llm-gateway-continue-stream";
    let member = "enable_mid_stream_fallback_continuation";
    let plain = || stream(Dialect::OpenAi);
    let cases = [
        (json!({}), plain(), true),
        (json!({}), plain().header(HEADER, "false"), false),
        (json!({}), plain().with(member, false), false),
        (json!({member: false}), plain(), false),
        (json!({member: false}), plain().header(HEADER, "true"), true),
        (json!({member: false}), plain().with(member, true), true),
        (json!({member: false, "model_group_stream_continuation": {"main": true}}), plain(), true),
        (json!({"model_group_stream_continuation": {"main": false}}), plain(), false),
    ];
    for (router, ask, goes_on) in cases {
        let gateway = start((&first, Dialect::OpenAi), (&second, Dialect::OpenAi), &router);
        let told = ask.of(gateway.address).await;
        assert_eq!(read(Dialect::OpenAi, &told).failed, !goes_on, "{router} {ask:?}: {}", told.text);
    }
    let gateway = start((&first, Dialect::OpenAi), (&second, Dialect::OpenAi), &json!({}));
    let told = plain().header(HEADER, "perhaps").of(gateway.address).await;
    assert_eq!(told.status, 400);
}

#[tokio::test]
async fn it_goes_on_in_a_fallback_unless_those_are_not_wanted() {
    let first = scripted(&json!({"text": TEXT, "chunks": 10, "cut_after_chunks": 4})).await;
    let second = scripted(&json!({"text": TEXT})).await;
    let models = [("main", &first, Dialect::OpenAi), ("other", &second, Dialect::Anthropic)].map(
        |(group, vendor, dialect)| named(dialect.deployment(group, group, &vendor.url(), &json!({})), group),
    );
    let gateway = Gateway::start(&json!({
        "model_list": models,
        "router_settings": {"enable_mid_stream_fallback_continuation": true, "num_retries": 0, "fallbacks": [{"main": ["other"]}]},
    }));
    let told = stream(Dialect::OpenAi).of(gateway.address).await;
    assert_eq!(read(Dialect::OpenAi, &told).text, TEXT, "{}", told.text);
    let line = gateway.logged(&[told.header("x-request-id").unwrap(), "\"outcome\""]);
    assert_eq!((&line["deployment.id"], &line["continuations"]), (&json!("other"), &json!(1)));

    let told = stream(Dialect::OpenAi).with("disable_fallbacks", true).of(gateway.address).await;
    assert!(read(Dialect::OpenAi, &told).failed);
    let line = gateway.logged(&[told.header("x-request-id").unwrap(), "\"outcome\""]);
    assert_eq!(line["not_continued"], "nobody_left");
    assert_eq!((asked(&first, "main"), asked(&second, "other")), (2, 1));
}

#[tokio::test]
async fn a_second_that_breaks_off_is_followed_by_a_third() {
    let broken = scripted(&json!({"text": TEXT, "chunks": 10, "cut_after_chunks": 3})).await;
    let later = scripted(&json!({"text": TEXT, "chunks": 10, "cut_after_chunks": 7})).await;
    let whole = scripted(&json!({"text": TEXT, "usage": usage()})).await;
    let models: Vec<Value> = [("first", &broken), ("second", &later), ("third", &whole)]
        .into_iter()
        .zip(1..)
        .map(|((id, vendor), order)| {
            named(Dialect::OpenAi.deployment("main", id, &vendor.url(), &json!({"order": order})), id)
        })
        .collect();
    let gateway = Gateway::start(&json!({
        "model_list": models,
        "router_settings": {"enable_mid_stream_fallback_continuation": true},
    }));
    for client in DIALECTS {
        let told = stream(client).of(gateway.address).await;
        let read = read(client, &told);
        assert_eq!((read.text.as_str(), read.failed), (TEXT, false), "{}", told.text);
        let line = gateway.logged(&[told.header("x-request-id").unwrap(), "\"outcome\""]);
        assert_eq!((&line["attempts"], &line["continuations"]), (&json!(3), &json!(2)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_leg_costs_what_its_own_deployment_asks() {
    let text = "word ".repeat(40);
    let first = scripted(&json!({"text": text, "chunks": 40, "cut_after_chunks": 20})).await;
    let second = scripted(&json!({"text": text, "usage": usage()})).await;
    let models: Vec<Value> = [("first", &first, 0.25), ("second", &second, 2.0)]
        .into_iter()
        .zip(1..)
        .map(|((id, vendor, price), order)| {
            let prices = json!({"order": order, "input_cost_per_token": 0.0, "output_cost_per_token": price});
            named(Dialect::OpenAi.deployment("main", id, &vendor.url(), &prices), id)
        })
        .collect();
    let gateway = Gateway::start(&json!({
        "model_list": models,
        "router_settings": {"enable_mid_stream_fallback_continuation": true},
    }));
    let told = stream(Dialect::OpenAi).of(gateway.address).await;
    let read = read(Dialect::OpenAi, &told);
    assert_eq!(read.text, text);
    let line = gateway.logged(&[told.header("x-request-id").unwrap(), "\"outcome\""]);
    // Twenty words of five bytes, of which four are taken for a token; and forty tokens, as the vendor says.
    let written = 20 * 5 / 4;
    assert_eq!(read.tokens.unwrap().1, written + 40);
    let cost = written as f64 * 0.25 + 40.0 * 2.0;
    let told: f64 = line["cost.usd"].as_str().unwrap().parse().unwrap();
    assert!((told - cost).abs() < 1e-6, "{told}, not {cost}");
    assert_eq!(line["cost.estimate"], true);
}
