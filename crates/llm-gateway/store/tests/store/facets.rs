//! Reports over several dimensions are what the entries come to.

use std::collections::BTreeMap;

use llm_ledger::Entry;
use llm_store::{Day, Facet, ReportLine, ReportQuery, StoreError, SumOrder, Sums};
use llm_tenancy::management::Scope;
use llm_types::UnixMs;

use crate::bench::{ALL, Bench, NOW};
use crate::ledger::{entries, summed};

const DAY: i64 = 86_400_000;

/// Entries of 40 days.
fn written() -> Vec<Entry> {
    let mut written = entries(0..240);
    for (number, entry) in written.iter_mut().enumerate() {
        let at = NOW.0 + i64::try_from(number % 40).unwrap() * DAY + i64::try_from(number).unwrap();
        entry.id.request = crate::ledger::request(at, u64::try_from(number).unwrap());
    }
    written
}

/// What an entry is, by a facet: nothing, one, or several.
fn texts(entry: &Entry, facet: Facet) -> Vec<String> {
    let one = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
    match facet {
        Facet::Day => vec![Day::of(entry.at()).to_string()],
        Facet::Month => vec![Day::of(entry.at()).first_of_month().to_string()],
        Facet::Key => one(&entry.key),
        Facet::User => one(&entry.user),
        Facet::Team => one(&entry.team),
        Facet::Organization => one(&entry.organization),
        Facet::Project => one(&entry.project),
        Facet::EndUser => one(&entry.end_user),
        Facet::Tag => entry.tags.iter().map(ToString::to_string).collect(),
        Facet::Model => vec![entry.model.to_string()],
        Facet::Vendor => vec![entry.vendor.to_string()],
        Facet::Deployment => vec![entry.deployment.to_string()],
        Facet::Status => vec![entry.status.label().to_owned()],
        Facet::VendorModel => vec![entry.vendor_model.to_string()],
        Facet::Route => vec![entry.route.to_string()],
        other => panic!("{other:?}"),
    }
}

/// The lines of a report, the plain way.
fn plain(entries: &[Entry], query: &ReportQuery) -> BTreeMap<Vec<String>, Vec<Entry>> {
    let mut lines: BTreeMap<Vec<String>, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        let day = Day::of(entry.at());
        let is_meant = |(facet, only): &(Facet, Vec<String>)| {
            // Lines of a label are about that one.
            *facet == Facet::Tag && query.by.contains(facet)
                || texts(entry, *facet).iter().any(|text| only.contains(text))
        };
        if query.since.is_some_and(|since| day < since)
            || query.until.is_some_and(|until| day > until)
            || !query.only.iter().all(is_meant)
        {
            continue;
        }
        let mut keys = vec![Vec::new()];
        for facet in &query.by {
            let mut of = texts(entry, *facet);
            if let Some((_, only)) = query.only.iter().find(|(it, _)| it == facet) {
                of.retain(|text| only.contains(text));
            }
            keys = keys
                .iter()
                .flat_map(|key: &Vec<String>| {
                    of.iter().map(|text| [&key[..], std::slice::from_ref(text)].concat())
                })
                .collect();
        }
        for key in keys {
            lines.entry(key).or_default().push(entry.clone());
        }
    }
    lines
}

fn key(line: &ReportLine, by: &[Facet]) -> Vec<String> {
    let text = |facet: &Facet| match facet {
        Facet::Day | Facet::Month => line.day.unwrap().to_string(),
        facet => line.text(*facet).to_owned(),
    };
    by.iter().map(text).collect()
}

