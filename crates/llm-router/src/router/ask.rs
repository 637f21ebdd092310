//! One attempt: what is asked of a deployment, for each operation.

use std::future::Future;

use llm_providers::ClientError;
use llm_providers::core::{EncodeError, Note, NoteKind};
use llm_providers::transport::{Answer, CallError, TransportErrorKind};
use llm_types::{
    ApiError, ChatRequest, ChatResponse, EmbeddingRequest, EmbeddingResponse, ErrorKind, Layer,
    RerankRequest, RerankResponse, Usage,
};
use serde_json::{Map, Value};

use super::copies::Copy;
use super::deployment::Deployment;
use super::stream::Begun;
use crate::{Cause, Failure};

/// What is asked of whichever deployment is chosen.
pub(super) trait Ask: Sync {
    type Answer: Send;

    /// Asks a deployment.
    fn ask(
        &self,
        deployment: &Deployment,
        changes: Option<&Map<String, Value>>,
    ) -> impl Future<Output = Result<Self::Answer, Failure<ApiError>>> + Send;

    /// What this deployment would lose of the request: paths.
    fn losses(&self, _: &Deployment, _: Option<&Map<String, Value>>) -> Result<Vec<Note>, Failure<ApiError>> {
        Ok(Vec::new())
    }

    /// Its parts in the order in which caches of prompts see them.
    fn segments(&self) -> Vec<String> {
        Vec::new()
    }

    /// The same for somebody else; `None` for what is never copied.
    fn copy(&self) -> Option<Copy> {
        None
    }
}

/// A chat that is answered whole.
pub(super) struct Whole<'a>(pub(super) &'a ChatRequest);

/// A chat whose answer is streamed.
pub(super) struct Streamed<'a>(pub(super) &'a ChatRequest);

/// Vectors.
pub(super) struct Vectors<'a>(pub(super) &'a EmbeddingRequest);

/// A ranking.
pub(super) struct Ranking<'a>(pub(super) &'a RerankRequest);

impl Ask for Whole<'_> {
    type Answer = Answer<ChatResponse>;

    async fn ask(
        &self,
        deployment: &Deployment,
        changes: Option<&Map<String, Value>>,
    ) -> Result<Self::Answer, Failure<ApiError>> {
        let request = deployment.fitted(self.0, changes).map_err(ours)?;
        deployment.whole.send(request).await.map_err(failure)
    }

    fn losses(
        &self,
        deployment: &Deployment,
        changes: Option<&Map<String, Value>>,
    ) -> Result<Vec<Note>, Failure<ApiError>> {
        losses(self.0, deployment, changes)
    }

    fn segments(&self) -> Vec<String> {
        segments(self.0)
    }

    fn copy(&self) -> Option<Copy> {
        Some(Copy::Whole(self.0.clone()))
    }
}

impl Ask for Streamed<'_> {
    type Answer = Begun;

    async fn ask(
        &self,
        deployment: &Deployment,
        changes: Option<&Map<String, Value>>,
    ) -> Result<Begun, Failure<ApiError>> {
        Begun::ask(deployment, deployment.fitted(self.0, changes).map_err(ours)?).await
    }

    fn losses(
        &self,
        deployment: &Deployment,
        changes: Option<&Map<String, Value>>,
    ) -> Result<Vec<Note>, Failure<ApiError>> {
        losses(self.0, deployment, changes)
    }

    fn segments(&self) -> Vec<String> {
        segments(self.0)
    }

    fn copy(&self) -> Option<Copy> {
        Some(Copy::Streamed(self.0.clone()))
    }
}

impl Ask for Vectors<'_> {
    type Answer = Answer<EmbeddingResponse>;

    async fn ask(
        &self,
        deployment: &Deployment,
        changes: Option<&Map<String, Value>>,
    ) -> Result<Self::Answer, Failure<ApiError>> {
        let request = deployment.fitted(self.0, changes).map_err(ours)?;
        deployment.whole.embed(request).await.map_err(failure)
    }

    fn copy(&self) -> Option<Copy> {
        Some(Copy::Vectors(self.0.clone()))
    }
}

impl Ask for Ranking<'_> {
    type Answer = Answer<RerankResponse>;

    async fn ask(
        &self,
        deployment: &Deployment,
        changes: Option<&Map<String, Value>>,
    ) -> Result<Self::Answer, Failure<ApiError>> {
        let request = deployment.fitted(self.0, changes).map_err(ours)?;
        deployment.whole.rank(request).await.map_err(failure)
    }

    fn copy(&self) -> Option<Copy> {
        Some(Copy::Ranking(self.0.clone()))
    }
}

/// What an answer that came whole took.
pub(super) trait Took {
    fn usage(&self) -> Option<&Usage>;
}

impl Took for ChatResponse {
    fn usage(&self) -> Option<&Usage> {
        self.usage.get()
    }
}

impl Took for EmbeddingResponse {
    fn usage(&self) -> Option<&Usage> {
        self.usage.get()
    }
}

impl Took for RerankResponse {
    fn usage(&self) -> Option<&Usage> {
        None
    }
}

/// What stays as it is when a conversation goes on.
pub(super) fn segments(request: &ChatRequest) -> Vec<String> {
    let tools = request.tools.get().and_then(|tools| serde_json::to_string(tools).ok());
    let messages = request.messages.iter().filter_map(|message| serde_json::to_string(message).ok());
    tools.into_iter().chain(messages).collect()
}

pub(super) fn losses(
    request: &ChatRequest,
    deployment: &Deployment,
    changes: Option<&Map<String, Value>>,
) -> Result<Vec<Note>, Failure<ApiError>> {
    let request = deployment.fitted(request, changes).map_err(ours)?;
    let mut notes = deployment.whole.encode(&request).map_err(failure)?.notes;
    notes.retain(|note| note.kind == NoteKind::Dropped);
    Ok(notes)
}

/// Nobody else would do better.
pub(super) fn ours(error: ApiError) -> Failure<ApiError> {
    Failure { cause: Cause::Request, error }
}

/// An error of the client's, and whose fault it was.
pub(super) fn failure(error: ClientError) -> Failure<ApiError> {
    let unfit = |error: ApiError| Failure { cause: Cause::Unfit { kind: error.kind }, error };
    match error {
        // No byte has gone out, and none would for the next request.
        ClientError::Call(CallError::Transport(ref why))
            if matches!(why.kind(), TransportErrorKind::Config | TransportErrorKind::InvalidRequest) =>
        {
            unfit(error.into())
        }
        ClientError::NoKey { .. }
        | ClientError::Login { .. }
        | ClientError::Lacks { .. }
        | ClientError::UnknownModel(_)
        // What this deployment lacks, another may have.
        | ClientError::Call(CallError::Encode(EncodeError::Unsupported { .. } | EncodeError::Setup(_))) => {
            unfit(error.into())
        }
        ClientError::Call(CallError::Encode(_)) | ClientError::Fetch(_) => ours(error.into()),
        error => deployments(error.into()),
    }
}

/// The deployment's fault, or that of the way there.
pub(super) fn deployments(error: ApiError) -> Failure<ApiError> {
    let cause = Cause::Deployment { kind: error.kind, retry_after_ms: error.retry_after_ms };
    Failure { cause, error }
}

/// A fallback would lose something.
pub(super) fn lossy(note: &Note) -> Failure<ApiError> {
    let message = format!("a fallback would lose something: {note}");
    let error = ApiError::new(ErrorKind::Unsupported, Layer::Translation, message)
        .with_param(note.path.clone())
        .with_code("lossy_fallback");
    Failure { cause: Cause::Unfit { kind: error.kind }, error }
}
