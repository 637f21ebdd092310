//! Requests outside of any exchange: lists, health, what is the gateway's own.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use llm_tenancy::Access;
use llm_types::ApiError;

use super::front::{Client, simple, simple_error};
use crate::app::App;
use crate::auth::{Errand, Principal};
use crate::serving::Serving;

/// A request that was let in.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The gateway's handles.
    pub app: Arc<App>,
    /// What it is served from.
    pub serving: Arc<Serving>,
    /// Who asks.
    pub who: Principal,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its query.
    pub query: Option<String>,
    path: String,
}

impl Visit {
    /// What bounds whoever asks; `None` for whoever may everything.
    pub fn access(&self) -> Option<&Access> {
        self.who.access()
    }

    /// Answers it.
    pub fn answer(&self, result: Result<http::Response<Bytes>, ApiError>) -> Response {
        match result {
            Ok(response) => simple(&self.app, &self.headers, response),
            Err(error) => simple_error(&self.app, &self.path, &self.headers, &error),
        }
        .map(axum::body::Body::new)
    }
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let serving = app.serving();
        match let_in(app, &serving, parts).await {
            Ok(who) => Ok(Self {
                app: app.clone(),
                serving,
                who,
                headers: parts.headers.clone(),
                query: parts.uri.query().map(ToOwned::to_owned),
                path: parts.uri.path().to_owned(),
            }),
            Err(error) => {
                Err(simple_error(app, parts.uri.path(), &parts.headers, &error).map(axum::body::Body::new))
            }
        }
    }
}

/// Who asks, if that may be asked.
///
/// # Errors
/// What the client is told.
pub async fn let_in(app: &App, serving: &Serving, parts: &Parts) -> Result<Principal, ApiError> {
    let path = parts.uri.path();
    let template = parts.extensions.get::<MatchedPath>().map_or(path, MatchedPath::as_str);
    // Google's clients alone put keys into addresses.
    let query = parts.uri.query().filter(|_| template.starts_with("/v1beta"));
    let now = app.runtime.now();
    let principal = serving.authenticator.authenticate(&parts.headers, query, now).await?;
    let client = parts.extensions.get::<Client>().copied().unwrap_or_default().address;
    // HEAD is answered by what answers GET.
    let method = if parts.method == http::Method::HEAD { "GET" } else { parts.method.as_str() };
    Errand { method, template, path, client, now }.check(&principal)?;
    Ok(principal)
}
