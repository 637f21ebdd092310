//! Azure Key Vault.
//!
//! Source: Microsoft Learn, Key Vault REST API, "Get Secret", read 2026-11.

use bytes::Bytes;
use http::{Request, StatusCode};
use llm_provider_core::{Credential, Secret};

use super::{base, bearing};
use crate::FetchError;
use crate::settings::SystemError;

const VERSION: &str = "7.4";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Azure {
    vault: String,
}

impl Azure {
    pub(super) fn new(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, SystemError> {
        const URI: &str = "AZURE_KEY_VAULT_URI";
        let uri = variable(URI).ok_or(SystemError::NotSet(URI))?;
        Ok(Self { vault: base(URI, &uri)? })
    }

    /// Names of secrets have no underscores there: a hyphen stands for each.
    pub(super) fn request(&self, name: &str, credential: &Credential) -> Result<Request<Bytes>, FetchError> {
        let name = name.replace('_', "-");
        bearing(&format!("{}/secrets/{name}?api-version={VERSION}", self.vault), credential)
    }
}

pub(super) fn read(status: StatusCode, body: &[u8]) -> Result<Option<Secret>, FetchError> {
    match status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Ok(None),
        other => return Err(super::refused(other)),
    }
    let answer = super::json(body)?;
    answer["value"].as_str().map(|text| Some(Secret::new(text))).ok_or(FetchError::Unreadable)
}
