//! [`Answer`]: what is said, before either wire puts it into bytes.

use serde_json::Value;

use crate::plan::Reported;
use crate::request::{Peek, Tool, tools};
use crate::schema;
use crate::script::{MAX_BODY_BYTES, MAX_CHUNKS, Script, ToolCall};
use crate::text::{Split, count_words, cut_to_words, filler_words, pad};

/// Characters of tool arguments in a chunk, unless the script says.
const ARGUMENT_CHUNK_CHARS: u64 = 12;
/// Characters of the user's message that the greeting repeats.
const GREETING_ECHO_CHARS: usize = 200;

/// An answer to one request, made from its script.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Hash of the request; ids come from it.
    pub(crate) hash: u64,
    /// Unix time in seconds.
    pub(crate) created_s: i64,
    pub(crate) model: String,
    pub(crate) blocks: Vec<Block>,
    /// In OpenAI's words.
    pub(crate) finish_reason: String,
    pub(crate) usage: Usage,
    /// The client asked for usage in the stream.
    pub(crate) include_usage: bool,
}

/// A piece of an answer that is streamed in one go.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) kind: BlockKind,
    /// The text, the reasoning or the arguments.
    pub(crate) body: String,
    pub(crate) split: Split,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BlockKind {
    Reasoning,
    Text,
    Tool {
        id: Option<String>,
        name: String,
        /// Position among the answer's tool calls.
        position: usize,
    },
}

/// Tokens, every prompt token counted once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) prompt: u64,
    pub(crate) completion: u64,
    pub(crate) cached: u64,
    pub(crate) cache_write: u64,
    pub(crate) reasoning: u64,
}

impl Answer {
    pub(crate) fn new(script: &Script, peek: &Peek<'_>, hash: u64, created_s: i64) -> Self {
        let calls = tool_calls(script, peek);
        let mut blocks = Vec::with_capacity(2 + calls.len());
        if let Some(reasoning) = &script.reasoning {
            let split = script.chunk_size.map_or(Split::Words, Split::Chars);
            blocks.push(Block { kind: BlockKind::Reasoning, body: reasoning.clone(), split });
        }
        let most = peek.max_tokens().filter(|_| script.obeys_max_tokens);
        let mut is_cut = false;
        if let Some((mut body, split)) = text(script, peek, calls.is_empty()) {
            is_cut = most.is_some_and(|most| cut_to_words(&mut body, most));
            blocks.push(Block { kind: BlockKind::Text, body, split });
        }
        let finish_reason = script.finish_reason.clone().filter(|_| !is_cut).unwrap_or_else(|| {
            match (is_cut, calls.is_empty()) {
                (true, _) => "length".to_owned(),
                (false, true) => "stop".to_owned(),
                (false, false) => "tool_calls".to_owned(),
            }
        });
        let split = Split::Chars(script.chunk_size.unwrap_or(ARGUMENT_CHUNK_CHARS));
        blocks.extend(calls.into_iter().enumerate().map(|(position, call)| {
            let kind = BlockKind::Tool { id: call.id, name: call.name, position };
            Block { kind, body: arguments(call.arguments), split }
        }));
        Self {
            hash,
            created_s,
            model: peek.model.clone().into_owned(),
            usage: usage(script, peek, &blocks, most),
            blocks,
            finish_reason,
            include_usage: peek.includes_usage(),
        }
    }

    pub(crate) fn body_of(&self, kind: &BlockKind) -> Option<&str> {
        self.blocks.iter().find(|block| block.kind == *kind).map(|block| block.body.as_str())
    }
}

