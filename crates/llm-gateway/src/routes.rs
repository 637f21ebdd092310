//! Every route, in one list.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use bytes::Bytes;
use http::{HeaderMap, Method};
use llm_provider_core::{Dialect, RelayOperation};
use llm_types::{ApiError, ErrorKind, Layer};

use crate::app::App;
use crate::http::front::{self, ModelRoute, simple, simple_error};
use crate::http::{health, models, reload};

/// One route, for documentation.
#[derive(Debug, Clone, Copy)]
pub struct RouteDoc {
    /// The method.
    pub method: &'static str,
    /// The path; `{x}` stands for a part, `{*x}` for all that is left.
    pub path: &'static str,
    /// What it does.
    pub purpose: &'static str,
}

const fn route(method: &'static str, path: &'static str, purpose: &'static str) -> RouteDoc {
    RouteDoc { method, path, purpose }
}

/// Every route.
pub const ROUTES: &[RouteDoc] = &[
    route("POST", "/v1/chat/completions", "Chat, as OpenAI has it"),
    route("POST", "/chat/completions", "The same"),
    route(
        "POST",
        "/openai/deployments/{model}/chat/completions",
        "The same, the model in the path as Azure has it",
    ),
    route("POST", "/v1/messages", "Chat, as Anthropic has it"),
    route("POST", "/v1/messages/count_tokens", "How many tokens a request would read, as Anthropic has it"),
    route("GET", "/v1/models", "The models; in Anthropic's shape if `anthropic-version` is sent"),
    route("GET", "/models", "The same"),
    route("GET", "/v1/models/{*id}", "One model"),
    route("GET", "/models/{*id}", "The same"),
    route("GET", "/health", "The deployments and how they are"),
    route("GET", "/health/liveliness", "Whether the process answers"),
    route("GET", "/health/liveness", "The same"),
    route("GET", "/health/readiness", "Whether new requests are welcome"),
    route("POST", "/config/reload", "Reads the configuration again"),
    route("GET", "/metrics", "Counts, in Prometheus' text format"),
];

/// The route of nearly all requests, found without the router, whose layers cost more than the rest of the way to the
/// handler. It is in the router as well, for everything else that such a path may be asked.
pub(crate) fn usual(method: &Method, path: &str) -> Option<ModelRoute> {
    if method != Method::POST {
        return None;
    }
    let (route, dialect) = match path {
        "/v1/chat/completions" => ("/v1/chat/completions", Dialect::OpenAiChat),
        "/chat/completions" => ("/chat/completions", Dialect::OpenAiChat),
        "/v1/messages" => ("/v1/messages", Dialect::AnthropicMessages),
        _ => return None,
    };
    Some(ModelRoute { route, dialect, operation: RelayOperation::Chat, model: None })
}

/// The router over [`ROUTES`].
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for doc in ROUTES {
        router = router.route(doc.path, handler(doc.path));
    }
    router.fallback(not_found).method_not_allowed_fallback(wrong_method).with_state(app)
}

fn handler(path: &'static str) -> MethodRouter<Arc<App>> {
    let chat = move |operation, dialect| ModelRoute { route: path, dialect, operation, model: None };
    match path {
        "/v1/chat/completions" | "/chat/completions" => ask(chat(RelayOperation::Chat, Dialect::OpenAiChat)),
        "/openai/deployments/{model}/chat/completions" => {
            post(move |State(app): State<Arc<App>>, Path(model): Path<String>, request: Request| {
                let route =
                    ModelRoute { model: Some(model), ..chat(RelayOperation::Chat, Dialect::OpenAiChat) };
                async move { front::serve(app, route, request).await.map(Body::new) }
            })
        }
        "/v1/messages" => ask(chat(RelayOperation::Chat, Dialect::AnthropicMessages)),
        "/v1/messages/count_tokens" => ask(chat(RelayOperation::CountTokens, Dialect::AnthropicMessages)),
        "/v1/models" | "/models" => get(move |State(app): State<Arc<App>>, headers: HeaderMap| async move {
            result(&app, path, &headers, models::list(&app, &headers))
        }),
        "/v1/models/{*id}" | "/models/{*id}" => {
            get(move |State(app): State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap| async move {
                result(&app, path, &headers, models::show(&app, &headers, &id))
            })
        }
        "/health" => get(move |State(app): State<Arc<App>>, headers: HeaderMap| async move {
            result(&app, path, &headers, health::health(&app, &headers))
        }),
        "/health/readiness" => get(move |State(app): State<Arc<App>>, headers: HeaderMap| async move {
            result(&app, path, &headers, Ok(health::readiness(&app)))
        }),
        "/config/reload" => post(move |State(app): State<Arc<App>>, headers: HeaderMap| async move {
            let reloaded = reload::reload(&app, &headers).await;
            result(&app, path, &headers, reloaded)
        }),
        "/metrics" => get(move |State(app): State<Arc<App>>, headers: HeaderMap| async move {
            result(&app, path, &headers, health::metrics(&app, &headers))
        }),
        // What is left is liveness, in both spellings.
        _ => get(move |State(app): State<Arc<App>>, headers: HeaderMap| async move {
            result(&app, path, &headers, Ok(health::liveliness()))
        }),
    }
}

/// A route that asks a model.
fn ask(route: ModelRoute) -> MethodRouter<Arc<App>> {
    post(move |State(app): State<Arc<App>>, request: Request| {
        let route = route.clone();
        async move { front::serve(app, route, request).await.map(Body::new) }
    })
}

fn result(
    app: &App,
    path: &str,
    headers: &HeaderMap,
    result: Result<http::Response<Bytes>, ApiError>,
) -> Response {
    match result {
        Ok(response) => simple(app, headers, response),
        Err(error) => simple_error(app, path, headers, &error),
    }
    .map(Body::new)
}

async fn not_found(State(app): State<Arc<App>>, request: Request) -> Response {
    let path = request.uri().path();
    let shown: String = path.chars().take(200).collect();
    let error =
        ApiError::new(ErrorKind::NotFound, Layer::Client, format!("no route {} {shown}", request.method()));
    simple_error(&app, path, request.headers(), &error).map(Body::new)
}

async fn wrong_method(State(app): State<Arc<App>>, request: Request) -> Response {
    let path = request.uri().path();
    let shown: String = path.chars().take(200).collect();
    let message = format!("{shown} does not answer {}", request.method());
    let error = ApiError::new(ErrorKind::MethodNotAllowed, Layer::Client, message);
    simple_error(&app, path, request.headers(), &error).map(Body::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_routes_are_routes() {
        let mut found = 0;
        for doc in ROUTES {
            let Some(route) = usual(&Method::POST, doc.path) else { continue };
            assert_eq!((route.route, doc.method), (doc.path, "POST"));
            assert!(usual(&Method::GET, doc.path).is_none());
            found += 1;
        }
        assert_eq!(found, 3);
    }
}
