//! A vendor tried case by case: a snapshot for each request of the corpus, laws of its wire, and streams held against
//! whole answers.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, OnUnsupported, Payload, StreamError, Translator,
    UpstreamError,
};
use llm_types::{ChatChunk, ChatRequest, ChatResponse};
use serde_json::{Value, json};

use super::Suite;
use crate::corpus::corpus;
use crate::{Random, assemble, fuzz, laws};

/// How many mixtures of the corpus are tried.
const MIXTURES: usize = 400;

static NO_HEADERS: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);

/// A vendor and what is known of its wire. Its calls have no key.
pub struct Cases<'a> {
    /// The vendor as its pages show it.
    pub suite: Suite<'a>,
    /// The names of models with which requests keep the laws.
    pub models: &'a [&'a str],
    /// Whether a request among the fixtures is for the model that it names, and keeps the laws with that one.
    pub own_models: bool,
    /// The vendor's types of its wire.
    pub wire: Wire,
    /// Events that the vendor does not send today, as whole frames.
    pub junk: &'a [&'a str],
    /// What holds of the vendor's streams besides.
    pub stream: fn(&[u8]),
    /// Takes away what differs between a whole answer and a streamed one by nature.
    pub essence: fn(&mut Value),
    /// The names of streams that say something else than the whole answer of their name.
    pub unlike: &'a [&'a str],
}

/// Laws of the vendor's types of its wire, such as [`laws::json_identity`] of each.
#[derive(Clone, Copy)]
pub struct Wire {
    /// Of the body that is sent.
    pub request: fn(&str),
    /// Of the body of an answer.
    pub response: fn(&str),
}

impl Wire {
    /// Nothing is known of them.
    pub const UNKNOWN: Self = Self { request: |_| {}, response: |_| {} };
}

impl<'a> Cases<'a> {
    /// The vendor with nothing known of its wire; `models` are the names with which requests keep the laws.
    pub fn new(suite: Suite<'a>, models: &'a [&'a str]) -> Self {
        Self {
            suite,
            models,
            own_models: false,
            wire: Wire::UNKNOWN,
            junk: &[],
            stream: |_| {},
            essence: |_| {},
            unlike: &[],
        }
    }

    fn chat(&self) -> &dyn Translator<Chat> {
        self.suite.chat()
    }

    /// A call for a model, with no key.
    pub fn call<'c>(&'c self, model: &'c str) -> Call<'c> {
        let mut call = Call::new(model, &NO_HEADERS);
        call.base_url = self.suite.base_url;
        call.parameters = &self.suite.parameters;
        call
    }

    /// What is sent for a request to the suite's model.
    ///
    /// # Errors
    /// If the vendor's translator refuses it.
    pub fn encode(&self, request: &ChatRequest) -> Result<Encoded, EncodeError> {
        self.encode_for(request, self.suite.model)
    }

    /// What is sent for a request to a model.
    ///
    /// # Errors
    /// If the vendor's translator refuses it.
    pub fn encode_for(&self, request: &ChatRequest, model: &str) -> Result<Encoded, EncodeError> {
        self.chat().encode(request, &self.call(model))
    }

    /// The answer in the body of a 200.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn answer(&self, body: &str) -> ChatResponse {
        match self.chat().decode(Response::new(body.as_bytes())).unwrap() {
            Decoded::Answer(answer) => answer,
            Decoded::Again { .. } => panic!("no answer"),
        }
    }

