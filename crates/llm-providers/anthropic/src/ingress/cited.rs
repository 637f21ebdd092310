//! Sources of an answer as Anthropic's citations: pages that other vendors name, and places in documents that Converse
//! names as Anthropic does.
//!
//! A page has no words of its own here and no index that Anthropic made: a seal stands for it, by which it is known when
//! the conversation comes back, as Anthropic would refuse it.
//!
//! Source: Anthropic docs, "Citations", "Search results" and "Web search tool" ("`encrypted_index`: A reference that must
//! be passed back for multi-turn conversations"), read 2026-11.

use llm_provider_core::{Kept, Source, SourcePlace, SourceSpan, cited_texts};
use llm_types::{Extra, Message};
use serde_json::{Value, json};

use crate::wire::{ContentBlock, TextBlock};

/// Where a citation of a page has Anthropic's own reference.
const INDEX: &str = "encrypted_index";

/// A source as a citation.
pub(super) fn citation(source: &Source) -> Value {
    let (title, quoted) = (&source.title, source.quoted.as_deref().unwrap_or_default());
    let document = |kind: &str, unit: &str, span: &SourceSpan| {
        json!({ "type": kind, "cited_text": quoted, "document_index": span.index, "document_title": title,
            format!("start_{unit}"): span.start, format!("end_{unit}"): span.end })
    };
    match &source.place {
        SourcePlace::Page { url } => {
            json!({ "type": "web_search_result_location", "cited_text": quoted, "url": url, "title": title,
                INDEX: Kept::default().seal() })
        }
        SourcePlace::Letters(span) => document("char_location", "char_index", span),
        SourcePlace::Pages(span) => document("page_location", "page_number", span),
        SourcePlace::Blocks(span) => document("content_block_location", "block_index", span),
        SourcePlace::SearchResult { span, origin } => {
            json!({ "type": "search_result_location", "cited_text": quoted, "title": title,
                "source": origin.as_deref().unwrap_or_default(), "search_result_index": span.index,
                "start_block_index": span.start, "end_block_index": span.end })
        }
    }
}

/// Whether a citation is one that this dialect told on behalf of another vendor, and that Anthropic would refuse.
pub(crate) fn is_others(citation: &Value) -> bool {
    citation[INDEX].as_str().is_some_and(Kept::is_seal)
}

/// Takes out of a text what Anthropic would refuse.
pub(crate) fn without_others(block: &mut TextBlock) {
    let Some(citations) = block.citations.get_mut() else { return };
    let told = citations.len();
    citations.retain(|citation| !is_others(citation));
    if citations.is_empty() && told > 0 {
        block.citations = Default::default();
    }
}

/// The texts of another vendor's answer, one block each, with the sources that they rest on; nothing, if it tells none, or
/// if these are not the words of the message. Spaces alone stand before the text that follows: clients send answers back,
/// and Anthropic refuses such text.
pub(super) fn blocks(specifics: &Extra, message: &Message) -> Vec<ContentBlock> {
    let texts = cited_texts(specifics);
    let said = message.content.get().map(llm_types::MessageContent::text).unwrap_or_default();
    if texts.iter().map(|(text, _)| text.as_str()).collect::<String>() != said {
        return Vec::new();
    }
    let mut blocks = Vec::with_capacity(texts.len());
    let mut spaces = String::new();
    for (text, sources) in texts {
        spaces.push_str(&text);
        if spaces.trim().is_empty() && sources.is_empty() {
            continue;
        }
        let mut block = TextBlock::new(std::mem::take(&mut spaces));
        if !sources.is_empty() {
            block.citations = sources.iter().map(citation).collect::<Vec<_>>().into();
        }
        blocks.push(ContentBlock::Text(block));
    }
    blocks
}
