//! Books two requests, twice, and tells what a team has spent: `cargo run -p llm-store --example ledger`.
#![expect(clippy::print_stdout, reason = "an example")]

use llm_ledger::{Entry, LegId, RequestId};
use llm_store::{By, Cipher, Dimension, Group, Store, StoreSettings, SumQuery};
use llm_tenancy::management::Scope;
use llm_tenancy::{Stamp, Team};
use llm_types::UnixMs;
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let now = UnixMs(1_795_000_000_000);
    let store = Store::open(&StoreSettings::new(folder.path()), Cipher::default(), now).await?;
    store.create(&Team::new("search".into(), Stamp::new(now, None)), &By::gateway(now)).await?;

    let entries = [entry(1, "0.0021")?, entry(2, "0.0009")?];
    let first = store.book(&entries, None, now).await?;
    let again = store.book(&entries, None, now).await?;
    println!("{} added, then {}; {} were there", first.added, again.added, again.repeated);

    let everything = Scope::everything();
    let by_day = SumQuery { by: vec![Group::Day, Group::Id], ..SumQuery::new(Dimension::Team) };
    for row in store.sum_days(&by_day, &everything).await? {
        let (day, team) = (row.day.ok_or("no day")?, row.id.ok_or("no team")?);
        println!("{day} {team}: {} requests, {} USD", row.sums.requests, row.sums.spend);
    }
    let team = store.get::<Team>(&"search".into(), &everything).await?;
    println!("the team's record says {} USD", team.value.spending.spend);
    println!("{} sums are wrong", store.check_ledger(None).await?.len());
    Ok(())
}

/// One answered request of the team.
fn entry(number: u8, cost: &str) -> Result<Entry, Box<dyn std::error::Error>> {
    let request: RequestId = format!("01a1ee9d-4600-7000-8000-0000000000{number:02x}").parse()?;
    let id = LegId { request, leg: 0 };
    let entry =
        json!({"r": id.request, "l": id.leg, "s": "answered", "t": "search", "m": "gpt-4o", "c": cost});
    Ok(serde_json::from_value(entry)?)
}
