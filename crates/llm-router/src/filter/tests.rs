use llm_types::ErrorKind;
use serde_json::json;

use crate::select::tests::{Group, NOW};
use crate::{
    Affinity, Bond, Capabilities, DeploymentSettings, Inquiry, Narrowed, Narrowing, Pin, Quota, Refusal, Tags,
};

fn tagged(tags: &[&[&str]]) -> Group {
    Group::of(tags.iter().map(|tags| DeploymentSettings {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..DeploymentSettings::default()
    }))
}

fn bound<'a>(pins: &'a [Pin<'a>]) -> Inquiry<'a> {
    Inquiry { affinity: Affinity { pins, ..Affinity::default() }, ..Inquiry::default() }
}

#[test]
fn who_cools_down_is_never_asked() {
    let mut group = Group::plain(2);
    group.vitals[0].health.cooling_until = Some(NOW.plus(1));
    assert_eq!(group.left(&Inquiry::default()), [1]);
    group.vitals[1].health.cooling_until = Some(NOW.plus(1));
    assert_eq!(group.left(&Inquiry::default()), [0_usize; 0]);
    group.vitals[1].health.cooling_until = Some(NOW);
    assert_eq!(group.left(&Inquiry::default()), [1], "its time is over");
}

#[test]
fn who_comes_back_is_asked_by_one_at_a_time() {
    let mut group = Group::plain(2);
    group.vitals[0].health.half_open = true;
    assert_eq!(group.left(&Inquiry::default()), [0, 1]);
    group.vitals[0].health.probes = 1;
    assert_eq!(group.refusal(&Inquiry::default(), 0), Some(Refusal::Probed));
}

#[test]
fn background_checks_choose_unless_all_fail() {
    let mut group = Group::plain(2);
    group.vitals[0].health.checked_well = Some(false);
    assert_eq!(group.refusal(&Inquiry::default(), 0), Some(Refusal::Unwell));
    group.vitals[1].health.checked_well = Some(false);
    assert_eq!(group.left(&Inquiry::default()), [0, 1]);
    // One that cools down does not save those whose checks fail.
    group.vitals[1].health.checked_well = Some(true);
    group.vitals[1].health.cooling_until = Some(NOW.plus(1));
    assert_eq!(group.left(&Inquiry::default()), [0]);
}

#[test]
fn a_reference_binds_even_where_its_deployment_is_away() {
    let mut group = Group::plain(2);
    let pins = [Pin { deployment: "1", bond: Bond::Reference }];
    assert_eq!(group.left(&bound(&pins)), [1]);
    group.vitals[1].health.cooling_until = Some(NOW.plus(1));
    assert_eq!(group.decide(&bound(&pins), 0).chosen, None);
    assert_eq!(group.refusal(&bound(&pins), 0), Some(Refusal::Bound(Bond::Reference)));
    let elsewhere = [Pin { deployment: "another group's", bond: Bond::Reference }];
    assert_eq!(group.decide(&bound(&elsewhere), 0).chosen, None);
}

#[test]
fn the_other_bonds_choose_in_their_order_and_leave_nobody_out() {
    let mut group = Group::plain(3);
    let pins = [Pin { deployment: "1", bond: Bond::Session }, Pin { deployment: "2", bond: Bond::Owner }];
    assert_eq!(group.left(&bound(&pins)), [1]);
    group.vitals[1].health.cooling_until = Some(NOW.plus(1));
    assert_eq!(group.left(&bound(&pins)), [2]);
    group.vitals[2].health.cooling_until = Some(NOW.plus(1));
    assert_eq!(group.left(&bound(&pins)), [0]);
    let group = Group::plain(3).tried(1, ErrorKind::Internal);
    assert_eq!(group.left(&bound(&pins)), [2], "the pinned one has failed in this very request");
}

#[test]
fn a_bond_goes_before_the_order() {
    let order = |order| DeploymentSettings { order: Some(order), ..DeploymentSettings::default() };
    let group = Group::of([order(1), order(2)]);
    assert_eq!(group.left(&Inquiry::default()), [0]);
    assert_eq!(group.left(&bound(&[Pin { deployment: "1", bond: Bond::Session }])), [1]);
}

#[test]
fn prompts_that_are_too_long_go_elsewhere_where_that_is_checked() {
    let sized = || {
        let mut group = Group::plain(3);
        group.facts[0].max_input_tokens = Some(8_000);
        group.facts[1].max_input_tokens = Some(8_001);
        group
    };
    let inquiry = Inquiry { input_tokens: 8_001, ..Inquiry::default() };
    assert_eq!(sized().left(&inquiry), [0, 1, 2]);
    let group = sized().with(json!({"enable_pre_call_checks": true}));
    assert_eq!(group.left(&inquiry), [1, 2]);
    assert_eq!(group.refusal(&inquiry, 0), Some(Refusal::ContextWindow { most: 8_000 }));
}

#[test]
fn what_a_model_is_known_to_lack_keeps_it_out_and_the_unknown_does_not() {
    let mut group = Group::plain(3).with(json!({"enable_pre_call_checks": true}));
    group.facts[0].has = Capabilities::TOOLS;
    group.facts[1].lacks = Capabilities::TOOLS.with(Capabilities::VISION);
    let needs = Capabilities::TOOLS.with(Capabilities::REASONING);
    let inquiry = Inquiry { needs, ..Inquiry::default() };
    assert_eq!(group.left(&inquiry), [0, 2]);
    assert_eq!(group.refusal(&inquiry, 1), Some(Refusal::Lacks(Capabilities::TOOLS)));
}

#[test]
fn a_vendor_that_refuses_a_member_is_left_out() {
    let mut group = Group::plain(2).with(json!({"enable_pre_call_checks": true}));
    group.facts[0].refuses = vec!["logit_bias".into(), "seed".into()].into();
    let inquiry = Inquiry { parameters: &["temperature", "seed"], ..Inquiry::default() };
    assert_eq!(group.refusal(&inquiry, 0), Some(Refusal::Parameter(1)));
    assert_eq!(group.left(&inquiry), [1]);
    group.facts[1].refuses = vec!["temperature".into()].into();
    assert_eq!(group.left(&inquiry), [0, 1], "somebody has to serve");
}

#[test]
fn regions_are_a_law_whatever_is_configured() {
    let at = |region: &str| DeploymentSettings {
        region_name: (!region.is_empty()).then(|| region.to_owned()),
        ..DeploymentSettings::default()
    };
    let mut group = Group::of([at("eu-west-1"), at("us-east-1"), at(""), at(""), at("eu-west-2")]);
    group.facts[3].region = Some("swedencentral".into());
    let within = |regions: &'static [&'static str]| Inquiry { regions, ..Inquiry::default() };
    assert_eq!(group.left(&within(&["eu"])), [0, 3]);
    assert_eq!(group.left(&within(&["us", "swedencentral"])), [1, 3]);
    assert_eq!(group.left(&within(&["mars"])), [0_usize; 0]);
    assert_eq!(group.refusal(&within(&["eu"]), 2), Some(Refusal::Region), "nobody knows where it is");
}

