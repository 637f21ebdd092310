//! Bytes that claim to be a stream of Anthropic, through its decoder.
#![no_main]

use std::sync::LazyLock;

use llm_provider_core::Provider as _;
use llm_provider_anthropic::Anthropic;

static VENDOR: LazyLock<Anthropic> = LazyLock::new(Anthropic::default);

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let chat = VENDOR.chat().expect("this vendor chats");
    llm_testkit::fuzz::stream(|| chat.decoder(), data);
});
