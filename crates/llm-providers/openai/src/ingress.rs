//! [`ChatIngress`]: clients that speak OpenAI's dialect.

mod cut;
mod numbers;
mod writer;

use bytes::Bytes;
use llm_provider_core::{ChunkWriter, Dialect, Edit, Incoming, Ingress, IngressError, Outgoing, Reply};
use llm_types::{ApiError, ChatRequest, ChatResponse, ErrorKind, Extra, Nullable, Usage, from_slice};
use serde::Serialize;
use serde_json::Value;

use crate::edited::Edited;
use writer::Writer;

/// OpenAI's dialect on the client's side. The canonical form is this dialect, so little is to be done.
#[derive(Debug, Clone, Copy, Default)]
pub struct ChatIngress;

impl Ingress for ChatIngress {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAiChat
    }

    fn read(&self, body: &[u8]) -> Result<Incoming, IngressError> {
        let mut request: ChatRequest = from_slice(body)?;
        numbers::forget(&mut request);
        Ok(Incoming { request, notes: Vec::new() })
    }

    fn write(&self, response: &ChatResponse, reply: &Reply) -> Outgoing {
        let mut edits = Vec::new();
        if is_empty(&response.id) {
            edits.push(Edit::set_text("id", &reply.request_id));
        }
        if is_empty(&response.object) {
            edits.push(Edit::set_text("object", "chat.completion"));
        }
        if !response.created.is_value() {
            edits.push(Edit::Set { name: "created".into(), json: reply.created_s.to_string() });
        }
        if is_empty(&response.model) {
            edits.push(Edit::set_text("model", &reply.model));
        }
        let mut body = Vec::with_capacity(1024);
        // A `Vec` takes every write, and the schema has only names that are strings.
        let written = Edited::write(response, None::<(&'static str, ())>, &edits, &mut body);
        debug_assert!(written.is_ok(), "an answer cannot be written: {written:?}");
        Outgoing { body: body.into(), notes: Vec::new() }
    }

    fn writer(&self, reply: &Reply) -> Box<dyn ChunkWriter> {
        Box::new(Writer::new(reply.clone()))
    }

    fn error(&self, error: &ApiError, _: &Reply) -> Bytes {
        error_body(error).into()
    }

    fn error_event(&self, error: &ApiError, _: &Reply) -> Bytes {
        [b"data: ", &*error_body(error), b"\n\n"].concat().into()
    }

    fn cut_short(&self, frames: &[Bytes], usage: &Usage, reply: &Reply) -> Bytes {
        cut::write(frames, usage, reply)
    }
}

fn is_empty(text: &Nullable<String>) -> bool {
    text.as_deref().unwrap_or_default().is_empty()
}

/// How OpenAI names each kind: its `type`, and the `code` where neither vendor nor gateway gave one; without
/// a code the status stands there, as text.
///
/// Source: OpenAI API docs, "Error codes" (platform.openai.com/docs/guides/error-codes), and the errors that
/// the official Python SDK tells apart, read 2026-11.
pub const fn error_names(kind: ErrorKind) -> (&'static str, Option<&'static str>) {
    const INVALID: &str = "invalid_request_error";
    match kind {
        ErrorKind::InvalidRequest
        | ErrorKind::MethodNotAllowed
        | ErrorKind::PayloadTooLarge
        | ErrorKind::UnsupportedMediaType
        | ErrorKind::Unprocessable => (INVALID, None),
        ErrorKind::ContextWindow => (INVALID, Some("context_length_exceeded")),
        ErrorKind::ContentPolicy => (INVALID, Some("content_policy_violation")),
        ErrorKind::Unsupported => (INVALID, Some("unsupported_parameter")),
        ErrorKind::Authentication => ("authentication_error", Some("invalid_api_key")),
        ErrorKind::PaymentRequired => ("insufficient_quota", Some("billing_not_active")),
        ErrorKind::PermissionDenied => ("permission_error", None),
        ErrorKind::NotFound => ("not_found_error", None),
        ErrorKind::Timeout | ErrorKind::GatewayTimeout => ("timeout_error", None),
        ErrorKind::Conflict => ("conflict_error", None),
        ErrorKind::RateLimit => ("rate_limit_error", Some("rate_limit_exceeded")),
        ErrorKind::QuotaExceeded => ("insufficient_quota", Some("insufficient_quota")),
        ErrorKind::ClientClosed => ("client_closed_request", None),
        ErrorKind::Internal | ErrorKind::BadGateway => ("server_error", None),
        ErrorKind::Unavailable => ("service_unavailable_error", None),
        // Kinds that are newer than this table.
        _ => ("server_error", None),
    }
}

/// Whether this is a type as OpenAI writes them, such as `invalid_request_error` or `tokens`.
fn is_type(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// `{"error": {"message", "type", "param", "code"}}`, and what else the vendor's error says.
pub(crate) fn error_body(error: &ApiError) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        error: Inner<'a>,
    }
    #[derive(Serialize)]
    struct Inner<'a> {
        message: &'a str,
        r#type: &'a str,
        param: Option<&'a str>,
        code: &'a str,
        #[serde(flatten)]
        details: Option<&'a Extra>,
    }
    let (usual_type, _) = error_names(error.told_kind());
    let (_, usual) = error_names(error.kind);
    // Vendors of this family, and Anthropic, write types as OpenAI does; clients may know them.
    let own = error.vendor_type.as_deref().filter(|name| is_type(name));
    let kind = own.unwrap_or(usual_type);
    let status = error.status().to_string();
    // A vendor's bare number says less to a client than the name that it looks for.
    let named =
        error.code.as_deref().filter(|code| usual.is_none() || !code.bytes().all(|b| b.is_ascii_digit()));
    let code = named.filter(|code| !code.is_empty()).or(usual).unwrap_or(&status);
    let body = Body {
        error: Inner {
            message: &error.message,
            r#type: kind,
            param: error.param.as_deref(),
            code,
            details: error.details.as_deref(),
        },
    };
    serde_json::to_vec(&body).unwrap_or_else(|_| Value::Null.to_string().into_bytes())
}

#[cfg(test)]
mod tests;
