//! Keys in memory over a real store.
#![expect(clippy::unwrap_used, reason = "a failure is told by the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use llm_identity::{Bounds, Identities};
use llm_limits::Rules;
use llm_store::{By, Cipher, Store, StoreError, StoreSettings};
use llm_tenancy::management::Scope;
use llm_tenancy::{
    Budget, BudgetId, EndUser, Limits, PlainKey, Refusal, Stamp, Tag, Team, TeamId, Usd, VirtualKey,
};
use llm_types::UnixMs;
use tokio::task::JoinSet;

const NOW: UnixMs = UnixMs(1_795_000_000_000);

/// A store in a folder of its own, and a gateway's memory of its keys.
struct Desk {
    store: Store,
    identities: Arc<Identities>,
    clock: Arc<AtomicI64>,
    _work: JoinSet<()>,
    _folder: tempfile::TempDir,
}

impl Desk {
    async fn open(bounds: Bounds) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&StoreSettings::new(folder.path()), Cipher::default(), NOW).await.unwrap();
        let identities = Arc::new(Identities::new(store.clone(), bounds));
        let watch = identities.listen(NOW).await.unwrap();
        let clock = Arc::new(AtomicI64::new(NOW.0));
        let told = clock.clone();
        let mut work = JoinSet::new();
        work.spawn(identities.clone().follow(
            watch,
            Arc::new(move || UnixMs(told.load(Relaxed))),
            Arc::new(|_| Box::pin(std::future::ready(()))),
        ));
        Self { store, identities, clock, _work: work, _folder: folder }
    }

    async fn make(&self, number: u8, change: impl FnOnce(&mut VirtualKey)) -> PlainKey {
        let plain = PlainKey::generate(&[number; 32]);
        let mut key = VirtualKey::new(plain.hash(), "sk-...", Stamp::new(NOW, None));
        change(&mut key);
        self.store.create(&key, &by()).await.unwrap();
        plain
    }

    async fn change(&self, key: &PlainKey, mut change: impl FnMut(&mut VirtualKey) + Send) {
        let whole = |key: &mut VirtualKey| {
            change(key);
            Ok::<_, StoreError>(())
        };
        self.store.change(&key.hash(), &Scope::everything(), &by(), whole).await.unwrap();
    }

    /// What the gateway says of a key: fine, or why not; `None` for a text that is no key.
    async fn says(&self, key: &PlainKey) -> Option<Result<(), Refusal>> {
        let now = UnixMs(self.clock.load(Relaxed));
        let found = self.identities.find(&key.hash(), now).await.unwrap();
        found.map(|identity| identity.access.check_standing(now))
    }

    /// Makes a budget of so many dollars, or changes it.
    async fn budget(&self, id: &str, dollars: &str) {
        let max_budget = Some(dollars.parse::<Usd>().unwrap());
        let id = BudgetId::new(id);
        let budget = Budget {
            budget_id: id.clone(),
            limits: Limits { max_budget, ..Limits::default() },
            allowed_models: Vec::new(),
            budget_reset_at: None,
            stamp: Stamp::new(NOW, None),
        };
        if self.store.find::<Budget>(&id, &Scope::everything()).await.unwrap().is_none() {
            self.store.create(&budget, &by()).await.unwrap();
            return;
        }
        let change = |there: &mut Budget| {
            there.limits.max_budget = max_budget;
            Ok::<_, StoreError>(())
        };
        self.store.change(&id, &Scope::everything(), &by(), change).await.unwrap();
    }

    /// Waits until something reads so, at most as long as is promised.
    async fn reads<F: Future<Output = Vec<i64>>>(&self, what: &str, expected: &[i64], read: impl Fn() -> F) {
        let heard = async {
            while read().await != expected {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(2), heard).await.is_ok();
        assert!(in_time, "{what}: {:?} and not {expected:?}", read().await);
    }

    /// Waits until the gateway has heard, at most as long as is promised.
    async fn soon(&self, what: &str, key: &PlainKey, is_so: impl Fn(&Option<Result<(), Refusal>>) -> bool) {
        let heard = async {
            while !is_so(&self.says(key).await) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(2), heard).await.is_ok(), "{what}");
    }
}

