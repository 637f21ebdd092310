//! [`Door`]: what a route asks of a model, and how the client's dialect says it.

use std::fmt;

use llm_provider_core::{CountTokens, Embeddings, RelayOperation, Rerank, WholeIngress};

/// What a route asks of a model. Chat is read and written by the dialect's own ingress.
#[derive(Clone, Copy)]
pub enum Door {
    /// An answer, whole or in pieces.
    Chat,
    /// The number of tokens only.
    CountTokens(&'static dyn WholeIngress<CountTokens>),
    /// Vectors for texts.
    Embeddings(&'static dyn WholeIngress<Embeddings>),
    /// Documents in order of relevance.
    Rerank(&'static dyn WholeIngress<Rerank>),
}

impl Door {
    /// What is asked of the vendor.
    pub const fn operation(self, stream: bool) -> RelayOperation {
        match self {
            Self::Chat if stream => RelayOperation::ChatStream,
            Self::Chat => RelayOperation::Chat,
            Self::CountTokens(_) => RelayOperation::CountTokens,
            Self::Embeddings(_) => RelayOperation::Embeddings,
            Self::Rerank(_) => RelayOperation::Rerank,
        }
    }

    /// A name for logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::CountTokens(_) => "count_tokens",
            Self::Embeddings(_) => "embeddings",
            Self::Rerank(_) => "rerank",
        }
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
