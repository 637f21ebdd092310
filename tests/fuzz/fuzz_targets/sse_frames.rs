//! Bytes cut anywhere, through the framer of server-sent events.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| llm_testkit::fuzz::sse_frames(data));
