//! Hostile input for everything that reads what others send: every vendor's answers and streams, every dialect's
//! requests, what listens beside relayed answers. The inputs are all fixtures of all vendors, and mutations of them.
//!
//! `cargo xtask fuzz --seconds N` makes it long.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/vendors.rs"]
mod vendors;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use http::Response;
use llm_providers::core::{
    Chat, Decoded, Dialect, Embeddings, Framing, Ingress, Listener, Operation, Provider, Relay, Reply,
    SseEvent, Translator, write_event_stream,
};
use llm_providers::types::ChatResponse;
use llm_providers::{EmbeddingForm, embedding_ingress, rerank_ingress};
use llm_testkit::fuzz::{self, SEED, iterations, run};

use vendors::vendors;

/// The files in folders of a name, somewhere below this one.
fn walk(folder: &Path, wanted: &[&str], files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, wanted, files);
        } else if path
            .parent()
            .and_then(Path::file_name)
            .is_some_and(|name| wanted.iter().any(|wanted| name == *wanted))
        {
            files.push(path);
        }
    }
}

/// All files in folders of a name, of all crates of vendors.
fn fixtures(folders: &[&str]) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap().map(Result::unwrap) {
        let fixtures = entry.path().join("tests/fixtures");
        if fixtures.is_dir() {
            walk(&fixtures, folders, &mut files);
        }
    }
    files.sort();
    assert!(files.len() > 20, "{folders:?}: {} files", files.len());
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn slices(all: &[Vec<u8>]) -> Vec<&[u8]> {
    all.iter().map(Vec::as_slice).collect()
}

/// Every twelfth input, so that a dozen vendors together see them all: other vendors' words are junk to most.
fn some(all: &[Vec<u8>], place: usize) -> Vec<&[u8]> {
    all.iter().skip(place % 12).step_by(12).map(Vec::as_slice).collect()
}

/// Streams in every framing: server-sent events, lines, and frames of Amazon's made of the former.
fn streams() -> Vec<Vec<u8>> {
    let mut all = fixtures(&["stream", "conformance"]);
    all.retain(|stream| stream.windows(5).any(|window| window == b"data:") || stream.starts_with(b"{\""));
    let framed: Vec<Vec<u8>> =
        all.iter().map(|stream| framed(stream)).filter(|framed| !framed.is_empty()).collect();
    all.extend(framed);
    all
}

/// Named events as Amazon's frames.
fn framed(events: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut rest = events;
    while let Some(frame) = Framing::Sse.next(&mut rest) {
        let event = SseEvent::parse(frame);
        if let (Ok(name), true) = (std::str::from_utf8(event.event), event.has_data) {
            let headers = [(":message-type", "event"), (":event-type", name)];
            write_event_stream(&headers, &event.data, &mut out);
        }
    }
    out.to_vec()
}

const ANSWERED: &[Dialect] = Dialect::ALL;

fn reply() -> Reply {
    Reply { request_id: "req".to_owned(), model: "m".to_owned(), created_s: 1, include_usage: true }
}

/// Whatever a vendor answers, no client's dialect is at a loss for words.
fn tell(answer: &ChatResponse) {
    for dialect in ANSWERED {
        let told = llm_providers::ingress(*dialect).write(answer, &reply());
        assert!(serde_json::from_slice::<serde_json::Value>(&told.body).is_ok(), "{dialect:?}: no JSON");
    }
}

/// Reads a whole answer of any status: no panic, a refusal has a status, and what is no success is none.
fn answer<O: Operation>(translator: &dyn Translator<O>, data: &[u8], then: impl Fn(O::Response)) {
    for status in [200, 400, 429, 529] {
        match translator.decode(Response::builder().status(status).body(data).unwrap()) {
            Ok(Decoded::Answer(answer)) => {
                assert_eq!(status, 200, "a failure was taken for an answer");
                then(answer);
            }
            Ok(Decoded::Again { .. }) => {}
            Err(error) => assert!(error.status >= 400 || status == 200, "{error:?}"),
        }
    }
}

#[test]
fn streams_of_every_vendor() {
    let streams = streams();
    for (place, vendor) in vendors().into_iter().enumerate() {
        let Some(chat) = vendor.chat() else { continue };
        println!("{}", vendor.info().id);
        run(
            |data| fuzz::stream::<Chat>(|| chat.decoder(), data),
            &some(&streams, place),
            SEED,
            iterations(10),
        );
    }
}

/// Reads a whole answer as that of every operation.
fn answer_of(vendor: &dyn Provider, data: &[u8]) {
    if let Some(chat) = vendor.chat() {
        answer::<Chat>(chat, data, |answer| tell(&answer));
    }
    if let Some(embeddings) = vendor.embeddings() {
        answer::<Embeddings>(embeddings, data, drop);
    }
    if let Some(rerank) = vendor.rerank() {
        answer(rerank, data, drop);
    }
    if let Some(count) = vendor.count_tokens() {
        answer(count, data, drop);
    }
}

