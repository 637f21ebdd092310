//! What most vendors' chat is tried with: the corpus and the vendor's own fixtures, in every direction, with the laws.
//!
//! What comes out is handed back by name, for the vendor's own snapshots.

mod cases;

use std::fmt::Write as _;
use std::path::PathBuf;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Chat, Credential, Decoded, EncodeError, Encoded, OnUnsupported, Parameters, Provider, Secret,
    Translator,
};
use llm_types::{ChatRequest, ChatResponse};
use serde_json::{Value, json};

use crate::corpus::corpus;
use crate::laws::{self, Equivalence};

pub use cases::{Cases, Wire, body, in_lines, notes, read};

/// A vendor, set up as its pages show it.
pub struct Suite<'a> {
    /// The vendor.
    pub provider: &'a dyn Provider,
    /// The folder with its fixtures: `request`, `response`, `stream`, `error`.
    pub fixtures: PathBuf,
    /// A model's name at the vendor.
    pub model: &'a str,
    /// The vendor's address, where it has no usual one.
    pub base_url: Option<&'a str>,
    /// The vendor's settings.
    pub parameters: Parameters,
    /// Claims that are true of this vendor: it says the same in other words, or needs no word for it.
    pub equivalences: &'a [Equivalence],
}

impl<'a> Suite<'a> {
    /// A vendor at its usual address, without settings.
    pub fn new(
        provider: &'a dyn Provider,
        fixtures: impl Into<PathBuf>,
        model: &'a str,
        equivalences: &'a [Equivalence],
    ) -> Self {
        let (fixtures, parameters) = (fixtures.into(), Parameters::default());
        Self { provider, fixtures, model, base_url: None, parameters, equivalences }
    }

    fn chat(&self) -> &dyn Translator<Chat> {
        self.provider.chat().expect("a vendor with chat")
    }

    /// The fixtures of a kind, by name.
    pub fn fixtures(&self, kind: &str) -> Vec<(String, Vec<u8>)> {
        let folder = self.fixtures.join(kind);
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let named = |path: &PathBuf| {
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap())
        };
        files.iter().map(named).collect()
    }

    /// Calls `then` with the call of a deployment.
    pub fn with_call<T>(&self, then: impl FnOnce(&Call<'_>) -> T) -> T {
        let headers = HeaderMap::new();
        let key = Credential::Key(Secret::new("test-key"));
        let mut call = Call::new(self.model, &headers);
        call.credential = Some(&key);
        call.base_url = self.base_url;
        call.parameters = &self.parameters;
        then(&call)
    }

    /// What is sent for the corpus (`corpus`) and for each of the vendor's own requests (`request.NAME`). Whatever is
    /// asked, nothing is lost in silence.
    pub fn requests(&self) -> Vec<(String, String)> {
        let chat = self.chat();
        let mut whole = String::new();
        for case in corpus() {
            let request = case.request();
            self.with_call(|call| {
                writeln!(whole, "# {}\n{}", case.name, sent(chat.encode(&request, call))).unwrap();
                for unsupported in [OnUnsupported::Drop, OnUnsupported::Reject] {
                    for model in [self.model, "an-invented-model"] {
                        let call = Call { unsupported, model, ..call.clone() };
                        laws::encode_is_stable(chat, &request, &call);
                        laws::no_silent_loss(chat, &request, &call, self.equivalences);
                    }
                }
            });
        }
        let mut all = vec![("corpus".to_owned(), whole)];
        for (name, body) in self.fixtures("request") {
            let request: ChatRequest = llm_types::from_slice(&body).unwrap();
            self.with_call(|call| {
                all.push((format!("request.{name}"), sent(chat.encode(&request, call))));
                laws::no_silent_loss(chat, &request, call, self.equivalences);
            });
        }
        all
    }

    /// What is read from whole answers (`response.NAME`).
    pub fn answers(&self) -> Vec<(String, ChatResponse)> {
        let read = |(name, body): (String, Vec<u8>)| {
            let decoded = self.chat().decode(Response::new(body.as_slice())).unwrap();
            let Decoded::Answer(answer) = decoded else { panic!("{name}: no answer") };
            (format!("response.{name}"), answer)
        };
        self.fixtures("response").into_iter().map(read).collect()
    }

    /// The chunks of streams, a line each (`stream.NAME`). They hold the laws wherever the bytes are cut.
    pub fn streams(&self) -> Vec<(String, String)> {
        let make = || self.chat().decoder();
        let read = |(name, stream): (String, Vec<u8>)| {
            laws::cut_anywhere(make, &stream);
            let chunks = laws::chunks(make, &stream);
            laws::stream_laws(&chunks);
            let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
            (format!("stream.{name}"), lines.join("\n"))
        };
        self.fixtures("stream").into_iter().map(read).collect()
    }

    /// What refusals become (`error.NAME`), of fixtures with `status` and `body`.
    pub fn errors(&self) -> Vec<(String, Value)> {
        let read = |(name, fixture): (String, Vec<u8>)| {
            let fixture: Value = serde_json::from_slice(&fixture).unwrap();
            let body = fixture["body"].to_string();
            let status = u16::try_from(fixture["status"].as_u64().unwrap()).unwrap();
            let response = Response::builder().status(status).body(body.as_bytes()).unwrap();
            let error = self.chat().decode(response).expect_err("a refusal");
            let seen = json!({"kind": error.kind.label(), "status": error.status, "code": error.code,
                "type": error.vendor_type, "request": error.request_id, "message": error.message});
            (format!("error.{name}"), seen)
        };
        self.fixtures("error").into_iter().map(read).collect()
    }
}

/// What is sent and noted, for eyes.
pub fn sent(encoded: Result<Encoded, EncodeError>) -> String {
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return format!("refused: {error}\n"),
    };
    let head = &encoded.request;
    let mut out = format!("{} {}\n{}\n", head.method(), head.uri(), body(&encoded));
    for note in encoded.notes {
        writeln!(out, "  {note}").unwrap();
    }
    out
}
