//! Every route, in one list.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Uri};
use llm_provider_core::Dialect;
use llm_providers::EmbeddingForm;
use llm_types::{ApiError, ErrorKind, Layer};

use crate::app::App;
use crate::http::front::{self, ModelRoute, simple, simple_error};
use crate::http::token_counter::TokenCounter;
use crate::http::visit::Visit;
use crate::http::{health, models, openapi, reload, root};
use crate::services::completion::Door;
use crate::services::explain::Terms;

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct RouteDoc {
    /// The method.
    pub method: &'static str,
    /// The path; `{x}` stands for a part, `{*x}` for all that is left.
    pub path: &'static str,
    /// What it does.
    pub purpose: &'static str,
    kind: Kind,
}

/// What stands behind a route.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// A model is asked, which the body names.
    Ask(Dialect, What),
    /// A model is asked, which the path names, whole and in pieces as the path says.
    AskAt(Dialect, What, Option<bool>),
    /// Azure's `{model}/{operation}`.
    Azure,
    /// Gemini's `{model}:{method}`.
    Gemini,
    /// The same at the end of Vertex AI's longer path.
    Vertex,
    Models,
    OneModel,
    ModelInfo,
    ModelInfoPage,
    ModelGroups,
    GeminiModels,
    GeminiModel,
    OllamaModels,
    OllamaVersion,
    SupportedParams,
    Root,
    Health,
    LatestHealth,
    Budgets,
    Liveness,
    Readiness,
    Explain,
    Reload,
    Metrics,
    OpenApi,
    /// It lies at another path, relative to this one.
    Elsewhere(&'static str),
    /// A part of the page that shows the same.
    Page(&'static str, &'static str),
}

/// What is asked of a model.
#[derive(Debug, Clone, Copy)]
enum What {
    Chat,
    Count,
    CountSimply,
    Embed(EmbeddingForm),
    Rerank,
}

impl What {
    /// `None` if this build has no such thing.
    fn door(self, dialect: Dialect) -> Option<Door> {
        match self {
            Self::Chat => Some(Door::Chat),
            Self::Count => llm_providers::count_ingress(dialect).map(Door::CountTokens),
            Self::CountSimply => Some(Door::CountTokens(&TokenCounter)),
            Self::Embed(form) => llm_providers::embedding_ingress(form).map(Door::Embeddings),
            Self::Rerank => llm_providers::rerank_ingress().map(Door::Rerank),
        }
    }
}

const fn get_(path: &'static str, kind: Kind, purpose: &'static str) -> RouteDoc {
    RouteDoc { method: "GET", path, purpose, kind }
}

const fn post_(path: &'static str, kind: Kind, purpose: &'static str) -> RouteDoc {
    RouteDoc { method: "POST", path, purpose, kind }
}

