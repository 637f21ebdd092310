//! Nothing of an answer is lost in silence: every leaf of it is found in what a client gets, or named by a note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use llm_provider_core::{Framing, Ingress, Kept, Note, Reply, chunks};
use llm_types::{ChatChunk, ChatResponse};
use serde_json::Value;

use super::loss::{Equivalence, Loss, Sent, collect_all, covers, is_claimed};

/// The leaves of an answer that a client's dialect loses, whole.
///
/// Not looked for: `null`s; `type`, `role` and `object`, which are the form of their object; and `index`, `created` and
/// names of models, which are the gateway's to tell.
pub fn answer_losses(
    ingress: &dyn Ingress,
    response: &ChatResponse,
    reply: &Reply,
    claims: &[Equivalence],
) -> Vec<Loss> {
    answer_losses_at(ingress, response, reply, claims, &|_| true).0
}

/// The leaves at `wanted` places of an answer that a client's dialect loses, whole; and all that the client gets, with what
/// is sealed in it.
pub fn answer_losses_at(
    ingress: &dyn Ingress,
    response: &ChatResponse,
    reply: &Reply,
    claims: &[Equivalence],
    wanted: &dyn Fn(&str) -> bool,
) -> (Vec<Loss>, String) {
    let outgoing = ingress.write(response, reply);
    let body = serde_json::from_slice(&outgoing.body).unwrap();
    let tree = serde_json::to_value(response).unwrap();
    lost(&[tree], &[body], &outgoing.notes, claims, wanted)
}

/// The leaves of a streamed answer that a client's dialect loses. Words are looked for in the words of all events, as a
/// dialect may cut them elsewhere.
pub fn streamed_losses(
    ingress: &dyn Ingress,
    framing: Framing,
    told: &[ChatChunk],
    reply: &Reply,
    claims: &[Equivalence],
) -> Vec<Loss> {
    streamed_losses_at(ingress, framing, told, reply, claims, &|_| true).0
}

/// The leaves at `wanted` places of a streamed answer that a client's dialect loses; and all that the client gets, with what
/// is sealed in it.
pub fn streamed_losses_at(
    ingress: &dyn Ingress,
    framing: Framing,
    told: &[ChatChunk],
    reply: &Reply,
    claims: &[Equivalence],
    wanted: &dyn Fn(&str) -> bool,
) -> (Vec<Loss>, String) {
    let mut writer = ingress.writer(reply);
    let mut out = BytesMut::new();
    let mut notes = Vec::new();
    for chunk in told {
        writer.chunk(chunk, &mut out);
    }
    writer.end(&mut out);
    notes.append(&mut writer.notes());
    let trees: Vec<_> = told.iter().map(|chunk| in_place(serde_json::to_value(chunk).unwrap())).collect();
    lost(&trees, &events(framing, out.freeze()), &notes, claims, wanted)
}

/// A whole answer and its pieces lose nothing in silence on their way to a client.
///
/// # Panics
/// If they do; lists all losses.
#[track_caller]
pub fn no_silent_answer_loss(
    ingress: &dyn Ingress,
    framing: Framing,
    response: &ChatResponse,
    reply: &Reply,
    claims: &[Equivalence],
) {
    let pieces = chunks(response.clone());
    for (how, losses) in [
        ("whole", answer_losses(ingress, response, reply, claims)),
        ("streamed", streamed_losses(ingress, framing, &pieces, reply, claims)),
    ] {
        let list: Vec<_> = losses.iter().map(ToString::to_string).collect();
        assert!(
            list.is_empty(),
            "{:?}, {how}: lost in silence:\n  {}\nof {}",
            ingress.dialect(),
            list.join("\n  "),
            serde_json::to_string(response).unwrap()
        );
    }
}

/// The JSON of all events of a stream.
fn events(framing: Framing, bytes: Bytes) -> Vec<Value> {
    let mut framer = framing.framer();
    let mut rest = framer.push(bytes).unwrap().unwrap_or_default();
    let last = framer.finish();
    let mut all = Vec::new();
    let mut read = |frames: &[u8]| {
        let mut frames = frames;
        while let Some(frame) = framing.next(&mut frames) {
            let event = framing.event(frame).unwrap();
            all.extend(serde_json::from_slice::<Value>(&event.data).ok());
        }
    };
    read(&std::mem::take(&mut rest));
    read(&last);
    all
}

/// A chunk whose choices stand where their `index` says, as those of a whole answer do.
fn in_place(mut chunk: Value) -> Value {
    if let Some(choices) = chunk.get_mut("choices").and_then(Value::as_array_mut) {
        let mut places: Vec<Value> = Vec::new();
        for choice in choices.drain(..) {
            let at = choice["index"].as_u64().unwrap_or(0) as usize;
            places.resize(places.len().max(at + 1), Value::Null);
            places[at] = choice;
        }
        *choices = places;
    }
    chunk
}

fn lost(
    trees: &[Value],
    told: &[Value],
    notes: &[Note],
    claims: &[Equivalence],
    wanted: &dyn Fn(&str) -> bool,
) -> (Vec<Loss>, String) {
    let seals: Vec<Value> = told.iter().flat_map(opened).collect();
    let mut sent = Sent::of(&[told, &seals].concat(), Vec::new());
    let mut leaves = Vec::new();
    for tree in trees {
        collect_all(tree, &mut String::new(), &mut leaves, &mut |path, value| {
            is_told(path, value) && wanted(path)
        });
    }
    leaves.retain(|leaf| {
        !notes.iter().any(|note| is_named(&note.path, &leaf.path))
            && !is_claimed(leaf, claims, &sent)
            && !sent.take(leaf)
    });
    (leaves, sent.into_text())
}

/// What is sealed somewhere in what a client is told, so that it comes back.
fn opened(told: &Value) -> Vec<Value> {
    let mut texts = Vec::new();
    collect_all(told, &mut String::new(), &mut texts, &mut |_, value| value.is_string());
    let seals = texts.iter().filter_map(|leaf| {
        let text = leaf.value.as_str()?;
        let in_base64 = || Kept::open_bytes(&STANDARD.decode(text).ok()?);
        let kept = Kept::open(text).or_else(in_base64)?;
        serde_json::to_value(kept).ok()
    });
    seals.collect()
}

/// Whether a leaf of an answer has to be told.
pub(super) fn is_told(path: &str, value: &Value) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    let is_nothing =
        value.is_null() || *value == "" || path.starts_with("usage.") && value.as_f64() == Some(0.0);
    let is_form = matches!(name, "type" | "role" | "index" | "obfuscation");
    !(is_nothing || is_form || matches!(path, "object" | "created" | "model"))
}

/// Whether a note speaks of a leaf. Notes on lists of choices name them by where they begin.
fn is_named(note: &str, leaf: &str) -> bool {
    let other_choice =
        note == "choices[1..]" && leaf.starts_with("choices[") && !leaf.starts_with("choices[0]");
    // Dialects with several candidates name a member of each of them once.
    let bare = leaf.replace("[0]", "");
    other_choice || covers(note, leaf) || covers(&note.replace("[0]", ""), &bare)
}
