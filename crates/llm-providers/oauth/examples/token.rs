//! A login, step by step, without a network: `cargo run -p llm-provider-oauth --example token`.

use llm_provider_core::{Login as _, LoginInput, LoginStep, Secret};
use llm_provider_oauth::{ClientCredentials, ClientSecretIn};
use llm_types::UnixMs;

#[expect(clippy::print_stdout, reason = "an example")]
fn main() {
    let login = ClientCredentials {
        token_url: "https://login.microsoftonline.com/tenant/oauth2/v2.0/token".to_owned(),
        client_id: "client".to_owned(),
        client_secret: Secret::new("secret"),
        scope: "https://cognitiveservices.azure.com/.default".to_owned(),
        secret_in: ClientSecretIn::Form,
    };
    let mut run = login.begin();
    if let LoginStep::Send(request) = run.step(LoginInput::Begin, UnixMs(0)) {
        println!("{} {}", request.method(), request.uri());
    }
    let answer = http::Response::new(r#"{"access_token":"token","expires_in":3599}"#.into());
    println!("{:?}", run.step(LoginInput::Answer(answer), UnixMs(0)));
}
