//! The conversation of a request: who speaks, in which parts, and what comes of calls.

use serde_json::{Value, json};

use super::Maker;

impl Maker {
    /// A conversation that a vendor can make sense of: instructions, then turns, the last of them the user's or a tool's.
    pub(super) fn turns(&mut self, legacy: bool) -> Value {
        let mut turns = Vec::new();
        if self.once_in(2) {
            let role = *self.random.pick(&["system", "developer"]);
            turns.push(self.instructions(role));
        }
        turns.push(self.question());
        for _ in 0..self.random.below(3) {
            if legacy {
                self.legacy_call(&mut turns);
            } else {
                self.answer(&mut turns);
            }
            if self.once_in(10) {
                turns.push(self.instructions("system"));
            }
            turns.push(self.question());
        }
        if self.once_in(5) && !legacy {
            self.calls(&mut turns);
        }
        Value::Array(turns)
    }

    fn instructions(&mut self, role: &str) -> Value {
        let content = if self.once_in(3) {
            Value::Array((0..=self.random.below(2)).map(|_| self.text()).collect())
        } else {
            self.word("instructions").into()
        };
        let mut message = json!({"role": role, "content": content});
        self.beside(&mut message);
        message
    }

    fn question(&mut self) -> Value {
        let content = if self.once_in(2) {
            let mut parts: Vec<Value> = (0..self.random.below(3)).map(|_| self.part()).collect();
            parts.push(self.text());
            Value::Array(parts)
        } else {
            self.word("question").into()
        };
        let mut message = json!({"role": "user", "content": content});
        if self.once_in(12) {
            message["name"] = self.word("name").into();
        }
        self.beside(&mut message);
        message
    }

    /// What any message may carry.
    fn beside(&mut self, message: &mut Value) {
        if self.once_in(12) {
            message["cache_control"] = self.marker();
        }
        if self.once_in(12) {
            message["x_message"] = self.own("of-the-message");
        }
    }

    fn text(&mut self) -> Value {
        let mut part = json!({"type": "text", "text": self.word("text")});
        if self.once_in(8) {
            part["cache_control"] = self.marker();
        }
        if self.once_in(12) {
            part["x_part"] = self.own("of-the-part");
        }
        part
    }

    fn part(&mut self) -> Value {
        match self.random.below(12) {
            0..=2 => self.image(),
            3 => json!({"type": "input_audio",
                "input_audio": {"data": self.data(), "format": *self.random.pick(&["wav", "mp3"])}}),
            4..=6 => self.file(),
            7 => {
                json!({"type": "video_url", "video_url": {"url": format!("data:video/mp4;base64,{}", self.data())}})
            }
            8 => json!({"type": "hologram", "hologram": self.own("hologram")}),
            _ => self.text(),
        }
    }

    fn image(&mut self) -> Value {
        let url = match self.random.below(4) {
            0 => self.word("https://pictures.example/"),
            1 => format!("data:image/jpeg;base64,{}", self.data()),
            _ => format!("data:image/png;base64,{}", self.data()),
        };
        let mut part = if self.once_in(5) {
            json!({"type": "image_url", "image_url": url})
        } else {
            json!({"type": "image_url", "image_url": {"url": url}})
        };
        if part["image_url"].is_object() {
            if self.once_in(3) {
                part["image_url"]["detail"] = (*self.random.pick(&["auto", "low", "high"])).into();
            }
            if self.once_in(8) {
                part["image_url"]["x_image"] = self.own("of-the-image");
            }
        }
        if self.once_in(8) {
            part["cache_control"] = self.marker();
        }
        part
    }

    fn file(&mut self) -> Value {
        let mut file = match self.random.below(5) {
            0 => json!({"file_id": self.word("file")}),
            1 => json!({"file_url": self.word("https://papers.example/")}),
            2 => json!({"file_data": self.data(), "format": "application/pdf"}),
            _ => json!({"file_data": format!("data:application/pdf;base64,{}", self.data())}),
        };
        if file["file_id"].is_null() && self.once_in(2) {
            file["filename"] = format!("{}.pdf", self.word("paper")).into();
        }
        if self.once_in(10) {
            file["x_file"] = self.own("of-the-file");
        }
        let mut part = json!({"type": "file", "file": file});
        if self.once_in(8) {
            part["cache_control"] = self.marker();
        }
        part
    }

