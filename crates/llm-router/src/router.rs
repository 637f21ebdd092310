//! [`Router`]: LiteLLM's `Router` as a value in a program: several deployments behind a name, asked by the attempt loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use llm_providers::Client;
use llm_types::{
    ApiError, ChatRequest, ChatResponse, EmbeddingRequest, EmbeddingResponse, ErrorKind, Layer,
    RerankRequest, RerankResponse, UnixMs,
};

use crate::{Gate, Pins, PlanFault, SeededEntropy};

mod ask;
mod asker;
mod builder;
mod config;
mod context;
mod continuation;
mod copies;
mod deployment;
mod embed;
mod error;
mod explain;
mod group;
mod known;
mod routed;
mod stream;
mod ties;
mod way;

#[cfg(test)]
#[cfg(feature = "mock")]
mod tests;

pub use asker::Asker;
pub use builder::RouterBuilder;
pub use config::{ModelEntry, ModelInfo, ModelParams, RouterConfig};
pub use context::Context;
pub use copies::Copied;
pub use error::{RouterError, RouterFault};
pub use explain::Explanation;
pub use routed::Routed;
pub use stream::RouterStream;

use group::Groups;

/// Asks deployments of a model, the next one when one fails: retries, fallbacks, breakers, strategies, hedging.
///
/// It is made from LiteLLM's `model_list` and `router_settings`, and runs the loop that the gateway runs. Cheap to
/// clone; clones know the same of their deployments.
///
/// ```
/// # #[cfg(feature = "mock")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use llm_router::{Router, RouterConfig};
/// use llm_types::{ChatRequest, Message};
///
/// let config: RouterConfig = serde_json::from_value(serde_json::json!({
///     "model_list": [
///         {"model_name": "fast", "litellm_params": {"model": "mock/error-503", "order": 1}},
///         {"model_name": "fast", "litellm_params": {"model": "mock/echo", "order": 2}}
///     ],
///     "router_settings": {"num_retries": 2}
/// }))?;
/// let router = Router::new(config)?;
/// let routed = router.chat(ChatRequest::new("fast", vec![Message::user("Hello")])).await?;
/// assert_eq!(routed.answer.choices[0].message.content.get().unwrap().text(), "Hello");
/// assert_eq!(routed.session.attempts().len(), 2);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "mock"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Router {
    shared: Arc<Shared>,
}

/// What clones have in common.
struct Shared {
    groups: Groups,
    /// Who was served where.
    pins: Pins,
    clock: Clock,
    seed: AtomicU64,
    warnings: Vec<PlanFault>,
    /// Room for copies of requests.
    copies: Arc<Gate>,
    dropped_copies: AtomicU64,
    on_copy: Option<copies::Hearer>,
}

/// Tells the time.
type Clock = Arc<dyn Fn() -> UnixMs + Send + Sync>;

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Router").field("groups", &self.shared.groups).finish_non_exhaustive()
    }
}

impl Router {
    /// A router that takes keys, addresses and settings of vendors from the environment where the configuration does
    /// not give them.
    ///
    /// # Errors
    /// Every fault of the configuration.
    pub fn new(config: RouterConfig) -> Result<Self, RouterFault> {
        #[expect(
            clippy::disallowed_methods,
            reason = "reading the environment is what this constructor is for"
        )]
        let variable = |name: &str| std::env::var(name).ok();
        Self::builder(config).variables(variable).build()
    }

    /// A router made step by step.
    pub fn builder(config: RouterConfig) -> RouterBuilder {
        RouterBuilder::new(config)
    }

    /// What is odd about the configuration and does no harm, or has no effect here.
    pub fn warnings(&self) -> &[PlanFault] {
        &self.shared.warnings
    }

    /// Copies of requests that found no room and were not sent.
    pub fn dropped_copies(&self) -> u64 {
        self.shared.dropped_copies.load(Relaxed)
    }

    /// Asks a model.
    ///
    /// # Errors
    /// Nobody answered, with the record of who was asked.
    pub async fn chat(&self, request: ChatRequest) -> Result<Routed<ChatResponse>, RouterError> {
        self.by(&Context::default()).chat(request).await
    }

    /// Asks a model; the answer comes in chunks. What fails before the answer says something is tried elsewhere.
    ///
    /// # Errors
    /// Nobody answered, with the record of who was asked.
    pub async fn stream(&self, request: ChatRequest) -> Result<RouterStream, RouterError> {
        self.by(&Context::default()).stream(request).await
    }

    /// Makes vectors.
    ///
    /// # Errors
    /// Nobody answered, with the record of who was asked.
    pub async fn embed(&self, request: EmbeddingRequest) -> Result<Routed<EmbeddingResponse>, RouterError> {
        self.by(&Context::default()).embed(request).await
    }

    /// Ranks documents.
    ///
    /// # Errors
    /// Nobody answered, with the record of who was asked.
    pub async fn rank(&self, request: RerankRequest) -> Result<Routed<RerankResponse>, RouterError> {
        self.by(&Context::default()).rank(request).await
    }

    /// Says what would become of a request: the rule, every candidate with the reason, the order, and what would be
    /// sent. Nobody is asked, but an embedding model where the model is chosen by meaning.
    ///
    /// # Errors
    /// Nothing has the name that is asked for.
    pub async fn explain(&self, request: ChatRequest) -> Result<Explanation, ApiError> {
        self.by(&Context::default()).explain(request).await
    }

    /// Asks on behalf of somebody: with labels, regions, wishes.
    pub const fn by<'a>(&'a self, context: &'a Context) -> Asker<'a> {
        Asker { router: self, context, is_copy: false }
    }

    fn now(&self) -> UnixMs {
        (self.shared.clock)()
    }

    /// Chance for one request: a Weyl sequence, so that no two have the same, without a lock.
    fn entropy(&self) -> SeededEntropy {
        SeededEntropy::new(self.shared.seed.fetch_add(0x9E37_79B9_7F4A_7C15, Relaxed))
    }
}

/// Nothing has this name.
fn unknown(model: &str) -> ApiError {
    let shown: String = model.chars().take(200).collect();
    ApiError::new(ErrorKind::NotFound, Layer::Router, format!("no model {shown:?} here"))
        .with_param("model")
        .with_code("model_not_found")
}

/// A client with these time limits.
fn limited(client: &Client, timeout_ms: Option<u64>) -> Client {
    let Some(ms) = timeout_ms else { return client.clone() };
    let mut options = client.call_options();
    options.timeouts.total = Some(std::time::Duration::from_millis(ms));
    client.with_call_options(options)
}