#[test]
fn a_rule_narrows_its_own_group_and_its_regions_all() {
    let mut group = tagged(&[&["gold"], &["gold", "new"], &[]]);
    group.facts[1].region = Some("westeurope".into());
    let to = Narrowing { tags: vec!["gold".into()], ..Narrowing::default() };
    let narrowed = |to, group| Inquiry { narrowed: Some(Narrowed { to, group }), ..Inquiry::default() };
    assert_eq!(group.left(&narrowed(&to, "group")), [0, 1]);
    assert_eq!(group.left(&narrowed(&to, "another")), [0, 1, 2]);
    let to = Narrowing { deployments: vec!["2".into(), "1".into()], ..Narrowing::default() };
    assert_eq!(group.left(&narrowed(&to, "group")), [1, 2]);
    let to = Narrowing { regions: vec!["eu".into()], ..Narrowing::default() };
    assert_eq!(group.left(&narrowed(&to, "another")), [1]);
    assert_eq!(group.refusal(&narrowed(&to, "another"), 0), Some(Refusal::Rule));
}

#[test]
fn limits_hold_where_the_strategy_or_the_configuration_says_so() {
    let limited = || {
        let limit = |rpm, tpm| DeploymentSettings { rpm, tpm, ..DeploymentSettings::default() };
        let mut group = Group::of([limit(Some(10), None), limit(None, Some(1_000)), limit(None, None)]);
        group.vitals[0].minute.requests = 9;
        group.vitals[1].minute.tokens = 900;
        group.vitals[2].minute.requests = 1_000_000;
        group
    };
    let inquiry = Inquiry { input_tokens: 101, ..Inquiry::default() };
    let left = |settings| limited().with(settings).left(&inquiry);
    assert_eq!(left(json!({})), [0, 1, 2]);
    assert_eq!(left(json!({"optional_pre_call_checks": ["enforce_model_rate_limits"]})), [0, 2]);
    assert_eq!(left(json!({"routing_strategy": "latency-based-routing"})), [0, 2]);
    assert_eq!(left(json!({"routing_strategy": "cost-based-routing"})), [0, 2]);
    // With these the tenth request of ten is refused already, as LiteLLM does.
    for strategy in ["usage-based-routing", "usage-based-routing-v2"] {
        assert_eq!(left(json!({"routing_strategy": strategy})), [2]);
    }
    let mut group =
        limited().with(json!({"model_group_affinity_config": {"group": ["enforce_model_rate_limits"]}}));
    group.vitals[0].minute.requests = 10;
    assert_eq!(group.refusal(&inquiry, 0), Some(Refusal::Requests { limit: 10 }));
    assert_eq!(group.refusal(&inquiry, 1), Some(Refusal::Tokens { limit: 1_000 }));
    assert_eq!(group.refusal(&Inquiry { input_tokens: 100, ..inquiry }, 1), None);
}

