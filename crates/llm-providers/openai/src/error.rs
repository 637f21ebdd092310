//! Vendors' errors in all the forms they take, sorted into kinds.
//!
//! Source: OpenAI API docs, "Error codes" (platform.openai.com/docs/guides/error-codes), and the error pages
//! of the compatible vendors, read 2026-11.

use bytes::Bytes;
use http::{HeaderMap, Response};
use llm_provider_core::{UpstreamError, header_text, retry_after_ms, triage};
use llm_types::{ErrorKind, Extra};
use serde_json::Value;

/// Most characters of a body that is no JSON, in a message.
const MESSAGE_CHARS: usize = 500;

/// Codes and types whose kind the status does not tell: some vendors answer 400 to everything.
const NAMED: &[(&str, ErrorKind)] = &[
    ("model_not_found", ErrorKind::NotFound),
    ("invalid_model", ErrorKind::NotFound),
    ("invalid_api_key", ErrorKind::Authentication),
    ("incorrect_api_key", ErrorKind::Authentication),
    ("authentication_error", ErrorKind::Authentication),
    ("permission_error", ErrorKind::PermissionDenied),
    ("rate_limit_exceeded", ErrorKind::RateLimit),
    ("rate_limit_error", ErrorKind::RateLimit),
    ("insufficient_quota", ErrorKind::QuotaExceeded),
    ("overloaded_error", ErrorKind::Unavailable),
    ("server_overloaded", ErrorKind::Unavailable),
];

/// A body without the byte-order mark that some servers put before their JSON.
pub(crate) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// Reads an answer that is a failure, whatever its status says.
pub(crate) fn read(response: &Response<&[u8]>, codes: &[(String, ErrorKind)]) -> UpstreamError {
    let body = without_mark(response.body());
    let said = match serde_json::from_slice::<Value>(body) {
        Ok(value) => Said::in_json(&value),
        Err(_) => Said { message: plain(body), ..Said::default() },
    };
    let status = response.status();
    // A status of success tells nothing here; one in the body may.
    let status = if status.is_success() { said.status } else { Some(status.as_u16()) };
    UpstreamError {
        retry_after_ms: retry_after_ms(response.headers()).or(said.retry_after_ms),
        request_id: request_id(response.headers()),
        body: Bytes::copy_from_slice(body),
        ..said.sorted(status, codes)
    }
}

/// Reads a failure in mid-stream.
pub(crate) fn in_stream(value: &Value, frame: &[u8], codes: &[(String, ErrorKind)]) -> UpstreamError {
    let said = Said::in_json(value);
    let status = said.status;
    UpstreamError {
        retry_after_ms: said.retry_after_ms,
        body: Bytes::copy_from_slice(frame),
        ..said.sorted(status, codes)
    }
}

/// Members that hold a failure's words where nothing stands under `error`.
const WORDS: &[&str] =
    &["message", "msg", "detail", "errors", "error_msg", "error_message", "error_code", "status_msg"];

/// Whether an answer that has choices may be a failure all the same.
pub(crate) fn is_suspect(extra: &Extra) -> bool {
    extra.get("error").is_some_and(|error| !error.is_null()) || base_resp(extra.get("base_resp")).is_some()
}

/// Whether a JSON text is a failure and no answer.
pub(crate) fn is_error(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.first().is_some_and(is_error),
        Value::Object(members) => {
            is_suspect(members)
                || !members.contains_key("choices")
                    && (members.get("object").is_some_and(|object| object == "error")
                        || members.get("success").is_some_and(|success| success == false)
                        || WORDS.iter().any(|name| members.contains_key(*name)))
        }
        _ => false,
    }
}

/// `{"status_code": 1004, "status_msg": …}` with a code that is not 0.
fn base_resp(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| value["status_code"].as_i64().is_some_and(|code| code != 0))
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "request-id"].into_iter().find_map(|name| header_text(headers, name)).map(str::to_owned)
}

/// Members of an error that every client knows.
const OWN: &[&str] = &["message", "type", "param", "code"];

/// What a vendor said.
#[derive(Debug, Default)]
struct Said {
    message: String,
    kind: Option<String>,
    code: Option<String>,
    param: Option<String>,
    /// A status inside the body.
    status: Option<u16>,
    retry_after_ms: Option<u64>,
    /// Further words that may tell the kind.
    hint: Option<String>,
    /// The further members of the error.
    details: Extra,
}

impl Said {
    fn in_json(value: &Value) -> Self {
        let mut said = Self::default();
        said.look(value);
        if let Some(error) = value.get("error").and_then(Value::as_object) {
            let rest = error.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
            said.details = rest.map(|(name, value)| (name.clone(), value.clone())).collect();
        }
        if said.message.is_empty() {
            said.message = match value {
                Value::Null => "the vendor gave no reason".to_owned(),
                other => cut(&other.to_string()),
            };
        }
        said
    }

