//! [`words_of_part`]: what parts of few dialects say, for vendors that do not know their types.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use llm_types::{ContentPart, Extra, FilePart};
use serde_json::Value;

/// Types of parts that one dialect alone has, and whose content no other vendor can be given.
///
/// Source: Anthropic API reference, "Messages"; Amazon Bedrock API reference, "ContentBlock"; read 2026-11.
const OWN: &[(&str, &str)] = &[
    ("container_upload", "only Anthropic's API has it"),
    ("tool_reference", "only Anthropic's API has it"),
    ("toolAddition", "only Bedrock's Converse has it"),
    ("toolRemoval", "only Bedrock's Converse has it"),
    ("gemini_part", "only Gemini's API has it"),
];

/// The words of a part whose type few vendors know: results of a search, documents in pieces, text for a guardrail.
/// `None` where it holds something else than words, and for all other types.
///
/// Source: Anthropic API reference, "Messages": `search_result` and `document` with a source of type `content`; Amazon
/// Bedrock API reference, "GuardrailConverseContentBlock"; read 2026-11.
pub fn words_of_part(part: &Extra) -> Option<String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    match part.get("type")?.as_str()? {
        "search_result" => {
            let head = [text(part.get("title")), text(part.get("source"))];
            Some(joined(head.into_iter().flatten(), &pieces(part.get("content")?)?))
        }
        "document" => {
            let source = part.get("source")?;
            let content = match source.get("type")?.as_str()? {
                "content" => pieces(source.get("content")?)?,
                "text" => vec![text(source.get("data"))?],
                _ => return None,
            };
            let head = [text(part.get("title")), text(part.get("context"))];
            Some(joined(head.into_iter().flatten(), &content))
        }
        "guardContent" => text(part.get("guardContent")?.get("text")?.get("text")),
        "guarded_text" => text(part.get("text")),
        _ => None,
    }
}

/// The words of a file that is plain text, after its name and what is said of it, for vendors that read no files. `None` for
/// all other files.
///
/// Source: Anthropic API reference, "Messages": `document` with a source of type `text`; Amazon Bedrock API reference,
/// "DocumentBlock"; read 2026-11.
pub fn words_of_file(part: &FilePart) -> Option<String> {
    let data = part.file.file_data.as_deref()?;
    let media = part.file.format.as_deref().unwrap_or_default();
    let (media, data) = match data.strip_prefix("data:") {
        Some(url) => url.split_once(";base64,")?,
        None => (media, data),
    };
    if !media.starts_with("text/") {
        return None;
    }
    let words = String::from_utf8(STANDARD.decode(data).ok()?).ok()?;
    let beside = |name: &str| part.extra.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = part.file.filename.get().cloned().or_else(|| beside("title"));
    Some(joined([name, beside("context")].into_iter().flatten(), &[words]))
}

/// Why a part means nothing to vendors of other dialects than its own, and cannot be said in words. `None` for types
/// that several vendors have, and for those that nobody here knows.
pub fn foreign_part(part: &Extra) -> Option<&'static str> {
    let kind = part.get("type")?.as_str()?;
    let holds = |name: &str| part.get(name).is_some_and(Value::is_object);
    let own = OWN.iter().find(|(name, _)| *name == kind).map(|(_, reason)| *reason);
    own.or(match kind {
        "image" | "document" if holds("source") => Some("only Anthropic's API has it"),
        "image" | "document" | "video" | "audio" | "guardContent" if holds(kind) => {
            Some("only Bedrock's Converse has it")
        }
        _ => None,
    })
}

/// Why an image, a file or a film cannot be had: it lies in Amazon's storage, where Bedrock alone reads it. `None` for all
/// others.
///
/// Source: Amazon Bedrock API Reference, "S3Location", read 2026-11; no other vendor documents such addresses.
pub fn stored_part(part: &ContentPart) -> Option<&'static str> {
    let address = match part {
        ContentPart::ImageUrl(image) => Some(image.image_url.url()),
        ContentPart::File(file) => file.file.file_url.as_deref().or(file.file.file_id.as_deref()),
        ContentPart::Unknown(own) => {
            let address = own.get("video_url").or_else(|| own.get("document_url"));
            address.and_then(|address| address.get("url").unwrap_or(address).as_str())
        }
        ContentPart::Text(_) | ContentPart::InputAudio(_) | ContentPart::Refusal(_) => None,
    };
    address
        .filter(|address| address.starts_with("s3://"))
        .map(|_| "only Bedrock reads what lies in Amazon's storage")
}

