//! What is asked: the address, and the body in the vendor's form.

use std::borrow::Cow;

use http::{Request, request};
use llm_provider_core::{Call, EncodeError, Encoded, NoteKind, Payload};
use llm_provider_openai::{Changes, WireOptions, request_head};
use llm_types::{Extra, RerankRequest};
use serde_json::{Value, json};

use super::{RerankForm, RerankOptions};

/// Writes a request.
///
/// # Errors
/// As [`Translator::encode`](llm_provider_core::Translator::encode).
pub(super) fn encode(
    request: &RerankRequest,
    call: &Call<'_>,
    wire: &WireOptions,
    options: &RerankOptions,
) -> Result<Encoded, EncodeError> {
    let mut changes = Changes::new(call);
    let mut request = RerankRequest { model: call.model.to_owned(), ..request.clone() };
    for (index, document) in request.documents.iter_mut().enumerate() {
        as_text(document, index, options.texts, &mut changes)?;
    }
    let body = match options.form {
        RerankForm::Ranking => ranking(&request, options, &mut changes)?,
        RerankForm::Scores => scores(request, options, &mut changes),
    };
    let parts = head(call, wire, options)?;
    let body = serde_json::to_vec(&body).map_err(|error| EncodeError::Setup(error.to_string()))?;
    Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes: changes.finish()? })
}

/// A document that is nothing but text is written as text, which everybody takes; one with more is left to the vendor,
/// unless it takes texts only.
fn as_text(
    document: &mut Value,
    index: usize,
    texts_only: bool,
    changes: &mut Changes<'_>,
) -> Result<(), EncodeError> {
    let Value::Object(members) = &*document else { return Ok(()) };
    let is_plain = members.len() == 1;
    let Some(text) = members.get("text").and_then(Value::as_str).map(str::to_owned) else {
        let path = format!("documents[{index}]");
        return if texts_only { Err(EncodeError::invalid(path, "has no text")) } else { Ok(()) };
    };
    if !is_plain && texts_only {
        changes.lost(NoteKind::Dropped, format!("documents[{index}]"), "all but the text");
    }
    if is_plain || texts_only {
        *document = Value::String(text);
    }
    Ok(())
}

/// Cohere's members, without those that the vendor refuses.
fn ranking(
    request: &RerankRequest,
    options: &RerankOptions,
    changes: &mut Changes<'_>,
) -> Result<Extra, EncodeError> {
    let Ok(Value::Object(mut body)) = serde_json::to_value(request) else {
        return Err(EncodeError::Setup("the request cannot be written".to_owned()));
    };
    for name in &options.drop {
        if !changes.forwards(name) && body.shift_remove(name).is_some_and(|value| !value.is_null()) {
            changes.lost(NoteKind::Dropped, name, "the vendor's rankings have no such parameter");
        }
    }
    if options.top_n != "top_n"
        && let Some(count) = body.shift_remove("top_n")
    {
        changes.note(NoteKind::Renamed, "top_n", &options.top_n);
        body.insert(options.top_n.clone(), count);
    }
    Ok(body)
}

/// The question and the documents; the vendor judges all of them, and gives none back.
fn scores(request: RerankRequest, options: &RerankOptions, changes: &mut Changes<'_>) -> Extra {
    if request.top_n.is_value() {
        changes.note(NoteKind::Converted, "top_n", "the vendor ranks all documents");
    }
    if request.return_documents.get() == Some(&true) {
        let why = "the vendor gives no documents back; the client has them";
        changes.note(NoteKind::Dropped, "return_documents", why);
    }
    let lost = [
        ("rank_fields", request.rank_fields.is_value()),
        ("max_chunks_per_doc", request.max_chunks_per_doc.is_value()),
        ("max_tokens_per_doc", request.max_tokens_per_doc.is_value()),
    ];
    for (name, _) in lost.into_iter().filter(|(_, is_there)| *is_there) {
        changes.lost(NoteKind::Dropped, name, "the vendor's rankings have no such parameter");
    }
    let mut body = Extra::new();
    body.insert("queries".to_owned(), json!([request.query]));
    body.insert("documents".to_owned(), Value::Array(request.documents));
    if !options.path.contains("{model}") {
        body.insert("model".to_owned(), Value::String(request.model));
    }
    body.extend(request.extra);
    body
}

/// Method, address and headers. The path takes the place of what it replaces; an address that has it already stays.
fn head(call: &Call<'_>, wire: &WireOptions, options: &RerankOptions) -> Result<request::Parts, EncodeError> {
    let path = if options.path.contains("{model}") {
        Cow::Owned(options.path.replace("{model}", &in_path(call.model)?))
    } else {
        Cow::Borrowed(&*options.path)
    };
    let given = call.base_url_or(&wire.base_url);
    let (base, query) = given.split_once('?').map_or((given, ""), |(base, query)| (base, query));
    let base = base.trim_end_matches('/');
    let (base, prefix) = match base.strip_suffix(&*path) {
        Some(rest) => (rest, ""),
        None if options.replaces.is_empty() => (base, &*wire.path_prefix),
        None => (base.strip_suffix(&*options.replaces).unwrap_or(base), ""),
    };
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    let address = format!("{base}{query}");
    let call = Call { base_url: Some(&address), ..call.clone() };
    if prefix == wire.path_prefix {
        return request_head(&path, wire, &call);
    }
    request_head(&path, &WireOptions { path_prefix: String::new(), ..wire.clone() }, &call)
}