    /// The answer of a fixture.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn answer_of(&self, name: &str) -> ChatResponse {
        self.answer(&text(self.fixture("response", name)))
    }

    /// What is read from a stream.
    pub fn items(&self, stream: &[u8]) -> Vec<Result<ChatChunk, StreamError>> {
        laws::read(|| self.decoder(), stream)
    }

    /// The failure of the vendor in which a stream ends; there is one alone, wherever the stream is cut.
    ///
    /// # Panics
    /// If the stream ends otherwise.
    #[track_caller]
    pub fn failure(&self, stream: &[u8]) -> UpstreamError {
        laws::cut_anywhere(|| self.decoder(), stream);
        let mut items = self.items(stream);
        assert_eq!(items.iter().filter(|item| item.is_err()).count(), 1, "{items:?}");
        match items.pop() {
            Some(Err(StreamError::Upstream(error))) => error,
            last => panic!("the stream ends in {last:?}"),
        }
    }

    /// The answer that a stream of the fixtures makes.
    ///
    /// # Panics
    /// If the stream fails.
    #[track_caller]
    pub fn streamed(&self, name: &str) -> ChatResponse {
        assemble(&laws::chunks(|| self.decoder(), &self.fixture("stream", name)))
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        self.chat().decoder()
    }

    /// The fixtures of a kind, where the vendor has such.
    fn fixtures(&self, kind: &str) -> Vec<(String, Vec<u8>)> {
        if self.suite.fixtures.join(kind).is_dir() { self.suite.fixtures(kind) } else { Vec::new() }
    }

    #[track_caller]
    fn fixture(&self, kind: &str, name: &str) -> Vec<u8> {
        let found = self.fixtures(kind).into_iter().find(|(found, _)| found == name);
        found.unwrap_or_else(|| panic!("no {kind} `{name}`")).1
    }

    /// Whatever is asked, the same is sent each time, nothing is lost in silence, and the wire's laws hold.
    ///
    /// # Panics
    /// If it does not hold.
    #[track_caller]
    pub fn keep_laws(&self, request: &ChatRequest, models: &[&str]) {
        for model in models {
            let call = self.call(model);
            laws::encode_is_stable(self.chat(), request, &call);
            laws::no_silent_loss(self.chat(), request, &call, self.suite.equivalences);
            let rejecting = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
            laws::no_silent_loss(self.chat(), request, &rejecting, self.suite.equivalences);
            if let Ok(encoded) = self.chat().encode(request, &call) {
                (self.wire.request)(&body(&encoded).to_string());
            }
        }
    }

    /// What is sent for each request of the corpus (`corpus.NAME`).
    ///
    /// # Panics
    /// If one does not keep the laws.
    pub fn corpus(&self) -> Vec<(String, String)> {
        let send = |case: &crate::corpus::Case| {
            let request = case.request();
            self.keep_laws(&request, self.models);
            (format!("corpus.{}", case.name), in_lines(self.encode(&request)))
        };
        corpus().iter().map(send).collect()
    }

    /// What is sent for each of the vendor's own requests (`request.NAME`).
    ///
    /// # Panics
    /// If one does not keep the laws.
    pub fn requests(&self) -> Vec<(String, String)> {
        let send = |(name, json): (String, Vec<u8>)| {
            let json = text(json);
            laws::json_identity::<ChatRequest>(&json);
            let request: ChatRequest = llm_types::from_slice(json.as_bytes()).unwrap();
            let own = [request.model.as_str()];
            let models = if self.own_models { &own } else { self.models };
            self.keep_laws(&request, models);
            let model = if self.own_models { &request.model } else { self.suite.model };
            (format!("request.{name}"), in_lines(self.encode_for(&request, model)))
        };
        self.fixtures("request").into_iter().map(send).collect()
    }

    /// Members of several requests in one, and their messages after each other, chosen by a seed: whatever is said
    /// together, nothing is lost in silence.
    ///
    /// # Panics
    /// If a mixture does not keep the laws.
    pub fn mixtures(&self, seed: u64) {
        let mut random = Random::new(seed);
        for _ in 0..MIXTURES {
            let mut mixture = serde_json::Map::new();
            let mut messages = Vec::new();
            for _ in 0..3 {
                let case: Value = serde_json::from_str(random.pick(corpus()).json).unwrap();
                for (name, value) in case.as_object().unwrap() {
                    match value.as_array() {
                        Some(list) if name == "messages" => messages.extend(list.iter().cloned()),
                        _ if random.below(4) > 0 => {
                            mixture.insert(name.clone(), value.clone());
                        }
                        _ => {}
                    }
                }
            }
            mixture.insert("model".to_owned(), self.suite.model.into());
            mixture.insert("messages".to_owned(), messages.into());
            self.keep_laws(&read(Value::Object(mixture)), self.models);
        }
    }

    /// Of requests of the corpus and the vendor's own that were changed by chance, nothing is lost in silence.
    ///
    /// # Panics
    /// If something is; says which, and the request.
    pub fn hostile_requests(&self) {
        let own = self.fixtures("request");
        let all = corpus().iter().map(|case| case.json.as_bytes());
        let all: Vec<&[u8]> = all.chain(own.iter().map(|(_, request)| request.as_slice())).collect();
        let body = |data: &[u8]| {
            let Ok(request) = llm_types::from_slice::<ChatRequest>(data) else { return };
            let own = [request.model.as_str()];
            for model in self.models.iter().chain(own.iter().filter(|_| self.own_models)) {
                fuzz::lossless(self.chat(), &request, &self.call(model), self.suite.equivalences);
            }
        };
        fuzz::run(body, &all, fuzz::SEED, fuzz::iterations(1_500));
    }

    /// A member that the vendor lacks is refused for `reason` where the call wants that, and sent where the call names it
    /// all the same: gives that body.
    ///
    /// # Panics
    /// If it does not hold.
    #[track_caller]
    pub fn refused_or_forwarded(&self, member: &str, value: &Value, reason: &str) -> Value {
        let asked = json!({"model": "m", "messages": [{"role": "user", "content": "?"}], member: value});
        let asked = read(asked);
        let call = Call { unsupported: OnUnsupported::Reject, ..self.call(self.suite.model) };
        let refusal = EncodeError::unsupported(member, reason);
        assert_eq!(self.chat().encode(&asked, &call).unwrap_err(), refusal);
        let forward = [member.to_owned()];
        body(&self.chat().encode(&asked, &Call { forward: &forward, ..call }).unwrap())
    }

    /// What is read from whole answers (`response.NAME`).
    ///
    /// # Panics
    /// If one cannot be read, or does not keep the wire's laws.
    pub fn answers(&self) -> Vec<(String, ChatResponse)> {
        for (_, body) in self.fixtures("response") {
            (self.wire.response)(&text(body));
        }
        let read = |(name, body)| (format!("response.{name}"), self.answer(&text(body)));
        self.fixtures("response").into_iter().map(read).collect()
    }

    /// The chunks of streams, a line each (`stream.NAME`). They keep the laws, and make the whole answer of the same name
    /// where there is one, but for those that are `unlike` it.
    ///
    /// # Panics
    /// If it does not hold.
    pub fn streams(&self) -> Vec<(String, String)> {
        let whole: BTreeSet<_> = self.fixtures("response").into_iter().map(|(name, _)| name).collect();
        let read = |(name, stream): (String, Vec<u8>)| {
            let make = || self.decoder();
            laws::cut_anywhere(make, &stream);
            laws::unknown_events_harmless(make, &stream, laws::COMMENTS);
            laws::unknown_events_harmless(make, &stream, self.junk);
            let chunks = laws::chunks(make, &stream);
            laws::stream_laws(&chunks);
            (self.stream)(&stream);
            if whole.contains(&name) {
                let like = self.essence_of(&assemble(&chunks)) == self.essence_of(&self.answer_of(&name));
                assert!(like || self.unlike.contains(&name.as_str()), "{}", self.difference(&name, &name));
                assert!(!like || !self.unlike.contains(&name.as_str()), "`{name}` is like its whole answer");
            }
            let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
            (format!("stream.{name}"), lines.join("\n"))
        };
        self.fixtures("stream").into_iter().map(read).collect()
    }

    /// A stream makes the whole answer of that name.
    ///
    /// # Panics
    /// If it makes another.
    #[track_caller]
    pub fn makes(&self, stream: &str, whole: &str) {
        let like = self.essence_of(&self.streamed(stream)) == self.essence_of(&self.answer_of(whole));
        assert!(like, "{}", self.difference(stream, whole));
    }

    fn difference(&self, stream: &str, whole: &str) -> String {
        let (streamed, answer) = (self.streamed(stream), self.answer_of(whole));
        let (streamed, answer) = (self.essence_of(&streamed), self.essence_of(&answer));
        format!(
            "stream `{stream}` makes another answer than `{whole}`\n stream: {streamed}\n whole: {answer}"
        )
    }

    /// An answer without what differs between a whole and a streamed one by nature.
    fn essence_of(&self, answer: &ChatResponse) -> Value {
        let mut value = serde_json::to_value(answer).unwrap();
        for choice in value["choices"].as_array_mut().unwrap() {
            let message = choice["message"].as_object_mut().unwrap();
            message.retain(|_, member| !member.is_null());
            for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
                call.as_object_mut().unwrap().remove("index");
            }
        }
        (self.essence)(&mut value);
        value
    }

    /// What refusals become (`error.NAME`), of fixtures that are bodies, named by their status: `400`, `400_context`.
    ///
    /// # Panics
    /// If one is no refusal.
    pub fn refusals(&self, headers: &[(&str, &str)]) -> Vec<(String, UpstreamError)> {
        let read = |(name, body): (String, Vec<u8>)| {
            let status = name.split('_').next().unwrap().parse::<u16>().unwrap();
            let response = Response::builder().status(status);
            let response =
                headers.iter().fold(response, |response, (name, value)| response.header(*name, *value));
            let error = self.chat().decode(response.body(body.as_slice()).unwrap()).expect_err("a refusal");
            (format!("error.{name}"), error)
        };
        self.fixtures("error").into_iter().map(read).collect()
    }

    /// Every case has its snapshot, and every snapshot a case or a place among the `others`. `prefix` is what the names of
    /// all begin with: the test's own, as in `translate__`.
    ///
    /// # Panics
    /// If it does not hold.
    #[track_caller]
    pub fn every_snapshot_has_its_case(&self, prefix: &str, others: &[String]) {
        let mut wanted: BTreeSet<_> = corpus().iter().map(|case| format!("corpus.{}", case.name)).collect();
        for kind in ["request", "response", "stream", "error"] {
            wanted.extend(self.fixtures(kind).into_iter().map(|(name, _)| format!("{kind}.{name}")));
        }
        wanted.extend(others.iter().cloned());
        let wanted: BTreeSet<_> = wanted.into_iter().map(|name| format!("{prefix}{name}.snap")).collect();
        let folder = self.suite.fixtures.parent().unwrap_or(Path::new(".")).join("snapshots");
        let found: BTreeSet<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(found, wanted);
    }
}

