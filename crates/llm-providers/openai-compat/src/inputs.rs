//! What a request for vectors holds besides plain texts, in the words that clients of several vendors use.
//!
//! Source: OpenAI "Embeddings", Cohere "Embed API (v2)", Voyage "Multimodal embeddings", Jina "Embeddings" and NVIDIA
//! "Text Embedding NIM" API references, read 2026-11.

use serde_json::Value;

/// A part of one input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InputPiece<'a> {
    /// Text.
    Text(&'a str),
    /// An image by its address, or as a `data:` URL.
    Image(&'a str),
    /// Something in the vendor's own words.
    Other(&'a Value),
}

/// The parts of one input: a text, `{"text", "image"}`, a part in OpenAI's words, or `{"content": [part, …]}`.
pub fn input_pieces(input: &Value) -> Vec<InputPiece<'_>> {
    if let Some(parts) = input.get("content").and_then(Value::as_array) {
        return parts.iter().flat_map(input_pieces).collect();
    }
    if let Some(text) = input.as_str() {
        return vec![if is_image(text) { InputPiece::Image(text) } else { InputPiece::Text(text) }];
    }
    let image = ["image_url", "image_base64", "image"].into_iter().find_map(|name| {
        let value = input.get(name)?;
        value.get("url").unwrap_or(value).as_str()
    });
    let pieces = [input["text"].as_str().map(InputPiece::Text), image.map(InputPiece::Image)];
    let known: Vec<_> = pieces.into_iter().flatten().collect();
    if known.is_empty() { vec![InputPiece::Other(input)] } else { known }
}

/// Whether a text is no text but an image: clients of OpenAI's interface have no other way to say it.
fn is_image(text: &str) -> bool {
    text.starts_with("data:image/")
}

/// What a text is turned into a vector for, as far as several vendors tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputPurpose {
    /// To look something up.
    Query,
    /// To be found.
    Document,
}

impl InputPurpose {
    /// The purpose in any vendor's word for it; `None` for words of one vendor alone.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "query" | "search_query" | "retrieval.query" | "retrieval_query" | "RETRIEVAL_QUERY" => {
                Some(Self::Query)
            }
            "document" | "passage" | "search_document" | "retrieval.passage" | "retrieval_document"
            | "RETRIEVAL_DOCUMENT" => Some(Self::Document),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inputs_in_everybodys_words() {
        let image = "data:image/png;base64,AA==";
        for (input, pieces) in [
            (json!("a"), vec![InputPiece::Text("a")]),
            (json!(image), vec![InputPiece::Image(image)]),
            (json!({"text": "a"}), vec![InputPiece::Text("a")]),
            (json!({"text": "a", "image": "u"}), vec![InputPiece::Text("a"), InputPiece::Image("u")]),
            (json!({"type": "text", "text": "a"}), vec![InputPiece::Text("a")]),
            (json!({"type": "image_url", "image_url": {"url": "u"}}), vec![InputPiece::Image("u")]),
            (json!({"type": "image_url", "image_url": "u"}), vec![InputPiece::Image("u")]),
            (json!({"type": "image_base64", "image_base64": image}), vec![InputPiece::Image(image)]),
            (
                json!({"content": [{"type": "text", "text": "a"}, {"image": "u"}]}),
                vec![InputPiece::Text("a"), InputPiece::Image("u")],
            ),
        ] {
            assert_eq!(input_pieces(&input), pieces, "{input}");
        }
        let sound = json!({"audio": "x"});
        assert_eq!(input_pieces(&sound), [InputPiece::Other(&sound)]);
    }

    #[test]
    fn purposes() {
        assert_eq!(InputPurpose::of("search_query"), Some(InputPurpose::Query));
        assert_eq!(InputPurpose::of("passage"), Some(InputPurpose::Document));
        assert_eq!(InputPurpose::of("classification"), None);
    }
}
