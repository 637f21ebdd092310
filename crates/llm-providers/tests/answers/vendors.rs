//! No vendor's translator loses anything of what its vendor answers in silence: the vendor's own fixtures, whole answers
//! and streams, with members that nobody knows, and members of another name.
//!
//! `LLM_FUZZ_ITERATIONS` makes it long.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use bytes::BytesMut;
use http::Response;
use llm_providers::core::{Chat, Decoded, Framing, Provider, Translator, write_event_stream};
use llm_providers::openai::{ResponsesOptions, ResponsesWire};
use llm_providers::types::ChatChunk;
use llm_testkit::fuzz::{SEED, add_members, iterations};
use llm_testkit::laws::{self, Loss};
use llm_testkit::{Random, assemble};
use serde_json::{Map, Value, json};

use super::claims;
use super::lost::{Lost, without_indices};

/// Vendors with the folders of fixtures that are in their wires.
const SPEAK: &[(&str, &[&str])] = &[
    ("openai", &["openai", "tests/fixtures/conformance/openai"]),
    ("anthropic", &["anthropic", "tests/fixtures/conformance/anthropic"]),
    ("gemini", &["gemini"]),
    ("vertex_ai", &["vertex", "gemini", "anthropic", "mistral"]),
    ("bedrock", &["bedrock"]),
    ("azure", &["azure", "openai", "anthropic"]),
    ("azure_ai", &["azure", "openai", "anthropic"]),
    ("mistral", &["mistral"]),
    ("cohere", &["cohere"]),
    ("ollama", &["ollama"]),
    ("openrouter", &["openai"]),
    ("groq", &["openai"]),
    ("deepseek", &["openai"]),
    ("xai", &["openai"]),
    ("perplexity", &["perplexity"]),
    ("oci", &["oci"]),
    ("watsonx", &["watsonx"]),
    ("watsonx_gateway", &["openai"]),
    ("sap", &["sap"]),
    ("replicate", &["replicate"]),
    ("gigachat", &["gigachat"]),
    ("huggingface", &["huggingface", "openai"]),
    ("sagemaker", &["sagemaker"]),
    ("sagemaker_chat", &["sagemaker"]),
    ("nlp_cloud", &["nlp_cloud"]),
    ("dify", &["agents/tests/fixtures/dify"]),
    ("langgraph", &["agents/tests/fixtures/langgraph"]),
    ("langflow", &["agents/tests/fixtures/langflow"]),
    ("databricks", &["openai", "anthropic"]),
    ("snowflake", &["openai", "anthropic"]),
    ("cloudflare", &["openai"]),
    ("github_copilot", &["openai", "anthropic"]),
    ("nvidia_nim", &["nvidia_nim", "openai"]),
    ("predibase", &["predibase"]),
    ("triton", &["triton"]),
];

/// Places of members, without indices.
pub(super) type Places = HashSet<String>;

/// Where the leaves of trees stand.
pub(super) fn places(trees: &[Value]) -> Places {
    fn walk(tree: &Value, place: String, places: &mut Places) {
        match tree {
            Value::Object(members) => members.iter().for_each(|(name, value)| {
                let dot = if place.is_empty() { "" } else { "." };
                walk(value, format!("{place}{dot}{name}"), places);
            }),
            Value::Array(items) => items.iter().for_each(|item| walk(item, format!("{place}[*]"), places)),
            _ => drop(places.insert(place)),
        }
    }
    let mut places = Places::new();
    trees.iter().for_each(|tree| walk(tree, String::new(), &mut places));
    places
}

/// Whether a value stands somewhere all the same: what is said twice in the same words is told once.
pub(super) fn is_told(loss: &Loss, told: &str) -> bool {
    let value = loss.value.to_string();
    let is_own = loss.path.contains("novelty") || loss.value.is_f64() || value.len() > 6;
    is_own && told.contains(&value)
}

/// The files below a folder that hold whole answers, or streams.
fn walk(folder: &Path, streams: bool, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            walk(&path, streams, files);
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let home = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        let is_whole = home == "response" || name.contains(".response.");
        let is_stream = home == "stream" || name.contains(".stream.");
        if if streams { is_stream } else { is_whole } {
            files.push(path);
        }
    }
}

/// A vendor's fixtures. Those of the Responses API are another wire's.
pub(super) fn fixtures(places: &[&str], streams: bool) -> Vec<Vec<u8>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for place in places {
        let folder =
            if place.contains('/') { home.join(place) } else { home.join(place).join("tests/fixtures") };
        assert!(folder.is_dir(), "{}", folder.display());
        walk(&folder, streams, &mut files);
    }
    let are_items = places.iter().any(|place| place.ends_with("/responses"));
    files.retain(|file| file.to_string_lossy().contains("/responses/") == are_items);
    files.sort();
    files.dedup();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// Translators by the names of their vendors, with the places of their fixtures; and that of the Responses API.
