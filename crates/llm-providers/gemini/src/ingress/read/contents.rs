//! The conversation: a turn of Gemini's may be several of OpenAI's messages.

use std::borrow::Cow;

use llm_provider_core::{IngressError, NoteKind};
use llm_types::{
    AudioPart, ContentPart, Extra, FileData, FilePart, ImagePart, ImageSource, ImageUrl, InputAudio, Message,
    MessageContent, Nullable, Role,
};
use serde_json::Value;

use super::Reader;
use crate::chat::encode::{DISPLAY_NAME, OWN_PART};
use crate::ingress::{foreign, hosted};
use crate::media;
use crate::turn::{MADE_ID, PARTS, Turn};
use crate::wire::{self, Content, FunctionResponse, Part};

impl Reader {
    pub(super) fn content(
        &mut self,
        index: usize,
        content: Content,
        messages: &mut Vec<Message>,
    ) -> Result<(), IngressError> {
        let path = format!("contents[{index}]");
        let role = content.role.as_deref().unwrap_or("user").to_owned();
        for name in content.extra.keys() {
            self.note(NoteKind::Dropped, format!("{path}.{name}"), "turns have no such member");
        }
        let parts = content.parts.into_option().unwrap_or_default();
        match role.as_str() {
            "model" | "assistant" => messages.push(self.model(index, parts)),
            "system" => {
                if let Some(content) = self.user_content(parts, &format!("{path}.parts")) {
                    messages.push(Message::new(Role::System, content));
                }
            }
            "user" | "function" | "tool" | "" => self.user(&path, parts, messages)?,
            other => {
                return Err(IngressError {
                    path: format!("{path}.role"),
                    message: format!("`{other}` is none; `user` and `model` are"),
                });
            }
        }
        Ok(())
    }

    fn model(&mut self, index: usize, parts: Vec<Part>) -> Message {
        let mut turn = Turn::default();
        let seed = format!("c{index}");
        let mut foreign = Foreign::default();
        let mut told = None;
        for (number, mut part) in parts.into_iter().enumerate() {
            if hosted::is_told_for_another(&part) {
                told = told.or(Some(number));
                continue;
            }
            if part.thought.get() == Some(&false) {
                part.thought = Nullable::Absent;
            }
            self.nameless(&part, &format!("contents[{index}].parts[{number}]"));
            if self.unseal(&mut part, &mut foreign, &format!("contents[{index}].parts[{number}]")) {
                turn.add(part, &seed);
            }
        }
        turn.finish();
        if let Some(number) = told.filter(|_| foreign.fields.is_empty()) {
            let path = format!("contents[{index}].parts[{number}]");
            let why = "another vendor's tool ran it, which needs nothing of it back";
            self.note(NoteKind::Dropped, path, why);
        }
        let mut message = turn.into_message(Vec::new(), Extra::new());
        foreign.give_back(&mut message);
        self.pending.clear();
        for call in message.tool_calls.get().into_iter().flatten() {
            let name = call.function.get().and_then(|function| function.name.get());
            if let (Some(id), Some(name)) = (call.id.get(), name) {
                self.pending.push((name.clone(), id.clone()));
            }
        }
        message
    }

    /// Tells of a call without a name, which is none; pieces of one have none either.
    fn nameless(&mut self, part: &Part, path: &str) {
        let Some(call) = part.function_call.get().filter(|call| !call.name.is_value()) else { return };
        let is_piece = call.partial_args.is_value() || call.will_continue.is_value();
        if !is_piece && *call != wire::FunctionCall::default() {
            self.note(NoteKind::Dropped, format!("{path}.functionCall"), "it names no function");
        }
    }

