//! Lists of entries, sums of days, and how long entries are kept.

use llm_ledger::{Entry, Status, Usd};
use llm_store::{
    Cursor, Day, Dimension, EntryOrder, EntryQuery, Group, Start, Store, StoreError, SumOrder, SumQuery,
};
use llm_tenancy::management::Scope;
use llm_tenancy::{Budget, Calendar, Organization, Team, TeamMember, VirtualKey};
use llm_types::UnixMs;
use serde_json::json;

use crate::bench::{ALL, Bench, NOW, by, key, record, team};
use crate::ledger::{all, entries, request, summed};

const DAY: i64 = 86_400_000;

async fn listed(store: &Store, query: EntryQuery) -> Vec<Entry> {
    let query = EntryQuery { size: 1_000, count: 1_000, ..query };
    let page = store.list_entries(&query, &ALL).await.unwrap();
    let total = page.total.unwrap();
    assert_eq!((total.count, total.is_all), (page.entries.len() as u64, true));
    assert_eq!(page.next, None);
    page.entries
}

pub(crate) async fn lists_of_entries_are_filtered(bench: &Bench) {
    let store = bench.open().await;
    let mut written = entries(0..120);
    store.book(&written, None, NOW).await.unwrap();
    written.reverse();
    let texts = |text: &str| vec![text.to_owned()];
    type Holds = fn(&Entry) -> bool;
    let none = EntryQuery::default;
    let cases: Vec<(EntryQuery, Holds)> = vec![
        (none(), |_| true),
        (EntryQuery { since: Some(UnixMs(NOW.0 + 20_000)), ..none() }, |it| it.at().0 >= NOW.0 + 20_000),
        (EntryQuery { before: Some(UnixMs(NOW.0 + 20_000)), ..none() }, |it| it.at().0 < NOW.0 + 20_000),
        (EntryQuery { keys: texts("key1"), ..none() }, |it| &*it.key == "key1"),
        (EntryQuery { users: texts("u1"), ..none() }, |it| &*it.user == "u1"),
        (EntryQuery { teams: texts("t1"), ..none() }, |it| &*it.team == "t1"),
        (EntryQuery { teams: texts(""), ..none() }, |it| it.team.is_empty()),
        (EntryQuery { organizations: texts("o1"), ..none() }, |it| &*it.organization == "o1"),
        (EntryQuery { projects: texts("p0"), ..none() }, |it| &*it.project == "p0"),
        (EntryQuery { end_users: texts("customer4"), ..none() }, |it| &*it.end_user == "customer4"),
        (EntryQuery { tag: Some("tag2".to_owned()), ..none() }, |it| {
            it.tags.iter().any(|tag| &**tag == "tag2")
        }),
        (EntryQuery { tag: Some("tag2".to_owned()), since: Some(UnixMs(NOW.0 + 20_000)), ..none() }, |it| {
            it.at().0 >= NOW.0 + 20_000 && it.tags.iter().any(|tag| &**tag == "tag2")
        }),
        (EntryQuery { tag: Some("all".to_owned()), models: texts("model1"), ..none() }, |it| {
            &*it.model == "model1"
        }),
        (EntryQuery { tag: Some("\0".to_owned()), ..none() }, |_| false),
        (EntryQuery { models: vec!["model0".to_owned(), "model2".to_owned()], ..none() }, |it| {
            &*it.model != "model1"
        }),
        (EntryQuery { vendors: texts("vendor1"), ..none() }, |it| &*it.vendor == "vendor1"),
        (EntryQuery { deployments: texts("deployment3"), ..none() }, |it| &*it.deployment == "deployment3"),
        (EntryQuery { statuses: vec![Status::Failed, Status::Cut], ..none() }, |it| {
            matches!(it.status, Status::Failed | Status::Cut)
        }),
        (EntryQuery { call_id: Some("call-7".to_owned()), ..none() }, |it| &*it.call_id == "call-7"),
        (EntryQuery { session_id: Some("session7".to_owned()), ..none() }, |it| {
            &*it.session_id == "session7"
        }),
        (EntryQuery { least_cost: Some(Usd::from_nanos(1_070)), ..none() }, |it| it.cost.nanos() >= 1_070),
        (EntryQuery { most_cost: Some(Usd::from_nanos(1_070)), ..none() }, |it| it.cost.nanos() <= 1_070),
        (EntryQuery { keys: texts("key1"), users: texts("u2"), ..none() }, |it| {
            &*it.key == "key1" && &*it.user == "u2"
        }),
    ];
    for (query, holds) in cases {
        let expected: Vec<_> = written.iter().filter(|entry| holds(entry)).cloned().collect();
        assert_eq!(listed(&store, query.clone()).await, expected, "{query:?}");
    }
}

