//! Chat by the grid and the corpus, and both endpoints case by case: what becomes of them stands in
//! `tests/snapshots`.
//!
//! The fixtures follow NLP Cloud's API reference ("Chatbot and conversational AI", "Generation", "Errors"), read
//! 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Chat, Credential, Decoded, Decoder, EncodeError, Encoded, Payload, Provider, Secret, Translator,
    UpstreamError, VendorInfo,
};
use llm_provider_nlp_cloud::NlpCloud;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::laws::{self, Equivalence};
use llm_types::{ChatRequest, ChatResponse, Nullable, from_value};
use serde_json::{Value, json};

/// NLP Cloud names neither model nor answer; whoever asked knows them, and puts them in as the gateway does.
struct Named(NlpCloud);

impl Provider for Named {
    fn info(&self) -> &VendorInfo {
        self.0.info()
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }
}

impl Translator<Chat> for Named {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        self.0.chat().unwrap().encode(request, call)
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        self.0.chat().unwrap().decode(response).map(|decoded| match decoded {
            Decoded::Answer(mut answer) => {
                assert!(!answer.id.is_value() && !answer.model.is_value());
                answer.id = Nullable::Value("answer-1".to_owned());
                answer.model = Nullable::Value("model-1".to_owned());
                Decoded::Answer(answer)
            }
            again @ Decoded::Again { .. } => again,
        })
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        self.0.chat().unwrap().decoder()
    }
}

#[test]
fn the_grid() {
    let vendor = Named(NlpCloud::new());
    let skips: Vec<(Scenario, &str)> = Scenario::ALL
        .into_iter()
        .filter(|scenario| {
            scenario.is_possible(&vendor.info().capabilities) == Some(false)
                || matches!(
                    scenario,
                    Scenario::ParallelToolsStream
                        | Scenario::ContentPolicy
                        | Scenario::UsageCached
                        | Scenario::StreamError
                )
        })
        .map(|scenario| (scenario, "a text in, a text out, in one piece"))
        .collect();
    let report = run(&Vendor {
        provider: &vendor,
        fixtures: &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance"),
        model: "chatdolphin",
        terminal: "}",
        junk: &[],
        skips: &skips,
    });
    assert_eq!(report.passed.len() + report.skipped.len(), Scenario::ALL.len(), "{report}");
    // No text is no text.
    let equivalences = [Equivalence::of("messages[*].content", "", "")];
    assert!(run_corpus(&vendor, "an-invented-model", &equivalences).is_empty());
}

fn sent(model: &str, base_url: Option<&str>, request: Value) -> Value {
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("k"));
    let request: ChatRequest = from_value(request).unwrap();
    let call = Call { base_url, credential: Some(&key), ..Call::new(model, &headers) };
    let encoded = match NlpCloud::new().chat().unwrap().encode(&request, &call) {
        Ok(encoded) => encoded,
        Err(error) => return json!({ "refused": error.to_string() }),
    };
    let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
    let (parts, payload) = encoded.request.into_parts();
    assert_eq!(parts.headers["authorization"], "Token k");
    assert!(parts.headers["authorization"].is_sensitive());
    let Payload::Bytes(body) = payload else { panic!("bytes") };
    json!({ "uri": parts.uri.to_string(), "body": serde_json::from_slice::<Value>(&body).unwrap(), "notes": notes })
}

#[test]
fn requests() {
    let messages = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi."}, {"role": "user", "content": "Who"}, {"role": "user", "content": "are you?"}]);
    for (name, model, base, request) in [
        ("chatbot", "finetuned-llama-3-70b", None, json!({"model": "x", "messages": messages})),
        (
            "generation",
            "chatdolphin",
            Some("https://api.nlpcloud.io/v1/gpu/fr/"),
            json!({"model": "x", "messages": messages, "max_tokens": 10, "temperature": 0.5, "stop": "END", "top_k": 3,
                "repetition_penalty": 1.1, "stream": true, "n": 2}),
        ),
        (
            "ends_in_the_model",
            "chatdolphin",
            None,
            json!({"model": "x", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}),
        ),
        ("no_model", "../a", None, json!({"model": "x", "messages": messages})),
    ] {
        insta::assert_json_snapshot!(format!("request.{name}"), sent(model, base, request));
    }
}

#[test]
fn answers_of_both_endpoints() {
    let vendor = NlpCloud::new();
    for (name, body) in [
        ("generation", json!({"generated_text": "Hi.", "nb_input_tokens": 3, "nb_generated_tokens": 2})),
        ("chatbot", json!({"response": "Hi.", "history": [{"input": "Hello", "response": "Hi."}]})),
    ] {
        let body = body.to_string();
        let Decoded::Answer(answer) = vendor.chat().unwrap().decode(Response::new(body.as_bytes())).unwrap()
        else {
            panic!("an answer")
        };
        insta::assert_json_snapshot!(format!("response.{name}"), answer);
        let make = || vendor.chat().unwrap().decoder();
        laws::cut_anywhere(make, body.as_bytes());
        laws::truncation(make, body.as_bytes(), body.len());
        let chunks = laws::chunks(make, body.as_bytes());
        laws::stream_laws(&chunks);
        assert_eq!(
            llm_testkit::assemble(&chunks).choices[0].message.content,
            answer.choices[0].message.content
        );
    }
    let error = vendor.chat().unwrap().decode(Response::new(br#"{"detail":"no"}"#.as_slice())).unwrap_err();
    assert_eq!(error.message, "no");
}
