//! The table: `cargo run -p llm-provider-openai-compat --example vendors`.

use std::io::{Result, Write};

use llm_provider_openai_compat::{absent, rows};

fn main() -> Result<()> {
    let mut out = std::io::stdout();
    for row in rows() {
        writeln!(out, "{:<20} {:<32} {}", row.id, row.keys.first().map_or("", String::as_str), row.base_url)?;
    }
    for gone in absent() {
        writeln!(out, "{:<20} not here: {}", gone.id, gone.reason)?;
    }
    Ok(())
}
