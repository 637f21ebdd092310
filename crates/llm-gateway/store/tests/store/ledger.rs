//! Entries are booked once, and every sum is the sum of the entries.

use futures_util::future::join_all;
use llm_ledger::{Charge, Entry, Flag, Flags, LegId, RequestId, SmolStr, Status, Tokens, Usd};
use llm_store::{Dimension, Group, Mismatch, News, Store, StoreError, SumQuery, Sums};
use llm_tenancy::{AccessGroup, EndUser, Organization, Tag, Team, TeamMember, User, VirtualKey};
use llm_types::UnixMs;
use serde_json::json;
use uuid::Builder;

use crate::bench::{ALL, Bench, NOW, by, key, record, team, user};

/// A request's name: the time, and a number.
pub(crate) fn request(at: i64, number: u64) -> RequestId {
    let mut rest = [0; 10];
    rest[2..].copy_from_slice(&number.to_be_bytes());
    RequestId::new(Builder::from_unix_timestamp_millis(u64::try_from(at).unwrap(), &rest).into_uuid())
}

/// An entry, different for each number.
pub(crate) fn entry(number: u64) -> Entry {
    let of = |word: &str, many: u64| SmolStr::from(format!("{word}{}", number % many));
    let n = i64::try_from(number).unwrap();
    let at = NOW.0 + n * 1_000;
    let status = Status::ALL[usize::try_from(number % 7).unwrap()];
    let amount = 1_000 + n * 7;
    Entry {
        id: LegId { request: request(at, number), leg: u32::try_from(number % 3).unwrap() },
        status,
        flags: Flags::default().with_if(number.is_multiple_of(5), Flag::Estimated).with(Flag::Streamed),
        reason: "first".into(),
        call_id: format!("call-{number}").into(),
        session_id: of("session", 50),
        route: if number.is_multiple_of(4) { "/v1/messages" } else { "/v1/chat/completions" }.into(),
        key: of("key", 4),
        key_alias: of("alias", 4),
        user: of("u", 3),
        team: if number.is_multiple_of(6) { "".into() } else { of("t", 2) },
        organization: of("o", 2),
        project: of("p", 2),
        end_user: of("customer", 9),
        tags: vec![of("tag", 3), "all".into()],
        model: of("model", 3),
        deployment: of("deployment", 5),
        vendor: of("vendor", 2),
        vendor_model: of("vendor-model", 4),
        tokens: Tokens { prompt: n + 10, completion: n + 3, cache_read: 4, cache_write: 2, reasoning: 1 },
        cost: Usd::from_nanos(amount),
        list_cost: Usd::from_nanos(amount * 2),
        reserved: Usd::from_nanos(amount * 3),
        started: UnixMs(at + 5),
        ended: UnixMs(at + 5 + n % 100),
        head: number.is_multiple_of(2).then_some(UnixMs(at + 6)),
        http_status: 200,
        error: "".into(),
        client: "127.0.0.1".into(),
        charges: vec![
            Charge { account: format!("usd:30d:team/t{}", number % 2).into(), window: NOW.0 },
            Charge { account: format!("usd::key/key{}", number % 4).into(), window: 0 },
        ],
        details: "{\"why\":\"\\u0000\"}".into(),
    }
}

pub(crate) fn entries(numbers: impl Iterator<Item = u64>) -> Vec<Entry> {
    numbers.map(entry).collect()
}

/// Everything that is in the ledger.
pub(crate) async fn all(store: &Store) -> Vec<Entry> {
    let (mut all, mut last) = (Vec::new(), None);
    loop {
        let next = store.entries_between(UnixMs(0), UnixMs(i64::MAX), last, 100).await.unwrap();
        last = next.last().map(|entry| entry.id);
        all.extend(next);
        if last.is_none() {
            return all;
        }
    }
}

