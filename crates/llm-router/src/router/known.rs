//! What the router is told of a request: found out only as far as somebody looks at it.

use std::borrow::Cow;

use llm_types::{ChatRequest, ContentPart, EmbeddingRequest, MessageContent, RerankRequest, Role};
use serde_json::Value;

use super::Context;
use crate::{Affinity, Capabilities, Inquiry, Needs, Tags};

/// Bytes of text that a token stands for, counted rather low, so that the number of tokens is rather high.
const BYTES_PER_TOKEN: usize = 3;

/// Members that hold what is said: no parameters.
const CONVERSATION: [&str; 5] = ["model", "messages", "tools", "input", "documents"];

/// What was found out about a request.
#[derive(Default)]
pub(super) struct Known {
    model: String,
    stream: bool,
    input_tokens: u64,
    output_tokens: Option<u64>,
    needs: Capabilities,
    parameters: Vec<String>,
}

impl Known {
    /// What there is to know of a chat request.
    pub(super) fn chat(request: &ChatRequest, stream: bool, needs: Needs) -> Self {
        let mut known = Self { model: request.model.clone(), stream, ..Self::default() };
        if needs.contains(Needs::INPUT_TOKENS) || needs.contains(Needs::COST) {
            let said = request.messages.iter().filter_map(|message| message.content.get());
            let said: usize = said.map(|content| content.text().len()).sum();
            let tools = request.tools.get().and_then(|tools| serde_json::to_string(tools).ok());
            known.input_tokens = ((said + tools.map_or(0, |tools| tools.len())) / BYTES_PER_TOKEN) as u64;
            known.output_tokens = request.output_limit();
        }
        if needs.contains(Needs::CAPABILITIES) {
            known.needs = capabilities(request);
        }
        if needs.contains(Needs::PARAMETERS) {
            known.parameters = members(request);
        }
        known
    }

    /// What there is to know of a request for vectors.
    pub(super) fn vectors(request: &EmbeddingRequest, needs: Needs) -> Self {
        let texts = request.input.texts().unwrap_or_default();
        let tokens = texts.iter().map(|text| text.len()).sum::<usize>() / BYTES_PER_TOKEN;
        let parameters = if needs.contains(Needs::PARAMETERS) { members(request) } else { Vec::new() };
        Self { model: request.model.clone(), input_tokens: tokens as u64, parameters, ..Self::default() }
    }

    /// What there is to know of a request for a ranking.
    pub(super) fn ranking(request: &RerankRequest, needs: Needs) -> Self {
        let texts = request.documents.iter().filter_map(RerankRequest::text);
        let tokens = texts.map(str::len).sum::<usize>() / BYTES_PER_TOKEN;
        let parameters = if needs.contains(Needs::PARAMETERS) { members(request) } else { Vec::new() };
        Self { model: request.model.clone(), input_tokens: tokens as u64, parameters, ..Self::default() }
    }

    /// What is known, with texts to borrow from, in the router's form.
    pub(super) fn inquiry<'a>(&'a self, context: &'a Context, lists: &'a Lists<'a>) -> Inquiry<'a> {
        Inquiry {
            model: &self.model,
            stream: self.stream,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            needs: self.needs,
            parameters: &lists.parameters,
            tags: Tags(&lists.tags),
            user_agent: context.user_agent.as_deref(),
            regions: &lists.regions,
            affinity: Affinity {
                session: context.session.as_deref(),
                key: context.key.as_deref(),
                user: context.user.as_deref(),
                pins: &[],
            },
            facts: context.facts.as_ref(),
            priority: context.priority,
            quality: context.quality.as_deref(),
            ..Inquiry::default()
        }
    }
}

/// Lists that an inquiry borrows.
pub(super) struct Lists<'a> {
    parameters: Vec<&'a str>,
    tags: Vec<&'a str>,
    regions: Vec<&'a str>,
}

impl<'a> Lists<'a> {
    pub(super) fn new(known: &'a Known, context: &'a Context) -> Self {
        let texts = |list: &'a [String]| list.iter().map(String::as_str).collect();
        Self {
            parameters: texts(&known.parameters),
            tags: texts(&context.tags),
            regions: texts(&context.regions),
        }
    }
}

/// What the user said last.
pub(super) fn prompt(request: &ChatRequest) -> Cow<'_, str> {
    let mut said = request.messages.iter().rev().filter(|message| message.role == Role::User);
    said.find_map(|message| message.content.get()).map(MessageContent::text).unwrap_or_default()
}

/// The names of a request's members beside what is said.
fn members(request: &impl serde::Serialize) -> Vec<String> {
    match serde_json::to_value(request) {
        Ok(Value::Object(members)) => members
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| !CONVERSATION.contains(&&**name))
            .collect(),
        _ => Vec::new(),
    }
}

/// What a request needs of a model.
fn capabilities(request: &ChatRequest) -> Capabilities {
    let mut needs = Capabilities::NONE;
    for message in &request.messages {
        let Some(MessageContent::Parts(parts)) = message.content.get() else { continue };
        for part in parts {
            needs = needs.with(match part {
                ContentPart::ImageUrl(_) => Capabilities::VISION,
                ContentPart::InputAudio(_) => Capabilities::AUDIO_INPUT,
                ContentPart::File(_) => Capabilities::DOCUMENTS,
                _ => Capabilities::NONE,
            });
        }
    }
    let tools =
        request.tools.get().is_some_and(|tools| !tools.is_empty()) || request.functions.get().is_some();
    let effort = request.reasoning_effort.get().is_some_and(|effort| effort.as_str() != "none");
    let wanted = [
        (Capabilities::AUDIO_OUTPUT, request.audio.get().is_some()),
        (Capabilities::TOOLS, tools),
        (
            Capabilities::RESPONSE_SCHEMA,
            matches!(request.response_format.get(), Some(llm_types::ResponseFormat::JsonSchema(_))),
        ),
        (Capabilities::REASONING, effort || request.thinking.get().is_some()),
        (Capabilities::WEB_SEARCH, request.web_search_options.get().is_some()),
    ];
    wanted.into_iter().filter(|(_, wanted)| *wanted).fold(needs, |all, (one, _)| all.with(one))
}
