//! Addresses.
//!
//! Source: NVIDIA Triton Inference Server, "Generate extension" and "HTTP/REST and GRPC protocol"
//! (docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol), read 2026-11.

use http::Uri;
use llm_provider_core::{Call, EncodeError};
use llm_provider_envelope::address;
use llm_provider_openai::{AnswerOptions, DoneMarker, OutputLimit, RequestOptions, WireOptions};

/// What stands inside the envelope.
pub(crate) fn wire() -> WireOptions {
    WireOptions {
        base_url: String::new(),
        request: RequestOptions {
            limit: OutputLimit::MaxTokens,
            developer_role: false,
            stream_usage: false,
            top_k: true,
            ..RequestOptions::default()
        },
        answer: AnswerOptions { think_tags: true, done: DoneMarker::Optional, ..AnswerOptions::default() },
        ..WireOptions::default()
    }
}

/// How a model is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// A text in, a text out.
    Generate,
    /// Tensors in, tensors out.
    Infer,
}

impl Method {
    /// As the address ends; a text where it does not say.
    pub(crate) fn of(call: &Call<'_>) -> Self {
        let base = call.base_url.unwrap_or_default();
        let path = base.split('?').next().unwrap_or_default().trim_end_matches('/');
        if path.ends_with("/infer") { Self::Infer } else { Self::Generate }
    }
}

/// The address of a method: what the deployment says, without the method if it names one, or the model's own.
pub(crate) fn method_address(call: &Call<'_>, method: &str) -> Result<Uri, EncodeError> {
    let base = call.base_url_or("");
    let (path, query) =
        base.split_once('?').map_or((base, String::new()), |(path, query)| (path, format!("?{query}")));
    let path = path.trim_end_matches('/');
    let root = ["/generate_stream", "/generate", "/infer"].into_iter().find_map(|end| path.strip_suffix(end));
    if let Some(root) = root {
        return address(&format!("{root}{query}"), method);
    }
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    if call.model.is_empty()
        || !call.model.chars().all(is_safe)
        || call.model.split('/').any(|part| part == "..")
    {
        return Err(EncodeError::invalid("model", format!("`{}` cannot be part of an address", call.model)));
    }
    let root = path.strip_suffix("/v2").unwrap_or(path);
    // A model's name may go on with its version: `model/versions/2`.
    address(&format!("{root}{query}"), &format!("/v2/models/{}{method}", call.model))
}
