//! Laws of streams: whatever the order of the pieces, the events are in order, and a client that reads them
//! gets the text, the calls, the reason and the counts that the pieces had.

use bytes::{Bytes, BytesMut};
use llm_types::{ChatChunk, ChatResponse, FinishReason, Message};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::event_order::check;
use super::{anthropic, ingress, reply};

/// A piece of an answer; calls are pieces of [`Script::calls`].
#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Thinking(String),
    BlockThinking(String),
    Signature(String),
    Redacted(String),
    /// A block that only Anthropic has.
    Own,
    /// Text that follows is a block of its own.
    TextBlock,
    Citation(u32),
    Nothing,
    /// The next piece of this call.
    Call(usize),
    /// The usage, as far as it is known.
    Usage,
}

#[derive(Debug, Clone)]
struct Script {
    pieces: Vec<Piece>,
    /// Names and arguments, cut.
    calls: Vec<(String, Vec<String>)>,
    finish: &'static str,
    usage: Value,
}

impl Script {
    fn chunks(&self) -> Vec<ChatChunk> {
        let mut next = vec![0; self.calls.len()];
        let mut chunks = Vec::new();
        let mut call_piece = |call: usize, chunks: &mut Vec<Value>| {
            let (name, pieces) = &self.calls[call];
            let Some(arguments) = pieces.get(next[call]) else { return };
            let mut piece = json!({ "index": call, "function": { "arguments": arguments } });
            if next[call] == 0 {
                piece["id"] = format!("call_{call}").into();
                piece["function"]["name"] = name.as_str().into();
            }
            next[call] += 1;
            chunks.push(choice(json!({ "tool_calls": [piece] })));
        };
        for (place, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Text(text) => chunks.push(choice(json!({ "content": text }))),
                Piece::Thinking(text) => chunks.push(choice(json!({ "reasoning_content": text }))),
                Piece::BlockThinking(text) => chunks.push(choice(json!({
                    "reasoning_content": text, "thinking_blocks": [{ "type": "thinking", "thinking": text }]
                }))),
                Piece::Signature(signature) => chunks.push(choice(json!({
                    "thinking_blocks": [{ "type": "thinking", "thinking": "", "signature": signature }]
                }))),
                Piece::Redacted(data) => chunks.push(choice(json!({
                    "thinking_blocks": [{ "type": "redacted_thinking", "data": data }]
                }))),
                Piece::Own => chunks.push(own(
                    "content_block",
                    json!({
                        "type": "server_tool_use", "id": server_call(place), "name": "web_search",
                        "input": { "q": server_call(place) }
                    }),
                )),
                Piece::TextBlock => chunks.push(own("content_block", json!({ "type": "text", "text": "" }))),
                Piece::Citation(number) => {
                    chunks.push(own("citation", json!({ "type": "page_location", "page": number })));
                }
                Piece::Nothing => chunks.push(choice(json!({}))),
                Piece::Call(call) => call_piece(*call, &mut chunks),
                Piece::Usage => chunks.push(json!({ "choices": [], "usage": self.usage })),
            }
        }
        for (call, (_, pieces)) in self.calls.iter().enumerate() {
            for _ in pieces {
                call_piece(call, &mut chunks);
            }
        }
        chunks.push(json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": self.finish }] }));
        chunks.push(json!({ "choices": [], "usage": self.usage }));
        chunks.into_iter().map(|chunk| llm_types::from_value(chunk).unwrap()).collect()
    }
}

/// The name of a call that runs at the vendor, the piece in this place.
fn server_call(place: usize) -> String {
    format!("srvtoolu_{place}")
}

fn own(name: &str, value: Value) -> Value {
    choice(json!({ "provider_specific_fields": { name: value } }))
}

fn choice(delta: Value) -> Value {
    json!({ "id": "chatcmpl-9", "model": "m", "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] })
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zé\"\\\\{} \n]{1,6}",
        1 => Just(String::new()),
        1 => Just(" ".to_owned()),
    ]
}

fn piece(calls: usize) -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => word().prop_map(Piece::Text),
        2 => word().prop_map(Piece::Thinking),
        2 => word().prop_map(Piece::BlockThinking),
        1 => "[a-z]{0,4}".prop_map(Piece::Signature),
        1 => "[a-z]{1,4}".prop_map(Piece::Redacted),
        1 => Just(Piece::Own),
        1 => Just(Piece::TextBlock),
        1 => (0u32..9).prop_map(Piece::Citation),
        1 => Just(Piece::Nothing),
        6 => (0..calls.max(1)).prop_map(move |call| if calls == 0 { Piece::Nothing } else { Piece::Call(call) }),
        1 => Just(Piece::Usage),
    ]
}

/// A call and its arguments, cut anywhere; some have none, and some are cut off by the limit.
fn call() -> impl Strategy<Value = (String, Vec<String>)> {
    let arguments = prop_oneof![
        1 => Just(String::new()),
        1 => Just("{}".to_owned()),
        6 => prop::collection::hash_map("[a-z]{1,3}", word(), 0..4).prop_map(|map| json!(map).to_string()),
        1 => Just("{\"a\":{\"b\":\"}".to_owned()),
    ];
    ("[a-z]{1,5}", arguments, prop::collection::vec(0usize..64, 0..4)).prop_map(
        |(name, arguments, mut cuts)| {
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut rest = arguments.as_str();
            for cut in cuts {
                let mut at = cut % (rest.len() + 1);
                while !rest.is_char_boundary(at) {
                    at -= 1;
                }
                let (piece, after) = rest.split_at(at);
                pieces.push(piece.to_owned());
                rest = after;
            }
            pieces.push(rest.to_owned());
            (name, pieces)
        },
    )
}

