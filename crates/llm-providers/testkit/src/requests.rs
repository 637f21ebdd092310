//! Requests at random: every member that a client may say, in any company, each with a value of its own.

mod turns;

use llm_types::ChatRequest;
use serde_json::{Map, Value, json};

use crate::Random;

/// A canonical request. The same seed gives the same.
///
/// # Panics
/// Never: what is made is a request.
pub fn random_request(seed: u64) -> ChatRequest {
    let mut maker = Maker { random: Random::new(seed), made: 0 };
    llm_types::from_value(maker.request()).unwrap_or_else(|error| panic!("{error}"))
}

/// Puts members that nobody knows into some of the objects, each with a value that stands nowhere else. What a tool is
/// called with is left alone: what is in there is no member of a request.
pub fn sprinkle(body: &mut Value, random: &mut Random) {
    fn into(value: &mut Value, random: &mut Random, made: &mut u64) {
        const CONTENTS: &[&str] = &[
            "arguments",
            "input",
            "args",
            "parameters",
            "schema",
            "json_schema",
            "inputSchema",
            "input_schema",
            "json",
        ];
        match value {
            Value::Object(members) => {
                for (name, value) in members.iter_mut() {
                    if !CONTENTS.contains(&name.as_str()) {
                        into(value, random, made);
                    }
                }
                if random.below(30) == 0 {
                    *made += 1;
                    members.insert("novelty".to_owned(), format!("new-{}", 600_000 + *made).into());
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| into(item, random, made)),
            _ => {}
        }
    }
    into(body, random, &mut 0);
}

/// Members that ask for a number, each with the one that it begins at.
const NUMBERS: &[(&str, f64)] =
    &[("frequency_penalty", -0.9), ("presence_penalty", 0.1), ("temperature", 0.3), ("top_p", 0.6)];

/// Members that name something.
const NAMES: &[&str] = &["prompt_cache_key", "safety_identifier", "user"];

/// Members with a choice of words, the last of each unknown to everybody.
const CHOICES: &[(&str, &[&str])] = &[
    ("prompt_cache_retention", &["in_memory", "24h", "forever"]),
    ("reasoning_effort", &["none", "minimal", "low", "medium", "high", "xhigh", "max", "galactic"]),
    ("service_tier", &["auto", "default", "flex", "priority", "scale", "moon"]),
    ("verbosity", &["low", "medium", "high", "poetic"]),
];

struct Maker {
    random: Random,
    made: u64,
}

impl Maker {
    /// Once in `times`.
    fn once_in(&mut self, times: usize) -> bool {
        self.random.below(times) == 0
    }

    /// A number that stands nowhere else, and that is no part of another.
    fn number(&mut self) -> u64 {
        self.made += 1;
        700_000 + self.made
    }

    /// A number near `from` that stands nowhere else.
    fn fraction(&mut self, from: f64) -> f64 {
        self.made += 1;
        // Six digits, as a float would be written.
        let text = format!("{:.6}", from + self.made as f64 / 1e6);
        text.parse().unwrap()
    }

    /// Words that stand nowhere else.
    fn word(&mut self, of: &str) -> String {
        format!("{of}-{}", self.number())
    }

    /// Base64 that stands nowhere else.
    fn data(&mut self) -> String {
        format!("AAAA70{:06}", self.number())
    }

    /// A value of any kind, in a form that no vendor has.
    fn own(&mut self, of: &str) -> Value {
        let word = self.word(of);
        match self.random.below(4) {
            0 => word.into(),
            1 => json!([word, {"inner": [self.word(of)]}]),
            2 => json!({"word": word, "number": self.number()}),
            _ => self.number().into(),
        }
    }

    fn request(&mut self) -> Value {
        let mut request = Map::new();
        request.insert("model".into(), "model-1".into());
        let legacy = self.once_in(8);
        request.insert("messages".into(), self.turns(legacy));
        self.sampling(&mut request);
        self.limits(&mut request);
        if legacy {
            self.functions(&mut request);
        } else if self.once_in(2) {
            self.tools(&mut request);
        }
        self.form(&mut request);
        self.who(&mut request);
        self.streaming(&mut request);
        self.vendors_own(&mut request);
        Value::Object(request)
    }

    fn sampling(&mut self, request: &mut Map<String, Value>) {
        for &(name, from) in NUMBERS {
            if self.once_in(5) {
                request.insert(name.into(), self.fraction(from).into());
            }
        }
        for &(name, words) in CHOICES {
            if self.once_in(5) {
                request.insert(name.into(), (*self.random.pick(words)).into());
            }
        }
        if self.once_in(6) {
            request.insert("seed".into(), self.number().into());
        }
        if self.once_in(6) {
            request.insert("n".into(), (1 + self.random.below(3)).into());
        }
        if self.once_in(8) {
            request.insert("logit_bias".into(), json!({self.number().to_string(): -self.random_bias()}));
        }
        if self.once_in(8) {
            request.insert("logprobs".into(), true.into());
            if self.once_in(2) {
                request.insert("top_logprobs".into(), (2 + self.random.below(18)).into());
            }
        }
        if self.once_in(5) {
            let stop = if self.once_in(2) {
                self.word("stop").into()
            } else {
                json!([self.word("stop"), self.word("stop"), self.word("stop")])
            };
            request.insert("stop".into(), stop);
        }
    }

    fn random_bias(&mut self) -> i64 {
        1 + self.random.below(99) as i64
    }

    fn limits(&mut self, request: &mut Map<String, Value>) {
        for name in ["max_completion_tokens", "max_tokens"] {
            if self.once_in(3) {
                request.insert(name.into(), self.number().into());
            }
        }
        if self.once_in(8) {
            let thinking = match self.random.below(4) {
                0 => json!({"type": "enabled", "budget_tokens": self.number()}),
                1 => json!({"type": "adaptive"}),
                2 => json!({"type": "enabled", "budget_tokens": self.number(), "display": "omitted"}),
                _ => json!({"type": "disabled"}),
            };
            request.insert("thinking".into(), thinking);
        }
    }

    fn schema(&mut self) -> Value {
        let (name, words) = (self.word("p"), self.word("describes"));
        let mut schema = json!({"type": "object", "properties": {name.as_str(): {"type": "string", "description": words}},
            "required": [name], "additionalProperties": false});
        if self.once_in(3) {
            schema["properties"]["count"] =
                json!({"type": "integer", "minimum": self.number(), "maximum": self.number()});
        }
        if self.once_in(4) {
            schema["properties"]["kind"] =
                json!({"anyOf": [{"enum": [self.word("e"), self.word("e")]}, {"type": "null"}]});
        }
        if self.once_in(6) {
            schema["$defs"] = json!({"Inner": {"type": "array", "items": {"type": "string",
                "pattern": self.word("pattern")}, "minItems": self.number()}});
            schema["properties"]["inner"] = json!({"$ref": "#/$defs/Inner"});
        }
        schema
    }

    fn function(&mut self) -> Value {
        let mut function = json!({"name": self.word("f")});
        if !self.once_in(4) {
            function["description"] = self.word("does").into();
        }
        if !self.once_in(5) {
            function["parameters"] = self.schema();
        }
        if self.once_in(4) {
            function["strict"] = self.once_in(2).into();
        }
        function
    }

    fn tool(&mut self) -> Value {
        let mut tool = match self.random.below(8) {
            0 => {
                let mut custom = json!({"name": self.word("c"), "description": self.word("does")});
                match self.random.below(3) {
                    0 => custom["format"] = json!({"type": "text"}),
                    1 => {
                        custom["format"] = json!({"type": "grammar",
                            "grammar": {"syntax": "lark", "definition": self.word("rule")}});
                    }
                    _ => {}
                }
                json!({"type": "custom", "custom": custom})
            }
            1 => match self.random.below(4) {
                0 => json!({"type": "web_search_20250305", "name": "web_search", "max_uses": self.number(),
                    "allowed_domains": [self.word("domain")]}),
                1 => self.server(),
                2 => json!({"type": "web_search", "search_context_size": "low"}),
                _ => json!({"type": "hologram", "name": self.word("own"), "depth": self.number()}),
            },
            _ => json!({"type": "function", "function": self.function()}),
        };
        if self.once_in(8) {
            tool["cache_control"] = self.marker();
        }
        if self.once_in(10) {
            tool["x_tool"] = self.own("of-the-tool");
        }
        tool
    }

    /// A server of tools that the vendor talks to.
    fn server(&mut self) -> Value {
        let (label, url) = (self.word("label"), self.word("https://mcp.example/"));
        let mut server = json!({"type": "mcp", "server_label": label, "server_url": url});
        if self.once_in(2) {
            server["require_approval"] = "never".into();
        } else if self.once_in(2) {
            server["require_approval"] = json!({"never": {"tool_names": [self.word("unasked")]}});
        }
        match self.random.below(4) {
            0 => server["allowed_tools"] = json!([self.word("tool")]),
            1 => server["authorization"] = self.word("token").into(),
            2 => server["headers"] = json!({"x-team": self.word("team")}),
            _ => {}
        }
        server
    }

    fn tools(&mut self, request: &mut Map<String, Value>) {
        let tools: Vec<Value> = (0..=self.random.below(3)).map(|_| self.tool()).collect();
        if self.once_in(2) {
            let mut named =
                tools.iter().filter(|tool| tool["function"].is_object() || tool["custom"].is_object());
            let choice = match (self.random.below(6), named.next()) {
                (0, Some(tool)) => {
                    let kind = tool["type"].as_str().unwrap();
                    json!({"type": kind, kind: {"name": tool[kind]["name"]}})
                }
                (1, Some(tool)) => {
                    let kind = tool["type"].as_str().unwrap();
                    json!({"type": "allowed_tools", "allowed_tools": {"mode": "required",
                        "tools": [{"type": kind, kind: {"name": tool[kind]["name"]}}]}})
                }
                (2, _) => self.word("perhaps").into(),
                (3, _) => "required".into(),
                (4, _) => "none".into(),
                _ => "auto".into(),
            };
            request.insert("tool_choice".into(), choice);
        }
        request.insert("tools".into(), tools.into());
        if self.once_in(3) {
            request.insert("parallel_tool_calls".into(), self.once_in(2).into());
        }
    }

    fn functions(&mut self, request: &mut Map<String, Value>) {
        let functions: Vec<Value> = (0..=self.random.below(2))
            .map(|_| {
                let mut function = self.function();
                function.as_object_mut().unwrap().shift_remove("strict");
                function
            })
            .collect();
        let choice = match self.random.below(4) {
            0 => "auto".into(),
            1 => "none".into(),
            2 => json!({"name": functions[0]["name"]}),
            _ => Value::Null,
        };
        if !choice.is_null() {
            request.insert("function_call".into(), choice);
        }
        request.insert("functions".into(), functions.into());
    }

    fn form(&mut self, request: &mut Map<String, Value>) {
        if self.once_in(5) {
            let format = match self.random.below(6) {
                0 => json!({"type": "text"}),
                1 => json!({"type": "json_object"}),
                2 => json!({"type": "yaml", "indent": self.number()}),
                _ => {
                    let mut form = json!({"name": self.word("form"), "schema": self.schema()});
                    if self.once_in(2) {
                        form["description"] = self.word("describes").into();
                    }
                    if self.once_in(2) {
                        form["strict"] = true.into();
                    }
                    json!({"type": "json_schema", "json_schema": form})
                }
            };
            request.insert("response_format".into(), format);
        }
        if self.once_in(10) {
            request.insert("modalities".into(), json!(["text", "audio"]));
            let format = *self.random.pick(&["wav", "mp3", "flac", "opus", "pcm16"]);
            let voice: Value =
                if self.once_in(2) { self.word("voice").into() } else { json!({"id": self.word("voice")}) };
            request.insert("audio".into(), json!({"format": format, "voice": voice}));
        } else if self.once_in(10) {
            request.insert("modalities".into(), json!(["text", "image"]));
        }
        if self.once_in(10) {
            let words: Value = if self.once_in(2) {
                self.word("predicted").into()
            } else {
                json!([{"type": "text", "text": self.word("predicted")}])
            };
            request.insert("prediction".into(), json!({"type": "content", "content": words}));
        }
        if self.once_in(10) {
            let mut options = json!({"search_context_size": *self.random.pick(&["low", "medium", "high"])});
            if self.once_in(2) {
                options["user_location"] = json!({"type": "approximate",
                    "approximate": {"country": "FR", "city": self.word("city"), "timezone": self.word("zone")}});
            }
            if self.once_in(3) {
                options["filters"] = json!({"allowed_domains": [self.word("domain")]});
            }
            request.insert("web_search_options".into(), options);
        }
    }

    fn who(&mut self, request: &mut Map<String, Value>) {
        for &name in NAMES {
            if self.once_in(6) {
                request.insert(name.into(), self.word(name).into());
            }
        }
        if self.once_in(6) {
            let mut metadata = json!({self.word("label"): self.word("is")});
            if self.once_in(3) {
                metadata["user_id"] = self.word("who").into();
            }
            request.insert("metadata".into(), metadata);
        }
        if self.once_in(6) {
            request.insert("store".into(), self.once_in(2).into());
        }
    }

    fn streaming(&mut self, request: &mut Map<String, Value>) {
        if self.once_in(3) {
            request.insert("stream".into(), true.into());
            if self.once_in(2) {
                let mut options = json!({"include_usage": true});
                if self.once_in(4) {
                    options["x_option"] = self.own("of-the-options");
                }
                request.insert("stream_options".into(), options);
            }
        }
    }

    /// Members that some vendor has, in its own words, and one that nobody has.
    fn vendors_own(&mut self, request: &mut Map<String, Value>) {
        if self.once_in(5) {
            request.insert("x_unknown".into(), self.own("of-the-request"));
        }
        if self.once_in(5) {
            request.insert("top_k".into(), self.number().into());
        }
        if self.once_in(3) {
            for _ in 0..=self.random.below(2) {
                let (name, value) = self.known();
                request.insert(name.into(), value);
            }
        }
    }

    fn known(&mut self) -> (&'static str, Value) {
        let number = self.number();
        let word = self.word("own");
        match self.random.below(26) {
            0 => ("min_p", self.fraction(0.05).into()),
            1 => ("repetition_penalty", self.fraction(1.1).into()),
            2 => ("safety_settings", json!([{"category": "HARM_CATEGORY_HARASSMENT", "threshold": word}])),
            3 => ("cached_content", format!("cachedContents/{word}").into()),
            4 => (
                "guardrailConfig",
                json!({"guardrailIdentifier": word, "guardrailVersion": number.to_string()}),
            ),
            5 => ("documents", json!([{"id": word, "data": {"text": self.word("document")}}])),
            6 => ("mcp_servers", json!([{"type": "url", "name": word, "url": "https://mcp.example/1"}])),
            7 => ("container", word.into()),
            8 => ("context_management", json!({"edits": [{"type": word}]})),
            9 => ("output_config", json!({"effort": "high"})),
            10 => ("betas", json!([word])),
            11 => ("keep_alive", word.into()),
            12 => ("options", json!({"num_ctx": number, "mirostat_tau": self.fraction(4.0)})),
            13 => ("citation_options", json!({"mode": "ACCURATE"})),
            14 => ("safe_prompt", true.into()),
            15 => ("random_seed", number.into()),
            16 => ("prompt_mode", word.into()),
            17 => ("chat_template_kwargs", json!({"enable_thinking": false, "note": word})),
            18 => ("provider", json!({"order": [word]})),
            19 => ("reasoning", json!({"effort": "high", "max_tokens": number})),
            20 => ("search_domain_filter", json!([word])),
            21 => ("cache_control", self.marker()),
            22 => ("inference_geo", word.into()),
            23 => ("extra_body", json!({"own": word})),
            24 => ("generationConfig", json!({"mediaResolution": word})),
            _ => ("performanceConfig", json!({"latency": "optimized"})),
        }
    }

    fn marker(&mut self) -> Value {
        match self.random.below(3) {
            0 => json!({"type": "ephemeral", "ttl": "1h"}),
            1 => json!({"type": "ephemeral", "ttl": "5m"}),
            _ => json!({"type": "ephemeral"}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests differ, every member that the canonical form names turns up, and every part and turn.
    #[test]
    fn every_member_is_made() {
        let requests: Vec<_> = (0..600).map(random_request).collect();
        assert_eq!(random_request(7), random_request(7));
        let all: Vec<Value> = requests.iter().map(|request| serde_json::to_value(request).unwrap()).collect();
        for name in [
            "audio",
            "frequency_penalty",
            "function_call",
            "functions",
            "logit_bias",
            "logprobs",
            "max_completion_tokens",
            "max_tokens",
            "metadata",
            "modalities",
            "n",
            "parallel_tool_calls",
            "prediction",
            "presence_penalty",
            "prompt_cache_key",
            "prompt_cache_retention",
            "reasoning_effort",
            "response_format",
            "safety_identifier",
            "seed",
            "service_tier",
            "stop",
            "store",
            "stream",
            "stream_options",
            "temperature",
            "thinking",
            "tool_choice",
            "tools",
            "top_logprobs",
            "top_p",
            "user",
            "verbosity",
            "web_search_options",
            "x_unknown",
        ] {
            assert!(all.iter().any(|request| !request[name].is_null()), "{name}");
        }
        let text = serde_json::to_string(&all).unwrap();
        for name in [
            "image_url",
            "input_audio",
            "file_id",
            "file_data",
            "file_url",
            "video_url",
            "hologram",
            "refusal",
            "thinking_blocks",
            "redacted_thinking",
            "reasoning_content",
            "tool_call_id",
            "is_error",
            "annotations",
            "cache_control",
            "allowed_tools",
            "custom",
            "grammar",
            "provider_specific_fields",
            "thought_signatures",
        ] {
            assert!(text.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
