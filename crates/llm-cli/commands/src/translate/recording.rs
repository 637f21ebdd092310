//! Recorded exchanges: one JSON file each, in the format of `docs/recordings.md`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use llm_provider_core::{Dialect, Framing};
use serde::Deserialize;
use serde_json::Value;

/// One recorded exchange with a vendor.
#[derive(Debug, Deserialize)]
pub(crate) struct Recording {
    /// The file it came from.
    #[serde(skip)]
    pub(crate) file: PathBuf,
    /// The vendor's name.
    pub(crate) provider: String,
    /// What was sent.
    pub(crate) request: RecordedRequest,
    /// What came back.
    pub(crate) response: RecordedResponse,
}

/// What the path of an exchange says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// What is spoken.
    pub(crate) dialect: Dialect,
    /// The model, where the path names it.
    pub(crate) model: Option<String>,
    /// Whether to stream, where the path says so.
    pub(crate) stream: Option<bool>,
}

/// What was sent.
#[derive(Debug, Deserialize)]
pub(crate) struct RecordedRequest {
    /// `POST` if it is not given.
    #[serde(default)]
    pub(crate) method: Option<String>,
    /// The path, without a host.
    pub(crate) path: String,
    /// The body.
    pub(crate) body: Value,
}

/// What came back. Exactly one of the bodies is given.
#[derive(Debug, Deserialize)]
pub(crate) struct RecordedResponse {
    /// The status.
    pub(crate) status: u16,
    /// The content type.
    #[serde(default)]
    pub(crate) content_type: String,
    /// A body that is JSON.
    #[serde(default)]
    pub(crate) body: Option<Value>,
    /// A body that is text, such as a stream.
    #[serde(default)]
    pub(crate) body_text: Option<String>,
    /// A body that is neither.
    #[serde(default)]
    pub body_base64: Option<String>,
}

impl Recording {
    /// The dialect of the exchange, and what its path says besides; `None` for an operation that is no chat.
    pub(crate) fn address(&self) -> Option<Address> {
        let path = self.request.path.split('?').next().unwrap_or_default().trim_end_matches('/');
        let is_post = self.request.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case("post"));
        if !is_post {
            return None;
        }
        let in_body = |dialect| Some(Address { dialect, model: None, stream: None });
        let in_path = |dialect, stream| {
            let (_, rest) = path.rsplit_once("/models/").or_else(|| path.rsplit_once("/model/"))?;
            let model = rest.rsplit_once([':', '/']).map_or(rest, |(model, _)| model);
            Some(Address { dialect, model: Some(model.replace("%3A", ":")), stream: Some(stream) })
        };
        let ends = |ends: &[&str]| ends.iter().any(|end| path.ends_with(end));
        if ends(&["/chat/completions"]) {
            in_body(Dialect::OpenAiChat)
        } else if ends(&["/messages"]) {
            in_body(Dialect::AnthropicMessages)
        } else if ends(&["/responses"]) {
            in_body(Dialect::OpenAiResponses)
        } else if ends(&["/v2/chat"]) {
            in_body(Dialect::CohereChat)
        } else if ends(&["/api/chat"]) {
            in_body(Dialect::OllamaChat)
        } else if ends(&["/api/generate"]) {
            in_body(Dialect::OllamaGenerate)
        } else if ends(&[":generateContent"]) {
            in_path(Dialect::Gemini, false)
        } else if ends(&[":streamGenerateContent"]) {
            in_path(Dialect::Gemini, true)
        } else if ends(&["/converse"]) {
            in_path(Dialect::BedrockConverse, false)
        } else if ends(&["/converse-stream"]) {
            in_path(Dialect::BedrockConverse, true)
        } else {
            None
        }
    }

    /// How the answer is cut into frames, if it is a stream.
    pub(crate) fn framing(&self) -> Option<Framing> {
        let kind = self.response.content_type.as_str();
        let is = |prefix: &str| kind.starts_with(prefix);
        if is("text/event-stream") {
            Some(Framing::Sse)
        } else if is("application/x-ndjson") || is("application/jsonl") {
            Some(Framing::Lines)
        } else if is("application/vnd.amazon.eventstream") {
            Some(Framing::EventStream)
        } else {
            None
        }
    }

    /// The body of the answer.
    pub(crate) fn answer(&self) -> anyhow::Result<Vec<u8>> {
        let RecordedResponse { body, body_text, body_base64, .. } = &self.response;
        match (body, body_text, body_base64) {
            (Some(json), None, None) => Ok(json.to_string().into_bytes()),
            (None, Some(text), None) => Ok(text.clone().into_bytes()),
            (None, None, Some(text)) => STANDARD.decode(text).context("response.body_base64"),
            _ => bail!("response: exactly one of body, body_text and body_base64 must be given"),
        }
    }
}

/// Reads every `.json` file of a folder, in the order of their names.
pub(crate) fn read_all(dir: &Path) -> anyhow::Result<Vec<Recording>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .with_context(|| format!("cannot read {}", dir.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let read = |file: PathBuf| -> anyhow::Result<Recording> {
        let text = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let recording: Recording = llm_types::from_slice(&text)
            .with_context(|| format!("{} is no recorded exchange", file.display()))?;
        Ok(Recording { file, ..recording })
    };
    files.into_iter().map(read).collect()
}
