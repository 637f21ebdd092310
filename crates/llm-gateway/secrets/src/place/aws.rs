//! AWS Secrets Manager.
//!
//! Source: AWS Secrets Manager API Reference, "GetSecretValue", "PutSecretValue", "CreateSecret", read 2026-11.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use llm_provider_core::{Credential, Secret, SigV4};
use llm_types::UnixMs;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Write, base};
use crate::FetchError;
use crate::settings::{KeyManagementSettings, SystemError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aws {
    region: String,
    endpoint: String,
}

impl Aws {
    pub(super) fn new(
        settings: &KeyManagementSettings,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, SystemError> {
        let region = settings
            .aws_region_name
            .clone()
            .or_else(|| {
                ["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(variable)
            })
            .ok_or(SystemError::NotSet("AWS_REGION_NAME"))?;
        if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(SystemError::Setting { name: "aws_region_name", why: "is no region" });
        }
        let endpoint = match variable("AWS_ENDPOINT_URL_SECRETS_MANAGER") {
            Some(endpoint) => base("AWS_ENDPOINT_URL_SECRETS_MANAGER", &endpoint)?,
            None if region.starts_with("cn-") => format!("https://secretsmanager.{region}.amazonaws.com.cn"),
            None => format!("https://secretsmanager.{region}.amazonaws.com"),
        };
        Ok(Self { region, endpoint })
    }

    pub(super) fn request(
        &self,
        name: &str,
        credential: &Credential,
        now: UnixMs,
    ) -> Result<Request<Bytes>, FetchError> {
        self.call("GetSecretValue", &json!({ "SecretId": name }), credential, now)
    }

    pub(super) fn write(
        &self,
        write: Write,
        name: &str,
        value: &Secret,
        credential: &Credential,
        now: UnixMs,
    ) -> Result<Request<Bytes>, FetchError> {
        // The same for the same, so that a request that comes twice makes one version.
        let digest =
            Sha256::new().chain_update(name).chain_update([0]).chain_update(value.expose()).finalize();
        let token = digest.iter().take(16).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let (action, names) = match write {
            Write::Replace => ("PutSecretValue", "SecretId"),
            Write::Create => ("CreateSecret", "Name"),
        };
        let body = json!({ names: name, "SecretString": value.expose(), "ClientRequestToken": token });
        self.call(action, &body, credential, now)
    }

    fn call(
        &self,
        action: &str,
        body: &Value,
        credential: &Credential,
        now: UnixMs,
    ) -> Result<Request<Bytes>, FetchError> {
        let Credential::Aws(keys) = credential else {
            return Err(FetchError::Credential("Amazon wants keys that sign".to_owned()));
        };
        let body = Bytes::from(body.to_string());
        let request = Request::post(format!("{}/", self.endpoint))
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", format!("secretsmanager.{action}"))
            .body(body)
            .map_err(|_| FetchError::Address)?;
        let (mut parts, body) = request.into_parts();
        SigV4 { keys, region: &self.region, service: "secretsmanager", now }
            .sign(&mut parts, &body)
            .map_err(|error| FetchError::Credential(error.to_string()))?;
        Ok(Request::from_parts(parts, body))
    }
}

pub(super) fn read(status: StatusCode, body: &[u8]) -> Result<Option<Secret>, FetchError> {
    if status != StatusCode::OK {
        return match fault(status, body) {
            Fault::NotThere => Ok(None),
            Fault::Other(error) => Err(error),
        };
    }
    let answer = super::json(body)?;
    if let Some(text) = answer["SecretString"].as_str() {
        return Ok(Some(Secret::new(text)));
    }
    let binary = answer["SecretBinary"].as_str().ok_or(FetchError::Unreadable)?;
    let bytes = STANDARD.decode(binary).map_err(|_| FetchError::Unreadable)?;
    String::from_utf8(bytes).map(|text| Some(Secret::new(text))).map_err(|_| FetchError::Unreadable)
}

/// Why Amazon says no.
enum Fault {
    NotThere,
    Other(FetchError),
}

fn fault(status: StatusCode, body: &[u8]) -> Fault {
    let answer = super::json(body).unwrap_or_default();
    // The type may stand after the name of the service's version.
    match answer["__type"].as_str().unwrap_or_default().rsplit('#').next().unwrap_or_default() {
        "ResourceNotFoundException" => Fault::NotThere,
        "AccessDeniedException"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "ExpiredTokenException" => Fault::Other(FetchError::Denied(status.as_u16())),
        _ => Fault::Other(super::refused(status)),
    }
}

pub(super) fn written(write: Write, status: StatusCode, body: &[u8]) -> Result<Option<Write>, FetchError> {
    if status == StatusCode::OK {
        return Ok(None);
    }
    match (fault(status, body), write) {
        (Fault::NotThere, Write::Replace) => Ok(Some(Write::Create)),
        (Fault::NotThere, Write::Create) => Err(super::refused(status)),
        (Fault::Other(error), _) => Err(error),
    }
}
