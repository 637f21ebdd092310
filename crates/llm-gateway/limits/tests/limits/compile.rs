//! Bounds out of records.

use llm_limits::{Asked, Bounds, Demand, Level, Limiter, Measure, Rules, Settings, Source};
use llm_tenancy::{AccessGroup, Budget, EndUser, Tag};
use serde_json::json;

use crate::support::{NOW, Tenant, limits};

/// Accounts with their limits, in order.
fn accounts(bounds: &Bounds) -> Vec<(String, i64)> {
    let shown = |name: &str| match name.find("key/") {
        Some(at) => format!("{}K{}", &name[..at + 4], &name[at + 4 + 64..]),
        None => name.to_owned(),
    };
    bounds.iter().map(|bound| (shown(&bound.account.name), bound.limit.unwrap_or(-1))).collect()
}

fn named(list: &[(&str, i64)]) -> Vec<(String, i64)> {
    list.iter().map(|(name, limit)| ((*name).to_owned(), *limit)).collect()
}

fn group(value: serde_json::Value) -> AccessGroup {
    serde_json::from_value(value).unwrap()
}

#[test]
fn every_level_has_its_accounts() {
    let mut tenant = Tenant::new("sk-1");
    tenant.key.limits = limits(json!({
        "max_budget": "1", "budget_duration": "30d", "rpm_limit": 1, "tpm_limit": 2, "tpd_limit": 3,
        "max_parallel_requests": 4, "budget_limits": [{"budget_duration": "1h", "max_budget": "0.5"}],
        "rate_limits": [{"window": "1h", "requests": 11}, {"window": "1mo", "tokens": 12}],
        "tag_rpm_limit": {"batch/x": 5}, "mcp_rpm_limit": {"files": 6},
    }));
    tenant.project.limits = limits(json!({"max_budget": "2"}));
    tenant.member.limits = limits(json!({"rpm_limit": 7}));
    tenant.team.limits = limits(json!({"rpm_limit": 8}));
    tenant.user.limits = limits(json!({"rpm_limit": 9}));
    tenant.organization.limits = limits(json!({"rpm_limit": 10}));
    let nano = 1_000_000_000;
    let expected = [
        ("usd:30d:key/K", nano),
        ("usd:1h:key/K", nano / 2),
        ("req:1m:key/K", 1),
        ("tok:1m:key/K", 2),
        ("tok:1d:key/K", 3),
        ("par::key/K", 4),
        ("req:1h:key/K", 11),
        ("tok:1mo:key/K", 12),
        ("req:1m:key/K/tag/batch%2Fx", 5),
        ("req:1m:key/K/server/files", 6),
        ("usd::project/beta", 2 * nano),
        ("req:1m:member/search/anna", 7),
        ("req:1m:team/search", 8),
        ("req:1m:org/acme", 10),
    ];
    assert_eq!(accounts(&tenant.bounds()), named(&expected));
    assert!(tenant.bounds().iter().all(|bound| &*bound.account.shelf == "org/acme"));

    tenant.rules = Rules { user_bounds_team_keys: true, ..Rules::default() };
    let bounds = tenant.bounds();
    let user = bounds.iter().find(|bound| bound.level == Level::User).unwrap();
    assert_eq!(
        (user.limit, &user.account.shelf),
        (Some(9), &user.account.name),
        "users are of no organisation"
    );
    // A key of nobody's team is under its user's bounds whatever the rules.
    tenant.rules = Rules::default();
    tenant.key.team_id = None;
    assert!(tenant.bounds().iter().any(|bound| bound.level == Level::User));
}

#[test]
fn who_begins_anew_has_other_accounts_for_money() {
    let mut tenant = Tenant::new("sk-1");
    tenant.team.limits = limits(json!({"max_budget": "1", "budget_duration": "30d", "rpm_limit": 1}));
    let before = accounts(&tenant.bounds());
    tenant.team.spending.resets = 2;
    let nano = 1_000_000_000;
    let expected = [("usd:30d:team/search%232", nano), ("req:1m:team/search", 1)];
    assert_eq!(accounts(&tenant.bounds()), named(&expected));
    assert_eq!(before, named(&[("usd:30d:team/search", nano), ("req:1m:team/search", 1)]));
    // No id is written so.
    tenant.team.spending.resets = 0;
    tenant.team.team_id = "search%232".into();
    assert_eq!(accounts(&tenant.bounds())[0].0, "usd:30d:team/search%25232");
}

