//! A borrowed look at a request: what a script and an answer need, in one pass over the body.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::text::count_words;

/// The members of a chat request, on either wire, that the mock vendor looks at.
#[derive(Debug, Deserialize)]
pub(crate) struct Peek<'a> {
    #[serde(borrow)]
    pub(crate) model: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) messages: Messages<'a>,
    #[serde(default)]
    max_tokens: Option<Lenient>,
    #[serde(default)]
    max_completion_tokens: Option<Lenient>,
    #[serde(default)]
    pub(crate) stream: Option<bool>,
    #[serde(default)]
    pub(crate) stream_options: Option<StreamOptions>,
    #[serde(default, borrow)]
    pub(crate) system: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(crate) tools: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(crate) mock: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(crate) mock_response: Option<Cow<'a, str>>,
}

/// A count, or anything else that a client may have sent in its place.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Lenient {
    Count(u64),
    Other(serde::de::IgnoredAny),
}

#[derive(Debug, Deserialize)]
pub(crate) struct StreamOptions {
    #[serde(default)]
    pub(crate) include_usage: Option<bool>,
}

/// The conversation, reduced to what an answer depends on.
#[derive(Debug, Default)]
pub(crate) struct Messages<'a> {
    /// Words in all text of all messages.
    pub(crate) words: u64,
    /// Content of the last message whose role is `user`.
    last_user: Content<'a>,
    /// The last message is a tool's result, so an agent now waits for words.
    pub(crate) ends_in_tool_result: bool,
}

impl Peek<'_> {
    pub(crate) fn streams(&self) -> bool {
        self.stream.unwrap_or(false)
    }

    pub(crate) fn includes_usage(&self) -> bool {
        self.stream_options.as_ref().and_then(|options| options.include_usage).unwrap_or(false)
    }

    /// The most tokens that the answer may have, if the request says.
    pub(crate) fn max_tokens(&self) -> Option<u64> {
        let count = |lenient: &Lenient| match lenient {
            Lenient::Count(count) => Some(*count),
            Lenient::Other(_) => None,
        };
        let newer = self.max_completion_tokens.as_ref().and_then(count);
        newer.or_else(|| self.max_tokens.as_ref().and_then(count))
    }

    /// Tokens of the prompt, as this vendor counts: words of the messages and the system prompt, at least one.
    pub(crate) fn prompt_tokens(&self) -> u64 {
        let system = self.system.map_or(0, |raw| Content::read(raw).words());
        (self.messages.words + system).max(1)
    }
}

impl Messages<'_> {
    /// Text of the last user message; its parts joined by line breaks.
    pub(crate) fn last_user_text(&self) -> Cow<'_, str> {
        match &self.last_user {
            Content::Text(text) => Cow::Borrowed(text),
            Content::Parts(_) => Cow::Owned(self.last_user.texts().collect::<Vec<_>>().join("\n")),
            Content::Other => Cow::Borrowed(""),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Messages<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(MessagesVisitor)
    }
}

struct MessagesVisitor;

impl<'de> Visitor<'de> for MessagesVisitor {
    type Value = Messages<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut all = Messages::default();
        while let Some(message) = seq.next_element::<Message<'de>>()? {
            let content = message.content.map_or(Content::Other, Content::read);
            all.words += content.words();
            all.ends_in_tool_result = message.role == "tool" || content.has_tool_result();
            if message.role == "user" {
                all.last_user = content;
            }
        }
        Ok(all)
    }
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(default, borrow)]
    content: Option<&'a RawValue>,
}

/// A message's content: a string, parts, or something this vendor does not look into.
#[derive(Debug, Default)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<Part<'a>>),
    #[default]
    Other,
}

#[derive(Debug, Deserialize)]
struct Part<'a> {
    #[serde(default, rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(default, borrow)]
    text: Option<Cow<'a, str>>,
}