pub(crate) async fn pages_of_entries_hold_together(bench: &Bench) {
    let store = bench.open().await;
    // Several at one instant, several of one cost, several legs of one request.
    let mut written = entries(0..60);
    for (number, entry) in (0_u64..).zip(&mut written) {
        entry.id.request = request(NOW.0 + i64::try_from(number / 9).unwrap(), number / 2);
        entry.id.leg = u32::try_from(number % 2).unwrap();
        entry.cost = Usd::from_nanos(i64::try_from(number % 4).unwrap());
        entry.tokens.prompt = i64::try_from(number % 3).unwrap();
    }
    store.book(&written, None, NOW).await.unwrap();
    let label = Some("all".to_owned());
    for order in [EntryOrder::Time, EntryOrder::Cost, EntryOrder::Tokens, EntryOrder::Duration] {
        for (descending, tag) in [(true, None), (false, None), (true, label.clone()), (false, label.clone())]
        {
            let query = EntryQuery { order, descending, tag, size: 7, count: 40, ..EntryQuery::default() };
            let mut expected = written.clone();
            expected.sort_by_key(|entry| {
                let sorted = match order {
                    EntryOrder::Cost => entry.cost.nanos(),
                    EntryOrder::Tokens => entry.tokens.total(),
                    EntryOrder::Duration => entry.ended.0 - entry.started.0,
                    _ => 0,
                };
                (sorted, entry.id)
            });
            if descending {
                expected.reverse();
            }
            let (mut by_cursor, mut by_number, mut from) = (Vec::new(), Vec::new(), Start::Page(1));
            loop {
                let page = store.list_entries(&EntryQuery { from, ..query.clone() }, &ALL).await.unwrap();
                let total = page.total.unwrap();
                assert_eq!((total.count, total.is_all), (40, false), "counting ends where it is told to");
                by_cursor.extend(page.entries);
                match page.next {
                    Some(next) => from = Start::After(Cursor::from_text(next.as_str())),
                    None => break,
                }
            }
            for number in 1..=9 {
                let from = Start::Page(number);
                let page = store.list_entries(&EntryQuery { from, ..query.clone() }, &ALL).await.unwrap();
                by_number.extend(page.entries);
            }
            assert_eq!(by_cursor, expected, "{query:?}");
            assert_eq!(by_number, expected, "{query:?}");
        }
    }
    for from in [Start::Page(0), Start::Page(u64::MAX), Start::After(Cursor::from_text("W10"))] {
        let refused = store.list_entries(&EntryQuery { from, ..EntryQuery::default() }, &ALL).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    }
    for size in [0, 1_001] {
        let refused = store.list_entries(&EntryQuery { size, ..EntryQuery::default() }, &ALL).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    }
}

