//! Sources of other vendors' answers, as Converse's clients know them.

use llm_provider_bedrock::ConverseIngress;
use llm_provider_core::Ingress;
use llm_types::ChatChunk;
use serde_json::{Value, json};

use crate::ingress::{answer, events, reply, written};

fn page(start: u32, end: u32, url: &str) -> Value {
    json!({ "type": "url_citation",
        "url_citation": { "start_index": start, "end_index": end, "url": url, "title": "T" } })
}

fn whole(message: Value) -> (Value, Vec<String>) {
    let mut message = message;
    message["role"] = "assistant".into();
    let answer = answer(json!({ "id": "a", "model": "m", "created": 1, "object": "chat.completion",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": message }] }));
    let outgoing = ConverseIngress.write(&answer, &reply());
    let written: Value = serde_json::from_slice(&outgoing.body).unwrap();
    (
        written["output"]["message"]["content"].clone(),
        outgoing.notes.iter().map(ToString::to_string).collect(),
    )
}

fn web(url: &str) -> Value {
    json!({ "location": { "web": { "url": url } }, "title": "T" })
}

#[test]
fn pages_stand_beside_what_rests_on_them() {
    let (content, notes) = whole(json!({ "content": "Ö: yes. No. Maybe.", "annotations": [
        page(3, 7, "https://a.example"), page(3, 7, "https://b.example"), page(8, 11, "https://c.example"),
        page(0, 0, "https://d.example"), page(5, 900, "https://e.example"),
    ] }));
    assert_eq!(
        content,
        json!([
            { "text": "Ö: " },
            { "citationsContent": { "content": [{ "text": "yes." }],
                "citations": [web("https://a.example"), web("https://b.example")] } },
            { "citationsContent": { "content": [{ "text": "No." }], "citations": [web("https://c.example")] } },
            { "text": " Maybe." },
            { "citationsContent": { "content": [],
                "citations": [web("https://d.example"), web("https://e.example")] } },
        ])
    );
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn places_in_documents_keep_their_numbers() {
    let cited = |citation: Value| {
        json!({ "content": "Yes.", "provider_specific_fields": { "content_blocks": [
            { "type": "text", "text": "Yes.", "citations": [citation] } ] } })
    };
    for (citation, location) in [
        (
            json!({ "type": "char_location", "document_index": 1, "start_char_index": 2, "end_char_index": 5 }),
            json!({ "documentChar": { "documentIndex": 1, "start": 2, "end": 5 } }),
        ),
        (
            json!({ "type": "page_location", "document_index": 0, "start_page_number": 2, "end_page_number": 3 }),
            json!({ "documentPage": { "documentIndex": 0, "start": 2, "end": 3 } }),
        ),
        (
            json!({ "type": "content_block_location", "document_index": 0, "start_block_index": 1, "end_block_index": 2 }),
            json!({ "documentChunk": { "documentIndex": 0, "start": 1, "end": 2 } }),
        ),
        (
            json!({ "type": "search_result_location", "search_result_index": 4, "start_block_index": 1, "end_block_index": 2 }),
            json!({ "searchResultLocation": { "searchResultIndex": 4, "start": 1, "end": 2 } }),
        ),
    ] {
        let mut citation = citation;
        citation["cited_text"] = "quote".into();
        citation["document_title"] = "T".into();
        let told = json!({ "location": location, "title": "T", "sourceContent": [{ "text": "quote" }] });
        let (content, _) = whole(cited(citation.clone()));
        // What only Anthropic takes back is sealed in a block of its own.
        assert_eq!(
            content[0],
            json!({ "citationsContent": { "content": [{ "text": "Yes." }], "citations": [told] } })
        );
        let events = streamed(&[
            json!({ "content": "Yes." }),
            json!({ "provider_specific_fields": { "citation": citation } }),
        ]);
        assert_eq!(events, [json!({ "text": "Yes." }), json!({ "citation": told })]);
    }
}

/// What the pieces of one block say, one delta of an answer after the other.
fn streamed(deltas: &[Value]) -> Vec<Value> {
    let chunks: Vec<ChatChunk> = deltas
        .iter()
        .map(|delta| llm_types::from_value(json!({ "choices": [{ "index": 0, "delta": delta }] })).unwrap())
        .collect();
    let events = events(&written(&chunks));
    let pieces = events.into_iter().filter(|(name, _)| name == "contentBlockDelta");
    pieces
        .map(|(_, payload)| {
            assert_eq!(payload["contentBlockIndex"], 0);
            payload["delta"].clone()
        })
        .collect()
}

#[test]
fn pages_come_in_a_stream_too_and_only_once() {
    let said = json!({ "content": "Yes." });
    let pages = json!({ "annotations": [page(0, 4, "https://a.example"), page(0, 4, "https://b.example")] });
    assert_eq!(
        streamed(&[said.clone(), pages.clone()]),
        [
            json!({ "text": "Yes." }),
            json!({ "citation": web("https://a.example") }),
            json!({ "citation": web("https://b.example") }),
        ]
    );
    let found = json!({ "type": "web_search_result_location", "url": "https://a.example", "title": "T", "cited_text": "q" });
    let own = json!({ "provider_specific_fields": { "citation": found } });
    let told = json!({ "location": { "web": { "url": "https://a.example" } }, "title": "T", "sourceContent": [{ "text": "q" }] });
    assert_eq!(streamed(&[said, own, pages]), [json!({ "text": "Yes." }), json!({ "citation": told })]);
}

#[test]
fn what_is_no_page_is_told_to_be_left_out() {
    let other = json!({ "type": "file_citation", "file_citation": { "file_id": "f" } });
    let (content, notes) = whole(json!({ "content": "Yes.", "annotations": [other] }));
    assert_eq!(content, json!([{ "text": "Yes." }]));
    assert_eq!(notes.len(), 1);
    assert!(notes[0].starts_with("dropped choices[0].message.annotations"), "{notes:?}");
}
