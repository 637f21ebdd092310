//! The unified client: `cargo run -p llm-providers --example chat --features all [MODEL]`. Without a model it asks the
//! built-in mock, which needs neither key nor network.

use llm_providers::Client;
use llm_providers::types::{ChatRequest, Message};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = std::env::args().nth(1).unwrap_or_else(|| "mock/echo".to_owned());
    let client = Client::from_env()?;

    let answer = client.chat(&model, [Message::user("Say hello")]).await?;
    println!("{}", answer.choices[0].message.content.get().map(|content| content.text()).unwrap_or_default());

    // A whole request, and what could not be said to the vendor as it was asked.
    let mut request = ChatRequest::new(&model, vec![Message::user("Say hello again")]);
    request.extra.insert("top_k".to_owned(), 3.into());
    for note in client.send(request).await?.notes {
        println!("note: {note}");
    }

    let mut stream = client.chat_stream(&model, [Message::user("Say it again, slowly")]).await?;
    while let Some(chunk) = stream.next().await {
        for choice in chunk?.choices() {
            if let Some(piece) = choice.delta.get().and_then(|delta| delta.content.as_deref()) {
                print!("{piece}");
            }
        }
    }
    println!();
    Ok(())
}
