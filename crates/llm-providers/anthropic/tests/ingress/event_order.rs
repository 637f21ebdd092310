//! The grammar of a Messages stream, as a machine that panics where a stream breaks it.

use llm_provider_core::{Frames, SseEvent};
use serde_json::{Value, json};

/// What a stream told, put together as Anthropic's own libraries do it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) message: Value,
    pub(crate) blocks: Vec<Value>,
    pub(crate) stop_reason: String,
    pub(crate) usage: Value,
    pub(crate) error: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Between,
    Inside,
    Stopping,
    After,
}

/// Reads a whole stream.
///
/// # Panics
/// If an event is not one that may come there, or not as Anthropic documents it.
pub(crate) fn check(stream: &[u8]) -> Told {
    let mut order = EventOrder {
        stage: Stage::Before,
        arguments: String::new(),
        is_signed: false,
        told: Told::default(),
    };
    for frame in Frames::new(stream) {
        assert!(frame.ends_with(b"\n\n"), "a frame without its end: {}", frame.escape_ascii());
        let event = SseEvent::parse(frame);
        let data: Value = serde_json::from_slice(&event.data).expect("data is JSON");
        assert_eq!(event.event, data["type"].as_str().unwrap().as_bytes(), "both names are the same");
        order.event(&data);
    }
    assert_eq!(order.stage, Stage::After, "the stream has an end");
    order.told
}

struct EventOrder {
    stage: Stage,
    arguments: String,
    is_signed: bool,
    told: Told,
}

impl EventOrder {
    fn event(&mut self, data: &Value) {
        let stage = self.stage;
        let kind = data["type"].as_str().unwrap();
        self.stage = match (stage, kind) {
            (Stage::Before, "message_start") => {
                self.message_start(&data["message"]);
                Stage::Between
            }
            (Stage::Between, "content_block_start") => {
                assert_eq!(data["index"], self.told.blocks.len(), "indices have no gaps");
                self.block_start(data["content_block"].clone());
                Stage::Inside
            }
            (Stage::Inside, "content_block_delta") => {
                assert_eq!(data["index"], self.told.blocks.len() - 1, "only one block is open");
                self.block_delta(&data["delta"]);
                Stage::Inside
            }
            (Stage::Inside, "content_block_stop") => {
                assert_eq!(data["index"], self.told.blocks.len() - 1, "only one block is open");
                self.block_stop();
                Stage::Between
            }
            (Stage::Between, "message_delta") => {
                self.message_delta(data);
                Stage::Stopping
            }
            (Stage::Stopping, "message_stop") => Stage::After,
            (Stage::Between | Stage::Inside | Stage::Stopping, "ping") => stage,
            (Stage::Before | Stage::Between | Stage::Inside | Stage::Stopping, "error") => {
                assert!(data["error"]["type"].is_string() && data["error"]["message"].is_string(), "{data}");
                self.told.error = Some(data["error"].clone());
                Stage::After
            }
            _ => panic!("`{kind}` may not come in {stage:?}"),
        };
    }

    fn message_start(&mut self, message: &Value) {
        assert!(message["id"].as_str().unwrap().starts_with("msg_"), "{message}");
        assert_eq!(message["type"], "message");
        assert_eq!(message["role"], "assistant");
        assert!(message["model"].is_string(), "{message}");
        assert_eq!(message["content"], json!([]));
        for member in ["stop_reason", "stop_sequence"] {
            assert_eq!(message.get(member), Some(&Value::Null), "{member}");
        }
        assert!(
            message["usage"]["input_tokens"].is_u64() && message["usage"]["output_tokens"].is_u64(),
            "{message}"
        );
        self.told.message = message.clone();
    }

    fn block_start(&mut self, block: Value) {
        self.is_signed = false;
        self.arguments.clear();
        match block["type"].as_str().unwrap() {
            "text" => assert_eq!(block["text"], ""),
            "thinking" => assert_eq!(block, json!({ "type": "thinking", "thinking": "", "signature": "" })),
            "redacted_thinking" => assert!(!block["data"].as_str().unwrap().is_empty()),
            "tool_use" | "server_tool_use" => {
                assert_eq!(block["input"], json!({}));
                let id = block["id"].as_str().unwrap();
                assert!(!id.is_empty() && !block["name"].as_str().unwrap().is_empty(), "{block}");
                let is_new = self.told.blocks.iter().all(|earlier| earlier["id"] != block["id"]);
                assert!(is_new, "a call has a name of its own: {block}");
            }
            "compaction" => assert_eq!(block["content"], Value::Null),
            // Others come whole.
            _ => {}
        }
        self.told.blocks.push(block);
    }