pub(crate) async fn reports_are_the_sums_of_entries(bench: &Bench) {
    use Facet::{
        Day as ByDay, Deployment, EndUser, Key, Model, Month, Organization, Project, Route, Status, Tag,
        Team, User, Vendor, VendorModel,
    };
    let store = bench.open().await;
    let written = written();
    store.book(&written, None, NOW).await.unwrap();
    let is = |facet: Facet, texts: &[&str]| {
        (facet, texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    };
    let since = Day::of(UnixMs(NOW.0 + 3 * DAY));
    let until = Day::of(UnixMs(NOW.0 + 20 * DAY));
    for (by, only) in [
        (vec![], vec![]),
        (vec![Key], vec![]),
        (vec![ByDay, Team], vec![]),
        (vec![Month, Tag], vec![]),
        (vec![Tag], vec![is(Tag, &["tag1", "all"])]),
        (vec![Model, Vendor, Deployment], vec![is(Key, &["key1", "key3"])]),
        (vec![User, Team], vec![]),
        (vec![ByDay, Key, Model], vec![is(Team, &["t1"]), is(Vendor, &["vendor0"])]),
        (vec![Month, EndUser], vec![is(Organization, &["o1"])]),
        (vec![Tag, Project], vec![is(Tag, &["tag1"])]),
        (vec![Model], vec![is(Tag, &["tag1", "tag2"]), is(User, &["u2"])]),
        (vec![Status], vec![]),
        (vec![Status], vec![is(Status, &["cache_hit", "failed"]), is(Deployment, &["deployment1"])]),
        (vec![Key], vec![is(Key, &["nobody\0"])]),
        (vec![], vec![is(Key, &["nobody"]), is(User, &["u1"])]),
        (vec![ByDay, Model, VendorModel, Route], vec![]),
        (vec![Month, VendorModel, Key], vec![is(Model, &["model1"]), is(Team, &["t1"])]),
        (vec![Route, Deployment], vec![is(Vendor, &["vendor0"]), is(Route, &["/v1/messages"])]),
        (vec![Project], vec![is(VendorModel, &["vendor-model2"])]),
        (vec![ByDay, EndUser, Model, VendorModel, Route], vec![]),
        (vec![Month, Route, Tag, Key], vec![is(Tag, &["tag1", "all"]), is(Team, &["t1"])]),
        (vec![Status, VendorModel], vec![is(Route, &["/v1/messages"])]),
        (vec![EndUser], vec![is(VendorModel, &["vendor-model2"]), is(Model, &["model1", "model2"])]),
    ] {
        for (since, until) in [(None, None), (Some(since), Some(until))] {
            let query =
                ReportQuery { by: by.clone(), only: only.clone(), since, until, ..ReportQuery::default() };
            let lines = store.report(&query, &ALL).await.unwrap();
            let expected = plain(&written, &query);
            let keys: Vec<_> = lines.iter().map(|line| key(line, &by)).collect();
            if !by.is_empty() {
                assert_eq!(keys, expected.keys().cloned().collect::<Vec<_>>(), "{query:?}");
            }
            for line in lines {
                let its = expected.get(&key(&line, &by)).cloned().unwrap_or_default();
                assert_eq!(line.sums, summed(&its), "{query:?}");
            }
        }
    }
    for (order, first) in [(SumOrder::Spend, Key), (SumOrder::Requests, User)] {
        for scope in [&ALL, &Scope { organizations: vec!["o0".into(), "o1".into()], ..Scope::default() }] {
            let query = ReportQuery { by: vec![first, Model], order, most: 3, ..ReportQuery::default() };
            let lines = store.report(&query, scope).await.unwrap();
            let of = |sums: &Sums| match order {
                SumOrder::Spend => sums.spend.nanos(),
                _ => sums.requests,
            };
            let mut amounts: Vec<_> = plain(&written, &query).values().map(|its| of(&summed(its))).collect();
            amounts.sort_unstable();
            amounts.reverse();
            assert_eq!(lines.iter().map(|line| of(&line.sums)).collect::<Vec<_>>(), amounts[..3]);
        }
    }
    let both = ReportQuery { by: vec![ByDay, Month], ..ReportQuery::default() };
    assert!(matches!(store.report(&both, &ALL).await, Err(StoreError::Invalid(_))));
}

pub(crate) async fn reports_are_within_reach(bench: &Bench) {
    let store = bench.open().await;
    let mut written = written();
    for entry in &mut written {
        if &*entry.user == "u2" {
            (entry.team, entry.organization) = ("".into(), "".into());
        }
    }
    store.book(&written, None, NOW).await.unwrap();
    let by = |facets: &[Facet]| ReportQuery { by: facets.to_vec(), ..ReportQuery::default() };
    let queries =
        [by(&[Facet::Key, Facet::Tag]), by(&[Facet::Key, Facet::Route]), by(&[Facet::EndUser, Facet::Route])];
    type Reaches = fn(&Entry) -> bool;
    let cases: [(Scope, Reaches); 5] = [
        (Scope::default(), |_| false),
        (Scope { organizations: vec!["o1".into()], ..Scope::default() }, |it| &*it.organization == "o1"),
        (Scope { teams: vec!["t0".into(), "".into()], ..Scope::default() }, |it| &*it.team == "t0"),
        (Scope { user: Some("u2".into()), ..Scope::default() }, |it| &*it.user == "u2"),
        (Scope { user: Some("u1".into()), user_in_teams: vec!["t1".into()], ..Scope::default() }, |it| {
            &*it.user == "u1" && &*it.team == "t1"
        }),
    ];
    for (scope, reaches) in cases {
        let mut its = written.clone();
        its.retain(reaches);
        for query in &queries {
            let lines = store.report(query, &scope).await.unwrap();
            let expected = plain(&its, query);
            assert_eq!(lines.len(), expected.len(), "{scope:?}");
            for line in lines {
                assert_eq!(line.sums, summed(&expected[&key(&line, &query.by)]), "{scope:?}");
            }
        }
        let all = store.report(&ReportQuery::default(), &scope).await.unwrap();
        assert_eq!(all.iter().map(|line| line.sums).collect::<Vec<_>>(), [summed(&its)]);
    }
}
