//! `translate`: what a request or an answer becomes, without a network. Same input, same output.

mod check;
mod diff;
mod recording;
mod replay;
mod settings;

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use llm_provider_core::{Call, Decoded, Dialect, Note, OnUnsupported, Payload, Provider, Reply};
use llm_types::ApiError;

use crate::Found;
use crate::args::TranslateArgs;

pub(crate) fn run(args: &TranslateArgs) -> anyhow::Result<Found> {
    if let Some(dir) = &args.check {
        return check::run(dir);
    }
    let (Some(to), Some(file)) = (&args.to, &args.file) else {
        bail!("--to and FILE are needed");
    };
    let (provider, model) = vendor(to)?;
    let input = read(file)?;
    let dialect = args.from.dialect();
    let translated = if args.response {
        answer(&*provider, dialect, args.status, &input)?
    } else if args.stream {
        stream(&*provider, dialect, &input)?
    } else {
        request(&*provider, model, dialect, &input, args)?
    };
    let mut out = std::io::stdout().lock();
    out.write_all(&translated.text)?;
    if !translated.text.ends_with(b"\n") {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    tell_notes(&translated.notes);
    Ok(if translated.failed { Found::Unwell } else { Found::Well })
}

/// What came out.
struct Translated {
    text: Vec<u8>,
    notes: Vec<Note>,
    /// Whether the vendor's answer was an error.
    failed: bool,
}

/// A vendor by name, and the model if it was named.
fn vendor(to: &str) -> anyhow::Result<(Arc<dyn Provider>, Option<&str>)> {
    let (name, model) = match to.split_once('/') {
        Some((name, model)) => (name, Some(model)),
        None => (to, None),
    };
    let provider = llm_providers::find(name)
        .with_context(|| format!("no vendor {name:?}; `llm-gateway models --providers` lists them"))?;
    Ok((provider, model))
}

fn read(file: &Path) -> anyhow::Result<Bytes> {
    if file.as_os_str() == "-" {
        let mut all = Vec::new();
        std::io::stdin().read_to_end(&mut all)?;
        return Ok(all.into());
    }
    Ok(std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?.into())
}

/// The client's request as the vendor gets it.
fn request(
    provider: &dyn Provider,
    model: Option<&str>,
    dialect: Dialect,
    input: &[u8],
    args: &TranslateArgs,
) -> anyhow::Result<Translated> {
    let incoming = llm_providers::ingress(dialect).read(input)?;
    let translator = provider.chat().context("this vendor has no chat")?;
    let headers = HeaderMap::new();
    let model = model.unwrap_or(&incoming.request.model);
    let set = settings::read(provider, &args.settings, args.api_base.as_deref())?;
    let mut call = Call::new(model, &headers);
    call.base_url = set.api_base.as_deref();
    call.parameters = &set.parameters;
    call.credential = set.credential.as_ref();
    call.unsupported = if args.strict { OnUnsupported::Reject } else { OnUnsupported::Drop };
    let encoded = translator.encode(&incoming.request, &call)?;
    let mut notes = incoming.notes;
    notes.extend(encoded.notes);
    if args.strict
        && let Some(lost) = notes.iter().find(|note| note.kind.is_lossy())
    {
        bail!("cannot be carried: {lost}");
    }
    let (parts, payload) = encoded.request.into_parts();
    let Payload::Bytes(body) = payload else { bail!("uploads are not part of a chat request") };
    let mut text = Vec::new();
    if !args.body {
        writeln!(text, "{} {}", parts.method, parts.uri)?;
        let mut lines: Vec<String> =
            parts.headers.iter().map(|(name, value)| format!("{name}: {}", settings::shown(value))).collect();
        lines.sort();
        for line in lines {
            writeln!(text, "{line}")?;
        }
        writeln!(text)?;
    }
    text.extend_from_slice(&body);
    Ok(Translated { text, notes, failed: false })
}

/// The vendor's answer as the client gets it.
fn answer(
    provider: &dyn Provider,
    dialect: Dialect,
    status: u16,
    input: &[u8],
) -> anyhow::Result<Translated> {
    let translator = provider.chat().context("this vendor has no chat")?;
    let ingress = llm_providers::ingress(dialect);
    let reply = reply();
    let response = http::Response::builder().status(status).body(input)?;
    Ok(match translator.decode(response) {
        Ok(Decoded::Answer(answer)) => {
            let outgoing = ingress.write(&answer, &reply);
            Translated { text: outgoing.body.to_vec(), notes: outgoing.notes, failed: false }
        }
        Ok(Decoded::Again { .. }) => bail!("the vendor wants to be asked again"),
        Err(error) => {
            let text = ingress.error(&ApiError::from(error), &reply).to_vec();
            Translated { text, notes: Vec::new(), failed: true }
        }
    })
}

/// The vendor's stream as the client gets it.
fn stream(provider: &dyn Provider, dialect: Dialect, input: &Bytes) -> anyhow::Result<Translated> {
    let translator = provider.chat().context("this vendor has no chat")?;
    let reply = reply();
    let mut decoder = translator.decoder();
    let mut writer = llm_providers::ingress(dialect).writer(&reply);
    let mut out = BytesMut::new();
    let mut failure = None;
    for item in decoder.push(input.clone()) {
        match item {
            Ok(chunk) => writer.chunk(&chunk, &mut out),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    for item in decoder.finish() {
        match item {
            Ok(chunk) => writer.chunk(&chunk, &mut out),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    let failed = failure.is_some();
    match failure {
        Some(error) => writer.error(&error.into(), &mut out),
        None => writer.end(&mut out),
    }
    Ok(Translated { text: out.to_vec(), notes: writer.notes(), failed })
}

/// Names that are the same in every run.
fn reply() -> Reply {
    Reply {
        request_id: "00000000000000000000000000000000".to_owned(),
        model: String::new(),
        created_s: 0,
        include_usage: true,
    }
}

#[expect(clippy::print_stderr, reason = "notes stand beside the output, not in it")]
fn tell_notes(notes: &[Note]) {
    for note in notes {
        eprintln!("note: {note}");
    }
}
