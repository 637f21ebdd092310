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

#[test]
fn settings_of_the_vendor_are_given_on_the_command_line() {
    let files = Files::new();
    let file =
        files.put("request.json", r#"{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}"#);
    let head = |to: &str, settings: &[&str]| {
        let settings = settings.iter().flat_map(|setting| ["--setting", *setting]);
        let arguments: Vec<&str> =
            ["translate", "--to", to].into_iter().chain(settings).chain([&*file]).collect();
        let (code, out, notes) = said(&run(&arguments));
        assert_eq!(code, Some(0), "{to}: {out}{notes}");
        assert!(!out.contains("s3cret"), "{to}: {out}");
        let (head, body) = out.split_once("\n\n").unwrap();
        assert!(body.contains("Hi"), "{to}: {body}");
        head.to_owned()
    };
    let google = head("vertex_ai/gemini-2.5-flash", &["vertex_project=p-1", "vertex_location=europe-west4"]);
    assert_eq!(
        google,
        "POST https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/p-1/locations/europe-west4/publishers/google\
         /models/gemini-2.5-flash:generateContent\nauthorization: Bearer ***\ncontent-type: application/json"
    );
    // The service account knows its project, and its key signs nothing here.
    let account = r#"vertex_credentials={"type": "authorized_user", "project_id": "p-2", "client_id": "c", "client_secret": "s3cret", "refresh_token": "s3cret"}"#;
    let google = head("vertex_ai/gemini-2.5-flash", &[account, "vertex_location=us-east5"]);
    assert!(google.contains("/projects/p-2/") && google.contains("authorization: Bearer ***"), "{google}");
    let key = head("vertex_ai/gemini-2.5-flash", &["api_key=s3cret"]);
    assert!(key.contains("x-goog-api-key: ***"), "{key}");
    let ibm =
        head("watsonx/ibm/granite-3-8b-instruct", &["region_name=eu-de", "project_id=p", "api_key=s3cret"]);
    assert_eq!(
        ibm,
        "POST https://eu-de.ml.cloud.ibm.com/ml/v1/text/chat?version=2024-03-13\nauthorization: Bearer ***\n\
         content-type: application/json"
    );
    let sap = [
        "deployment_url=https://api.ai.example/v2/inference/deployments/d1",
        "aicore_auth_url=https://auth.example",
        "aicore_client_id=c",
        "aicore_client_secret=s3cret",
    ];
    assert_eq!(
        head("sap/gpt-4o", &sap),
        "POST https://api.ai.example/v2/inference/deployments/d1/v2/completion\nai-client-type: llm-gateway\n\
         ai-resource-group: default\nauthorization: Bearer ***\ncontent-type: application/json"
    );
    assert_eq!(
        head("snowflake/llama3.1-70b", &["account_id=org-acc", "api_key=pat/s3cret"]),
        "POST https://org-acc.snowflakecomputing.com/api/v2/cortex/v1/chat/completions
authorization: Bearer ***
\
         content-type: application/json
x-snowflake-authorization-token-type: PROGRAMMATIC_ACCESS_TOKEN"
    );
    let bricks = ["api_base=https://w.example", "client_id=c", "client_secret=s3cret"];
    assert_eq!(
        head("databricks/m", &bricks),
        "POST https://w.example/serving-endpoints/chat/completions\nauthorization: Bearer ***\n\
         content-type: application/json"
    );
    // Where nothing secret is needed for the rest, nothing secret is asked for.
    for (to, setting) in [
        ("watsonx/m", "region_name=eu-de"),
        ("sap/m", "deployment_url=https://api.ai.example/d1"),
        ("snowflake/m", "account_id=a"),
        ("databricks/m", "api_base=https://w.example"),
    ] {
        assert!(!head(to, &[setting]).contains("authorization"), "{to}");
    }
}

#[test]
fn a_setting_that_the_vendor_lacks_is_refused() {
    let files = Files::new();
    let file = files.put("request.json", r#"{"model": "m", "messages": []}"#);
    let refused = |to: &str, setting: &str| {
        let (code, out, why) = said(&run(&["translate", "--to", to, "--setting", setting, &file]));
        assert_eq!((code, out), (Some(2), String::new()), "{setting}");
        why
    };
    let why = refused("watsonx/m", "vertex_project=p");
    assert!(why.contains("has no setting \"vertex_project\"") && why.contains("project_id"), "{why}");
    assert!(refused("watsonx/m", "no value").contains("NAME=VALUE"));
    let why = refused("snowflake/m", "snowflake_private_key=k");
    assert!(why.contains("`account_id`"), "{why}");
}
