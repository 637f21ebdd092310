//! No client's dialect loses in silence what nobody knows of a vendor's answer: the vendors' own fixtures, whole answers and
//! streams, with members that nobody knows, and members of another name, read into the canonical form and written in each
//! dialect.
//!
//! `LLM_FUZZ_ITERATIONS` makes it long.

use http::Response;
use llm_providers::core::{Chat, Decoded, Dialect, Framing, Translator};
use llm_providers::types::{ChatChunk, ChatResponse};
use llm_testkit::Random;
use llm_testkit::fuzz::{SEED, add_members, iterations};
use llm_testkit::laws::{self, Equivalence, Loss};

use super::lost::{Lost, without_indices};
use super::vendors::{Event, events, fixtures, framed, is_still_known, is_told, places, vendors};
use super::{DIALECTS, claims, reply};

/// Vendors with the wires that there are, each once.
const WIRES: &[&str] = &[
    "openai",
    "anthropic",
    "gemini",
    "bedrock",
    "mistral",
    "cohere",
    "ollama",
    "openrouter",
    "deepseek",
    "huggingface",
    "perplexity",
    "watsonx",
    "oci",
    "dify",
    "langgraph",
    "nlp_cloud",
    "gigachat",
    "responses",
];

fn wires() -> impl Iterator<Item = (&'static str, &'static dyn Translator<Chat>, &'static [&'static str])> {
    vendors().filter(|(id, ..)| WIRES.contains(id))
}

/// What a dialect's stream says in other words of what only its own vendor says.
fn claims_of_stream(id: &str, dialect: Dialect) -> Vec<Equivalence> {
    let own: &[Equivalence] = match (id, dialect) {
        // The message so far, and all that was found, is told anew with every chunk, as the fixtures show, and the last word
        // counts.
        ("perplexity", _) => &[
            Equivalence::any("choices[*].message", "\"message\":"),
            Equivalence::any("search_results", "\"search_results\":"),
        ],
        // What is said, and what a call is given, comes in pieces, of which the law looks for the whole.
        (_, Dialect::AnthropicMessages) => &[
            Equivalence::any(
                "choices[*].delta.provider_specific_fields.content_blocks[*].input",
                "\"partial_json\":",
            ),
            Equivalence::any(
                "choices[*].delta.provider_specific_fields.content_blocks[*].text",
                "\"text_delta\"",
            ),
        ],
        _ => &[],
    };
    [&claims(dialect), own].concat()
}

fn whole(chat: &dyn Translator<Chat>, data: &[u8]) -> Option<ChatResponse> {
    match chat.decode(Response::new(data)) {
        Ok(Decoded::Answer(answer)) => Some(answer),
        _ => None,
    }
}

/// Whether the client gets a member of this name with this value.
fn stands_under_its_name(loss: &Loss, told: &str) -> bool {
    let name = loss.path.rsplit('.').next().unwrap_or_default();
    told.contains(&format!("\"{name}\":{}", loss.value))
}

#[test]
fn whole_answers_towards_clients() {
    let mut lost = Lost::default();
    for (id, chat, folders) in wires() {
        for (place, fixture) in fixtures(folders, false).iter().enumerate() {
            let Some(answer) = whole(chat, fixture) else { continue };
            let before = places(&[serde_json::to_value(answer).unwrap()]);
            for turn in 0..iterations(20) {
                let mut random = Random::new(SEED ^ turn.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ place as u64);
                let changed = add_members(fixture, &mut random);
                let Some(answer) = whole(chat, &changed) else { continue };
                for &(dialect, _) in DIALECTS {
                    let ingress = llm_providers::ingress(dialect);
                    let is_new = |path: &str| !before.contains(&without_indices(path));
                    let (mut losses, told) =
                        laws::answer_losses_at(ingress, &answer, &reply(), &claims(dialect), &is_new);
                    losses.retain(|loss| !is_told(loss, &told) && !stands_under_its_name(loss, &told));
                    let example = || format!("{id}: {}", serde_json::to_string(&answer).unwrap());
                    lost.add(&format!("{dialect:?}"), losses, example);
                }
            }
        }
    }
    lost.expect_none();
}

fn streamed(chat: &dyn Translator<Chat>, framing: Framing, events: &[Event]) -> Option<Vec<ChatChunk>> {
    let items = laws::read(|| chat.decoder(), &framed(framing, events));
    items.into_iter().collect::<Result<_, _>>().ok()
}

#[test]
fn streams_towards_clients() {
    let mut lost = Lost::default();
    for (id, chat, folders) in wires() {
        for (place, fixture) in fixtures(folders, true).iter().enumerate() {
            let (mut framing, sound) = events(fixture);
            if id == "bedrock" {
                framing = Framing::EventStream;
            }
            let Some(before) = streamed(chat, framing, &sound) else { continue };
            let before: Vec<_> = before.iter().map(|chunk| serde_json::to_value(chunk).unwrap()).collect();
            let before = places(&before);
            for turn in 0..iterations(20) {
                let (_, mut events) = events(fixture);
                let mut random = Random::new(SEED ^ turn.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ place as u64);
                let at = random.below(events.len());
                let changed = add_members(&events[at].data, &mut random);
                if !is_still_known(&events[at].data, &changed) {
                    continue;
                }
                events[at].data = changed;
                let Some(chunks) = streamed(chat, framing, &events) else { continue };
                for &(dialect, framing) in DIALECTS {
                    let ingress = llm_providers::ingress(dialect);
                    let is_new = |path: &str| !before.contains(&without_indices(path));
                    let claims = claims_of_stream(id, dialect);
                    let (mut losses, told) =
                        laws::streamed_losses_at(ingress, framing, &chunks, &reply(), &claims, &is_new);
                    losses.retain(|loss| !is_told(loss, &told) && !stands_under_its_name(loss, &told));
                    let example = || {
                        let said = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap());
                        let said = said.filter(|said| said.contains("novelty") || said.contains("x\":"));
                        format!("{id}: {}", said.collect::<Vec<_>>().join(" | "))
                    };
                    lost.add(&format!("{dialect:?}, streamed"), losses, example);
                }
            }
        }
    }
    lost.expect_none();
}