#[test]
fn no_subject_can_choose_anothers_account() {
    let mut one = Tenant::new("sk-1");
    one.team.team_id = "a/b".into();
    one.member.user_id = "c".into();
    one.member.limits = limits(json!({"rpm_limit": 1}));
    let mut other = Tenant::new("sk-1");
    other.team.team_id = "a".into();
    other.member.user_id = "b/c".into();
    other.member.limits = limits(json!({"rpm_limit": 1}));
    let of = |tenant: &Tenant| accounts(&tenant.bounds())[0].0.clone();
    assert_eq!((of(&one).as_str(), of(&other).as_str()), ("req:1m:member/a%2Fb/c", "req:1m:member/a/b%2Fc"));
    let percent: Tag = serde_json::from_value(json!({"name": "a%2Fb", "limits": {"rpm_limit": 1}})).unwrap();
    assert_eq!(accounts(&Bounds::of_tag(&percent, None))[0].0, "req:1m:tag/a%252Fb");
}

#[test]
fn a_row_says_what_the_record_does_not() {
    let row: Budget = serde_json::from_value(json!({
        "budget_id": "b", "limits": {"max_budget": "1", "budget_duration": "1d", "rpm_limit": 5, "tpm_limit": 6},
    }))
    .unwrap();
    let mut tenant = Tenant::new("sk-1");
    tenant.budgets = vec![row.clone()];
    tenant.key.budget_id = Some("b".into());
    tenant.key.limits = limits(json!({"rpm_limit": 3}));
    tenant.team.budget_id = Some("gone".into());
    tenant.member.budget_id = Some("b".into());
    tenant.team.member_defaults.limits = limits(json!({"rpm_limit": 1}));
    let nano = 1_000_000_000;
    let expected = [
        ("usd:1d:key/K", nano),
        ("req:1m:key/K", 3),
        ("tok:1m:key/K", 6),
        ("usd:1d:member/search/anna", nano),
        ("req:1m:member/search/anna", 5),
        ("tok:1m:member/search/anna", 6),
    ];
    assert_eq!(accounts(&tenant.bounds()), named(&expected), "each is bounded for itself");
    tenant.member.budget_id = None;
    assert_eq!(accounts(&tenant.bounds())[3..], named(&[("req:1m:member/search/anna", 1)]));

    let ben: EndUser = serde_json::from_value(json!({"user_id": "ben", "limits": {"rpm_limit": 2}})).unwrap();
    let expected = [("usd:1d:end_user/ben", nano), ("req:1m:end_user/ben", 2), ("tok:1m:end_user/ben", 6)];
    let rules = Rules::default();
    assert_eq!(accounts(&Bounds::of_end_user(&ben, Some(&row), &rules)), named(&expected));
    let unknown = Bounds::of_unknown_end_user(&"eve".into(), Some(&row), &rules);
    assert_eq!(accounts(&unknown)[1], ("req:1m:end_user/eve".to_owned(), 5));
    assert!(Bounds::of_unknown_end_user(&"eve".into(), None, &rules).is_empty());
}

