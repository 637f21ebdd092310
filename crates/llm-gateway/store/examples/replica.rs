//! What another replica learns: `cargo run -p llm-store --example replica`.
//!
//! With `postgresql://…` as its argument, and `--features postgres`, on that server instead of in a temporary folder.
#![expect(clippy::print_stdout, reason = "an example")]

use std::time::Duration;

use llm_store::{By, Cipher, Store, StoreError, StoreSettings};
use llm_tenancy::management::Scope;
use llm_tenancy::{PlainKey, Stamp, VirtualKey};
use llm_types::UnixMs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let now = UnixMs(1_795_000_000_000);
    let mut settings = StoreSettings::new(folder.path());
    settings.url = std::env::args().nth(1);
    let store = Store::open(&settings, Cipher::new(["a secret of many characters"])?, now).await?;
    let mut watch = store.watch(now).await?;

    let plain = PlainKey::generate(&[7; 32]);
    let by = By::gateway(now);
    let mut key = VirtualKey::new(plain.hash(), "sk-...", Stamp::new(now, None));
    key.key_alias = Some("search".to_owned());
    match store.create(&key, &by).await {
        Err(StoreError::Taken { what, .. }) => println!("the key is there already, by its {what}"),
        made => println!("made {:?}", made?.value.key_alias),
    }
    store
        .change::<VirtualKey, StoreError>(&plain.hash(), &Scope::everything(), &by, |key| {
            key.blocked = !key.blocked;
            Ok(())
        })
        .await?;

    watch.wait(Duration::from_secs(1)).await;
    println!("{:?}", watch.poll(now).await?);
    let found = store.find_key(&plain.hash(), now).await?.ok_or("it was deleted meanwhile")?;
    println!("blocked: {}, version {}", found.key.value.blocked, found.key.version);
    store.close().await;
    Ok(())
}
