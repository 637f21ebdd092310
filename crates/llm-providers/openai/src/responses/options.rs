//! [`ResponsesOptions`]: in what a vendor's Responses API differs from OpenAI's own.

use crate::WireOptions;

/// One vendor's Responses API. The default is OpenAI itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponsesOptions {
    /// Address, credential and headers; `/responses` is added to the address.
    pub wire: WireOptions,
    /// The vendor's name. Encrypted thinking goes back to the vendor of the same name and to no other.
    pub vendor: String,
    /// Whether to ask for encrypted thinking where the vendor keeps nothing.
    pub encrypted_thinking: EncryptedThinking,
}

impl Default for ResponsesOptions {
    fn default() -> Self {
        Self {
            wire: WireOptions::default(),
            vendor: "openai".to_owned(),
            encrypted_thinking: EncryptedThinking::ByModel,
        }
    }
}

/// Whether to ask for encrypted thinking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EncryptedThinking {
    /// Of OpenAI's models that think; others answer such a request with an error.
    ///
    /// Source: OpenAI API docs, "Reasoning models", section "Encrypted reasoning items", read 2026-11.
    #[default]
    ByModel,
    /// Of every model.
    Always,
    /// Only if the request asks for it.
    Never,
}