pub(crate) async fn entries_come_back_as_they_were(bench: &Bench) {
    let store = bench.open().await;
    let mut written = entries(0..250);
    assert_eq!(store.book(&written, None, NOW).await.unwrap().added, 250);
    // The same instant, several legs of one request.
    let mut legs = vec![entry(3), entry(3), entry(3)];
    for (leg, it) in legs.iter_mut().enumerate() {
        it.id.leg = 7 + u32::try_from(leg).unwrap();
    }
    store.book(&legs, None, NOW).await.unwrap();
    written.splice(4..4, legs);
    assert_eq!(all(&store).await, written);
    let request = entry(3).id.request;
    assert_eq!(store.entries_of(request, &ALL).await.unwrap(), written[3..7]);
    let least = Entry {
        id: entry(900).id,
        ..serde_json::from_value(json!({
        "r": "00000000000000000000000000000000", "l": 0, "s": "cache_hit"}))
        .unwrap()
    };
    store.book(std::slice::from_ref(&least), None, NOW).await.unwrap();
    assert_eq!(store.entries_of(least.id.request, &ALL).await.unwrap(), [least]);

    assert_eq!(store.next_adjustment(request).await.unwrap(), LegId::ADJUSTMENTS);
    let mut adjustment = entry(3);
    (adjustment.id.leg, adjustment.status) = (LegId::ADJUSTMENTS, Status::Adjustment);
    (adjustment.cost, adjustment.tokens) = (Usd::from_nanos(-400), Tokens::default());
    store.book(&[adjustment], None, NOW).await.unwrap();
    assert_eq!(store.next_adjustment(request).await.unwrap(), LegId::ADJUSTMENTS + 1);
    assert_eq!(store.check_ledger(None).await.unwrap(), []);
    let window = store.entries_between(UnixMs(NOW.0 + 1_000), UnixMs(NOW.0 + 4_000), None, 10).await.unwrap();
    assert_eq!(window.len(), 7, "three of their own, three legs and the adjustment");
}

pub(crate) async fn a_batch_is_booked_once(bench: &Bench) {
    let store = bench.open().await;
    let first = store.book(&entries(0..600), None, NOW).await.unwrap();
    assert_eq!((first.added, first.repeated), (600, 0));
    let nanos = |of: &dyn Fn(&Entry) -> bool, count: u64| -> i64 {
        entries(0..count).iter().filter(|entry| of(entry)).map(|entry| entry.cost.nanos()).sum()
    };
    let of_key = |key: &'static str| move |entry: &Entry| &*entry.key == key;
    let charge = first.charges.iter().find(|(account, ..)| account == "usd::key/key3");
    assert_eq!(charge, Some(&("usd::key/key3".to_owned(), 0, nanos(&of_key("key3"), 600))));

    let again = store.book(&entries(0..600), None, NOW).await.unwrap();
    assert_eq!((again.added, again.repeated), (0, 600));
    assert_eq!(again.charges, []);
    let mut mixed = entries(500..700);
    mixed.extend(entries(690..710));
    mixed.reverse();
    let mixed = store.book(&mixed, None, NOW).await.unwrap();
    assert_eq!((mixed.added, mixed.repeated), (110, 110));

    assert_eq!(all(&store).await, entries(0..710));
    assert_eq!(store.check_ledger(None).await.unwrap(), []);
    let accounts = [("usd::key/key1", 0), ("usd:30d:team/t0", NOW.0), ("usd:30d:team/t0", 0), ("nobody", 0)];
    let booked = store.booked(&accounts).await.unwrap();
    let of_team = nanos(&|entry| entry.charges[0].account.ends_with("t0"), 710);
    assert_eq!(booked, [nanos(&of_key("key1"), 710), of_team, 0, 0]);
    assert_eq!(store.book::<Entry>(&[], None, NOW).await.unwrap(), llm_store::Booked::default());

    let sums = store.sum_all(&SumQuery::new(Dimension::Global), &ALL).await.unwrap();
    assert_eq!(sums, summed(&entries(0..710)));
    let by_key = SumQuery { by: vec![Group::Id], ..SumQuery::new(Dimension::Key) };
    for row in store.sum_days(&by_key, &ALL).await.unwrap() {
        let mut its = entries(0..710);
        its.retain(|entry| Some(&*entry.key) == row.id.as_deref());
        assert_eq!(row.sums, summed(&its));
    }
}