/// Every route.
pub const ROUTES: &[RouteDoc] = {
    use Dialect::{
        AnthropicMessages as Anthropic, BedrockConverse as Bedrock, CohereChat as Cohere,
        OllamaChat as Ollama, OllamaGenerate, OpenAiChat as OpenAi, OpenAiResponses as Responses,
    };
    use Kind::{Ask, AskAt};
    use What::{Chat, Count, CountSimply, Embed, Rerank};
    &[
        post_("/v1/chat/completions", Ask(OpenAi, Chat), "Chat, as OpenAI has it"),
        post_("/chat/completions", Ask(OpenAi, Chat), SAME),
        post_(
            "/openai/deployments/{*call}",
            Kind::Azure,
            "Chat (`{model}/chat/completions`) and vectors (`{model}/embeddings`), the model in the path as Azure has it",
        ),
        post_("/engines/{*call}", Kind::Azure, "The same"),
        post_("/v1/responses", Ask(Responses, Chat), "Chat, as OpenAI's Responses API has it"),
        post_("/responses", Ask(Responses, Chat), SAME),
        post_("/openai/v1/responses", Ask(Responses, Chat), SAME),
        post_("/v1/embeddings", Ask(OpenAi, Embed(EmbeddingForm::OpenAi)), "Vectors, as OpenAI has them"),
        post_("/embeddings", Ask(OpenAi, Embed(EmbeddingForm::OpenAi)), SAME),
        post_("/v1/messages", Ask(Anthropic, Chat), "Chat, as Anthropic has it"),
        post_(
            "/v1/messages/count_tokens",
            Ask(Anthropic, Count),
            "How many tokens a request would read, as Anthropic has it",
        ),
        post_(
            "/utils/token_counter",
            Ask(OpenAi, CountSimply),
            "How many tokens a prompt or messages come to, as LiteLLM tells it",
        ),
        post_("/v2/chat", Ask(Cohere, Chat), "Chat, as Cohere has it"),
        post_("/v2/embed", Ask(Cohere, Embed(EmbeddingForm::Cohere)), "Vectors, as Cohere has them"),
        post_("/v2/rerank", Ask(Cohere, Rerank), "Documents ranked by a question, as Cohere has it"),
        post_("/v1/rerank", Ask(Cohere, Rerank), SAME),
        post_("/rerank", Ask(Cohere, Rerank), SAME),
        post_("/api/chat", Ask(Ollama, Chat), "Chat, as Ollama has it"),
        post_("/api/generate", Ask(OllamaGenerate, Chat), "A text gone on with, as Ollama has it"),
        post_("/api/embed", Ask(Ollama, Embed(EmbeddingForm::Ollama)), "Vectors, as Ollama has them"),
        post_("/api/embeddings", Ask(Ollama, Embed(EmbeddingForm::OllamaOlder)), "The same, older form"),
        post_("/model/{model}/converse", AskAt(Bedrock, Chat, Some(false)), "Chat, as Amazon Bedrock has it"),
        post_("/model/{model}/converse-stream", AskAt(Bedrock, Chat, Some(true)), "The same in pieces"),
        post_("/bedrock/model/{model}/converse", AskAt(Bedrock, Chat, Some(false)), SAME),
        post_("/bedrock/model/{model}/converse-stream", AskAt(Bedrock, Chat, Some(true)), SAME),
        post_(
            "/v1beta/models/{*call}",
            Kind::Gemini,
            "`{model}:generateContent`, `:streamGenerateContent`, `:countTokens`, `:embedContent` and \
             `:batchEmbedContents`, as Gemini has them",
        ),
        post_("/v1/models/{*id}", Kind::Gemini, SAME),
        post_("/models/{*id}", Kind::Gemini, SAME),
        post_(
            "/v1beta1/{*call}",
            Kind::Vertex,
            "The same, the path as Vertex AI has it: `…/models/{model}:{method}`",
        ),
        post_("/v1/projects/{*call}", Kind::Vertex, SAME),
        get_("/v1/models", Kind::Models, "The models; in Anthropic's shape if `anthropic-version` is sent"),
        get_("/models", Kind::Models, SAME),
        get_("/v1/models/{*id}", Kind::OneModel, "One model"),
        get_("/models/{*id}", Kind::OneModel, SAME),
        get_(
            "/v1/model/info",
            Kind::ModelInfo,
            "Every deployment and what is known of its model, as LiteLLM tells it",
        ),
        get_("/model/info", Kind::ModelInfo, SAME),
        get_(
            "/v2/model/info",
            Kind::ModelInfoPage,
            "The same by pages; `model`, `modelId`, `teamId` and `search` choose, `sortBy` and `sortOrder` sort",
        ),
        get_(
            "/model_group/info",
            Kind::ModelGroups,
            "The models, each with what its deployments have in common",
        ),
        get_(
            "/utils/supported_openai_params",
            Kind::SupportedParams,
            "Which members of OpenAI's chat requests the model that `?model=` names takes, as LiteLLM tells it",
        ),
        get_("/v1beta/models", Kind::GeminiModels, "The models, as Gemini lists them"),
        get_("/v1beta/models/{*call}", Kind::GeminiModel, "One model, as Gemini has it"),
        get_("/api/tags", Kind::OllamaModels, "The models, as Ollama lists them"),
        get_("/api/version", Kind::OllamaVersion, "The gateway's version, as Ollama tells its own"),
        get_("/", Kind::Root, "What this is, and where the rest is"),
        get_(
            "/health",
            Kind::Health,
            "The deployments and how they are, as LiteLLM tells it. Without background checks each is asked a small \
             question, which costs money; `?model=` and `?model_id=` name some of them",
        ),
        get_("/health/latest", Kind::LatestHealth, "The same by what is known; nobody is asked"),
        get_("/provider/budgets", Kind::Budgets, "The budgets of vendors and what is spent of them"),
        get_("/health/liveliness", Kind::Liveness, "Whether the process answers"),
        get_("/health/liveness", Kind::Liveness, SAME),
        get_("/health/readiness", Kind::Readiness, "Whether new requests are welcome"),
        post_(
            "/v1/explain",
            Kind::Explain,
            "What would become of a request: rule, every candidate and why, the order, what exactly would be sent, its \
             cost. The body is the request; `?route=` names the route that it is meant for, `/v1/chat/completions` if left out",
        ),
        post_("/config/reload", Kind::Reload, "Reads the configuration again"),
        get_("/metrics", Kind::Metrics, "Counts, in Prometheus' text format"),
        get_("/openapi.json", Kind::OpenApi, "All routes, as OpenAPI 3.1 describes them"),
        get_("/docs", Kind::Page("text/html; charset=utf-8", llm_management::DOCS_PAGE), "The same, to read"),
        get_("/docs/", Kind::Elsewhere("../docs"), SAME),
        get_("/docs/docs.css", Kind::Page("text/css; charset=utf-8", llm_management::DOCS_SHEET), SAME),
        get_(
            "/docs/docs.js",
            Kind::Page("text/javascript; charset=utf-8", llm_management::DOCS_SCRIPT),
            SAME,
        ),
    ]
};

