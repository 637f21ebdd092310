//! A whole answer as Converse's.

use llm_provider_core::{Beside, Kept, Note, NoteKind, Reply, members_of};
use llm_types::{
    ChatResponse, ContentPart, Extra, FinishReason, FunctionCall, Message, MessageContent, Nullable,
    ServiceTier as Tier, ThinkingBlock, ToolCall,
};
use serde_json::{Map, Value, json};

use super::{cited, kept};
use crate::converse::decode::finish_reason;
use crate::converse::{BLOCK_START, KEPT, names};
use crate::usage;
use crate::wire::{
    ContentBlock, ConverseOutput, ConverseResponse, InputMessage, MediaBlock, Metrics, ReasoningContent,
    ReasoningText, Role, ServiceTier, Source, StopReason, ToolUseBlock,
};

/// The answer, and what it has no place for.
pub(super) fn write(response: &ChatResponse, reply: &Reply) -> (ConverseResponse, Vec<Note>) {
    let mut notes = Vec::new();
    let choice = response.choices.first();
    if response.choices.len() > 1 {
        notes.push(Note::dropped("choices[1..]", "a Converse answer has one choice"));
    }
    if choice.is_some_and(|choice| choice.logprobs.is_value()) {
        notes.push(Note::dropped("choices[0].logprobs", "Converse answers have none"));
    }
    let mut beside = Beside::of(response);
    let content = match choice.and_then(|choice| own_blocks(&choice.message)) {
        Some(blocks) => {
            beside.forget(CONTENT);
            blocks
        }
        None => {
            choice.map(|choice| content(&choice.message, &reply.request_id, &mut notes)).unwrap_or_default()
        }
    };
    let has_calls =
        content.iter().any(|block| matches!(block, ContentBlock::ToolUse(call) if !call.runs_at_bedrock()));
    let finish = choice.and_then(|choice| choice.finish_reason.get());
    let stop_reason = stop_reason(finish, beside.reason(), has_calls);
    beside.forget_reason(stop_reason.as_str());
    let told = usage::told(beside.answer().get(ADDITIONAL));
    beside.count(response.usage.get(), told);
    let service_tier = response.service_tier.get().and_then(|told| tier(told, &mut beside));
    let wire = ConverseResponse {
        output: ConverseOutput::new(InputMessage { role: Role::Assistant, content, extra: Extra::new() }),
        stop_reason: Nullable::Value(stop_reason),
        usage: Nullable::Value(usage::to_wire(response.usage.get())),
        metrics: Nullable::Value(metrics(&mut beside)),
        trace: beside.take("trace").into(),
        performance_config: beside.take("performanceConfig").into(),
        service_tier: service_tier.into(),
        additional_model_response_fields: additional(beside).into(),
        extra: Extra::new(),
    };
    (wire, notes)
}

/// How long it took, if the vendor said so in Bedrock's words.
pub(super) fn metrics(beside: &mut Beside) -> Metrics {
    let told = beside.answer().get("metrics").cloned();
    let told: Option<Metrics> = told.and_then(|told| llm_types::from_value(told).ok());
    match told.filter(|metrics| metrics.latency_ms.is_value()) {
        Some(told) => {
            beside.take_answer(|name| name == "metrics");
            told
        }
        None => Metrics { latency_ms: Nullable::Value(0.into()), extra: Extra::new() },
    }
}

