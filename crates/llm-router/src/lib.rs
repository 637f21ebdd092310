#![doc = include_str!("../README.md")]
#![deny(clippy::disallowed_methods)]

mod entropy;
mod outcome;
mod policy;
mod session;
mod settings;
mod snapshot;
pub mod strategy;

pub use entropy::{Entropy, SeededEntropy};
pub use outcome::{Attempt, Exhausted, HealthEvent, HealthNews, Outcome};
pub use policy::Policy;
pub use session::{Session, Step};
pub use settings::{
    DeploymentSettings, InvalidSeconds, ModelAlias, RouterSettings, RoutingStrategy, Seconds,
};
pub use snapshot::{Candidate, DeploymentId, Health, Load, Snapshot};
