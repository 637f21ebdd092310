//! The part of a path that names a record.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use crate::fault::Fault;

/// The one part of a path that names a record, decoded.
pub(crate) struct Named(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(rejection) => Err(Fault::invalid("path", rejection.body_text())),
        }
    }
}