pub(crate) async fn days_are_summed_as_one_likes(bench: &Bench) {
    let store = bench.open().await;
    let mut written = entries(0..200);
    for (number, entry) in (0_i64..).zip(&mut written) {
        // Over the end of a month and of a year.
        let at = UnixMs::of_date(2026, 12, 20).0 + (number % 20) * DAY + number;
        entry.id.request = request(at, u64::try_from(number).unwrap());
    }
    store.book(&written, None, NOW).await.unwrap();
    let of = |holds: &dyn Fn(&Entry) -> bool| {
        summed(&written.iter().filter(|entry| holds(entry)).cloned().collect::<Vec<_>>())
    };
    let query = SumQuery { by: vec![Group::Day], ..SumQuery::new(Dimension::Global) };
    let days = store.sum_days(&query, &ALL).await.unwrap();
    assert_eq!(days.len(), 20);
    assert!(days.is_sorted_by_key(|row| row.day));
    for row in &days {
        assert_eq!(row.sums, of(&|entry| Some(Day::of(entry.at())) == row.day));
    }
    let query = SumQuery { by: vec![Group::Month, Group::Id], ..SumQuery::new(Dimension::Team) };
    let months = store.sum_days(&query, &ALL).await.unwrap();
    assert_eq!(months.len(), 4, "two teams in two months");
    for row in &months {
        let (year, month, first) = row.day.unwrap().date();
        assert_eq!(first, 1);
        let its = |entry: &Entry| {
            let at = entry.at().date();
            (at.0, at.1) == (year, month) && Some(&*entry.team) == row.id.as_deref()
        };
        assert_eq!(row.sums, of(&its));
    }
    let query = SumQuery {
        ids: vec!["tag1".to_owned(), "\0".to_owned()],
        since: Some("2026-12-25".parse().unwrap()),
        until: Some("2027-01-02".parse().unwrap()),
        models: vec!["model1".to_owned()],
        by: vec![Group::Model, Group::Vendor, Group::Deployment],
        order: SumOrder::Spend,
        ..SumQuery::new(Dimension::Tag)
    };
    let what = store.sum_days(&query, &ALL).await.unwrap();
    assert!(what.len() > 3 && what.is_sorted_by(|a, b| a.sums.spend >= b.sums.spend), "{what:?}");
    let in_time = |entry: &Entry| {
        (UnixMs::of_date(2026, 12, 25)..UnixMs::of_date(2027, 1, 3)).contains(&entry.at())
            && entry.tags.iter().any(|tag| &**tag == "tag1")
    };
    for row in &what {
        let its = |entry: &Entry| {
            in_time(entry)
                && Some(&*entry.model) == row.model.as_deref()
                && Some(&*entry.vendor) == row.vendor.as_deref()
                && Some(&*entry.deployment) == row.deployment.as_deref()
        };
        assert_eq!(row.sums, of(&its));
    }
    assert_eq!(
        store.sum_all(&query, &ALL).await.unwrap(),
        of(&|entry| in_time(entry) && &*entry.model == "model1")
    );
    let second = SumQuery { skip: 1, most: 1, ..query.clone() };
    assert_eq!(store.sum_days(&second, &ALL).await.unwrap(), what[1..2]);
    let by_requests =
        SumQuery { order: SumOrder::Requests, by: vec![Group::Id], ..SumQuery::new(Dimension::Key) };
    let keys = store.sum_days(&by_requests, &ALL).await.unwrap();
    assert!(keys.len() == 4 && keys.is_sorted_by(|a, b| a.sums.requests >= b.sums.requests));
    let nothing = SumQuery { vendors: vec!["nobody".to_owned()], ..SumQuery::new(Dimension::Global) };
    assert_eq!(store.sum_all(&nothing, &ALL).await.unwrap(), summed(&[]));
    for wrong in [
        SumQuery { by: vec![Group::Day, Group::Month], ..query.clone() },
        SumQuery { most: 0, ..query.clone() },
        SumQuery { skip: u64::MAX, ..query },
    ] {
        assert!(matches!(store.sum_days(&wrong, &ALL).await, Err(StoreError::Invalid(_))));
    }
}

pub(crate) async fn nobody_reads_foreign_entries(bench: &Bench) {
    let store = bench.open().await;
    let by = by("anna");
    for side in ["0", "1"] {
        let organization = json!({"organization_id": format!("o{side}")});
        store.create(&record::<Organization>(&organization), &by).await.unwrap();
        let mut its = team(&format!("t{side}"));
        its.organization_id = Some(format!("o{side}").into());
        store.create(&its, &by).await.unwrap();
    }
    let mut own = key("sk-own");
    (own.user_id, own.team_id) = (Some("u1".into()), Some("t1".into()));
    store.create(&own, &by).await.unwrap();
    let mut written = entries(0..120);
    written[0].key = own.hash.to_string().into();
    for entry in written.iter_mut().skip(60).filter(|entry| entry.team.is_empty()) {
        entry.organization = "".into();
    }
    store.book(&written, None, NOW).await.unwrap();
    type Holds = fn(&Entry) -> bool;
    type Reached = &'static [(Dimension, usize)];
    let cases: Vec<(Scope, Holds, Reached)> = vec![
        (Scope::default(), |_| false, &[]),
        (Scope { shared: true, ..Scope::default() }, |_| false, &[]),
        (
            Scope { organizations: vec!["o1".into()], ..Scope::default() },
            |it| &*it.organization == "o1",
            &[(Dimension::Organization, 1), (Dimension::Team, 1), (Dimension::Key, 1)],
        ),
        (
            Scope { teams: vec!["t1".into()], ..Scope::default() },
            |it| &*it.team == "t1",
            &[(Dimension::Team, 1), (Dimension::Organization, 0)],
        ),
        (
            Scope { user: Some("u0".into()), ..Scope::default() },
            |it| &*it.user == "u0" && it.team.is_empty() && it.organization.is_empty(),
            &[(Dimension::User, 1), (Dimension::Team, 0)],
        ),
        (
            Scope {
                user: Some("u0".into()),
                user_in_teams: vec!["t0".into()],
                user_in_organizations: vec!["o0".into()],
                ..Scope::default()
            },
            |it| {
                let outside = it.team.is_empty() && matches!(&*it.organization, "" | "o0");
                &*it.user == "u0" && (&*it.team == "t0" || outside)
            },
            &[(Dimension::User, 1)],
        ),
        (
            Scope { key: Some(own.hash), ..Scope::default() },
            |it| it.key.len() > 10,
            &[(Dimension::Key, 1), (Dimension::User, 0)],
        ),
    ];
    for (scope, holds, dimensions) in cases {
        let query = EntryQuery { descending: false, size: 1_000, ..EntryQuery::default() };
        let expected: Vec<_> = written.iter().filter(|entry| holds(entry)).cloned().collect();
        assert_eq!(scope == Scope::default() || scope.shared, expected.is_empty());
        assert_eq!(store.list_entries(&query, &scope).await.unwrap().entries, expected, "{scope:?}");
        for entry in [&written[0], &written[1], &written[60]] {
            let found = store.entries_of(entry.id.request, &scope).await.unwrap();
            assert_eq!(found.len(), usize::from(holds(entry)));
        }
        for dimension in Dimension::ALL {
            let query = SumQuery { by: vec![Group::Id], ..SumQuery::new(dimension) };
            let found = store.sum_days(&query, &scope).await.unwrap().len();
            match dimensions.iter().find(|(named, _)| *named == dimension) {
                Some((_, count)) => assert_eq!(found, *count, "{dimension:?} {scope:?}"),
                None if matches!(dimension, Dimension::Global | Dimension::Tag | Dimension::EndUser) => {
                    assert_eq!(found, 0, "{dimension:?} {scope:?}");
                }
                None => {}
            }
        }
    }
}

