//! From a request to a [`Plan`].

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER};

use crate::answer::{Answer, Block, BlockKind};
use crate::anthropic::{self, AnthropicFrames};
use crate::hash::hash;
use crate::openai::{self, OpenAiFrames};
use crate::pace::{Frames, Paced};
use crate::plan::{Plan, Step, Steps};
use crate::request::Peek;
use crate::script::{ErrorScript, RawScript, Script};
use crate::text::Split;
use crate::vectors::Vectors;
use crate::{errors, models};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");
/// White space that precedes an answer which never comes.
static SPACES: [u8; 4_096] = [b' '; 4_096];

/// Whose wire is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// OpenAI: `/chat/completions`, `/embeddings`, `/models`.
    OpenAi,
    /// Anthropic: `/messages`, `/messages/count_tokens`, `/models`.
    Anthropic,
}

/// A request that was read, with the script it will be answered by.
///
/// In two steps, because only a driver can count requests: read it, ask [`Self::ordinal_key`], then [`Self::plan`].
#[derive(Debug)]
pub struct Prepared<'a> {
    wire: Wire,
    hash: u64,
    work: Work<'a>,
}

#[derive(Debug)]
enum Work<'a> {
    Chat(Box<Chat<'a>>),
    Embed(Box<Embed<'a>>),
    CountTokens(u64),
    Models,
    Refuse(ErrorScript),
}

#[derive(Debug)]
struct Chat<'a> {
    peek: Peek<'a>,
    script: Cow<'a, Script>,
    /// What this request is counted under.
    key: u64,
}

#[derive(Debug)]
struct Embed<'a> {
    vectors: Vectors,
    script: Cow<'a, Script>,
    key: u64,
}

/// Answers one request: [`Prepared::new`] and [`Prepared::plan`] in one.
///
/// `ordinal` is the number of like requests before this one and matters only to scripts with `fail_first` or `fail_share`;
/// `created_s` is Unix time in seconds. The same arguments give the same plan.
pub fn respond(
    wire: Wire,
    path: &str,
    body: &[u8],
    overrides: Option<&Script>,
    ordinal: u64,
    created_s: i64,
) -> Plan {
    Prepared::new(wire, path, body, overrides).plan(ordinal, created_s)
}

impl<'a> Prepared<'a> {
    /// Reads a request. Only the end of `path` matters, so any base path will do.
    ///
    /// The script comes from the first of: member `mock` of the request, member `mock_response` of the request (a
    /// string, see [`Script::from_mock_response`]), a short form as the model's name, `overrides`. Otherwise the
    /// request is greeted. A request that cannot be read, or whose script cannot, will be refused with a 400.
    pub fn new(wire: Wire, path: &str, body: &'a [u8], overrides: Option<&'a Script>) -> Self {
        let hash = hash(body);
        let work = match (wire, path.trim_end_matches('/')) {
            (_, path) if path.ends_with("/models") => Work::Models,
            (Wire::OpenAi, path) if path.ends_with("/chat/completions") => chat(body, overrides, hash),
            (Wire::OpenAi, path) if path.ends_with("/embeddings") => embed(body, overrides, hash),
            (Wire::Anthropic, path) if path.ends_with("/messages") => chat(body, overrides, hash),
            (Wire::Anthropic, path) if path.ends_with("/messages/count_tokens") => {
                read(body).map_or_else(Work::Refuse, |peek| Work::CountTokens(peek.prompt_tokens()))
            }
            _ => Work::Refuse(ErrorScript {
                code: Some("unknown_url".to_owned()),
                ..refusal(404, format!("The mock vendor does not serve {path}."))
            }),
        };
        Self { wire, hash, work }
    }

    /// A request that will be refused, whatever it holds: for what a driver finds wrong before it is read.
    pub fn refusing(wire: Wire, error: ErrorScript) -> Self {
        Self { wire, hash: hash(&[]), work: Work::Refuse(error) }
    }

    /// What to count this request under, where its script depends on how often it came; see [`Ordinals`].
    ///
    /// A script of the request's own is counted by request body: the retries of one request together, other requests
    /// apart. `overrides` counts every request it serves.
    ///
    /// [`Ordinals`]: crate::Ordinals
    pub fn ordinal_key(&self) -> Option<u64> {
        match &self.work {
            Work::Chat(chat) if chat.script.counts() => Some(chat.key),
            Work::Embed(embed) if embed.script.counts() => Some(embed.key),
            _ => None,
        }
    }

