//! A million entries. Run by hand, with `--run-ignored all --no-capture`, in a release build.

use std::time::{Duration, Instant};

use llm_ledger::{Charge, Entry, Flags, LegId, SmolStr, Status, Tokens, Usd};
use llm_store::{
    Day, Dimension, EntryOrder, EntryQuery, Facet, Group, ReportQuery, Start, Store, StoreSettings, SumOrder,
    SumQuery,
};
use llm_tenancy::management::Scope;
use llm_tenancy::{KeyHash, VirtualKey};
use llm_test_servers::{Kind, Server};
use llm_types::UnixMs;

use crate::bench::{ALL, Bench, NOW, by, key, team, user};
use crate::ledger::request;

const COUNT: u64 = 1_000_000;
/// What is booked at once of fewer.
const BATCHES: [u64; 3] = [500, 2_000, 5_000];
/// What is booked at once of a million.
const BATCH: u64 = 5_000;
const DAYS: i64 = 60;
const DAY: i64 = 86_400_000;
/// No statement may take longer.
const MOST: Duration = Duration::from_millis(200);

#[tokio::test]
#[ignore = "takes long, and measures"]
async fn a_million_entries_on_sqlite() {
    run(&Bench::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL, takes long, and measures"]
async fn a_million_entries_on_postgres() {
    let server = tokio::task::spawn_blocking(|| Server::start(Kind::Postgres)).await.unwrap();
    let url = server.database("million");
    run(&Bench::server(&url)).await;
    tokio::task::spawn_blocking(move || drop(server)).await.unwrap();
}

/// What a busy application costs that has one key: little is written but the entries themselves.
#[tokio::test]
#[ignore = "measures"]
async fn a_hundred_thousand_entries_of_one_key() {
    for batch in BATCHES {
        let store = Bench::sqlite().open().await;
        book(&store, COUNT / 10, batch, |number| {
            let (of, mut entry) = (entry(number % 2), entry(number));
            (entry.key, entry.user, entry.team, entry.organization) =
                (of.key, "u".into(), "t".into(), "o".into());
            (entry.model, entry.vendor, entry.deployment) = (of.model, of.vendor, of.deployment);
            (entry.end_user, entry.call_id, entry.session_id) = ("".into(), "".into(), "".into());
            (entry.tags, entry.charges) = (Vec::new(), of.charges);
            entry
        })
        .await;
    }
}

/// What a platform costs: 500 keys in the records, 2,000 customers.
#[tokio::test]
#[ignore = "measures"]
async fn a_hundred_thousand_entries_of_many_keys() {
    for batch in BATCHES {
        let bench = Bench::sqlite();
        let store = bench.open().await;
        populate(&store).await;
        book(&store, COUNT / 10, batch, entry).await;
    }
}

/// Entries of 500 keys, 100 users, 50 teams, 10 organisations, 2,000 end users, 20 models and 40 deployments, spread
/// over two months; every third has a label, every tenth has failed and another tenth has a name of its client's.
fn entry(number: u64) -> Entry {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let owner = mixed % 500;
    let model = (owner + (mixed >> 12) % 3) % 20;
    let at = NOW.0 - DAYS * DAY + i64::try_from(number * 5_184).unwrap();
    let failed = number % 10 == 3;
    let nanos = if failed { 0 } else { i64::try_from(mixed % 9_000_000).unwrap() };
    let text = |text: String| SmolStr::from(text);
    Entry {
        id: LegId { request: request(at, number), leg: 0 },
        status: if failed { Status::Failed } else { Status::Answered },
        flags: Flags::default(),
        reason: "first".into(),
        // Few clients have names of their own for requests.
        call_id: if number.is_multiple_of(10) {
            text(format!("call-{mixed:016x}{number:08x}"))
        } else {
            "".into()
        },
        session_id: text(format!("session-{}", number / 7)),
        route: "/v1/chat/completions".into(),
        key: text(hash(owner)),
        key_alias: text(format!("the key of application {owner}")),
        user: text(format!("user-{}", owner % 100)),
        team: text(format!("team-{}", owner % 50)),
        organization: text(format!("organization-{}", owner % 10)),
        project: "".into(),
        end_user: text(format!("customer-{}", owner * 4 + (mixed >> 15) % 4)),
        tags: if number.is_multiple_of(3) { vec![text(format!("tag-{}", owner % 30))] } else { Vec::new() },
        model: text(format!("model-{model}")),
        deployment: text(format!("deployment-{}", model * 2 + (mixed >> 9) % 2)),
        vendor: text(format!("vendor-{}", model % 5)),
        vendor_model: "a-model-2026-11-20".into(),
        tokens: Tokens { prompt: 1_200, completion: 340, cache_read: 800, cache_write: 0, reasoning: 20 },
        cost: Usd::from_nanos(nanos),
        list_cost: Usd::from_nanos(nanos),
        reserved: Usd::from_nanos(nanos * 2),
        started: UnixMs(at + 3),
        ended: UnixMs(at + 3 + i64::try_from(mixed % 4_000).unwrap()),
        head: Some(UnixMs(at + 200)),
        http_status: if failed { 500 } else { 200 },
        error: if failed { "server_error".into() } else { "".into() },
        client: "10.0.0.1".into(),
        charges: vec![
            Charge { account: format!("usd:30d:team/team-{}", owner % 50).into(), window: NOW.0 },
            Charge { account: format!("usd:1d:key/{}", hash(owner)).into(), window: at / DAY * DAY },
        ],
        details: "".into(),
    }
}

fn hash(owner: u64) -> String {
    KeyHash::of(&format!("sk-{owner}")).to_string()
}

/// The records of those who ask.
async fn populate(store: &Store) {
    let mut keys: Vec<VirtualKey> = (0..500).map(|owner| key(&format!("sk-{owner}"))).collect();
    for (owner, key) in (0..).zip(&mut keys) {
        key.team_id = Some(format!("team-{}", owner % 50).into());
    }
    let teams: Vec<_> = (0..50).map(|number| team(&format!("team-{number}"))).collect();
    let users: Vec<_> = (0..100).map(|number| user(&format!("user-{number}"))).collect();
    store.create_all(&teams, &by("anna")).await.unwrap();
    store.create_all(&users, &by("anna")).await.unwrap();
    store.create_all(&keys, &by("anna")).await.unwrap();
}

async fn run(bench: &Bench) {
    let store = bench.open().await;
    populate(&store).await;
    book(&store, COUNT, BATCH, entry).await;
    if bench.is_postgres() {
        settle(&bench.settings).await;
    }
    let slowest = report(&store).await;
    prune(&store).await;
    assert!(slowest < MOST, "{slowest:?}");
}

async fn book(store: &Store, count: u64, batch: u64, entry: fn(u64) -> Entry) {
    // Entries are made on this thread alone.
    let (mut slowest, mut made, mut making) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let (began, used) = (clock(), cpu());
    for first in (0..count).step_by(usize::try_from(batch).unwrap()) {
        let (clocked, counted) = (clock(), own_cpu());
        let some: Vec<_> = (first..first + batch).map(entry).collect();
        made += clocked.elapsed();
        making += own_cpu().saturating_sub(counted);
        let booking = clock();
        assert_eq!(store.book(&some, None, NOW).await.unwrap().added, some.len());
        slowest = slowest.max(booking.elapsed());
        if (first + batch).is_multiple_of(100_000) {
            eprintln!("{} entries after {:?}", first + batch, began.elapsed());
        }
    }
    let (took, used) = (began.elapsed() - made, cpu().saturating_sub(used + making));
    let each = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
    eprintln!(
        "{count} entries booked by {batch}: {:.1} us each, {:.1} us of this process's CPU; slowest batch {slowest:?}",
        each(took),
        each(used)
    );
}

/// What autovacuum does in its time.
async fn settle(settings: &StoreSettings) {
    use sea_orm::{ConnectionTrait as _, Database};
    let database = Database::connect(settings.url.as_deref().unwrap()).await.unwrap();
    database.execute_unprepared("VACUUM ANALYZE").await.unwrap();
}

/// Reads every report and page several times, and gives the slowest of the usual times.
async fn report(store: &Store) -> Duration {
    let texts = |text: &str| vec![text.to_owned()];
    let page = EntryQuery { size: 50, count: 10_000, ..EntryQuery::default() };
    let recent = EntryQuery { since: Some(UnixMs(NOW.0 - DAY)), ..page.clone() };
    let number = Start::Page(100);
    let everything = &*ALL;
    let team = Scope { teams: vec!["team-7".into()], ..Scope::default() };
    let user =
        Scope { user: Some("user-7".into()), user_in_teams: vec!["team-7".into()], ..Scope::default() };
    let lists = [
        ("the last", page.clone(), everything),
        ("page 100", EntryQuery { from: number, ..page.clone() }, everything),
        ("the first", EntryQuery { descending: false, ..page.clone() }, everything),
        ("of a day", recent.clone(), everything),
        ("of a day, dearest", EntryQuery { order: EntryOrder::Cost, ..recent.clone() }, everything),
        ("of a day, slowest", EntryQuery { order: EntryOrder::Duration, ..recent.clone() }, everything),
        ("of a day, longest", EntryQuery { order: EntryOrder::Tokens, ..recent.clone() }, everything),
        ("of a key", EntryQuery { keys: vec![hash(7)], ..page.clone() }, everything),
        (
            "of a key, dearest",
            EntryQuery { keys: vec![hash(7)], order: EntryOrder::Cost, ..page.clone() },
            everything,
        ),
        ("of a user", EntryQuery { users: texts("user-7"), ..page.clone() }, everything),
        ("of a team", EntryQuery { teams: texts("team-7"), ..page.clone() }, everything),
        (
            "of an organisation",
            EntryQuery { organizations: texts("organization-7"), ..page.clone() },
            everything,
        ),
        ("of an end user", EntryQuery { end_users: texts("customer-7"), ..page.clone() }, everything),
        ("with a label", EntryQuery { tag: Some("tag-7".to_owned()), ..page.clone() }, everything),
        ("of a model", EntryQuery { models: texts("model-7"), ..page.clone() }, everything),
        ("failed", EntryQuery { statuses: vec![Status::Failed], ..page.clone() }, everything),
        ("interrupted", EntryQuery { statuses: vec![Status::Interrupted], ..page.clone() }, everything),
        ("of a deployment", EntryQuery { deployments: texts("deployment-7"), ..page.clone() }, everything),
        ("of nobody", EntryQuery { users: texts("nobody"), ..page.clone() }, everything),
        (
            "by a client's name",
            EntryQuery { call_id: Some(entry(COUNT / 2).call_id.into()), ..page.clone() },
            everything,
        ),
        (
            "of a session",
            EntryQuery { session_id: Some("session-777".to_owned()), ..page.clone() },
            everything,
        ),
        ("within a team", page.clone(), &team),
        ("within a user", page.clone(), &user),
        (
            "of a day, dear ones",
            EntryQuery { least_cost: Some(Usd::from_nanos(8_990_000)), ..recent },
            everything,
        ),
        (
            "dear ones",
            EntryQuery { least_cost: Some(Usd::from_nanos(8_990_000)), ..page.clone() },
            everything,
        ),
        (
            "of a month, dearest",
            EntryQuery { order: EntryOrder::Cost, since: Some(UnixMs(NOW.0 - 30 * DAY)), ..page.clone() },
            everything,
        ),
        ("slowest", EntryQuery { order: EntryOrder::Duration, ..page.clone() }, everything),
        ("longest", EntryQuery { order: EntryOrder::Tokens, ..page.clone() }, everything),
        ("dearest", EntryQuery { order: EntryOrder::Cost, ..page }, everything),
    ];
    let month = |dimension, by: &[Group], order| SumQuery {
        since: Some(Day::of(UnixMs(NOW.0 - 30 * DAY))),
        by: by.to_vec(),
        order,
        most: 1_000,
        ..SumQuery::new(dimension)
    };
    let (groups, spend) = (SumOrder::Groups, SumOrder::Spend);
    let one = |query: SumQuery, id: &str| SumQuery { ids: vec![id.to_owned()], ..query };
    let ever = SumQuery::new(Dimension::Global);
    let sums = [
        ("everything", ever.clone(), everything),
        ("everything by month", SumQuery { by: vec![Group::Month], ..ever.clone() }, everything),
        ("a month by day", month(Dimension::Global, &[Group::Day], groups), everything),
        (
            "a month by day and model",
            month(Dimension::Global, &[Group::Day, Group::Model], groups),
            everything,
        ),
        ("a month by model", month(Dimension::Global, &[Group::Model, Group::Vendor], spend), everything),
        ("a month by deployment", month(Dimension::Global, &[Group::Deployment], spend), everything),
        ("a month's keys", month(Dimension::Key, &[Group::Id], spend), everything),
        ("a month's users", month(Dimension::User, &[Group::Id], spend), everything),
        ("a month's teams", month(Dimension::Team, &[Group::Id], spend), everything),
        ("a month's teams by day", month(Dimension::Team, &[Group::Day, Group::Id], groups), everything),
        ("a month's end users", month(Dimension::EndUser, &[Group::Id], spend), everything),
        ("a month's labels", month(Dimension::Tag, &[Group::Id], spend), everything),
        (
            "a key by day",
            one(month(Dimension::Key, &[Group::Day, Group::Model], groups), &hash(7)),
            everything,
        ),
        (
            "a user by day",
            one(month(Dimension::User, &[Group::Day, Group::Model], groups), "user-7"),
            everything,
        ),
        ("a team's own", month(Dimension::Team, &[Group::Day], groups), &team),
        ("a team's keys", month(Dimension::Key, &[Group::Id], spend), &team),
        ("a user's own", month(Dimension::User, &[Group::Day, Group::Model], groups), &user),
    ];
    let mut slowest = Duration::ZERO;
    for (name, query, scope) in &lists {
        slowest = slowest.max(
            measure(name, async || {
                let page = store.list_entries(query, scope).await.unwrap();
                format!("{} of {:?}", page.entries.len(), page.total.map(|total| (total.count, total.is_all)))
            })
            .await,
        );
    }
    for (name, query, scope) in &sums {
        slowest = slowest.max(
            measure(name, async || format!("{} rows", store.sum_days(query, scope).await.unwrap().len()))
                .await,
        );
    }
    let within_month = |by: &[Facet], only: &[(Facet, &str)]| ReportQuery {
        by: by.to_vec(),
        only: only.iter().map(|(facet, text)| (*facet, texts(text))).collect(),
        since: Some(Day::of(UnixMs(NOW.0 - 30 * DAY))),
        order: spend,
        ..ReportQuery::default()
    };
    let key = hash(7);
    let reports = [
        (
            "a key's users and models",
            within_month(&[Facet::User, Facet::Model], &[(Facet::Key, &key)]),
            everything,
        ),
        (
            "a team's keys and models",
            within_month(&[Facet::Key, Facet::Model], &[(Facet::Team, "team-7")]),
            everything,
        ),
        ("a team's days, for itself", within_month(&[Facet::Day, Facet::Model], &[]), &team),
        ("a user's days, for itself", within_month(&[Facet::Day, Facet::Model], &[]), &user),
        (
            "an end user's models",
            within_month(&[Facet::Model], &[(Facet::EndUser, "customer-7")]),
            everything,
        ),
        ("all teams' keys", within_month(&[Facet::Team, Facet::Key], &[]), everything),
        ("all teams' users by day", within_month(&[Facet::Day, Facet::Team, Facet::User], &[]), everything),
    ];
    for (name, query, scope) in &reports {
        slowest = slowest.max(
            measure(name, async || format!("{} rows", store.report(query, scope).await.unwrap().len())).await,
        );
    }
    slowest
}

async fn measure(name: &str, work: impl AsyncFn() -> String) -> Duration {
    let mut times = Vec::new();
    let mut gave = String::new();
    for _ in 0..5 {
        let began = clock();
        gave = work().await;
        times.push(began.elapsed());
    }
    let first = times[0];
    times.sort_unstable();
    let (usual, worst) = (times[2], times[4]);
    eprintln!("{name:28} {usual:>10.1?} usual, {worst:>10.1?} worst, {first:>10.1?} first: {gave}");
    usual
}

/// Deletes half of them while others are booked.
async fn prune(store: &Store) {
    let before = UnixMs(NOW.0 - DAYS / 2 * DAY);
    let (mut slowest, mut gone, mut weeks, mut booked) = (Duration::ZERO, 0, 0, Duration::ZERO);
    let began = clock();
    for number in 0.. {
        let fresh: Vec<_> = (COUNT + number * 50..COUNT + (number + 1) * 50).map(entry).collect();
        let booking = async {
            let began = clock();
            store.book(&fresh, None, NOW).await.unwrap();
            began.elapsed()
        };
        let (pruned, took) = tokio::join!(store.prune_entries(before, 2_000), booking);
        let pruned = pruned.unwrap();
        (slowest, booked) = (slowest.max(pruned.slowest), booked.max(took));
        (gone, weeks) = (gone + pruned.entries, weeks + pruned.weeks);
        if !pruned.more {
            break;
        }
    }
    let took = began.elapsed();
    eprintln!(
        "{gone} entries and {weeks} weeks gone in {took:?}; slowest statement {slowest:?}, slowest booking {booked:?}"
    );
    assert!(slowest < MOST, "{slowest:?}");
}

/// What this process has used of the CPU, by the kernel's clock of 10 ms.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, which may hold anything, ends at the last bracket. Then come the state and ten numbers.
    let times = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace().skip(11).take(2);
    Duration::from_millis(times.map(|ticks| ticks.parse::<u64>().unwrap_or_default() * 10).sum())
}

/// What this thread has used of the CPU.
fn own_cpu() -> Duration {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = times.split_ascii_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

fn clock() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "how long it really takes is what is told")]
    Instant::now()
}
