//! A request as Mistral takes it, as far as OpenAI's wire does not see to it.
//!
//! Source: Mistral AI API reference, "Chat Completion", and docs "Function calling", "Vision", "Document QnA",
//! "Audio", "Reasoning", "Prefix", read 2026-11.

mod ids;
mod messages;
mod tools;

use std::borrow::Cow;

use llm_provider_core::EncodeError;
use llm_provider_openai::Changes;
use llm_types::ChatRequest;

pub(crate) use ids::is_short;
pub(crate) use tools::KEYWORDS;

/// A request on its way to Mistral: copied when the first change is made.
type Request<'a> = Cow<'a, ChatRequest>;

/// A request in Mistral's form.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    /// The request.
    pub(crate) request: Request<'a>,
    /// Which of the client's messages are not there any more, in order.
    removed: Vec<usize>,
}

impl Prepared<'_> {
    /// A place in the prepared request, as a place in the client's: `messages[3].name` counts the removed ones too.
    pub(crate) fn place(&self, path: String) -> String {
        if self.removed.is_empty() {
            return path;
        }
        let inner = path.strip_prefix("messages[").and_then(|rest| rest.split_once(']'));
        let Some((Ok(mut index), rest)) = inner.map(|(index, rest)| (index.parse::<usize>(), rest)) else {
            return path;
        };
        for &removed in &self.removed {
            if removed <= index {
                index += 1;
            }
        }
        format!("messages[{index}]{rest}")
    }
}

/// Brings a request into Mistral's form.
pub(crate) fn prepare<'a>(
    request: &'a ChatRequest,
    changes: &mut Changes<'_>,
) -> Result<Prepared<'a>, EncodeError> {
    let mut request = Cow::Borrowed(request);
    tools::legacy(&mut request, changes)?;
    tools::tools(&mut request, changes);
    tools::choice(&mut request, changes);
    let removed = messages::messages(&mut request, changes);
    Ok(Prepared { request, removed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_what_was_removed() {
        let prepared =
            Prepared { request: Cow::Owned(ChatRequest::new("m", Vec::new())), removed: vec![1, 2, 5] };
        for (inner, outer) in [
            ("messages[0]", "messages[0]"),
            ("messages[1].name", "messages[3].name"),
            ("messages[2]", "messages[4]"),
            ("messages[3].content[1]", "messages[6].content[1]"),
            ("seed", "seed"),
            ("messages", "messages"),
        ] {
            assert_eq!(prepared.place(inner.to_owned()), outer);
        }
    }
}
