//! What a model says: Gemini's parts as text, thoughts, calls, pictures and sound, piece by piece.
//!
//! Source: Gemini API docs, "Function calling", "Gemini thinking", "Thought signatures", "Image generation"
//! (ai.google.dev/gemini-api/docs), read 2026-11.

mod replay;

use llm_provider_core::Unheard;
use llm_types::{
    Annotation, Audio, Delta, Extra, FunctionCall, Message, MessageContent, Nullable, Role, ThinkingBlock,
    ToolCall,
};
use serde_json::{Map, Value, json};

use crate::partial::Arguments;
use crate::wire::{self, Part};

pub(crate) use replay::{kept_parts, replay};

/// How names of calls begin that the model gave none. They are not sent back to it.
pub(crate) const MADE_ID: &str = "gcall_";

/// The name of a sound, to which Gemini gives none.
pub(crate) const SOUND: &str = "gemini_audio";

/// The member of `provider_specific_fields` with one part that has no other place, in a stream.
pub(crate) const PART: &str = "part";

/// The member with the signature over the text beside it, in a stream.
pub(crate) const SIGNATURE: &str = "thought_signature";

/// The member with the signatures over the text of a whole message.
pub(crate) const SIGNATURES: &str = "thought_signatures";

/// The member with the parts themselves, where they must go back exactly.
pub(crate) const PARTS: &str = "parts";

/// How a signed block of thinking says that Gemini signed it, so that no other signature is sent there.
pub(crate) const FORMAT: (&str, &str) = ("format", "google-gemini-v1");

/// What a model has said so far.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    text: Option<String>,
    reasoning: String,
    thoughts: Vec<ThinkingBlock>,
    calls: Vec<ToolCall>,
    images: Vec<Value>,
    audio: Option<Audio>,
    /// The parts, pieces of one text joined.
    parts: Vec<Part>,
    /// Arguments that come in pieces, of the last call.
    open: Option<Arguments>,
    /// Members that nobody here knows, of parts that are not kept.
    unknown: Unheard,
}

impl Turn {
    /// Whether functions were called.
    pub(crate) fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// The text so far.
    pub(crate) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Takes a part; gives what it adds to the answer. `seed` makes names for calls that have none.
    pub(crate) fn add(&mut self, part: Part, seed: &str) -> Delta {
        let mut delta = Delta::default();
        if let Nullable::Value(call) = &part.function_call {
            self.call(call, &part, seed, &mut delta);
        } else if let Nullable::Value(blob) = &part.inline_data {
            self.bytes(blob, &part, &mut delta);
        } else if let Nullable::Value(text) = &part.text {
            if part.is_thought() {
                self.thought(text, &part, &mut delta);
            } else {
                self.words(text, &part, &mut delta);
            }
        } else {
            put(&mut delta, PART, serde_json::to_value(&part).unwrap_or_default());
        }
        self.keep(part);
        delta
    }

    fn words(&mut self, text: &str, part: &Part, delta: &mut Delta) {
        self.text.get_or_insert_default().push_str(text);
        if !text.is_empty() {
            delta.content = Nullable::Value(text.to_owned());
        }
        if let Some(signature) = part.thought_signature.get() {
            put(delta, SIGNATURE, signature.as_str().into());
        }
    }

    fn thought(&mut self, text: &str, part: &Part, delta: &mut Delta) {
        let signature = part.thought_signature.clone();
        if text.is_empty() && !signature.is_value() {
            return;
        }
        let mut block = thinking_block(text);
        if signature.is_value() {
            block.signature = signature;
            block.extra.insert(FORMAT.0.to_owned(), FORMAT.1.into());
        }
        if !text.is_empty() {
            self.reasoning.push_str(text);
            delta.reasoning_content = Nullable::Value(text.to_owned());
        }
        delta.thinking_blocks = Nullable::Value(vec![block.clone()]);
        match self.thoughts.last_mut() {
            // Pieces of one thought; a signature closes it.
            Some(last) if !last.signature.is_value() => {
                last.thinking.get_or_insert_with(String::new).push_str(text);
                last.signature = block.signature;
                last.extra = block.extra;
            }
            _ => self.thoughts.push(block),
        }
    }

