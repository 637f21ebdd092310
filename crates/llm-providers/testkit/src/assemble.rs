//! Chunks put together into the answer that they are pieces of: the measure for "streamed or whole, the same".

use llm_types::{
    Audio, ChatChunk, ChatResponse, Choice, ChunkChoice, CustomCall, Delta, Extra, FunctionCall, Message,
    MessageContent, Nullable, Role, ThinkingBlock, ToolCall,
};
use serde_json::Value;

/// Puts the chunks of one answer together.
///
/// Texts are joined, tool calls by their index, thinking by block (a signature closes a block), log
/// probabilities by list; of other members the last value counts.
pub fn assemble(chunks: &[ChatChunk]) -> ChatResponse {
    let mut whole = ChatResponse {
        choices: Vec::new(),
        id: Nullable::Absent,
        object: Nullable::Value("chat.completion".to_owned()),
        created: Nullable::Absent,
        model: Nullable::Absent,
        usage: Nullable::Absent,
        service_tier: Nullable::Absent,
        system_fingerprint: Nullable::Absent,
        provider_specific_fields: Nullable::Absent,
        extra: Extra::new(),
    };
    for chunk in chunks {
        first(&mut whole.id, &chunk.id);
        first(&mut whole.created, &chunk.created);
        first(&mut whole.model, &chunk.model);
        last(&mut whole.usage, &chunk.usage);
        last(&mut whole.service_tier, &chunk.service_tier);
        last(&mut whole.system_fingerprint, &chunk.system_fingerprint);
        merge(&mut whole.provider_specific_fields, &chunk.provider_specific_fields);
        whole.extra.extend(chunk.extra.clone());
        for piece in chunk.choices() {
            let index = piece.index.get().copied().unwrap_or(0);
            let at = match whole.choices.iter().position(|choice| choice.index.get() == Some(&index)) {
                Some(at) => at,
                None => {
                    whole.choices.push(Choice {
                        message: Message::empty(Role::Assistant),
                        index: Nullable::Value(index),
                        finish_reason: Nullable::Null,
                        logprobs: Nullable::Absent,
                        extra: Extra::new(),
                    });
                    whole.choices.len() - 1
                }
            };
            add_choice(&mut whole.choices[at], piece);
        }
    }
    whole.choices.sort_by_key(|choice| choice.index.get().copied());
    whole
}

fn add_choice(choice: &mut Choice, piece: &ChunkChoice) {
    last(&mut choice.finish_reason, &piece.finish_reason);
    if let Nullable::Value(logprobs) = &piece.logprobs {
        match &mut choice.logprobs {
            Nullable::Value(whole) => add_lists(whole, logprobs),
            empty => *empty = Nullable::Value(logprobs.clone()),
        }
    }
    choice.extra.extend(piece.extra.clone());
    if let Nullable::Value(delta) = &piece.delta {
        add_delta(&mut choice.message, delta);
    }
}

fn add_delta(message: &mut Message, delta: &Delta) {
    if let Nullable::Value(role) = &delta.role {
        message.role = role.clone();
    }
    match (&mut message.content, &delta.content) {
        (Nullable::Value(MessageContent::Text(text)), Nullable::Value(more)) => text.push_str(more),
        (content, Nullable::Value(more)) => *content = Nullable::Value(more.clone().into()),
        (content @ Nullable::Absent, Nullable::Null) => *content = Nullable::Null,
        _ => {}
    }
    join(&mut message.refusal, &delta.refusal);
    join(&mut message.reasoning_content, &delta.reasoning_content);
    for piece in delta.tool_calls.get().into_iter().flatten() {
        add_tool_call(message.tool_calls.get_or_insert_with(Vec::new), piece);
    }
    if let Nullable::Value(piece) = &delta.function_call {
        add_function(&mut message.function_call, piece);
    }
    if let Nullable::Value(piece) = &delta.audio {
        add_audio(&mut message.audio, piece);
    }
    if let Nullable::Value(more) = &delta.annotations {
        message.annotations.get_or_insert_with(Vec::new).extend(more.iter().cloned());
    }
    for piece in delta.thinking_blocks.get().into_iter().flatten() {
        add_thinking(message.thinking_blocks.get_or_insert_with(Vec::new), piece);
    }
    merge(&mut message.provider_specific_fields, &delta.provider_specific_fields);
    message.extra.extend(delta.extra.clone());
}

