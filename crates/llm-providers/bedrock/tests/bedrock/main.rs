//! Bedrock in every direction, case by case: fixtures in `tests/fixtures`, what becomes of them in `snapshots`, and the
//! laws that hold for all.
//!
//! The fixtures follow Amazon's documentation (Amazon Bedrock API Reference and User Guide, read 2026-11); none is a
//! recording. Streams are written as server-sent events, for eyes, and turned into Amazon's frames by the tests.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod cited;
mod conformance;
mod corpus;
mod hostile;
mod ingress;
mod invoke;
mod others;
mod relay;
mod requests;
mod spoken;

use std::fmt::Write as _;

use http::HeaderMap;
use llm_provider_bedrock::Bedrock;
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, Payload, Provider, Translator, UpstreamError,
};
use llm_types::{ChatRequest, ChatResponse};
use serde_json::Value;

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-6";
const OLD_CLAUDE: &str = "anthropic.claude-3-5-sonnet-20241022-v2:0";
const NOVA: &str = "amazon.nova-pro-v1:0";
const NOVA_2: &str = "us.amazon.nova-2-lite-v1:0";
const GPT_OSS: &str = "openai.gpt-oss-120b-1:0";
const LLAMA: &str = "meta.llama3-3-70b-instruct-v1:0";
const PROFILE: &str = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123";

static BEDROCK: Bedrock = Bedrock;

fn chat() -> &'static dyn Translator<Chat> {
    BEDROCK.chat().unwrap()
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

fn encode(request: &ChatRequest, model: &str) -> Result<Encoded, EncodeError> {
    let headers = HeaderMap::new();
    chat().encode(request, &Call::new(model, &headers))
}

fn body(encoded: &Encoded) -> Value {
    let Payload::Bytes(body) = encoded.request.body() else { panic!("no bytes") };
    serde_json::from_slice(body).unwrap()
}

fn notes(encoded: &Encoded) -> Vec<String> {
    encoded.notes.iter().map(ToString::to_string).collect()
}

fn request(json: Value) -> ChatRequest {
    llm_types::from_value(json).unwrap()
}

/// What is sent and noted, for eyes.
fn sent(encoded: Result<Encoded, EncodeError>) -> String {
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return format!("refused: {error}\n"),
    };
    let mut out = format!("{} {}\n", encoded.request.method(), encoded.request.uri());
    for (name, value) in encoded.request.headers().iter().filter(|(name, _)| *name != "content-type") {
        writeln!(out, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    writeln!(out, "\n{}\n", serde_json::to_string_pretty(&body(&encoded)).unwrap()).unwrap();
    for note in encoded.notes {
        writeln!(out, "{note}").unwrap();
    }
    out
}

fn read(json: &str) -> Result<ChatResponse, UpstreamError> {
    let response = http::Response::builder().header("x-amzn-requestid", "7f8c-1");
    match chat().decode(response.body(json.as_bytes()).unwrap())? {
        Decoded::Answer(answer) => Ok(answer),
        Decoded::Again { .. } => panic!("no answer"),
    }
}

/// An answer without what differs between a whole and a streamed one by nature.
fn essence(answer: &ChatResponse) -> Value {
    let mut value = serde_json::to_value(answer).unwrap();
    value.as_object_mut().unwrap().remove("id");
    let message = value["choices"][0]["message"].as_object_mut().unwrap();
    message.retain(|_, member| !member.is_null());
    // Pieces of what stands whole beside them.
    if let Some(specifics) = message.get_mut("provider_specific_fields").and_then(Value::as_object_mut) {
        specifics.retain(|name, _| name != "citation" && name != "content_block_start");
    }
    if message.get("provider_specific_fields").is_some_and(|specifics| *specifics == serde_json::json!({})) {
        message.remove("provider_specific_fields");
    }
    for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
        call.as_object_mut().unwrap().remove("index");
    }
    value
}

#[test]
fn every_fixture_has_its_snapshot_and_the_other_way_round() {
    use std::collections::BTreeSet;
    let names = |folder: &str| {
        let entries = std::fs::read_dir(format!("{}/tests/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.map(|name| name.rsplit_once('.').unwrap().0.to_owned()).collect::<BTreeSet<_>>()
    };
    let mut wanted: BTreeSet<String> =
        BTreeSet::from(["others__count".to_owned(), "others__rerank".to_owned()]);
    for (folder, module) in [
        ("request", "requests"),
        ("response", "answers__response"),
        ("stream", "answers__stream"),
        ("ingress", "ingress__request"),
    ] {
        wanted
            .extend(names(&format!("fixtures/{folder}")).into_iter().map(|name| format!("{module}__{name}")));
    }
    for case in llm_testkit::corpus::corpus() {
        wanted.extend(["claude", "nova"].map(|family| format!("corpus__{family}.{}", case.name)));
    }
    wanted.extend(invoke::MODELS.iter().map(|(name, _)| format!("invoke__{name}")));
    let wanted: BTreeSet<_> = wanted.into_iter().map(|name| format!("bedrock__{name}")).collect();
    assert_eq!(names("bedrock/snapshots"), wanted);
}
