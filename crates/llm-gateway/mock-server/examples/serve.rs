//! Serves until Ctrl-C: `cargo run -p llm-mock-server --example serve -- 4010`.
#![expect(clippy::print_stdout, reason = "an example says where it listens")]

use llm_mock_server::{MockServer, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(4010), |port| port.parse())?;
    let options = Options { port, ..Options::default() };
    let server = MockServer::start(options).await?;
    println!("listening on {}", server.url());

    tokio::signal::ctrl_c().await?;
    let records = server.stop().await;
    println!("{} requests in the record", records.len());
    Ok(())
}
