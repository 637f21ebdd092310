//! A hundred thousand keys. Run by hand, with `--ignored --nocapture`, best of a release build.

use std::time::Instant;

use llm_store::Query;
use llm_tenancy::{KeyHash, VirtualKey};

use crate::bench::{ALL, Bench, NOW, by, key};

const COUNT: usize = 100_000;

#[tokio::test]
#[ignore = "takes long, and measures"]
async fn a_hundred_thousand_keys() {
    let bench = Bench::sqlite();
    let store = bench.open().await;
    let keys: Vec<_> = (0..COUNT).map(|number| key(&format!("sk-{number}"))).collect();
    let began = clock();
    for keys in keys.chunks(10_000) {
        store.create_all(keys, &by("anna")).await.unwrap();
    }
    eprintln!("{COUNT} keys made in {:?}", began.elapsed());
    assert_eq!(store.count::<VirtualKey>(&[], &ALL).await.unwrap(), COUNT as u64);
    store.close().await;
    drop(store);

    let began = clock();
    let store = bench.open().await;
    eprintln!("opened in {:?}", began.elapsed());
    let began = clock();
    for number in (0..COUNT).step_by(COUNT / 1_000) {
        let found = store.find_key(&KeyHash::of(&format!("sk-{number}")), NOW).await.unwrap();
        assert!(found.is_some());
    }
    eprintln!("a key found in {:?}", began.elapsed() / 1_000);
    let began = clock();
    for number in 0..1_000 {
        assert!(store.find_key(&KeyHash::of(&format!("absent {number}")), NOW).await.unwrap().is_none());
    }
    eprintln!("a key not found in {:?}", began.elapsed() / 1_000);
    let began = clock();
    let page = store.list::<VirtualKey>(&Query { count: true, ..Query::default() }, &ALL).await.unwrap();
    assert_eq!(page.total, Some(COUNT as u64));
    eprintln!("a page of 100 and the count in {:?}", began.elapsed());
}

fn clock() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "how long it really takes is what is told")]
    Instant::now()
}