fn script() -> impl Strategy<Value = Script> {
    prop::collection::vec(call(), 0..4).prop_flat_map(|calls| {
        let finish = prop::sample::select(vec!["stop", "length", "content_filter", "tool_calls", "function_call", "eos"]);
        let usage = (0u64..1000, 0u64..1000, 0u64..1000, 0u64..1000, 0u64..1000, 0u64..1000).prop_map(
            |(input, read, short, long, output, thinking)| {
                json!({
                    "prompt_tokens": input + read + short + long, "completion_tokens": output + thinking,
                    "prompt_tokens_details": {
                        "cached_tokens": read, "cache_write_tokens": short + long,
                        "cache_creation_token_details": { "ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long }
                    },
                    "completion_tokens_details": { "reasoning_tokens": thinking }
                })
            },
        );
        (prop::collection::vec(piece(calls.len()), 0..24), Just(calls), finish, usage)
            .prop_map(|(pieces, calls, finish, usage)| Script { pieces, calls, finish, usage })
    })
}

fn written(chunks: &[ChatChunk]) -> Bytes {
    let mut writer = ingress().writer(&reply());
    let mut out = BytesMut::new();
    for chunk in chunks {
        writer.chunk(chunk, &mut out);
    }
    writer.end(&mut out);
    out.freeze()
}

fn read_again(stream: Bytes) -> ChatResponse {
    let mut decoder = anthropic().decoder();
    let mut chunks: Vec<ChatChunk> = decoder.push(stream).map(Result::unwrap).collect();
    chunks.extend(decoder.finish().map(Result::unwrap));
    llm_testkit::assemble(&chunks)
}

/// Text without spaces: a block of spaces only is left out.
fn letters(message: &Message) -> String {
    let text = message.content.get().map(|content| content.text().into_owned()).unwrap_or_default();
    text.split_whitespace().collect()
}

fn calls(message: &Message) -> Vec<(String, String, String)> {
    let mut calls: Vec<_> = message
        .tool_calls
        .get()
        .into_iter()
        .flatten()
        .map(|call| {
            let function = call.function.get().unwrap();
            let arguments = match function.arguments.as_deref().unwrap_or_default() {
                "" => "{}",
                arguments => arguments,
            };
            let name = function.name.as_deref().unwrap().to_owned();
            (call.id.as_deref().unwrap().to_owned(), name, arguments.to_owned())
        })
        .collect();
    // A call begins with its first piece, wherever its index stands.
    calls.sort();
    calls
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn events_are_in_order_and_tell_everything(script in script()) {
        let chunks = script.chunks();
        let whole = llm_testkit::assemble(&chunks);
        let stream = written(&chunks);
        let told = check(&stream);
        let again = read_again(stream);
        let (message, message_again) = (&whole.choices[0].message, &again.choices[0].message);

        prop_assert_eq!(letters(message), letters(message_again));
        prop_assert_eq!(calls(message), calls(message_again));
        let thinking = |message: &Message| message.reasoning_content.as_deref().unwrap_or_default().to_owned();
        prop_assert_eq!(thinking(message), thinking(message_again));
        let kept = |block: &&Value| block["type"] == "redacted_thinking" || block["signature"].as_str().is_some_and(|signature| !signature.is_empty());
        let signed = script.pieces.iter().filter(|piece| match piece {
            Piece::Signature(signature) => !signature.is_empty(),
            Piece::Redacted(_) => true,
            _ => false,
        });
        prop_assert_eq!(told.blocks.iter().filter(kept).count(), signed.count());

        // Each in its turn, and once.
        let own = told.blocks.iter().filter(|block| block["type"] == "server_tool_use");
        let own: Vec<_> = own.map(|block| (&block["id"], &block["input"]["q"])).collect();
        let places = script.pieces.iter().enumerate().filter(|(_, piece)| matches!(piece, Piece::Own));
        let ids: Vec<_> = places.map(|(place, _)| json!(server_call(place))).collect();
        prop_assert_eq!(own, ids.iter().map(|id| (id, id)).collect::<Vec<_>>());
        let cited = told.blocks.iter().flat_map(|block| block["citations"].as_array().into_iter().flatten());
        let cited: Vec<_> = cited.map(|citation| citation["page"].as_u64()).collect();
        let pages: Vec<_> = script.pieces.iter().filter_map(|piece| match piece {
            Piece::Citation(page) => Some(Some(u64::from(*page))),
            _ => None,
        }).collect();
        prop_assert_eq!(cited, pages);

        let has_calls = !script.calls.is_empty();
        let expected = match (script.finish, has_calls) {
            ("length", _) => FinishReason::Length,
            ("content_filter", _) => FinishReason::ContentFilter,
            (_, true) => FinishReason::ToolCalls,
            (_, false) => FinishReason::Stop,
        };
        prop_assert_eq!(again.choices[0].finish_reason.get(), Some(&expected));
        prop_assert_eq!(whole.usage.get().unwrap().counts(), again.usage.get().unwrap().counts());
    }

    /// A stream that breaks anywhere is in order up to there.
    #[test]
    fn a_broken_stream_is_in_order(script in script(), cut in 0usize..64) {
        let chunks = script.chunks();
        let mut writer = ingress().writer(&reply());
        let mut out = BytesMut::new();
        for chunk in &chunks[..cut.min(chunks.len())] {
            writer.chunk(chunk, &mut out);
        }
        let error = llm_types::ApiError::new(llm_types::ErrorKind::BadGateway, llm_types::Layer::Provider, "cut off");
        writer.error(&error, &mut out);
        prop_assert!(check(&out).error.is_some());
    }
}
