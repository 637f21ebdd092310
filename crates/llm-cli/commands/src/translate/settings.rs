//! Settings of a vendor, as they stand under `litellm_params`, and the credential that they lead to.

use anyhow::{anyhow, bail};
use http::HeaderValue;
use llm_provider_core::{Credential, LoginInput, LoginStep, Parameters, Provider, Secret};
use llm_types::UnixMs;

/// What stands in the place of a secret.
const MASK: &str = "***";
/// The settings that every vendor has.
const USUAL: [&str; 3] = ["api_key", "api_base", "api_version"];

/// What the settings say.
pub(super) struct Settings {
    pub(super) api_base: Option<String>,
    pub(super) parameters: Parameters,
    /// The key; a mask, where a login would fetch it.
    pub(super) credential: Option<Credential>,
}

/// Reads settings; no variable is looked at, and nobody is asked.
///
/// # Errors
/// A setting that the vendor does not have, and settings that do not go together.
pub(super) fn read(
    provider: &dyn Provider,
    settings: &[(String, String)],
    api_base: Option<&str>,
) -> anyhow::Result<Settings> {
    let mut parameters = Parameters::default();
    let (mut key, mut api_base) = (None, api_base.map(ToOwned::to_owned));
    let known = &provider.info().parameters;
    for (name, value) in settings {
        match name.as_str() {
            "api_key" => key = Some(Secret::new(value)),
            "api_base" => api_base = Some(value.clone()),
            name if name == "api_version" || known.iter().any(|own| own.name == name) => {
                parameters.set(name, value);
            }
            name => {
                let names: Vec<&str> = USUAL.into_iter().chain(known.iter().map(|own| &*own.name)).collect();
                bail!("{} has no setting {name:?}; it has {}", provider.info().name, names.join(", "));
            }
        }
    }
    if let Some(api_base) = &api_base {
        // Some vendors log in where their API is.
        parameters.set("api_base", api_base);
    }
    let login = provider.login(&parameters, key.as_ref()).map_err(|why| anyhow!(why))?;
    let credential = match login.map(|login| login.begin().step(LoginInput::Begin, UnixMs(0))) {
        None => key.map(Credential::Key),
        // What these sign with is not here, and a signature by anything else would be none.
        Some(LoginStep::AwsChain { .. }) => None,
        Some(LoginStep::Fail(why)) => bail!(why),
        Some(_) => Some(Credential::Token(Secret::new(MASK))),
    };
    Ok(Settings { api_base, parameters, credential })
}

/// A header's value as it may be shown.
pub(super) fn shown(value: &HeaderValue) -> &str {
    if !value.is_sensitive() {
        return value.to_str().unwrap_or("(not text)");
    }
    match value.to_str() {
        Ok(text) if text.starts_with("Bearer ") => "Bearer ***",
        _ => MASK,
    }
}
