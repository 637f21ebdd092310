//! Documents, as far as vendors read them.

use super::*;

/// A document of plain text is text to vendors that read no documents, and a file to those that do.
#[test]
fn documents_of_plain_text_are_read_everywhere() {
    let file = json!({"type": "file", "file": {"filename": "note.txt", "file_data": "data:text/plain;base64,R3LDvMOfZQ=="}});
    let words = json!({"type": "text", "text": "note.txt\n\nGrüße"});
    let request = json!({"model": "m", "messages": [{"role": "user", "content": [file, {"type": "text", "text": "Well?"}]}]});
    let request: ChatRequest = from_value(request).unwrap();
    let headers = HeaderMap::new();
    let (mut as_files, mut as_text) = (0, 0);
    for row in chatting() {
        let vendor = Compat::new(row.clone()).unwrap();
        let (model, base) = (model(row, "m"), base_of(row));
        let call = Call { base_url: Some(&base), ..Call::new(&model, &headers) };
        let Ok(encoded) = vendor.chat().unwrap().encode(&request, &call) else { continue };
        let notes: Vec<String> = encoded.notes.iter().map(ToString::to_string).collect();
        let Payload::Bytes(body) = encoded.request.into_body() else { panic!("segments") };
        let body: Value = serde_json::from_slice(&body).unwrap();
        let content = &body["messages"][0]["content"];
        if row.can(Capability::Documents) {
            as_files += usize::from(content[0] == file);
        } else if content.is_array() {
            as_text += 1;
            assert_eq!(content[0], words, "{}", row.id);
            assert!(notes.contains(&"converted messages[0].content[0]: to text".to_owned()), "{notes:?}");
        } else if let Some(text) = content.as_str() {
            assert!(text.contains("Grüße"), "{}: {text}", row.id);
        }
    }
    assert!(as_files > 3 && as_text > 30, "{as_files} {as_text}");
}