    /// The answer. `ordinal` is the number of requests before with the same [`Self::ordinal_key`]; `created_s` is Unix
    /// time in seconds.
    pub fn plan(self, ordinal: u64, created_s: i64) -> Plan {
        let Self { wire, hash, work } = self;
        let mut plan = match work {
            Work::Models => Plan::whole(StatusCode::OK, JSON, models::list(wire)),
            Work::CountTokens(tokens) => {
                Plan::whole(StatusCode::OK, JSON, Bytes::from(format!("{{\"input_tokens\":{tokens}}}")))
            }
            Work::Refuse(error) => refuse(wire, hash, &error),
            Work::Chat(chat) => play(wire, hash, &chat.script, ordinal, || {
                answer(wire, &chat.peek, &chat.script, Answer::new(&chat.script, &chat.peek, hash, created_s))
            }),
            Work::Embed(embed) => play(wire, hash, &embed.script, ordinal, || {
                unstreamed(&embed.vectors.answer(), &embed.script)
            }),
        };
        let (name, id) = match wire {
            Wire::OpenAi => (HeaderName::from_static("x-request-id"), request_id(hash)),
            Wire::Anthropic => (HeaderName::from_static("request-id"), request_id(hash)),
        };
        if let Ok(id) = HeaderValue::try_from(id) {
            plan.headers.entry(name).or_insert(id);
        }
        plan
    }
}

fn chat<'a>(body: &'a [u8], overrides: Option<&'a Script>, hash: u64) -> Work<'a> {
    let peek = match read(body) {
        Ok(peek) => peek,
        Err(error) => return Work::Refuse(error),
    };
    let own = match (peek.mock, &peek.mock_response) {
        (Some(raw), _) => match Script::from_json(raw.get().as_bytes()) {
            Ok(script) => Some(script),
            Err(error) => return Work::Refuse(refusal(400, error.to_string())),
        },
        (None, Some(text)) => Some(Script::from_mock_response(text)),
        (None, None) => Script::from_model(&peek.model),
    };
    let (script, key) = script_and_key(own, overrides, hash);
    Work::Chat(Box::new(Chat { peek, script, key }))
}

fn embed<'a>(body: &[u8], overrides: Option<&'a Script>, hash: u64) -> Work<'a> {
    let vectors = match Vectors::read(body) {
        Ok(vectors) => vectors,
        Err(why) => return Work::Refuse(refusal(400, format!("The request cannot be read: {why}."))),
    };
    let own = match vectors.script().map(|script| Script::from_json(script.to_string().as_bytes())) {
        None => None,
        Some(Ok(script)) => Some(script),
        Some(Err(error)) => return Work::Refuse(refusal(400, error.to_string())),
    };
    let (script, key) = script_and_key(own, overrides, hash);
    Work::Embed(Box::new(Embed { vectors, script, key }))
}

/// The script of a request, and what the request is counted under.
fn script_and_key(own: Option<Script>, overrides: Option<&Script>, hash: u64) -> (Cow<'_, Script>, u64) {
    match (own, overrides) {
        (Some(own), _) => (Cow::Owned(own), hash),
        (None, Some(given)) => (Cow::Borrowed(given), 0),
        (None, None) => (Cow::Owned(Script::default()), 0),
    }
}

fn read(body: &[u8]) -> Result<Peek<'_>, ErrorScript> {
    serde_json::from_slice(body)
        .map_err(|error| refusal(400, format!("The request cannot be read: {error}.")))
}

fn refusal(status: u16, message: String) -> ErrorScript {
    ErrorScript { message: Some(message), ..ErrorScript::new(status) }
}

fn play(wire: Wire, hash: u64, script: &Script, ordinal: u64, answer: impl FnOnce() -> Plan) -> Plan {
    let mut plan = match scripted_error(script, ordinal) {
        Some(error) => refuse(wire, hash, &error),
        None => match &script.raw {
            Some(raw) => verbatim(raw, script),
            None => answer(),
        },
    };
    plan.delay_ms = plan.delay_ms.saturating_add(script.delay_ms);
    for (name, value) in &script.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            plan.headers.insert(name, value);
        }
    }
    plan
}

/// The error to refuse this request with, if it is to be refused.
fn scripted_error(script: &Script, ordinal: u64) -> Option<Cow<'_, ErrorScript>> {
    let error = script.error.as_ref();
    match script.fails(ordinal) {
        Some(true) => Some(error.map_or_else(|| Cow::Owned(ErrorScript::new(500)), Cow::Borrowed)),
        Some(false) => None,
        None if script.error_in_stream_after_chunks.is_some() => None,
        None => error.map(Cow::Borrowed),
    }
}