    /// Takes what is sealed for other vendors out of a part. Whether something is left of it: a thought keeps its seal,
    /// which ends it, until its text is whole.
    fn unseal(&mut self, part: &mut Part, foreign: &mut Foreign, path: &str) -> bool {
        let call = foreign.calls.len();
        if part.function_call.get().is_some_and(|call| call.name.is_value()) {
            foreign.calls.push(Extra::new());
        }
        let Some(sealed) = part.thought_signature.get().and_then(|text| foreign::unsealed(text)) else {
            return true;
        };
        foreign.is_there = true;
        match sealed {
            Some(_) if part.is_thought() => return true,
            Some(kept) => {
                foreign.fields.extend(kept.fields);
                let members = kept.calls.into_iter().next().map(|(_, members)| members);
                if let (Some(Value::Object(members)), Some(call)) = (members, foreign.calls.get_mut(call)) {
                    *call = members;
                }
            }
            None => {
                self.note(NoteKind::Dropped, format!("{path}.thoughtSignature"), "was changed on its way");
            }
        }
        part.thought_signature = Nullable::Absent;
        !matches!(part.text.as_deref(), Some(""))
    }

    /// Results of calls are messages of their own, before what else is said.
    fn user(
        &mut self,
        path: &str,
        parts: Vec<Part>,
        messages: &mut Vec<Message>,
    ) -> Result<(), IngressError> {
        let mut rest = Vec::with_capacity(parts.len());
        for (index, mut part) in parts.into_iter().enumerate() {
            match part.function_response.take() {
                Some(response) => {
                    let signed = format!("{path}.parts[{index}]");
                    for name in part.extra.keys() {
                        let path = format!("{path}.parts[{index}].{name}");
                        self.note(NoteKind::Dropped, path, "results have no such member");
                    }
                    let path = format!("{path}.parts[{index}].functionResponse");
                    if !rest.is_empty() {
                        self.note(NoteKind::Moved, path.clone(), "before what the user says");
                    }
                    let result = self.result(response, &path)?;
                    messages.push(result);
                    part.extra.clear();
                    if part.thought_signature.take().is_some() {
                        let path = format!("{signed}.thoughtSignature");
                        self.note(NoteKind::Dropped, path, "only the model's turns are signed");
                    }
                    // What else the part says is said after the result.
                    if part != Part::default() {
                        rest.push(part);
                    }
                }
                None => rest.push(part),
            }
        }
        if let Some(content) = self.user_content(rest, &format!("{path}.parts")) {
            messages.push(Message::user(content));
        }
        Ok(())
    }

    fn result(&mut self, response: FunctionResponse, path: &str) -> Result<Message, IngressError> {
        let name = response.name.into_option().unwrap_or_default();
        let at = match response.id.get() {
            Some(id) => self.pending.iter().position(|(_, pending)| pending == id),
            None => self.pending.iter().position(|(function, _)| *function == name),
        };
        let known = at.map(|at| self.pending.remove(at));
        if known.as_ref().is_some_and(|(function, _)| !name.is_empty() && *function != name) {
            self.note(NoteKind::Dropped, format!("{path}.name"), "the call's name is another");
        }
        let known = known.map(|(_, id)| id);
        let is_known = known.is_some();
        let id = known.or(response.id.into_option()).unwrap_or_else(|| format!("{MADE_ID}{name}"));
        if name.is_empty() && !is_known {
            return Err(IngressError { path: format!("{path}.name"), message: "is missing".to_owned() });
        }
        let (text, is_error) = result_text(response.response.into_option());
        let media: Vec<ContentPart> = response.parts.get().into_iter().flatten().map(content_part).collect();
        let content = if media.is_empty() {
            MessageContent::Text(text)
        } else {
            let mut all = vec![ContentPart::text(text)];
            all.extend(media);
            MessageContent::Parts(all)
        };
        let mut message = Message::tool(id, content);
        if !is_known {
            message.name = Nullable::Value(name);
        }
        if is_error {
            message.extra.insert("is_error".to_owned(), true.into());
        }
        if !response.extra.is_empty() {
            let own = Extra::from_iter([("function_response".to_owned(), Value::Object(response.extra))]);
            message.provider_specific_fields = Nullable::Value(own);
        }
        Ok(message)
    }

