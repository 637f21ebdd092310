//! The parts of a path.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts as Head;
use serde::de::DeserializeOwned;

use crate::fault::Fault;

/// The parts of a path that templates leave open, in their order.
pub(crate) struct Parts<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Parts<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Head, state: &S) -> Result<Self, Fault> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(parts)) => Ok(Self(parts)),
            Err(_) => Err(Fault::invalid("path", "the path is no UTF-8")),
        }
    }
}
