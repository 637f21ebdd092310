//! [`MessageGlance`]: just enough of a message, borrowed, to see whether it needs a change.

use std::borrow::Cow;

use llm_provider_core::Peek;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The members of a message that tell whether a vendor's quirk touches it.
#[derive(Debug, Clone, Deserialize)]
pub struct MessageGlance<'a> {
    /// Who speaks.
    #[serde(borrow, default)]
    pub role: Cow<'a, str>,
    /// What is said.
    #[serde(borrow, default)]
    pub content: Option<&'a RawValue>,
    /// A participant's name.
    #[serde(borrow, default)]
    pub name: Option<&'a RawValue>,
    /// The tools called.
    #[serde(borrow, default)]
    pub tool_calls: Option<&'a RawValue>,
    /// The call that this is the result of.
    #[serde(borrow, default)]
    pub tool_call_id: Option<&'a RawValue>,
    /// The model's thinking.
    #[serde(borrow, default)]
    pub reasoning_content: Option<&'a RawValue>,
    /// The prompt-cache marker of the whole message.
    #[serde(borrow, default)]
    pub cache_control: Option<&'a RawValue>,
}

/// The type of a content part.
#[derive(Debug, Clone, Deserialize)]
struct PartGlance<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
}

impl<'a> MessageGlance<'a> {
    /// All messages of a request; `None` if they are not what a vendor would take either.
    pub fn all(peek: &Peek<'a>) -> Option<Vec<Self>> {
        serde_json::from_str(peek.raw("messages")?).ok()
    }

    /// The types of the content's parts; none if the content is no list.
    pub fn part_kinds(&self) -> Vec<Cow<'a, str>> {
        let list = self.content.filter(|content| content.get().starts_with('['));
        let parts: Option<Vec<PartGlance<'a>>> = list.and_then(|list| serde_json::from_str(list.get()).ok());
        parts.unwrap_or_default().into_iter().map(|part| part.kind).collect()
    }
}
