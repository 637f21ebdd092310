//! No vendor is missing in silence: each name of the list is a vendor that is built in, or stands among the absent ones
//! with a reason.
//!
//! The list is LiteLLM's and other gateways' names of vendors, with the operations that each has there, read 2026-11.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use llm_providers::openai_compat::absent;
use llm_providers::{find, providers};

/// Operations of the list that a vendor has elsewhere or not at all, and why.
const WITHOUT: &[(&str, &str, &str)] = &[];

/// Names, each with its operations.
fn listed() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let lines = include_str!("fixtures/vendors.tsv").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, operations) = line.split_once('\t').unwrap();
            (name, operations.split(',').filter(|operation| *operation != "-").collect())
        })
        .collect()
}

#[test]
fn every_name_is_a_vendor_or_absent_with_a_reason() {
    let absent: BTreeSet<&str> = absent().iter().map(|absent| absent.id.as_str()).collect();
    let listed = listed();
    assert_eq!(listed.len(), 206);
    let missing: Vec<_> =
        listed.keys().filter(|name| find(name).is_none() && !absent.contains(*name)).collect();
    assert!(missing.is_empty(), "missing in silence: {missing:?}");
}

#[test]
fn every_vendor_does_what_the_list_says() {
    let mut lacks = Vec::new();
    for (name, operations) in listed() {
        let Some(vendor) = find(name) else { continue };
        for operation in operations {
            let has = match operation {
                "chat" => vendor.chat().is_some(),
                "embeddings" => vendor.embeddings().is_some(),
                _ => vendor.rerank().is_some(),
            };
            let is_excused = WITHOUT.iter().any(|(one, without, _)| *one == name && *without == operation);
            if has == is_excused {
                lacks.push(format!("{name}: {operation}"));
            }
        }
    }
    assert!(lacks.is_empty(), "lacking, or excused without need: {lacks:?}");
}

#[test]
fn every_name_stands_once() {
    let mut names = BTreeSet::new();
    for vendor in providers() {
        let info = vendor.info();
        for name in info.aliases.iter().chain([&info.id]) {
            assert!(names.insert(name.to_string()), "two vendors are named {name}");
        }
    }
    for absent in absent() {
        assert!(names.insert(absent.id.clone()), "{} is built in, and said to be absent", absent.id);
        assert!(!absent.reason.is_empty(), "{} is absent for no reason", absent.id);
    }
}