fn by() -> By {
    By::gateway(NOW)
}

#[tokio::test]
async fn a_key_is_read_once_however_many_ask() {
    let desk = Desk::open(Bounds::default()).await;
    let key = desk.make(1, |_| ()).await;
    assert!(desk.identities.cached(&key.hash(), NOW).is_none());
    let mut asking = JoinSet::new();
    for _ in 0..100 {
        let (identities, hash) = (desk.identities.clone(), key.hash());
        asking.spawn(async move { identities.find(&hash, NOW).await.unwrap().is_some() });
    }
    assert!(asking.join_all().await.into_iter().all(|found| found));
    // News of the key itself may come in between, and what was read then is read again.
    assert!(desk.identities.reads() <= 3, "{}", desk.identities.reads());
    let before = desk.identities.reads();
    desk.soon("it stays", &key, |said| *said == Some(Ok(()))).await;
    for _ in 0..100 {
        assert_eq!(desk.says(&key).await, Some(Ok(())));
    }
    assert!(desk.identities.reads() <= before + 1);
}

#[tokio::test]
async fn what_changes_is_heard_of() {
    let desk = Desk::open(Bounds::default()).await;
    let team = Team::new(TeamId::new("search"), Stamp::new(NOW, None));
    desk.store.create(&team, &by()).await.unwrap();
    let of_team = desk.make(1, |key| key.team_id = Some(TeamId::new("search"))).await;
    let alone = desk.make(2, |_| ()).await;
    assert_eq!(desk.says(&of_team).await, Some(Ok(())));
    assert_eq!(desk.says(&alone).await, Some(Ok(())));

    desk.change(&alone, |key| key.blocked = true).await;
    desk.soon("the key is blocked", &alone, |said| matches!(said, Some(Err(Refusal::Blocked { .. })))).await;
    desk.change(&alone, |key| key.blocked = false).await;
    desk.soon("and not any more", &alone, |said| *said == Some(Ok(()))).await;

    let block = |team: &mut Team| {
        team.blocked = true;
        Ok::<_, StoreError>(())
    };
    desk.store.change(&TeamId::new("search"), &Scope::everything(), &by(), block).await.unwrap();
    desk.soon("the team is blocked", &of_team, |said| matches!(said, Some(Err(Refusal::Blocked { .. }))))
        .await;
    assert_eq!(desk.says(&alone).await, Some(Ok(())), "the other key is nobody's");

    desk.store.delete::<VirtualKey>(&[alone.hash()], &Scope::everything(), &by()).await.unwrap();
    desk.soon("the key is gone", &alone, |said| !matches!(said, Some(Ok(())))).await;
}

#[tokio::test]
async fn a_text_that_is_no_key_may_become_one() {
    let desk = Desk::open(Bounds::default()).await;
    let text = PlainKey::generate(&[7; 32]);
    assert_eq!(desk.says(&text).await, None);
    let reads = desk.identities.reads();
    for _ in 0..50 {
        assert_eq!(desk.says(&text).await, None);
    }
    assert_eq!(desk.identities.reads(), reads, "nobody is asked again and again");
    desk.make(7, |_| ()).await;
    desk.soon("it was made", &text, |said| *said == Some(Ok(()))).await;
}

#[tokio::test]
async fn an_old_text_works_until_its_end() {
    let desk = Desk::open(Bounds::default()).await;
    let old = desk.make(1, |_| ()).await;
    assert_eq!(desk.says(&old).await, Some(Ok(())));
    let new = PlainKey::generate(&[2; 32]);
    let hash = new.hash();
    let until = NOW.plus(60_000);
    desk.store
        .rotate_key(&old.hash(), Some(until), &Scope::everything(), &by(), |key| key.hash = hash)
        .await
        .unwrap();
    desk.soon("the new one works", &new, |said| *said == Some(Ok(()))).await;
    desk.soon("and the old one", &old, |said| *said == Some(Ok(()))).await;
    for key in [&old, &new] {
        let identity = desk.identities.find(&key.hash(), NOW).await.unwrap().unwrap();
        assert_eq!(identity.access.caller.key, hash, "both are the same key");
    }
    // Blocked is blocked, by either text.
    desk.change(&new, |key| key.blocked = true).await;
    for key in [&old, &new] {
        desk.soon("both are blocked", key, |said| matches!(said, Some(Err(Refusal::Blocked { .. })))).await;
    }
    desk.change(&new, |key| key.blocked = false).await;
    // Each is heard of by itself: one may have been read again before the news came.
    for key in [&old, &new] {
        desk.soon("both work", key, |said| *said == Some(Ok(()))).await;
    }
    desk.clock.store(until.0, Relaxed);
    assert!(!matches!(desk.says(&old).await, Some(Ok(()))), "its time is over, in memory as well");
    assert_eq!(desk.says(&new).await, Some(Ok(())));
}

