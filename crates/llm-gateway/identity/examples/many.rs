//! How long a key takes to be found among many: `cargo run --release -p llm-identity --example many -- 100000`.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "an example that takes time")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use llm_identity::{Bounds, Identities};
use llm_store::{By, Cipher, Store, StoreSettings};
use llm_tenancy::{KeyHash, PlainKey, Stamp, VirtualKey};
use llm_types::UnixMs;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let many: u32 = std::env::args().nth(1).map_or(Ok(10_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let settings = StoreSettings::new(folder.path());
    let now = UnixMs(1_795_000_000_000);
    let plain = |number: u32| {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_le_bytes());
        PlainKey::generate(&bytes)
    };

    let store = Store::open(&settings, Cipher::default(), now).await?;
    let began = Instant::now();
    let keys: Vec<_> = (0..many)
        .map(|number| VirtualKey::new(plain(number).hash(), "sk-...", Stamp::new(now, None)))
        .collect();
    for keys in keys.chunks(10_000) {
        store.create_all(keys, &By::gateway(now)).await?;
    }
    println!("{many} keys made in {:?}", began.elapsed());
    drop(keys);
    store.close().await;
    drop(store);

    let began = Instant::now();
    let store = Store::open(&settings, Cipher::default(), now).await?;
    let identities = Arc::new(Identities::new(store, Bounds::default()));
    let _watch = identities.listen(now).await?;
    println!("opened again in {:?}", began.elapsed());

    let began = Instant::now();
    for number in 0..1_000.min(many) {
        identities.find(&plain(number).hash(), now).await?;
    }
    println!("first look at a key: {:?}", began.elapsed() / 1_000.min(many));

    let hashes: Vec<KeyHash> = (0..1_000.min(many)).map(|number| plain(number).hash()).collect();
    for threads in [1, 2] {
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for hash in hashes.iter().cycle().take(1_000_000) {
                        black_box(identities.cached(black_box(hash), now));
                    }
                });
            }
        });
        println!("a look at a key in memory, {threads} threads: {:?}", began.elapsed() / 1_000_000);
    }
    Ok(())
}
