//! Items as messages: what the model did in a row is one message.

use llm_provider_core::{IngressError, Kept, NoteKind};
use llm_types::{
    ContentPart, Extra, FileData, FilePart, ImagePart, ImageSource, ImageUrl, Message, MessageContent,
    Nullable, RefusalPart, Role, ThinkingBlock, ToolCall, from_value,
};
use serde_json::{Value, json};

use super::beside::beside;
use super::{NOT_STORED, ONLY_HERE, Reader, below, error};
use crate::responses::OUTPUT_ITEMS;
use crate::responses::chat::{annotation, is_plain};
use crate::responses::kept;
use crate::responses::names::ToolName;
use crate::responses::wire::{
    Annotation, CallOutput, Content, FunctionCall, InputFilePart, InputImagePart, Item, MessageItem,
    OutputItem, Part, ReasoningItem,
};

/// Members of `provider_specific_fields` in which other vendors have a message whole.
const WHOLE: &[&str] = &["content_blocks", "converse_content", "parts"];

/// What the model did in a row.
#[derive(Default)]
struct Turn {
    parts: Vec<ContentPart>,
    refusal: String,
    reasoning: String,
    thinking: Vec<ThinkingBlock>,
    calls: Vec<ToolCall>,
    annotations: Vec<llm_types::Annotation>,
    /// Members of calls that only their vendor knows.
    call_members: Extra,
    /// Members of `provider_specific_fields`.
    fields: Extra,
    /// The items as they came.
    items: Vec<Item>,
    /// Kinds of items that no message has a place for.
    foreign: Vec<String>,
    /// Places of items that tell what a tool of another vendor's did.
    told: Vec<String>,
    /// Places of members that only the items as they came have.
    beside: Vec<String>,
    first: usize,
}

impl Reader {
    pub(super) fn items(&mut self, items: Vec<Item>, list: &str) -> Result<Vec<Message>, IngressError> {
        let mut messages = Vec::with_capacity(items.len());
        let mut turn: Option<Turn> = None;
        for (index, item) in items.into_iter().enumerate() {
            let path = format!("{list}[{index}]");
            if is_models(&item) {
                let turn = turn.get_or_insert_with(|| Turn { first: index, ..Turn::default() });
                self.model_item(item, &path, turn)?;
                continue;
            }
            if let Some(turn) = turn.take() {
                messages.push(self.turn(turn, list));
            }
            messages.extend(self.item(item, &path)?);
        }
        if let Some(turn) = turn {
            messages.push(self.turn(turn, list));
        }
        Ok(messages)
    }

