//! `translate`: the same bytes each time, so that users can keep them in snapshots of their own.

use std::process::Output;

use serde_json::json;

use crate::process::{output, run, write, write_text};

const REQUEST: &str = r#"{
  "model": "any",
  "messages": [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [
      {"type": "text", "text": "What is this?"},
      {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    ]}
  ],
  "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}],
  "seed": 7,
  "max_tokens": 100
}"#;

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, text: &str) -> String {
        let file = self.0.path().join(name);
        write_text(&file, text);
        file.to_str().unwrap().to_owned()
    }
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_request_as_the_vendor_gets_it() {
    let files = Files::new();
    let file = files.put("request.json", REQUEST);
    let arguments = ["translate", "--from", "openai", "--to", "anthropic/claude-sonnet-4-5", &file];
    let (code, out, notes) = said(&run(&arguments));
    assert_eq!(code, Some(0), "{notes}");
    insta::assert_snapshot!(out);
    assert_eq!(notes, "note: dropped seed: Anthropic has no such parameter\n");
    for _ in 0..3 {
        assert_eq!(output(&arguments), out, "the same bytes each time");
    }
    let (code, _, why) = said(&run(&["translate", "--to", "anthropic/claude-sonnet-4-5", "--strict", &file]));
    assert_eq!(code, Some(2));
    assert!(why.contains("seed"), "{why}");
}

#[test]
fn a_request_the_other_way() {
    let files = Files::new();
    let request = json!({
        "model": "any", "max_tokens": 100, "system": "Be brief.", "stop_sequences": ["END"],
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "x"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "a dot"}]}
        ]
    });
    let file = files.put("request.json", &request.to_string());
    insta::assert_snapshot!(output(&[
        "translate",
        "--from",
        "anthropic",
        "--to",
        "openai/gpt-4.1",
        "--body",
        &file
    ]));
}

#[test]
fn an_answer_as_the_client_gets_it() {
    let files = Files::new();
    let answer = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": "Hi."}], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 3, "output_tokens": 2}
    });
    let file = files.put("answer.json", &answer.to_string());
    insta::assert_snapshot!(output(&["translate", "--to", "anthropic", "--response", &file]));

    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let file = files.put("error.json", &error.to_string());
    let (code, out, _) =
        said(&run(&["translate", "--to", "anthropic", "--response", "--status", "529", &file]));
    assert_eq!(code, Some(1));
    assert!(out.contains("Overloaded") && out.contains("\"error\""), "{out}");
}

#[test]
fn a_stream_as_the_client_gets_it() {
    let files = Files::new();
    let chunk = |delta, finish| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        format!(
            "data: {}\n\n",
            json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})
        )
    };
    let stream = chunk(json!({"role": "assistant", "content": "Hi"}), json!(null))
        + &chunk(json!({}), json!("stop"))
        + "data: [DONE]\n\n";
    let file = files.put("stream.txt", &stream);
    let arguments = ["translate", "--from", "anthropic", "--to", "openai", "--stream", &file];
    insta::assert_snapshot!(output(&arguments));
    let file = files.put("stream.txt", &stream.replace("data: [DONE]\n\n", "").replace("\"stop\"", "null"));
    let (code, out, _) =
        said(&run(&["translate", "--from", "anthropic", "--to", "openai", "--stream", &file]));
    assert_eq!(code, Some(1));
    assert!(out.contains("event: error") && !out.contains("message_stop"), "{out}");
}

#[test]
fn recorded_exchanges_are_replayed() {
    let files = Files::new();
    let request = json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hi"}]});
    let message = json!({"role": "assistant", "content": "Hello."});
    let answer = json!({
        "id": "c1", "object": "chat.completion", "created": 1, "model": "gpt-4.1",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    });
    let exchange = |path: &str, body| {
        json!({
            "provider": "openai", "request": {"method": "POST", "path": path, "body": request},
            "response": {"status": 200, "content_type": "application/json", "body": body}
        })
    };
    write(&files.0.path().join("a.json"), &exchange("/v1/chat/completions", answer));
    write(&files.0.path().join("b.json"), &exchange("/v1/embeddings", json!({})));
    let folder = files.0.path().to_str().unwrap();
    let (code, out, _) = said(&run(&["translate", "--check", folder]));
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("agrees   a.json") && out.contains("1 agree, 0 differ, 1 skipped"), "{out}");

    write(&files.0.path().join("c.json"), &exchange("/v1/chat/completions", json!({"no": "answer"})));
    let (code, out, _) = said(&run(&["translate", "--check", folder]));
    assert_eq!(code, Some(1));
    assert!(out.contains("differs  c.json") && out.contains("1 differ"), "{out}");
}
