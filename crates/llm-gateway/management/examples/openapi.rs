//! Prints what OpenAPI says of the management API: `cargo run -p llm-management --example openapi`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    let document = llm_management::openapi(serde_json::Map::new());
    writeln!(std::io::stdout(), "{document:#}")
}
