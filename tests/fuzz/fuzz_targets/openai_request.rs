//! A body that claims to be a request in OpenAI's dialect, read and written for both vendors.
#![no_main]

use std::sync::LazyLock;

use llm_provider_anthropic::Anthropic;
use llm_provider_core::Provider as _;
use llm_provider_openai::OpenAi;
use llm_provider_openai::ChatIngress;

static OPENAI: LazyLock<OpenAi> = LazyLock::new(OpenAi::new);
static ANTHROPIC: LazyLock<Anthropic> = LazyLock::new(Anthropic::default);

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let translators = [OPENAI.chat(), ANTHROPIC.chat()].map(|chat| chat.expect("both vendors chat"));
    llm_testkit::fuzz::request(&ChatIngress, &translators, data);
});