/// A model's name as a part of a path; slashes stay.
fn in_path(model: &str) -> Result<String, EncodeError> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-._~/:@".contains(c);
    if model.is_empty() || !model.chars().all(is_safe) || model.split('/').any(|part| part == "..") {
        return Err(EncodeError::invalid("model", format!("`{model}` cannot be part of an address")));
    }
    Ok(model.to_owned())
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_provider_core::{OnUnsupported, Translator};

    use super::*;
    use crate::RerankWire;

    fn sent(
        options: RerankOptions,
        base: &str,
        request: Value,
        unsupported: OnUnsupported,
    ) -> Result<(String, Value, Vec<String>), EncodeError> {
        let request: RerankRequest = llm_types::from_value(request).unwrap();
        let headers = HeaderMap::new();
        let call = Call { base_url: Some(base), unsupported, ..Call::new("a/m-1", &headers) };
        let encoded = RerankWire::new(WireOptions::default(), options).encode(&request, &call)?;
        let notes = encoded.notes.iter().map(ToString::to_string).collect();
        let uri = encoded.request.uri().to_string();
        let Payload::Bytes(body) = encoded.request.into_body() else { panic!("bytes") };
        Ok((uri, serde_json::from_slice(&body).unwrap(), notes))
    }

    fn full() -> Value {
        json!({"model": "x", "query": "q", "documents": ["a", {"text": "b"}, {"text": "c", "year": 3}], "top_n": 2,
            "return_documents": true, "rank_fields": ["text"], "max_tokens_per_doc": 9, "more": 1})
    }

    #[test]
    fn plain_texts_are_texts_and_the_rest_is_left_to_the_vendor() {
        let (uri, body, notes) =
            sent(RerankOptions::default(), "https://h/v1", full(), OnUnsupported::Reject).unwrap();
        assert_eq!(uri, "https://h/v1/rerank");
        let mut expected = full();
        expected["model"] = json!("a/m-1");
        expected["documents"][1] = json!("b");
        assert_eq!((body, notes.len()), (expected, 0));
    }

    #[test]
    fn what_a_vendor_lacks_is_told() {
        let options = RerankOptions {
            top_n: "top_k".to_owned(),
            texts: true,
            drop: vec!["rank_fields".to_owned(), "max_tokens_per_doc".to_owned()],
            ..RerankOptions::default()
        };
        let (_, body, notes) = sent(options.clone(), "https://h", full(), OnUnsupported::Drop).unwrap();
        assert_eq!(
            body,
            json!({"model": "a/m-1", "query": "q", "documents": ["a", "b", "c"], "return_documents": true, "more": 1, "top_k": 2})
        );
        let starts =
            ["dropped documents[2]", "dropped rank_fields", "dropped max_tokens_per_doc", "renamed top_n"];
        assert_eq!(notes.len(), starts.len());
        assert!(notes.iter().zip(starts).all(|(note, start)| note.starts_with(start)), "{notes:?}");
        assert!(sent(options.clone(), "https://h", full(), OnUnsupported::Reject).is_err());
        let image = json!({"model": "x", "query": "q", "documents": [{"image": "u"}]});
        let error = sent(options, "https://h", image, OnUnsupported::Drop).unwrap_err();
        assert_eq!(error, EncodeError::invalid("documents[0]", "has no text"));
    }

    #[test]
    fn numbers_for_documents() {
        let options = RerankOptions {
            path: "/v1/inference/{model}".to_owned(),
            replaces: "/v1/openai".to_owned(),
            form: RerankForm::Scores,
            texts: true,
            ..RerankOptions::default()
        };
        let (uri, body, notes) = sent(options, "https://h/v1/openai/", full(), OnUnsupported::Drop).unwrap();
        assert_eq!(uri, "https://h/v1/inference/a/m-1");
        assert_eq!(body, json!({"queries": ["q"], "documents": ["a", "b", "c"], "more": 1}));
        assert_eq!(notes.len(), 5, "{notes:?}");
    }

    #[test]
    fn addresses() {
        let own = RerankOptions {
            path: "/api/reranks".to_owned(),
            replaces: "/compatible/v1".to_owned(),
            ..RerankOptions::default()
        };
        let uri = |options: &RerankOptions, base| {
            sent(options.clone(), base, full(), OnUnsupported::Drop).map(|(uri, ..)| uri)
        };
        assert_eq!(uri(&own, "https://h/compatible/v1").unwrap(), "https://h/api/reranks");
        assert_eq!(uri(&own, "https://h/api/reranks?a=b").unwrap(), "https://h/api/reranks?a=b");
        assert_eq!(uri(&own, "https://h").unwrap(), "https://h/api/reranks");
        let usual = RerankOptions::default();
        assert_eq!(uri(&usual, "https://h/v1/rerank/").unwrap(), "https://h/v1/rerank");
        assert!(in_path("../a").is_err() && in_path("a b").is_err() && in_path("").is_err());
    }
}
