//! What an answer costs, without a socket: `cargo bench -p llm-provider-mock`.

use divan::{Bencher, black_box};
use llm_provider_mock::{Step, Wire, respond};

fn main() {
    divan::main();
}

fn request(model: &str, stream: bool, prompt_bytes: usize) -> Vec<u8> {
    let prompt = "word ".repeat(prompt_bytes / 5);
    serde_json::json!({"model": model, "stream": stream, "messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": prompt}]})
    .to_string()
    .into_bytes()
}

fn play(body: &[u8]) -> usize {
    let plan = respond(Wire::OpenAi, "/v1/chat/completions", black_box(body), None, 0, 1_767_225_600);
    plan.steps.map(|step| if let Step::Bytes(bytes) = step { bytes.len() } else { 0 }).sum()
}

#[divan::bench(args = [512, 1 << 20])]
fn whole(bencher: Bencher<'_, '_>, prompt_bytes: usize) {
    let body = request("gpt-4o", false, prompt_bytes);
    bencher.bench(|| play(&body));
}

#[divan::bench]
fn stream_of_100_chunks(bencher: Bencher<'_, '_>) {
    let body = request("stream-100", true, 512);
    bencher.bench(|| play(&body));
}