/// The text and its chunks, or none where tools are called and nothing else was asked for.
fn text(script: &Script, peek: &Peek<'_>, must_speak: bool) -> Option<(String, Split)> {
    let mut split = Split::of(script);
    let mut text = match (&script.text, script.chunks) {
        (Some(text), _) => text.clone(),
        (None, _) if script.echo => peek.messages.last_user_text().into_owned(),
        (None, Some(chunks)) => {
            // As many words as chunks; where padding adds more, the chunks grow instead.
            if script.body_bytes == 0 {
                split = Split::Words;
            }
            filler_words(chunks.min(MAX_CHUNKS))
        }
        (None, None) if must_speak || script.endless || script.body_bytes > 0 => greeting(peek),
        (None, None) => return None,
    };
    if script.endless && text.is_empty() {
        text = filler_words(16);
    }
    // A script made in code may not have been checked.
    pad(&mut text, script.body_bytes.min(MAX_BODY_BYTES));
    Some((text, split))
}

fn greeting(peek: &Peek<'_>) -> String {
    let said = peek.messages.last_user_text();
    let (said, more) = match said.char_indices().nth(GREETING_ECHO_CHARS) {
        Some((end, _)) => (said.get(..end).unwrap_or_default(), "…"),
        None => (said.as_ref(), ""),
    };
    let model = &peek.model;
    format!(
        "Hello! This is the mock vendor answering as `{model}`; no model was asked. You said: {said}{more}"
    )
}

fn tool_calls(script: &Script, peek: &Peek<'_>) -> Vec<ToolCall> {
    let from_request = script.call_tools > 0 && !peek.messages.ends_in_tool_result;
    if !from_request && script.tool_calls.iter().all(|call| call.arguments.is_some()) {
        return script.tool_calls.clone();
    }
    let offered = tools(peek.tools);
    let mut calls = script.tool_calls.clone();
    for call in calls.iter_mut().filter(|call| call.arguments.is_none()) {
        call.arguments = offered.iter().find(|tool| tool.name == call.name).map(made_up_arguments);
    }
    if from_request {
        let first = usize::try_from(script.call_tools).unwrap_or(usize::MAX);
        calls.extend(offered.iter().take(first).map(|tool| ToolCall {
            id: None,
            name: tool.name.clone().into_owned(),
            arguments: Some(made_up_arguments(tool)),
        }));
    }
    calls
}

fn made_up_arguments(tool: &Tool<'_>) -> Value {
    let schema: Option<Value> = tool.schema.and_then(|raw| serde_json::from_str(raw.get()).ok());
    // Arguments are an object even where the schema says nothing.
    schema
        .map(|schema| schema::example(&schema))
        .filter(Value::is_object)
        .unwrap_or_else(|| Value::Object(Default::default()))
}

fn arguments(given: Option<Value>) -> String {
    match given {
        None => "{}".to_owned(),
        Some(Value::String(verbatim)) => verbatim,
        Some(value) => value.to_string(),
    }
}

fn usage(script: &Script, peek: &Peek<'_>, blocks: &[Block], most: Option<u64>) -> Usage {
    let given = script.usage.unwrap_or_default();
    let reasoning_words =
        || blocks.iter().filter(|b| b.kind == BlockKind::Reasoning).map(|b| count_words(&b.body)).sum();
    Usage {
        prompt: given.prompt_tokens.unwrap_or_else(|| peek.prompt_tokens()),
        completion: given
            .completion_tokens
            .unwrap_or_else(|| blocks.iter().map(|block| count_words(&block.body)).sum())
            .min(most.unwrap_or(u64::MAX)),
        cached: given.cached_tokens,
        cache_write: given.cache_write_tokens,
        reasoning: given.reasoning_tokens.unwrap_or_else(reasoning_words),
    }
}

impl Block {
    pub(crate) fn is_text(&self) -> bool {
        self.kind == BlockKind::Text
    }
}

impl Usage {
    /// As a driver notes it.
    pub(crate) fn reported(self) -> Reported {
        Reported {
            prompt_tokens: self.prompt,
            completion_tokens: self.completion,
            cached_tokens: self.cached,
            cache_write_tokens: self.cache_write,
            reasoning_tokens: self.reasoning,
        }
    }
}