#[test]
fn the_vendors_own_word_counts_while_it_holds_and_somebody_else_is_there() {
    let mut group = Group::plain(2);
    let inquiry = Inquiry { input_tokens: 50, ..Inquiry::default() };
    let quota = |requests, tokens, until| Quota { requests, tokens, until: Some(until) };
    for (spent, refused) in [
        (quota(Some(0), None, NOW.plus(1)), true),
        (quota(Some(1), Some(49), NOW.plus(1)), true),
        (quota(Some(1), Some(50), NOW.plus(1)), false),
        (quota(Some(0), Some(0), NOW), false),
        (Quota { requests: Some(0), tokens: None, until: None }, false),
    ] {
        group.vitals[0].quota = spent;
        assert_eq!(group.refusal(&inquiry, 0), refused.then_some(Refusal::Quota), "{spent:?}");
    }
    group.vitals[0].quota = quota(Some(0), None, NOW.plus(1));
    group.vitals[1].quota = quota(Some(0), None, NOW.plus(1));
    assert_eq!(group.left(&inquiry), [0, 1]);
}

#[test]
fn a_spent_budget_is_spent() {
    let mut group = Group::plain(2);
    group.vitals[0].budget_used = Some(0.999);
    group.vitals[1].budget_used = Some(1.0);
    assert_eq!(group.left(&Inquiry::default()), [0]);
    group.vitals[0].budget_used = Some(1.5);
    assert_eq!(group.decide(&Inquiry::default(), 0).chosen, None);
}

#[test]
fn the_lowest_order_goes_first() {
    let order = |order| DeploymentSettings { order, ..DeploymentSettings::default() };
    let mut group = Group::of([order(Some(2)), order(None), order(Some(1)), order(Some(1))]);
    assert_eq!(group.left(&Inquiry::default()), [2, 3]);
    assert_eq!(group.refusal(&Inquiry::default(), 0), Some(Refusal::Order));
    group.vitals[2].health.cooling_until = Some(NOW.plus(1));
    group.vitals[3].health.cooling_until = Some(NOW.plus(1));
    assert_eq!(group.left(&Inquiry::default()), [0]);
}

