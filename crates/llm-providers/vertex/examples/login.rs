//! The steps of a login with a person's refresh token, taken by hand. No network.

use llm_provider_core::{LoginInput, LoginStep, Parameters, Provider};
use llm_provider_vertex::Vertex;
use llm_types::UnixMs;

#[expect(clippy::print_stdout, reason = "an example shows something")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credentials = r#"{"type":"authorized_user","client_id":"i","client_secret":"s","refresh_token":"r"}"#;
    let parameters: Parameters = [("vertex_credentials", credentials)].into_iter().collect();
    let login = Vertex.login(&parameters, None)?.ok_or("no login")?;
    let mut run = login.begin();
    if let LoginStep::Send(request) = run.step(LoginInput::Begin, UnixMs(0)) {
        println!("{} {}", request.method(), request.uri());
    }
    let answer = http::Response::new(r#"{"access_token":"t","expires_in":3599}"#.into());
    if let LoginStep::Done { expires_at, .. } = run.step(LoginInput::Answer(answer), UnixMs(0)) {
        println!("a token until {expires_at:?}");
    }
    Ok(())
}
