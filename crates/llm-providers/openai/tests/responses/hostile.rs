//! Hostile input: seeded mutations of requests, answers and streams.
//!
//! `LLM_FUZZ_ITERATIONS` makes it long.

use llm_provider_core::{Chat, Dialect, Provider, Translator};
use llm_provider_openai::OpenAi;
use llm_testkit::fuzz::{self, SEED, iterations, run};

use super::{fixtures, ingress, wire};

fn corpus(kind: &str) -> Vec<Vec<u8>> {
    fixtures(kind).into_iter().map(|(_, body)| body).collect()
}

fn slices(corpus: &[Vec<u8>]) -> Vec<&[u8]> {
    corpus.iter().map(Vec::as_slice).collect()
}

#[test]
fn requests() {
    let openai = OpenAi::new();
    let responses = wire();
    let translators: [&dyn Translator<Chat>; 2] = [openai.chat().unwrap(), &responses];
    let corpus = corpus("request");
    run(|data| fuzz::request(ingress(), &translators, data), &slices(&corpus), SEED, iterations(2_000));
}

#[test]
fn answers() {
    let responses = wire();
    let corpus = corpus("response");
    let body = |data: &[u8]| {
        // Whatever comes, it is read or refused with a reason.
        if let Err(error) = responses.decode(http::Response::new(data)) {
            assert!(!error.message.is_empty());
        }
    };
    run(body, &slices(&corpus), SEED, iterations(2_000));
}

#[test]
fn streams() {
    let responses = wire();
    let corpus = corpus("stream");
    run(|data| fuzz::stream(|| responses.decoder(), data), &slices(&corpus), SEED, iterations(500));
    let cross = |data: &[u8]| fuzz::cross(|| responses.decoder(), ingress(), || responses.decoder(), data);
    run(cross, &slices(&corpus), SEED, iterations(1_000));
    let openai = OpenAi::new();
    let relay = openai.relay(Dialect::OpenAiResponses).unwrap();
    run(|data| fuzz::listener(relay, data), &slices(&corpus), SEED, iterations(2_000));
}
