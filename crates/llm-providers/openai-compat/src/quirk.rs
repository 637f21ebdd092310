//! [`Quirk`]: what a vendor wants otherwise and a table cannot say. A closed list.

mod messages;
mod thinking;
mod tools;

use std::borrow::Cow;
use std::collections::BTreeMap;

use llm_provider_core::{Call, NoteKind, Peek};
use llm_provider_openai::{Changes, MessageGlance};
use llm_types::{
    ChatRequest, ContentPart, Message, Nullable, ReasoningEffort, ResponseFormat, Role, from_value,
};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};
use thinking::is_off;

/// What a vendor wants otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Quirk {
    /// A list of text parts is sent as one string.
    FlattenText,
    /// `messages[].name` is refused.
    NoMessageNames,
    /// Members that are `null` are refused in an assistant's message.
    NoNullMembers,
    /// An assistant's message that calls tools needs `reasoning_content` while the model thinks.
    ReasoningBesideCalls,
    /// Ids of tool calls are nine letters or digits.
    ShortCallIds,
    /// Files are refused.
    NoFiles,
    /// `strict` is refused in tools.
    NoToolStrict,
    /// `$id`, `$schema` and `additionalProperties` are refused in the schemas of tools.
    NoSchemaKeywords,
    /// `tool_choice` has `any` for `required`.
    ToolChoiceAny,
    /// `tool_choice` knows `auto` and `none` only.
    ToolChoiceAutoOrNone,
    /// `tool_choice` has no `required`; a message asks for a tool instead.
    ToolChoiceRequiredInWords,
    /// There is one answer only: `n` is refused unless it is 1.
    SingleAnswer,
    /// There is no `json_schema`: the schema is told in words, and `json_object` asked for.
    JsonSchemaInWords,
    /// There is no `json_object`: a schema that any object follows is asked for.
    JsonObjectAsSchema,
    /// `reasoning_effort: none` is said as `thinking: {"type": "disabled"}`.
    EffortNoneSwitchesOff,
    /// Any `reasoning_effort` is said as `thinking: {"type": …}`, on or off.
    EffortIsSwitch,
    /// `reasoning_effort: none` is said as `reasoning_effort: null`.
    EffortNoneIsNull,
    /// `reasoning_effort: none` is said as `reasoning: {"enabled": false}`.
    EffortNoneDisablesReasoning,
    /// Any `reasoning_effort` is said as `reasoning: {"effort": …}`.
    EffortInReasoning,
    /// Whether and how long to think is said by `enable_thinking` and `thinking_budget`.
    EnableThinking,
}

type Request<'a> = Cow<'a, ChatRequest>;

impl Quirk {
    /// Every quirk.
    pub const ALL: [Self; 20] = [
        Self::FlattenText,
        Self::NoMessageNames,
        Self::NoNullMembers,
        Self::ReasoningBesideCalls,
        Self::ShortCallIds,
        Self::NoFiles,
        Self::NoToolStrict,
        Self::NoSchemaKeywords,
        Self::ToolChoiceAny,
        Self::ToolChoiceAutoOrNone,
        Self::ToolChoiceRequiredInWords,
        Self::SingleAnswer,
        Self::JsonSchemaInWords,
        Self::JsonObjectAsSchema,
        Self::EffortNoneSwitchesOff,
        Self::EffortIsSwitch,
        Self::EffortNoneIsNull,
        Self::EffortNoneDisablesReasoning,
        Self::EffortInReasoning,
        Self::EnableThinking,
    ];

    /// Brings a request into the vendor's form.
    pub(crate) fn apply(self, request: &mut Request<'_>, call: &Call<'_>, changes: &mut Changes<'_>) {
        match self {
            Self::FlattenText => messages::flatten(request, changes),
            Self::NoMessageNames => messages::remove_names(request, changes),
            Self::NoNullMembers => messages::remove_nulls(request),
            Self::ReasoningBesideCalls => messages::add_reasoning(request, changes),
            Self::ShortCallIds => messages::shorten_ids(request, changes),
            Self::NoFiles => messages::remove_files(request, changes),
            Self::NoToolStrict => tools::remove_strict(request, changes),
            Self::NoSchemaKeywords => tools::remove_keywords(request, changes),
            Self::ToolChoiceAny => tools::choice_any(request),
            Self::ToolChoiceAutoOrNone => tools::choice_auto(request, changes),
            Self::ToolChoiceRequiredInWords => tools::choice_in_words(request, changes),
            Self::SingleAnswer => single_answer(request, changes),
            Self::JsonSchemaInWords => schema_in_words(request, changes),
            Self::JsonObjectAsSchema => object_as_schema(request, changes),
            Self::EffortNoneSwitchesOff => thinking::switch(request, true, changes),
            Self::EffortIsSwitch => thinking::switch(request, false, changes),
            Self::EffortNoneIsNull => thinking::none_as_null(request, changes),
            Self::EffortNoneDisablesReasoning => thinking::none_as_disabled(request, changes),
            Self::EffortInReasoning => thinking::effort_inside(request, changes),
            Self::EnableThinking => thinking::enable(request, call, changes),
        }
    }

