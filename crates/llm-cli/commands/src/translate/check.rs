//! `translate --check`: recorded exchanges replayed through the real translators. What is expected comes from the
//! recording, never from us.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use llm_provider_core::{
    Call, Credential, Decoded, Dialect, Framing, Parameters, Payload, Peek, Provider, Relay, Secret,
    UpstreamError, VendorInfo, apply,
};
use llm_types::{ApiError, Nullable};
use serde_json::Value;

use super::diff::diff;
use super::recording::{Address, Recording, read_all};
use super::replay::facts;
use super::reply;
use crate::Found;

/// What a replay found.
enum Verdict {
    Agrees,
    Differs(Vec<String>),
    Skipped(String),
}

pub(crate) fn run(dir: &Path) -> anyhow::Result<Found> {
    let mut out = std::io::stdout().lock();
    let (mut agree, mut differ, mut skipped) = (0, 0, 0);
    for recording in read_all(dir)? {
        let name = recording.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match replay(&recording).with_context(|| name.clone())? {
            Verdict::Agrees => {
                agree += 1;
                writeln!(out, "agrees   {name}")?;
            }
            Verdict::Differs(lines) => {
                differ += 1;
                writeln!(out, "differs  {name}")?;
                for line in lines {
                    writeln!(out, "         {line}")?;
                }
            }
            Verdict::Skipped(why) => {
                skipped += 1;
                writeln!(out, "skipped  {name}: {why}")?;
            }
        }
    }
    writeln!(out, "{agree} agree, {differ} differ, {skipped} skipped")?;
    Ok(if differ == 0 { Found::Well } else { Found::Unwell })
}

fn replay(recording: &Recording) -> anyhow::Result<Verdict> {
    let Some(address) = recording.address() else {
        return Ok(Verdict::Skipped(format!("{} is no chat that is translated", recording.request.path)));
    };
    let Some(provider) = llm_providers::find(&recording.provider) else {
        return Ok(Verdict::Skipped(format!("no vendor {:?}", recording.provider)));
    };
    let dialect = address.dialect;
    // Chat cannot say all that Responses can, so where both sides speak them nothing is ever translated.
    if dialect == Dialect::OpenAiResponses
        && let Some(relay) = provider.relay(dialect)
    {
        return relayed(relay, provider.info(), recording);
    }
    let mut lines = request(&provider, &address, &recording.request.body)?;
    let body = Bytes::from(recording.answer()?);
    lines.extend(match (recording.response.status, recording.framing()) {
        (status @ 400.., _) => failure(&provider, status, &body)?,
        (_, Some(framing)) => stream(&provider, dialect, framing, &body)?,
        (status, None) => answer(&provider, dialect, status, &body)?,
    });
    Ok(if lines.is_empty() { Verdict::Agrees } else { Verdict::Differs(lines) })
}

/// The recorded request, read as a client's and written as the vendor's, is the same.
fn request(provider: &Arc<dyn Provider>, address: &Address, body: &Value) -> anyhow::Result<Vec<String>> {
    let text = body.to_string();
    let mut request = match llm_providers::ingress(address.dialect).read(text.as_bytes()) {
        Ok(incoming) => incoming.request,
        Err(error) => return Ok(vec![format!("request: {error}")]),
    };
    if let Some(model) = &address.model {
        request.model.clone_from(model);
    }
    if let Some(stream) = address.stream {
        request.stream = Nullable::Value(stream);
    }
    // Addresses are not compared, but some vendors have none without an account.
    let headers = HeaderMap::new();
    let (parameters, credential) = stand_ins(provider.info());
    let call = Call {
        base_url: Some("https://vendor.invalid"),
        parameters: &parameters,
        credential: Some(&credential),
        ..Call::new(&request.model, &headers)
    };
    let translator = provider.chat().context("the vendor has no chat")?;
    let encoded = match translator.encode(&request, &call) {
        Ok(encoded) => encoded,
        Err(error) => return Ok(vec![format!("request: {error}")]),
    };
    let Payload::Bytes(written) = encoded.request.into_body() else { anyhow::bail!("an upload") };
    let written: Value = serde_json::from_slice(&written)?;
    Ok(diff(body, &written).into_iter().map(|line| format!("request.{line}")).collect())
}

/// Every setting that the vendor has, and a key, for what is never sent.
fn stand_ins(info: &VendorInfo) -> (Parameters, Credential) {
    let names = info.parameters.iter().map(|parameter| parameter.name.clone());
    let of_account = names
        .filter(|name| ["project", "region", "location", "account"].iter().any(|part| name.contains(part)));
    (of_account.map(|name| (name, "recorded")).collect(), Credential::Token(Secret::new("recorded")))
}

