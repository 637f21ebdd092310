//! How an answer ended, and what Gemini says of it beside its words.
//!
//! Source: Gemini API reference, "FinishReason", "GroundingMetadata", "CitationMetadata"
//! (ai.google.dev/api/generate-content), read 2026-11.

use llm_provider_core::Unheard;
use llm_types::{Annotation, Extra, FinishReason, Nullable};
use serde_json::{Value, json};

use crate::wire::{self, Candidate};

/// The member of a choice's `provider_specific_fields` with Gemini's own reason.
pub(crate) const NATIVE: &str = "native_finish_reason";

/// How an answer ended. In a stream, the last word on each counts.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    pub(crate) finish: Option<wire::FinishReason>,
    message: Option<String>,
    grounding: Option<Value>,
    citations: Option<Value>,
    others: Unheard,
}

impl Ending {
    /// Takes what a candidate, or a piece of it, says beside its words; leaves the words.
    pub(crate) fn take(&mut self, candidate: &mut Candidate) {
        fn last<T>(old: &mut Option<T>, new: &mut Nullable<T>) {
            if let Some(new) = new.take() {
                *old = Some(new);
            }
        }
        last(&mut self.finish, &mut candidate.finish_reason);
        last(&mut self.message, &mut candidate.finish_message);
        last(&mut self.grounding, &mut candidate.grounding_metadata);
        last(&mut self.citations, &mut candidate.citation_metadata);
        let mut other = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                self.others.last(name, value);
            }
        };
        other("safety_ratings", candidate.safety_ratings.take());
        other("url_context_metadata", candidate.url_context_metadata.take());
        other("avg_logprobs", candidate.avg_logprobs.take().map(Value::Number));
        for (name, value) in std::mem::take(&mut candidate.extra) {
            // How many tokens a candidate has is told by the usage.
            if name != "tokenCount" {
                self.others.put(name, value);
            }
        }
    }

    /// Keeps members that nobody here knows.
    pub(crate) fn keep(&mut self, members: Extra) {
        self.others.keep(members);
    }

    /// Why the model stopped, in OpenAI's words.
    pub(crate) fn finish_reason(&self, has_calls: bool) -> FinishReason {
        finish_reason(self.finish.as_ref(), has_calls)
    }

    /// Members of the choice.
    pub(crate) fn choice_extra(&self) -> Extra {
        let mut own = Extra::new();
        if let Some(finish) = &self.finish {
            own.insert(NATIVE.to_owned(), finish.as_str().into());
        }
        if let Some(message) = &self.message {
            own.insert("finish_message".to_owned(), message.as_str().into());
        }
        if own.is_empty() {
            return own;
        }
        Extra::from_iter([("provider_specific_fields".to_owned(), Value::Object(own))])
    }

    /// The sources of `text`.
    pub(crate) fn annotations(&self, text: &str) -> Vec<Annotation> {
        let mut all = Vec::new();
        if let Some(grounding) = &self.grounding {
            grounded(grounding, text, &mut all);
        }
        let sources = self.citations.as_ref().and_then(|citations| {
            citations.get("citationSources").or_else(|| citations.get("citations"))?.as_array()
        });
        for source in sources.into_iter().flatten() {
            if let Some(uri) = source.get("uri").and_then(Value::as_str) {
                all.push(annotation(source, text, uri, source.get("title")));
            }
        }
        all
    }

    /// What has no place in the canonical form.
    pub(crate) fn into_specifics(mut self) -> Extra {
        let mut fields = self.others.take().into_option().unwrap_or_default();
        if let Some(grounding) = self.grounding {
            fields.insert("grounding_metadata".to_owned(), grounding);
        }
        if let Some(citations) = self.citations {
            fields.insert("citation_metadata".to_owned(), citations);
        }
        fields
    }
}

fn grounded(grounding: &Value, text: &str, all: &mut Vec<Annotation>) {
    let Some(chunks) = grounding.get("groundingChunks").and_then(Value::as_array) else { return };
    let page = |index: &Value| {
        let chunk = chunks.get(usize::try_from(index.as_u64()?).ok()?)?;
        ["web", "retrievedContext", "maps"].iter().find_map(|kind| chunk.get(*kind))
    };
    let supports = grounding.get("groundingSupports").and_then(Value::as_array);
    for support in supports.into_iter().flatten() {
        let indices = support.get("groundingChunkIndices").and_then(Value::as_array);
        for page in indices.into_iter().flatten().filter_map(page) {
            if let Some(uri) = page.get("uri").and_then(Value::as_str) {
                all.push(annotation(&support["segment"], text, uri, page.get("title")));
            }
        }
    }
}

