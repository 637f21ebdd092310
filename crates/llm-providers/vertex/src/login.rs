//! Logins with Google Cloud: which credentials there are, and how each becomes a token.
//!
//! Source: Google Cloud docs, "How Application Default Credentials works", "Using OAuth 2.0 for server to server
//! applications", "Workload identity federation", "Create short-lived credentials", and google.aip.dev/4110 to 4117, read
//! 2026-11.

mod credentials;
mod run;

use std::path::{Path, PathBuf};

use llm_provider_core::{Credential, Login, LoginRun, Parameters, Secret};

use credentials::Credentials;
use run::Run;

use crate::setup;

/// What tokens are for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// How access tokens begin that somebody fetched already.
const TOKEN: &str = "ya29.";

/// Where credentials are found.
#[derive(Debug, Clone)]
enum Source {
    /// A token.
    Given(Secret),
    /// These.
    Text(Box<Credentials>),
    /// In this file; without them there is no login.
    File(PathBuf),
    /// Where Google's own libraries look when nobody says: the gcloud tool's file, then the machine.
    Usual { file: Option<PathBuf>, metadata_host: String },
}

/// A login with what was found.
#[derive(Debug, Clone)]
struct GoogleLogin(Source);

impl Login for GoogleLogin {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(Run::new(self.0.clone()))
    }
}

/// The login that the settings ask for; `None` where a key is the credential.
pub(crate) fn login(parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
    let key = key.map(Secret::expose).map(str::trim).filter(|key| !key.is_empty());
    let source = match (key, setup::get(parameters, "vertex_credentials")) {
        (Some(key), _) if key.starts_with('{') => text(key)?,
        (Some(key), _) if key.starts_with(TOKEN) => Source::Given(Secret::new(key)),
        (_, Some(given)) if given.starts_with('{') => text(given)?,
        (_, Some(given)) => Source::File(given.into()),
        (Some(_), None) => return Ok(None),
        (None, None) => Source::Usual {
            file: usual_file(parameters),
            metadata_host: parameters
                .get("gce_metadata_host")
                .unwrap_or("metadata.google.internal")
                .to_owned(),
        },
    };
    Ok(Some(Box::new(GoogleLogin(source))))
}

fn text(json: &str) -> Result<Source, String> {
    Credentials::read(json.as_bytes()).map(|credentials| Source::Text(Box::new(credentials)))
}

/// Where the gcloud tool keeps the credentials of whoever logged in with it.
fn usual_file(parameters: &Parameters) -> Option<PathBuf> {
    const FILE: &str = "application_default_credentials.json";
    if let Some(folder) = parameters.get("gcloud_config") {
        return Some(Path::new(folder).join(FILE));
    }
    let home = Path::new(parameters.get("gcloud_home")?);
    // On Windows the folder of settings is named itself, elsewhere the folder of the user.
    let is_windows = home.ends_with("Roaming");
    let folder = if is_windows { home.join("gcloud") } else { home.join(".config").join("gcloud") };
    Some(folder.join(FILE))
}

/// A token as the credential.
fn token(secret: Secret) -> Credential {
    Credential::Token(secret)
}

#[cfg(test)]
mod tests;
