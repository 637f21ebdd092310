//! [`Beside`]: what an answer says beside the model's words, for clients whose dialect has no place of its own for it.

use llm_types::{Annotation, ChatChunk, ChatResponse, Choice, ChunkChoice, Extra, Nullable, ToolCall, Usage};
use serde_json::Value;

use crate::{HostedAct, HostedCall};

/// Members that a stream tells one at a time, and those that tell all of them at its end.
const IN_TURN: &[(&str, &[&str])] = &[
    ("citation", &["citations", "content_blocks", "converse_content"]),
    ("content_block", &["content_blocks"]),
    ("content_block_start", &["converse_content"]),
    ("output_item", &["output_items"]),
    ("part", &["parts"]),
    ("thought_signature", &["thought_signatures", "parts"]),
];

/// Members of an answer that the canonical form has no name for: a vendor's `provider_specific_fields`, and what nobody
/// here knows. A dialect takes what it has a place for, and carries the rest in one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beside {
    /// `provider_specific_fields` of the answer as a whole.
    answer: Extra,
    /// Other members of the answer as a whole.
    members: Extra,
    choice: Extra,
    message: Extra,
    /// What sources say that only their vendor knows.
    sources: Vec<Value>,
}

impl Beside {
    /// Where dialects carry the rest, if they have no better place.
    pub const NAME: &'static str = "provider_specific_fields";

    /// Of an answer and its first choice.
    pub fn of(response: &ChatResponse) -> Self {
        let mut beside = Self::of_answer(response);
        if let Some(choice) = response.choices.first() {
            let own = Self::of_choice(choice);
            (beside.choice, beside.message, beside.sources) = (own.choice, own.message, own.sources);
        }
        beside
    }

    /// Of an answer as a whole.
    pub fn of_answer(response: &ChatResponse) -> Self {
        let mut beside = Self::default();
        add(&mut beside.answer, response.provider_specific_fields.get());
        add(&mut beside.members, Some(&response.extra));
        fingerprint(&mut beside.members, &response.system_fingerprint);
        beside
    }

    /// Of one choice.
    pub fn of_choice(choice: &Choice) -> Self {
        let mut beside = Self::default();
        add(&mut beside.choice, Some(&choice.extra));
        add(&mut beside.message, Some(&choice.message.extra));
        add(&mut beside.message, choice.message.provider_specific_fields.get());
        beside.calls(choice.message.tool_calls.get());
        beside.sources(choice.message.annotations.get());
        beside
    }

    /// Hears what a chunk says of the answer as a whole.
    pub fn hear(&mut self, chunk: &ChatChunk) {
        add(&mut self.answer, chunk.provider_specific_fields.get());
        add(&mut self.members, Some(&chunk.extra));
        fingerprint(&mut self.members, &chunk.system_fingerprint);
    }

    /// Hears what a chunk says of a choice. Lists grow; of other members the last value counts.
    pub fn hear_choice(&mut self, choice: &ChunkChoice) {
        add(&mut self.choice, Some(&choice.extra));
        if let Some(delta) = choice.delta.get() {
            grow(&mut self.message, &delta.extra);
            if let Some(fields) = delta.provider_specific_fields.get() {
                grow(&mut self.message, fields);
            }
            self.calls(delta.tool_calls.get());
            self.sources(delta.annotations.get());
        }
    }

    /// Adds what pages say beyond where they are and what they support, each with its address.
    fn sources(&mut self, sources: Option<&Vec<Annotation>>) {
        const KNOWN: &[&str] = &["type", "index", "url", "title", "start_index", "end_index"];
        for source in sources.into_iter().flatten() {
            let Some(Value::Object(page)) = source.url_citation.get() else { continue };
            let members = page.iter().chain(&source.extra);
            let mut members = members
                .filter(|(name, value)| !KNOWN.contains(&name.as_str()) && !value.is_null())
                .peekable();
            if members.peek().is_none() {
                continue;
            }
            let address = page.get("url").map(|url| ("url".to_owned(), url.clone()));
            let members = members.map(|(name, value)| (name.clone(), value.clone()));
            let told = Value::Object(address.into_iter().chain(members).collect());
            if !self.sources.contains(&told) {
                self.sources.push(told);
            }
        }
    }

