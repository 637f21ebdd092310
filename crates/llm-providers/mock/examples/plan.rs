//! Prints what the mock vendor would do with a request: `cargo run -p llm-provider-mock --example plan -- stall`.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use llm_provider_mock::{Step, Wire, respond};

fn main() {
    let model = std::env::args().nth(1).unwrap_or_else(|| "hello".to_owned());
    let request = serde_json::json!({
        "model": model,
        "stream": true,
        "messages": [{"role": "user", "content": "Is anybody there?"}],
    });
    let body = request.to_string();
    let plan = respond(Wire::OpenAi, "/v1/chat/completions", body.as_bytes(), None, 0, 1_767_225_600);

    println!("{} {:?}", plan.status, plan.content_type);
    for step in plan.steps.take(20) {
        match step {
            Step::Bytes(bytes) => print!("{}", String::from_utf8_lossy(&bytes)),
            other => println!("-- {other:?}"),
        }
    }
}
