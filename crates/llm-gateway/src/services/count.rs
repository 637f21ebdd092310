//! Tokens of a request, counted here where the vendor cannot be asked.

use llm_types::{ChatRequest, ContentPart, MessageContent};

/// Bytes of text that one token stands for, on average.
///
/// English prose and code come to about four bytes a token with the vocabularies in use; text in other scripts has
/// more bytes and also more tokens per character.
const BYTES_PER_TOKEN: u64 = 4;

/// Tokens that frame each message: its role and its ends.
///
/// Source: OpenAI Cookbook, "How to count tokens with tiktoken" (3 a message, 3 for the reply), read 2026-11.
const TOKENS_PER_MESSAGE: u64 = 3;

/// Tokens of an image whose size is not known: OpenAI's high detail, one tile of 512 by 512 and the base.
///
/// Source: OpenAI documentation, "Images and vision", calculating costs (85 + 170 a tile), read 2026-11.
const TOKENS_PER_IMAGE: u64 = 255;

/// An estimate of the tokens that a request reads.
pub fn tokens(request: &ChatRequest) -> u64 {
    let mut bytes = 0_u64;
    let mut tokens = TOKENS_PER_MESSAGE;
    for message in &request.messages {
        tokens += TOKENS_PER_MESSAGE;
        bytes += message.name.get().map_or(0, String::len) as u64;
        match message.content.get() {
            Some(MessageContent::Text(text)) => bytes += text.len() as u64,
            Some(MessageContent::Parts(parts)) => {
                for part in parts {
                    match part {
                        ContentPart::Text(part) => bytes += part.text.len() as u64,
                        ContentPart::Refusal(part) => bytes += part.refusal.len() as u64,
                        ContentPart::ImageUrl(_) => tokens += TOKENS_PER_IMAGE,
                        part => bytes += written(part),
                    }
                }
            }
            None => {}
        }
        for call in message.tool_calls.as_deref().unwrap_or_default() {
            bytes += written(call);
        }
        for block in message.thinking_blocks.as_deref().unwrap_or_default() {
            bytes += block.thinking.get().map_or(0, String::len) as u64;
        }
    }
    for tool in request.tools.as_deref().unwrap_or_default() {
        bytes += written(tool);
    }
    tokens + bytes.div_ceil(BYTES_PER_TOKEN)
}

/// Bytes of a value as JSON.
fn written(value: &impl serde::Serialize) -> u64 {
    struct Count(u64);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    let _nothing_fails = serde_json::to_writer(&mut count, value);
    count.0
}
