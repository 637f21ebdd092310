//! Vectors for choices by meaning, by one of the gateway's own models: a request like any other, with a record of its
//! own.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use llm_provider_core::{Dialect, vectors};
use llm_providers::EmbeddingForm;
use llm_router::Embed;
use llm_transport::BoxFuture;
use llm_types::{ApiError, EmbeddingResponse, ErrorKind, Layer};
use serde_json::json;

use super::{Ask, Door, run};
use crate::app::App;
use crate::auth::Principal;
use crate::exchange::{Exchange, Outcome};
use crate::ledger::Name;
use crate::limits::HeldBody;
use crate::serving::Serving;

/// Makes vectors on behalf of somebody.
pub(crate) struct Embedder<'a> {
    app: &'a Arc<App>,
    serving: &'a Arc<Serving>,
    principal: Option<Principal>,
}

impl<'a> Embedder<'a> {
    pub(crate) const fn new(
        app: &'a Arc<App>,
        serving: &'a Arc<Serving>,
        principal: Option<Principal>,
    ) -> Self {
        Self { app, serving, principal }
    }

    /// Turns the examples into vectors wherever that is not done yet.
    pub(crate) async fn learn(&self) {
        for (name, sense) in self.serving.senses.iter().filter(|(_, sense)| !sense.has_learned()) {
            match sense.learn(self).await {
                Ok(()) => tracing::info!(model = name, "the examples of a virtual model have their vectors"),
                Err(why) => tracing::warn!(
                    model = name, %why, "the examples of a virtual model have no vectors yet; its default serves"
                ),
            }
        }
    }

    /// Whether examples wait for their vectors.
    pub(crate) fn has_learned(&self) -> bool {
        self.serving.senses.iter().all(|(_, sense)| sense.has_learned())
    }
}

impl Embed for Embedder<'_> {
    async fn embed(&self, model: &str, texts: Vec<String>) -> Result<Vec<Vec<f32>>, String> {
        let body = json!({"model": model, "input": texts, "encoding_format": "float"}).to_string();
        let asked = embed(self.app.clone(), self.serving.clone(), body.into(), self.principal.clone());
        let answer = asked.await.map_err(|error| error.message)?;
        let answer: EmbeddingResponse =
            llm_types::from_slice(&answer).map_err(|error| format!("the vectors cannot be read: {error}"))?;
        vectors::in_order(answer)
    }
}

/// Asks for vectors in OpenAI's words. Boxed, as answering a request may ask for vectors.
fn embed(
    app: Arc<App>,
    serving: Arc<Serving>,
    bytes: Bytes,
    principal: Option<Principal>,
) -> BoxFuture<'static, Result<Bytes, ApiError>> {
    Box::pin(async move {
        let lacking = |what: &str| ApiError::new(ErrorKind::Internal, Layer::Gateway, what);
        let door = llm_providers::embedding_ingress(EmbeddingForm::OpenAi).map(Door::Embeddings);
        let held = app.held_bytes.try_add(bytes.len() as u64, serving.bounds.max_held_bytes);
        let ask = Ask {
            dialect: Dialect::OpenAiChat,
            door: door.ok_or_else(|| lacking("this build reads no requests for vectors"))?,
            model: None,
            stream: None,
            headers: HeaderMap::new(),
            speaks: false,
            body: HeldBody { bytes, held: held.ok_or_else(|| lacking("too many bytes are held"))? },
        };
        let name = Name::new(&app.runtime, None);
        let mut exchange = Exchange::begin(&app.finaliser, name, "/v1/embeddings", serving.version);
        exchange.record_mut().principal = principal;
        let mut exchange = Some(exchange);
        match run(&app, &serving, ask, &mut exchange).await {
            Ok(response) => {
                let Ok(whole) = response.into_body().collect().await;
                Ok(whole.to_bytes())
            }
            Err(error) => {
                if let Some(exchange) = exchange {
                    exchange.end(Outcome::from(&error));
                }
                Err(error)
            }
        }
    })
}