/// The request in this JSON.
///
/// # Panics
/// If it cannot be read.
#[track_caller]
pub fn read(json: Value) -> ChatRequest {
    llm_types::from_value(json).unwrap()
}

/// The JSON that is sent.
///
/// # Panics
/// If none is.
#[track_caller]
pub fn body(encoded: &Encoded) -> Value {
    let Payload::Bytes(body) = encoded.request.body() else { panic!("no bytes") };
    serde_json::from_slice(body).unwrap()
}

/// The notes beside what is sent, in words.
pub fn notes(encoded: &Encoded) -> Vec<String> {
    encoded.notes.iter().map(ToString::to_string).collect()
}

/// What is sent and noted, for eyes: the headers a line each, and the body in lines.
pub fn in_lines(encoded: Result<Encoded, EncodeError>) -> String {
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return format!("refused: {error}\n"),
    };
    let head = &encoded.request;
    let mut out = format!("{} {}\n", head.method(), head.uri());
    for (name, value) in head.headers().iter().filter(|(name, _)| *name != "content-type") {
        writeln!(out, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    writeln!(out, "\n{}\n", serde_json::to_string_pretty(&body(&encoded)).unwrap()).unwrap();
    for note in encoded.notes {
        writeln!(out, "{note}").unwrap();
    }
    out
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Tests of a vendor's [`Cases`](crate::suite::Cases), with snapshots in its own crate: `tests_of_cases!(cases());`
///
/// They are `corpus_of_all_vendors`, `requests`, `hostile_requests`, `answers` and `streams`.
#[macro_export]
macro_rules! tests_of_cases {
    ($cases:expr) => {
        #[test]
        fn corpus_of_all_vendors() {
            for (name, sent) in $cases.corpus() {
                insta::assert_snapshot!(name, sent);
            }
        }

        #[test]
        fn requests() {
            for (name, sent) in $cases.requests() {
                insta::assert_snapshot!(name, sent);
            }
        }

        #[test]
        fn hostile_requests() {
            $cases.hostile_requests();
        }

        #[test]
        fn answers() {
            for (name, answer) in $cases.answers() {
                insta::assert_json_snapshot!(name, answer);
            }
        }

        #[test]
        fn streams() {
            for (name, chunks) in $cases.streams() {
                insta::assert_snapshot!(name, chunks);
            }
        }
    };
}

#[cfg(test)]
mod tests;