fn refuse(wire: Wire, hash: u64, error: &ErrorScript) -> Plan {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut plan = Plan::whole(status, JSON, errors::body(wire, error, Some(&request_id(hash))));
    if let Some(seconds) = error.retry_after_s {
        plan.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    plan
}

fn request_id(hash: u64) -> String {
    format!("req_mock{hash:016x}")
}

fn answer(wire: Wire, peek: &Peek<'_>, script: &Script, mut answer: Answer) -> Plan {
    if wire == Wire::Anthropic {
        // This wire has no empty text: such an answer has no block at all.
        answer.blocks.retain(|block| !(block.is_text() && block.body.is_empty()));
    }
    let usage = Some(answer.usage.reported());
    let plan = match (peek.streams(), wire) {
        (false, Wire::OpenAi) => unstreamed(&openai::whole(&answer), script),
        (false, Wire::Anthropic) => unstreamed(&anthropic::whole(&answer), script),
        (true, Wire::OpenAi) => streamed(OpenAiFrames::new(&answer), answer.blocks, script),
        (true, Wire::Anthropic) => streamed(AnthropicFrames::new(&answer), answer.blocks, script),
    };
    Plan { usage, ..plan }
}

fn streamed(frames: impl Frames + Send + Sync + 'static, blocks: Vec<Block>, script: &Script) -> Plan {
    Plan::stepwise(StatusCode::OK, EVENT_STREAM, Steps::new(Paced::new(frames, blocks, script)))
}

/// One body, with the faults a stream would have: in the middle, or before it for those that come after no chunk.
fn unstreamed(body: &Bytes, script: &Script) -> Plan {
    let mut plan = if script.endless {
        let spaces = Step::Bytes(Bytes::from_static(&SPACES));
        let pause = (script.chunk_ms > 0).then_some(Step::Wait(script.chunk_ms));
        let steps: Vec<Step> = [spaces].into_iter().chain(pause).collect();
        Plan::stepwise(StatusCode::OK, JSON, Steps::new(steps.into_iter().cycle()))
    } else {
        let middle = |chunks: u64| if chunks == 0 { 0 } else { body.len() / 2 };
        let mut whole = Plan::whole(StatusCode::OK, JSON, body.clone());
        if let Some(chunks) = script.cut_after_chunks {
            whole.steps = vec![Step::Bytes(body.slice(..middle(chunks))), Step::Cut].into();
        } else if let Some(chunks) = script.stall_after_chunks {
            let (first, rest) = (body.slice(..middle(chunks)), body.slice(middle(chunks)..));
            whole.steps = match script.stall_ms {
                None => vec![Step::Bytes(first), Step::Stall],
                Some(ms) => vec![Step::Bytes(first), Step::Wait(ms), Step::Bytes(rest), Step::End],
            }
            .into();
        }
        whole
    };
    plan.delay_ms = script.first_chunk_ms;
    plan
}

/// A verbatim body: at once, or in chunks where the script has any say about chunks.
fn verbatim(raw: &RawScript, script: &Script) -> Plan {
    let status = StatusCode::from_u16(raw.status).unwrap_or(StatusCode::OK);
    let content_type = HeaderValue::try_from(&raw.content_type).unwrap_or(JSON);
    let split = match Split::of(script) {
        Split::Words => Split::Whole,
        split => split,
    };
    let block = Block { kind: BlockKind::Text, body: raw.body.clone(), split };
    Plan::stepwise(status, content_type, Steps::new(Paced::new(Verbatim, vec![block], script)))
}

/// Frames that are nothing but their text.
#[derive(Debug)]
struct Verbatim;

impl Frames for Verbatim {
    fn open(&self) -> Bytes {
        Bytes::new()
    }
    fn start(&self, _: usize, _: &Block) -> Bytes {
        Bytes::new()
    }
    fn delta(&self, _: usize, _: &Block, chunk: &str) -> Bytes {
        Bytes::copy_from_slice(chunk.as_bytes())
    }
    fn stop(&self, _: usize, _: &Block) -> Bytes {
        Bytes::new()
    }
    fn close(&self) -> Bytes {
        Bytes::new()
    }
    fn error(&self, error: &ErrorScript) -> Bytes {
        error.message.clone().unwrap_or_default().into()
    }
}
