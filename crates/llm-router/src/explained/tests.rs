use llm_types::ErrorKind;

use super::*;
use crate::{Capabilities, DeploymentSettings, Facts, Health, Hedged, Pace, Policy, select};

#[test]
fn every_candidate_says_why_in_words_and_numbers() {
    let now = UnixMs(10_000);
    let policy = Policy::default();
    let ids = ["well", "cooling", "used"].map(DeploymentId::new);
    let settings =
        ["well", "cooling", "used"].map(|_| DeploymentSettings { weight: Some(2.0), ..Default::default() });
    let facts = Facts { provider: "openai".into(), model: "gpt-4o".into(), ..Facts::default() };
    let cooling =
        Health { cooling_until: Some(UnixMs(12_500)), cause: Some(ErrorKind::Internal), ..Health::default() };
    let healths = [Health::default(), cooling, Health { checked_well: Some(false), ..Health::default() }];
    let candidates: Vec<Candidate<'_>> = (0..3)
        .map(|place| Candidate {
            id: &ids[place],
            settings: &settings[place],
            facts: &facts,
            vitals: Vitals { health: healths[place], ..Vitals::default() },
        })
        .collect();
    let view = Snapshot {
        group: "g",
        policy: &policy,
        candidates: &candidates,
        pace: Pace::default(),
        turn: 0,
        hedging: Hedged::default(),
    };
    let inquiry = Inquiry::default();
    let decision = select(&view, &inquiry, &[], now, 42);
    let told = Explained::new(&decision, &view, &inquiry);
    assert_eq!((told.seed, told.at, told.chosen.as_ref()), (42, now, Some(&ids[0])));
    let said: Vec<(&str, &str)> = told.candidates.iter().map(|one| (one.verdict, &*one.because)).collect();
    assert_eq!(
        said,
        [
            ("chosen", "drawn by its part of the largest weight: 1"),
            ("refused", "cooling down for 2500 ms more after internal"),
            ("refused", "the background check failed"),
        ]
    );
    assert_eq!((told.candidates[0].score, told.candidates[1].score), (Some(1.0), None));
    assert_eq!(&*told.candidates[0].model, "gpt-4o");
}

#[test]
fn refusals_name_what_they_are_about() {
    let inquiry = Inquiry {
        input_tokens: 900,
        parameters: &["seed", "logit_bias"],
        regions: &["eu", "ch"],
        ..Inquiry::default()
    };
    let now = UnixMs(0);
    for (refusal, expected) in [
        (Refusal::ContextWindow { most: 500 }, "the prompt has some 900 tokens, it takes 500"),
        (Refusal::Lacks(Capabilities::VISION.with(Capabilities::TOOLS)), "the model lacks vision, tools"),
        (Refusal::Parameter(1), "the vendor refuses `logit_bias`"),
        (Refusal::Region, "it is not in eu or ch"),
        (Refusal::Requests { limit: 60 }, "its 60 requests of this minute are used up"),
        (Refusal::Bound(Bond::Session), "its conversation is at another"),
    ] {
        assert_eq!(words(refusal, now, &inquiry), expected);
    }
}
