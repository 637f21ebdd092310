//! DeepSearch: OpenAI's chat without tools, and with thinking that tells what is searched and read.
//!
//! Source: Jina AI "DeepSearch" (jina.ai/deepsearch) and the source of its server (github.com/jina-ai/node-DeepResearch,
//! `src/app.ts`), read 2026-11.

use http::Uri;
use llm_provider_core::{Call, EncodeError, NoteKind, SseEvent};
use llm_provider_envelope::{Envelope, Opened, Opener, address, json, leave_out, said_by_prompt};
use llm_provider_openai::Changes;
use llm_provider_words::{Keeps, failure, plain};
use llm_types::{ChatRequest, Extra, ResponseFormat};
use serde_json::{Value, json};

use crate::wire::{BASE_URL, DEEP_SEARCH_URL};

/// Members of OpenAI's that DeepSearch has no place for.
const LACKS: &[&str] = &[
    "audio",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "metadata",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

/// DeepSearch.
#[derive(Debug)]
pub(crate) struct DeepSearch;

impl Envelope for DeepSearch {
    fn prepare(
        &self,
        request: &mut ChatRequest,
        _call: &Call<'_>,
        changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        leave_out(request, LACKS, changes);
        plain(request, Keeps { images: true, files: true }, changes);
        match request.response_format.get() {
            Some(ResponseFormat::JsonSchema(_)) => {
                let why = "the schema stands there by itself";
                changes.note(NoteKind::Converted, "response_format.json_schema", why);
            }
            _ => said_by_prompt(request, changes),
        }
        Ok(())
    }

    fn address(&self, _request: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        let given = call.base_url_or(DEEP_SEARCH_URL);
        address(if given == BASE_URL { DEEP_SEARCH_URL } else { given }, "/chat/completions")
    }

    fn wrap(&self, mut body: Extra, _request: &ChatRequest, call: &Call<'_>) -> Result<Extra, EncodeError> {
        body.insert("model".to_owned(), json!(call.model));
        if let Some(schema) = body.get_mut("response_format").and_then(|format| format.get_mut("json_schema"))
        {
            *schema = schema["schema"].take();
        }
        let messages = body.get_mut("messages").and_then(Value::as_array_mut);
        for part in
            messages.into_iter().flatten().filter_map(|message| message["content"].as_array_mut()).flatten()
        {
            if part["type"] == "file" {
                *part = file(&part["file"]);
            }
        }
        Ok(body)
    }

    fn unwrap(&self, answer: Value) -> Value {
        let choice = &answer["choices"][0];
        if choice["finish_reason"] == "error" || choice["message"]["type"] == "error" {
            return failure(choice["message"]["content"].as_str().unwrap_or("the search failed"));
        }
        answer
    }

    fn opener(&self) -> Box<dyn Opener> {
        Box::new(Steps)
    }
}

/// A file in DeepSearch's words; one by its id stays as it is.
fn file(file: &Value) -> Value {
    let Some(data) = file["file_data"].as_str().or_else(|| file["file_url"].as_str()) else {
        return json!({ "type": "file", "file": file });
    };
    let mut part = json!({ "type": "file", "data": data });
    if let Some((kind, _)) = data.strip_prefix("data:").and_then(|data| data.split_once(';')) {
        part["mimeType"] = kind.into();
    }
    if let Some(name) = file.get("filename") {
        part["filename"] = name.clone();
    }
    part
}

/// The end of thinking is no end of the answer, and a failure is told as if it were one.
#[derive(Debug)]
struct Steps;

impl Opener for Steps {
    fn open(&mut self, event: &SseEvent<'_>) -> Opened {
        let Some(mut chunk) = json(event) else { return Opened::AsItIs };
        let Some(choice) = chunk.get_mut("choices").and_then(|choices| choices.get_mut(0)) else {
            return Opened::AsItIs;
        };
        match choice["finish_reason"].as_str() {
            Some("thinking_end") => {
                choice["finish_reason"] = Value::Null;
                Opened::Chunks(vec![chunk])
            }
            // What is told before the failure's words closes the thinking.
            Some("error") if choice["delta"]["type"] != "error" => Opened::NOTHING,
            Some("error") => {
                let words = choice["delta"]["content"].as_str().unwrap_or("the search failed");
                Opened::Chunks(vec![failure(words)])
            }
            _ => Opened::AsItIs,
        }
    }
}