pub(crate) async fn old_entries_go(bench: &Bench) {
    let store = bench.open().await;
    // 2,600 entries of 26 days; the days are longer than weeks' parts are to begin with.
    let mut written = entries(0..2_600);
    for (number, entry) in (0_i64..).zip(&mut written) {
        let at = NOW.0 - 26 * DAY + (number / 100) * DAY + number % 100;
        entry.id.request = request(at, u64::try_from(number).unwrap());
    }
    store.book(&written, None, NOW).await.unwrap();
    let sums = store.sum_all(&SumQuery::new(Dimension::Global), &ALL).await.unwrap();
    let before = UnixMs(NOW.0 - 11 * DAY);
    let first = store.prune_entries(before, 1).await.unwrap();
    assert!(first.entries <= 1_000, "one portion");
    while store.prune_entries(before, 1_000).await.unwrap().more {}
    let left = all(&store).await;
    let expected: Vec<_> = written.iter().filter(|entry| entry.at() >= before).cloned().collect();
    if bench.is_postgres() {
        // Weeks go as a whole.
        assert!(left.ends_with(&expected) && left.len() < expected.len() + 700, "{}", left.len());
        assert!(first.weeks >= 1 && first.entries == 0, "{first:?}");
    } else {
        assert_eq!(left, expected);
    }
    let labelled = EntryQuery { tag: Some("all".to_owned()), count: 10_000, ..EntryQuery::default() };
    let labelled = store.list_entries(&labelled, &ALL).await.unwrap();
    assert_eq!(labelled.total.unwrap().count, left.len() as u64, "labels go with their entries");
    assert_eq!(store.sum_all(&SumQuery::new(Dimension::Global), &ALL).await.unwrap(), sums, "sums stay");
    assert_eq!(store.check_ledger(Some(Day::of(UnixMs(before.0 + DAY)))).await.unwrap(), []);
    assert!(!store.check_ledger(None).await.unwrap().is_empty(), "what is gone is missed");
    // What comes too late for its week is kept, and goes in turn.
    store.book(&written[..50], None, NOW).await.unwrap();
    assert_eq!(all(&store).await.len(), left.len() + 50);
    store.prune_entries(before, 1_000).await.unwrap();
    assert_eq!(all(&store).await, left);
}

