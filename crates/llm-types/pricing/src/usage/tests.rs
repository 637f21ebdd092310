use serde_json::json;

use super::*;
use crate::Usd;

fn usage(json: serde_json::Value) -> Usage {
    serde_json::from_value(json).unwrap()
}

fn clean(json: serde_json::Value) -> Vec<(Item, u64)> {
    let reading = read(&usage(json));
    assert_eq!(reading.anomalies, []);
    reading.quantities.iter().collect()
}

fn anomalies(json: serde_json::Value) -> Vec<String> {
    read(&usage(json)).anomalies.iter().map(|it| format!("{:?}: {it}", it.side)).collect()
}

#[test]
fn details_are_taken_out_of_the_sums() {
    let found = clean(json!({
        "prompt_tokens": 16_000, "completion_tokens": 2_500, "total_tokens": 18_500,
        "prompt_tokens_details": {
            "cached_tokens": 10_000, "cache_write_tokens": 4_000,
            "cache_creation_token_details": {"ephemeral_5m_input_tokens": 2_500, "ephemeral_1h_input_tokens": 1_000},
            "audio_tokens": 300, "image_tokens": 200, "video_tokens": 100
        },
        "completion_tokens_details": {"reasoning_tokens": 1_800, "audio_tokens": 70, "image_tokens": 30}
    }));
    assert_eq!(
        found,
        [
            (Item::Input, 1_400),
            (Item::CacheRead, 10_000),
            // What no life covers has the usual one.
            (Item::CacheWrite, 3_000),
            (Item::CacheWrite1h, 1_000),
            (Item::InputAudio, 300),
            (Item::InputImage, 200),
            (Item::InputVideo, 100),
            (Item::Output, 600),
            (Item::Reasoning, 1_800),
            (Item::OutputAudio, 70),
            (Item::OutputImage, 30),
        ]
    );
}