/// A string, or the texts of a list; `None` if something else stands among them.
fn pieces(content: &Value) -> Option<Vec<String>> {
    match content {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(parts) => {
            parts.iter().map(|part| part.get("text")?.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    }
}

fn joined(head: impl Iterator<Item = String>, content: &[String]) -> String {
    let head: Vec<String> = head.filter(|line| !line.is_empty()).collect();
    let content = content.join("\n\n");
    if head.is_empty() { content } else { format!("{}\n\n{content}", head.join("\n")) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn part(value: &Value) -> Extra {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn files_of_plain_text() {
        let words = |file: Value| {
            let part = json!({"type": "file", "file": file, "context": "From a shop.", "citations": {"enabled": true}});
            let ContentPart::File(part) = llm_types::from_value(part).unwrap() else { panic!("a file") };
            words_of_file(&part)
        };
        let note = Some("note.txt\nFrom a shop.\n\nGrüße".to_owned());
        assert_eq!(
            words(json!({"file_data": "data:text/plain;base64,R3LDvMOfZQ==", "filename": "note.txt"})),
            note
        );
        assert_eq!(
            words(json!({"file_data": "R3LDvMOfZQ==", "format": "text/plain", "filename": "note.txt"})),
            note
        );
        for file in [
            json!({"file_data": "data:application/pdf;base64,R3LDvMOfZQ=="}),
            json!({"file_data": "R3LDvMOfZQ=="}),
            json!({"file_data": "data:text/plain;base64,/w=="}),
            json!({"file_data": "data:text/plain;base64,?"}),
            json!({"file_id": "file-1", "format": "text/plain"}),
        ] {
            assert_eq!(words(file), None);
        }
    }

    #[test]
    fn what_lies_in_amazons_storage() {
        let part = |value: Value| llm_types::from_value::<ContentPart>(value).unwrap();
        for (value, is_stored) in [
            (json!({"type": "image_url", "image_url": {"url": "s3://b/k.png"}}), true),
            (json!({"type": "image_url", "image_url": {"url": "https://b/s3://k.png"}}), false),
            (json!({"type": "file", "file": {"file_url": "s3://b/k.pdf"}}), true),
            (json!({"type": "file", "file": {"file_id": "file-1"}}), false),
            (json!({"type": "video_url", "video_url": {"url": "s3://b/k.mp4"}}), true),
            (json!({"type": "document_url", "document_url": "s3://b/k.pdf"}), true),
            (json!({"type": "text", "text": "s3://b/k.mp4"}), false),
        ] {
            assert_eq!(stored_part(&part(value.clone())).is_some(), is_stored, "{value}");
        }
    }

    #[test]
    fn words() {
        let found = json!({
            "type": "search_result", "title": "Tides", "source": "https://sea.example",
            "content": [{ "type": "text", "text": "High at noon." }, { "type": "text", "text": "Low at six." }],
        });
        let told = words_of_part(&part(&found));
        assert_eq!(told.as_deref(), Some("Tides\nhttps://sea.example\n\nHigh at noon.\n\nLow at six."));

        let document = json!({
            "type": "document", "title": "Log",
            "source": { "type": "content", "content": [{ "type": "text", "text": "Calm." }] },
        });
        assert_eq!(words_of_part(&part(&document)).as_deref(), Some("Log\n\nCalm."));

        let guarded = json!({ "type": "guardContent", "guardContent": { "text": { "text": "Who?" } } });
        assert_eq!(words_of_part(&part(&guarded)).as_deref(), Some("Who?"));
    }

    #[test]
    fn what_is_not_of_words_alone_is_not_told_in_words() {
        for value in [
            json!({ "type": "document", "source": { "type": "content", "content": [{ "type": "image" }] } }),
            json!({ "type": "image", "source": { "type": "file", "file_id": "f" } }),
            json!({ "type": "guardContent", "guardContent": { "image": {} } }),
        ] {
            assert_eq!(words_of_part(&part(&value)), None, "{value}");
            assert!(foreign_part(&part(&value)).is_some(), "{value}");
        }
        assert_eq!(foreign_part(&part(&json!({ "type": "video_url", "video_url": { "url": "u" } }))), None);
        assert_eq!(foreign_part(&part(&json!({ "type": "x_later" }))), None);
    }
}
