//! What a client is told when something cannot be done.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use llm_store::StoreError;
use llm_tenancy::management::Forbidden;
use llm_types::{ApiError, ErrorKind, Layer, ParseError};
use serde_json::json;

/// What a client is told when something cannot be done.
#[derive(Debug)]
pub(crate) struct Fault(pub ApiError);

impl Fault {
    /// The request makes no sense.
    pub(crate) fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self(ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message).with_param(param))
    }

    /// The request lacks something.
    pub(crate) fn missing(param: &str) -> Self {
        Self::invalid(param, format!("{param} is missing"))
    }

    /// It is not the caller's to do.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self(ApiError::new(ErrorKind::PermissionDenied, Layer::Auth, message).with_code("not_allowed"))
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<ParseError> for Fault {
    fn from(error: ParseError) -> Self {
        let message = error.to_string();
        let error_at = ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message);
        Self(if error.path.is_empty() { error_at } else { error_at.with_param(error.path) })
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let (kind, code) = match &error {
            StoreError::NotFound(_) => (ErrorKind::NotFound, "not_found"),
            StoreError::Taken { .. } => (ErrorKind::Conflict, "already_exists"),
            StoreError::Changed(_) => (ErrorKind::Conflict, "changed_meanwhile"),
            StoreError::InUse { .. } => (ErrorKind::Conflict, "in_use"),
            StoreError::Missing(_) | StoreError::Invalid(_) => (ErrorKind::InvalidRequest, "invalid_value"),
            _ if error.is_away() => (ErrorKind::Unavailable, "database_unavailable"),
            _ => (ErrorKind::Internal, "database_error"),
        };
        // What drivers say may tell of addresses and names that are none of a client's business.
        let message = match kind {
            ErrorKind::Unavailable => "the database does not answer; try again later".to_owned(),
            ErrorKind::Internal => "what is in the database cannot be read".to_owned(),
            _ => error.to_string(),
        };
        let layer = if kind == ErrorKind::InvalidRequest { Layer::Client } else { Layer::Gateway };
        Self(ApiError::new(kind, layer, message).with_code(code))
    }
}

impl From<Forbidden> for Fault {
    fn from(forbidden: Forbidden) -> Self {
        let fault = Self::forbidden(forbidden.to_string());
        match forbidden {
            Forbidden::Field { field, .. } => Self(fault.0.with_param(field)),
            Forbidden::Model { .. } => Self(fault.0.with_param("models")),
            Forbidden::Role { .. } => Self(fault.0.with_param("user_role")),
            _ => fault,
        }
    }
}

/// The error goes along as an extension, for whoever has a way of its own to tell of errors.
impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({"error": {
            "message": &error.message,
            "type": error.kind.label(),
            "param": &error.param,
            "code": &error.code,
        }});
        let mut response = (status, axum::Json(body)).into_response();
        if let Some(ms) = error.retry_after_ms {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
        }
        response.extensions_mut().insert(error);
        response
    }
}