/// A page that a span of the text rests on. Google counts bytes, OpenAI letters.
fn annotation(span: &Value, text: &str, url: &str, title: Option<&Value>) -> Annotation {
    let letters = |name: &str| {
        let bytes =
            span.get(name).and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
        text.char_indices().take_while(|(at, _)| *at < bytes).count()
    };
    let page = json!({
        "start_index": letters("startIndex"), "end_index": letters("endIndex"), "url": url,
        "title": title.and_then(Value::as_str).unwrap_or_default(),
    });
    Annotation { r#type: "url_citation".to_owned(), url_citation: Nullable::Value(page), extra: Extra::new() }
}

/// Why the model stopped, in OpenAI's words. What was called counts more than what was said of it.
pub(crate) fn finish_reason(finish: Option<&wire::FinishReason>, has_calls: bool) -> FinishReason {
    use wire::FinishReason as Own;
    match finish {
        Some(Own::MaxTokens | Own::Continuation) => FinishReason::Length,
        Some(
            Own::Safety
            | Own::Recitation
            | Own::Language
            | Own::Unnamed
            | Own::Blocklist
            | Own::ProhibitedContent
            | Own::Spii
            | Own::ImageSafety
            | Own::ImageProhibitedContent
            | Own::ImageOther
            | Own::NoImage
            | Own::ImageRecitation
            | Own::ModelArmor,
        ) => FinishReason::ContentFilter,
        Some(Own::Other(other)) if !has_calls => FinishReason::from(other.to_ascii_lowercase().as_str()),
        // What is malformed ends here; Gemini's own reason stands beside it.
        _ if has_calls => FinishReason::ToolCalls,
        _ => FinishReason::Stop,
    }
}

/// Why the model stopped, in Gemini's words: its own, if it says the same.
pub(crate) fn native(finish: Option<&FinishReason>, own: Option<&str>) -> wire::FinishReason {
    use wire::FinishReason as Own;
    let own = own.map(own_word).filter(|own| !matches!(own, Own::Other(_)));
    let same = |own: &Own| {
        finish.is_none_or(|finish| finish_reason(Some(own), *finish == FinishReason::ToolCalls) == *finish)
    };
    if let Some(own) = own.filter(same) {
        return own;
    }
    match finish {
        Some(FinishReason::Length) => Own::MaxTokens,
        Some(FinishReason::ContentFilter) => Own::Safety,
        Some(FinishReason::Other(_)) => Own::Unnamed,
        Some(FinishReason::Stop | FinishReason::ToolCalls | FinishReason::FunctionCall) | None => Own::Stop,
    }
}

/// A vendor's word as Gemini has it: of the same name, or Converse's for what cannot be read.
///
/// Source: Amazon Bedrock API Reference, "Converse": `stopReason`, read 2026-11.
fn own_word(own: &str) -> wire::FinishReason {
    match own {
        "malformed_tool_use" => wire::FinishReason::MalformedFunctionCall,
        "malformed_model_output" => wire::FinishReason::MalformedResponse,
        own => own.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_both_ways() {
        for (own, calls, finish, back) in [
            ("STOP", false, "stop", "STOP"),
            ("STOP", true, "tool_calls", "STOP"),
            ("FINISH_REASON_UNSPECIFIED", false, "stop", "FINISH_REASON_UNSPECIFIED"),
            ("MAX_TOKENS", true, "length", "MAX_TOKENS"),
            ("CONTINUATION", false, "length", "CONTINUATION"),
            ("SAFETY", false, "content_filter", "SAFETY"),
            ("IMAGE_SAFETY", false, "content_filter", "IMAGE_SAFETY"),
            ("OTHER", false, "content_filter", "OTHER"),
            ("MALFORMED_FUNCTION_CALL", false, "stop", "MALFORMED_FUNCTION_CALL"),
            ("TOO_MANY_TOOL_CALLS", true, "tool_calls", "TOO_MANY_TOOL_CALLS"),
            ("TIRED", false, "tired", "OTHER"),
            ("TIRED", true, "tool_calls", "STOP"),
        ] {
            let read = finish_reason(Some(&own.into()), calls);
            assert_eq!(read.as_str(), finish, "{own}");
            assert_eq!(native(Some(&read), Some(own)).as_str(), back, "{own}");
        }
        assert_eq!(native(Some(&FinishReason::Length), Some("STOP")).as_str(), "MAX_TOKENS");
        assert_eq!(native(Some(&FinishReason::ContentFilter), None).as_str(), "SAFETY");
        assert_eq!(
            native(Some(&FinishReason::Stop), Some("malformed_tool_use")).as_str(),
            "MALFORMED_FUNCTION_CALL"
        );
        assert_eq!(
            native(Some(&FinishReason::Stop), Some("malformed_model_output")).as_str(),
            "MALFORMED_RESPONSE"
        );
    }

    #[test]
    fn spans_are_counted_in_letters() {
        let mut ending = Ending::default();
        let mut candidate: Candidate = llm_types::from_value(json!({
            "groundingMetadata": {
                "groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}, {"maps": {"uri": "https://m"}}],
                "groundingSupports": [
                    {"segment": {"endIndex": 3}, "groundingChunkIndices": [0, 7]},
                    {"segment": {"startIndex": 3, "endIndex": 5}, "groundingChunkIndices": [1]},
                ],
            },
            "citationMetadata": {"citationSources": [{"startIndex": 1, "endIndex": 3, "uri": "https://c"}]},
        }))
        .unwrap();
        ending.take(&mut candidate);
        let found: Vec<_> = ending
            .annotations("aéb c")
            .into_iter()
            .map(|annotation| annotation.url_citation.into_option().unwrap())
            .map(|page| (page["url"].clone(), page["start_index"].clone(), page["end_index"].clone()))
            .collect();
        let row = |url: &str, start: u32, end: u32| (json!(url), json!(start), json!(end));
        assert_eq!(found, [row("https://a", 0, 2), row("https://m", 2, 4), row("https://c", 1, 2)]);
    }
}
