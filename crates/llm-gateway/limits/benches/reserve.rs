//! What a reservation costs: `cargo bench -p llm-limits`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use divan::{Bencher, black_box};
use llm_limits::{Asked, Bounds, Demand, Limiter, Rules, Settings, Source};
use llm_tenancy::{
    KeyHash, Limits, Organization, Project, Records, Role, Stamp, Team, TeamMember, TeamRole, User,
    VirtualKey,
};
use llm_types::UnixMs;
use serde_json::json;

fn main() {
    divan::main();
}

const NOW: UnixMs = UnixMs(1_795_000_000_000);

/// A key of a team of an organisation: budgets and rates on five levels, `bounds_per_level` each.
fn bounds(limits: &Limits, number: u8) -> Bounds {
    let mut key = VirtualKey::new(KeyHash::of(&format!("sk-{number}")), "sk-...", Stamp::default());
    key.team_id = Some("search".into());
    key.user_id = Some("anna".into());
    let mut team = Team::new("search".into(), Stamp::default());
    team.organization_id = Some("acme".into());
    let mut member = TeamMember::new("search".into(), "anna".into(), TeamRole::User, Stamp::default());
    let mut user = User::new("anna".into(), Role::InternalUser, Stamp::default());
    let mut organization: Organization = serde_json::from_value(json!({"organization_id": "acme"})).unwrap();
    for place in
        [&mut key.limits, &mut team.limits, &mut member.limits, &mut user.limits, &mut organization.limits]
    {
        *place = limits.clone();
    }
    let records = Records {
        user: Some(&user),
        team: Some(&team),
        member: Some(&member),
        organization: Some(&organization),
        project: None::<&Project>,
        ..Records::of(&key)
    };
    Bounds::of(&records, &[], &Rules { user_bounds_team_keys: true, ..Rules::default() })
}

fn budgets() -> Limits {
    serde_json::from_value(json!({"max_budget": "1000000", "budget_duration": "30d"})).unwrap()
}

fn everything() -> Limits {
    let mut limits = budgets();
    (limits.rpm_limit, limits.tpm_limit) = (Some(1 << 50), Some(1 << 50));
    limits
}

fn there_and_back(limiter: &Limiter, bounds: &Bounds) {
    let asked = Asked { models: &["gpt-4o"], demand: Demand::request(1_000, 1_000_000), ..Asked::default() };
    let reservation = limiter.try_reserve(&[black_box(bounds)], &asked, NOW).unwrap().unwrap();
    black_box(reservation.settle(1, 1));
}

fn run(bencher: Bencher<'_, '_>, limits: &Limits, expected: usize) {
    let limiter = Limiter::new(Settings::default(), Source::Nobody);
    let bounds = bounds(limits, 0);
    assert_eq!(bounds.len(), expected);
    bencher.bench(|| there_and_back(&limiter, &bounds));
}

/// Five accounts: a budget on each of five levels.
#[divan::bench(threads = [1, 2])]
fn five_levels(bencher: Bencher<'_, '_>) {
    run(bencher, &budgets(), 5);
}

/// Fifteen accounts: budget, requests and tokens on each of five levels.
#[divan::bench(threads = [1, 2])]
fn five_levels_of_three(bencher: Bencher<'_, '_>) {
    run(bencher, &everything(), 15);
}
