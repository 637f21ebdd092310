//! One answer, whoever says its parts.

use llm_provider_core::{Note, Prefill};
use llm_types::{ChatChunk, ChatRequest, ChunkChoice, Delta, FinishReason, Nullable, ToolCall, Usage};

use crate::calls::{Again, Calls};
use crate::obstacle::wants_json;
use crate::plan::{Said, plan};
use crate::seam::Seam;
use crate::{Contradiction, Obstacle, Plan, sum};

/// One streamed answer, as the client hears it. Every chunk goes through it; the first leg's unchanged.
#[derive(Debug, Clone)]
pub struct Thread {
    is_json: bool,
    head: Head,
    /// Whether it has been said who speaks.
    has_role: bool,
    text: String,
    has_thought: bool,
    calls: Calls,
    obstacle: Option<Obstacle>,
    finish: Option<FinishReason>,
    /// What legs that broke off took.
    earlier: Option<Usage>,
    leg: Option<Leg>,
    notes: Vec<Note>,
}

/// What names an answer: the same in all chunks.
#[derive(Debug, Clone, Default)]
struct Head {
    id: Nullable<String>,
    created: Nullable<serde_json::Number>,
    model: Nullable<String>,
}

/// A leg that continues others.
#[derive(Debug, Clone)]
struct Leg {
    seam: Seam,
    again: Again,
    /// Whether words or calls came before it.
    after_words: bool,
    /// Whether thinking came before it, and a break is due before more of it.
    after_thoughts: bool,
    breaks: bool,
}

impl Thread {
    /// The answer to this request; nothing of it has been said.
    pub fn new(request: &ChatRequest) -> Self {
        Self {
            is_json: wants_json(request),
            head: Head::default(),
            has_role: false,
            text: String::new(),
            has_thought: false,
            calls: Calls::default(),
            obstacle: None,
            finish: None,
            earlier: None,
            leg: None,
            notes: Vec::new(),
        }
    }

    /// Whether the model has said why it stopped: nothing but usage can be missing.
    pub fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Whether the answer has passed from one leg to another.
    pub fn is_continued(&self) -> bool {
        self.leg.is_some()
    }

    /// What stands against going on elsewhere; `None` if somebody else may.
    pub fn obstacle(&self) -> Option<Obstacle> {
        self.obstacle
    }

    /// What was left out of continuing legs.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// Takes a chunk of the leg under way; what the client is to be told goes to `out`.
    ///
    /// # Errors
    /// A continuing leg contradicts what the client has.
    pub fn pass(&mut self, chunk: ChatChunk, out: &mut Vec<ChatChunk>) -> Result<(), Contradiction> {
        if self.leg.is_none() {
            self.hear(&chunk);
            out.push(chunk);
            return Ok(());
        }
        self.continued(chunk, out)
    }

    /// The leg under way has come to its end; what was held back goes to `out`.
    ///
    /// # Errors
    /// Something that the client has the beginning of has not been said to its end.
    pub fn end(&mut self, out: &mut Vec<ChatChunk>) -> Result<(), Contradiction> {
        if self.leg.is_none() || self.finish.is_some() {
            return Ok(());
        }
        let rest = self.flush()?;
        if rest != Delta::default() {
            out.push(self.chunk(rest));
        }
        Ok(())
    }

    /// The leg under way broke off, having taken so much.
    pub fn broke(&mut self, took: &Usage) {
        self.earlier = Some(self.earlier.as_ref().map_or_else(|| took.clone(), |earlier| sum(earlier, took)));
    }

    /// What somebody else is asked, who goes on with it. `prefill` is how that vendor takes the beginning of an answer.
    pub fn plan(&self, original: &ChatRequest, prefill: Option<Prefill>) -> Plan {
        plan(&Said { text: &self.text, calls: &self.calls, is_json: self.is_json }, original, prefill)
    }