    /// An item by the client.
    fn item(&mut self, item: Item, path: &str) -> Result<Option<Message>, IngressError> {
        match item {
            Item::Message(message) | Item::EasyMessage(message) => self.message(message, path).map(Some),
            Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
                self.output(output, path).map(Some)
            }
            Item::LocalShellCallOutput(mut output) => {
                // Its name is the call's.
                if !output.call_id.is_value() {
                    output.call_id = output.id.clone();
                }
                self.output(output, path).map(Some)
            }
            Item::ShellCallOutput(output) | Item::ApplyPatchCallOutput(output) => {
                self.output(output, path).map(Some)
            }
            Item::ComputerCallOutput(output) => self.screen(output, path).map(Some),
            Item::ItemReference(_) | Item::EasyReference(_) => Err(error(path, NOT_STORED)),
            other => {
                let why = format!("only OpenAI's Responses API has items of type `{}`", other.kind());
                self.dropped(path, why);
                Ok(None)
            }
        }
    }

    fn message(&mut self, message: MessageItem, path: &str) -> Result<Message, IngressError> {
        let role = match Role::from(message.role.as_str()) {
            Role::Other(role) => {
                return Err(error(
                    format!("{path}.role"),
                    format!("`{role}` is no role; expected `user`, `assistant`, `system` or `developer`"),
                ));
            }
            role => role,
        };
        let content = match message.content {
            Content::Text(text) => MessageContent::Text(text),
            Content::Parts(parts) => MessageContent::Parts(self.parts(parts, &format!("{path}.content"))?),
        };
        for name in message.extra.keys() {
            self.dropped(format!("{path}.{name}"), "a message has no such member");
        }
        Ok(Message::new(role, content))
    }

    fn output(&mut self, item: OutputItem, path: &str) -> Result<Message, IngressError> {
        let call_id =
            item.call_id.into_option().ok_or_else(|| error(format!("{path}.call_id"), "is missing"))?;
        let content = match item.output.into_option() {
            None => MessageContent::Text(item.status.into_option().unwrap_or_default()),
            Some(CallOutput::Text(text)) => MessageContent::Text(text),
            Some(CallOutput::Parts(parts)) => {
                MessageContent::Parts(self.parts(parts, &format!("{path}.output"))?)
            }
            Some(CallOutput::Other(value)) => {
                self.note(NoteKind::Converted, format!("{path}.output"), "to JSON text");
                MessageContent::Text(value.to_string())
            }
        };
        self.part_members(&item.extra, path);
        Ok(Message::tool(call_id, content))
    }

    /// A picture of a screen.
    fn screen(&mut self, mut item: OutputItem, path: &str) -> Result<Message, IngressError> {
        if let Some(CallOutput::Other(value)) = item.output.get() {
            if let Some(url) = value["image_url"].as_str() {
                let mut message =
                    self.output(OutputItem { output: Nullable::Absent, ..item.clone() }, path)?;
                message.content = MessageContent::Parts(vec![ContentPart::image(url)]).into();
                return Ok(message);
            }
            item.output = Nullable::Value(CallOutput::Text(value.to_string()));
        }
        self.output(item, path)
    }

    fn parts(&mut self, parts: Vec<Part>, path: &str) -> Result<Vec<ContentPart>, IngressError> {
        let parts = parts.into_iter().enumerate();
        parts.map(|(index, part)| self.part(part, &format!("{path}[{index}]"))).collect()
    }

    fn part(&mut self, part: Part, path: &str) -> Result<ContentPart, IngressError> {
        match part {
            Part::InputText(part) => {
                self.part_members(&part.extra, path);
                Ok(ContentPart::text(part.text))
            }
            Part::OutputText(part) => {
                self.part_members(&part.extra, path);
                let beside = [
                    ("annotations", part.annotations.get().is_some_and(|list| !list.is_empty())),
                    ("logprobs", part.logprobs.get().is_some_and(|list| !list.is_empty())),
                ];
                for (name, _) in beside.into_iter().filter(|(_, is_there)| *is_there) {
                    self.dropped(format!("{path}.{name}"), "the model alone says such a thing");
                }
                Ok(ContentPart::text(part.text))
            }
            Part::Text(part) | Part::ReasoningText(part) | Part::SummaryText(part) => {
                self.part_members(&part.extra, path);
                Ok(ContentPart::text(part.text))
            }
            Part::Refusal(part) => {
                Ok(ContentPart::Refusal(RefusalPart { refusal: part.refusal, extra: part.extra }))
            }
            Part::InputImage(part) => self.image(part, path),
            Part::InputFile(part) => {
                self.part_members(&part.extra, path);
                Ok(self.file(part, path))
            }
            Part::InputAudio(part) => {
                self.part_members(&part.extra, path);
                Ok(ContentPart::InputAudio(llm_types::AudioPart {
                    input_audio: part.input_audio,
                    cache_control: Nullable::Absent,
                    extra: Extra::new(),
                }))
            }
            Part::Unknown(map) => from_value(Value::Object(map)).map_err(|error| below(path, error)),
        }
    }

    fn part_members(&mut self, extra: &Extra, path: &str) {
        for (name, _) in extra.iter().filter(|(_, value)| !value.is_null()) {
            self.dropped(format!("{path}.{name}"), ONLY_HERE);
        }
    }

    fn image(&mut self, part: InputImagePart, path: &str) -> Result<ContentPart, IngressError> {
        self.part_members(&part.extra, path);
        if part.image_url.is_value() && part.file_id.is_value() {
            self.dropped(format!("{path}.file_id"), "`image_url` is said too and wins");
        } else if part.file_id.is_value() && part.detail.is_value() {
            self.dropped(format!("{path}.detail"), ONLY_HERE);
        }
        match (part.image_url.into_option(), part.file_id.into_option()) {
            (Some(url), _) => Ok(ContentPart::ImageUrl(ImagePart {
                image_url: ImageSource::Url(ImageUrl {
                    url,
                    detail: part.detail.into_option().into(),
                    format: Nullable::Absent,
                    extra: Extra::new(),
                }),
                cache_control: Nullable::Absent,
                extra: Extra::new(),
            })),
            (None, Some(id)) => Ok(file_part(FileData {
                file_id: Nullable::Value(id),
                file_data: Nullable::Absent,
                file_url: Nullable::Absent,
                filename: Nullable::Absent,
                format: Nullable::Absent,
                extra: Extra::new(),
            })),
            (None, None) => Err(error(format!("{path}.image_url"), "is missing")),
        }
    }

    fn file(&mut self, part: InputFilePart, path: &str) -> ContentPart {
        if part.detail.is_value() {
            self.dropped(format!("{path}.detail"), ONLY_HERE);
        }
        let present = |member: Nullable<String>| member.into_option().into();
        file_part(FileData {
            file_id: present(part.file_id),
            file_data: present(part.file_data),
            file_url: present(part.file_url),
            filename: present(part.filename),
            format: Nullable::Absent,
            extra: Extra::new(),
        })
    }

    /// An item by the model.
    fn model_item(&mut self, item: Item, path: &str, turn: &mut Turn) -> Result<(), IngressError> {
        if kept::is_told_for_another(&item) {
            turn.told.push(path.to_owned());
            return Ok(());
        }
        turn.beside.extend(beside(&item).into_iter().map(|place| format!("{path}{place}")));
        match &item {
            Item::Message(message) | Item::EasyMessage(message) => self.said(message, path, turn)?,
            Item::Reasoning(reasoning) => {
                if let Some(kept) = reasoning.encrypted_content.as_deref().and_then(Kept::open) {
                    turn.call_members.extend(kept.calls);
                    turn.fields.extend(kept.fields);
                    let Some(block) = kept.thinking else {
                        turn.reasoning.push_str(&kept::text_of(reasoning));
                        return Ok(());
                    };
                    turn.reasoning.push_str(block.thinking.as_deref().unwrap_or_default());
                    turn.thinking.push(block);
                } else if reasoning.encrypted_content.as_deref().is_some_and(Kept::is_seal) {
                    self.dropped(format!("{path}.encrypted_content"), "was changed on its way");
                    turn.reasoning.push_str(&kept::text_of(reasoning));
                } else {
                    turn.thought(reasoning);
                }
            }
            Item::FunctionCall(call) => {
                let name =
                    ToolName { namespace: call.namespace.as_deref(), name: &call.name, is_custom: false };
                turn.calls.push(ToolCall::function(
                    call.call_id.as_str(),
                    name.function(),
                    call.arguments.as_str(),
                ));
            }
            Item::CustomToolCall(call) => {
                let name =
                    ToolName { namespace: call.namespace.as_deref(), name: &call.name, is_custom: true };
                let arguments = json!({ "input": call.input }).to_string();
                turn.calls.push(ToolCall::function(call.call_id.as_str(), name.function(), arguments));
            }
            Item::LocalShellCall(call) | Item::ShellCall(call) => {
                let name = if matches!(item, Item::ShellCall(_)) { "shell" } else { "local_shell" };
                let id = call.call_id.as_deref().or(call.id.as_deref());
                return self.as_function(id, name, call.action.get(), path, turn);
            }
            Item::ApplyPatchCall(call) => {
                let id = call.call_id.as_deref();
                return self.as_function(id, "apply_patch", call.operation.get(), path, turn);
            }
            Item::ComputerCall(call) => {
                let actions = call.actions.get().map(|actions| json!({ "actions": actions }));
                let arguments = actions.as_ref().or_else(|| call.action.get());
                return self.as_function(call.call_id.as_deref(), "computer", arguments, path, turn);
            }
            other => turn.foreign.push(other.kind().to_owned()),
        }
        turn.items.push(item);
        Ok(())
    }

    /// A call of a tool that the client runs, and that only OpenAI's models know, as a call of a function: its
    /// result is read as that of one.
    fn as_function(
        &mut self,
        id: Option<&str>,
        name: &str,
        arguments: Option<&Value>,
        path: &str,
        turn: &mut Turn,
    ) -> Result<(), IngressError> {
        let id = id.ok_or_else(|| error(format!("{path}.call_id"), "is missing"))?;
        let arguments = arguments.map_or_else(|| "{}".to_owned(), Value::to_string);
        self.note(NoteKind::Converted, path, format!("to a call of a function named `{name}`"));
        turn.items.push(Item::FunctionCall(FunctionCall {
            call_id: id.to_owned(),
            name: name.to_owned(),
            arguments: arguments.clone(),
            id: Nullable::Absent,
            namespace: Nullable::Absent,
            status: Nullable::Absent,
            caller: Nullable::Absent,
            extra: Extra::new(),
        }));
        turn.calls.push(ToolCall::function(id, name, arguments));
        Ok(())
    }

    fn said(&mut self, message: &MessageItem, path: &str, turn: &mut Turn) -> Result<(), IngressError> {
        let parts = match &message.content {
            Content::Text(text) => {
                turn.parts.push(ContentPart::text(text.as_str()));
                return Ok(());
            }
            Content::Parts(parts) => parts,
        };
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::OutputText(part) => {
                    let before: usize = turn.parts.iter().map(letters).sum();
                    let annotations = part.annotations.get().into_iter().flatten();
                    let offset = before as u64;
                    turn.annotations.extend(annotations.map(|one: &Annotation| annotation(one, offset)));
                    turn.parts.push(ContentPart::text(part.text.as_str()));
                }
                Part::Refusal(part) => turn.refusal.push_str(&part.refusal),
                part => turn.parts.push(self.part(part.clone(), &format!("{path}.content[{index}]"))?),
            }
        }
        Ok(())
    }

    /// The message of a turn.
    fn turn(&mut self, mut turn: Turn, list: &str) -> Message {
        let mut message = Message::empty(Role::Assistant);
        // The vendor's own words say it all, and these items are not its own.
        let is_anothers = turn.fields.keys().any(|name| WHOLE.contains(&name.as_str()));
        if !is_anothers {
            for path in &turn.told {
                self.dropped(path.as_str(), "another vendor's tool ran it, which needs nothing of it back");
            }
        }
        let is_kept = !is_anothers && !is_plain(&turn.items);
        for path in turn.beside.iter().filter(|_| !is_kept) {
            self.dropped(path.as_str(), ONLY_HERE);
        }
        if is_kept {
            if !turn.foreign.is_empty() {
                let detail =
                    format!("{} kept in `provider_specific_fields.{OUTPUT_ITEMS}`", turn.foreign.join(", "));
                self.note(NoteKind::Moved, format!("{list}[{}]", turn.first), detail);
            }
            if let Ok(items) = serde_json::to_value(&turn.items) {
                turn.fields.insert(OUTPUT_ITEMS.to_owned(), items);
            }
        }
        for call in &mut turn.calls {
            let members = call.id.as_deref().and_then(|id| turn.call_members.get(id));
            if let Some(Value::Object(members)) = members {
                call.extra.extend(members.clone());
            }
        }
        let is_one_text = matches!(turn.parts.as_slice(), [ContentPart::Text(_)]);
        message.content = if is_one_text {
            let content = MessageContent::Parts(turn.parts);
            Nullable::Value(MessageContent::Text(content.text().into_owned()))
        } else if !turn.parts.is_empty() {
            Nullable::Value(MessageContent::Parts(turn.parts))
        } else if turn.calls.is_empty() && turn.refusal.is_empty() {
            Nullable::Value(MessageContent::Text(String::new()))
        } else {
            Nullable::Null
        };
        message.refusal = text(turn.refusal);
        message.reasoning_content = text(turn.reasoning);
        message.thinking_blocks = some(turn.thinking);
        message.tool_calls = some(turn.calls);
        message.annotations = some(turn.annotations);
        if !turn.fields.is_empty() {
            message.provider_specific_fields = Nullable::Value(turn.fields);
        }
        message
    }
}