    fn block_delta(&mut self, delta: &Value) {
        let block = self.told.blocks.last_mut().unwrap();
        let kind = block["type"].as_str().unwrap().to_owned();
        let mut append = |member: &str| {
            let piece = delta[member].as_str().unwrap();
            assert!(!piece.is_empty(), "an empty piece: {delta}");
            block[member] = format!("{}{piece}", block[member].as_str().unwrap()).into();
        };
        match (kind.as_str(), delta["type"].as_str().unwrap()) {
            ("text", "text_delta") => append("text"),
            ("thinking", "thinking_delta") => {
                assert!(!self.is_signed, "the signature comes last");
                append("thinking");
            }
            ("thinking", "signature_delta") => {
                assert!(!self.is_signed, "there is one signature");
                self.is_signed = true;
                append("signature");
            }
            ("text", "citations_delta") => match block["citations"].as_array_mut() {
                Some(citations) => citations.push(delta["citation"].clone()),
                None => block["citations"] = json!([delta["citation"]]),
            },
            ("compaction", "compaction_delta") => block["content"] = delta["content"].clone(),
            // The last one in the package's beta alone, as the block itself.
            ("tool_use" | "server_tool_use" | "mcp_tool_use", "input_json_delta") => {
                self.arguments.push_str(delta["partial_json"].as_str().unwrap());
            }
            (block, delta) => panic!("`{delta}` in a block of type `{block}`"),
        }
    }

    fn block_stop(&mut self) {
        let block = self.told.blocks.last_mut().unwrap();
        match block["type"].as_str().unwrap() {
            "text" => assert!(
                !block["text"].as_str().unwrap().trim().is_empty() || block["citations"].is_array(),
                "text of spaces only"
            ),
            "tool_use" | "server_tool_use" if !self.arguments.trim().is_empty() => {
                block["input"] =
                    serde_json::from_str(&self.arguments).unwrap_or_else(|_| json!(self.arguments));
            }
            _ => {}
        }
    }

    fn message_delta(&mut self, data: &Value) {
        self.told.stop_reason = data["delta"]["stop_reason"].as_str().unwrap().to_owned();
        assert!(data["delta"].get("stop_sequence").is_some(), "{data}");
        assert!(data["usage"]["output_tokens"].is_u64() && data["usage"]["input_tokens"].is_u64(), "{data}");
        let has_calls = self.told.blocks.iter().any(|block| block["type"] == "tool_use");
        assert!(has_calls || self.told.stop_reason != "tool_use", "no call to act on");
        self.told.usage = data["usage"].clone();
    }
}

mod tests {
    use super::check;

    const START: &str = r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}"#;
    const TEXT: &str =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
    const WORD: &str = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#;
    const STOP: &str = r#"{"type":"content_block_stop","index":0}"#;
    const DELTA: &str = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":1,"output_tokens":1}}"#;
    const END: &str = r#"{"type":"message_stop"}"#;

    fn stands(events: &[&str]) -> bool {
        let mut stream = String::new();
        for event in events {
            let name = event.split('"').nth(3).unwrap();
            stream.push_str(&format!("event: {name}\ndata: {event}\n\n"));
        }
        std::panic::catch_unwind(|| check(stream.as_bytes())).is_ok()
    }

    #[test]
    fn the_measure_itself_tells_right_from_wrong() {
        assert!(stands(&[START, TEXT, WORD, STOP, DELTA, END]));
        assert!(stands(&[START, DELTA, END]));
        let error = r#"{"type":"error","error":{"type":"api_error","message":"m"}}"#;
        assert!(stands(&[START, TEXT, error]));
        let second = TEXT.replace("\"index\":0", "\"index\":1");
        let signature =
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"a"}}"#;
        for wrong in [
            &[][..],
            &[START],
            &[TEXT, WORD, STOP, DELTA, END],
            &[START, START, DELTA, END],
            &[START, WORD, DELTA, END],
            &[START, TEXT, STOP, DELTA, END],
            &[START, TEXT, WORD, DELTA, END],
            &[START, TEXT, WORD, TEXT, STOP, DELTA, END],
            &[START, TEXT, WORD, &second, STOP, DELTA, END],
            &[START, TEXT, WORD, signature, STOP, DELTA, END],
            &[START, TEXT, WORD, STOP, STOP, DELTA, END],
            &[START, &second, STOP, DELTA, END],
            &[START, DELTA, DELTA, END],
            &[START, END],
            &[START, DELTA, END, END],
            &[START, DELTA, END, error],
        ] {
            assert!(!stands(wrong), "{wrong:?}");
        }
    }
}