    /// Adds what calls say inside of their functions beyond name and arguments, each with the name or number of its call.
    /// Other members of calls are sealed, to come back.
    fn calls(&mut self, calls: Option<&Vec<ToolCall>>) {
        for (at, call) in calls.into_iter().flatten().enumerate() {
            let function =
                call.function.get().map(|function| &function.extra).filter(|extra| !extra.is_empty());
            let custom = call.custom.get().map(|custom| &custom.extra).filter(|extra| !extra.is_empty());
            let Some(extra) = function.or(custom) else { continue };
            let mut told = extra.clone();
            match call.id.get() {
                Some(id) => told.insert("id".to_owned(), id.as_str().into()),
                None => {
                    told.insert("index".to_owned(), call.index.get().copied().unwrap_or(at as u32).into())
                }
            };
            let told = Extra::from_iter([("tool_calls".to_owned(), Value::Array(vec![Value::Object(told)]))]);
            grow(&mut self.message, &told);
        }
    }

    /// What a member says, wherever it stands.
    pub fn get(&self, name: &str) -> Option<&Value> {
        [&self.message, &self.choice, &self.members, &self.answer].into_iter().find_map(|all| all.get(name))
    }

    /// The vendor's own word for why the model stopped, if it is another than the canonical one, or is kept anyway.
    pub fn reason(&self) -> Option<&str> {
        ["native_finish_reason", "stop_reason"].into_iter().find_map(|name| {
            [&self.message, &self.choice].into_iter().find_map(|all| all.get(name)).and_then(Value::as_str)
        })
    }

    /// Takes out a member that the dialect has a place for.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        [&mut self.message, &mut self.choice, &mut self.members, &mut self.answer]
            .into_iter()
            .find_map(|all| all.shift_remove(name))
    }

    /// `provider_specific_fields` of the answer as a whole.
    pub const fn answer(&self) -> &Extra {
        &self.answer
    }

    /// Adds a word of the answer as a whole.
    pub fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.members.insert(name.to_owned(), value.into());
    }

    /// Takes out what the dialect said already of the choice and its message.
    pub fn forget(&mut self, names: &[&str]) {
        for all in [&mut self.message, &mut self.choice] {
            all.retain(|name, _| !names.contains(&name.as_str()));
        }
    }

    /// Takes out what sources say, where the dialect has a place for it.
    pub fn forget_sources(&mut self) {
        self.sources.clear();
    }

    /// Takes out what is sealed, to come back.
    pub fn forget_kept(&mut self) {
        self.message.retain(|name, _| !crate::Kept::goes_back(name));
    }

    /// Takes out a vendor's own list of what it said, where the words and those of its tools' calls that the dialect `tells`
    /// say all of it, and the list itself is sealed, to come back.
    pub fn forget_said(&mut self, tells: fn(&HostedAct) -> bool) {
        for (one, all) in
            [("content_block", "content_blocks"), ("output_item", "output_items"), ("part", "parts")]
        {
            if self.message.get(all).is_some_and(|list| HostedCall::say_all(list, tells)) {
                self.message.retain(|name, _| name != one && name != all);
            }
        }
    }

    /// Takes out what was told one at a time, where all of it is told again.
    pub fn forget_turns(&mut self) {
        self.message = without_turns(std::mem::take(&mut self.message));
    }

    /// Takes out the vendor's word for why the model stopped, where the dialect says the same.
    pub fn forget_reason(&mut self, written: &str) {
        for all in [&mut self.message, &mut self.choice] {
            all.retain(|name, value| {
                !matches!(name.as_str(), "native_finish_reason" | "stop_reason")
                    || value.as_str().is_some_and(|told| !told.eq_ignore_ascii_case(written))
            });
        }
    }

    /// Takes out the vendor's members of the answer as a whole that are `wanted`, for a dialect that has them there.
    pub fn take_answer(&mut self, wanted: impl Fn(&str) -> bool) -> Extra {
        let all = std::mem::take(&mut self.answer);
        let (taken, left) = all.into_iter().partition(|(name, _)| wanted(name));
        self.answer = left;
        taken
    }

    /// Adds what a usage counts beyond the sums and what the dialect `says`, each by its place, such as
    /// `prompt_tokens_details.cached_tokens`. What is zero says nothing.
    pub fn count(&mut self, usage: Option<&Usage>, says: fn(&str) -> bool) {
        let Some(Ok(Value::Object(mut counted))) = usage.map(serde_json::to_value) else { return };
        counted.retain(|name, value| {
            !SUMS.contains(&name.as_str()) && !is_nothing(value) && is_unsaid(name, value, says)
        });
        if !counted.is_empty() {
            self.members.insert("usage".to_owned(), Value::Object(counted));
        }
    }

    /// The rest as one object; `None` if there is none.
    ///
    /// A member that stands in two places with two values keeps both, the outer one with its place before its name.
    pub fn into_fields(self) -> Option<Extra> {
        let Self { answer, members, choice, message, sources } = self;
        let mut fields = without_turns(message);
        if !sources.is_empty() {
            let name = if fields.contains_key("annotations") { "message.annotations" } else { "annotations" };
            fields.insert(name.to_owned(), Value::Array(sources));
        }
        let outer = [("choice", choice), ("answer", members), ("answer.provider_specific_fields", answer)];
        for (place, outer) in outer {
            for (name, value) in without_turns(outer) {
                match fields.get(&name) {
                    Some(known) if *known == value => {}
                    Some(_) => {
                        fields.insert(format!("{place}.{name}"), value);
                    }
                    None => {
                        fields.insert(name, value);
                    }
                }
            }
        }
        (!fields.is_empty()).then_some(fields)
    }

    /// Adds the rest to the members of an answer.
    pub fn write(self, extra: &mut Extra) {
        if let Some(fields) = self.into_fields() {
            extra.insert(Self::NAME.to_owned(), Value::Object(fields));
        }
    }
}

