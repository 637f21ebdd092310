//! Prints the bill of an answer, line by line.
//!
//! `cargo run -p llm-pricing --example cost -- anthropic claude-sonnet-4-5-20250929 batch`

use std::error::Error;

use llm_pricing::{Table, Terms, Tier, cost, read};
use llm_types::Usage;

const USAGE: &str = r#"{
  "prompt_tokens": 16000, "completion_tokens": 800, "total_tokens": 16800,
  "prompt_tokens_details": {
    "cached_tokens": 10000, "cache_write_tokens": 4000,
    "cache_creation_token_details": {"ephemeral_5m_input_tokens": 3000, "ephemeral_1h_input_tokens": 1000}
  },
  "server_tool_use": {"web_search_requests": 2}
}"#;

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let vendor = args.next().unwrap_or_else(|| "anthropic".to_owned());
    let model = args.next().unwrap_or_else(|| "claude-sonnet-4-5-20250929".to_owned());
    let tier = args.next().and_then(|word| Tier::served(&word)).unwrap_or_default();

    let table = Table::embedded();
    let Some(info) = table.find(&vendor, &model) else {
        return Err(format!("{vendor}/{model} is not among the {} models of the table", table.len()).into());
    };
    println!("{} of {}, priced by {} on {}", info.key, info.vendor, table.source(), table.read_on());
    let Some(prices) = &info.prices else {
        return Err("its price is not known".into());
    };

    let usage: Usage = serde_json::from_str(USAGE)?;
    let reading = read(&usage);
    reading.anomalies.iter().for_each(|anomaly| println!("cannot be true: {anomaly}"));

    let bill = cost(&reading.quantities, prices, &Terms { tier, ..Terms::default() })?;
    for line in &bill.lines {
        let half = if line.halved { ", half of it" } else { "" };
        let unit = line.item.unit().label();
        println!(
            "{:>8} {unit:<6} at {:<12}{half} = {:<12} {}",
            line.quantity, line.rate, line.amount, line.item
        );
    }
    bill.unpriced.iter().for_each(|item| println!("no price: {item}"));
    println!("{:>8} USD", bill.total);
    Ok(())
}