#[test]
fn of_whom_nothing_is_said_the_operator_decides() {
    let rules =
        Rules { key_parallel: Some(7), end_user_budget: Some("0.5".parse().unwrap()), ..Rules::default() };
    let mut tenant = Tenant::new("sk-1");
    tenant.rules = rules;
    assert_eq!(accounts(&tenant.bounds()), named(&[("par::key/K", 7)]), "of the key alone");
    let row = |limits: serde_json::Value| -> Budget {
        serde_json::from_value(json!({"budget_id": "b", "limits": limits})).unwrap()
    };
    (tenant.key.budget_id, tenant.budgets) =
        (Some("b".into()), vec![row(json!({"max_parallel_requests": 9}))]);
    assert_eq!(accounts(&tenant.bounds()), named(&[("par::key/K", 9)]), "a row says something");

    let half = ("usd::end_user/ben".to_owned(), 500_000_000);
    let ben = |limits: serde_json::Value| -> EndUser {
        serde_json::from_value(json!({"user_id": "ben", "limits": limits})).unwrap()
    };
    let of = |limits, row: Option<&Budget>| accounts(&Bounds::of_end_user(&ben(limits), row, &rules));
    assert_eq!(of(json!({}), None), std::slice::from_ref(&half));
    assert_eq!(of(json!({"max_budget": "2"}), None), named(&[("usd::end_user/ben", 2_000_000_000)]));
    let own = named(&[("usd:1d:end_user/ben", 1_000_000_000)]);
    assert_eq!(of(json!({"budget_limits": [{"budget_duration": "1d", "max_budget": "1"}]}), None), own);
    let daily = row(json!({"max_budget": "1", "budget_duration": "1d"}));
    assert_eq!(of(json!({}), Some(&daily)), own, "nor has who has one by a row");
    let watched = row(json!({"soft_budget": "0.1", "budget_duration": "1d", "rpm_limit": 3}));
    let both = [("usd:1d:end_user/ben".to_owned(), -1), ("req:1m:end_user/ben".to_owned(), 3), half.clone()];
    assert_eq!(of(json!({}), Some(&watched)), both, "what is only watched is no budget");
    assert_eq!(accounts(&Bounds::of_unknown_end_user(&"ben".into(), None, &rules)), [half]);
}

#[test]
fn one_account_is_bounded_once_by_the_least() {
    let mut tenant = Tenant::new("sk-1");
    tenant.key.limits = limits(json!({
        "max_budget": "3", "soft_budget": "1", "budget_duration": "1d",
        "budget_limits": [{"budget_duration": "1d", "max_budget": "2"}, {"budget_duration": "1d", "max_budget": "4"}],
    }));
    let bounds = tenant.bounds();
    assert_eq!(accounts(&bounds), named(&[("usd:1d:key/K", 2_000_000_000)]));
    assert_eq!(bounds.iter().next().unwrap().soft, Some(1_000_000_000));
    tenant.key.limits = limits(json!({"max_budget": "-1"}));
    assert_eq!(accounts(&tenant.bounds()), named(&[("usd::key/K", 0)]), "less than nothing is nothing");
}

/// Which accounts a request to a model takes from.
fn taken_from(bounds: &Bounds, asked: &Asked<'_>) -> Vec<String> {
    let limiter = Limiter::new(Settings::default(), Source::Nobody);
    let reservation = limiter.try_reserve(&[bounds], asked, NOW).unwrap().unwrap();
    let names =
        reservation.charges().map(|charge| charge.account.name.rsplit('/').next().unwrap().to_owned());
    names.collect()
}

#[test]
fn of_bounds_by_model_the_most_exact_counts() {
    let mut tenant = Tenant::new("sk-1");
    let dollar = |model: &str| (model.to_owned(), json!({"budget_limit": "1", "time_period": "1d"}));
    let budgets: serde_json::Map<String, serde_json::Value> =
        ["gpt-4o", "gpt-*", "gpt-4*", "*", "fast"].map(dollar).into_iter().collect();
    tenant.key.limits = limits(json!({"model_max_budget": budgets}));
    tenant.groups = vec![group(json!({"access_group_id": "g", "access_group_name": "fast",
        "models": ["gpt-4o-mini", "haiku-*"]}))];
    let bounds = tenant.bounds();
    for (models, groups, expected) in [
        (&["gpt-4o"][..], &[][..], "gpt-4o"),
        (&["my-alias", "gpt-4o"], &[], "gpt-4o"),
        (&["gpt-4o-mini"], &[], "fast"),
        (&["haiku-4"], &[], "fast"),
        (&["sonnet"], &["fast".to_owned()], "fast"),
        (&["gpt-4.1"], &[], "gpt-4*"),
        (&["gpt-5"], &[], "gpt-*"),
        (&["sonnet"], &[], "*"),
    ] {
        let demand = Demand::request(1, 1);
        let asked = Asked { models, model_groups: groups, demand, ..Asked::default() };
        // What is spent of a group is told of the group as well, though it has no budget of its own.
        let of_group = (expected == "fast").then_some("g");
        let expected: Vec<_> = [expected].into_iter().chain(of_group).collect();
        assert_eq!(taken_from(&bounds, &asked), expected, "{models:?} {groups:?}");
    }
    assert!(bounds.iter().all(|bound| bound.measure == Measure::Spend && bound.part.is_some()));
}