    /// What is said, in short where it is one text; `None` for nothing.
    pub(super) fn user_content(&mut self, mut parts: Vec<Part>, path: &str) -> Option<MessageContent> {
        for (index, part) in parts.iter_mut().enumerate() {
            if part.thought.get() == Some(&false) {
                part.thought = Nullable::Absent;
            }
            if part.text.is_value() && part.thought_signature.take().is_some() {
                let path = format!("{path}[{index}].thoughtSignature");
                self.note(NoteKind::Dropped, path, "only the model's turns are signed");
            }
        }
        if let [only] = parts.as_slice()
            && let Some(text) = bare_text(only)
        {
            return Some(text.into());
        }
        let parts: Vec<ContentPart> = parts.iter().map(content_part).collect();
        (!parts.is_empty()).then_some(MessageContent::Parts(parts))
    }
}

/// What a turn holds sealed for other vendors.
#[derive(Default)]
struct Foreign {
    is_there: bool,
    /// Members of each call.
    calls: Vec<Extra>,
    /// Members of the message's `provider_specific_fields`.
    fields: Extra,
}

impl Foreign {
    /// Puts it where its vendors look for it.
    fn give_back(self, message: &mut Message) {
        if !self.is_there {
            return;
        }
        for block in message.thinking_blocks.get_mut().into_iter().flatten() {
            let text = block.thinking.as_deref().unwrap_or_default();
            let kept = block.signature.as_deref().and_then(foreign::unsealed).flatten();
            if let Some(other) = kept.and_then(|kept| foreign::block(kept, text)) {
                *block = other;
            }
        }
        for (call, members) in message.tool_calls.get_mut().into_iter().flatten().zip(self.calls) {
            call.extra.extend(members);
        }
        // It goes back to the vendor that made it, which is not Gemini.
        let mut fields = message.provider_specific_fields.take().unwrap_or_default();
        fields.shift_remove(PARTS);
        fields.extend(self.fields);
        if !fields.is_empty() {
            message.provider_specific_fields = Nullable::Value(fields);
        }
    }
}

/// The text of a part that is nothing else.
fn bare_text(part: &Part) -> Option<&str> {
    let text = part.text.as_deref()?;
    (*part == Part::text(text)).then_some(text)
}

/// A result as text: what is said under `output` or `error` alone, as Google's docs have it, or the object itself. What is
/// no object, which Google refuses, is said as it is.
fn result_text(response: Option<Value>) -> (String, bool) {
    let members = match response {
        None | Some(Value::Null) => return (String::new(), false),
        Some(Value::Object(mut members)) => {
            members.retain(|_, value| !value.is_null());
            members
        }
        Some(Value::String(text)) => return (text, false),
        Some(other) => return (other.to_string(), false),
    };
    let is_object = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object());
    if members.len() == 1 {
        match (members.get("output"), members.get("error")) {
            (Some(Value::String(text)), _) if !is_object(text) => return (text.clone(), false),
            (_, Some(Value::String(text))) => return (text.clone(), true),
            _ => {}
        }
    }
    (Value::Object(members).to_string(), false)
}

/// A part as OpenAI has it; what OpenAI has no part for stays Gemini's.
fn content_part(part: &Part) -> ContentPart {
    if let Some(text) = bare_text(part) {
        return ContentPart::text(text);
    }
    let look = look(part);
    let rest = Part {
        inline_data: Nullable::Absent,
        file_data: Nullable::Absent,
        video_metadata: Nullable::Absent,
        media_resolution: Nullable::Absent,
        ..part.clone()
    };
    if rest == Part::default() {
        match (part.inline_data.get(), part.file_data.get()) {
            (Some(blob), None) if blob.extra.is_empty() => return inline(blob, look),
            (None, Some(file)) if file.extra.is_empty() => {
                if let Some(made) = remote(file, look) {
                    return made;
                }
            }
            _ => {}
        }
    }
    let own = serde_json::to_value(part).unwrap_or_default();
    ContentPart::Unknown(Extra::from_iter([("type".to_owned(), OWN_PART.into()), (OWN_PART.to_owned(), own)]))
}

