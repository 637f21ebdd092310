//! A router in a program: `cargo run -p llm-router --example router --features mock`. It asks the built-in mock, which
//! needs neither key nor network; name real models, and it asks those.

use llm_router::{Router, RouterConfig};
use llm_types::{ChatRequest, EmbeddingInput, EmbeddingRequest, Message};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The two sections of LiteLLM's configuration; a file would do as well.
    let config: RouterConfig = serde_json::from_value(json!({
        "model_list": [
            {"model_name": "main", "litellm_params": {"model": "mock/error-503", "order": 1}, "model_info": {"id": "first"}},
            {"model_name": "main", "litellm_params": {"model": "mock/error-503", "order": 2}, "model_info": {"id": "second"}},
            {"model_name": "spare", "litellm_params": {"model": "mock/echo"}, "model_info": {"id": "third"}},
        ],
        "router_settings": {"num_retries": 1, "fallbacks": [{"main": ["spare"]}]},
    }))?;
    let router = Router::new(config)?;
    let request = ChatRequest::new("main", vec![Message::user("Say hello")]);

    // What would happen, without asking anybody.
    let explained = router.explain(request.clone()).await?;
    for one in &explained.foresight.order {
        println!("would ask {} ({}) after {} ms", one.deployment, one.reason.label(), one.after_ms);
    }

    // What happens: an answer, and the record of how it came about.
    let routed = router.chat(request.clone()).await?;
    for attempt in routed.session.attempts() {
        println!("asked {}: {:?}", attempt.deployment, attempt.outcome());
    }
    println!(
        "{} says: {}",
        routed.deployment,
        routed.answer.choices[0].message.content.get().map_or("".into(), |said| said.text())
    );

    // A stream: what fails before it says something is tried elsewhere.
    let mut stream = router.stream(request).await?;
    while let Some(chunk) = stream.next().await {
        for choice in chunk?.choices() {
            if let Some(piece) = choice.delta.get().and_then(|delta| delta.content.as_deref()) {
                print!("{piece}");
            }
        }
    }
    println!();

    let input = EmbeddingInput::Text("Hello".to_owned());
    let vectors = router.embed(EmbeddingRequest::new("spare", input)).await?;
    println!("{} vector(s)", vectors.answer.data.len());
    Ok(())
}
