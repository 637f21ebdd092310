//! [`Source`]: what a part of an answer rests on, between the dialects that quote pages and documents.
//!
//! Sources, read 2026-11: Anthropic docs, "Citations", "Search results" and "Web search tool"; Amazon Bedrock API
//! Reference, "Citation" and "CitationLocation"; OpenAI API reference, "Chat", member `annotations`.

use llm_types::{Annotation, Extra};
use serde_json::Value;

/// What a part of an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it is.
    pub place: SourcePlace,
    /// What it is called.
    pub title: Option<String>,
    /// Its words.
    pub quoted: Option<String>,
}

/// Where a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourcePlace {
    /// A page of the web.
    Page {
        /// Its address.
        url: String,
    },
    /// Letters of a document of the request.
    Letters(SourceSpan),
    /// Pages of a document of the request.
    Pages(SourceSpan),
    /// Pieces of a document of the request.
    Blocks(SourceSpan),
    /// Pieces of a search result of the request.
    SearchResult {
        /// Which.
        span: SourceSpan,
        /// Where the result is from, in the words of the request.
        origin: Option<String>,
    },
}

/// A part of a document, counted as the vendors that name it count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceSpan {
    /// Which document of the request, from 0.
    pub index: u64,
    /// Where the part begins.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
}

impl Source {
    /// The page of an annotation; `None` if it names none.
    pub fn of_annotation(annotation: &Annotation) -> Option<Self> {
        let told = annotation.url_citation.get()?;
        let place = SourcePlace::Page { url: text(&told["url"])? };
        Some(Self { place, title: text(&told["title"]), quoted: None })
    }

    /// A citation in Anthropic's words or in Converse's; `None` if it is in nobody's or another's.
    pub fn read(citation: &Value) -> Option<Self> {
        match citation["type"].as_str() {
            Some(kind) => Self::of_anthropic(kind, citation),
            None => Self::of_converse(citation),
        }
    }

    fn of_anthropic(kind: &str, citation: &Value) -> Option<Self> {
        let span = |index: &str, unit: &str| SourceSpan::read(citation, index, &format!("_{unit}"));
        let place = match kind {
            "char_location" => SourcePlace::Letters(span("document_index", "char_index")?),
            "page_location" => SourcePlace::Pages(span("document_index", "page_number")?),
            "content_block_location" => SourcePlace::Blocks(span("document_index", "block_index")?),
            "search_result_location" => SourcePlace::SearchResult {
                span: span("search_result_index", "block_index")?,
                origin: text(&citation["source"]),
            },
            "web_search_result_location" => SourcePlace::Page { url: text(&citation["url"])? },
            _ => return None,
        };
        let title = text(&citation["title"]).or_else(|| text(&citation["document_title"]));
        Some(Self { place, title, quoted: text(&citation["cited_text"]) })
    }

    fn of_converse(citation: &Value) -> Option<Self> {
        let (kind, told) = citation["location"].as_object()?.iter().next()?;
        let span = |index: &str| SourceSpan::read(told, index, "");
        let place = match kind.as_str() {
            "documentChar" => SourcePlace::Letters(span("documentIndex")?),
            "documentPage" => SourcePlace::Pages(span("documentIndex")?),
            "documentChunk" => SourcePlace::Blocks(span("documentIndex")?),
            "searchResultLocation" => {
                let origin = text(&citation["source"]);
                SourcePlace::SearchResult { span: span("searchResultIndex")?, origin }
            }
            "web" => SourcePlace::Page { url: text(&told["url"])? },
            _ => return None,
        };
        let quoted = citation["sourceContent"].as_array().map(|parts| joined(parts));
        let title = text(&citation["title"]).or_else(|| text(&told["domain"]));
        Some(Self { place, title, quoted: quoted.filter(|quoted| !quoted.is_empty()) })
    }

    /// Whether it is a page.
    pub const fn is_page(&self) -> bool {
        matches!(self.place, SourcePlace::Page { .. })
    }
}

impl SourceSpan {
    fn read(told: &Value, index: &str, unit: &str) -> Option<Self> {
        let number = |name: &str| told[name].as_u64();
        let [start, end] = [format!("start{unit}"), format!("end{unit}")];
        Some(Self { index: number(index)?, start: number(&start)?, end: number(&end)? })
    }
}

