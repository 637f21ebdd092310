//! Rates and budgets of callers: reserved before a vendor is asked, settled when it is known what that took.

mod allowance;
mod meter;
mod source;
pub(crate) mod told;

use std::sync::Arc;

use llm_identity::{Customer, Identities, Identity, Label};
use llm_limits::{AccountId, Bounds, Limiter, Priorities, ProxyLimits};
use llm_store::StoreError;
use llm_tenancy::{BudgetId, Document};
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};
use smallvec::SmallVec;

pub(crate) use allowance::{Allowance, Wanted};
pub(crate) use meter::{Extended, Meter, Overrun};
pub use source::{Heard, StoreAuthority, StoreBooks, StoreSeed};

use crate::auth;
use crate::config::{self, BudgetReservation, LimitSettings};

/// What bounds a request beside its caller, as far as anything does.
pub(crate) type Others = SmallVec<[Other; 2]>;

/// What bounds a request beside its caller.
#[derive(Debug, Clone)]
pub(crate) enum Other {
    /// Whom it is for.
    EndUser(Arc<Customer>),
    /// One of its labels.
    Tag(Arc<Label>),
    /// The priority of its caller, at its model.
    Priority(Arc<Bounds>),
}

impl Other {
    /// The bounds.
    pub(crate) fn bounds(&self) -> &Bounds {
        match self {
            Self::EndUser(customer) => &customer.bounds,
            Self::Tag(label) => &label.bounds,
            Self::Priority(bounds) => bounds,
        }
    }
}

/// Rates and budgets of callers.
#[derive(Debug)]
pub struct Quotas {
    limiter: Limiter,
    identities: Arc<Identities>,
    /// What bounds all keys together.
    proxy: Bounds,
    reservation: BudgetReservation,
    budget_status: Option<u16>,
    /// The budget of end users that have none of their own.
    end_user_budget: Option<BudgetId>,
}

impl Quotas {
    /// By what is known of callers.
    pub fn new(
        limiter: Limiter,
        identities: Arc<Identities>,
        settings: &LimitSettings,
        proxy: &config::ProxyLimits,
    ) -> Self {
        let all = ProxyLimits {
            max_budget: proxy.max_budget,
            budget_duration: proxy.budget_duration,
            max_parallel_requests: proxy.max_parallel_requests,
        };
        Self {
            limiter,
            identities,
            proxy: Bounds::of_proxy(&all),
            end_user_budget: proxy.max_end_user_budget_id.as_deref().map(BudgetId::from),
            reservation: settings.budget_reservation,
            budget_status: settings.budget_status,
        }
    }

    /// Whether nothing bounds a caller for itself, nor all callers together.
    pub(crate) fn bounds_nothing(&self, identity: &Identity) -> bool {
        self.proxy.is_empty() && identity.bounds.is_empty()
    }

    /// What bounds whom a request is for, and its labels.
    ///
    /// # Errors
    /// 503 if that is not known and the database is away.
    pub(crate) async fn others(
        &self,
        identity: &Identity,
        end_user: Option<&str>,
        tags: &[String],
        now: UnixMs,
    ) -> Result<Others, ApiError> {
        let identities = &self.identities;
        let mut others = Others::new();
        let away = |error: StoreError| auth::away(&error);
        if let Some(id) = end_user {
            let budget = identity.key.end_user_budget_id.as_ref().or(self.end_user_budget.as_ref());
            let customer = match identities.cached_end_user(id, budget, now) {
                Some(found) => found,
                None => Box::pin(identities.end_user(id, budget, now)).await.map_err(away)?,
            };
            if customer.record.as_ref().is_some_and(|record| record.blocked) {
                let message = format!("the end user {id:?} is blocked");
                return Err(
                    ApiError::new(ErrorKind::PermissionDenied, Layer::Auth, message).with_code("blocked")
                );
            }
            others.push(Other::EndUser(customer));
        }
        for tag in tags {
            let found = match identities.cached_tag(tag, now) {
                Some(found) => found,
                None => Box::pin(identities.tag(tag, now)).await.map_err(away)?,
            };
            others.extend(found.map(Other::Tag));
        }
        others.retain(|other| !other.bounds().is_empty());
        Ok(others)
    }

    /// What bounds a caller at a model of whose rates something is reserved: by the priority of its team, else of its key.
    pub(crate) fn of_priority(priorities: &Priorities, identity: &Identity) -> Other {
        let records: [&Document; 2] = [&identity.team_metadata, &identity.key.metadata];
        let priority = records.into_iter().find_map(|record| record.get("priority")?.as_str());
        Other::Priority(priorities.of(priority).clone())
    }

    /// What is taken of limits.
    pub const fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// The ledger's entries have been booked: what they took out of accounts is known to everybody. Those accounts of which
    /// this process may hold shares.
    pub fn booked(&self, charges: &[(String, i64, i64)]) -> Vec<(AccountId, i64, i64)> {
        let known = charges.iter().filter_map(|(account, window, nanos)| {
            self.limiter.booked(account, *window, *nanos);
            Some((self.limiter.id_of(account)?, *window, *nanos))
        });
        known.collect()
    }

    /// Renews what is leased, and gives back what is not used: to be called each second.
    pub async fn tend(&self, now: UnixMs) {
        let tended = self.limiter.tend(now).await;
        if tended.was_lost {
            tracing::warn!("the lease on shares of limits had run out; what is in use was claimed again");
        }
    }
}