    /// Looks for an error at every place where vendors put one; the outermost word counts.
    fn look(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.say(text),
            Value::Array(items) => self.list(items),
            Value::Object(members) => self.object(members),
            _ => {}
        }
    }

    fn object(&mut self, members: &Extra) {
        let text = |name: &str| match members.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        for name in ["error", "errors", "detail"] {
            if let Some(inner) = members.get(name) {
                self.look(inner);
            }
        }
        for name in ["message", "msg", "error_msg", "error_message", "status_msg"] {
            if let Some(inner) = members.get(name) {
                self.look(inner);
            }
        }
        if let Some(inner) = base_resp(members.get("base_resp")) {
            self.look(inner);
        }
        fill(&mut self.code, text("code").or_else(|| text("error_code")).or_else(|| text("status_code")));
        fill(&mut self.kind, text("type").or_else(|| text("error_type")));
        fill(&mut self.param, text("param"));
        for name in ["status", "code", "raw_status_code", "status_code", "statusCode"] {
            let number = members.get(name).and_then(|value| match value {
                Value::String(text) => text.parse().ok(),
                other => other.as_u64(),
            });
            self.status =
                self.status.or(number.and_then(|n| u16::try_from(n).ok()).filter(|n| (400..600).contains(n)));
        }
        for name in ["innererror", "inner_error", "metadata"] {
            if let Some(inner) = members.get(name) {
                fill(&mut self.hint, inner.get("code").or_else(|| inner.get("raw")).map(Value::to_string));
            }
        }
        let seconds = members.get("retry_after").and_then(Value::as_f64).filter(|seconds| *seconds >= 0.0);
        self.retry_after_ms = self.retry_after_ms.or(seconds.map(|seconds| (seconds * 1000.0) as u64));
    }

    /// A list of faults: of a validator (`loc`, `msg`), or of codes and messages.
    fn list(&mut self, items: &[Value]) {
        for item in items {
            let before = self.message.len();
            if let Some(place) = item["loc"].as_array() {
                let place: Vec<_> =
                    place.iter().map(|part| part.as_str().map_or(part.to_string(), str::to_owned)).collect();
                let said = item["msg"].as_str().unwrap_or("is wrong");
                let separator = if before > 0 { "; " } else { "" };
                self.message += &format!("{separator}{}: {said}", place.join("."));
                fill(&mut self.param, Some(place.join(".")));
            } else {
                self.look(item);
            }
        }
    }

    fn say(&mut self, text: &str) {
        if self.message.is_empty() {
            text.trim().clone_into(&mut self.message);
        }
    }

    /// Sorted by what was said and by the status, if there is one; else the kind gives the status.
    fn sorted(self, status: Option<u16>, codes: &[(String, ErrorKind)]) -> UpstreamError {
        let is_it = |code: &String| {
            self.code.as_ref() == Some(code) || status.is_some_and(|status| *code == status.to_string())
        };
        let by_row = codes.iter().find(|(code, _)| is_it(code)).map(|(_, kind)| *kind);
        let kind = by_row.unwrap_or_else(|| self.triage(status.unwrap_or(500)));
        let status = status.unwrap_or_else(|| kind.status());
        UpstreamError {
            code: self.code,
            vendor_type: self.kind,
            param: self.param,
            details: (!self.details.is_empty()).then(|| Box::new(self.details)),
            ..UpstreamError::new(kind, status, self.message)
        }
    }

    fn triage(&self, status: u16) -> ErrorKind {
        let named = |word: &Option<String>| {
            let word = word.as_deref()?;
            NAMED.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind)
        };
        // Statuses that vendors give to all sorts of failures.
        if matches!(status, 400 | 500) {
            if let Some(kind) = named(&self.code).or_else(|| named(&self.kind)) {
                return kind;
            }
            if self.message.to_lowercase().contains("incorrect api key") {
                return ErrorKind::Authentication;
            }
        }
        triage(
            status,
            &[self.code.as_deref(), self.kind.as_deref(), Some(&*self.message), self.hint.as_deref()],
        )
    }
}

fn fill(slot: &mut Option<String>, value: Option<String>) {
    if slot.is_none() {
        *slot = value;
    }
}

/// A body that is no JSON: a page's title, or its first words.
fn plain(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return "the vendor gave no reason".to_owned();
    }
    if text.starts_with('<') {
        let lower = text.to_ascii_lowercase();
        let title = lower.find("<title>").zip(lower.find("</title>"));
        if let Some(title) = title.and_then(|(start, end)| text.get(start + "<title>".len()..end)) {
            return cut(title.trim());
        }
        return "the vendor answered with a page instead of JSON".to_owned();
    }
    cut(text)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Reads a refusal in any of the forms that vendors on this wire use.
pub fn read_error(response: &Response<&[u8]>, options: &crate::WireOptions) -> UpstreamError {
    read(response, &options.answer.error_codes)
}

#[cfg(test)]
mod tests;