const SUMS: &[&str] = &["prompt_tokens", "completion_tokens", "total_tokens"];

/// Whether a count is left to be told; takes out of it what is not.
fn is_unsaid(place: &str, value: &mut Value, says: fn(&str) -> bool) -> bool {
    match value {
        _ if says(place) => false,
        Value::Object(members) => {
            members.retain(|name, value| {
                !is_nothing(value) && is_unsaid(&format!("{place}.{name}"), value, says)
            });
            !members.is_empty()
        }
        _ => true,
    }
}

/// Whether a count says nothing, wherever it stands.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

/// Takes out what was told one at a time, where all of it is told again.
pub fn without_turns(mut fields: Extra) -> Extra {
    for (one, all) in IN_TURN {
        if fields.contains_key(*one) && all.iter().any(|name| fields.contains_key(*name)) {
            fields.shift_remove(*one);
        }
    }
    fields
}

fn fingerprint(all: &mut Extra, told: &Nullable<String>) {
    if let Some(fingerprint) = told.get() {
        all.insert("system_fingerprint".to_owned(), fingerprint.as_str().into());
    }
}

/// Adds members; `provider_specific_fields` among them stands for its own members.
fn add(all: &mut Extra, more: Option<&Extra>) {
    for (name, value) in more.into_iter().flatten().filter(|(name, value)| says_something(name, value)) {
        match value {
            Value::Object(fields) if name == Beside::NAME => add(all, Some(fields)),
            _ => {
                all.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Adds the members of a delta.
fn grow(all: &mut Extra, more: &Extra) {
    for (name, value) in more.iter().filter(|(name, value)| says_something(name, value)) {
        let is_one = IN_TURN.iter().any(|(one, _)| one == name);
        match (all.get_mut(name), value) {
            (Some(Value::Array(list)), _) if is_one => list.push(value.clone()),
            (None, _) if is_one => {
                all.insert(name.clone(), Value::Array(vec![value.clone()]));
            }
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more.iter().cloned()),
            _ => {
                all.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Whether a member has to be told: not `null`, OpenAI's padding, or images, which each dialect has its own way with.
fn says_something(name: &str, value: &Value) -> bool {
    !value.is_null() && !matches!(name, "obfuscation" | "images")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(value: Value) -> ChatResponse {
        llm_types::from_value(value).unwrap()
    }

    #[test]
    fn every_place_is_looked_at() {
        let response = answer(json!({
            "system_fingerprint": "fp", "x_groq": {"id": "g"}, "provider_specific_fields": {"trace": 1, "same": "s"},
            "choices": [{"content_filter_results": {}, "provider_specific_fields": {"native_finish_reason": "STOP"},
                "message": {"role": "assistant", "content": "", "refused": null, "same": "s",
                    "images": [], "provider_specific_fields": {"trace": 2, "tool_plan": "p"}}}],
        }));
        let fields = Beside::of(&response).into_fields().unwrap();
        assert_eq!(
            Value::Object(fields),
            json!({"same": "s", "trace": 2, "tool_plan": "p", "content_filter_results": {},
                "native_finish_reason": "STOP", "x_groq": {"id": "g"}, "system_fingerprint": "fp",
                "answer.provider_specific_fields.trace": 1})
        );
    }

    #[test]
    fn what_is_said_already_is_left_out() {
        let response = answer(json!({"choices": [{
            "provider_specific_fields": {"native_finish_reason": "max_tokens", "b": 1},
            "message": {"role": "assistant", "provider_specific_fields": {"a": 1, "stop_reason": "other"}},
        }]}));
        let mut beside = Beside::of(&response);
        beside.forget_reason("MAX_TOKENS");
        beside.forget(&["b"]);
        assert_eq!((beside.take("a"), beside.get("a")), (Some(json!(1)), None));
        assert_eq!(Value::Object(beside.clone().into_fields().unwrap()), json!({"stop_reason": "other"}));
        beside.forget(&["stop_reason"]);
        assert_eq!(beside.into_fields(), None);
    }

    #[test]
    fn what_sources_say_stands_with_their_address() {
        let response = answer(json!({"choices": [{"message": {"role": "assistant", "annotations": [
            {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "mood": "glad"}},
            {"type": "url_citation", "url_citation": {"url": "v", "start_index": 0, "end_index": 4}},
        ]}}]}));
        let mut beside = Beside::of(&response);
        let fields = beside.clone().into_fields().unwrap();
        assert_eq!(Value::Object(fields), json!({"annotations": [{"url": "u", "mood": "glad"}]}));
        beside.forget_sources();
        assert_eq!(beside.into_fields(), None);
    }

    #[test]
    fn counts_that_the_dialect_has_no_word_for() {
        let usage: Usage =
            llm_types::from_value(json!({"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12,
            "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 2}, "queue_time": 0.5, "none": null}))
            .unwrap();
        let mut beside = Beside::default();
        beside.count(Some(&usage), |place| place == "prompt_tokens_details.cached_tokens");
        assert_eq!(
            Value::Object(beside.into_fields().unwrap()),
            json!({"usage": {"completion_tokens_details": {"reasoning_tokens": 2}, "queue_time": 0.5}})
        );
    }

    #[test]
    fn a_stream_tells_the_same() {
        let mut beside = Beside::default();
        for delta in [
            json!({"provider_specific_fields": {"citation": {"n": 1}, "part": {"a": 1}}}),
            json!({"provider_specific_fields": {"citation": {"n": 2}}, "list": [1]}),
            json!({"provider_specific_fields": {"citations": [{"n": 1}, {"n": 2}]}, "list": [2]}),
        ] {
            let chunk = json!({"x": 1, "choices": [{"delta": delta}]});
            let chunk: ChatChunk = llm_types::from_value(chunk).unwrap();
            beside.hear(&chunk);
            beside.hear_choice(&chunk.choices()[0]);
        }
        assert_eq!(
            Value::Object(beside.into_fields().unwrap()),
            json!({"part": [{"a": 1}], "list": [1, 2], "citations": [{"n": 1}, {"n": 2}], "x": 1})
        );
    }
}