    fn call(&mut self, call: &wire::FunctionCall, part: &Part, seed: &str, delta: &mut Delta) {
        let pieces = call.partial_args.get().into_iter().flatten();
        for piece in pieces.filter(|piece| Arguments::is_unread(piece)) {
            self.unknown.put("partial_args", piece.clone());
        }
        let is_streamed = call.partial_args.is_value() || call.will_continue.is_value();
        if let Some(open) = &mut self.open
            && !call.name.is_value()
        {
            for piece in call.partial_args.get().into_iter().flatten() {
                open.add(piece);
            }
            if call.will_continue.get() != Some(&true) {
                self.close(delta);
            }
            return;
        }
        self.close(delta);
        let index = self.calls.len();
        let id = match call.id.get().filter(|id| !id.is_empty()) {
            Some(id) => id.clone(),
            None => made_id(seed, index, call),
        };
        let arguments = match call.args.get() {
            Some(args) => args.to_string(),
            None => "{}".to_owned(),
        };
        let mut made = ToolCall::function(id, call.name.as_deref().unwrap_or_default(), arguments);
        if let Some(signature) = part.thought_signature.get() {
            sign(&mut made, signature);
        }
        let mut piece = made.clone();
        piece.index = Nullable::Value(u32::try_from(index).unwrap_or(u32::MAX));
        if is_streamed && call.will_continue.get() == Some(&true) {
            let mut open = Arguments::default();
            for piece in call.partial_args.get().into_iter().flatten() {
                open.add(piece);
            }
            self.open = Some(open);
            set_arguments(&mut piece, String::new());
        } else if let Some(pieces) = call.partial_args.get() {
            let mut arguments = Arguments::default();
            pieces.iter().for_each(|piece| arguments.add(piece));
            let text = arguments.into_value().to_string();
            set_arguments(&mut made, text.clone());
            set_arguments(&mut piece, text);
        }
        self.calls.push(made);
        delta.tool_calls.get_or_insert_with(Vec::new).push(piece);
    }

    /// Ends a call whose arguments came in pieces.
    fn close(&mut self, delta: &mut Delta) {
        let Some(open) = self.open.take() else { return };
        let Some(call) = self.calls.last_mut() else { return };
        let arguments = open.into_value();
        set_arguments(call, arguments.to_string());
        let mut piece = ToolCall {
            index: Nullable::Value(u32::try_from(self.calls.len() - 1).unwrap_or(u32::MAX)),
            ..no_call()
        };
        set_arguments(&mut piece, arguments.to_string());
        delta.tool_calls.get_or_insert_with(Vec::new).push(piece);
        let last = self.parts.iter_mut().rev().find_map(|part| part.function_call.get_mut());
        if let Some(last) = last {
            last.args = Nullable::Value(arguments);
            last.partial_args = Nullable::Absent;
            last.will_continue = Nullable::Absent;
        }
    }

    /// What is still open when the answer ends.
    pub(crate) fn finish(&mut self) -> Delta {
        let mut delta = Delta::default();
        self.close(&mut delta);
        delta
    }

    fn bytes(&mut self, blob: &wire::Blob, part: &Part, delta: &mut Delta) {
        let mime_type = blob.mime_type.as_deref().unwrap_or_default();
        let data = blob.data.as_deref().unwrap_or_default();
        if mime_type.starts_with("image/") && !part.is_thought() {
            let mut image = json!({
                "type": "image_url",
                "image_url": { "url": format!("data:{mime_type};base64,{data}") },
                "index": self.images.len(),
            });
            if let Some(signature) = part.thought_signature.get() {
                image[SIGNATURE] = signature.as_str().into();
            }
            self.images.push(image.clone());
            delta.extra.insert("images".to_owned(), vec![image].into());
        } else if mime_type.starts_with("audio/") {
            // Sound is not among the parts that are kept.
            self.unknown.keep(blob.extra.clone());
            self.unknown.keep(part.extra.clone());
            let mut piece = Audio {
                id: Nullable::Absent,
                data: Nullable::Value(data.to_owned()),
                expires_at: Nullable::Absent,
                transcript: Nullable::Absent,
                extra: Extra::new(),
            };
            match &mut self.audio {
                Some(audio) => audio.data.get_or_insert_with(String::new).push_str(data),
                None => {
                    piece.id = Nullable::Value(SOUND.to_owned());
                    piece.transcript = Nullable::Value(String::new());
                    piece.extra.insert("mime_type".to_owned(), mime_type.into());
                    self.audio = Some(piece.clone());
                }
            }
            delta.audio = Nullable::Value(piece);
        } else {
            put(delta, PART, serde_json::to_value(part).unwrap_or_default());
        }
    }

    /// Keeps a part for its way back. Pieces of one text are one part; one that is signed stays by itself.
    fn keep(&mut self, part: Part) {
        if let Some(call) = part.function_call.get()
            && !call.name.is_value()
            && self.parts.iter().any(|part| part.function_call.is_value())
        {
            self.unknown.keep(call.extra.clone());
            self.unknown.keep(part.extra);
            return;
        }
        let is_bare = |part: &Part| {
            let rest = Part { text: Nullable::Absent, thought: Nullable::Absent, ..part.clone() };
            part.text.is_value() && rest == Part::default()
        };
        match (self.parts.last_mut(), part.text.get()) {
            (Some(last), Some(text))
                if is_bare(last) && is_bare(&part) && last.is_thought() == part.is_thought() =>
            {
                last.text.get_or_insert_with(String::new).push_str(text);
            }
            (_, Some(text)) if text.is_empty() && is_bare(&part) => {}
            _ => self.parts.push(part),
        }
    }

