//! The laws of streams hold for a sound decoder and fail for the others.

use llm_provider_core::{Chat, Translator};

use super::*;
use crate::plain::{Fault, Plain};

const STREAM: &str = include_str!("../../../fixtures/parallel_tools_stream.stream.sse");

fn decoder(fault: Fault) -> impl Fn() -> Box<dyn Decoder<Chat>> {
    let plain = Plain::new(fault);
    move || plain.decoder()
}

#[test]
fn a_sound_decoder_keeps_all_laws() {
    let decoder = decoder(Fault::None);
    let stream = STREAM.as_bytes();
    cut_anywhere(&decoder, stream);
    truncation(&decoder, stream, after_last(stream, "[DONE]"));
    unknown_events_harmless(&decoder, stream, COMMENTS);
    unknown_members_harmless(&decoder, stream);
    assert_eq!(chunks(&decoder, stream).len(), 8);
}

#[test]
fn long_streams_are_cut_too() {
    let words: String = (0..600)
        .map(|at| {
            format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"word {at} \"}}}}]}}\r\n\r\n"
            )
        })
        .collect();
    let stream = words + "data: [DONE]\r\n\r\n";
    let decoder = decoder(Fault::None);
    assert!(stream.len() > 10 * EVERY_BYTE);
    cut_anywhere(&decoder, stream.as_bytes());
    truncation(&decoder, stream.as_bytes(), after_last(stream.as_bytes(), "[DONE]"));
}

#[test]
#[should_panic(expected = "the stream reads otherwise")]
fn a_decoder_that_takes_pushes_for_frames_is_found() {
    cut_anywhere(decoder(Fault::ByPush), STREAM.as_bytes());
}

#[test]
#[should_panic(expected = "the stream must end in `Truncated`")]
fn a_decoder_that_takes_every_end_for_the_end_is_found() {
    truncation(decoder(Fault::NoTruncation), STREAM.as_bytes(), after_last(STREAM.as_bytes(), "[DONE]"));
}

#[test]
#[should_panic(expected = "changes the stream")]
fn a_decoder_that_breaks_at_new_events_is_found() {
    unknown_events_harmless(decoder(Fault::StrictEvents), STREAM.as_bytes(), &["data: {\"new\":1}\n\n"]);
}

#[test]
#[should_panic(expected = "stands nowhere in the stream")]
fn a_marker_must_be_there() {
    after_last(STREAM.as_bytes(), "message_stop");
}

#[test]
#[should_panic(expected = "the stream fails")]
fn chunks_of_a_broken_stream_are_refused() {
    chunks(decoder(Fault::None), b"data: {\n\n");
}

#[test]
fn an_added_member_comes_out_with_its_empty_objects() {
    let mut value = serde_json::json!({"a": {"x": 1}, "b": [{"x": 1, "c": 2}], "d": {}});
    remove(&mut value, "x");
    assert_eq!(value, serde_json::json!({"b": [{"c": 2}], "d": {}}));
}
