//! [`SigV4`]: Amazon's signature over a request. The time is an argument, so the same request is always signed alike.
//!
//! Source: AWS IAM User Guide, "Create a signed AWS API request" and "Signature Version 4 signing elements"
//! (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html), read 2026-11.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use http::{Uri, request};
use llm_types::UnixMs;
use sha2::{Digest as _, Sha256};

use crate::{AwsKeys, EncodeError};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Headers that are not signed: somebody on the way may change them.
const UNSIGNED: &[&str] = &[
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "expect",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
];

/// What a request to one of Amazon's services is signed with.
#[derive(Debug, Clone, Copy)]
pub struct SigV4<'a> {
    /// The keys.
    pub keys: &'a AwsKeys,
    /// The region, such as `us-east-1`.
    pub region: &'a str,
    /// The service's name for signing, such as `bedrock`.
    pub service: &'a str,
    /// Now. Amazon takes a signature for some minutes.
    pub now: UnixMs,
}

impl SigV4<'_> {
    /// Adds `x-amz-date`, `x-amz-security-token` where the keys have one, and `authorization` over everything else: sign
    /// last. The path is taken to be encoded once, as it is sent; the signature is over its second encoding.
    ///
    /// # Errors
    /// [`EncodeError::Setup`] if the address has no host, or a key holds what a header cannot.
    pub fn sign(&self, parts: &mut request::Parts, body: &[u8]) -> Result<(), EncodeError> {
        let time = amz_date(self.now);
        parts.headers.insert(DATE, text(&time)?);
        if let Some(token) = &self.keys.session_token {
            let mut value = text(token.expose())?;
            value.set_sensitive(true);
            parts.headers.insert(TOKEN, value);
        }
        let (canonical, signed) = canonical_request(parts, body)?;
        let date = time.split('T').next().unwrap_or_default();
        let scope = format!("{date}/{}/{}/aws4_request", self.region, self.service);
        let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
        let signature = hex(&hmac(&self.signing_key(date)?, to_sign.as_bytes())?);
        let mut authorization = text(&format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={signed}, Signature={signature}",
            self.keys.access_key_id
        ))?;
        authorization.set_sensitive(true);
        parts.headers.insert(AUTHORIZATION, authorization);
        Ok(())
    }

    /// A text as one step of a path, or as a value in a query or a form: everything but letters, digits and `-._~` is
    /// percent-encoded, slashes and colons too.
    pub fn percent_encode(text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 8);
        encode_step(text, &mut out);
        out
    }

    fn signing_key(&self, date: &str) -> Result<[u8; 32], EncodeError> {
        let secret = format!("AWS4{}", self.keys.secret_access_key.expose());
        let key = hmac(secret.as_bytes(), date.as_bytes())?;
        let key = hmac(&key, self.region.as_bytes())?;
        let key = hmac(&key, self.service.as_bytes())?;
        hmac(&key, b"aws4_request")
    }
}

/// The request as Amazon writes it before signing, and the names of the headers in it.
fn canonical_request(parts: &request::Parts, body: &[u8]) -> Result<(String, String), EncodeError> {
    let mut headers: Vec<(&str, String)> = Vec::with_capacity(parts.headers.len() + 1);
    if !parts.headers.contains_key(HOST) {
        headers.push((HOST.as_str(), host(&parts.uri)?));
    }
    for name in parts.headers.keys().filter(|name| !UNSIGNED.contains(&name.as_str())) {
        let values = parts.headers.get_all(name).iter().map(|value| {
            let value = String::from_utf8_lossy(value.as_bytes());
            value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
        });
        headers.push((name.as_str(), values.collect::<Vec<_>>().join(",")));
    }
    headers.sort_unstable();
    let signed = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let mut canonical = format!("{}\n{}\n{}\n", parts.method, path(parts.uri.path()), query(&parts.uri));
    for (name, value) in headers {
        canonical.push_str(name);
        canonical.push(':');
        canonical.push_str(&value);
        canonical.push('\n');
    }
    canonical.push('\n');
    canonical.push_str(&signed);
    canonical.push('\n');
    canonical.push_str(&hex(&Sha256::digest(body)));
    Ok((canonical, signed))
}

/// The host as the header will say it: without a port that goes without saying.
fn host(uri: &Uri) -> Result<String, EncodeError> {
    let host = uri.host().ok_or_else(|| EncodeError::Setup(format!("`{uri}` has no host to sign for")))?;
    let is_usual =
        matches!((uri.scheme_str(), uri.port_u16()), (Some("https"), Some(443)) | (Some("http"), Some(80)));
    Ok(match uri.port() {
        Some(port) if !is_usual => format!("{host}:{port}"),
        _ => host.to_owned(),
    })
}

/// The path without empty and dotted steps, encoded once more.
fn path(path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    let mut out = String::with_capacity(path.len() + 16);
    for step in &steps {
        out.push('/');
        encode_step(step, &mut out);
    }
    if path.ends_with('/') || steps.is_empty() {
        out.push('/');
    }
    out
}

/// The query's members in order; each is encoded already.
fn query(uri: &Uri) -> String {
    let mut members: Vec<(&str, &str)> = uri
        .query()
        .into_iter()
        .flat_map(|query| query.split('&'))
        .filter(|member| !member.is_empty())
        .map(|member| member.split_once('=').unwrap_or((member, "")))
        .collect();
    members.sort_unstable();
    let members: Vec<_> = members.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    members.join("&")
}

/// Writes one step of a path: everything but letters, digits and `-._~` percent-encoded.
fn encode_step(step: &str, out: &mut String) {
    for byte in step.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            _ => {
                out.push('%');
                push_hex(byte, b"0123456789ABCDEF", out);
            }
        }
    }
}

fn text(text: &str) -> Result<HeaderValue, EncodeError> {
    HeaderValue::from_str(text).map_err(|_| EncodeError::Setup("a key holds what a header cannot".to_owned()))
}

fn hmac(key: &[u8], data: &[u8]) -> Result<[u8; 32], EncodeError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .map_err(|_| EncodeError::Setup("a key is of a length that cannot sign".to_owned()))?;
    mac.update(data);
    Ok(mac.finalize().into_bytes().into())
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for &byte in bytes {
        push_hex(byte, b"0123456789abcdef", &mut out);
    }
    out
}

fn push_hex(byte: u8, digits: &[u8; 16], out: &mut String) {
    out.push(digits[usize::from(byte >> 4)].into());
    out.push(digits[usize::from(byte & 15)].into());
}

/// The instant as `20150830T123600Z`.
fn amz_date(now: UnixMs) -> String {
    let rest = now.seconds().rem_euclid(86_400);
    let (year, month, day) = now.date();
    let mut out = String::with_capacity(16);
    // Writing into a string cannot fail.
    let _ =
        write!(out, "{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", rest / 3600, rest / 60 % 60, rest % 60);
    out
}

#[cfg(test)]
mod tests;