/// The class of service, where Bedrock has it.
pub(super) fn tier(tier: &Tier, beside: &mut Beside) -> Option<ServiceTier> {
    let known = ["priority", "default", "flex", "reserved"].contains(&tier.as_str());
    if !known {
        beside.put("service_tier", tier.as_str());
    }
    known.then(|| ServiceTier { r#type: tier.as_str().to_owned(), extra: Extra::new() })
}

/// What the model says beside its words: Converse's own place for that, whoever's model it is.
pub(super) fn additional(mut beside: Beside) -> Option<Value> {
    let own = beside.take_answer(|name| name == ADDITIONAL).shift_remove(ADDITIONAL);
    match (own, beside.into_fields()) {
        (own, None) => own,
        (None, Some(fields)) => Some(Value::Object(fields)),
        (Some(own), Some(fields)) => {
            let mut all = match own {
                Value::Object(own) => own,
                own => Extra::from_iter([(ADDITIONAL.to_owned(), own)]),
            };
            // What has one name in both is kept apart.
            for (name, value) in fields {
                let name = if all.contains_key(&name) { format!("{}.{name}", Beside::NAME) } else { name };
                all.insert(name, value);
            }
            Some(Value::Object(all))
        }
    }
}

/// Where Converse has what the model says in its own words.
pub(super) const ADDITIONAL: &str = "additionalModelResponseFields";

/// Where the words of an answer stand once more, in `provider_specific_fields`.
pub(super) const CONTENT: &[&str] = &[KEPT, BLOCK_START, "citation"];

/// Why the model stopped: Bedrock's own word, or another vendor's that has the same name here, if it means the same,
/// else the nearest. What was called counts more than what was said of it.
pub(super) fn stop_reason(
    finish: Option<&FinishReason>,
    native: Option<&str>,
    has_calls: bool,
) -> StopReason {
    let own = native.map(own_word).filter(|own| {
        !matches!(own, StopReason::Other(_))
            && (*own != StopReason::ToolUse || has_calls)
            && !(has_calls && matches!(own, StopReason::EndTurn | StopReason::StopSequence))
            && finish.is_none_or(|finish| finish_reason(Some(own), has_calls) == *finish)
    });
    own.unwrap_or(match finish {
        Some(FinishReason::Length) => StopReason::MaxTokens,
        Some(FinishReason::ContentFilter) => StopReason::ContentFiltered,
        _ if has_calls => StopReason::ToolUse,
        _ => StopReason::EndTurn,
    })
}

/// A vendor's word as Converse has it: of the same name, or Gemini's for what cannot be read.
///
/// Source: Gemini API reference, "FinishReason"; Amazon Bedrock API Reference, "Converse": `stopReason`; read 2026-11.
fn own_word(native: &str) -> StopReason {
    match native {
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" => StopReason::MalformedToolUse,
        "MALFORMED_RESPONSE" => StopReason::MalformedModelOutput,
        native => StopReason::from(native.to_ascii_lowercase().as_str()),
    }
}

/// The blocks as Bedrock gave them, where they were kept.
fn own_blocks(message: &Message) -> Option<Vec<ContentBlock>> {
    let kept = message.provider_specific_fields.get()?.get(KEPT)?;
    let blocks: Vec<ContentBlock> = llm_types::from_value(kept.clone()).ok()?;
    (!blocks.is_empty()).then_some(blocks)
}

/// Thinking, text and calls.
fn content(message: &Message, request_id: &str, notes: &mut Vec<Note>) -> Vec<ContentBlock> {
    let mut blocks = thinking(message);
    let has_all_sources = said(message, notes, &mut blocks);
    if let Some(words) = message.audio.get().and_then(|audio| audio.transcript.as_deref())
        && !blocks.iter().any(|block| matches!(block, ContentBlock::Text(_) | ContentBlock::Citations(_)))
    {
        blocks.push(ContentBlock::Text(words.to_owned()));
    }
    for image in images(&message.extra) {
        match image {
            Some(image) => blocks.push(ContentBlock::Image(image)),
            None => notes.push(Note::dropped("choices[0].message.images", NO_SUCH_IMAGE)),
        }
    }
    called(message, request_id, notes, &mut blocks);
    if message.audio.is_value() {
        notes.push(Note::dropped("choices[0].message.audio", "Converse answers have no sound"));
    }
    if !has_all_sources {
        notes.push(Note::dropped("choices[0].message.annotations", NO_PAGE));
    }
    let kept = Kept::of_message(message.provider_specific_fields.get(), &message.extra, OWN_FIELDS);
    if !kept.is_empty() {
        blocks.push(carrier(&kept));
    }
    blocks
}

/// Members of a message's `provider_specific_fields` that blocks say.
pub(super) const OWN_FIELDS: &[&str] = &[KEPT];

/// A block that holds nothing but what must come back.
fn carrier(kept: &Kept) -> ContentBlock {
    thought(String::new(), Nullable::Value(kept.seal()))
}

/// Why a source is left out.
pub(super) const NO_PAGE: &str = "Converse's citations are of pages and documents";

/// Why an image is left out.
pub(super) const NO_SUCH_IMAGE: &str = "Converse answers hold images by value, as png, jpeg, gif or webp";

/// The images that a model made, which vendors put where LiteLLM does, in a member `images` beside the text; `None` for
/// those that Converse has no form for.
pub(super) fn images(extra: &Extra) -> impl Iterator<Item = Option<MediaBlock>> {
    let images = extra.get("images").and_then(Value::as_array).into_iter().flatten();
    images.map(|image| {
        let url = image.pointer("/image_url/url")?.as_str()?;
        let (media, data) = url.strip_prefix("data:image/")?.split_once(";base64,")?;
        let format = ["png", "jpeg", "gif", "webp"].into_iter().find(|form| *form == media)?;
        Some(MediaBlock { format: format.to_owned(), source: Source::bytes(data), extra: Extra::new() })
    })
}

fn thinking(message: &Message) -> Vec<ContentBlock> {
    let told = message.thinking_blocks.get().map(Vec::as_slice).unwrap_or_default();
    let mut blocks: Vec<ContentBlock> = Vec::with_capacity(told.len() + 2);
    if !told.iter().any(|block| block.r#type == "thinking")
        && let Some(text) = message.reasoning_content.as_deref().filter(|text| !text.is_empty())
    {
        blocks.push(thought(text.to_owned(), Nullable::Absent));
    }
    blocks.extend(told.iter().map(thinking_block));
    blocks
}

fn thinking_block(block: &ThinkingBlock) -> ContentBlock {
    let text = || block.thinking.as_deref().unwrap_or_default().to_owned();
    if !kept::is_own(block) {
        let text = if block.r#type == "thinking" { text() } else { String::new() };
        return thought(text, Nullable::Value(kept::sealed(block).seal()));
    }
    match block.data.get() {
        Some(data) => ContentBlock::Reasoning(ReasoningContent {
            redacted_content: Nullable::Value(data.clone()),
            ..ReasoningContent::default()
        }),
        None => thought(text(), block.signature.clone()),
    }
}

fn thought(text: String, signature: Nullable<String>) -> ContentBlock {
    let text = ReasoningText { text, signature, extra: Extra::new() };
    ContentBlock::Reasoning(ReasoningContent {
        reasoning_text: Nullable::Value(text),
        ..ReasoningContent::default()
    })
}

/// Text, and whether all its sources stand beside it. None of it is of spaces only: clients send answers back, and
/// Bedrock refuses such text.
fn said(message: &Message, notes: &mut Vec<Note>, blocks: &mut Vec<ContentBlock>) -> bool {
    let text = match message.content.get() {
        Some(MessageContent::Text(text)) => text.as_str(),
        Some(MessageContent::Parts(_)) | None => "",
    };
    let (spans, has_all_sources) = cited::spans(message, text.chars().count());
    cited::blocks(text, spans, blocks);
    let mut push = |text: &str| {
        if !text.trim().is_empty() {
            blocks.push(ContentBlock::Text(text.to_owned()));
        }
    };
    match message.content.get() {
        None | Some(MessageContent::Text(_)) => {}
        Some(MessageContent::Parts(parts)) => {
            for (index, part) in parts.iter().enumerate() {
                match part {
                    ContentPart::Text(part) => push(&part.text),
                    ContentPart::Refusal(part) => push(&part.refusal),
                    other => notes.push(Note::dropped(
                        format!("choices[0].message.content[{index}]"),
                        format!("Converse answers have no `{}`", other.kind()),
                    )),
                }
            }
        }
    }
    if let Some(words) = message.refusal.as_deref().filter(|words| !words.is_empty()) {
        push(words);
        notes.push(Note::new(NoteKind::Moved, "choices[0].message.refusal", "to the text"));
    }
    has_all_sources
}

/// Calls. A call without a name is none; results name their call, so every call gets a name of its own. What only its
/// vendor knows of a call stands sealed before it.
fn called(message: &Message, request_id: &str, notes: &mut Vec<Note>, blocks: &mut Vec<ContentBlock>) {
    let calls = message.tool_calls.get().into_iter().flatten();
    let calls = calls.map(|call| (tool_use(call), members_of(call)));
    let oldest = message.function_call.get().map(|call| (function(call, ""), Extra::new()));
    for (number, (mut call, members)) in calls.chain(oldest).enumerate() {
        if call.name.is_empty() {
            notes.push(Note::dropped(
                format!("choices[0].message.tool_calls[{number}]"),
                "a call without a name",
            ));
            continue;
        }
        let is_taken = blocks.iter().any(
            |block| matches!(block, ContentBlock::ToolUse(other) if other.tool_use_id == call.tool_use_id),
        );
        if call.tool_use_id.is_empty() || is_taken {
            call.tool_use_id = call_id(request_id, number);
        }
        if !members.is_empty() {
            blocks.push(carrier(&Kept::of_call(&call.tool_use_id, members)));
        }
        blocks.push(ContentBlock::ToolUse(call));
    }
}

/// The name of a call that the vendor gave none.
pub(super) fn call_id(request_id: &str, number: usize) -> String {
    names::call(&format!("tooluse_{request_id}_{number}")).into_owned()
}

fn tool_use(call: &ToolCall) -> ToolUseBlock {
    let id = call.id.as_deref().unwrap_or_default();
    match (call.function.get(), call.custom.get()) {
        (Some(called), _) => function(called, id),
        (None, Some(custom)) => {
            let input = json!({ "input": custom.input.as_deref().unwrap_or_default() });
            block(id, custom.name.as_deref().unwrap_or_default(), input)
        }
        (None, None) => block(id, "", Value::Null),
    }
}

fn function(call: &FunctionCall, id: &str) -> ToolUseBlock {
    block(id, call.name.as_deref().unwrap_or_default(), input(call.arguments.as_deref().unwrap_or_default()))
}

fn block(id: &str, name: &str, input: Value) -> ToolUseBlock {
    ToolUseBlock {
        tool_use_id: id.to_owned(),
        name: name.to_owned(),
        input,
        r#type: Nullable::Absent,
        extra: Extra::new(),
    }
}

/// Arguments as the object that Converse's input is. What is no object stays as the text `arguments` of one, so that the
/// client's tool can say what is wrong with it.
fn input(arguments: &str) -> Value {
    match serde_json::from_str(arguments) {
        Ok(input @ Value::Object(_)) => input,
        Ok(Value::Null) => Value::Object(Map::new()),
        Err(_) if arguments.trim().is_empty() => Value::Object(Map::new()),
        Ok(_) | Err(_) => json!({ "arguments": arguments }),
    }
}
