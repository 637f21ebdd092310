#![doc = include_str!("../README.md")]

#[cfg(feature = "client")]
mod client;
mod registry;

pub use llm_provider_core as core;
pub use llm_types as types;

#[cfg(feature = "anthropic")]
pub use llm_provider_anthropic as anthropic;
#[cfg(feature = "gemini")]
pub use llm_provider_gemini as gemini;
#[cfg(feature = "mock")]
pub use llm_provider_mock as mock;
#[cfg(feature = "openai")]
pub use llm_provider_openai as openai;
#[cfg(feature = "openai-compat")]
pub use llm_provider_openai_compat as openai_compat;
#[cfg(feature = "client")]
pub use llm_transport as transport;

#[cfg(feature = "client")]
pub use client::{Account, ChatStream, Client, ClientBuilder, ClientError};
#[cfg(any(feature = "openai", feature = "anthropic"))]
pub use registry::ingress;
pub use registry::{
    EmbeddingForm, address, bare_name_vendor, count_ingress, embedding_ingress, find, parameters, providers,
    rerank_ingress,
};
