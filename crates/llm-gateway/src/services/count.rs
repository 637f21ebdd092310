//! Tokens of a request, counted here where the vendor cannot be asked.
//!
//! OpenAI's models are counted with their own vocabularies; for all others the count is an estimate, with the vocabulary
//! of OpenAI's newer models, and is said to be one. What frames messages and tools is OpenAI's way.
//!
//! Source: OpenAI Cookbook, "How to count tokens with tiktoken" (messages, and tool definitions), and OpenAI
//! documentation, "Images and vision", read 2026-11.

mod definitions;

use std::borrow::Cow;

use llm_provider_core::TokenCount;
use llm_tokens::{Encoding, estimate};
use llm_types::{ChatRequest, ContentPart, Message, MessageContent, Role, Tool, ToolChoice, ToolChoiceMode};

/// What an exact count is called, in LiteLLM's words.
const EXACT: &str = "openai_tokenizer";

/// What an estimate is called.
const ESTIMATE: &str = "estimate";

/// Tokens that frame each message, and the reply.
const FRAME: u64 = 3;

/// Tokens that frame the tools all together.
const TOOLS_FRAME: u64 = 9;

/// Tokens less where instructions stand before the tools.
const TOOLS_AFTER_SYSTEM: u64 = 4;

/// Tokens that frame the choice of one tool.
const CHOICE_FRAME: u64 = 7;

/// Tokens of an image whose size is not known: OpenAI's high detail, the base and one tile of 512 by 512.
const IMAGE: u64 = 255;

/// Bytes of data, such as a document's, that one token stands for.
const BYTES_PER_TOKEN: u64 = 4;

/// The tokens that a request reads. Takes time in proportion to the request's length, and some tens of milliseconds more
/// the first time: not for the way of requests that are waited for.
pub fn tokens(request: &ChatRequest, encoding: Option<Encoding>) -> TokenCount {
    let counter = Counter { encoding };
    let tokenizer = if encoding.is_some() { EXACT } else { ESTIMATE };
    TokenCount { input_tokens: counter.request(request), tokenizer: Cow::Borrowed(tokenizer) }
}

/// The tokens of the request's words alone, without what frames messages: of a prompt that is no conversation.
pub fn words(request: &ChatRequest, encoding: Option<Encoding>) -> TokenCount {
    let counter = Counter { encoding };
    let tokenizer = if encoding.is_some() { EXACT } else { ESTIMATE };
    let input_tokens = request.messages.iter().map(|message| counter.content(message)).sum();
    TokenCount { input_tokens, tokenizer: Cow::Borrowed(tokenizer) }
}

#[derive(Clone, Copy)]
struct Counter {
    encoding: Option<Encoding>,
}

impl Counter {
    fn text(self, text: &str) -> u64 {
        let count = self.encoding.map_or_else(|| estimate(text), |encoding| encoding.count(text));
        count as u64
    }

    fn request(self, request: &ChatRequest) -> u64 {
        let messages: u64 = request.messages.iter().map(|message| self.message(message)).sum();
        let tools = self.tools(request);
        let instructs = request.messages.iter().any(|message| message.role == Role::System);
        let shared = if tools > 0 && instructs { TOOLS_AFTER_SYSTEM } else { 0 };
        (FRAME + messages + tools + self.choice(request)).saturating_sub(shared)
    }

    fn message(self, message: &Message) -> u64 {
        let mut tokens = FRAME + self.text(message.role.as_str());
        if let Some(name) = message.name.get() {
            tokens += 1 + self.text(name);
        }
        tokens += self.content(message);
        for call in message.tool_calls.as_deref().unwrap_or_default() {
            let function = call.function.get();
            let custom = call.custom.get();
            let texts = [
                function.and_then(|function| function.name.as_deref()),
                function.and_then(|function| function.arguments.as_deref()),
                custom.and_then(|custom| custom.name.as_deref()),
                custom.and_then(|custom| custom.input.as_deref()),
            ];
            tokens += FRAME + texts.into_iter().flatten().map(|text| self.text(text)).sum::<u64>();
        }
        for block in message.thinking_blocks.as_deref().unwrap_or_default() {
            tokens += block.thinking.as_deref().map_or(0, |thinking| self.text(thinking));
        }
        tokens
    }

    fn content(self, message: &Message) -> u64 {
        match message.content.get() {
            Some(MessageContent::Text(text)) => self.text(text),
            Some(MessageContent::Parts(parts)) => parts.iter().map(|part| self.part(part)).sum(),
            None => 0,
        }
    }

