//! Canonical requests: one of each thing that a client may say.

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Its name, the file's without its ending.
    pub name: &'static str,
    /// The request as JSON text.
    pub json: &'static str,
}

impl Case {
    /// The request.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn request(&self) -> llm_types::ChatRequest {
        llm_types::from_slice(self.json.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// All requests, in the order of their names.
pub const fn corpus() -> &'static [Case] {
    CASES
}

/// The request of this name.
///
/// # Panics
/// If there is none.
#[track_caller]
pub fn case(name: &str) -> &'static Case {
    CASES.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no request `{name}` in the corpus"))
}

macro_rules! cases {
    ($($name:literal)+) => {
        &[$( Case { name: $name, json: include_str!(concat!("../corpus/request/", $name, ".json")) }, )+]
    };
}

const CASES: &[Case] = cases! {
    "annotations_history"
    "audio_history"
    "audio_in"
    "audio_out"
    "cache_control_message"
    "cache_control_parts"
    "custom_tool"
    "developer"
    "empty_content"
    "empty_lists"
    "ends_in_assistant"
    "file_id"
    "images_bare_url"
    "images_base64"
    "images_url"
    "json_object"
    "json_schema"
    "legacy_functions"
    "limits"
    "limits_both"
    "limits_older"
    "logprobs"
    "long_history"
    "metadata_user"
    "multi_turn"
    "n_two"
    "names"
    "nulls_everywhere"
    "pdf_base64"
    "plain"
    "prediction"
    "prompt_cache_key"
    "reasoning_content_replay"
    "reasoning_effort_high"
    "reasoning_effort_minimal"
    "reasoning_effort_none"
    "reasoning_effort_xhigh"
    "refusal_history"
    "response_format_text"
    "same_role_twice"
    "sampling_all"
    "server_tools_anthropic"
    "server_tools_forced"
    "server_tools_google"
    "server_tools_openai"
    "service_tier"
    "stop_many"
    "stop_one"
    "stream_usage"
    "system"
    "system_in_the_middle"
    "system_parts"
    "temperature_high"
    "thinking_blocks_replay"
    "thinking_budget"
    "thinking_empty_text_signed"
    "tool_arguments_not_json"
    "tool_call_no_arguments"
    "tool_call_null_content"
    "tool_choice_allowed"
    "tool_choice_named"
    "tool_choice_none"
    "tool_choice_required"
    "tool_result_image"
    "tools"
    "tools_not_parallel"
    "tools_parallel_results"
    "tools_strict"
    "unicode"
    "unknown_members"
    "unknown_part"
    "unknown_tool"
    "unknown_values"
    "verbosity"
    "web_search"
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use llm_types::ChatRequest;

    use super::*;
    use crate::laws::json_identity;

    #[test]
    fn reading_and_writing_loses_nothing() {
        for case in corpus() {
            json_identity::<ChatRequest>(case.json);
        }
    }

    #[test]
    fn every_file_is_listed_once_and_in_order() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/request");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".json", ""))
            .collect();
        assert!(files.iter().eq(corpus().iter().map(|case| case.name)), "the list is not the folder's");
    }

    #[test]
    fn every_member_of_a_request_is_in_some_case() {
        let requests: Vec<serde_json::Value> =
            corpus().iter().map(|case| serde_json::from_str(case.json).unwrap()).collect();
        let mut all = serde_json::to_value(ChatRequest::new("m", Vec::new())).unwrap();
        for member in MEMBERS {
            all[*member] = serde_json::Value::Null;
        }
        // The list below is complete as long as nothing in it is unknown to the type and the other way round.
        let read: ChatRequest = serde_json::from_value(all).unwrap();
        assert!(read.extra.is_empty(), "the type does not know {:?}", read.extra);
        let debug = format!("{read:#?}");
        assert_eq!(debug.matches(": Absent,").count(), 0, "the list lacks members: {debug}");
        for member in MEMBERS {
            let is_said = requests
                .iter()
                .any(|request| !matches!(request.get(member), None | Some(serde_json::Value::Null)));
            assert!(is_said, "no request says `{member}`");
        }
    }

    const MEMBERS: &[&str] = &[
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
    ];
}