    /// What must go back to Gemini and has no other place; with `more` that was said beside.
    pub(crate) fn specifics(&mut self, more: Extra) -> Extra {
        self.unknown.keep(more);
        let mut fields = Extra::new();
        let signatures: Vec<Value> = self
            .parts
            .iter()
            .filter(|part| part.text.is_value() && !part.is_thought())
            .filter_map(|part| part.thought_signature.get())
            .map(|signature| signature.as_str().into())
            .collect();
        if !signatures.is_empty() {
            fields.insert(SIGNATURES.to_owned(), signatures.into());
        }
        fields.extend(self.unknown.take().into_option().unwrap_or_default());
        if let Some(parts) = replay(&self.parts) {
            fields.insert(PARTS.to_owned(), parts);
        }
        fields
    }

    /// The whole message.
    pub(crate) fn into_message(mut self, annotations: Vec<Annotation>, more: Extra) -> Message {
        let mut message = Message::empty(Role::Assistant);
        let specifics = self.specifics(more);
        message.content =
            self.text.map_or(Nullable::Null, |text| Nullable::Value(MessageContent::Text(text)));
        if !self.reasoning.is_empty() {
            message.reasoning_content = Nullable::Value(self.reasoning);
        }
        message.thinking_blocks = some(self.thoughts);
        message.tool_calls = some(self.calls);
        message.audio = self.audio.into();
        message.annotations = some(annotations);
        if !self.images.is_empty() {
            message.extra.insert("images".to_owned(), self.images.into());
        }
        if !specifics.is_empty() {
            message.provider_specific_fields = Nullable::Value(specifics);
        }
        message
    }
}

/// A list, absent if it is empty.
pub(crate) fn some<T>(list: Vec<T>) -> Nullable<Vec<T>> {
    if list.is_empty() { Nullable::Absent } else { Nullable::Value(list) }
}

fn put(delta: &mut Delta, name: &str, value: Value) {
    delta.provider_specific_fields.get_or_insert_with(Extra::new).insert(name.to_owned(), value);
}

/// A thought without a signature.
pub(crate) fn thinking_block(text: &str) -> ThinkingBlock {
    ThinkingBlock {
        r#type: "thinking".to_owned(),
        thinking: Nullable::Value(text.to_owned()),
        signature: Nullable::Absent,
        data: Nullable::Absent,
        cache_control: Nullable::Absent,
        extra: Extra::new(),
    }
}

fn no_call() -> ToolCall {
    ToolCall {
        index: Nullable::Absent,
        id: Nullable::Absent,
        r#type: Nullable::Absent,
        function: Nullable::Absent,
        custom: Nullable::Absent,
        extra: Extra::new(),
    }
}

fn set_arguments(call: &mut ToolCall, arguments: String) {
    let function = call.function.get_or_insert_with(|| FunctionCall {
        name: Nullable::Absent,
        arguments: Nullable::Absent,
        extra: Extra::new(),
    });
    function.arguments = Nullable::Value(arguments);
}

/// Puts a signature where LiteLLM's clients and where those of Google's OpenAI compatibility look for it.
fn sign(call: &mut ToolCall, signature: &str) {
    call.extra.insert("provider_specific_fields".to_owned(), json!({ SIGNATURE: signature }));
    call.extra.insert("extra_content".to_owned(), json!({ "google": { SIGNATURE: signature } }));
}

/// The signature of a call, wherever a client kept it.
pub(crate) fn signature_of(call: &ToolCall) -> Option<&str> {
    fn own(extra: &Extra) -> Option<&str> {
        extra.get("provider_specific_fields")?.get(SIGNATURE)?.as_str()
    }
    own(&call.extra)
        .or_else(|| call.extra.get("extra_content")?.get("google")?.get(SIGNATURE)?.as_str())
        .or_else(|| own(&call.function.get()?.extra))
        .or_else(|| call.extra.get(SIGNATURE)?.as_str())
        .or_else(|| call.id.get()?.split_once(SEPARATOR).map(|(_, signature)| signature))
        .filter(|signature| !signature.is_empty())
}

/// What stands between name and signature in the names that LiteLLM gives to calls.
const SEPARATOR: &str = "__thought__";

/// A call's name without a signature behind it.
pub(crate) fn bare_id(id: &str) -> &str {
    id.split_once(SEPARATOR).map_or(id, |(id, _)| id)
}

/// A name for a call that has none: the same for the same answer.
fn made_id(seed: &str, index: usize, call: &wire::FunctionCall) -> String {
    if seed.is_empty() {
        let text = json!([call.name, call.args]).to_string();
        return format!("{MADE_ID}{:016x}_{index}", hash(text.as_bytes()));
    }
    format!("{MADE_ID}{seed}_{index}")
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// An object for arguments: text that is one, nothing for none.
pub(crate) fn arguments_object(text: &str) -> Option<Value> {
    match serde_json::from_str(text) {
        Ok(object @ Value::Object(_)) => Some(object),
        Ok(Value::Null) => Some(Value::Object(Map::new())),
        Err(_) if text.trim().is_empty() => Some(Value::Object(Map::new())),
        Ok(_) | Err(_) => None,
    }
}