#[test]
fn anthropics_words_are_read_too() {
    let found = clean(json!({
        "prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105,
        "cache_read_input_tokens": 60, "cache_creation_input_tokens": 30,
        "server_tool_use": {"web_search_requests": 3}
    }));
    let wanted = [
        (Item::Input, 10),
        (Item::CacheRead, 60),
        (Item::CacheWrite, 30),
        (Item::Output, 5),
        (Item::WebSearch, 3),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn openais_lives_are_thirty_minutes_and_twelve_hours() {
    let found = clean(json!({
        "prompt_tokens": 50, "completion_tokens": 0, "total_tokens": 50,
        "prompt_tokens_details": {
            "cache_write_tokens": 40,
            "cache_write_tokens_details": {"ttl_30m_tokens": 30, "ttl_12h_tokens": 10}
        }
    }));
    assert_eq!(found, [(Item::Input, 10), (Item::CacheWrite, 30), (Item::CacheWrite12h, 10)]);
}

#[test]
fn a_kind_may_have_been_cached() {
    let found = clean(json!({
        "prompt_tokens": 1_000, "completion_tokens": 1, "total_tokens": 1_001,
        "prompt_tokens_details": {
            "cached_tokens": 600, "audio_tokens": 500,
            "cached_tokens_details": {"audio_tokens": 350, "text_tokens": 250}
        }
    }));
    let wanted = [
        (Item::Input, 250),
        (Item::CacheRead, 250),
        (Item::CacheReadAudio, 350),
        (Item::InputAudio, 150),
        (Item::Output, 1),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn an_embedding_writes_nothing() {
    assert_eq!(clean(json!({"prompt_tokens": 8, "total_tokens": 8})), [(Item::Input, 8)]);
}

#[test]
fn reasoning_beside_the_completion_is_known_by_the_total() {
    // xAI: 32 + 9 + 110 = 151.
    let found = clean(json!({
        "prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 151,
        "completion_tokens_details": {"reasoning_tokens": 110}
    }));
    assert_eq!(found, [(Item::Input, 32), (Item::Output, 9), (Item::Reasoning, 110)]);
}

#[test]
fn explicit_caches_are_told_apart() {
    let found = clean(json!({
        "prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 9, "cache_type": "ephemeral"}
    }));
    assert_eq!(found, [(Item::CacheReadExplicit, 9)]);
}

#[test]
fn whole_floats_are_counts() {
    assert_eq!(
        clean(json!({"prompt_tokens": 8.0, "completion_tokens": 2.0, "total_tokens": 10.0})),
        [(Item::Input, 8), (Item::Output, 2)]
    );
}

#[test]
fn what_is_absent_is_flagged() {
    assert_eq!(
        anomalies(json!({})),
        ["Prompt: prompt_tokens is missing", "Completion: completion_tokens is missing"]
    );
    assert_eq!(
        anomalies(json!({"prompt_tokens": 3, "completion_tokens": null, "total_tokens": 5})),
        ["Completion: completion_tokens is missing"]
    );
    // The total says nothing that the others do not say.
    assert_eq!(anomalies(json!({"prompt_tokens": 3, "completion_tokens": 2})), [""; 0]);
}

#[test]
fn negative_and_broken_counts_are_flagged() {
    assert_eq!(
        anomalies(json!({"prompt_tokens": -3, "completion_tokens": 2.5, "total_tokens": -1})),
        [
            "Prompt: prompt_tokens is -3",
            "Completion: completion_tokens is 2.5",
            "Prompt: total_tokens is -1",
            "Completion: total_tokens is -1",
        ]
    );
    let reading = read(&usage(json!({
        "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": -1}
    })));
    assert!(reading.needs_estimate(Side::Prompt) && !reading.needs_estimate(Side::Completion));
    assert_eq!(reading.quantities.get(Item::Input), 10);
}

#[test]
fn totals_that_contradict_their_parts_are_flagged() {
    assert_eq!(
        anomalies(json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 5})),
        ["Prompt: total_tokens is 5, the sum is 15", "Completion: total_tokens is 5, the sum is 15"]
    );
}

#[test]
fn parts_larger_than_the_whole_are_flagged_and_cut() {
    let json = json!({
        "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 12},
        "completion_tokens_details": {"reasoning_tokens": 6}
    });
    assert_eq!(
        anomalies(json.clone()),
        [
            "Prompt: cached and written tokens: 12, of prompt_tokens: 10",
            "Completion: completion_tokens_details: 6, of completion_tokens: 5",
        ]
    );
    let quantities = read(&usage(json)).quantities;
    assert_eq!(quantities.prompt_tokens(), 10);
    assert_eq!(quantities.get(Item::Reasoning), 5);
}

#[test]
fn lives_larger_than_what_was_written_are_flagged() {
    assert_eq!(
        anomalies(json!({
            "prompt_tokens": 10, "completion_tokens": 0, "total_tokens": 10,
            "prompt_tokens_details": {
                "cache_write_tokens": 4, "cache_creation_token_details": {"ephemeral_1h_input_tokens": 5}
            }
        })),
        ["Prompt: cache_creation_token_details: 5, of cache_write_tokens: 4"]
    );
}

#[test]
fn how_it_was_answered_is_kept() {
    let reading = read(&usage(json!({
        "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2,
        "inference_geo": "US", "speed": "fast", "service_tier": "batch"
    })));
    assert_eq!((reading.facts, reading.tier), (vec!["us".to_owned(), "fast".to_owned()], Some(Tier::Batch)));
    let usual = read(&usage(json!({"inference_geo": "global", "speed": "standard", "service_tier": "auto"})));
    assert_eq!((usual.facts, usual.tier), (vec![], None));
}

#[test]
fn only_vendors_that_report_costs_are_believed() {
    let said = |vendor, json| reported_cost(vendor, &usage(json)).map(Usd::nanos);
    assert_eq!(said("openrouter", json!({"cost": 0.00123})), Some(1_230_000));
    assert_eq!(said("xai", json!({"cost_in_usd_ticks": 15_005})), Some(1_500)); // 1500.5, to the even one
    assert_eq!(said("perplexity", json!({"cost": {"total_cost": 0.006}})), Some(6_000_000));
    assert_eq!(said("deepinfra", json!({"estimated_cost": 3.6e-7})), Some(360));
    assert_eq!(said("openai", json!({"cost": 0.0})), None);
    assert_eq!(said("openrouter", json!({"cost": -1})), None);
    assert_eq!(said("openrouter", json!({"cost": "free"})), None);
}
