//! What the model said earlier: its own blocks where they were kept, otherwise thinking, text and calls.

use llm_provider_core::{EncodeError, NoteKind, is_signed_elsewhere};
use llm_types::{Extra, FunctionCall, Message, Nullable, ToolCall};
use serde_json::{Map, Value, json};

use super::Encoder;
use super::messages::Turns;
use crate::converse::{BLOCK_START, KEPT};
use crate::wire::{ContentBlock, ReasoningContent, ReasoningText, ToolUseBlock};

impl Encoder<'_> {
    /// What a message of the model's says; `kept` are its own blocks, where they still say the same.
    pub(super) fn said(
        &mut self,
        message: &Message,
        kept: Option<Vec<ContentBlock>>,
        index: usize,
        path: &str,
        turns: &mut Turns,
    ) -> Result<Vec<ContentBlock>, EncodeError> {
        for name in message.provider_specific_fields.get().into_iter().flat_map(Extra::keys) {
            let is_own = name == KEPT && kept.is_some() || ["citation", BLOCK_START].contains(&name.as_str());
            if !is_own {
                let path = format!("{path}.provider_specific_fields.{name}");
                let detail = match name.as_str() {
                    KEPT => "the message is not, or no longer, what the model said",
                    _ => "said by a vendor to the client, and of no use to Bedrock",
                };
                self.note(NoteKind::Dropped, path, detail);
            }
        }
        if let Some(blocks) = kept {
            for (number, call) in message.tool_calls.get().into_iter().flatten().enumerate() {
                self.leftover(&call.extra, &[], &format!("{path}.tool_calls[{number}]"));
            }
            if message.refusal.get().is_some_and(|refusal| !refusal.is_empty()) {
                self.note(NoteKind::Dropped, format!("{path}.refusal"), "its own blocks go back");
            }
            return Ok(self.kept(blocks, path));
        }
        let mut blocks = self.thinking_of(message, path);
        blocks.extend(self.blocks(
            message.content.get(),
            &format!("{path}.content"),
            &mut turns.documents,
        )?);
        if let Some(refusal) = message.refusal.as_deref().filter(|refusal| !refusal.trim().is_empty()) {
            self.note(NoteKind::Converted, format!("{path}.refusal"), "to text");
            blocks.push(ContentBlock::Text(refusal.to_owned()));
        }
        if let Some(audio) = message.audio.get() {
            match audio.transcript.as_deref().filter(|words| !words.trim().is_empty()) {
                Some(words) => {
                    self.note(NoteKind::Converted, format!("{path}.audio"), "to its words");
                    blocks.push(ContentBlock::Text(words.to_owned()));
                }
                None => self.unsupported(format!("{path}.audio"), "Bedrock knows no spoken answers")?,
            }
        }
        if message.annotations.get().is_some_and(|annotations| !annotations.is_empty()) {
            let detail = format!("sources go back as `{KEPT}` only");
            self.note(NoteKind::Dropped, format!("{path}.annotations"), detail);
        }
        for (number, call) in message.tool_calls.get().into_iter().flatten().enumerate() {
            blocks.push(ContentBlock::ToolUse(self.call(call, &format!("{path}.tool_calls[{number}]"))?));
        }
        if let Some(call) = message.function_call.get() {
            let id = format!("call_{index}");
            turns.last_call = Some(id.clone());
            let call = self.function_call(id, call, &format!("{path}.function_call"))?;
            blocks.push(ContentBlock::ToolUse(call));
        }
        Ok(blocks)
    }

    /// The model's own blocks, without what this model does not take back.
    fn kept(&mut self, mut blocks: Vec<ContentBlock>, path: &str) -> Vec<ContentBlock> {
        let path = format!("{path}.provider_specific_fields.{KEPT}");
        blocks.retain(|block| match block {
            ContentBlock::Text(text) if text.trim().is_empty() => {
                self.note(NoteKind::Dropped, path.as_str(), "Bedrock takes no text of spaces only");
                false
            }
            ContentBlock::Reasoning(reasoning) if !self.model.takes_thinking(is_signed(reasoning)) => {
                self.note(NoteKind::Dropped, path.as_str(), "this model does not take such thinking back");
                false
            }
            _ => true,
        });
        blocks
    }

    /// Thinking, byte for byte, for the model that made it: Claude signs its thinking, others do not.
    fn thinking_of(&mut self, message: &Message, path: &str) -> Vec<ContentBlock> {
        let mut blocks = Vec::new();
        for (number, block) in message.thinking_blocks.get().into_iter().flatten().enumerate() {
            let path = format!("{path}.thinking_blocks[{number}]");
            if is_signed_elsewhere(block, "anthropic") {
                self.note(NoteKind::Dropped, path, "another vendor's thinking");
                continue;
            }
            let reasoning = match (block.r#type.as_str(), block.data.get()) {
                ("redacted_thinking", Some(data)) => ReasoningContent {
                    redacted_content: Nullable::Value(data.clone()),
                    ..ReasoningContent::default()
                },
                ("thinking", _) => {
                    let text = ReasoningText {
                        text: block.thinking.as_deref().unwrap_or_default().to_owned(),
                        signature: block
                            .signature
                            .get()
                            .filter(|signature| !signature.is_empty())
                            .cloned()
                            .into(),
                        extra: Extra::new(),
                    };
                    ReasoningContent { reasoning_text: Nullable::Value(text), ..ReasoningContent::default() }
                }
                _ => {
                    self.note(NoteKind::Dropped, path, "Bedrock knows no such thinking");
                    continue;
                }
            };
            let is_signed = is_signed(&reasoning);
            if self.model.takes_thinking(is_signed) {
                self.leftover(&block.extra, &[], &path);
                let is_sealed = reasoning.redacted_content.is_value();
                let beside = [
                    ("thinking", is_sealed && block.thinking.get().is_some_and(|words| !words.is_empty())),
                    ("signature", is_sealed && block.signature.is_value()),
                    ("data", !is_sealed && block.data.is_value()),
                ];
                for (name, _) in beside.into_iter().filter(|(_, is_beside)| *is_beside) {
                    self.note(NoteKind::Dropped, format!("{path}.{name}"), "no member of such a block");
                }
                blocks.push(ContentBlock::Reasoning(reasoning));
            } else {
                let detail = if is_signed {
                    "signed by another model"
                } else {
                    "this model takes back signed thinking only"
                };
                self.note(NoteKind::Dropped, path, detail);
            }
        }
        let is_told = |told: &str| {
            let texts = blocks.iter().filter_map(|block| match block {
                ContentBlock::Reasoning(thought) => {
                    thought.reasoning_text.get().map(|text| text.text.as_str())
                }
                _ => None,
            });
            told.is_empty() || texts.collect::<String>().contains(told)
        };
        if message.reasoning_content.as_deref().is_some_and(|told| !is_told(told)) {
            let path = format!("{path}.reasoning_content");
            self.note(
                NoteKind::Dropped,
                path,
                "thinking goes back as `thinking_blocks` only, to the model that made it",
            );
        }
        blocks
    }

    fn call(&mut self, call: &ToolCall, path: &str) -> Result<ToolUseBlock, EncodeError> {
        let id =
            call.id.as_deref().ok_or_else(|| EncodeError::invalid(format!("{path}.id"), "is missing"))?;
        let id = self.call_id(id, &format!("{path}.id"));
        // What stands in function and custom tool is told with all that is unplaced.
        self.leftover(&call.extra, &[], path);
        match (call.custom.get(), call.function.get()) {
            (Some(custom), _) => {
                let name = self
                    .tool_name(custom.name.as_deref().unwrap_or_default(), &format!("{path}.custom.name"))?;
                Ok(tool_use(id, name, json!({ "input": custom.input.as_deref().unwrap_or_default() })))
            }
            (None, Some(function)) => self.function_call(id, function, &format!("{path}.function")),
            (None, None) => Err(EncodeError::invalid(format!("{path}.function"), "is missing")),
        }
    }

    fn function_call(
        &mut self,
        id: String,
        call: &FunctionCall,
        path: &str,
    ) -> Result<ToolUseBlock, EncodeError> {
        let name =
            call.name.get().ok_or_else(|| EncodeError::invalid(format!("{path}.name"), "is missing"))?;
        let name = self.tool_name(name, &format!("{path}.name"))?;
        let text = call.arguments.as_deref().unwrap_or_default();
        let input = match serde_json::from_str(text) {
            Ok(input @ Value::Object(_)) => input,
            Ok(Value::Null) => Value::Object(Map::new()),
            Err(_) if text.trim().is_empty() => Value::Object(Map::new()),
            // What the model got wrong must still be shown to it.
            Ok(_) | Err(_) => {
                let path = format!("{path}.arguments");
                self.note(NoteKind::Converted, path, "no JSON object; kept as the text `arguments` of one");
                json!({ "arguments": text })
            }
        };
        Ok(tool_use(id, name, input))
    }
}

fn tool_use(tool_use_id: String, name: String, input: Value) -> ToolUseBlock {
    ToolUseBlock { tool_use_id, name, input, r#type: Nullable::Absent, extra: Extra::new() }
}

/// Whether thinking can be proved to be the model's: by a signature, or because only the model can read it.
pub(crate) fn is_signed(reasoning: &ReasoningContent) -> bool {
    let text = reasoning.reasoning_text.get();
    reasoning.redacted_content.is_value()
        || text.is_some_and(|text| text.signature.as_deref().is_some_and(|signature| !signature.is_empty()))
}
