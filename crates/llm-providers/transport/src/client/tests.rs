//! The client over a scripted transport, with a translator for a vendor that speaks in single words.

use std::sync::Mutex;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use llm_provider_core::{Interpret, NoteKind, Outbox, SseEvent, StreamDecoder};
use llm_types::ErrorKind;
use tokio::time::Instant;

use super::*;
use crate::{BoxFuture, TransportErrorKind};

/// What is asked and answered: words.
struct Words;

impl Operation for Words {
    type Request = String;
    type Response = String;
    type Chunk = String;

    fn chunks(answer: String) -> Vec<String> {
        answer.split(' ').map(str::to_owned).collect()
    }
}

/// Refuses `unspeakable`, says "not yet" to whoever gets `again`, and ends its streams with the word `bye`.
struct Parrot;

impl Translator<Words> for Parrot {
    fn encode(&self, request: &String, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        if request == "unspeakable" {
            return Err(EncodeError::unsupported("word", "unspeakable"));
        }
        let request = Request::post(call.base_url_or("http://parrot"))
            .body(Payload::from(request.clone().into_bytes()));
        Ok(Encoded { request: request.unwrap(), notes: vec![Note::new(NoteKind::Dropped, "tone", "")] })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<String>, UpstreamError> {
        let text = String::from_utf8_lossy(response.body()).into_owned();
        if !response.status().is_success() {
            return Err(UpstreamError::new(ErrorKind::RateLimit, response.status().as_u16(), text));
        }
        Ok(match text.as_str() {
            "again" => {
                let request = Request::get("http://parrot/later").body(Payload::from(Bytes::new())).unwrap();
                Decoded::Again { request: Box::new(request), after_ms: 2000 }
            }
            _ => Decoded::Answer(text),
        })
    }

    fn decoder(&self) -> Box<dyn Decoder<Words>> {
        Box::new(StreamDecoder::sse(Ear { complete: false }))
    }
}

struct Ear {
    complete: bool,
}

impl Interpret for Ear {
    type Chunk = String;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<String>) {
        match event.data.as_ref() {
            b"bye" => self.complete = true,
            b"help" => out.fail(UpstreamError::new(ErrorKind::Unavailable, 529, "help")),
            word => out.chunk(String::from_utf8_lossy(word).into_owned()),
        }
    }

    fn is_complete(&self) -> bool {
        self.complete
    }
}

/// Gives its answers one by one and records what it was asked.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Result<Response<Body>, TransportError>>>,
    asked: Mutex<Vec<(Request<Bytes>, CallOptions)>>,
}

impl HttpService for Script {
    fn call(
        &self,
        request: Request<Bytes>,
        options: CallOptions,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        self.asked.lock().unwrap().push((request, options));
        let answer = self.answers.lock().unwrap().pop_front().expect("asked too often");
        Box::pin(std::future::ready(answer))
    }
}

fn whole(status: u16, text: &'static str) -> Result<Response<Body>, TransportError> {
    Ok(Response::builder().status(status).header("x", "y").body(Body::from(Bytes::from(text))).unwrap())
}

/// A 200 whose body is these pieces, then a cut if `cut`.
fn pieces(pieces: &[&'static str], cut: bool) -> Result<Response<Body>, TransportError> {
    let mut items: Vec<_> = pieces.iter().map(|piece| Ok(Frame::data(Bytes::from(*piece)))).collect();
    if cut {
        items.push(Err(TransportError::after_send(TransportErrorKind::Closed)));
    }
    Ok(Response::new(Body::wrap(StreamBody::new(futures_util::stream::iter(items)))))
}

fn client(
    answers: impl IntoIterator<Item = Result<Response<Body>, TransportError>>,
) -> (Client, Arc<Script>) {
    let script = Arc::new(Script { answers: Mutex::new(answers.into_iter().collect()), ..Script::default() });
    (Client::new(Arc::clone(&script) as Arc<dyn HttpService>), script)
}

async fn send(client: &Client, word: &str) -> Result<Answer<String>, CallError> {
    let headers = HeaderMap::new();
    client.send(&Parrot, &word.to_owned(), &Call::new("grey", &headers), CallOptions::default()).await
}

/// All chunks of a stream, and its error.
async fn hear(client: &Client) -> (Vec<String>, Option<ChunkError>) {
    let headers = HeaderMap::new();
    let call = Call::new("grey", &headers);
    let mut stream = client.stream(&Parrot, &"hi".to_owned(), &call, CallOptions::default()).await.unwrap();
    assert_eq!(stream.notes().len(), 1);
    let mut words = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(word) => words.push(word),
            Err(error) => {
                assert!(stream.next().await.is_none(), "an error is the last item");
                return (words, Some(error));
            }
        }
    }
    (words, None)
}

#[tokio::test]
async fn an_answer_comes_with_its_head_and_notes() {
    let (client, script) = client([whole(201, "hello")]);
    let answer = send(&client, "hi").await.unwrap();
    assert_eq!(
        (answer.value.as_str(), answer.head.status, answer.notes.len()),
        ("hello", StatusCode::CREATED, 1)
    );
    assert_eq!(answer.head.headers["x"], "y");
    assert_eq!(script.asked.lock().unwrap()[0].0.body(), "hi");
}

