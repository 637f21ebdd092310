use serde_json::{Value, json};

use super::*;
use crate::Affinity;

const GROUPS: [&str; 5] = ["gpt-4", "small", "large", "embed", "eu"];

fn settings(settings: Value) -> RouterSettings {
    serde_json::from_value(settings).unwrap()
}

fn entrance(with: Value) -> Entrance {
    Entrance::new(&settings(with), |name| GROUPS.contains(&name)).unwrap()
}

fn faults(with: Value) -> Vec<String> {
    let faults = Entrance::new(&settings(with), |name| GROUPS.contains(&name)).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

fn asks(model: &str) -> Inquiry<'_> {
    Inquiry { model, ..Inquiry::default() }
}

#[test]
fn a_plain_model_goes_straight_in() {
    let entrance = Entrance::default();
    let entry = entrance.enter(&asks("gpt-4"));
    assert_eq!(
        entry,
        Entry {
            group: "gpt-4",
            rule: None,
            variant: None,
            virtual_model: None,
            quality: None,
            unknown_quality: None,
            narrowed: None,
            class_by: None
        }
    );
    assert!(entrance.needs().is_empty());
}

fn split(weights: [f64; 2]) -> Value {
    json!({"splits": [{"name": "new-model", "model": "gpt-4", "variants": [
        {"name": "old", "weight": weights[0], "model": "gpt-4"},
        {"name": "new", "weight": weights[1], "model": "large"},
    ]}]})
}

#[test]
fn owners_stay_with_their_variant_and_shares_are_exact() {
    let entrance = entrance(split([70.0, 30.0]));
    let mut new = 0;
    for owner in 0..100_000 {
        let key = format!("key-{owner}");
        let inquiry =
            Inquiry { affinity: Affinity { key: Some(&key), ..Affinity::default() }, ..asks("gpt-4") };
        let entry = entrance.enter(&inquiry);
        assert_eq!(entry, entrance.enter(&inquiry));
        let (split, variant) = entry.variant.unwrap();
        assert_eq!((split, entry.group), ("new-model", if variant == "new" { "large" } else { "gpt-4" }));
        new += u32::from(variant == "new");
    }
    assert!(new.abs_diff(30_000) < 1_000, "{new}");
    assert!(entrance.needs().contains(Needs::AFFINITY));
}

#[test]
fn another_name_deals_anew_and_nobody_takes_part_without_an_owner() {
    let (first, mut other) = (split([1.0, 1.0]), split([1.0, 1.0]));
    other["splits"][0]["name"] = json!("second");
    let (first, other) = (entrance(first), entrance(other));
    let moved = (0..10_000)
        .filter(|owner| {
            let key = owner.to_string();
            let inquiry =
                Inquiry { affinity: Affinity { key: Some(&key), ..Affinity::default() }, ..asks("gpt-4") };
            first.enter(&inquiry).group != other.enter(&inquiry).group
        })
        .count();
    assert!(moved.abs_diff(5_000) < 250, "{moved}");
    assert_eq!(first.enter(&asks("gpt-4")).variant, None);
    assert_eq!(first.enter(&asks("small")).variant, None);
}

#[test]
fn a_variant_without_a_share_gets_nobody() {
    let entrance = entrance(split([0.0, 1.0]));
    for owner in 0..1_000 {
        let key = owner.to_string();
        let inquiry =
            Inquiry { affinity: Affinity { key: Some(&key), ..Affinity::default() }, ..asks("gpt-4") };
        assert_eq!(entrance.enter(&inquiry).group, "large");
    }
}

#[test]
fn splits_are_sticky_by_whom_they_say() {
    for (by, expected) in
        [("key", [true, false, false]), ("user", [false, true, false]), ("session", [false, false, true])]
    {
        let mut settings = split([1.0, 1.0]);
        settings["splits"][0]["sticky_by"] = json!(by);
        let entrance = entrance(settings);
        let owners = [
            Affinity { key: Some("a"), ..Affinity::default() },
            Affinity { user: Some("a"), ..Affinity::default() },
            Affinity { session: Some("a"), ..Affinity::default() },
        ];
        let took_part =
            owners.map(|affinity| entrance.enter(&Inquiry { affinity, ..asks("gpt-4") }).variant.is_some());
        assert_eq!(took_part, expected, "{by}");
    }
}