/// What entries come to, the plain way.
pub(crate) fn summed(entries: &[Entry]) -> Sums {
    let mut sums = Sums::default();
    for entry in entries {
        let ok = matches!(entry.status, Status::Answered | Status::CacheHit);
        let counts = entry.status != Status::Adjustment;
        sums.requests += i64::from(counts);
        sums.successes += i64::from(ok);
        sums.failures += i64::from(counts && !ok);
        sums.estimated += i64::from(entry.flags.has(Flag::Estimated));
        sums.prompt_tokens += entry.tokens.prompt;
        sums.completion_tokens += entry.tokens.completion;
        sums.cache_read_tokens += entry.tokens.cache_read;
        sums.cache_write_tokens += entry.tokens.cache_write;
        sums.reasoning_tokens += entry.tokens.reasoning;
        sums.spend = sums.spend.saturating_add(entry.cost);
        sums.list_cost = sums.list_cost.saturating_add(entry.list_cost);
        sums.duration_ms += entry.ended.0 - entry.started.0;
    }
    sums
}

pub(crate) async fn records_spend_what_is_booked(bench: &Bench) {
    let store = bench.open().await;
    let by = by("anna");
    let mut its = key("sk-1");
    its.spending.spend = Usd::from_nanos(50);
    store.create(&record::<Organization>(&json!({"organization_id": "o1"})), &by).await.unwrap();
    store.create_all(&[team("t1"), team("t2")], &by).await.unwrap();
    store.create(&user("u1"), &by).await.unwrap();
    store.create(&record::<TeamMember>(&json!({"team_id": "t1", "user_id": "u1"})), &by).await.unwrap();
    store.create(&record::<Tag>(&json!({"name": "blue"})), &by).await.unwrap();
    store.create(&its, &by).await.unwrap();
    let group = json!({"access_group_id": "g/%1", "access_group_name": "fast"});
    store.create(&record::<AccessGroup>(&group), &by).await.unwrap();
    let mut watch = store.watch(NOW).await.unwrap();
    let mut booked = entries(0..40);
    for entry in &mut booked {
        (entry.key, entry.user, entry.team) = (its.hash.to_string().into(), "u1".into(), "t1".into());
        (entry.organization, entry.tags) = ("o1".into(), vec!["blue".into(), "blue".into(), "none".into()]);
        (entry.end_user, entry.cost) = ("customer".into(), Usd::from_nanos(10));
        // A budget of a day and one for ever are one group's.
        for account in ["usd:1d:group/g%2F%251", "usd::group/g%2F%251", "usd::group/gone"] {
            entry.charges.push(Charge { account: account.into(), window: 0 });
        }
    }
    store.book(&booked, None, NOW).await.unwrap();
    store.book(&booked[..5], None, NOW).await.unwrap();

    let spent = Usd::from_nanos(400);
    let found = store.get::<VirtualKey>(&its.hash, &ALL).await.unwrap();
    assert_eq!((found.value.spending.spend, found.version), (Usd::from_nanos(450), 1));
    let found = store.get::<Team>(&"t1".into(), &ALL).await.unwrap();
    assert_eq!((found.value.spending.spend, found.version), (spent, 1));
    assert_eq!(store.get::<Team>(&"t2".into(), &ALL).await.unwrap().value.spending.spend, Usd::from_nanos(0));
    assert_eq!(store.get::<User>(&"u1".into(), &ALL).await.unwrap().value.spending.spend, spent);
    assert_eq!(store.get::<Organization>(&"o1".into(), &ALL).await.unwrap().value.spending.spend, spent);
    assert_eq!(store.get::<Tag>(&"blue".into(), &ALL).await.unwrap().value.spending.spend, spent);
    let member = ("t1".into(), "u1".into());
    assert_eq!(store.get::<TeamMember>(&member, &ALL).await.unwrap().value.spending.spend, spent);
    let group = store.get::<AccessGroup>(&"g/%1".into(), &ALL).await.unwrap();
    assert_eq!(group.value.spending.spend, spent, "once for each entry");
    let customer = store.get::<EndUser>(&"customer".into(), &ALL).await.unwrap();
    assert_eq!((customer.value.spending.spend, customer.version), (spent, 1), "made by itself");
    assert!(store.find::<Tag>(&"none".into(), &ALL).await.unwrap().is_none());
    assert_eq!(watch.poll(NOW).await.unwrap(), News::Of(Vec::new()), "spending is no change");
    // A change that was read before the spending leaves it as it is.
    let block = |team: &mut Team| {
        team.blocked = true;
        Ok(())
    };
    let changed = store.change::<Team, StoreError>(&"t1".into(), &ALL, &by, block).await.unwrap();
    assert_eq!(changed.value.spending.spend, spent);
    assert_eq!(store.check_ledger(None).await.unwrap(), []);
}