    fn part(self, part: &ContentPart) -> u64 {
        match part {
            ContentPart::Text(part) => self.text(&part.text),
            ContentPart::Refusal(part) => self.text(&part.refusal),
            ContentPart::ImageUrl(_) => IMAGE,
            part => written(part).div_ceil(BYTES_PER_TOKEN),
        }
    }

    fn tools(self, request: &ChatRequest) -> u64 {
        let tools = request.tools.as_deref().unwrap_or_default();
        let functions = tools.iter().filter_map(|tool| match tool {
            Tool::Function(tool) => Some(&tool.function),
            Tool::Custom(_) | Tool::Unknown(_) => None,
        });
        let defined = definitions::write(functions);
        let mut tokens = if defined.is_empty() { 0 } else { TOOLS_FRAME + self.text(&defined) };
        for tool in tools.iter().filter(|tool| !matches!(tool, Tool::Function(_))) {
            tokens += self.text(&serde_json::to_string(tool).unwrap_or_default());
        }
        tokens
    }

    fn choice(self, request: &ChatRequest) -> u64 {
        match request.tool_choice.get() {
            Some(ToolChoice::Mode(ToolChoiceMode::None)) => 1,
            Some(ToolChoice::Function(choice)) => CHOICE_FRAME + self.text(&choice.function.name),
            _ => 0,
        }
    }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn count(model: &str, body: Value) -> (u64, Cow<'static, str>) {
        let request: ChatRequest = llm_types::from_value(body).unwrap();
        let count = tokens(&request, Encoding::of_model(model));
        (count.input_tokens, count.tokenizer)
    }

    /// The example of OpenAI's Cookbook, whose numbers are those that the API itself told.
    #[test]
    fn the_cookbooks_example() {
        let system = |name: &str, content: &str| json!({"role": "system", "name": name, "content": content});
        let messages = json!([
            {"role": "system", "content": "You are a helpful, pattern-following assistant that translates corporate jargon into plain English."},
            system("example_user", "New synergies will help drive top-line growth."),
            system("example_assistant", "Things working well together will increase revenue."),
            system("example_user", "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage."),
            system("example_assistant", "Let's talk later when we're less busy about how to do better."),
            {"role": "user", "content": "This late pivot means we don't have time to boil the ocean for the client deliverable."},
        ]);
        let of = |model: &str| count(model, json!({"model": "m", "messages": messages}));
        for (model, expected) in [
            ("gpt-3.5-turbo", 129),
            ("gpt-4-0613", 129),
            ("gpt-4", 129),
            ("gpt-4o", 124),
            ("gpt-4o-mini", 124),
        ] {
            assert_eq!(of(model), (expected, EXACT.into()), "{model}");
        }
        assert_eq!(of("llama-3"), (124, ESTIMATE.into()));
    }

    /// The example of OpenAI's Cookbook for tools.
    #[test]
    fn the_cookbooks_tools() {
        let body = json!({
            "model": "m",
            "messages": [
                {"role": "system", "content": "You are a helpful assistant that can answer to questions about the weather."},
                {"role": "user", "content": "What's the weather like in San Francisco?"},
            ],
            "tools": [{"type": "function", "function": {
                "name": "get_current_weather",
                "description": "Get the current weather in a given location",
                "parameters": {"type": "object", "properties": {
                    "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
                    "unit": {"type": "string", "description": "The unit of temperature to return", "enum": ["celsius", "fahrenheit"]},
                }, "required": ["location"]},
            }}],
        });
        // 105 and 101 is what the API told.
        for (model, told) in [("gpt-4", 105), ("gpt-4o", 101)] {
            let (counted, _) = count(model, body.clone());
            assert!(counted.abs_diff(told) <= 4, "{model}: {counted} for {told}");
        }
    }

    #[test]
    fn what_is_no_text_is_estimated() {
        let of = |part: Value| {
            count("gpt-4o", json!({"model": "m", "messages": [{"role": "user", "content": [part]}]})).0
        };
        let nothing = of(json!({"type": "text", "text": ""}));
        assert_eq!(nothing, 3 + 3 + 1);
        assert_eq!(of(json!({"type": "image_url", "image_url": {"url": "https://x"}})), nothing + IMAGE);
        assert!(
            of(json!({"type": "input_audio", "input_audio": {"data": "A".repeat(400), "format": "wav"}}))
                > nothing + 100
        );
        let call = json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]}]});
        assert!(count("gpt-4o", call).0 > nothing + 5);
    }
}
