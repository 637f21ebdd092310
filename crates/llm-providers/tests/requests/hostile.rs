//! Requests that were changed by chance, so that members have another name, a value of another form, or company that nobody
//! knows: as the canonical form has them, for every vendor, and as clients of each dialect write them.

use std::cell::RefCell;

use llm_providers::types::{ChatRequest, from_slice};
use llm_testkit::fuzz::{SEED, iterations, run_changed};
use llm_testkit::random_request;
use serde_json::Value;

use crate::{Lost, SPOKEN, claims, fetched, laws, send, spoken, vendors};

/// How many requests are there to be changed.
const BEFORE: u64 = 150;

#[test]
fn requests_for_every_vendor() {
    let all: Vec<Vec<u8>> =
        (0..BEFORE).map(|seed| serde_json::to_vec(&random_request(seed)).unwrap()).collect();
    let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    let lost = RefCell::new(Lost::default());
    for (provider, turns) in vendors(60) {
        let turn = RefCell::new(0);
        let body = |data: &[u8]| {
            let Ok(request) = from_slice::<ChatRequest>(data) else { return };
            turn.replace_with(|turn| *turn + 1);
            send(provider, &fetched(provider, request), *turn.borrow(), &mut lost.borrow_mut(), || {
                data.escape_ascii().to_string()
            });
        };
        run_changed(body, &all, SEED, turns);
    }
    lost.into_inner().expect_none();
}

#[test]
fn requests_in_every_dialect() {
    let lost = RefCell::new(Lost::default());
    let vendors = vendors(1);
    for &(dialect, speaker) in SPOKEN {
        let speaker = llm_providers::find(speaker).unwrap();
        let all: Vec<Vec<u8>> = (0..BEFORE)
            .filter_map(|seed| spoken(dialect, &*speaker, seed).map(|body| body.to_string().into_bytes()))
            .collect();
        let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        let turn = RefCell::new(dialect.index());
        let body = |data: &[u8]| {
            let body: Value = serde_json::from_slice(data).unwrap();
            let Ok(incoming) = llm_providers::ingress(dialect).read(data) else { return };
            turn.replace_with(|turn| *turn + 1);
            let told = || format!("{}: {}", dialect.label(), data.escape_ascii());
            let losses = laws::reading_losses(&body, &incoming, &claims::of_dialect(dialect));
            lost.borrow_mut().add(dialect.label(), losses, told);
            let (provider, _) = vendors[*turn.borrow() % vendors.len()];
            let request = fetched(provider, incoming.request);
            send(provider, &request, *turn.borrow() as u64, &mut lost.borrow_mut(), told);
        };
        run_changed(body, &all, SEED, iterations(300));
    }
    lost.into_inner().expect_none();
}
