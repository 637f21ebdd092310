//! The exchange of tokens, without a network: `cargo run -p llm-provider-github-copilot --example exchange`.

use llm_provider_core::{LoginInput, LoginStep, Parameters, Provider as _, Secret};
use llm_provider_github_copilot::GithubCopilot;
use llm_types::UnixMs;

#[expect(clippy::print_stdout, reason = "an example")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let github = Secret::new("gho_token");
    let login = GithubCopilot::new().login(&Parameters::default(), Some(&github))?.ok_or("no login")?;
    let mut run = login.begin();
    if let LoginStep::Send(request) = run.step(LoginInput::Begin, UnixMs(0)) {
        println!("{} {}", request.method(), request.uri());
    }
    let answer = http::Response::new(r#"{"token":"tid=1","expires_at":1800}"#.into());
    println!("{:?}", run.step(LoginInput::Answer(answer), UnixMs(0)));
    Ok(())
}
