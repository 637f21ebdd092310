//! Both forms of endpoints: what is sent, what is read, and the laws.
//!
//! The fixtures follow the Amazon SageMaker Runtime API Reference ("InvokeEndpoint", "InvokeEndpointWithResponseStream")
//! and Hugging Face docs ("Text Generation Inference"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use http::{HeaderMap, Response};
use llm_provider_core::{
    AwsKeys, Call, Chat, Credential, Decoded, Decoder, EncodeError, Encoded, LoginInput, LoginStep,
    OnUnsupported, Payload, Provider, Secret, StreamError, Translator, VendorInfo, write_event_stream,
};
use llm_provider_sagemaker::SageMaker;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
use llm_testkit::suite::sent;
use llm_types::{ChatRequest, UnixMs};
use serde_json::{Value, json};

const MODEL: &str = "my-endpoint";

/// Claims that are true of prompts: they say the same in other words, or need no word for it.
const TEXT: &[Equivalence] = &[
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::any("stream_options.include_obfuscation", ""),
    Equivalence::of("max_tokens", "128", "\"max_new_tokens\":256"),
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn chat(vendor: &SageMaker) -> &dyn Translator<Chat> {
    Provider::chat(vendor).unwrap()
}

fn of_corpus(vendor: &SageMaker, equivalences: &[Equivalence]) -> String {
    let mut all = String::new();
    let headers = HeaderMap::new();
    for case in corpus() {
        let request = case.request();
        let call = Call::new(MODEL, &headers);
        writeln!(all, "# {}\n{}", case.name, sent(chat(vendor).encode(&request, &call))).unwrap();
        for unsupported in [OnUnsupported::Drop, OnUnsupported::Reject] {
            let call = Call { unsupported, ..call.clone() };
            laws::encode_is_stable(chat(vendor), &request, &call);
            laws::no_silent_loss(chat(vendor), &request, &call, equivalences);
        }
    }
    assert!(run_corpus(vendor, MODEL, equivalences).is_empty());
    all
}

#[test]
fn requests() {
    insta::assert_snapshot!("corpus.chat", of_corpus(&SageMaker::chat(), &[]));
    insta::assert_snapshot!("corpus.text", of_corpus(&SageMaker::text(), TEXT));
    let request: ChatRequest =
        llm_types::from_slice(&std::fs::read(folder("request/text.json")).unwrap()).unwrap();
    let headers = HeaderMap::new();
    insta::assert_snapshot!(
        "request.text",
        sent(chat(&SageMaker::text()).encode(&request, &Call::new(MODEL, &headers)))
    );
}

/// A vendor without its streams: the grid's are text, and these are binary.
struct Whole(SageMaker, VendorInfo);

impl Provider for Whole {
    fn info(&self) -> &VendorInfo {
        &self.1
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Provider::chat(&self.0)
    }
}

fn whole(vendor: SageMaker, reasoning: bool) -> Whole {
    let mut info = vendor.info().clone();
    info.capabilities.streaming = false;
    info.capabilities.reasoning = reasoning;
    Whole(vendor, info)
}

const BINARY: &str = "the stream is binary: see `streams`";
const PROMPT: &str = "a prompt has no place for it";

#[test]
fn conformance_of_chat() {
    let skips = [
        (Scenario::TextStream, BINARY),
        (Scenario::ToolsStream, BINARY),
        (Scenario::ParallelToolsStream, BINARY),
        (Scenario::ThinkingStream, BINARY),
        (Scenario::StreamError, BINARY),
        (Scenario::TruncatedStream, BINARY),
        (Scenario::UnknownEvents, BINARY),
        (Scenario::ContentPolicy, "containers name no such refusal"),
    ];
    let report = run(&Vendor {
        provider: &whole(SageMaker::chat(), true),
        fixtures: &folder("conformance_chat"),
        model: MODEL,
        terminal: "",
        junk: &[],
        skips: &skips,
    });
    assert_eq!(report.passed.len() + skips.len(), Scenario::ALL.len(), "{report}");
}

#[test]
fn conformance_of_text() {
    let skips = [
        (Scenario::TextStream, BINARY),
        (Scenario::StreamError, BINARY),
        (Scenario::TruncatedStream, BINARY),
        (Scenario::UnknownEvents, BINARY),
        (Scenario::Tools, PROMPT),
        (Scenario::ToolsStream, PROMPT),
        (Scenario::ParallelToolsStream, PROMPT),
        (Scenario::Thinking, PROMPT),
        (Scenario::ThinkingStream, PROMPT),
        (Scenario::Images, PROMPT),
        (Scenario::Documents, PROMPT),
        (Scenario::ContentPolicy, "containers name no such refusal"),
        (Scenario::UsageCached, "containers tell of no prompt cache"),
    ];
    let vendor = NamedModel(whole(SageMaker::text(), false));
    let report = run(&Vendor {
        provider: &vendor,
        fixtures: &folder("conformance_text"),
        model: MODEL,
        terminal: "",
        junk: &[],
        skips: &skips,
    });
    assert_eq!(report.passed.len() + skips.len(), Scenario::ALL.len(), "{report}");
}

/// What a container stream looks like once SageMaker has cut it into parts of `size` bytes.
fn parts(text: &[u8], size: usize) -> Vec<Vec<u8>> {
    let frame = |part: &[u8]| {
        let mut out = BytesMut::new();
        let headers = [
            (":message-type", "event"),
            (":event-type", "PayloadPart"),
            (":content-type", "application/octet-stream"),
        ];
        write_event_stream(&headers, part, &mut out);
        out.to_vec()
    };
    text.chunks(size).map(frame).collect()
}

fn vendor_of(name: &str) -> SageMaker {
    if name.starts_with("chat.") { SageMaker::chat() } else { SageMaker::text() }
}

#[test]
fn streams() {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder("stream")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read(&path).unwrap();
        let vendor = vendor_of(name);
        let make = || chat(&vendor).decoder();
        let read = |size: usize| {
            let chunks = laws::chunks(make, &parts(&text, size).concat());
            serde_json::to_value(llm_testkit::assemble(&chunks)).unwrap()
        };
        let whole = read(usize::MAX);
        for size in [1, 7, 64, 1000] {
            assert_eq!(read(size), whole, "{name} in parts of {size} bytes");
        }
        let stream = parts(&text, 50).concat();
        laws::cut_anywhere(make, &stream);
        let chunks = laws::chunks(make, &stream);
        laws::stream_laws(&chunks);
        let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
        insta::assert_snapshot!(format!("stream.{name}"), lines.join("\n"));
        // Ended anywhere in its first half, it is cut off.
        for end in [0, 1, stream.len() / 4, stream.len() / 2] {
            let items = laws::read(make, &stream[..end]);
            assert!(
                matches!(items.last(), Some(Err(StreamError::Truncated))),
                "{name} ended at {end}: {items:?}"
            );
        }
    }
}

