//! Sources of an answer as Converse's citations: pages, and places in documents that Claude names.
//!
//! Source: Amazon Bedrock API Reference, "Citation", "CitationLocation" and "CitationsContentBlock"; Anthropic docs,
//! "Citations"; both read 2026-11.

use std::ops::Range;

use llm_provider_core::{Source, SourcePlace, SourceSpan, cited_texts};
use llm_types::Message;
use serde_json::{Value, json};

use crate::wire::{CitationsContent, ContentBlock};

/// Parts of a text, in letters, and the citations of each.
pub(super) type Spans = Vec<(Range<usize>, Vec<Value>)>;

/// A source as a citation.
pub(super) fn citation(source: &Source) -> Value {
    let part = |kind: &str, index: &str, span: &SourceSpan| json!({ kind: { index: span.index, "start": span.start, "end": span.end } });
    let location = match &source.place {
        SourcePlace::Page { url } => json!({ "web": { "url": url } }),
        SourcePlace::Letters(span) => part("documentChar", "documentIndex", span),
        SourcePlace::Pages(span) => part("documentPage", "documentIndex", span),
        SourcePlace::Blocks(span) => part("documentChunk", "documentIndex", span),
        SourcePlace::SearchResult { span, .. } => part("searchResultLocation", "searchResultIndex", span),
    };
    let mut citation = json!({ "location": location });
    if let SourcePlace::SearchResult { origin: Some(origin), .. } = &source.place {
        citation["source"] = origin.as_str().into();
    }
    if let Some(title) = &source.title {
        citation["title"] = title.as_str().into();
    }
    if let Some(quoted) = &source.quoted {
        citation["sourceContent"] = json!([{ "text": quoted }]);
    }
    citation
}

/// What of a message's text rests on which sources, in letters and in order, no two parts with a letter in common; and
/// whether every source is among them. A source without a place stands where the text ends.
pub(super) fn spans(message: &Message, letters: usize) -> (Spans, bool) {
    let mut spans = spans_of_blocks(message);
    let mut is_whole = true;
    if spans.is_empty() {
        for annotation in message.annotations.get().into_iter().flatten() {
            let Some(page) = Source::of_annotation(annotation) else {
                is_whole = false;
                continue;
            };
            let place = |name: &str| annotation.url_citation.get()?[name].as_u64()?.try_into().ok();
            let span = match (place("start_index"), place("end_index")) {
                (Some(start), Some(end)) if start < end && end <= letters => start..end,
                _ => letters..letters,
            };
            spans.push((span, vec![citation(&page)]));
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

/// The same by the blocks that the answer was made of, where those were kept.
fn spans_of_blocks(message: &Message) -> Spans {
    let texts = message.provider_specific_fields.get().map(cited_texts).unwrap_or_default();
    let mut spans = Vec::new();
    let mut start = 0;
    for (text, sources) in texts {
        let end = start + text.chars().count();
        if !sources.is_empty() {
            spans.push((start..end, sources.iter().map(citation).collect()));
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