impl<'a> Content<'a> {
    fn read(raw: &'a RawValue) -> Self {
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
        let json = raw.get();
        match json.as_bytes().first() {
            Some(b'"') => serde_json::from_str(json).map_or(Self::Other, |Text(text)| Self::Text(text)),
            Some(b'[') => serde_json::from_str(json).map_or(Self::Other, Self::Parts),
            _ => Self::Other,
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let (whole, parts) = match self {
            Self::Text(text) => (Some(text.as_ref()), [].as_slice()),
            Self::Parts(parts) => (None, parts.as_slice()),
            Self::Other => (None, [].as_slice()),
        };
        whole.into_iter().chain(parts.iter().filter_map(|part| part.text.as_deref()))
    }

    fn words(&self) -> u64 {
        self.texts().map(count_words).sum()
    }

    fn has_tool_result(&self) -> bool {
        matches!(self, Self::Parts(parts) if parts.iter().any(|part| part.kind == "tool_result"))
    }
}

/// A tool of the request, in either vendor's shape.
pub(crate) struct Tool<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) schema: Option<&'a RawValue>,
}

/// The tools that can be called by name and have a JSON schema; other kinds are passed over.
pub(crate) fn tools(raw: Option<&RawValue>) -> Vec<Tool<'_>> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        #[serde(default, borrow)]
        function: Option<Function<'a>>,
        #[serde(default, borrow)]
        name: Option<Cow<'a, str>>,
        #[serde(default, borrow)]
        input_schema: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Function<'a> {
        #[serde(borrow)]
        name: Cow<'a, str>,
        #[serde(default, borrow)]
        parameters: Option<&'a RawValue>,
    }
    let list: Vec<&RawValue> = raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    list.into_iter()
        .filter_map(|item| serde_json::from_str::<Wire<'_>>(item.get()).ok())
        .filter_map(|tool| match tool {
            Wire { function: Some(function), .. } => {
                Some(Tool { name: function.name, schema: function.parameters })
            }
            Wire { name: Some(name), input_schema: Some(schema), .. } => {
                Some(Tool { name, schema: Some(schema) })
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peek(json: &str) -> Peek<'_> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_last_user_message_is_found_among_others_and_decoded() {
        let body = r#"{"stream":true,"messages":[{"role":"user","content":"first"},{"content":"tab\there","role":"user"},
            {"role":"assistant","content":null,"tool_calls":[]}],"model":"m"}"#;
        let peek = peek(body);
        assert_eq!(peek.messages.last_user_text(), "tab\there");
        assert_eq!(peek.prompt_tokens(), 3);
        assert!(peek.streams() && !peek.includes_usage());
    }

    #[test]
    fn parts_are_joined_and_tool_results_noticed_on_both_wires() {
        let openai = peek(
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a b"},
            {"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"c"}]},
            {"role":"tool","tool_call_id":"1","content":"42"}]}"#,
        );
        assert_eq!(openai.messages.last_user_text(), "a b\nc");
        assert!(openai.messages.ends_in_tool_result);
        let anthropic = peek(
            r#"{"model":"m","system":"be brief","messages":[{"role":"user","content":[
            {"type":"tool_result","tool_use_id":"1","content":"42"}]}]}"#,
        );
        assert!(anthropic.messages.ends_in_tool_result);
        assert_eq!(anthropic.prompt_tokens(), 2);
    }

    #[test]
    fn tools_of_both_wires_are_read_and_server_tools_passed_over() {
        let raw: Box<RawValue> = serde_json::from_str(
            r#"[{"type":"function","function":{"name":"a","parameters":{}}},{"name":"b","input_schema":{}},
            {"type":"web_search_20250305","name":"web_search"},{"type":"custom","custom":{"name":"c"}}]"#,
        )
        .unwrap();
        let names: Vec<_> = tools(Some(&raw)).into_iter().map(|tool| tool.name.into_owned()).collect();
        assert_eq!(names, ["a", "b"]);
    }
}