/// The texts of an answer one by one, each with the sources that it rests on, as the blocks of its vendor tell them where
/// those were kept in `provider_specific_fields`. Nothing, if none of the texts has a source.
pub fn cited_texts(fields: &Extra) -> Vec<(String, Vec<Source>)> {
    let blocks =
        ["content_blocks", "converse_content"].into_iter().find_map(|name| fields.get(name)?.as_array());
    let texts: Vec<_> = blocks.into_iter().flatten().filter_map(cited_text).collect();
    if texts.iter().all(|(_, sources)| sources.is_empty()) { Vec::new() } else { texts }
}

fn cited_text(block: &Value) -> Option<(String, Vec<Source>)> {
    let cited = &block["citationsContent"];
    let (text, citations) = match cited["content"].as_array() {
        Some(parts) => (joined(parts), &cited["citations"]),
        None if block["type"] == "text" || block.get("type").is_none() => {
            (text(&block["text"])?, &block["citations"])
        }
        None => return None,
    };
    let citations = citations.as_array().into_iter().flatten();
    Some((text, citations.filter_map(Source::read).collect()))
}

fn joined(parts: &[Value]) -> String {
    parts.iter().filter_map(|part| part["text"].as_str()).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_dialects_say_the_same() {
        let span = SourceSpan { index: 1, start: 2, end: 3 };
        let source = |place, origin: Option<&str>| Source {
            place,
            title: Some("T".to_owned()).filter(|_| origin.is_none()),
            quoted: Some("q".to_owned()),
        };
        let anthropic = |kind: &str, index: &str, unit: &str| {
            json!({ "type": kind, "cited_text": "q", "document_title": "T", index: 1,
                format!("start_{unit}"): 2, format!("end_{unit}"): 3 })
        };
        let converse = |kind: &str, index: &str| {
            json!({ "title": "T", "sourceContent": [{ "text": "q" }],
                "location": { kind: { index: 1, "start": 2, "end": 3 } } })
        };
        let cases = [
            (SourcePlace::Letters(span), ["char_location", "char_index", "documentChar"]),
            (SourcePlace::Pages(span), ["page_location", "page_number", "documentPage"]),
            (SourcePlace::Blocks(span), ["content_block_location", "block_index", "documentChunk"]),
        ];
        for (place, [kind, unit, other]) in cases {
            let expected = Some(source(place, None));
            assert_eq!(Source::read(&anthropic(kind, "document_index", unit)), expected, "{kind}");
            assert_eq!(Source::read(&converse(other, "documentIndex")), expected, "{other}");
        }
        let expected = Source {
            title: None,
            ..source(SourcePlace::SearchResult { span, origin: Some("o".to_owned()) }, Some("o"))
        };
        let mut own = anthropic("search_result_location", "search_result_index", "block_index");
        let mut other = converse("searchResultLocation", "searchResultIndex");
        for citation in [&mut own, &mut other] {
            let members = citation.as_object_mut().unwrap();
            members.retain(|name, _| !name.ends_with("title"));
            members.insert("source".to_owned(), "o".into());
            assert_eq!(Source::read(citation), Some(expected.clone()));
        }
        for nobodys in [
            json!(null),
            json!({ "type": "file", "location": { "web": { "url": "u" } } }),
            json!({ "location": { "elsewhere": {} } }),
            json!({ "location": { "documentChar": { "documentIndex": 1, "start": 2 } } }),
            json!({ "sources": [] }),
        ] {
            assert_eq!(Source::read(&nobodys), None, "{nobodys}");
        }
    }

    #[test]
    fn texts_by_the_blocks_of_either() {
        let page = json!({ "location": { "web": { "url": "u", "domain": "d" } } });
        let blocks = json!([{ "text": "a " }, { "toolUse": {} },
            { "citationsContent": { "content": [{ "text": "b" }, { "text": "c" }], "citations": [page] } }]);
        let source = Source {
            place: SourcePlace::Page { url: "u".to_owned() },
            title: Some("d".to_owned()),
            quoted: None,
        };
        let fields = Extra::from_iter([("converse_content".to_owned(), blocks)]);
        assert_eq!(
            cited_texts(&fields),
            [("a ".to_owned(), Vec::new()), ("bc".to_owned(), vec![source.clone()])]
        );
        let page = json!({ "type": "web_search_result_location", "url": "u", "title": "d" });
        let blocks = json!([{ "type": "thinking", "text": "x" }, { "type": "text", "text": "a", "citations": [page] }]);
        let fields = Extra::from_iter([("content_blocks".to_owned(), blocks)]);
        assert_eq!(cited_texts(&fields), [("a".to_owned(), vec![source])]);
        let fields =
            Extra::from_iter([("content_blocks".to_owned(), json!([{ "type": "text", "text": "a" }]))]);
        assert_eq!(cited_texts(&fields), []);
    }
}