#[test]
fn answers_of_every_vendor() {
    let answers = fixtures(&["response", "error", "conformance", "embeddings", "rerank"]);
    for (place, vendor) in vendors().into_iter().enumerate() {
        println!("{}", vendor.info().id);
        run(|data| answer_of(vendor, data), &some(&answers, place), SEED, iterations(10));
    }
}

/// The fixtures in these folders that tell of a vendor: its own, or those of the wire that it speaks.
fn own_fixtures(vendor: &dyn Provider, folders: &[&str]) -> Vec<Vec<u8>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let id = &*vendor.info().id;
    let crates = [id, &id.replace('_', "-"), id.trim_end_matches("_ai")].map(ToOwned::to_owned);
    let own = crates.map(|name| home.join(name).join("tests/fixtures"));
    let shared = home.join("tests/fixtures/conformance/openai");
    let mut files = Vec::new();
    for folder in own.iter().chain([&shared]).filter(|folder| folder.is_dir()) {
        walk(folder, folders, &mut files);
    }
    files.sort();
    files.dedup();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// Forms of answers that no file holds: of vendors whose tests write theirs down in place.
const UNFILED_ANSWERS: &[&str] = &[
    // Databricks: content in parts.
    r#"{"id":"a","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{
        "role":"assistant","provider_specific_fields":{},"content":[{"type":"reasoning","summary":[
        {"type":"summary_text","text":"hm","signature":"s"}]},{"type":"text","text":"a","citations":[]}]}}]}"#,
    // GitHub Copilot: one answer in several choices, which have no index.
    r#"{"id":"a","created":1,"model":"m","choices":[{"finish_reason":"tool_calls","message":{"content":"a","role":"assistant"}},
        {"finish_reason":"tool_calls","message":{"role":"assistant","tool_calls":[{"function":{"arguments":"{}","name":"f"},
        "id":"c","type":"function"}]}}]}"#,
    // LangGraph's and Dify's state.
    r#"{"messages":[{"type":"ai","id":"i","content":[{"type":"text","text":"a"}],"response_metadata":{"finish_reason":"stop",
        "model_name":"m"},"usage_metadata":{"input_tokens":1,"output_tokens":1,"total_tokens":2,"input_token_details":
        {"cache_read":1},"output_token_details":{"reasoning":1}}}],"answer":"a","message_id":"i","created_at":1,
        "metadata":{"usage":{"prompt_tokens":1},"retriever_resources":[{}]}}"#,
    // Langflow's outputs.
    r#"{"session_id":"s","outputs":[{"outputs":[{"results":{"message":{"text":"a","data":{"text":"a"}}}}]}]}"#,
];

/// The same of streams.
const UNFILED_STREAMS: &[&str] = &[
    // Databricks: content in parts, and calls whose arguments begin with an empty object.
    concat!(
        r#"data: {"id":"a","choices":[{"index":0,"delta":{"content":[{"type":"reasoning","summary":[{"text":"hm"}]}]}}]}"#,
        "\n\n",
        r#"data: {"id":"a","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","#,
        r#""function":{"name":"f","arguments":"{}"}}]}}]}"#,
        "\n\n",
        r#"data: {"id":"a","choices":[{"index":0,"delta":{"tool_calls":null},"finish_reason":"tool_calls"}]}"#,
        "\n\ndata: [DONE]\n\n",
    ),
    // Dify.
    concat!(
        r#"data: {"event":"message","message_id":"i","created_at":1,"conversation_id":"c","answer":"a"}"#,
        "\n\n",
        r#"data: {"event":"message_end","message_id":"i","metadata":{"usage":{"prompt_tokens":1}}}"#,
        "\n\n",
        r#"data: {"event":"error","status":400,"code":"c","message":"m"}"#,
        "\n\n",
    ),
    // LangGraph.
    concat!(
        "event: messages\n",
        r#"data: [{"type":"AIMessageChunk","id":"i","content":"a","response_metadata":{"model_name":"m"},"#,
        r#""usage_metadata":{"input_tokens":1}},{"langgraph_node":"n"}]"#,
        "\n\nevent: error\ndata: {\"error\":\"e\",\"message\":\"m\"}\n\nevent: end\ndata: null\n\n",
    ),
    // Langflow.
    concat!(
        r#"{"event":"token","data":{"chunk":"a","id":"i"}}"#,
        "\n",
        r#"{"event":"end","data":{"result":{"session_id":"s","outputs":[{"outputs":[{"results":{"message":{"text":"a"}}}]}]}}}"#,
        "\n",
    ),
];

fn owned(texts: &[&str]) -> impl Iterator<Item = Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec())
}

/// How many of the texts with a value of another form are tried of each fixture.
fn forms() -> usize {
    usize::try_from(iterations(20)).unwrap()
}

