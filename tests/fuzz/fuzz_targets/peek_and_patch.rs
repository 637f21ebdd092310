//! A body that is peeked into and patched, beside the same changes to a tree.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| llm_testkit::fuzz::peek_and_patch(data));