const SAME: &str = "The same";

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
    Some(ModelRoute { route, dialect, door: Door::Chat, model: None, stream: None })
}

/// The same address without the slash at its end, as clients and SDKs whose base URL ends in one send it; `None` if it has
/// none, or is nothing else. Two of them are no way of writing anything.
pub(crate) fn without_slash(uri: &Uri) -> Option<Uri> {
    // The page's parts are named as they lie beside the path without it.
    let is_other = |path: &&str| !path.is_empty() && !path.ends_with('/') && *path != "/docs";
    let path = uri.path().strip_suffix('/').filter(is_other)?;
    let target = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.ok()?);
    Uri::from_parts(parts).ok()
}

/// The router over [`ROUTES`].
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for doc in ROUTES {
        router = router.route(doc.path, handler(doc));
    }
    let managed = app.tenants().map(|tenants| tenants.router(&app));
    let router = match managed {
        Some(managed) => router.merge(managed),
        None => router,
    };
    router.fallback(not_found).method_not_allowed_fallback(wrong_method).with_state(app)
}

/// What stands behind a route.
fn handler(doc: &'static RouteDoc) -> MethodRouter<Arc<App>> {
    let path = doc.path;
    match doc.kind {
        Kind::Ask(dialect, what) => post(move |State(app): State<Arc<App>>, request: Request| {
            let route = what.door(dialect).map(|door| ModelRoute {
                route: path,
                dialect,
                door,
                model: None,
                stream: None,
            });
            async move { ask(app, route, request).await }
        }),
        Kind::AskAt(dialect, what, stream) => {
            post(move |State(app): State<Arc<App>>, Path(model): Path<String>, request: Request| {
                let route = what.door(dialect).map(|door| ModelRoute {
                    route: path,
                    dialect,
                    door,
                    model: Some(model),
                    stream,
                });
                async move { ask(app, route, request).await }
            })
        }
        Kind::Azure => {
            post(move |State(app): State<Arc<App>>, Path(call): Path<String>, request: Request| {
                let route = azure(path, &call);
                async move { ask(app, route, request).await }
            })
        }
        Kind::Gemini => {
            post(move |State(app): State<Arc<App>>, Path(call): Path<String>, request: Request| {
                let route = gemini(path, &call, request.uri().query());
                async move { ask(app, route, request).await }
            })
        }
        Kind::Vertex => {
            post(move |State(app): State<Arc<App>>, Path(call): Path<String>, request: Request| {
                let route = gemini(path, behind_publisher(&call), request.uri().query());
                async move { ask(app, route, request).await }
            })
        }
        Kind::Models => get(|visit: Visit| async move { visit.answer(Ok(models::list(&visit))) }),
        Kind::OneModel => {
            get(|visit: Visit, Path(id): Path<String>| async move { visit.answer(models::show(&visit, &id)) })
        }
        Kind::ModelInfo => get(|visit: Visit| async move { visit.answer(models::info(&visit)) }),
        Kind::ModelInfoPage => get(|visit: Visit| async move { visit.answer(models::page(&visit)) }),
        Kind::ModelGroups => get(|visit: Visit| async move { visit.answer(models::groups(&visit)) }),
        Kind::GeminiModels => {
            get(|visit: Visit| async move { visit.answer(Ok(models::list_gemini(&visit))) })
        }
        Kind::GeminiModel => get(|visit: Visit, Path(name): Path<String>| async move {
            visit.answer(models::show_gemini(&visit, &name))
        }),
        Kind::OllamaModels => {
            get(|visit: Visit| async move { visit.answer(Ok(models::list_ollama(&visit))) })
        }
        Kind::OllamaVersion => get(move |State(app): State<Arc<App>>, headers: HeaderMap| async move {
            result(&app, path, &headers, Ok(models::version()))
        }),
        Kind::SupportedParams => get(|visit: Visit| async move { visit.answer(models::params(&visit)) }),
        Kind::Root => get(move |State(app): State<Arc<App>>, headers: HeaderMap| async move {
            result(&app, path, &headers, Ok(root::root(&headers)))
        }),
        Kind::Health => get(|visit: Visit| async move {
            let told = health::health(&visit).await;
            visit.answer(Ok(told))
        }),
        Kind::LatestHealth => get(|visit: Visit| async move { visit.answer(Ok(health::latest(&visit))) }),
        Kind::Budgets => get(|visit: Visit| async move { visit.answer(Ok(health::budgets(&visit))) }),
        Kind::Readiness => get(move |State(app): State<Arc<App>>, headers: HeaderMap| async move {
            result(&app, path, &headers, Ok(health::readiness(&app)))
        }),
        Kind::Liveness => get(move |State(app): State<Arc<App>>, headers: HeaderMap| async move {
            result(&app, path, &headers, Ok(health::liveliness()))
        }),
        Kind::Explain => post(|visit: Visit, request: Request| async move {
            let terms = Terms { may_embed: true, ..Terms::default() };
            let explained = match meant(request.uri().query()) {
                Some(route) => front::explain(&visit.app, route, request, visit.who.clone(), terms).await,
                None => Err(ApiError::new(
                    ErrorKind::NotFound,
                    Layer::Client,
                    "`route` names no route that asks a model",
                )),
            };
            visit.answer(explained.map(|told| models::answer(&told)))
        }),
        Kind::Reload => post(|visit: Visit| async move {
            let reloaded = reload::reload(&visit).await;
            visit.answer(reloaded)
        }),
        Kind::OpenApi => get(move |State(app): State<Arc<App>>, headers: HeaderMap| async move {
            result(&app, path, &headers, Ok(models::answer(&openapi::document())))
        }),
        Kind::Elsewhere(place) => get(move |State(app): State<Arc<App>>, headers: HeaderMap| async move {
            result(&app, path, &headers, Ok(openapi::elsewhere(place)))
        }),
        Kind::Page(kind, text) => get(move |State(app): State<Arc<App>>, headers: HeaderMap| async move {
            result(&app, path, &headers, Ok(openapi::page(kind, text)))
        }),
        Kind::Metrics => get(|visit: Visit| async move { visit.answer(Ok(health::metrics(&visit))) }),
    }
}