    /// What the model said: words, or calls and what came of them.
    fn answer(&mut self, turns: &mut Vec<Value>) {
        if self.once_in(2) {
            self.calls(turns);
        }
        let mut message = json!({"role": "assistant", "content": self.word("answer")});
        match self.random.below(8) {
            0 => {
                message["content"] = Value::Null;
                message["refusal"] = self.word("refusal").into();
            }
            1 => message["content"] = json!([{"type": "refusal", "refusal": self.word("refusal")}]),
            2 => message["content"] = json!([self.text(), self.text()]),
            3 => {
                let url = self.word("https://pages.example/");
                message["annotations"] = json!([{"type": "url_citation", "url_citation":
                    {"url": url, "title": self.word("title"), "start_index": self.number(), "end_index": self.number()}}]);
            }
            4 => {
                message["audio"] = json!({"id": self.word("audio")});
                if self.once_in(2) {
                    message["content"] = Value::Null;
                }
            }
            _ => {}
        }
        self.thoughts(&mut message);
        self.beside(&mut message);
        turns.push(message);
    }

    fn thoughts(&mut self, message: &mut Value) {
        if self.once_in(4) {
            let thought = self.word("thought");
            message["reasoning_content"] = thought.as_str().into();
            match self.random.below(4) {
                0 => {
                    message["thinking_blocks"] = json!([
                        {"type": "thinking", "thinking": thought, "signature": self.word("signature")},
                        {"type": "redacted_thinking", "data": self.data()}]);
                }
                1 => {
                    message["thinking_blocks"] =
                        json!([{"type": "thinking", "thinking": "", "signature": self.word("signature")}]);
                }
                2 => message["thinking_blocks"] = json!([{"type": "thinking", "thinking": thought}]),
                _ => {}
            }
        }
        if self.once_in(10) {
            let fields = match self.random.below(4) {
                0 => json!({"thought_signatures": [self.data()]}),
                1 => json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": self.data()}]}),
                2 => json!({"stop_reason": self.word("stopped")}),
                _ => json!({"x_field": self.own("of-the-vendor")}),
            };
            message["provider_specific_fields"] = fields;
        }
    }

    fn arguments(&mut self) -> String {
        match self.random.below(8) {
            0 => format!("not JSON {}", self.number()),
            1 => format!("[{}]", self.number()),
            2 => "{}".to_owned(),
            _ => json!({self.word("a"): self.number(), "b": [self.word("v"), {"c": true}]}).to_string(),
        }
    }

    /// An answer that calls tools, and the results.
    fn calls(&mut self, turns: &mut Vec<Value>) {
        let mut calls = Vec::new();
        let mut results = Vec::new();
        for _ in 0..=self.random.below(2) {
            let id = self.word("call");
            let mut call = if self.once_in(8) {
                json!({"id": id, "type": "custom", "custom": {"name": self.word("c"), "input": self.word("input")}})
            } else {
                json!({"id": id, "type": "function",
                    "function": {"name": self.word("f"), "arguments": self.arguments()}})
            };
            if self.once_in(10) {
                call["provider_specific_fields"] = json!({"thought_signature": self.data()});
            }
            calls.push(call);
            results.push(self.result(&id));
        }
        let mut message = json!({"role": "assistant", "content": null, "tool_calls": calls});
        if self.once_in(2) {
            message["content"] = self.word("answer").into();
        }
        self.thoughts(&mut message);
        self.beside(&mut message);
        turns.push(message);
        turns.append(&mut results);
    }

    fn result(&mut self, id: &str) -> Value {
        let content = match self.random.below(6) {
            0 => json!([self.text(), self.image()]),
            1 => json!([self.text(), self.file()]),
            2 => json!([self.text(), self.text()]),
            3 => json!({self.word("r"): self.number()}).to_string().into(),
            _ => self.word("result").into(),
        };
        let mut result = json!({"role": "tool", "tool_call_id": id, "content": content});
        if self.once_in(10) {
            result["is_error"] = true.into();
        }
        if self.once_in(10) {
            result["name"] = self.word("name").into();
        }
        self.beside(&mut result);
        result
    }

    /// The oldest form of a call, and its result.
    fn legacy_call(&mut self, turns: &mut Vec<Value>) {
        let name = self.word("f");
        turns.push(json!({"role": "assistant", "content": null,
            "function_call": {"name": name, "arguments": self.arguments()}}));
        turns.push(json!({"role": "function", "name": name, "content": self.word("result")}));
    }
}