pub(super) fn vendors()
-> impl Iterator<Item = (&'static str, &'static dyn Translator<Chat>, &'static [&'static str])> {
    static RESPONSES: LazyLock<ResponsesWire> =
        LazyLock::new(|| ResponsesWire::new(ResponsesOptions::default()));
    let responses: &'static dyn Translator<Chat> = &*RESPONSES;
    let all = SPEAK.iter().map(|(id, places)| {
        let all = llm_providers::providers().iter().map(|provider| &**provider);
        let mut own = all.filter(|provider| provider.info().id == *id);
        let vendor: &dyn Provider = own.next().unwrap_or_else(|| panic!("no vendor `{id}`"));
        (*id, vendor.chat().unwrap(), *places)
    });
    all.chain([("responses", responses, &["openai/tests/fixtures/responses"][..])])
}

/// What was lost of a whole answer, at other places than those that were there `before` it was changed; and its places.
fn whole(
    id: &str,
    chat: &dyn Translator<Chat>,
    data: &[u8],
    before: &Places,
    lost: &mut Lost,
) -> Option<Places> {
    let Ok(Decoded::Answer(answer)) = chat.decode(Response::new(data)) else { return None };
    let told: Value = serde_json::from_slice(data).unwrap();
    let canonical = serde_json::to_value(&answer).unwrap();
    let these = places(std::slice::from_ref(&told));
    let text = canonical.to_string();
    let mut losses =
        laws::decoding_losses(&[told], &[canonical], Vec::new(), &claims::of_vendor(id), |path| {
            !before.contains(&without_indices(path))
        });
    losses.retain(|loss| !is_told(loss, &text));
    lost.add(id, losses, || String::from_utf8_lossy(data).into_owned());
    Some(these)
}

#[test]
fn whole_answers_of_vendors() {
    let mut lost = Lost::default();
    for (id, chat, places) in vendors() {
        let all = fixtures(places, false);
        let mut read = 0;
        for (place, fixture) in all.iter().enumerate() {
            let Some(before) = whole(id, chat, fixture, &Places::new(), &mut Lost::default()) else {
                continue;
            };
            read += 1;
            for turn in 0..iterations(30) {
                let mut random = Random::new(SEED ^ turn.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ place as u64);
                let changed = add_members(fixture, &mut random);
                whole(id, chat, &changed, &before, &mut lost);
            }
        }
        assert!(read > 0, "{id}: none of {} answers was read", all.len());
    }
    lost.expect_none();
}

/// One event of a stream.
pub(super) struct Event {
    name: String,
    pub(super) data: Vec<u8>,
}

/// The events of a fixture, and how the vendor frames them.
pub(super) fn events(fixture: &[u8]) -> (Framing, Vec<Event>) {
    let framing = if fixture.starts_with(b"{") { Framing::Lines } else { Framing::Sse };
    let mut events = Vec::new();
    let mut rest = fixture;
    while let Some(frame) = framing.next(&mut rest) {
        let event = framing.event(frame).unwrap();
        if event.has_data {
            events.push(Event {
                name: String::from_utf8_lossy(event.event).into_owned(),
                data: event.data.to_vec(),
            });
        }
    }
    (framing, events)
}

/// Events in the frames of a vendor's.
pub(super) fn framed(framing: Framing, events: &[Event]) -> Vec<u8> {
    let mut out = BytesMut::new();
    for Event { name, data } in events {
        match framing {
            Framing::EventStream => {
                write_event_stream(&[(":message-type", "event"), (":event-type", name)], data, &mut out);
            }
            Framing::Lines => {
                out.extend_from_slice(data);
                out.extend_from_slice(b"\n");
            }
            _ => {
                if !name.is_empty() {
                    out.extend_from_slice(format!("event: {name}\n").as_bytes());
                }
                for line in data.split(|byte| *byte == b'\n') {
                    out.extend_from_slice(b"data: ");
                    out.extend_from_slice(line);
                    out.extend_from_slice(b"\n");
                }
                out.extend_from_slice(b"\n");
            }
        }
    }
    out.to_vec()
}

/// Kinds of events, and of what they add, that fixtures have because nobody knows them.
const PASSED_OVER: &[&str] = &[FLOWS_OWN];

/// What Langflow says of the messages that a flow keeps, beside the answer.
///
/// Source: Langflow docs, "Flow trigger endpoints", "Stream LLM token responses" (docs.langflow.org/api-flows-run), read
/// 2026-11.
const FLOWS_OWN: &str = "add_message";

/// Whether an object has all members that it had, and so its objects.
fn has_all(before: &Map<String, Value>, after: &Map<String, Value>) -> bool {
    before.iter().all(|(name, before)| match (before, after.get(name)) {
        (_, None) => false,
        (Value::Object(before), Some(Value::Object(after))) => has_all(before, after),
        _ => true,
    })
}

