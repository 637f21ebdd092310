//! The stages of a request, in their one order.

/// Where a request is. Every request passes the stages in the order of [`Stage::ALL`]; a stage that is not
/// configured is passed through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Who asks, from the headers alone: before the body is read.
    Auth,
    /// May it be asked now: bounds on bytes, depth and requests in flight; rates and budgets.
    Limits,
    /// Content rules on the request.
    GuardrailsIn,
    /// An answer that is already known.
    Cache,
    /// Which deployment; and asking it.
    Router,
    /// Content rules on the answer.
    GuardrailsOut,
    /// The end: log, metrics, ledger.
    Finaliser,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 7] = [
        Self::Auth,
        Self::Limits,
        Self::GuardrailsIn,
        Self::Cache,
        Self::Router,
        Self::GuardrailsOut,
        Self::Finaliser,
    ];

    /// A name for logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Limits => "limits",
            Self::GuardrailsIn => "guardrails_in",
            Self::Cache => "cache",
            Self::Router => "router",
            Self::GuardrailsOut => "guardrails_out",
            Self::Finaliser => "finaliser",
        }
    }
}