/// Which piece of a film is meant, and how closely to look.
fn look(part: &Part) -> Extra {
    let mut look = Extra::new();
    for (name, value) in
        [("video_metadata", &part.video_metadata), ("media_resolution", &part.media_resolution)]
    {
        if let Some(value) = value.get() {
            look.insert(name.to_owned(), value.clone());
        }
    }
    look
}

fn inline(blob: &wire::Blob, mut look: Extra) -> ContentPart {
    let mime_type = blob.mime_type.as_deref().unwrap_or("application/octet-stream");
    let data = &*usual_alphabet(blob.data.as_deref().unwrap_or_default());
    let url = format!("data:{mime_type};base64,{data}");
    if mime_type.starts_with("image/") {
        keep_name(&mut look, &blob.display_name);
        return image(url, None, look);
    }
    if let Some(format) = media::audio_format(mime_type).filter(|_| look.is_empty()) {
        let sound = InputAudio { data: data.to_owned(), format: format.to_owned(), extra: Extra::new() };
        keep_name(&mut look, &blob.display_name);
        return ContentPart::InputAudio(AudioPart {
            input_audio: sound,
            cache_control: Nullable::Absent,
            extra: look,
        });
    }
    keep_name(&mut look, &blob.display_name);
    let file = FileData { file_data: Nullable::Value(url), filename: blob.display_name.clone(), ..no_file() };
    ContentPart::File(FilePart { file, cache_control: Nullable::Absent, extra: look })
}

/// Base64 in the usual alphabet, padded. Google's own clients write that for URLs, which Google alone takes.
///
/// Source: Protocol Buffers documentation, "ProtoJSON format": bytes are read in either alphabet, read 2026-11.
fn usual_alphabet(data: &str) -> Cow<'_, str> {
    if !data.contains(['-', '_']) {
        return Cow::Borrowed(data);
    }
    let mut usual = data.replace('-', "+").replace('_', "/");
    while !usual.len().is_multiple_of(4) {
        usual.push('=');
    }
    Cow::Owned(usual)
}

/// Google's name for the bytes, by which a function's result refers to them. OpenAI's parts have names for files only.
fn keep_name(look: &mut Extra, told: &Nullable<String>) {
    if let Some(told) = told.get() {
        look.insert(DISPLAY_NAME.to_owned(), told.as_str().into());
    }
}

fn remote(file: &wire::FileData, mut look: Extra) -> Option<ContentPart> {
    let uri = file.file_uri.get()?.clone();
    let format = file.mime_type.get().cloned();
    keep_name(&mut look, &file.display_name);
    if format.as_deref().is_some_and(|format| format.starts_with("image/")) {
        return Some(image(uri, format, look));
    }
    let is_google_s = !media::wants_fetched(&uri);
    let mut made = FileData { format: format.into(), filename: file.display_name.clone(), ..no_file() };
    if is_google_s {
        made.file_id = Nullable::Value(uri);
    } else {
        made.file_url = Nullable::Value(uri);
    }
    Some(ContentPart::File(FilePart { file: made, cache_control: Nullable::Absent, extra: look }))
}

fn image(url: String, format: Option<String>, extra: Extra) -> ContentPart {
    let source = ImageUrl { url, detail: Nullable::Absent, format: format.into(), extra: Extra::new() };
    ContentPart::ImageUrl(ImagePart {
        image_url: ImageSource::Url(source),
        cache_control: Nullable::Absent,
        extra,
    })
}

fn no_file() -> FileData {
    FileData {
        file_id: Nullable::Absent,
        file_data: Nullable::Absent,
        file_url: Nullable::Absent,
        filename: Nullable::Absent,
        format: Nullable::Absent,
        extra: Extra::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_alphabet_is_read() {
        assert_eq!(usual_alphabet("-_-_"), "+/+/");
        assert_eq!(usual_alphabet("-w"), "+w==");
        assert_eq!(usual_alphabet("YQ"), "YQ", "what is in the usual alphabet stays as it is");
        assert!(matches!(usual_alphabet("YQ=="), Cow::Borrowed(_)));
    }
}
