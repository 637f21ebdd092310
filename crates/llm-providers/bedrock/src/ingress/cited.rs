//! Sources of an answer as Converse's citations: pages, and places in documents that Claude names.
//!
//! Source: Amazon Bedrock API Reference, "Citation", "CitationLocation" and "CitationsContentBlock"; Anthropic docs,
//! "Citations"; both read 2026-11.

use std::ops::Range;

use llm_types::{Annotation, Message};
use serde_json::{Value, json};

use crate::wire::{CitationsContent, ContentBlock};

/// Parts of a text, in letters, and the citations of each.
pub(super) type Spans = Vec<(Range<usize>, Vec<Value>)>;

/// A page as a citation; `None` if the annotation names none.
pub(super) fn page(annotation: &Annotation) -> Option<Value> {
    let told = annotation.url_citation.get()?;
    Some(whole(&json!({ "web": { "url": told["url"].as_str()? } }), &told["title"], &Value::Null))
}

/// A source in Anthropic's words as a citation; `None` if it is in nobody's or another's.
pub(super) fn claudes(citation: &Value) -> Option<Value> {
    let span = |index: &str, start: &str, end: &str| {
        json!({ index: citation[match index { "searchResultIndex" => "search_result_index", _ => "document_index" }],
            "start": citation[start], "end": citation[end] })
    };
    let location = match citation["type"].as_str()? {
        "char_location" => {
            json!({ "documentChar": span("documentIndex", "start_char_index", "end_char_index") })
        }
        "page_location" => {
            json!({ "documentPage": span("documentIndex", "start_page_number", "end_page_number") })
        }
        "content_block_location" => {
            json!({ "documentChunk": span("documentIndex", "start_block_index", "end_block_index") })
        }
        "search_result_location" => {
            json!({ "searchResultLocation": span("searchResultIndex", "start_block_index", "end_block_index") })
        }
        "web_search_result_location" => json!({ "web": { "url": citation["url"].as_str()? } }),
        _ => return None,
    };
    let title = [&citation["title"], &citation["document_title"]].into_iter().find(|title| title.is_string());
    Some(whole(&location, title.unwrap_or(&Value::Null), &citation["cited_text"]))
}

fn whole(location: &Value, title: &Value, quoted: &Value) -> Value {
    let mut citation = json!({ "location": location });
    if title.is_string() {
        citation["title"] = title.clone();
    }
    if quoted.is_string() {
        citation["sourceContent"] = json!([{ "text": quoted }]);
    }
    citation
}

/// What of a message's text rests on which sources, in letters and in order, no two parts with a letter in common; and
/// whether every source is among them. A source without a place stands where the text ends.
pub(super) fn spans(message: &Message, letters: usize) -> (Spans, bool) {
    let mut spans = claudes_spans(message);
    let mut is_whole = true;
    if spans.is_empty() {
        for annotation in message.annotations.get().into_iter().flatten() {
            let Some(citation) = page(annotation) else {
                is_whole = false;
                continue;
            };
            let place = |name: &str| annotation.url_citation.get()?[name].as_u64()?.try_into().ok();
            let span = match (place("start_index"), place("end_index")) {
                (Some(start), Some(end)) if start < end && end <= letters => start..end,
                _ => letters..letters,
            };
            spans.push((span, vec![citation]));
        }
    }
    spans.sort_by_key(|(span, _)| (span.start, span.end));
    let mut apart: Spans = Vec::with_capacity(spans.len());
    for (span, citations) in spans {
        match apart.last_mut() {
            Some((before, told)) if span.start < before.end || span == *before => {
                before.end = before.end.max(span.end);
                told.extend(citations);
            }
            _ => apart.push((span, citations)),
        }
    }
    (apart, is_whole)
}

/// The same by the blocks that Claude's answer was made of, where those were kept.
fn claudes_spans(message: &Message) -> Spans {
    let blocks = message.provider_specific_fields.get().and_then(|fields| fields.get("content_blocks"));
    let mut spans = Vec::new();
    let mut start = 0;
    for block in blocks.and_then(Value::as_array).into_iter().flatten() {
        let Some(text) = block["text"].as_str().filter(|_| block["type"] == "text") else { continue };
        let end = start + text.chars().count();
        let sources = block["citations"].as_array().into_iter().flatten();
        let citations: Vec<Value> = sources.filter_map(claudes).collect();
        if !citations.is_empty() {
            spans.push((start..end, citations));
        }
        start = end;
    }
    spans
}

/// Text as blocks: what rests on sources apart from what does not.
pub(super) fn blocks(text: &str, spans: Spans, out: &mut Vec<ContentBlock>) {
    // None of it is of spaces only: clients send answers back, and Bedrock refuses such text.
    let plain = |text: String, out: &mut Vec<ContentBlock>| {
        if !text.trim().is_empty() {
            out.push(ContentBlock::Text(text));
        }
    };
    let mut letters = text.chars();
    let mut at = 0;
    for (span, citations) in spans {
        plain(letters.by_ref().take(span.start - at).collect(), out);
        let said: String = letters.by_ref().take(span.len()).collect();
        at = span.end;
        let content = if said.trim().is_empty() { Vec::new() } else { vec![json!({ "text": said })] };
        out.push(ContentBlock::Citations(CitationsContent {
            content: content.into(),
            citations: citations.into(),
            ..CitationsContent::default()
        }));
    }
    plain(letters.collect(), out);
}
