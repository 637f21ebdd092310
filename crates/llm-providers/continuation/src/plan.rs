//! How somebody else is asked to go on.

use llm_provider_core::{Note, NoteKind, Prefill};
use llm_types::{ChatRequest, Message, Nullable};

use crate::calls::{Again, Call, Calls};
use crate::seam::{Seam, anchor};

/// Bytes of text that a token stands for, where a limit has to be shared by two answers.
const BYTES_PER_TOKEN: u64 = 4;
/// Tokens that a continuing answer may have, at least.
const LEAST_TOKENS: u64 = 16;

/// How somebody else is asked to go on, and what is to be heard of the answer.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is asked.
    pub request: ChatRequest,
    /// What was changed of the first request, beyond its conversation.
    pub notes: Vec<Note>,
    pub(crate) seam: Seam,
    pub(crate) again: Again,
}

/// What has been said of an answer.
pub(crate) struct Said<'a> {
    pub(crate) text: &'a str,
    pub(crate) calls: &'a Calls,
    pub(crate) is_json: bool,
}

pub(crate) fn plan(said: &Said<'_>, original: &ChatRequest, prefill: Option<Prefill>) -> Plan {
    let mut plan = Plan {
        request: original.clone(),
        notes: Vec::new(),
        seam: Seam::fresh(said.text),
        again: Again::after(said.calls),
    };
    let text = said.text.trim_end();
    if !said.calls.0.is_empty() {
        plan.seam = Seam::mute();
        plan.say_and_ask(text, repeat_calls(said.calls));
    } else if text.is_empty() {
        return plan;
    } else if said.is_json {
        plan.seam = Seam::structured(said.text);
        plan.say_and_ask(text, repeat_json(text));
    } else if let Some(prefill) = prefill {
        plan.seam = Seam::prefilled(said.text);
        let mut begun = Message::assistant(text);
        if let Prefill::Member(name) = prefill {
            begun.extra.insert(name.into_owned(), true.into());
        }
        plan.request.messages.push(begun);
        plan.do_not_think();
        plan.share_limits(text, 0);
    } else {
        plan.seam = Seam::asked(said.text);
        let anchor = anchor(said.text);
        plan.say_and_ask(text, go_on(anchor));
        plan.share_limits(text, anchor.len());
    }
    plan
}

impl Plan {
    fn say_and_ask(&mut self, text: &str, ask: String) {
        if !text.is_empty() {
            self.request.messages.push(Message::assistant(text));
        }
        self.request.messages.push(Message::user(ask));
        self.notes.push(Note::new(
            NoteKind::Converted,
            "messages",
            "a request to go on where the answer broke off, as the vendor does not take the beginning of one",
        ));
    }

    /// The beginning of an answer comes after all thinking: vendors refuse one together with the wish to think.
    fn do_not_think(&mut self) {
        for (name, is_said) in [
            ("thinking", self.request.thinking.is_value()),
            ("reasoning_effort", self.request.reasoning_effort.is_value()),
        ] {
            if is_said {
                self.notes.push(Note::dropped(name, "the answer goes on from words, after any thinking"));
            }
        }
        self.request.thinking = Nullable::Absent;
        self.request.reasoning_effort = Nullable::Absent;
    }

    /// A limit holds for all of the answer. `again` bytes of it are said twice.
    fn share_limits(&mut self, text: &str, again: usize) {
        let tokens = |bytes: usize| (bytes as u64).div_ceil(BYTES_PER_TOKEN);
        let (written, again) = (tokens(text.len()), tokens(again));
        for limit in [&mut self.request.max_completion_tokens, &mut self.request.max_tokens] {
            if let Some(limit) = limit.get_mut() {
                *limit = (limit.saturating_sub(written) + again).max(LEAST_TOKENS.min(*limit));
            }
        }
    }
}

fn go_on(anchor: &str) -> String {
    format!(
        "The connection broke while you were answering. Go on with your last message from exactly where it stops. \
         Begin with its last words, which stand below, letter by letter, and carry straight on from them; say nothing \
         before them, and repeat nothing else.\n\n{anchor}"
    )
}

fn repeat_json(text: &str) -> String {
    format!(
        "The connection broke while you were answering. Give the whole JSON answer again, from its first character. It \
         has to begin with exactly this, with the same members and values in the same order:\n\n{text}"
    )
}

