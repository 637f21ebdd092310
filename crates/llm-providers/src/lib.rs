#![doc = include_str!("../README.md")]

#[cfg(feature = "client")]
mod client;
mod registry;

pub use llm_provider_core as core;
pub use llm_types as types;

#[cfg(feature = "agents")]
pub use llm_provider_agents as agents;
#[cfg(feature = "anthropic")]
pub use llm_provider_anthropic as anthropic;
#[cfg(feature = "azure")]
pub use llm_provider_azure as azure;
#[cfg(feature = "bedrock")]
pub use llm_provider_bedrock as bedrock;
#[cfg(feature = "cohere")]
pub use llm_provider_cohere as cohere;
#[cfg(feature = "databricks")]
pub use llm_provider_databricks as databricks;
#[cfg(feature = "gemini")]
pub use llm_provider_gemini as gemini;
#[cfg(feature = "gigachat")]
pub use llm_provider_gigachat as gigachat;
#[cfg(feature = "github-copilot")]
pub use llm_provider_github_copilot as github_copilot;
#[cfg(feature = "huggingface")]
pub use llm_provider_huggingface as huggingface;
#[cfg(feature = "jina")]
pub use llm_provider_jina as jina;
#[cfg(feature = "mistral")]
pub use llm_provider_mistral as mistral;
#[cfg(feature = "mock")]
pub use llm_provider_mock as mock;
#[cfg(feature = "nlp-cloud")]
pub use llm_provider_nlp_cloud as nlp_cloud;
#[cfg(feature = "nomic")]
pub use llm_provider_nomic as nomic;
#[cfg(feature = "nvidia-nim")]
pub use llm_provider_nvidia_nim as nvidia_nim;
#[cfg(feature = "oci")]
pub use llm_provider_oci as oci;
#[cfg(feature = "ollama")]
pub use llm_provider_ollama as ollama;
#[cfg(feature = "openai")]
pub use llm_provider_openai as openai;
#[cfg(feature = "openai-compat")]
pub use llm_provider_openai_compat as openai_compat;
#[cfg(feature = "perplexity")]
pub use llm_provider_perplexity as perplexity;
#[cfg(feature = "predibase")]
pub use llm_provider_predibase as predibase;
#[cfg(feature = "replicate")]
pub use llm_provider_replicate as replicate;
#[cfg(feature = "sagemaker")]
pub use llm_provider_sagemaker as sagemaker;
#[cfg(feature = "sap")]
pub use llm_provider_sap as sap;
#[cfg(feature = "snowflake")]
pub use llm_provider_snowflake as snowflake;
#[cfg(feature = "triton")]
pub use llm_provider_triton as triton;
#[cfg(feature = "vertex")]
pub use llm_provider_vertex as vertex;
#[cfg(feature = "voyage")]
pub use llm_provider_voyage as voyage;
#[cfg(feature = "watsonx")]
pub use llm_provider_watsonx as watsonx;
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