impl Turn {
    /// Thinking as a vendor of this API, or one that does not sign, told it.
    fn thought(&mut self, item: &ReasoningItem) {
        self.reasoning.push_str(&kept::text_of(item));
        if item.encrypted_content.is_value() {
            let mut item = item.clone();
            item.extra.shift_remove("type");
            self.thinking.push(kept::block_of(&item, None));
        }
    }
}

/// Whether an item is by the model.
fn is_models(item: &Item) -> bool {
    match item {
        Item::Message(message) | Item::EasyMessage(message) => message.role == "assistant",
        Item::Reasoning(_)
        | Item::FunctionCall(_)
        | Item::CustomToolCall(_)
        | Item::WebSearchCall(_)
        | Item::FileSearchCall(_)
        | Item::ComputerCall(_)
        | Item::CodeInterpreterCall(_)
        | Item::ImageGenerationCall(_)
        | Item::LocalShellCall(_)
        | Item::ShellCall(_)
        | Item::ApplyPatchCall(_)
        | Item::McpListTools(_)
        | Item::McpCall(_)
        | Item::McpApprovalRequest(_)
        | Item::ToolSearchCall(_)
        | Item::ToolSearchOutput(_)
        | Item::Program(_)
        | Item::ProgramOutput(_)
        | Item::Compaction(_) => true,
        Item::Unknown(map) => {
            !map.get("type").and_then(Value::as_str).unwrap_or_default().ends_with("_output")
        }
        _ => false,
    }
}

fn letters(part: &ContentPart) -> usize {
    match part {
        ContentPart::Text(part) => part.text.chars().count(),
        _ => 0,
    }
}

fn file_part(file: FileData) -> ContentPart {
    ContentPart::File(FilePart { file, cache_control: Nullable::Absent, extra: Extra::new() })
}

fn text(text: String) -> Nullable<String> {
    if text.is_empty() { Nullable::Absent } else { Nullable::Value(text) }
}

fn some<T>(list: Vec<T>) -> Nullable<Vec<T>> {
    if list.is_empty() { Nullable::Absent } else { Nullable::Value(list) }
}
