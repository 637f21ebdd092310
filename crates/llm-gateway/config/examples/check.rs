//! Says what is wrong with a configuration: `cargo run -p llm-gateway-config --example check -- FILE`, or without a file
//! with one that has two faults.

use std::path::Path;
use std::sync::Arc;

use llm_gateway_config::{Config, ConfigContext, Vendor};

const FAULTY: &str = "\
model_list:
  - model_name: fast
    litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY}
    weigth: 3
routr_settings: {}
";

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() {
    let vendors = [Vendor::new("openai", Some("OPENAI_API_KEY"))];
    let context = ConfigContext::new(&vendors, Arc::new(|_| None));
    let read = match std::env::args().nth(1) {
        Some(file) => Config::load(Path::new(&file), &context),
        None => Config::parse("faulty.yaml", FAULTY, &context),
    };
    match read {
        Ok(config) => println!("{} deployments, no fault", config.resolved.deployments().count()),
        Err(faults) => println!("{faults}"),
    }
}
