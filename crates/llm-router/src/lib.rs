#![doc = include_str!("../README.md")]
#![deny(clippy::disallowed_methods)]

mod decision;
mod entropy;
mod facts;
mod inquiry;
mod outcome;
mod policy;
mod select;
mod session;
pub mod settings;
mod snapshot;
pub mod strategy;
mod tags;
mod vitals;

pub use decision::{Decision, Refusal, Verdict};
pub use entropy::{Entropy, SeededEntropy};
pub use facts::{Capabilities, Facts, Price};
pub use inquiry::{Affinity, Bond, Inquiry, Pin};
pub use outcome::{Attempt, Exhausted, HealthEvent, HealthNews, Outcome};
pub use policy::{Policy, Resilience, Selection};
pub use select::select;
pub use session::{Session, Step};
pub use settings::{
    DeploymentSettings, InvalidSeconds, ModelAlias, RouterSettings, RoutingStrategy, Seconds, StrategyArgs,
};
pub use snapshot::{Candidate, DeploymentId, Snapshot};
pub use tags::Tags;
pub use vitals::{Health, Load, Minute, Pace, Quota, Vitals};