fn repeat_calls(calls: &Calls) -> String {
    let mut ask = "The connection broke while you were calling tools. Make these calls again first, in this order and \
                   with the same arguments, and then whatever else you meant to call. Say nothing before them.\n"
        .to_owned();
    let torn = calls.torn().map(|call| call.index);
    for (number, Call { name, input, index, .. }) in calls.0.iter().enumerate() {
        let how = if torn == Some(*index) { "with arguments that begin with" } else { "with the arguments" };
        ask.push_str(&format!("\n{}. {name} {how}: {input}", number + 1));
    }
    ask
}

#[cfg(test)]
mod tests {
    use llm_types::{Role, ToolCall};
    use serde_json::json;

    use super::*;

    fn request(members: &serde_json::Value) -> ChatRequest {
        let mut request = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        llm_types::from_value(request).unwrap()
    }

    fn said<'a>(text: &'a str, calls: &'a Calls, is_json: bool) -> Said<'a> {
        Said { text, calls, is_json }
    }

    fn roles(plan: &Plan) -> Vec<Role> {
        plan.request.messages.iter().map(|message| message.role.clone()).collect()
    }

    #[test]
    fn a_vendor_that_takes_the_beginning_gets_it() {
        let original = request(&json!({"max_tokens": 100, "reasoning_effort": "low"}));
        let plan = plan(
            &said("Once upon a time. \n", &Calls::default(), false),
            &original,
            Some(Prefill::Member("prefix".into())),
        );
        let last = serde_json::to_value(plan.request.messages.last().unwrap()).unwrap();
        assert_eq!(
            last,
            json!({"role": "assistant", "content": "Once upon a time.", "prefix": true}),
            "no space at the end"
        );
        assert_eq!(plan.request.max_tokens.get(), Some(&95));
        assert!(!plan.request.reasoning_effort.is_value());
        assert_eq!(
            plan.notes.iter().map(|note| note.path.as_str()).collect::<Vec<_>>(),
            ["reasoning_effort"]
        );
    }

    #[test]
    fn others_are_asked_to() {
        let original = request(&json!({"max_completion_tokens": 20}));
        let asked = plan(&said("Once upon a time.", &Calls::default(), false), &original, None);
        assert_eq!(roles(&asked), [Role::User, Role::Assistant, Role::User]);
        let ask = asked.request.messages[2].content.get().unwrap().text().into_owned();
        assert!(ask.ends_with("\n\nOnce upon a time."), "{ask}");
        assert_eq!(
            asked.request.max_completion_tokens.get(),
            Some(&20),
            "less what is there, and that again"
        );
        assert_eq!(asked.notes.len(), 1);

        let json = plan(&said("{\"a\": ", &Calls::default(), true), &original, Some(Prefill::LastMessage));
        assert_eq!(roles(&json), [Role::User, Role::Assistant, Role::User]);
        assert_eq!(json.request.max_completion_tokens.get(), Some(&20), "all of it is said again");
    }

    #[test]
    fn before_any_words_it_is_the_same_request() {
        let original = request(&json!({}));
        for text in ["", " \n"] {
            let plan = plan(&said(text, &Calls::default(), false), &original, Some(Prefill::LastMessage));
            assert_eq!((plan.request, plan.notes.len()), (original.clone(), 0));
        }
    }

    #[test]
    fn calls_are_named_as_far_as_they_came() {
        let mut calls = Calls::default();
        for (index, input) in [(0, "{\"a\":1}"), (1, "{\"b\":")] {
            calls.hear(&ToolCall {
                index: Nullable::Value(index),
                ..ToolCall::function(format!("id{index}"), format!("f{index}"), input)
            });
        }
        let plan = plan(&said("", &calls, true), &request(&json!({})), Some(Prefill::LastMessage));
        assert_eq!(roles(&plan), [Role::User, Role::User]);
        let ask = plan.request.messages[1].content.get().unwrap().text().into_owned();
        assert!(ask.contains("1. f0 with the arguments: {\"a\":1}"), "{ask}");
        assert!(ask.contains("2. f1 with arguments that begin with: {\"b\":"), "{ask}");
    }
}