#[tokio::test]
async fn without_the_database_known_keys_go_on_and_others_are_not_refused() {
    let desk = Desk::open(Bounds::default()).await;
    let known = desk.make(1, |_| ()).await;
    let other = desk.make(2, |_| ()).await;
    // Until it stays in memory: news of the two may come between.
    while desk.identities.cached(&known.hash(), NOW).is_none() {
        assert_eq!(desk.says(&known).await, Some(Ok(())));
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(desk.says(&known).await, Some(Ok(())));
    desk.store.close().await;
    assert_eq!(desk.says(&known).await, Some(Ok(())));
    let error = desk.identities.find(&other.hash(), NOW).await.unwrap_err();
    assert!(error.is_away(), "{error}");
}

#[tokio::test]
async fn memory_is_bounded() {
    let bounds = Bounds { known: 8, unknown: 4, ..Bounds::default() };
    let desk = Desk::open(bounds).await;
    let mut keys = Vec::new();
    for number in 0..40 {
        keys.push(desk.make(number, |_| ()).await);
    }
    // All news has been heard of when a key stays.
    while desk.identities.cached(&keys[0].hash(), NOW).is_none() {
        desk.says(&keys[0]).await;
    }
    for key in &keys {
        assert_eq!(desk.says(key).await, Some(Ok(())));
        assert!(desk.identities.len() <= bounds.known);
    }
    for number in 100..140 {
        assert_eq!(desk.says(&PlainKey::generate(&[number; 32])).await, None);
    }
    assert!(!desk.identities.is_empty());
}

/// The hard limits, in nano-dollars or whatever they are of.
fn limits(bounds: &llm_limits::Bounds) -> Vec<i64> {
    bounds.iter().filter_map(|bound| bound.limit).collect()
}

#[tokio::test]
async fn bounds_change_with_the_records_that_they_are_made_of() {
    let desk = Desk::open(Bounds::default()).await;
    desk.budget("small", "0.000000005").await;
    let mut team = Team::new(TeamId::new("search"), Stamp::new(NOW, None));
    team.limits.rpm_limit = Some(7);
    team.budget_id = Some(BudgetId::new("small"));
    desk.store.create(&team, &by()).await.unwrap();
    let key = desk
        .make(1, |key| {
            key.team_id = Some(TeamId::new("search"));
            key.limits.max_parallel_requests = Some(3);
        })
        .await;
    let read = || async { limits(&desk.identities.find(&key.hash(), NOW).await.unwrap().unwrap().bounds) };
    desk.reads("the key's own, the team's by its row, the team's own", &[3, 5, 7], read).await;
    desk.budget("small", "0.000000009").await;
    desk.reads("the row changed", &[3, 9, 7], read).await;
    desk.change(&key, |key| key.limits.max_parallel_requests = Some(4)).await;
    desk.reads("the key changed", &[4, 9, 7], read).await;
}

#[tokio::test]
async fn end_users_have_budgets_whether_written_down_or_not() {
    let desk = Desk::open(Bounds::default()).await;
    desk.budget("default", "0.000000002").await;
    let default = BudgetId::new("default");
    let read = |default: Option<BudgetId>| {
        let identities = desk.identities.clone();
        move || {
            let (identities, default) = (identities.clone(), default.clone());
            async move { limits(&identities.end_user("ben", default.as_ref(), NOW).await.unwrap().bounds) }
        }
    };
    desk.reads("nobody bounds who is not known", &[], read(None)).await;
    desk.reads("but by the default", &[2], read(Some(default.clone()))).await;
    // All news of that has been heard of when it stays in memory.
    while desk.identities.cached_end_user("ben", Some(&default), NOW).is_none() {
        desk.identities.end_user("ben", Some(&default), NOW).await.unwrap();
    }
    desk.budget("default", "0.000000003").await;
    desk.reads("the default changed", &[3], read(Some(default.clone()))).await;

    let ben: EndUser = serde_json::from_str(r#"{"user_id": "ben", "limits": {"rpm_limit": 8}}"#).unwrap();
    desk.store.create(&ben, &by()).await.unwrap();
    desk.reads("known from now on", &[8], read(None)).await;
    desk.reads("and without a budget of their own", &[3, 8], read(Some(default.clone()))).await;
    desk.budget("own", "0.000000001").await;
    let change = |ben: &mut EndUser| {
        ben.budget_id = Some(BudgetId::new("own"));
        Ok::<_, StoreError>(())
    };
    desk.store.change(&ben.user_id, &Scope::everything(), &by(), change).await.unwrap();
    desk.reads("which counts before the default", &[1, 8], read(Some(default))).await;
    let known = desk.identities.end_user("ben", None, NOW).await.unwrap();
    assert!(known.record.is_some());
}

#[tokio::test]
async fn of_whom_nothing_is_written_down_the_operator_decides() {
    let desk = Desk::open(Bounds::default()).await;
    let rules =
        Rules { key_parallel: Some(6), end_user_budget: Some(Usd::from_nanos(4)), ..Rules::default() };
    let identities = Identities::new(desk.store.clone(), Bounds::default()).with_rules(rules);
    let of = async |id: &str| limits(&identities.end_user(id, None, NOW).await.unwrap().bounds);
    assert_eq!(of("eve").await, [4], "nobody knows her");
    let ben: EndUser = serde_json::from_str(r#"{"user_id": "ben", "limits": {"rpm_limit": 8}}"#).unwrap();
    desk.store.create(&ben, &by()).await.unwrap();
    assert_eq!(of("ben").await, [8, 4], "he has no budget of his own");
    let key = desk.make(1, |_| ()).await;
    let own = desk.make(2, |key| key.limits.max_parallel_requests = Some(2)).await;
    for (key, expected) in [(key, 6), (own, 2)] {
        let identity = identities.find(&key.hash(), NOW).await.unwrap().unwrap();
        assert_eq!(limits(&identity.bounds), [expected]);
    }
}

#[tokio::test]
async fn tags_are_known_by_name() {
    let desk = Desk::open(Bounds::default()).await;
    assert!(desk.identities.tag("batch", NOW).await.unwrap().is_none());
    assert!(
        desk.identities.cached_tag("batch", NOW).is_some_and(|tag| tag.is_none()),
        "also that it is none"
    );
    desk.budget("small", "0.000000005").await;
    let tag: Tag = serde_json::from_str(r#"{"name": "batch", "budget_id": "small"}"#).unwrap();
    desk.store.create(&tag, &by()).await.unwrap();
    let read = || async {
        let tag = desk.identities.tag("batch", NOW).await.unwrap();
        tag.map(|tag| limits(&tag.bounds)).unwrap_or_default()
    };
    desk.reads("it was made", &[5], read).await;
    desk.budget("small", "0.000000006").await;
    desk.reads("its budget changed", &[6], read).await;
    desk.store.delete::<Tag>(&[tag.name], &Scope::everything(), &by()).await.unwrap();
    desk.reads("it is gone", &[], read).await;
}

#[tokio::test]
async fn names_in_memory_are_bounded() {
    let desk = Desk::open(Bounds { named: 8, ..Bounds::default() }).await;
    for number in 0..100 {
        desk.identities.end_user(&format!("user-{number}"), None, NOW).await.unwrap();
    }
    let kept = (0..100)
        .filter(|number| desk.identities.cached_end_user(&format!("user-{number}"), None, NOW).is_some());
    let kept = kept.count();
    assert!((1..=8).contains(&kept), "{kept}");
    let long = "u".repeat(10_000);
    desk.identities.end_user(&long, None, NOW).await.unwrap();
    assert!(desk.identities.cached_end_user(&long, None, NOW).is_none(), "clients choose names");
}