fn smart() -> Value {
    json!({"virtual_models": {
        "smart": {"by_complexity": {"simple": "small", "reasoning": "large"}},
        "topical": {"by_meaning": {"embedding_model": "embed", "routes": [
            {"model": "large", "utterances": ["write a contract"]},
        ]}, "default": "cheap"},
        "cheap": {"cheapest": ["small", "large"]},
    }})
}

#[test]
fn a_virtual_model_that_chooses_among_deployments_is_a_group() {
    let settings = settings(smart());
    let entrance = entrance(smart());
    assert_eq!(entrance.enter(&asks("cheap")).group, "cheap");
    assert_eq!(settings.members("cheap"), Some(&["small".to_owned(), "large".to_owned()][..]));
    assert_eq!(settings.members("smart"), None);
    assert_eq!(settings.members("gpt-4"), None);
}

#[test]
fn a_class_is_asked_for_and_then_chooses() {
    let entrance = entrance(smart());
    let entry = entrance.enter(&asks("smart"));
    assert_eq!((entry.group, entry.class_by), ("large", Some(ClassBy::Complexity)));
    for (tier, group) in [
        ("simple", "small"),
        ("medium", "large"),
        ("complex", "large"),
        ("reasoning", "large"),
        ("?", "large"),
    ] {
        let entry = entrance.enter(&Inquiry { class: Some(tier), ..asks("smart") });
        assert_eq!((entry.group, entry.class_by), (group, None), "{tier}");
    }
    let entry = entrance.enter(&asks("topical"));
    let Some(ClassBy::Meaning(meaning)) = entry.class_by else { panic!("{entry:?}") };
    assert_eq!((entry.group, meaning.routes.len()), ("cheap", 1));
    assert_eq!(entrance.enter(&Inquiry { class: Some("large"), ..asks("topical") }).group, "large");
    assert_eq!(entrance.enter(&Inquiry { class: Some(""), ..asks("topical") }).group, "cheap");
}

fn tiers() -> Value {
    json!({"virtual_models": {
        "writer": {"by_quality": {"draft": ["small", "eu"], "final": "large"}},
        "careful": {"by_quality": {"draft": ["small"], "final": ["large"]}, "default": "draft"},
        "other": {"by_quality": {"draft": "small"}, "default": "cheap"},
        "cheap": {"cheapest": ["small", "large"]},
    }})
}