#[test]
fn rates_by_model_tag_and_server() {
    let mut tenant = Tenant::new("sk-1");
    tenant.key.limits = limits(json!({
        "model_rpm_limit": {"gpt-4o": 1}, "model_tpm_limit": {"gpt-4o": 10}, "tag_rpm_limit": {"batch": 1},
        "mcp_rpm_limit": {"files": 1},
        "model_max_budget": {"gpt-4o": {"rpm_limit": 5}},
    }));
    let (bounds, limiter) = (tenant.bounds(), Limiter::new(Settings::default(), Source::Nobody));
    let refused = |asked: Asked<'_>| {
        let asked = Asked { demand: Demand::request(1, 1), ..asked };
        let first = limiter.try_reserve(&[&bounds], &asked, NOW);
        assert!(first.is_ok(), "{first:?}");
        limiter.try_reserve(&[&bounds], &asked, NOW).err().and_then(|refusal| refusal.part)
    };
    let tags = ["batch".to_owned()];
    assert_eq!(refused(Asked { models: &["gpt-4o"], ..Asked::default() }).as_deref(), Some("gpt-4o"));
    assert_eq!(
        refused(Asked { models: &["haiku"], tags: &tags, ..Asked::default() }).as_deref(),
        Some("batch")
    );
    assert_eq!(refused(Asked { server: Some("files"), ..Asked::default() }).as_deref(), Some("files"));
    assert_eq!(refused(Asked { models: &["haiku"], server: Some("mail"), ..Asked::default() }), None);
}

#[test]
fn a_groups_budget_is_for_its_models_whoever_asks() {
    let fast = group(json!({"access_group_id": "g", "access_group_name": "fast", "models": ["haiku-*"],
        "limits": {"max_budget": "0.000000001"}}));
    let (mut one, mut two) = (Tenant::new("sk-1"), Tenant::new("sk-2"));
    (one.groups, two.groups) = (vec![fast.clone()], vec![fast.clone()]);
    let (one, two, master) = (one.bounds(), two.bounds(), Bounds::of_groups(&[fast]));
    let limiter = Limiter::new(Settings::default(), Source::Nobody);
    let haiku = Asked { models: &["haiku-4"], demand: Demand::request(1, 1), ..Asked::default() };
    let held = limiter.try_reserve(&[&one], &haiku, NOW).unwrap().unwrap();
    for other in [&two, &master] {
        let refusal = limiter.try_reserve(&[other], &haiku, NOW).unwrap_err();
        assert_eq!((refusal.level, refusal.part.as_deref()), (Level::AccessGroup, Some("fast")));
        assert!(limiter.try_reserve(&[other], &Asked { models: &["gpt-4o"], ..haiku }, NOW).is_ok());
    }
    drop(held);
    assert!(limiter.try_reserve(&[&two], &haiku, NOW).is_ok());
}

#[test]
fn what_else_records_say_of_requests() {
    let mut tenant = Tenant::new("sk-1");
    tenant.key.limits = limits(json!({
        "default_estimated_output_tokens_per_model": {"gpt-4o": 10}, "budget_fallbacks": {"gpt-4o": ["mini", "nano"]},
    }));
    tenant.team.limits = limits(json!({
        "default_estimated_output_tokens": 30, "default_estimated_output_tokens_per_model": {"gpt-4o": 20},
    }));
    let bounds = tenant.bounds();
    assert_eq!(bounds.estimated_output(&["alias", "gpt-4o"]), Some(10));
    assert_eq!(bounds.estimated_output(&["haiku"]), Some(30));
    assert_eq!(Bounds::default().estimated_output(&["haiku"]), None);
    let instead: Vec<&str> = bounds.budget_fallbacks(&["gpt-4o"]).iter().map(|name| &**name).collect();
    assert_eq!(instead, ["mini", "nano"]);
    assert!(bounds.budget_fallbacks(&["mini"]).is_empty());
}