    /// Somebody goes on by this plan: the next chunk is his.
    pub fn go_on(&mut self, plan: &Plan) {
        self.leg = Some(Leg {
            seam: plan.seam.clone(),
            again: plan.again.clone(),
            after_words: !self.text.trim().is_empty() || !self.calls.0.is_empty(),
            after_thoughts: self.has_thought,
            breaks: self.has_thought,
        });
    }

    /// What all legs took, the one under way having taken `last`.
    pub fn usage(&self, last: &Usage) -> Usage {
        self.earlier.as_ref().map_or_else(|| last.clone(), |earlier| sum(earlier, last))
    }

    /// The client is told this.
    fn hear(&mut self, chunk: &ChatChunk) {
        let Head { id, created, model } = &mut self.head;
        keep(id, &chunk.id);
        keep(created, &chunk.created);
        keep(model, &chunk.model);
        for choice in chunk.choices() {
            if choice.index.get().is_some_and(|index| *index > 0) {
                self.obstacle.get_or_insert(Obstacle::SeveralAnswers);
            }
            if choice.logprobs.is_value() {
                self.obstacle.get_or_insert(Obstacle::LogProbs);
            }
            if let Some(delta) = choice.delta.get() {
                self.hear_delta(delta);
            }
            if let Some(reason) = choice.finish_reason.get() {
                self.finish = Some(reason.clone());
            }
        }
    }

    fn hear_delta(&mut self, delta: &Delta) {
        if self.obstacle.is_none() {
            self.obstacle = Obstacle::of_delta(delta);
        }
        self.has_role |= delta.role.is_value();
        self.has_thought |= delta.reasoning_content.get().is_some_and(|thought| !thought.is_empty());
        self.text.push_str(delta.content.as_deref().unwrap_or_default());
        for piece in delta.tool_calls.as_deref().unwrap_or_default() {
            self.calls.hear(piece);
        }
    }

    fn continued(&mut self, mut chunk: ChatChunk, out: &mut Vec<ChatChunk>) -> Result<(), Contradiction> {
        // What comes after the end is usage, or nothing that could be told.
        let choices = chunk.choices.take().unwrap_or_default();
        let mut kept = Vec::new();
        for mut choice in choices {
            if self.finish.is_some() || choice.index.get().is_some_and(|index| *index > 0) {
                continue;
            }
            let mut delta = self.joined(choice.delta.take().unwrap_or_default())?;
            if let Some(reason) = choice.finish_reason.get() {
                let reason = reason.clone();
                append(&mut delta, self.flush()?);
                choice.finish_reason = Nullable::Value(self.ending(reason));
            }
            self.hear_delta(&delta);
            self.finish = choice.finish_reason.get().cloned();
            if delta != Delta::default() || self.finish.is_some() {
                // All of it at once, then the end by itself, as streams have it.
                let says = delta != Delta::default();
                if says && self.finish.is_some() {
                    out.push(self.named(Vec::from([ChunkChoice::new(delta)])));
                    choice.delta = Nullable::Value(Delta::default());
                } else {
                    choice.delta = Nullable::Value(delta);
                }
                kept.push(choice);
            }
        }
        if let Some(usage) = chunk.usage.get_mut() {
            *usage = self.earlier.as_ref().map_or_else(|| usage.clone(), |earlier| sum(earlier, usage));
        }
        let says_more =
            chunk.usage.is_value() || chunk.provider_specific_fields.is_value() || !chunk.extra.is_empty();
        if !kept.is_empty() || says_more {
            chunk.choices = Nullable::Value(kept);
            let Head { id, created, model } = self.head.clone();
            keep_or(&mut chunk.id, id);
            keep_or(&mut chunk.created, created);
            keep_or(&mut chunk.model, model);
            self.hear_head(&chunk);
            out.push(chunk);
        }
        Ok(())
    }

    /// An answer that is named by its second leg only, as the first had not come so far.
    fn hear_head(&mut self, chunk: &ChatChunk) {
        let Head { id, created, model } = &mut self.head;
        keep(id, &chunk.id);
        keep(created, &chunk.created);
        keep(model, &chunk.model);
    }