#[test]
fn a_request_names_its_tier() {
    let (settings, entrance) = (settings(tiers()), entrance(tiers()));
    let enter = |model, quality| {
        let entry = entrance.enter(&Inquiry { quality, ..asks(model) });
        (entry.group.to_owned(), entry.virtual_model, entry.quality)
    };
    let led = |group: &str, model, tier| (group.to_owned(), Some(model), tier);
    assert_eq!(enter("writer", Some("draft")), led("writer:draft", "writer", Some("draft")));
    assert_eq!(enter("writer", None), led("writer:final", "writer", Some("final")), "the best");
    assert_eq!(enter("careful", None), led("careful:draft", "careful", Some("draft")));
    assert_eq!(enter("other", None), led("cheap", "other", None));
    // By its own name, whatever else is said.
    assert_eq!(enter("writer:draft", Some("final")), led("writer:draft", "writer", Some("draft")));
    assert_eq!(enter("small", Some("draft")), ("small".to_owned(), None, None), "it has no tiers");
    assert!(entrance.needs().contains(Needs::QUALITY));

    let inquiry = Inquiry { quality: Some("best"), ..asks("writer") };
    let refused = entrance.enter(&inquiry).check_quality(&inquiry).unwrap_err();
    assert_eq!(refused.message, r#""writer" has no tier "best", but draft, final"#);
    assert_eq!((refused.kind.status(), refused.param.as_deref()), (400, Some("quality_tier")));
    let inquiry = Inquiry { quality: Some("final"), ..asks("writer") };
    assert!(entrance.enter(&inquiry).check_quality(&inquiry).is_ok());

    let members = |name| settings.members(name).map(|members| members.join(" "));
    assert_eq!(members("writer:draft").as_deref(), Some("small eu"));
    assert_eq!(members("writer:final").as_deref(), Some("large"));
    assert_eq!((members("writer"), members("writer:best"), members("small:draft")), (None, None, None));
    let names: Vec<_> = settings.joined().collect();
    assert_eq!(
        names,
        ["cheap", "writer:draft", "writer:final", "careful:draft", "careful:final", "other:draft"]
    );
}

#[test]
fn tiers_that_cannot_be_have_their_places() {
    assert_eq!(
        faults(json!({"virtual_models": {
            "a": {"by_quality": {"": [], "x": ["nowhere", "b"]}, "default": "lost"},
            "b": {"by_quality": {"x": "small"}},
            "gpt": {"by_quality": {"4": "small"}, "cheapest": ["small"]},
        }})),
        [
            "router_settings.virtual_models.a.by_quality.x[0]: no model has the name `nowhere`",
            "router_settings.virtual_models.a.by_quality.x[1]: `b` is a virtual model, and cannot be reached from here",
            "router_settings.virtual_models.a.default: no model has the name `lost`",
            "router_settings.virtual_models.a.by_quality.: expected a name",
            "router_settings.virtual_models.a.by_quality.: expected a model at least",
            "router_settings.virtual_models.gpt: expected exactly one of cheapest, fastest, first_of, by_complexity, by_meaning and by_quality",
        ]
    );
    let named = Entrance::new(&settings(tiers()), |name| GROUPS.contains(&name) || name == "writer:draft");
    assert_eq!(
        named.unwrap_err()[0].to_string(),
        "router_settings.virtual_models.writer.by_quality.draft: `writer:draft` is the name of a model too"
    );
}

#[test]
fn faults_have_their_places() {
    assert_eq!(
        faults(json!({"virtual_models": {
            "gpt-4": {"cheapest": ["small"]},
            "both": {"cheapest": ["small"], "fastest": ["small"]},
            "none": {},
            "lost": {"first_of": ["small", "nowhere"]},
            "round": {"cheapest": ["lost"]},
            "tiers": {"by_complexity": {"hard": "small"}, "default": "tiers"},
            "meaning": {"by_meaning": {"embedding_model": "no", "routes": [
                {"model": "small", "utterances": [], "score_threshold": 2.0}
            ]}},
        }})),
        [
            "router_settings.virtual_models.gpt-4: `gpt-4` is the name of a model too",
            "router_settings.virtual_models.both: expected exactly one of cheapest, fastest, first_of, by_complexity, by_meaning and by_quality",
            "router_settings.virtual_models.none: expected exactly one of cheapest, fastest, first_of, by_complexity, by_meaning and by_quality",
            "router_settings.virtual_models.lost.first_of[1]: no model has the name `nowhere`",
            "router_settings.virtual_models.round.cheapest[0]: `lost` is a virtual model, and cannot be reached from here",
            "router_settings.virtual_models.tiers.default: `tiers` is a virtual model, and cannot be reached from here",
            "router_settings.virtual_models.tiers.by_complexity.hard: expected one of simple, medium, complex and reasoning",
            "router_settings.virtual_models.meaning.by_meaning.embedding_model: no model has the name `no`",
            "router_settings.virtual_models.meaning.by_meaning.routes[0].utterances: expected one at least",
            "router_settings.virtual_models.meaning.by_meaning.routes[0].score_threshold: expected a number from 0 to 1",
            "router_settings.virtual_models.meaning.default: expected the model for requests that fit nothing",
        ]
    );
    assert_eq!(
        faults(json!({"splits": [
            {"name": "a", "model": "gpt-4", "variants": [{"name": "x", "weight": -1.0, "model": "small"}]},
            {"name": "a", "model": "gpt-4", "variants": [
                {"name": "x", "weight": 1.0, "model": "small"}, {"name": "x", "weight": 1.0, "model": "nowhere"},
            ]},
        ]})),
        [
            "router_settings.splits[0].variants: expected two at least",
            "router_settings.splits[0].variants[0].weight: expected a share of zero or more",
            "router_settings.splits[0].variants: expected shares whose sum is above zero",
            "router_settings.splits[1].name: `a` names another split too",
            "router_settings.splits[1].model: requests for `gpt-4` take part in another split",
            "router_settings.splits[1].variants[1].name: `x` names another variant too",
            "router_settings.splits[1].variants[1].model: no model has the name `nowhere`",
        ]
    );
}

#[cfg(not(feature = "cel"))]
#[test]
fn without_the_feature_rules_are_faults() {
    let rules = json!({"rules": [{"name": "a", "when": "true", "model": "small"}]});
    assert_eq!(
        faults(rules),
        ["router_settings.rules[0].when: expressions need a build with the feature `cel`"]
    );
}

#[cfg(feature = "cel")]
mod rules {
    use super::*;
    use crate::Tags;

    fn premium() -> Value {
        json!({"rules": [
            {"name": "premium", "when": "model == 'gpt-4' && key.metadata.tier == 'premium'", "tags": ["gold"]},
            {"name": "europe", "when": "'eu' in tags || team.alias.startsWith('eu-')", "model": "eu", "regions": ["eu"]},
            {"name": "long", "when": "input_tokens > 1000 && stream && request.temperature < 1.0", "model": "large"},
        ]})
    }

    fn entered(inquiry: &Inquiry<'_>) -> (String, Option<String>) {
        let entrance = entrance(premium());
        let entry = entrance.enter(inquiry);
        (entry.group.to_owned(), entry.rule.map(str::to_owned))
    }

    #[test]
    fn the_first_rule_that_applies_holds() {
        let facts = json!({"key": {"metadata": {"tier": "premium"}}, "team": {"alias": "eu-sales"}});
        let inquiry = Inquiry { facts: Some(&facts), ..asks("gpt-4") };
        assert_eq!(entered(&inquiry), ("gpt-4".into(), Some("premium".into())));
        let inquiry = Inquiry { facts: Some(&facts), ..asks("small") };
        assert_eq!(entered(&inquiry), ("eu".into(), Some("europe".into())));
        let facts = json!({"request": {"temperature": 0.5}});
        let inquiry = Inquiry { facts: Some(&facts), stream: true, input_tokens: 1_001, ..asks("small") };
        assert_eq!(entered(&inquiry), ("large".into(), Some("long".into())));
        assert_eq!(entered(&Inquiry { input_tokens: 1_000, ..inquiry }), ("small".into(), None));
    }

    #[test]
    fn what_a_request_does_not_have_is_no_reason() {
        assert_eq!(entered(&asks("gpt-4")), ("gpt-4".into(), None));
        let facts = json!({"key": {"metadata": {}}, "team": null});
        assert_eq!(entered(&Inquiry { facts: Some(&facts), ..asks("gpt-4") }), ("gpt-4".into(), None));
        let inquiry = Inquiry { tags: Tags(&["eu"]), ..asks("gpt-4") };
        assert_eq!(entered(&inquiry), ("eu".into(), Some("europe".into())));
    }

    #[test]
    fn what_a_rule_leaves_in_question_is_handed_on() {
        let entrance = entrance(premium());
        let entry = entrance.enter(&Inquiry { tags: Tags(&["eu"]), ..asks("gpt-4") });
        let narrowed = entry.narrowed.unwrap();
        assert_eq!((narrowed.group, &narrowed.to.regions[..]), ("eu", &["eu".to_owned()][..]));
    }

    #[test]
    fn rules_need_what_they_speak_of() {
        let needs =
            |when: &str| entrance(json!({"rules": [{"name": "a", "when": when, "model": "small"}]})).needs();
        assert_eq!(needs("model == 'x' && stream"), Needs::NONE);
        assert_eq!(needs("input_tokens > 5"), Needs::INPUT_TOKENS);
        assert_eq!(needs("'a' in tags || key.x"), Needs::TAGS | Needs::FACTS);
    }

    #[test]
    fn rules_are_checked() {
        let long = format!("model == '{}'", "x".repeat(4_096));
        let deep = format!("{}true{}", "(".repeat(500), ")".repeat(500));
        let found = faults(json!({"rules": [
            {"name": "a", "when": "model ==", "model": "small"},
            {"name": "a", "when": "modle == 'x'", "model": "nowhere"},
            {"name": "c", "when": "true"},
            {"name": "d", "when": long, "model": "small"},
            {"name": "e", "when": deep, "model": "small"},
        ]}));
        let starts = [
            "router_settings.rules[0].when: ",
            "router_settings.rules[1].name: `a` names another rule too",
            "router_settings.rules[1].model: no model has the name `nowhere`",
            "router_settings.rules[1].when: unknown variable `modle`, expected one of `model`, `stream`",
            "router_settings.rules[2]: expected at least one of deployments, tags, regions and model",
            "router_settings.rules[3].when: the expression has 4107 bytes, of 4096 at most",
            "router_settings.rules[4].when: the expression has 500 brackets within each other, of 12 at most",
        ];
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for (fault, start) in found.iter().zip(starts) {
            assert!(fault.starts_with(start), "{fault}\nfor {start}");
        }
    }
}
