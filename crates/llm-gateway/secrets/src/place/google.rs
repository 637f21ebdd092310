//! Google Secret Manager.
//!
//! Source: Google Cloud docs, Secret Manager API, "projects.secrets.versions.access", read 2026-11.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, StatusCode};
use llm_provider_core::{Credential, Secret};

use super::{base, bearing, path};
use crate::FetchError;
use crate::settings::SystemError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Google {
    project: String,
    endpoint: String,
}

impl Google {
    pub(super) fn new(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, SystemError> {
        const PROJECT: &str = "GOOGLE_SECRET_MANAGER_PROJECT_ID";
        const ENDPOINT: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER";
        let project = path(PROJECT, &variable(PROJECT).ok_or(SystemError::NotSet(PROJECT))?)?;
        let endpoint = match variable(ENDPOINT) {
            Some(endpoint) => base(ENDPOINT, &endpoint)?,
            None => "https://secretmanager.googleapis.com".to_owned(),
        };
        Ok(Self { project, endpoint })
    }

    pub(super) fn request(&self, name: &str, credential: &Credential) -> Result<Request<Bytes>, FetchError> {
        let Self { project, endpoint } = self;
        bearing(
            &format!("{endpoint}/v1/projects/{project}/secrets/{name}/versions/latest:access"),
            credential,
        )
    }
}

pub(super) fn read(status: StatusCode, body: &[u8]) -> Result<Option<Secret>, FetchError> {
    match status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Ok(None),
        other => return Err(super::refused(other)),
    }
    let answer = super::json(body)?;
    let data = answer["payload"]["data"].as_str().ok_or(FetchError::Unreadable)?;
    let bytes = STANDARD.decode(data).map_err(|_| FetchError::Unreadable)?;
    String::from_utf8(bytes).map(|text| Some(Secret::new(text))).map_err(|_| FetchError::Unreadable)
}
