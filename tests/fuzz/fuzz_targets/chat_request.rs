//! A body that claims to be a chat request, through the canonical schema and back.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| llm_testkit::fuzz::chat_request(data));