/// The recorded request passes through as it is, and the answer is understood by whoever listens.
fn relayed(relay: &dyn Relay, info: &VendorInfo, recording: &Recording) -> anyhow::Result<Verdict> {
    let text = Bytes::from(recording.request.body.to_string());
    let peek = match Peek::new(&text) {
        Ok(peek) => peek,
        Err(error) => return Ok(Verdict::Differs(vec![format!("request: {error}")])),
    };
    let headers = HeaderMap::new();
    let (parameters, credential) = stand_ins(info);
    let model = peek.model().unwrap_or_default();
    let call = Call { parameters: &parameters, credential: Some(&credential), ..Call::new(&model, &headers) };
    let mut lines = match relay.edits(&peek, &call) {
        Some(edits) => {
            let written: Value = serde_json::from_slice(&apply(&text, &peek, &edits))?;
            diff(&recording.request.body, &written)
                .into_iter()
                .map(|line| format!("request.{line}"))
                .collect()
        }
        None => vec!["request: it does not pass through as it is".to_owned()],
    };
    let body = recording.answer()?;
    if let status @ 400.. = recording.response.status {
        let response = http::Response::builder().status(status).body(&body[..])?;
        lines.extend(told(&relay.error(response), status, &body));
        return Ok(if lines.is_empty() { Verdict::Agrees } else { Verdict::Differs(lines) });
    }
    let mut listener = relay.listener();
    match recording.framing() {
        None => listener.body(&body),
        Some(framing) => {
            let mut rest = &body[..];
            while let Some(frame) = framing.next(&mut rest) {
                listener.frame(frame);
            }
        }
    }
    if let Some(failure) = listener.failure() {
        lines.push(format!("response: {failure}"));
    }
    let seen = listener.seen();
    if !seen.complete {
        lines.push("response: its end was not noticed".to_owned());
    }
    if seen.usage.is_none() && String::from_utf8_lossy(&body).contains("input_tokens\":") {
        lines.push("response: its usage was not noticed".to_owned());
    }
    Ok(if lines.is_empty() { Verdict::Agrees } else { Verdict::Differs(lines) })
}

/// The recorded answer, decoded and written again in the vendor's dialect, says the same.
fn answer(
    provider: &Arc<dyn Provider>,
    dialect: Dialect,
    status: u16,
    body: &[u8],
) -> anyhow::Result<Vec<String>> {
    let translator = provider.chat().context("the vendor has no chat")?;
    let response = http::Response::builder().status(status).body(body)?;
    let answer = match translator.decode(response) {
        Ok(Decoded::Answer(answer)) => answer,
        Ok(Decoded::Again { .. }) => {
            return Ok(vec!["response: the vendor wants to be asked again".to_owned()]);
        }
        Err(error) => return Ok(vec![format!("response: {error}")]),
    };
    let written = llm_providers::ingress(dialect).write(&answer, &reply());
    let (expected, found): (Value, Value) =
        (serde_json::from_slice(body)?, serde_json::from_slice(&written.body)?);
    Ok(diff(&expected, &found).into_iter().map(|line| format!("response.{line}")).collect())
}

/// The recorded stream, decoded and written again in the vendor's dialect, says the same.
fn stream(
    provider: &Arc<dyn Provider>,
    dialect: Dialect,
    framing: Framing,
    body: &Bytes,
) -> anyhow::Result<Vec<String>> {
    let translator = provider.chat().context("the vendor has no chat")?;
    let mut decoder = translator.decoder();
    let mut writer = llm_providers::ingress(dialect).writer(&reply());
    let mut out = BytesMut::new();
    let mut failure: Option<ApiError> = None;
    for item in decoder.push(body.clone()) {
        match item {
            Ok(chunk) => writer.chunk(&chunk, &mut out),
            Err(error) => failure = Some(error.into()),
        }
    }
    for item in decoder.finish() {
        match item {
            Ok(chunk) => writer.chunk(&chunk, &mut out),
            Err(error) => failure = failure.or(Some(error.into())),
        }
    }
    match &failure {
        Some(error) => writer.error(error, &mut out),
        None => writer.end(&mut out),
    }
    let lines = diff(&facts(dialect, framing, body), &facts(dialect, framing, &out));
    Ok(lines.into_iter().map(|line| format!("stream.{line}")).collect())
}

/// The recorded refusal keeps the vendor's words.
fn failure(provider: &Arc<dyn Provider>, status: u16, body: &[u8]) -> anyhow::Result<Vec<String>> {
    let translator = provider.chat().context("the vendor has no chat")?;
    let response = http::Response::builder().status(status).body(body)?;
    let Err(error) = translator.decode(response) else {
        return Ok(vec!["response: a failure was read as an answer".to_owned()]);
    };
    Ok(told(&error, status, body))
}

/// Where an error is not what the vendor said.
fn told(error: &UpstreamError, status: u16, body: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    if error.status != status {
        lines.push(format!("response.status: {status} became {}", error.status));
    }
    let words = serde_json::from_slice::<Value>(body).ok().and_then(|tree| vendor_words(&tree));
    if let Some(words) = words
        && !error.message.contains(&words)
    {
        lines.push(format!("response.error.message: {words:?} became {:?}", error.message));
    }
    lines
}

/// Where vendors put their words.
fn vendor_words(tree: &Value) -> Option<String> {
    ["/error/message", "/0/error/message", "/message", "/error", "/detail"]
        .into_iter()
        .find_map(|pointer| tree.pointer(pointer)?.as_str())
        .map(ToOwned::to_owned)
}
