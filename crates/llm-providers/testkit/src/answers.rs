//! Answers at random: every member that a vendor may tell, in any company, each with a value of its own.

use llm_types::ChatResponse;
use serde_json::{Map, Value, json};

use crate::Random;

/// A canonical answer. The same seed gives the same.
///
/// # Panics
/// Never: what is made is an answer.
pub fn random_answer(seed: u64) -> ChatResponse {
    let mut maker = Maker { random: Random::new(seed), made: 0 };
    llm_types::from_value(maker.answer()).unwrap_or_else(|error| panic!("{error}"))
}

struct Maker {
    random: Random,
    made: u64,
}

impl Maker {
    fn is_wanted(&mut self) -> bool {
        self.random.below(2) == 0
    }

    /// A number that stands nowhere else, and that is no part of another.
    fn number(&mut self) -> u64 {
        self.made += 1;
        700_000 + self.made
    }

    /// Words that stand nowhere else.
    fn word(&mut self, of: &str) -> String {
        format!("{of}-{}", self.number())
    }

    fn answer(&mut self) -> Value {
        let mut choices = vec![self.choice(0)];
        if self.random.below(8) == 0 {
            choices.push(self.choice(1));
        }
        let mut answer = Map::new();
        answer.insert("choices".into(), choices.into());
        answer.insert("id".into(), self.word("id").into());
        answer.insert("model".into(), "model-1".into());
        answer.insert("object".into(), "chat.completion".into());
        answer.insert("created".into(), 1_790_000_000.into());
        answer.insert("usage".into(), self.usage());
        if self.is_wanted() {
            answer.insert("system_fingerprint".into(), self.word("fingerprint").into());
        }
        if self.is_wanted() {
            answer
                .insert("service_tier".into(), (*self.random.pick(&["default", "flex", "new-tier"])).into());
        }
        if self.is_wanted() {
            answer.insert("x_vendor".into(), self.own("of-the-answer"));
        }
        if self.is_wanted() {
            answer.insert("provider_specific_fields".into(), self.specifics());
        }
        Value::Object(answer)
    }

    fn choice(&mut self, index: u32) -> Value {
        let mut choice = json!({"index": index, "message": self.message()});
        let called = choice["message"]["tool_calls"].is_array();
        let finish =
            if called { "tool_calls" } else { *self.random.pick(&["stop", "length", "content_filter"]) };
        choice["finish_reason"] = finish.into();
        if self.is_wanted() {
            let native = self.word("native");
            choice["provider_specific_fields"] =
                json!({"native_finish_reason": native, "finish_message": self.word("why")});
        }
        if self.is_wanted() {
            choice["content_filter_results"] = self.own("filtered");
        }
        if self.random.below(4) == 0 {
            let likely = json!([{"token": self.word("other"), "logprob": -0.25}]);
            let tokens = json!([{"token": self.word("token"), "logprob": -0.5, "top_logprobs": likely}]);
            choice["logprobs"] = json!({"content": tokens});
        }
        choice
    }

    fn message(&mut self) -> Value {
        let mut message = json!({"role": "assistant", "content": null});
        if self.random.below(4) > 0 {
            message["content"] = self.word("text").into();
        }
        if self.random.below(6) == 0 {
            message["refusal"] = self.word("refusal").into();
        }
        if self.is_wanted() {
            let thought = self.word("thought");
            message["reasoning_content"] = thought.as_str().into();
            if self.is_wanted() {
                message["thinking_blocks"] =
                    json!([{"type": "thinking", "thinking": thought, "signature": self.word("signature")}]);
            }
        }
        if self.is_wanted() {
            let calls = (0..=self.random.below(2)).map(|_| self.call()).collect();
            message["tool_calls"] = Value::Array(calls);
        }
        if self.is_wanted() {
            let url = format!("https://{}.example", self.word("page"));
            // All of the text: a part of it would be looked for in vain where parts stand apart.
            let letters = message["content"].as_str().map_or(4, |text| text.chars().count());
            message["annotations"] = json!([{"type": "url_citation",
                "url_citation": {"url": url, "title": self.word("title"), "start_index": 0, "end_index": letters}}]);
        }
        if self.random.below(4) == 0 {
            message["audio"] =
                json!({"id": self.word("audio"), "data": "UklGRg==", "transcript": self.word("said")});
        }
        if self.random.below(4) == 0 {
            let media =
                *self.random.pick(&["data:image/png;base64,iVBORw0KGgo=", "https://pictures.example/1"]);
            message["images"] = json!([{"type": "image_url", "image_url": {"url": media}}]);
        }
        if self.is_wanted() {
            message["own_member"] = self.own("of-the-message");
        }
        if self.is_wanted() {
            message["provider_specific_fields"] = self.specifics();
        }
        message
    }

    fn call(&mut self) -> Value {
        let (id, name, inner) = (self.word("call"), self.word("f"), self.number());
        if self.random.below(4) == 0 {
            return json!({"id": id, "type": "custom", "custom": {"name": name, "input": self.word("input")}});
        }
        let arguments = *self.random.pick(&["{\"n\":", "[", "not JSON "]);
        let arguments = match arguments {
            "{\"n\":" => format!("{{\"n\":{inner}}}"),
            "[" => format!("[{inner}]"),
            other => format!("{other}{inner}"),
        };
        json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
    }

    /// What vendors are known to say, in their own names. Not among them: the names under which a vendor's whole message
    /// stands once more, which would be taken for it.
    fn specifics(&mut self) -> Value {
        const NAMES: &[&str] = &[
            "grounding_metadata",
            "safety_ratings",
            "citation_metadata",
            "url_context_metadata",
            "avg_logprobs",
            "container",
            "context_management",
            "stop_sequence",
            "stop_details",
            "tool_plan",
            "metrics",
            "trace",
            "performanceConfig",
            "additionalModelResponseFields",
            "thought_signatures",
            "prompt_feedback",
            "total_duration",
            "reasoning_details",
            "search_results",
            "logprobs",
            "usage",
            "id",
            "error",
        ];
        let mut members = Map::new();
        for _ in 0..=self.random.below(4) {
            let name = *self.random.pick(NAMES);
            let value = self.own(name);
            members.insert(name.to_owned(), value);
        }
        Value::Object(members)
    }

    /// A value of any kind, in a form that no vendor has.
    fn own(&mut self, of: &str) -> Value {
        let word = self.word(of);
        match self.random.below(4) {
            0 => word.into(),
            1 => json!([word, {"inner": [self.word(of)]}]),
            2 => json!({"word": word, "number": self.number(), "flag": true, "none": null}),
            _ => json!([{"word": word}]),
        }
    }

    fn usage(&mut self) -> Value {
        let (cached, thought) = (self.number(), self.number());
        let (read, written) = (cached + self.number(), thought + self.number());
        let mut usage =
            json!({"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written});
        if self.is_wanted() {
            usage["prompt_tokens_details"] = json!({"cached_tokens": cached});
        }
        if self.is_wanted() {
            usage["completion_tokens_details"] = json!({"reasoning_tokens": thought});
        }
        if self.is_wanted() {
            usage["own_count"] = self.number().into();
        }
        usage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers differ, and every member turns up.
    #[test]
    fn every_member_is_made() {
        let answers: Vec<_> = (0..200).map(random_answer).collect();
        assert_eq!(random_answer(7), random_answer(7));
        let all = serde_json::to_string(&answers).unwrap();
        for name in
            ["refusal", "thinking_blocks", "custom", "annotations", "audio", "images", "logprobs", "x_vendor"]
        {
            assert!(all.contains(&format!("\"{name}\":")), "{name}");
        }
    }
}