#[test]
fn exceptions_in_a_stream() {
    for vendor in [SageMaker::chat(), SageMaker::text()] {
        for (exception, body, words) in [
            (
                "ModelStreamError",
                r#"{"ErrorCode":"ModelInvocationTimeExceeded","Message":"too slow"}"#,
                "too slow",
            ),
            ("InternalStreamFailure", r#"{"Message":"broke"}"#, "broke"),
        ] {
            let mut out = BytesMut::new();
            write_event_stream(
                &[(":message-type", "exception"), (":exception-type", exception)],
                body.as_bytes(),
                &mut out,
            );
            let make = || -> Box<dyn Decoder<Chat>> { chat(&vendor).decoder() };
            let items = laws::read(make, &out);
            let [Err(StreamError::Upstream(error))] = items.as_slice() else { panic!("{items:?}") };
            assert_eq!((error.message.as_str(), error.kind.retryable()), (words, true));
        }
    }
}

#[test]
fn a_request_is_signed_and_told_which_component() {
    let keys = Credential::Aws(AwsKeys {
        access_key_id: "AKIA1".to_owned(),
        secret_access_key: Secret::new("s"),
        session_token: None,
    });
    let headers = HeaderMap::new();
    let parameters =
        [("aws_region_name", "cn-north-1"), ("model_id", "component-1"), ("hf_model_name", "org/model")]
            .into_iter()
            .collect();
    let call = Call {
        credential: Some(&keys),
        parameters: &parameters,
        now: UnixMs(1_440_938_160_000),
        ..Call::new("my endpoint", &headers)
    };
    let request: ChatRequest = llm_types::from_value(
        json!({"model": "m", "messages": [{"role": "user", "content": "?"}], "stream": true}),
    )
    .unwrap();
    let vendor = SageMaker::chat();
    let encoded = chat(&vendor).encode(&request, &call).unwrap().request;
    assert_eq!(
        encoded.uri(),
        "https://runtime.sagemaker.cn-north-1.amazonaws.com.cn/endpoints/my%20endpoint/invocations-response-stream"
    );
    assert_eq!(encoded.headers()["x-amzn-sagemaker-inference-component"], "component-1");
    let authorization = encoded.headers()["authorization"].to_str().unwrap();
    assert!(
        authorization
            .starts_with("AWS4-HMAC-SHA256 Credential=AKIA1/20150830/cn-north-1/sagemaker/aws4_request"),
        "{authorization}"
    );
    assert!(authorization.contains("x-amzn-sagemaker-inference-component"), "{authorization}");
    let Payload::Bytes(body) = encoded.body() else { panic!("no bytes") };
    let body: Value = serde_json::from_slice(body).unwrap();
    assert_eq!((&body["model"], &body["stream"]), (&json!("org/model"), &json!(true)));
    let whole = [("sagemaker_base_url", "http://h/whole")].into_iter().collect();
    let call = Call { parameters: &whole, ..call };
    assert_eq!(chat(&vendor).encode(&request, &call).unwrap().request.uri(), "http://h/whole");
    let call = Call { base_url: Some("http://h/endpoints/x/invocations"), ..Call::new("e", &headers) };
    assert_eq!(
        chat(&vendor).encode(&request, &call).unwrap().request.uri(),
        "http://h/endpoints/e/invocations-response-stream"
    );
}

#[test]
fn keys_are_got_as_bedrocks_are() {
    let vendor = SageMaker::chat();
    let settings = [("aws_access_key_id", "AKIA1"), ("aws_secret_access_key", "s")].into_iter().collect();
    let mut run = vendor.login(&settings, None).unwrap().unwrap().begin();
    let step = run.step(LoginInput::Begin, UnixMs(0));
    assert!(matches!(step, LoginStep::Done { credential: Credential::Aws(_), .. }), "{step:?}");
    let names: Vec<_> = vendor.info().parameters.iter().map(|parameter| parameter.name.to_string()).collect();
    for name in ["aws_region_name", "aws_role_name", "hf_model_name", "model_id"] {
        assert!(names.iter().any(|there| there == name), "{names:?}");
    }
}

#[test]
fn refusals_of_containers() {
    let vendor = SageMaker::text();
    let refused = |status: u16, body: Value| {
        let body = body.to_string();
        chat(&vendor).decode(Response::builder().status(status).body(body.as_bytes()).unwrap()).unwrap_err()
    };
    let original = |status: u16, words: &str| {
        refused(
            424,
            json!({"OriginalStatusCode": status, "OriginalMessage": words, "Message": "from the model"}),
        )
    };
    let error = original(429, r#"{"error":"Model is overloaded","error_type":"overloaded"}"#);
    assert_eq!(
        (error.kind.label(), error.status, error.message.as_str()),
        ("rate_limit", 424, "Model is overloaded")
    );
    assert_eq!(original(500, "plain words").message, "plain words");
    assert_eq!(original(400, r#"{"message":"in a member"}"#).message, "in a member");
    assert_eq!(
        refused(403, json!({"Message": "no", "__type": "com.x#AccessDeniedException"})).kind.label(),
        "permission_denied"
    );
}

#[test]
fn vectors_in_every_form() {
    let vendor = SageMaker::text();
    let vectors = vendor.embeddings().unwrap();
    let headers = HeaderMap::new();
    let request = llm_types::from_value(json!({"model": "m", "input": ["a", "b"], "dimensions": 2})).unwrap();
    insta::assert_snapshot!("embed", sent(vectors.encode(&request, &Call::new(MODEL, &headers))));
    for (body, count) in [
        (json!([[0.5, 1], [2, 3]]), 2),
        (json!({"embedding": [[0.5], [1]]}), 2),
        (json!({"embedding": [0.5, 1]}), 1),
        (json!({"embeddings": [[0.5]]}), 1),
        (json!({"embeddings": {"float": [[0.5], [1], [2]]}}), 3),
        (json!({"data": [{"embedding": [1], "index": 0}], "usage": {"prompt_tokens": 1}}), 1),
    ] {
        let text = body.to_string();
        let Decoded::Answer(answer) = vectors.decode(Response::new(text.as_bytes())).unwrap() else {
            panic!("{body}")
        };
        assert_eq!(answer.data.len(), count, "{body}");
    }
    assert!(vectors.decode(Response::new(b"{}".as_slice())).is_err());
}

/// Containers that generate text name no model, and the grid wants one.
struct NamedModel(Whole);

impl Provider for NamedModel {
    fn info(&self) -> &VendorInfo {
        self.0.info()
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }
}

impl Translator<Chat> for NamedModel {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        chat(&self.0.0).encode(request, call)
    }

    fn decode(
        &self,
        response: Response<&[u8]>,
    ) -> Result<Decoded<llm_types::ChatResponse>, llm_provider_core::UpstreamError> {
        let mut decoded = chat(&self.0.0).decode(response)?;
        if let Decoded::Answer(answer) = &mut decoded {
            assert!(!answer.model.is_value());
            answer.model = MODEL.to_owned().into();
        }
        Ok(decoded)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        chat(&self.0.0).decoder()
    }
}