    /// What of a piece is new to the client.
    fn joined(&mut self, mut delta: Delta) -> Result<Delta, Contradiction> {
        let Some(leg) = &mut self.leg else { return Ok(delta) };
        if self.has_role {
            delta.role = Nullable::Absent;
        }
        let mut left_out = None;
        if let Some(text) = delta.content.take() {
            if leg.seam.is_mute() && !text.trim().is_empty() {
                left_out = Some("words that the other vendor said before it repeated the calls");
            }
            let new = leg.seam.push(&text)?;
            delta.content = said(new);
        }
        let thinks = delta.reasoning_content.is_value() || delta.thinking_blocks.is_value();
        if thinks && leg.after_words {
            delta.reasoning_content = Nullable::Absent;
            delta.thinking_blocks = Nullable::Absent;
            left_out = Some("what the other vendor thought before it went on with the words");
        } else if thinks && leg.after_thoughts {
            // A signature would stand for more than was signed.
            delta.thinking_blocks = Nullable::Absent;
            if let Some(thought) = delta.reasoning_content.get_mut().filter(|thought| !thought.is_empty())
                && std::mem::take(&mut leg.breaks)
            {
                thought.insert_str(0, "\n\n");
            }
        }
        if let Some(pieces) = delta.tool_calls.take() {
            let mut new = Vec::new();
            for piece in pieces {
                leg.again.push(&piece, &mut new)?;
            }
            delta.tool_calls = some(new);
        }
        if let Some(what) = left_out
            && !self.notes.iter().any(|note| note.detail == what)
        {
            self.notes.push(Note::dropped("choices[0].delta", what));
        }
        Ok(delta)
    }

    /// What is still held back when the leg has said why it stopped.
    fn flush(&mut self) -> Result<Delta, Contradiction> {
        let Some(leg) = &mut self.leg else { return Ok(Delta::default()) };
        let text = leg.seam.finish()?;
        let mut calls = Vec::new();
        leg.again.finish(&mut calls)?;
        Ok(Delta { content: said(text), tool_calls: some(calls), ..Delta::default() })
    }

    /// Why the whole answer stopped: with calls in it, for those.
    fn ending(&self, reason: FinishReason) -> FinishReason {
        match reason {
            FinishReason::Stop if !self.calls.0.is_empty() => FinishReason::ToolCalls,
            reason => reason,
        }
    }

    fn chunk(&mut self, delta: Delta) -> ChatChunk {
        self.hear_delta(&delta);
        self.named(Vec::from([ChunkChoice::new(delta)]))
    }

    fn named(&self, choices: Vec<ChunkChoice>) -> ChatChunk {
        let mut chunk = ChatChunk::new("", 0, "", choices);
        let Head { id, created, model } = self.head.clone();
        (chunk.id, chunk.created, chunk.model) = (id, created, model);
        chunk
    }
}

fn keep<T: Clone>(kept: &mut Nullable<T>, told: &Nullable<T>) {
    if !kept.is_value() && told.is_value() {
        *kept = told.clone();
    }
}

fn keep_or<T>(told: &mut Nullable<T>, kept: Nullable<T>) {
    if kept.is_value() {
        *told = kept;
    }
}

fn said(text: String) -> Nullable<String> {
    if text.is_empty() { Nullable::Absent } else { Nullable::Value(text) }
}

fn some(calls: Vec<ToolCall>) -> Nullable<Vec<ToolCall>> {
    if calls.is_empty() { Nullable::Absent } else { Nullable::Value(calls) }
}

/// More of the same, after it.
fn append(delta: &mut Delta, rest: Delta) {
    if let Some(more) = rest.content.into_option() {
        delta.content.get_or_insert_with(String::new).push_str(&more);
    }
    if let Some(more) = rest.tool_calls.into_option() {
        delta.tool_calls.get_or_insert_with(Vec::new).extend(more);
    }
}
