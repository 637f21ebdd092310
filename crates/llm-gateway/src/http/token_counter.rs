//! `POST /utils/token_counter`: LiteLLM's way of asking for a number of tokens.
//!
//! Source: LiteLLM proxy documentation, "Token counting", read 2026-11.

use llm_provider_core::{CountTokens, Incoming, IngressError, Outgoing, Reply, TokenCount, WholeIngress};
use llm_types::{ChatRequest, Message};
use serde_json::{Value, json};

/// Reads `prompt` or `messages`, and tells the number in LiteLLM's words.
#[derive(Debug, Clone, Copy)]
pub struct TokenCounter;

impl WholeIngress<CountTokens> for TokenCounter {
    fn read(&self, body: &[u8]) -> Result<Incoming, IngressError> {
        let mut asked: Value = llm_types::from_slice(body)?;
        let prompt = asked.as_object_mut().and_then(|members| members.shift_remove("prompt"));
        let texts = match prompt {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(vec![text]),
            Some(list) => {
                let at = |error: llm_types::ParseError| IngressError {
                    path: format!("prompt{}", error.path),
                    message: error.message,
                };
                Some(llm_types::from_value::<Vec<String>>(list).map_err(at)?)
            }
        };
        if let Some(texts) = texts {
            let messages: Vec<Message> = texts.into_iter().map(Message::user).collect();
            asked["messages"] = serde_json::to_value(messages).unwrap_or_default();
        }
        let request: ChatRequest = llm_types::from_value(asked)?;
        Ok(Incoming { request, notes: Vec::new() })
    }

    fn write(&self, _request: &ChatRequest, count: &TokenCount, reply: &Reply) -> Outgoing {
        let body = json!({
            "total_tokens": count.input_tokens,
            "request_model": reply.model,
            "model_used": reply.model,
            "tokenizer_type": count.tokenizer,
        });
        Outgoing { body: body.to_string().into(), notes: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_and_messages_are_read() {
        let read = |body: &Value| TokenCounter.read(body.to_string().as_bytes());
        let one = read(&json!({"model": "m", "prompt": "hi"})).unwrap().request;
        let many = read(&json!({"model": "m", "prompt": ["hi", "there"]})).unwrap().request;
        let chat =
            read(&json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]})).unwrap().request;
        assert_eq!((one.messages.len(), many.messages.len(), one.messages == chat.messages), (1, 2, true));
        assert_eq!(read(&json!({"model": "m", "prompt": [1]})).unwrap_err().path, "prompt[0]");
        assert!(read(&json!({"model": "m"})).is_err(), "something has to be counted");
    }
}