/// Nothing that a client says keeps an entry out of the ledger.
pub(crate) async fn strange_texts_are_booked(bench: &Bench) {
    let store = bench.open().await;
    let texts =
        ["a\0b", "ü\u{1f600}'\"\\;--", &"x".repeat(10_000), &"\u{1f600}".repeat(300), " ", "A", "a", "a "];
    let mut strange = Vec::new();
    for (number, text) in (0..).zip(texts) {
        let text = || SmolStr::from(text);
        let mut it = entry(number);
        (it.call_id, it.session_id, it.key, it.user) = (text(), text(), text(), text());
        (it.team, it.organization, it.project, it.end_user) = (text(), text(), text(), text());
        (it.model, it.vendor, it.deployment, it.tags) = (text(), text(), text(), vec![text(), text()]);
        (it.error, it.client, it.details) = (text(), text(), text().as_str().into());
        (it.vendor_model, it.route) = (text(), text());
        it.charges = vec![Charge { account: text().as_str().into(), window: 0 }];
        strange.push(it);
    }
    let booked = store.book(&strange, Some("replica"), NOW).await.unwrap();
    assert_eq!((booked.added, booked.charges.len()), (texts.len(), texts.len()));
    assert_eq!(store.book(&strange, None, NOW).await.unwrap().repeated, texts.len());
    assert_eq!(store.check_ledger(None).await.unwrap(), []);
    let kept = all(&store).await;
    assert_eq!(&*kept[0].model, "a\u{fffd}b");
    assert_eq!(&kept[0].details, &strange[0].details, "what nobody looks up is kept as it is");
    assert_eq!(kept[1], strange[1]);
    assert_eq!(
        (kept[2].user.len(), kept[3].user.chars().count(), kept[3].vendor.chars().count()),
        (255, 255, 32)
    );
    let accounts: Vec<_> = texts.iter().map(|text| (*text, 0)).collect();
    let costs: Vec<_> = strange.iter().map(|entry| entry.cost.nanos()).collect();
    assert_eq!(store.booked(&accounts).await.unwrap(), costs);
    let by_user = SumQuery { by: vec![Group::Id], ..SumQuery::new(Dimension::User) };
    assert_eq!(store.sum_days(&by_user, &ALL).await.unwrap().len(), texts.len(), "all differ");
    // Together more than MariaDB takes in one statement.
    let mut long = entries(100..120);
    long.iter_mut().for_each(|entry| entry.details = "x".repeat(1 << 20).into());
    store.book(&long, None, NOW).await.unwrap();
    assert_eq!(store.entries_of(long[19].id.request, &ALL).await.unwrap(), long[19..]);
    // A clock that is far off.
    let mut far = entry(50);
    for (number, at) in [0, 1, (1 << 48) - 1].into_iter().enumerate() {
        far.id.request = request(at, u64::try_from(number).unwrap());
        assert_eq!(store.book(std::slice::from_ref(&far), None, NOW).await.unwrap().added, 1);
    }
    assert_eq!(store.check_ledger(None).await.unwrap(), []);
}

/// Several replicas book the same, each in another order and cut into other batches.
pub(crate) async fn batches_at_once_are_booked_once(bench: &Bench) {
    const COUNT: u64 = 600;
    let first = bench.open().await;
    first.create(&team("t1"), &by("anna")).await.unwrap();
    let mut tasks = Vec::new();
    for task in 0..4_u64 {
        let store = bench.another(&first).await;
        tasks.push(async move {
            let mut added = 0;
            for round in 0..6 {
                let mut batch = entries((0..COUNT).filter(|number| (number * 7 + round * task) % 6 < 3));
                if task % 2 == 0 {
                    batch.reverse();
                }
                let turn = usize::try_from(task * 31).unwrap() % batch.len();
                batch.rotate_left(turn);
                for batch in batch.chunks(70 + usize::try_from(task).unwrap() * 23) {
                    let booked = loop {
                        match store.book(batch, Some("replica"), NOW).await {
                            Err(StoreError::Busy(_)) => {}
                            booked => break booked.unwrap(),
                        }
                    };
                    assert_eq!(booked.added + booked.repeated, batch.len());
                    added += booked.added;
                }
            }
            added
        });
    }
    let added: usize = join_all(tasks).await.into_iter().sum();
    let kept = all(&first).await;
    assert_eq!(added, kept.len(), "each was added by one of them");
    let known: std::collections::BTreeSet<_> = kept.iter().map(|entry| entry.id).collect();
    assert_eq!(known.len(), kept.len());
    assert!(kept.len() > 500, "{}", kept.len());
    assert_eq!(first.check_ledger(None).await.unwrap(), []);
    let sums = first.sum_all(&SumQuery::new(Dimension::Global), &ALL).await.unwrap();
    assert_eq!(sums, summed(&kept));
    let mut its = kept.clone();
    its.retain(|entry| &*entry.team == "t1");
    let team = first.get::<Team>(&"t1".into(), &ALL).await.unwrap();
    assert_eq!((team.value.spending.spend, team.version), (summed(&its).spend, 1));
}