/// Whether an event, and what it adds, have all members that they had: without what makes it one, it is a fault, or an
/// event of another kind.
pub(super) fn is_still_known(before: &[u8], after: &[u8]) -> bool {
    let read = |data: &[u8]| serde_json::from_slice::<Value>(data).ok();
    let (Some(Value::Object(before)), Some(Value::Object(after))) = (read(before), read(after)) else {
        return false;
    };
    let is_passed_over = |name: &str| {
        let kind = before.get(name).and_then(|value| value.get("type").unwrap_or(value).as_str());
        kind.is_some_and(|kind| PASSED_OVER.contains(&kind))
    };
    // Cohere says what a piece of content is by what is in it.
    let content = before.get("delta").and_then(|delta| delta["message"]["content"].as_object());
    let is_content = content
        .is_none_or(|content| ["type", "text", "thinking"].iter().any(|name| content.contains_key(*name)));
    has_all(&before, &after) && is_content && !["type", "delta", "event"].into_iter().any(is_passed_over)
}

/// What was lost of a stream, at other places than those that were there `before` it was changed; and its places.
fn streamed(
    id: &str,
    chat: &dyn Translator<Chat>,
    framing: Framing,
    events: &[Event],
    before: &Places,
    lost: &mut Lost,
) -> Option<Places> {
    let items = laws::read(|| chat.decoder(), &framed(framing, events));
    let chunks: Vec<ChatChunk> = items.into_iter().collect::<Result<_, _>>().ok()?;
    let told: Vec<Value> =
        events.iter().filter_map(|event| serde_json::from_slice(&event.data).ok()).collect();
    let canonical: Vec<Value> = chunks.iter().map(|chunk| serde_json::to_value(chunk).unwrap()).collect();
    let together = serde_json::to_string(&assemble(&chunks)).unwrap();
    let claims = [claims::of_vendor(id), claims::of_stream(id)].concat();
    let mut losses = laws::decoding_losses(&told, &canonical, vec![together], &claims, |path| {
        !before.contains(&without_indices(path))
    });
    let text = Value::from(canonical).to_string();
    losses.retain(|loss| !is_told(loss, &text));
    lost.add(&format!("{id}, streamed"), losses, || {
        let all = events.iter().map(|event| String::from_utf8_lossy(&event.data).into_owned());
        all.filter(|data| data.contains("novelty") || data.contains("x\":")).collect::<Vec<_>>().join(" | ")
    });
    Some(places(&told))
}

/// How a vendor frames the events of a fixture.
fn framing(id: &str, fixture: &[u8]) -> Framing {
    match id {
        "bedrock" | "sagemaker" | "sagemaker_chat" => Framing::EventStream,
        _ => events(fixture).0,
    }
}

/// Vendors whose streams have events of one kind, without a name for it; that of watsonx ends with its last choice.
const OF_ONE_KIND: &[&str] = &[
    "dify",
    "huggingface",
    "langflow",
    "langgraph",
    "oci",
    "ollama",
    "replicate",
    "sagemaker",
    "sagemaker_chat",
    "triton",
    "watsonx",
];

#[test]
fn events_of_new_kinds() {
    let novelty = json!({ "type": "weather", "event": "weather", "novelty": { "sky": "clearing up" } });
    let mut lost = Lost::default();
    for (id, chat, places) in vendors().filter(|(id, ..)| !OF_ONE_KIND.contains(id)) {
        for fixture in &fixtures(places, true) {
            let framing = framing(id, fixture);
            let (_, sound) = events(fixture);
            let Some(before) = streamed(id, chat, framing, &sound, &Places::new(), &mut Lost::default())
            else {
                continue;
            };
            // Some vendors have several wires, and the first event says which it is.
            // Nothing is read behind the end of Cohere's.
            let ends = |event: &Event| event.data.starts_with(br#"{"type":"message-end""#);
            let end = sound.iter().position(ends).unwrap_or(sound.len() - 1);
            for at in 1..=end {
                let (_, mut events) = events(fixture);
                let event = Event { name: "weather".to_owned(), data: novelty.to_string().into_bytes() };
                events.insert(at, event);
                let read = streamed(id, chat, framing, &events, &before, &mut lost);
                assert!(read.is_some(), "{id}: a new kind of event before event {at} is a failure");
            }
        }
    }
    lost.expect_none();
}

#[test]
fn streams_of_vendors() {
    let mut lost = Lost::default();
    for (id, chat, places) in vendors() {
        let all = fixtures(places, true);
        let mut read = 0;
        for (place, fixture) in all.iter().enumerate() {
            let framing = framing(id, fixture);
            let (_, sound) = events(fixture);
            let Some(before) = streamed(id, chat, framing, &sound, &Places::new(), &mut Lost::default())
            else {
                continue;
            };
            read += 1;
            for turn in 0..iterations(30) {
                let (_, mut events) = events(fixture);
                let mut random = Random::new(SEED ^ turn.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ place as u64);
                let at = random.below(events.len());
                let changed = add_members(&events[at].data, &mut random);
                if is_still_known(&events[at].data, &changed) {
                    events[at].data = changed;
                    streamed(id, chat, framing, &events, &before, &mut lost);
                }
            }
        }
        assert!(read > 0 || all.is_empty(), "{id}: none of {} streams was read", all.len());
    }
    lost.expect_none();
}