fn add_tool_call(calls: &mut Vec<ToolCall>, piece: &ToolCall) {
    // The index stays until all pieces are in; a whole answer has none, so it moves into the position.
    let index = piece.index.get().map_or(calls.len(), |&index| index as usize);
    while calls.len() <= index {
        calls.push(ToolCall {
            index: Nullable::Absent,
            id: Nullable::Absent,
            r#type: Nullable::Absent,
            function: Nullable::Absent,
            custom: Nullable::Absent,
            extra: Extra::new(),
        });
    }
    let call = &mut calls[index];
    last(&mut call.id, &piece.id);
    last(&mut call.r#type, &piece.r#type);
    if let Nullable::Value(more) = &piece.function {
        add_function(&mut call.function, more);
    }
    if let Nullable::Value(more) = &piece.custom {
        let custom = call.custom.get_or_insert_with(|| CustomCall {
            name: Nullable::Absent,
            input: Nullable::Absent,
            extra: Extra::new(),
        });
        last(&mut custom.name, &more.name);
        join(&mut custom.input, &more.input);
        custom.extra.extend(more.extra.clone());
    }
    call.extra.extend(piece.extra.clone());
}

fn add_function(whole: &mut Nullable<FunctionCall>, piece: &FunctionCall) {
    let whole = whole.get_or_insert_with(|| FunctionCall {
        name: Nullable::Absent,
        arguments: Nullable::Absent,
        extra: Extra::new(),
    });
    last(&mut whole.name, &piece.name);
    join(&mut whole.arguments, &piece.arguments);
    whole.extra.extend(piece.extra.clone());
}

fn add_audio(whole: &mut Nullable<Audio>, piece: &Audio) {
    let whole = whole.get_or_insert_with(|| Audio {
        id: Nullable::Absent,
        data: Nullable::Absent,
        expires_at: Nullable::Absent,
        transcript: Nullable::Absent,
        extra: Extra::new(),
    });
    last(&mut whole.id, &piece.id);
    last(&mut whole.expires_at, &piece.expires_at);
    join(&mut whole.data, &piece.data);
    join(&mut whole.transcript, &piece.transcript);
    whole.extra.extend(piece.extra.clone());
}

fn add_thinking(blocks: &mut Vec<ThinkingBlock>, piece: &ThinkingBlock) {
    let is_open = |block: &ThinkingBlock| {
        block.r#type == "thinking" && block.signature.get().is_none_or(String::is_empty)
    };
    match blocks.last_mut() {
        Some(block) if is_open(block) && piece.r#type == block.r#type => {
            join(&mut block.thinking, &piece.thinking);
            last(&mut block.signature, &piece.signature);
            last(&mut block.cache_control, &piece.cache_control);
            block.extra.extend(piece.extra.clone());
        }
        _ => blocks.push(piece.clone()),
    }
}

/// Members of both that are lists are joined, others replaced.
fn add_lists(whole: &mut Value, more: &Value) {
    let (Value::Object(whole), Value::Object(more)) = (whole, more) else { return };
    for (name, value) in more {
        match (whole.get_mut(name), value) {
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more.iter().cloned()),
            _ => {
                whole.insert(name.clone(), value.clone());
            }
        }
    }
}

fn first<T: Clone>(whole: &mut Nullable<T>, piece: &Nullable<T>) {
    if !whole.is_value() {
        last(whole, piece);
    }
}

fn last<T: Clone>(whole: &mut Nullable<T>, piece: &Nullable<T>) {
    if piece.is_value() || (whole.is_absent() && !piece.is_absent()) {
        whole.clone_from(piece);
    }
}

fn join(whole: &mut Nullable<String>, piece: &Nullable<String>) {
    match (&mut *whole, piece) {
        (Nullable::Value(text), Nullable::Value(more)) => text.push_str(more),
        _ => last(whole, piece),
    }
}

fn merge(whole: &mut Nullable<Extra>, piece: &Nullable<Extra>) {
    match (&mut *whole, piece) {
        (Nullable::Value(members), Nullable::Value(more)) => members.extend(more.clone()),
        _ => last(whole, piece),
    }
}

#[cfg(test)]
mod tests;
