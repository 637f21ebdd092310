#![doc = include_str!("../README.md")]
#![deny(clippy::disallowed_methods)]

pub mod affinity;
mod cel;
mod complexity;
mod decision;
#[cfg(feature = "client")]
mod drive;
mod entrance;
mod entropy;
mod facts;
mod filter;
#[cfg(feature = "client")]
mod gate;
mod inquiry;
mod live;
mod needs;
mod outcome;
mod plan;
mod policy;
mod reason;
mod region;
mod select;
mod session;
pub mod settings;
#[cfg(feature = "simulator")]
pub mod simulator;
mod snapshot;
mod strategy;
mod tags;
mod vitals;

pub use complexity::{Complexity, Tier};
pub use decision::{Decision, Refusal, Verdict};
#[cfg(feature = "client")]
pub use drive::{Asking, Cause, Failure, Lost, Won, World, drive};
pub use entrance::{ClassBy, Entrance, Entry, Narrowed, Narrowing};
pub use entropy::{Entropy, SeededEntropy};
pub use facts::{Capabilities, Facts, Price};
#[cfg(feature = "client")]
pub use gate::{Crowded, Gate, Pass};
pub use inquiry::{Affinity, Bond, Inquiry, Pin};
pub use live::{
    Admission, Answered, BudgetLive, Check, Company, CoolDown, Denied, GroupLive, InFlight, KeyLive,
    LastFailure, Limits, Live, Pinned, Pins, Queued, Rate, Report, Share, SharedState, Sum,
};
pub use needs::Needs;
pub use outcome::{Attempt, Exhausted, HealthEvent, HealthNews, Outcome, Scope};
pub use plan::{Plan, PlanFault, Severity};
pub use policy::{
    Backoff, Bonds, Breaker, BreakerRule, Hedging, Lists, Policy, Resilience, Retries, Selection, Target,
};
pub use reason::Reason;
pub use region::area;
pub use select::select;
pub use session::{Event, Happening, Record, Session, Step, WaitReason, Wishes};
pub use settings::{
    DeploymentSettings, InvalidSeconds, ModelAlias, RouterSettings, RoutingStrategy, Seconds, StrategyArgs,
};
pub use snapshot::{Candidate, DeploymentId, Hedged, Snapshot};
pub use tags::Tags;
pub use vitals::{Allowance, Health, Load, Minute, Pace, Quota, Room, Vitals};
