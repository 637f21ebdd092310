#![doc = include_str!("../README.md")]
#![deny(clippy::disallowed_methods)]

pub mod affinity;
mod cel;
#[cfg(feature = "client")]
mod classify;
mod complexity;
mod decision;
#[cfg(feature = "client")]
mod drive;
mod entrance;
mod entropy;
mod explained;
mod facts;
mod filter;
mod foresee;
#[cfg(feature = "client")]
mod gate;
mod inquiry;
mod live;
mod meaning;
mod mirror;
mod needs;
mod outcome;
mod plan;
mod policy;
mod reason;
mod region;
#[cfg(feature = "client")]
mod router;
mod select;
#[cfg(feature = "client")]
mod sense;
mod session;
pub mod settings;
#[cfg(feature = "simulator")]
pub mod simulator;
mod snapshot;
mod strategy;
mod tags;
mod vitals;

#[cfg(feature = "client")]
pub use llm_providers as providers;
pub use llm_types as types;

#[cfg(feature = "client")]
pub use classify::{Class, Senses, classify};
pub use complexity::{Complexity, Tier};
pub use decision::{Decision, Refusal, Verdict};
#[cfg(feature = "client")]
pub use drive::{Asking, Cause, Failure, Lost, Won, World, drive, resume};
pub use entrance::{ClassBy, Entrance, Entry, Narrowed, Narrowing, Tiers};
pub use entropy::{Entropy, SeededEntropy};
pub use explained::{Explained, Weighed};
pub use facts::{Capabilities, Facts, Price};
pub use foresee::{Foreseen, Foresight, Sight, foresee};
#[cfg(feature = "client")]
pub use gate::{Crowded, Gate, Pass};
pub use inquiry::{Affinity, Bond, Inquiry, Pin};
pub use live::{
    Admission, Answered, BudgetLive, Check, Company, CoolDown, Denied, GroupLive, InFlight, KeyLive,
    LastFailure, Limits, Live, Pinned, Pins, Queued, Rate, Report, Share, SharedState, Sum,
};
pub use meaning::{Judged, MeaningFault, Meanings, Score};
pub use mirror::Mirror;
pub use needs::Needs;
pub use outcome::{Attempt, Exhausted, HealthEvent, HealthNews, Outcome, Scope};
pub use plan::{Plan, PlanFault, Severity};
pub use policy::{
    Backoff, Bonds, Breaker, BreakerRule, Hedging, Lists, Policy, Resilience, Retries, Selection, Target,
};
pub use reason::Reason;
pub use region::area;
#[cfg(feature = "client")]
pub use router::{
    Asker, Context, Copied, Explanation, ModelEntry, ModelInfo, ModelParams, Routed, Router, RouterBuilder,
    RouterConfig, RouterError, RouterFault, RouterStream,
};
pub use select::select;
#[cfg(feature = "client")]
pub use sense::{Embed, Sense, Senseless};
pub use session::{Event, Happening, Record, Session, Step, WaitReason, Wishes};
pub use settings::{
    DeploymentSettings, InvalidSeconds, ModelAlias, RouterSettings, RoutingStrategy, Seconds, StrategyArgs,
};
pub use snapshot::{Candidate, DeploymentId, Hedged, Snapshot};
pub use tags::Tags;
pub use vitals::{Allowance, Health, Load, Minute, Pace, Quota, Room, Vitals};