/// The route that a request is meant for, as `route=` of a query names it.
fn meant(query: Option<&str>) -> Option<ModelRoute> {
    let named =
        query.into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("route="));
    let Some(named) = named else { return usual(&Method::POST, "/v1/chat/completions") };
    let named = percent_encoding::percent_decode_str(named).decode_utf8().ok()?;
    model_route(&named)
}

/// The route of a path with its query that asks a model; `None` if it asks none.
pub fn model_route(path: &str) -> Option<ModelRoute> {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let path = path.strip_suffix('/').unwrap_or(path);
    ROUTES.iter().filter(|doc| doc.method == "POST").find_map(|doc| {
        let rest = |open: &str| path.strip_prefix(doc.path.split_once(open)?.0);
        match doc.kind {
            Kind::Ask(dialect, what) if doc.path == path => {
                let door = what.door(dialect)?;
                Some(ModelRoute { route: doc.path, dialect, door, model: None, stream: None })
            }
            Kind::AskAt(dialect, what, stream) => {
                let end = doc.path.split_once('}')?.1;
                let model = rest("{model}")?.strip_suffix(end).filter(|model| !model.is_empty())?;
                let model =
                    Some(percent_encoding::percent_decode_str(model).decode_utf8().ok()?.into_owned());
                Some(ModelRoute { route: doc.path, dialect, door: what.door(dialect)?, model, stream })
            }
            Kind::Azure => azure(doc.path, rest("{*call}")?),
            Kind::Gemini => gemini(doc.path, rest("{*")?, query),
            Kind::Vertex => gemini(doc.path, behind_publisher(rest("{*call}")?), query),
            _ => None,
        }
    })
}

/// What `{model}/{operation}` asks for; `None` if that is no operation. A model's name may hold slashes.
fn azure(path: &'static str, call: &str) -> Option<ModelRoute> {
    let operations = [("/chat/completions", What::Chat), ("/embeddings", What::Embed(EmbeddingForm::OpenAi))];
    let (model, what) =
        operations.into_iter().find_map(|(end, what)| Some((call.strip_suffix(end)?, what)))?;
    let door = what.door(Dialect::OpenAiChat).filter(|_| !model.is_empty())?;
    let model = Some(model.to_owned());
    Some(ModelRoute { route: path, dialect: Dialect::OpenAiChat, door, model, stream: None })
}

