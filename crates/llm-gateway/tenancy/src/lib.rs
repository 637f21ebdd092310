#![doc = include_str!("../README.md")]

mod access;
mod audit;
mod budget;
mod document;
mod glob;
mod grants;
mod id;
pub mod key;
mod limits;
pub mod management;
mod model;
mod organization;
mod period;
mod role;
mod route;
mod secret_name;
mod team;
mod user;

pub use access::{Access, Call, Caller, Level, ModelView, Records, Refusal, Wanted};
pub use audit::{Actor, AuditAction, AuditRecord, Kind};
pub use budget::{AccessGroup, Budget, Tag};
pub use document::{Document, Stamp};
pub use glob::matches as name_matches;
pub use grants::{Conduct, Grants, MemberDefaults, Network, NetworkError, ObjectPermission};
pub use id::{
    AccessGroupId, AgentId, AuditId, BudgetId, CredentialId, EndUserId, ModelId, OrganizationId, ProjectId,
    TagName, TeamId, UserId,
};
pub use key::{
    Deletion, FormerKey, KeyHash, KeyHashError, KeyStatus, KeyType, PlainKey, Rotation, RotationClaim,
    TokenClaim, UnfitKey, VirtualKey,
};
pub use limits::{BudgetWindow, LimitKind, Limits, ModelBudget, RateWindow, Spending, TemporaryBudget};
pub use llm_pricing::Usd;
pub use model::{Owner, Sealed, StoredCredential, StoredModel};
pub use organization::{Organization, OrganizationMember, Project};
pub use period::{Calendar, CalendarError, Period, PeriodError, Unit, Window};
pub use role::{Role, TeamRole};
pub use route::{PathFault, Route, RouteGroups, RouteRuleError, check_rule, groups_beside, groups_of, plain};
pub use secret_name::is_secret_name;
pub use team::{Team, TeamMember};
pub use user::{EndUser, User};
