//! Sources: what was found, and which of it the text refers to.

use llm_types::{Annotation, ChatResponse, Extra, Nullable};
use serde_json::{Value, json};

/// What the searches of one answer found.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Sources(Vec<Value>);

impl Sources {
    /// Adds what an item of the Agent API's output found; other items find nothing.
    pub(crate) fn add(&mut self, item: &Value) {
        if item["type"] == "search_results" {
            self.0.extend(item["results"].as_array().into_iter().flatten().cloned());
        }
    }

    /// Everything that an answer of the Agent API found.
    pub(crate) fn of(answer: &Value) -> Self {
        let mut sources = Self::default();
        for item in answer["output"].as_array().into_iter().flatten() {
            sources.add(item);
        }
        sources
    }

    /// What a Sonar answer found: `search_results`, or at least `citations`.
    pub(crate) fn of_sonar(answer: &Extra) -> Self {
        let list = |name: &str| answer.get(name).and_then(Value::as_array);
        match (list("search_results"), list("citations")) {
            (Some(results), _) if !results.is_empty() => Self(results.clone()),
            (_, Some(citations)) => Self(citations.iter().map(|url| json!({ "url": url })).collect()),
            _ => Self::default(),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `citations` and `search_results`, as Sonar answers have them.
    pub(crate) fn members(&self) -> Extra {
        let urls: Vec<&Value> = self.0.iter().filter_map(|source| source.get("url")).collect();
        let members = [("citations", json!(urls)), ("search_results", json!(self.0))];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The source that `[number]` means: by its own id, or by its place.
    fn numbered(&self, number: usize) -> Option<&Value> {
        let by_id = self.0.iter().find(|source| source["id"] == number);
        by_id.or_else(|| self.0.get(number.checked_sub(1)?))
    }

    /// One annotation for each mark `[1]` in the text. Places are counted in letters, as OpenAI counts them.
    pub(crate) fn annotations(&self, text: &str) -> Vec<Annotation> {
        marks(text)
            .filter_map(|(start, end, number)| {
                let source = self.numbered(number)?;
                let mut citation = Extra::new();
                citation.insert("start_index".to_owned(), start.into());
                citation.insert("end_index".to_owned(), end.into());
                for name in ["url", "title"] {
                    citation.extend(source.get(name).map(|value| (name.to_owned(), value.clone())));
                }
                Some(Annotation {
                    r#type: "url_citation".to_owned(),
                    url_citation: Nullable::Value(Value::Object(citation)),
                    extra: Extra::new(),
                })
            })
            .collect()
    }

    /// Adds annotations to the answer's messages that have none.
    pub(crate) fn annotate(&self, answer: &mut ChatResponse) {
        for choice in &mut answer.choices {
            let message = &mut choice.message;
            if message.annotations.get().is_some_and(|list| !list.is_empty()) {
                continue;
            }
            let annotations =
                message.content.get().map(|text| self.annotations(&text.text())).unwrap_or_default();
            if !annotations.is_empty() {
                message.annotations = annotations.into();
            }
        }
    }
}

/// Marks such as `[12]`: where they begin and end, in letters, and their number.
fn marks(text: &str) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut at = 0;
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let open = rest.find('[')?;
            let start = at + rest[..open].chars().count();
            let inner = &rest[open + 1..];
            let digits = inner.len() - inner.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let is_mark = digits > 0 && inner[digits..].starts_with(']');
            let length = if is_mark { digits + 2 } else { 1 };
            at = start + length;
            rest = &rest[open + length..];
            if is_mark && let Ok(number) = inner[..digits].parse() {
                return Some((start, at, number));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_in_a_text() {
        let found: Vec<_> = marks("é[1] and [x], [[2][33]] [4").collect();
        assert_eq!(found, [(1, 4, 1), (15, 18, 2), (18, 22, 33)]);
    }

    #[test]
    fn sources_by_id_and_by_place() {
        let mut sources = Sources::default();
        sources.add(
            &json!({"type": "search_results", "results": [{"id": 7, "url": "a"}, {"id": 9, "url": "b"}]}),
        );
        sources.add(&json!({"type": "message", "results": [{"url": "c"}]}));
        assert_eq!(sources.numbered(9).unwrap()["url"], "b");
        assert_eq!(sources.numbered(1).unwrap()["url"], "a");
        assert!(sources.numbered(0).is_none() && sources.numbered(3).is_none());
        assert_eq!(sources.members()["citations"], json!(["a", "b"]));
    }
}