/// What `{model}:{method}` asks for; `None` if that is no method.
fn gemini(path: &'static str, call: &str, query: Option<&str>) -> Option<ModelRoute> {
    let (model, method) = call.rsplit_once(':')?;
    let sse = query.is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"));
    let (dialect, what, stream) = match method {
        "generateContent" => (Dialect::Gemini, What::Chat, false),
        "streamGenerateContent" if sse => (Dialect::Gemini, What::Chat, true),
        "streamGenerateContent" => (Dialect::GeminiArray, What::Chat, true),
        "countTokens" => (Dialect::Gemini, What::Count, false),
        "embedContent" => (Dialect::Gemini, What::Embed(EmbeddingForm::Gemini), false),
        "batchEmbedContents" => (Dialect::Gemini, What::Embed(EmbeddingForm::GeminiBatch), false),
        _ => return None,
    };
    let door = what.door(dialect)?;
    Some(ModelRoute { route: path, dialect, door, model: Some(model.to_owned()), stream: Some(stream) })
}

/// What stands behind project, place and publisher in Vertex AI's paths.
fn behind_publisher(call: &str) -> &str {
    let models = call.split_once("publishers/").and_then(|(_, rest)| rest.split_once("/models/"));
    models.map_or(call, |(_, model)| model)
}

/// Asks a model; a route that leads nowhere in this build is not found.
async fn ask(app: Arc<App>, route: Option<ModelRoute>, request: Request) -> Response {
    match route {
        Some(route) => {
            let client = request.extensions().get().copied().unwrap_or_default();
            front::serve(app, route, client, request).await.map(Body::new)
        }
        None => not_found(State(app), request).await,
    }
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

    #[test]
    fn a_slash_at_the_end_is_left_out() {
        let of = |uri: &'static str| without_slash(&Uri::from_static(uri)).map(|uri| uri.to_string());
        assert_eq!(of("/v1/chat/completions/").as_deref(), Some("/v1/chat/completions"));
        assert_eq!(of("/key/info/?key=sk-1/").as_deref(), Some("/key/info?key=sk-1/"));
        assert_eq!(of("http://gateway/models/a%2Fb/").as_deref(), Some("http://gateway/models/a%2Fb"));
        for uri in ["/", "//", "/v1/models", "/v1/models//", "/key/info?key=a/", "http://gateway"] {
            assert_eq!(of(uri), None, "{uri}");
        }
        assert_eq!(model_route("/v1/messages/?beta=true").unwrap().route, "/v1/messages");
    }

    #[test]
    fn models_are_found_in_azures_paths() {
        let of = |call: &str| azure("/", call).map(|route| (route.model.unwrap(), route.door.label()));
        assert_eq!(of("gpt-4o/chat/completions"), Some(("gpt-4o".to_owned(), "chat")));
        assert_eq!(
            of("azure/my-deployment/chat/completions"),
            Some(("azure/my-deployment".to_owned(), "chat"))
        );
        assert_eq!(of("a/b/c/embeddings"), Some(("a/b/c".to_owned(), "embeddings")));
        assert_eq!(of("chat/completions/chat/completions"), Some(("chat/completions".to_owned(), "chat")));
        for call in [
            "gpt-4o",
            "gpt-4o/completions",
            "/chat/completions",
            "chat/completions",
            "gpt-4o/chat/completions/",
        ] {
            assert_eq!(of(call), None, "{call}");
        }
    }

    #[test]
    fn models_are_found_in_googles_paths() {
        let model = |call: &str| gemini("/", call, None).unwrap().model.unwrap();
        assert_eq!(model("gemini-2.5-pro:generateContent"), "gemini-2.5-pro");
        let slashes = "fireworks_ai/accounts/fireworks/models/llama-v3:8b";
        assert_eq!(model(&format!("{slashes}:generateContent")), slashes, "a name may hold anything");
        for place in ["p/locations/l/publishers/google/models/", "publishers/anthropic/models/"] {
            let call = format!("{place}{slashes}:streamGenerateContent");
            assert_eq!(model(behind_publisher(&call)), slashes);
        }
        assert!(gemini("/", "gemini-2.5-pro:predict", None).is_none());
        assert!(gemini("/", "gemini-2.5-pro", None).is_none());
    }
}