/// The check would see what it is for.
pub(crate) async fn a_ledger_that_is_wrong_is_found(bench: &Bench) {
    use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Query};
    use sea_orm::{ConnectionTrait as _, Database};
    let store = bench.open().await;
    store.book(&entries(0..30), None, NOW).await.unwrap();
    let file = bench.settings.data_dir.join("llm-gateway.db");
    let url = bench.settings.url.clone().unwrap_or_else(|| format!("sqlite:{}", file.display()));
    let stranger = Database::connect(url).await.unwrap();
    let mut update = Query::update();
    update
        .table(Alias::new("ledger_days"))
        .value(Alias::new("spend_nanos"), Expr::col(Alias::new("spend_nanos")).add(1))
        .and_where(Expr::col(Alias::new("dimension")).eq("tag"))
        .and_where(Expr::col(Alias::new("id")).eq("tag2"))
        .and_where(Expr::col(Alias::new("model")).eq("model2"))
        .and_where(Expr::col(Alias::new("deployment")).eq("deployment2"));
    stranger.execute(&update).await.unwrap();
    let mut update = Query::update();
    update
        .table(Alias::new("ledger_totals"))
        .value(Alias::new("requests"), Expr::col(Alias::new("requests")).sub(1))
        .and_where(Expr::col(Alias::new("dimension")).eq("user"))
        .and_where(Expr::col(Alias::new("id")).eq("u1"));
    stranger.execute(&update).await.unwrap();
    let mut update = Query::update();
    update
        .table(Alias::new("counters"))
        .value(Alias::new("booked_nanos"), 5_i64)
        .and_where(Expr::col(Alias::new("account")).eq("usd::key/key1"));
    stranger.execute(&update).await.unwrap();
    let mut update = Query::update();
    update
        .table(Alias::new("ledger_account_days"))
        .value(Alias::new("duration_ms"), Expr::col(Alias::new("duration_ms")).add(9))
        .and_where(Expr::col(Alias::new("duration_ms")).gt(0));
    let accounts_changed = stranger.execute(&update).await.unwrap().rows_affected();
    let found = store.check_ledger(None).await.unwrap();
    let by_several = found.iter().filter(|mismatch| match mismatch {
        Mismatch::Day { dimension, of, entries, sums, .. } => {
            *dimension == Dimension::Key
                && of[0].starts_with("key")
                && of[3].starts_with('o')
                && sums.duration_ms == entries.duration_ms + 9
        }
        _ => false,
    });
    let days = found.iter().filter(|mismatch| match mismatch {
        Mismatch::Day { dimension, of, entries, sums, .. } => {
            *dimension == Dimension::Tag
                && of[0] == "tag2"
                && sums.spend.nanos() == entries.spend.nanos() + 1
                && sums.requests == entries.requests
        }
        _ => false,
    });
    let accounts = found.iter().filter(|mismatch| match mismatch {
        Mismatch::Account { account, booked, .. } => account == "usd::key/key1" && *booked == 5,
        _ => false,
    });
    let totals = found.iter().filter(|mismatch| match mismatch {
        Mismatch::Day { dimension: Dimension::User, of, entries, sums, .. } => {
            *of == ["u1", "", "", ""] && sums.requests == entries.requests - 1 && sums.spend == entries.spend
        }
        _ => false,
    });
    let (days, accounts, totals) = (days.count(), accounts.count(), totals.count());
    let by_several = by_several.count();
    assert!(days > 0 && accounts == 1 && totals > 0 && by_several > 0, "{found:?}");
    assert_eq!(by_several as u64, accounts_changed);
    assert_eq!(days + accounts + totals + by_several, found.len(), "{found:?}");
}