    /// Whether [`Quirk::touches`] looks at messages.
    pub(crate) const fn reads_messages(self) -> bool {
        matches!(
            self,
            Self::FlattenText
                | Self::NoMessageNames
                | Self::ReasoningBesideCalls
                | Self::ShortCallIds
                | Self::NoFiles
        )
    }

    /// Whether the quirk would change this request, which has not been read otherwise.
    pub(crate) fn touches(self, peek: &Peek<'_>, glances: &[MessageGlance<'_>]) -> bool {
        let is = |name: &str, value: &str| peek.raw(name) == Some(value);
        match self {
            Self::FlattenText => glances.iter().any(messages::is_text_list),
            Self::NoMessageNames => glances.iter().any(|message| message.name.is_some()),
            Self::NoNullMembers => messages::has_nulls(peek),
            Self::ReasoningBesideCalls => {
                !is_off(peek.get::<Value>("thinking").ok().flatten().as_ref())
                    && glances.iter().any(messages::lacks_reasoning)
            }
            Self::ShortCallIds => glances.iter().any(messages::has_long_id),
            Self::NoFiles => {
                glances.iter().any(|message| message.part_kinds().iter().any(|kind| kind == "file"))
            }
            Self::NoToolStrict => tools::names_any(peek, &["strict"]),
            Self::NoSchemaKeywords => tools::names_any(peek, tools::KEYWORDS),
            Self::ToolChoiceAny | Self::ToolChoiceRequiredInWords => is("tool_choice", "\"required\""),
            Self::ToolChoiceAutoOrNone => {
                peek.has("tool_choice") && !is("tool_choice", "\"auto\"") && !is("tool_choice", "\"none\"")
            }
            Self::SingleAnswer => peek.has("n") && !is("n", "1"),
            Self::JsonSchemaInWords => {
                peek.raw("response_format").is_some_and(|format| format.contains("\"json_schema\""))
            }
            Self::JsonObjectAsSchema => {
                peek.raw("response_format").is_some_and(|format| format.contains("\"json_object\""))
            }
            Self::EffortNoneSwitchesOff | Self::EffortNoneIsNull | Self::EffortNoneDisablesReasoning => {
                is("reasoning_effort", "\"none\"")
            }
            Self::EffortIsSwitch | Self::EffortInReasoning => peek.has("reasoning_effort"),
            Self::EnableThinking => thinking::asks(peek),
        }
    }
}

fn single_answer(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    if request.n.get().is_some_and(|n| *n != 1) && !changes.forwards("n") {
        request.to_mut().n = Nullable::Absent;
        changes.lost(NoteKind::Dropped, "n", "the vendor gives one answer only");
    }
}

fn schema_in_words(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    let Some(ResponseFormat::JsonSchema(format)) = request.response_format.get() else { return };
    let schema = format.json_schema.schema.get().cloned().unwrap_or_else(|| json!({}));
    let about =
        format.json_schema.description.as_deref().map(|about| format!(" ({about})")).unwrap_or_default();
    let words = format!(
        "Answer with one JSON object named `{}`{about} that follows this JSON Schema, and with nothing else:\n{schema}",
        format.json_schema.name
    );
    let request = request.to_mut();
    request.response_format = ResponseFormat::JsonObject(Default::default()).into();
    // With the instructions, so that the conversation begins as before when it goes on, and the vendor knows it again.
    let is_instruction = |message: &&Message| matches!(message.role, Role::System | Role::Developer);
    let after = request.messages.iter().take_while(is_instruction).count();
    request.messages.insert(after, Message::system(words));
    changes.put_in("messages", after);
    changes.lost(
        NoteKind::Converted,
        "response_format",
        "the vendor knows `json_object` only; the schema was told in words, without a guarantee",
    );
}

fn object_as_schema(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    if let Some(ResponseFormat::JsonObject(_)) = request.response_format.get()
        && let Ok(format) = from_value::<ResponseFormat>(json!({
            "type": "json_schema",
            "json_schema": {"name": "object", "schema": {"type": "object"}},
        }))
    {
        request.to_mut().response_format = format.into();
        changes.note(NoteKind::Converted, "response_format", "a schema that any object follows");
    }
}

/// The nearest effort that the vendor has.
pub(crate) fn nearest_effort(
    efforts: &BTreeMap<String, String>,
    request: &mut Request<'_>,
    changes: &mut Changes<'_>,
) {
    if let Some(effort) = request.reasoning_effort.get().and_then(|effort| efforts.get(effort.as_str())) {
        request.to_mut().reasoning_effort = ReasoningEffort::from(effort.as_str()).into();
        changes.note(NoteKind::Clamped, "reasoning_effort", effort.clone());
    }
}

/// Lowers the temperature to what the vendor takes.
pub(crate) fn lower_temperature(limit: f64, request: &mut Request<'_>, changes: &mut Changes<'_>) {
    let too_high = request.temperature.get().and_then(Number::as_f64).is_some_and(|given| given > limit);
    if too_high && let Some(limit) = Number::from_f64(limit) {
        changes.lost(NoteKind::Clamped, "temperature", limit.to_string());
        request.to_mut().temperature = limit.into();
    }
}

/// A content part that stands for one that the vendor refuses.
fn placeholder(what: &str) -> ContentPart {
    ContentPart::text(format!("[{what}]"))
}

#[cfg(test)]
mod tests;
