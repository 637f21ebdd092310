//! Tokens that are counted without being read by a model, and who counted them.

use serde_json::{Value, json};
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{TestApp, deployment};

const COUNTER: &str = "/utils/token_counter";

fn question(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "antidisestablishmentarianism"}]})
}

#[tokio::test]
async fn a_models_own_vocabulary_or_an_estimate_that_says_so() {
    let entry = |name: &str, model: &str| {
        deployment(name, &json!({"model": model, "api_key": "k", "api_base": "http://127.0.0.1:9"}))
    };
    let mut tuned = entry("tuned", "azure/my-deployment");
    tuned["model_info"] = json!({"base_model": "gpt-4"});
    let list =
        [entry("new", "openai/gpt-4o"), entry("old", "openai/gpt-4"), tuned, entry("other", "groq/llama-3")];
    let app = TestApp::new(&json!({"model_list": list})).await;
    // Six tokens in either vocabulary, and seven that frame them.
    for (name, words, tokenizer) in [
        ("new", 6, "openai_tokenizer"),
        ("old", 6, "openai_tokenizer"),
        ("tuned", 6, "openai_tokenizer"),
        ("other", 6, "estimate"),
    ] {
        let answer = app.post(COUNTER, &question(name)).await;
        let told = answer.json();
        assert_eq!(
            (&told["total_tokens"], &told["tokenizer_type"]),
            (&json!(words + 7), &json!(tokenizer)),
            "{name}"
        );
        assert_eq!(answer.header("x-llm-gateway-notes"), Some("converted input_tokens"));
    }
    // A prompt is words alone, and several are counted together, as LiteLLM counts them.
    let word = "antidisestablishmentarianism";
    for (prompt, tokens) in [(json!(word), 6), (json!([word, word]), 12)] {
        let told = app.post(COUNTER, &json!({"model": "new", "prompt": prompt})).await.json();
        assert_eq!(told["total_tokens"], tokens, "{told}");
    }
    // Anthropic's clients and Google's ask the same of models that are not theirs.
    let told = app.post("/v1/messages/count_tokens", &question("new")).await.json();
    assert_eq!(told, json!({"input_tokens": 13}));
    let contents =
        json!({"contents": [{"role": "user", "parts": [{"text": "antidisestablishmentarianism"}]}]});
    let told = app.post("/v1beta/models/new:countTokens", &contents).await.json();
    assert_eq!(told["totalTokens"], 13);
}

#[tokio::test]
async fn a_vendor_that_counts_is_asked() {
    let vendor = MockServer::start().await;
    let counted = ResponseTemplate::new(200).set_body_json(json!({"input_tokens": 77}));
    Mock::given(path("/v1/messages/count_tokens")).respond_with(counted).mount(&vendor).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&vendor).await;
    let params = json!({"model": "anthropic/claude", "api_key": "k", "api_base": vendor.uri()});
    let app = TestApp::new(&json!({"model_list": [deployment("m", &params)]})).await;
    let told = app.post(COUNTER, &question("m")).await.json();
    assert_eq!((&told["total_tokens"], &told["tokenizer_type"]), (&json!(77), &json!("anthropic_api")));
}