#[test]
fn who_failed_goes_after_who_has_not_been_asked_and_who_refused_goes_last() {
    let group = Group::plain(3).tried(0, ErrorKind::Internal);
    assert_eq!(group.left(&Inquiry::default()), [1, 2]);
    assert_eq!(group.refusal(&Inquiry::default(), 0), Some(Refusal::Tried));
    let group = group.tried(1, ErrorKind::InvalidRequest).tried(2, ErrorKind::RateLimit);
    assert_eq!(group.left(&Inquiry::default()), [0], "all have been asked, the third last");
    assert_eq!(group.refusal(&Inquiry::default(), 1), Some(Refusal::Unsuited));
    let group = Group::plain(1).tried(0, ErrorKind::InvalidRequest);
    assert_eq!(group.left(&Inquiry::default()), [0]);
}

#[test]
fn labels_choose_as_litellm_has_it() {
    let deployments: &[&[&str]] = &[&["paid", "eu"], &["free"], &["default"], &[]];
    let plain: &[&[&str]] = &[&["paid", "eu"], &["free"], &[]];
    let on = json!({"enable_tag_filtering": true});
    let all = json!({"enable_tag_filtering": true, "tag_filtering_match_any": false});
    let prefixed = json!({"enable_tag_filtering": true, "tag_routing_prefix": "route:"});
    type Case<'a> = (&'a [&'a [&'a str]], &'a serde_json::Value, &'a [&'a str], &'a [usize]);
    let cases: &[Case<'_>] = &[
        (deployments, &on, &["free"], &[1]),
        (deployments, &on, &["free", "paid"], &[0, 1]),
        (deployments, &all, &["paid", "eu"], &[0]),
        (deployments, &all, &["paid", "free"], &[2]),
        // Whom nobody fits gets the default; so does who asks for nothing.
        (deployments, &on, &["gold"], &[2]),
        (deployments, &on, &[], &[2]),
        // Without a default: everybody for who asks for nothing, nobody for who asks in vain.
        (plain, &on, &[], &[0, 1, 2]),
        (plain, &on, &["gold"], &[]),
        (plain, &on, &["!free"], &[0, 2]),
        (deployments, &on, &["!default"], &[0, 1, 3]),
        (deployments, &on, &["!eu", "paid"], &[2]),
        (deployments, &on, &["&eu"], &[0]),
        (deployments, &on, &["&eu", "free"], &[2]),
        (deployments, &on, &["paid", "&eu"], &[0]),
        // With a prefix the other labels say nothing about routing.
        (deployments, &prefixed, &["free", "route:paid"], &[0]),
        (plain, &prefixed, &["free"], &[0, 1, 2]),
        (plain, &prefixed, &["route:!free"], &[0, 2]),
    ];
    for (deployments, settings, tags, left) in cases {
        let group = tagged(deployments).with((*settings).clone());
        let inquiry = Inquiry { tags: Tags(tags), ..Inquiry::default() };
        assert_eq!(group.left(&inquiry), *left, "{tags:?} with {settings}");
    }
}

#[test]
fn a_request_may_turn_labels_on() {
    let group = tagged(&[&["paid"], &["free"]]);
    let inquiry = Inquiry { tags: Tags(&["free"]), ..Inquiry::default() };
    assert_eq!(group.left(&inquiry), [0, 1]);
    assert_eq!(group.left(&Inquiry { filter_by_tags: true, ..inquiry }), [1]);
}

#[test]
fn the_client_itself_is_a_label() {
    let tag_regex = vec!["^User-Agent: claude-code/".into()];
    let code = DeploymentSettings { tag_regex, ..DeploymentSettings::default() };
    let default = DeploymentSettings { tags: vec!["default".into()], ..DeploymentSettings::default() };
    let group = Group::of([code, default]).with(json!({"enable_tag_filtering": true}));
    let from = |user_agent| Inquiry { user_agent, ..Inquiry::default() };
    assert_eq!(group.left(&from(Some("claude-code/2.1"))), [0]);
    assert_eq!(group.left(&from(Some("curl/8.5"))), [1]);
    assert_eq!(group.left(&from(None)), [1]);
}