#[tokio::test]
async fn each_failure_keeps_its_kind() {
    let (nobody, script) = client([]);
    assert!(matches!(
        send(&nobody, "unspeakable").await,
        Err(CallError::Encode(EncodeError::Unsupported { .. }))
    ));
    assert!(script.asked.lock().unwrap().is_empty());

    let (refused, _) = client([whole(429, "too much")]);
    let Err(CallError::Upstream(error)) = send(&refused, "hi").await else { panic!() };
    assert_eq!((error.kind, error.status, error.message.as_str()), (ErrorKind::RateLimit, 429, "too much"));

    let (silent, _) = client([Err(TransportError::unsent(TransportErrorKind::Dns)), pieces(&["a"], true)]);
    for kind in [TransportErrorKind::Dns, TransportErrorKind::Closed] {
        let Err(CallError::Transport(error)) = send(&silent, "hi").await else { panic!() };
        assert_eq!(error.kind(), kind);
    }

    let (long, _) = client([whole(200, "four")]);
    let Err(CallError::Transport(error)) = send(&long.with_max_answer_bytes(3), "hi").await else { panic!() };
    assert_eq!(error.kind(), TransportErrorKind::BodyTooLarge);
}

#[tokio::test(start_paused = true)]
async fn not_yet_is_asked_again_within_the_total() {
    let (patient, script) = client([whole(200, "again"), whole(200, "again"), whole(200, "done")]);
    let begun = Instant::now();
    assert_eq!(send(&patient, "hi").await.unwrap().value, "done");
    assert_eq!(begun.elapsed().as_secs(), 4);
    {
        let asked = script.asked.lock().unwrap();
        let paths: Vec<_> = asked.iter().map(|(request, _)| request.uri().path()).collect();
        assert_eq!(paths, ["/", "/later", "/later"]);
        let totals: Vec<_> =
            asked.iter().map(|(_, options)| options.timeouts.total.unwrap().as_secs()).collect();
        assert_eq!(totals, [3600, 3598, 3596]);
    }

    let (client, _) = client([whole(200, "again"), whole(200, "again")]);
    let mut options = CallOptions::default();
    options.timeouts.total = Some(Duration::from_secs(3));
    let headers = HeaderMap::new();
    let asked = client.send(&Parrot, &"hi".to_owned(), &Call::new("grey", &headers), options).await;
    let Err(CallError::Transport(error)) = asked else { panic!() };
    assert_eq!(error.kind(), TransportErrorKind::TotalTimeout);
}

#[tokio::test]
async fn a_stream_ends_with_the_last_word() {
    let (client, _) = client([pieces(&["data: a\n\nda", "ta: b\n\n", "data: bye\n\n"], false)]);
    let (words, error) = hear(&client).await;
    assert_eq!(words, ["a", "b"]);
    assert!(error.is_none());
}

#[tokio::test]
async fn a_stream_without_the_last_word_is_broken() {
    let (client, _) = client([pieces(&["data: a\n\n"], false), pieces(&["data: a\n\n"], true)]);
    let (words, error) = hear(&client).await;
    assert_eq!(words, ["a"]);
    assert!(matches!(error, Some(ChunkError::Stream(StreamError::Truncated))), "{error:?}");
    let (words, error) = hear(&client).await;
    assert_eq!(words, ["a"]);
    let Some(ChunkError::Transport(error)) = error else { panic!("{error:?}") };
    assert_eq!(error.kind(), TransportErrorKind::Closed);
}

#[tokio::test]
async fn a_cut_after_the_last_word_takes_nothing_away() {
    let (client, _) = client([pieces(&["data: a\n\ndata: bye\n\n"], true)]);
    let (words, error) = hear(&client).await;
    assert_eq!(words, ["a"]);
    assert!(error.is_none(), "{error:?}");
}

#[tokio::test]
async fn a_vendor_may_say_no_before_or_in_the_stream() {
    let (client, _) =
        client([pieces(&["data: a\n\ndata: help\n\ndata: b\n\n"], false), whole(429, "too much")]);
    let (words, error) = hear(&client).await;
    assert_eq!(words, ["a"]);
    assert!(matches!(&error, Some(ChunkError::Stream(StreamError::Upstream(error))) if error.status == 529));

    let headers = HeaderMap::new();
    let call = Call::new("grey", &headers);
    let refused = client.stream(&Parrot, &"hi".to_owned(), &call, CallOptions::default()).await;
    assert!(matches!(refused, Err(CallError::Upstream(error)) if error.status == 429));
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_be_elsewhere_or_no_stream_at_all() {
    let json = |text| {
        whole(201, text).map(|mut answer| {
            let kind = http::HeaderValue::from_static("application/json; charset=utf-8");
            answer.headers_mut().insert(header::CONTENT_TYPE, kind);
            answer
        })
    };
    let (client, script) = client([json("again"), pieces(&["data: a\n\ndata: bye\n\n"], false), json("b c")]);
    let (words, error) = hear(&client).await;
    assert_eq!(words, ["a"]);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(script.asked.lock().unwrap()[1].0.uri().path(), "/later");
    let (words, error) = hear(&client).await;
    assert_eq!(words, ["b", "c"]);
    assert!(error.is_none(), "{error:?}");
}