pub(crate) async fn budgets_begin_anew(bench: &Bench) {
    let store = bench.open().await;
    let by = by("anna");
    let soon = UnixMs(NOW.0 + 1_000);
    let (daily, spent) = (json!({"max_budget": "5", "budget_duration": "1d"}), Usd::from_nanos(700));
    let spending = json!({"spend": "0", "budget_reset_at": soon.0, "model_spend": {"m": "1"}});
    let mut its: Team = team("t1");
    its.limits = serde_json::from_value(daily.clone()).unwrap();
    its.member_defaults.limits = serde_json::from_value(json!({"budget_duration": "7d"})).unwrap();
    its.spending = serde_json::from_value(spending.clone()).unwrap();
    store.create(&its, &by).await.unwrap();
    store.create(&team("t2"), &by).await.unwrap();
    let member = json!({"team_id": "t1", "user_id": "u1", "spending": spending});
    store.create(&record::<TeamMember>(&member), &by).await.unwrap();
    let shared = json!({"budget_id": "b", "limits": daily, "budget_reset_at": soon.0});
    store.create(&record::<Budget>(&shared), &by).await.unwrap();
    let mut of_budget = key("sk-1");
    of_budget.budget_id = Some("b".into());
    store.create(&of_budget, &by).await.unwrap();
    let mut of_another = key("sk-2");
    (of_another.budget_id, of_another.spending.budget_reset_at) =
        (Some("b".into()), Some(UnixMs(NOW.0 + DAY * 90)));
    store.create(&of_another, &by).await.unwrap();

    let (t1, t2) = ("t1".into(), "t2".into());
    let one = ("t1".into(), "u1".into());
    for hash in [&of_budget.hash, &of_another.hash] {
        store.set_spend::<VirtualKey>(hash, spent, &ALL, &by).await.unwrap();
    }
    for id in [&t1, &t2] {
        store.set_spend::<Team>(id, spent, &ALL, &by).await.unwrap();
    }
    store.set_spend::<TeamMember>(&one, spent, &ALL, &by).await.unwrap();
    assert_eq!(store.begin_windows(NOW).await.unwrap(), 0, "not yet");
    assert_eq!(store.begin_windows(soon).await.unwrap(), 4);
    assert_eq!(store.begin_windows(soon).await.unwrap(), 0, "once");

    let nothing = Usd::from_nanos(0);
    let found = store.get::<Team>(&t1, &ALL).await.unwrap().value;
    assert_eq!(
        (found.spending.spend, found.spending.budget_reset_at),
        (nothing, its.limits.next_reset(soon, &Calendar::UTC))
    );
    assert!(found.spending.model_spend.is_empty());
    assert_eq!(store.get::<Team>(&t2, &ALL).await.unwrap().value.spending.spend, spent, "without a period");
    let found = store.get::<TeamMember>(&one, &ALL).await.unwrap().value.spending;
    let weekly = its.member_defaults.limits.next_reset(soon, &Calendar::UTC);
    assert_eq!((found.spend, found.budget_reset_at), (nothing, weekly), "by its team's period");
    let budget = store.get::<Budget>(&"b".into(), &ALL).await.unwrap().value;
    assert_eq!(budget.budget_reset_at, its.limits.next_reset(soon, &Calendar::UTC));
    let of = async |hash| store.get::<VirtualKey>(hash, &ALL).await.unwrap().value.spending.spend;
    assert_eq!((of(&of_budget.hash).await, of(&of_another.hash).await), (nothing, spent));

    // A record that is gone, and one whose time was put off.
    store.delete::<TeamMember>(std::slice::from_ref(&one), &ALL, &by).await.unwrap();
    let put_off = |team: &mut Team| {
        team.spending.budget_reset_at = Some(UnixMs(NOW.0 + 60 * DAY));
        Ok::<_, StoreError>(())
    };
    store.change::<Team, StoreError>(&t1, &ALL, &by, put_off).await.unwrap();
    assert_eq!(store.begin_windows(UnixMs(NOW.0 + 9 * DAY)).await.unwrap(), 1, "the shared budget alone");
    assert_eq!(store.begin_windows(UnixMs(NOW.0 + 61 * DAY)).await.unwrap(), 2);
}

pub(crate) async fn budgets_begin_anew_by_the_calendar(bench: &Bench) {
    let berlin = Calendar::named("Europe/Berlin").unwrap();
    let store = bench.open_by(berlin.clone()).await;
    let mut its: Team = team("t1");
    its.limits = serde_json::from_value(json!({"max_budget": "5", "budget_duration": "1d"})).unwrap();
    // Half past eleven at night in UTC is the next day's morning there.
    let now = UnixMs(NOW.0.div_euclid(DAY) * DAY + 23 * 3_600_000 + 1_800_000);
    its.spending.budget_reset_at = Some(now);
    store.create(&its, &by("anna")).await.unwrap();
    store.set_spend::<Team>(&"t1".into(), Usd::from_nanos(700), &ALL, &by("anna")).await.unwrap();
    assert_eq!(store.begin_windows(now).await.unwrap(), 1);
    let found = store.get::<Team>(&"t1".into(), &ALL).await.unwrap().value.spending;
    assert_eq!(found.spend, Usd::from_nanos(0));
    assert_eq!(found.budget_reset_at, its.limits.next_reset(now, &berlin), "at its midnight");
    assert_ne!(found.budget_reset_at, its.limits.next_reset(now, &Calendar::UTC));
}
