//! A streamed answer of either wire, told apart by its first events.

use std::borrow::Cow;
use std::sync::Arc;

use llm_provider_core::{Interpret, Outbox, SseEvent, Unheard};
use llm_provider_envelope::json;
use llm_provider_openai::{ChatInterpret, WireOptions};
use llm_types::{ChatChunk, ChunkChoice, Delta, Extra};
use serde_json::Value;

use crate::chat::canonical;
use crate::rest;
use crate::sources::Sources;

/// Reads events of the Agent API with `R`, and chunks of Sonar chat.
#[derive(Debug)]
pub(crate) struct EitherInterpret<R> {
    agent: R,
    sonar: ChatInterpret,
    is_agent: bool,
    /// Whether it was told what was found.
    has_sources: bool,
    cited: Cited,
    /// Members of events that nobody here knows, until they are told.
    unknown: Unheard,
    /// A chunk with nothing but its place in the stream, for what this adds.
    place: Option<ChatChunk>,
}

impl<R: Interpret<Chunk = ChatChunk>> EitherInterpret<R> {
    pub(crate) fn new(agent: R, sonar: Arc<WireOptions>) -> Self {
        Self {
            agent,
            sonar: ChatInterpret::new(sonar),
            is_agent: false,
            has_sources: false,
            cited: Cited::default(),
            unknown: Unheard::default(),
            place: None,
        }
    }

    fn agent_event(&mut self, mut event: Value, out: &mut Outbox<ChatChunk>) {
        self.unknown.keep(rest::of_event(&event));
        if let Some(response) = event.get_mut("response") {
            *response = canonical(response.take());
            let text = |name: &str| response[name].as_str().unwrap_or_default();
            let created = response["created_at"].as_i64().unwrap_or_default();
            self.place.get_or_insert_with(|| ChatChunk::new(text("id"), created, text("model"), Vec::new()));
        }
        if event["type"] == "response.cancelled" {
            event["type"] = "response.failed".into();
        }
        let thought = event["thought"].as_str().filter(|thought| !thought.is_empty()).map(str::to_owned);
        if let Some(thought) = thought {
            let delta = Delta { reasoning_content: thought.into(), ..Delta::default() };
            self.add(|chunk| chunk.choices = vec![ChunkChoice::new(delta)].into(), out);
        }
        // The whole answer at the end repeats what its items found.
        let mut sources = Sources::default();
        match event["type"].as_str() {
            Some("response.output_item.done") => sources.add(&event["item"]),
            Some("response.completed" | "response.incomplete") if !self.has_sources => {
                sources = Sources::of(&event["response"]);
            }
            _ => {}
        }
        if !sources.is_empty() {
            self.has_sources = true;
            self.add(|chunk| chunk.extra = sources.members(), out);
        }
        // What is looked for and found is told by the items.
        if event["type"].as_str().is_some_and(|kind| kind.starts_with(rest::SEARCHES)) {
            return;
        }
        let data = Cow::Owned(event.to_string().into_bytes());
        self.agent.event(&SseEvent { event: &[], data, has_data: true }, out);
    }

    /// Sends a chunk of this reader's own.
    fn add(&self, fill: impl FnOnce(&mut ChatChunk), out: &mut Outbox<ChatChunk>) {
        let mut chunk = self.place.clone().unwrap_or_else(|| ChatChunk::new("", 0, "", Vec::new()));
        fill(&mut chunk);
        out.chunk(chunk);
    }
}

impl<R: Interpret<Chunk = ChatChunk>> Interpret for EitherInterpret<R> {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        let before = out.len();
        self.read(event, out);
        for chunk in out.behind(before) {
            self.cited.hear(chunk);
            let ends = chunk.choices().iter().any(|choice| choice.finish_reason.is_value());
            if ends && let Some(rest) = self.unknown.take().into_option() {
                chunk.provider_specific_fields.get_or_insert_with(Extra::new).extend(rest);
            }
        }
    }

    fn is_complete(&self) -> bool {
        if self.is_agent { self.agent.is_complete() } else { self.sonar.is_complete() }
    }
}

/// What the text of a stream refers to, which is known when it has ended.
#[derive(Debug, Default)]
struct Cited {
    text: String,
    sources: Sources,
    /// Whether the vendor says it.
    is_told: bool,
}

impl Cited {
    /// Hears a chunk, and adds to the one that ends the answer what its marks stand for.
    fn hear(&mut self, chunk: &mut ChatChunk) {
        let sources = Sources::of_sonar(&chunk.extra);
        if !sources.is_empty() {
            self.sources = sources;
        }
        let Some(choice) = chunk.choices.get_mut().and_then(|choices| choices.first_mut()) else { return };
        let delta = choice.delta.get();
        self.is_told |= delta.is_some_and(|delta| delta.annotations.is_value());
        self.text.push_str(delta.and_then(|delta| delta.content.as_deref()).unwrap_or_default());
        if !choice.finish_reason.is_value() || self.is_told {
            return;
        }
        let mut annotations = self.sources.annotations(&self.text);
        if annotations.is_empty() {
            return;
        }
        for (index, annotation) in annotations.iter_mut().enumerate() {
            annotation.extra.insert("index".to_owned(), index.into());
        }
        self.is_told = true;
        match choice.delta.get_mut() {
            Some(delta) => delta.annotations = annotations.into(),
            None => choice.delta = Delta { annotations: annotations.into(), ..Delta::default() }.into(),
        }
    }
}

impl<R: Interpret<Chunk = ChatChunk>> EitherInterpret<R> {
    fn read(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        let Some(mut tree) = json(event) else { return self.sonar.event(event, out) };
        let is_agents = tree["type"].as_str().is_some_and(|kind| kind.starts_with("response."));
        self.is_agent |= is_agents;
        if is_agents || self.is_agent {
            self.agent_event(tree, out);
        } else if tree["object"] == "chat.completion.done" {
            // The last chunk calls itself otherwise.
            tree["object"] = "chat.completion.chunk".into();
            let data = Cow::Owned(tree.to_string().into_bytes());
            self.sonar.event(&SseEvent { event: event.event, data, has_data: true }, out);
        } else {
            self.sonar.event(event, out);
        }
    }
}
