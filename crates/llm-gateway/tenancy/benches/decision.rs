//! What a decision costs: `cargo bench -p llm-tenancy`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use divan::{Bencher, black_box};
use llm_tenancy::{
    Access, Call, KeyHash, ModelView, Organization, PlainKey, Records, Route, Stamp, Team, User, VirtualKey,
    Wanted, groups_of,
};
use llm_types::UnixMs;
use serde_json::json;

fn main() {
    divan::main();
}

const NOW: UnixMs = UnixMs(1_763_700_000_000);
const PATH: &str = "/v1/chat/completions";

struct Tenant {
    key: VirtualKey,
    team: Team,
    user: User,
    organization: Organization,
}

/// A key with rules of every kind on four levels, `models` names in each list.
fn tenant(models: usize) -> Tenant {
    let names: Vec<String> =
        (0..models).map(|place| format!("model-{place}")).chain(["gpt-*".to_owned()]).collect();
    let mut key = VirtualKey::new(KeyHash::of("sk-bench"), "sk-...", Stamp::default());
    key.team_id = Some("team".into());
    key.user_id = Some("user".into());
    key.expires_at = Some(UnixMs(i64::MAX));
    key.grants = serde_json::from_value(json!({
        "models": names,
        "aliases": {"fast": "gpt-4o-mini"},
        "allowed_routes": ["/v1/chat/completions", "/v1/models/*", "info_routes"],
        "allowed_ips": ["192.168.0.0/16", "10.0.0.0/8", "2001:db8::/32"],
        "allowed_vendors": ["azure", "openai"],
    }))
    .unwrap();
    let team = json!({"team_id": "team", "organization_id": "org", "grants": {"models": names}});
    let user = json!({"user_id": "user", "grants": {"allowed_ips": ["10.0.0.0/8"]}});
    let organization = json!({"organization_id": "org", "grants": {"models": names}});
    Tenant {
        key,
        team: serde_json::from_value(team).unwrap(),
        user: serde_json::from_value(user).unwrap(),
        organization: serde_json::from_value(organization).unwrap(),
    }
}

fn access(tenant: &Tenant) -> Access {
    Access::compile(&Records {
        team: Some(&tenant.team),
        user: Some(&tenant.user),
        organization: Some(&tenant.organization),
        ..Records::of(&tenant.key)
    })
}

fn call(model: &'static str) -> Call<'static> {
    Call {
        now: NOW,
        client_ip: Some([10, 1, 2, 3].into()),
        route: Route { template: PATH, path: PATH, groups: groups_of("POST", PATH) },
        model: Some(Wanted {
            name: model,
            view: Some(ModelView { vendors: &["openai", "azure"], ..ModelView::default() }),
        }),
    }
}

/// A key without any rules.
#[divan::bench]
fn admit_unbounded(bencher: Bencher<'_, '_>) {
    let key = VirtualKey::new(KeyHash::of("sk-bench"), "sk-...", Stamp::default());
    let (access, call) = (Access::compile(&Records::of(&key)), call("gpt-4o"));
    bencher.bench(|| black_box(&access).admit(black_box(&call)).is_ok());
}

/// Rules of every kind on four levels, the model by a pattern after so many names.
#[divan::bench(args = [1, 10, 100, 1_000])]
fn admit(bencher: Bencher<'_, '_>, models: usize) {
    let (access, call) = (access(&tenant(models)), call("gpt-4o"));
    assert!(access.admit(&call).is_ok());
    bencher.bench(|| black_box(&access).admit(black_box(&call)).is_ok());
}

/// The same by an alias.
#[divan::bench]
fn admit_by_alias(bencher: Bencher<'_, '_>) {
    let (access, call) = (access(&tenant(10)), call("fast"));
    assert_eq!(access.admit(&call), Ok(Some("gpt-4o-mini")));
    bencher.bench(|| black_box(&access).admit(black_box(&call)).is_ok());
}

/// A model that no list has.
#[divan::bench]
fn refuse(bencher: Bencher<'_, '_>) {
    let (access, call) = (access(&tenant(10)), call("claude-opus"));
    assert!(access.admit(&call).is_err());
    bencher.bench(|| black_box(&access).admit(black_box(&call)).is_err());
}

/// What reading a key from the store costs besides the reading.
#[divan::bench]
fn compile(bencher: Bencher<'_, '_>) {
    let tenant = tenant(10);
    bencher.bench(|| access(black_box(&tenant)));
}

/// From a presented key to what it is looked up by.
#[divan::bench]
fn hash(bencher: Bencher<'_, '_>) {
    let key = PlainKey::generate(&[7; 32]);
    bencher.bench(|| KeyHash::of(black_box(key.expose())));
}