#[test]
fn answers_with_values_of_another_form() {
    let folders = &["response", "error", "conformance", "openai", "embeddings", "rerank"];
    for vendor in vendors() {
        println!("{}", vendor.info().id);
        for answer in own_fixtures(vendor, folders).into_iter().chain(owned(UNFILED_ANSWERS)) {
            fuzz::other_forms(&answer, forms()).for_each(|text| answer_of(vendor, &text));
        }
    }
}

#[test]
fn streams_with_values_of_another_form() {
    for vendor in vendors() {
        let Some(chat) = vendor.chat() else { continue };
        println!("{}", vendor.info().id);
        let own = own_fixtures(vendor, &["stream", "conformance", "openai"]);
        for stream in own.into_iter().chain(owned(UNFILED_STREAMS)) {
            for text in fuzz::other_forms(&stream, forms()) {
                for data in [&text, &framed(&text)] {
                    drop(llm_testkit::laws::read(|| chat.decoder(), data));
                }
            }
        }
    }
}

#[test]
fn requests_in_every_dialect() {
    let requests = fixtures(&["request", "ingress"]);
    let vendors = vendors();
    for &dialect in Dialect::ALL {
        let ingress: &dyn Ingress = llm_providers::ingress(dialect);
        let body = |data: &[u8]| {
            // Each input for another few vendors, so that all get their share.
            let at = data.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
            let some = (0..4).filter_map(|step| vendors[(at + step * 7) % vendors.len()].chat());
            fuzz::request(ingress, &some.collect::<Vec<_>>(), data);
        };
        run(body, &slices(&requests), SEED, iterations(300));
    }
}

#[test]
fn requests_for_vectors_and_rankings() {
    let requests = fixtures(&["request", "ingress", "embeddings", "rerank"]);
    for form in [
        EmbeddingForm::OpenAi,
        EmbeddingForm::Gemini,
        EmbeddingForm::GeminiBatch,
        EmbeddingForm::Cohere,
        EmbeddingForm::Ollama,
        EmbeddingForm::OllamaOlder,
    ] {
        let ingress = embedding_ingress(form).unwrap();
        let body = |data: &[u8]| match ingress.read(data) {
            Ok(incoming) => assert!(!serde_json::to_vec(&incoming.request).unwrap().is_empty()),
            Err(error) => assert!(!error.message.is_empty(), "a refusal has a reason"),
        };
        run(body, &slices(&requests), SEED, iterations(300));
    }
    let ingress = rerank_ingress().unwrap();
    let body = |data: &[u8]| {
        if let Err(error) = ingress.read(data) {
            assert!(!error.message.is_empty(), "a refusal has a reason");
        }
    };
    run(body, &slices(&requests), SEED, iterations(300));
}

#[test]
fn streams_for_clients_of_every_dialect() {
    let streams = streams();
    let vendors = vendors();
    let own = |dialect| -> Option<&'static dyn Provider> {
        let id = match dialect {
            Dialect::OpenAiChat => "openai",
            Dialect::AnthropicMessages => "anthropic",
            Dialect::Gemini => "gemini",
            Dialect::BedrockConverse => "bedrock",
            Dialect::CohereChat => "cohere",
            Dialect::OllamaChat => "ollama",
            _ => return None,
        };
        vendors.iter().copied().find(|vendor| vendor.info().id == id)
    };
    for &dialect in Dialect::ALL {
        // What is written in the others' dialects is not read back here: no panic is all that is asked.
        let Some(client) = own(dialect) else { continue };
        let body = |data: &[u8]| {
            let vendor = vendors[data.len() % vendors.len()];
            let Some(chat) = vendor.chat() else { return };
            let ingress = llm_providers::ingress(dialect);
            fuzz::cross(|| chat.decoder(), ingress, || client.chat().unwrap().decoder(), data);
        };
        run(body, &some(&streams, dialect.index()), SEED, iterations(200));
    }
}

#[test]
fn listeners_of_every_relay() {
    let mut inputs = streams();
    inputs.extend(fixtures(&["response", "error"]));
    let mut seen = HashSet::new();
    for vendor in vendors() {
        for &dialect in Dialect::ALL {
            let Some(relay) = vendor.relay(dialect) else { continue };
            let is_own = llm_providers::openai_compat::find(&vendor.info().id).is_none();
            if is_own || seen.insert(dialect) {
                run(|data| listen(relay, data), &some(&inputs, seen.len()), SEED, iterations(50));
            }
        }
    }
}

/// What listens beside a relayed answer: no panic, and no more is heard than was said.
fn listen(relay: &dyn Relay, data: &[u8]) {
    let framing = relay.framing();
    if framing == Framing::Sse {
        return fuzz::listener(relay, data);
    }
    let mut streamed = relay.listener();
    let mut rest = data;
    while let Some(frame) = framing.next(&mut rest) {
        streamed.frame(frame);
    }
    let mut whole: Box<dyn Listener> = relay.listener();
    whole.body(data);
    for listener in [&streamed, &whole] {
        assert!(listener.seen().content_bytes <= data.len() as u64, "more was heard than was said");
    }
}
