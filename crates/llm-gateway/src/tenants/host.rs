//! What the management API needs of the gateway.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::HeaderName;
use http::request::Parts;
use llm_ledger::{Entry, Flag, Usd};
use llm_management::{Admitted, Caller, Host, KeyBounds, Quote, Repriced, UserDefaults};
use llm_provider_core::{Secret, Seen, header_text};
use llm_tenancy::{Actor, Document, PlainKey, Role, Route, StoredModel, TeamId, UserId};
use llm_types::{ApiError, ErrorKind, Layer, UnixMs, Usage};
use serde_json::{Value, json};

use super::SETTLING;
use crate::app::App;
use crate::auth::Principal;
use crate::config::{DefaultKeyParams, UpperboundKeyParams};
use crate::headers;
use crate::http::front::Client;
use crate::http::visit::let_in;
use crate::ledger;
use crate::pricing::{Bill, Pricing};

/// Under which id the holder of the master key goes.
const OWNER: &str = "default_user_id";
/// On whose behalf somebody changes something.
const CHANGED_BY: HeaderName = HeaderName::from_static("litellm-changed-by");

/// The gateway, as the management API sees it.
pub(super) struct Desk {
    pub(super) app: Arc<App>,
}

impl Host for Desk {
    fn now(&self) -> UnixMs {
        self.app.runtime.now()
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.app.runtime.fill_secret(bytes);
    }

    fn admit<'a>(&'a self, parts: &'a Parts, _: Route<'a>) -> BoxFuture<'a, Result<Admitted, ApiError>> {
        async move {
            let serving = self.app.serving();
            let principal = let_in(&self.app, &serving, parts).await?;
            let mut actor = Actor {
                client_ip: parts.extensions.get::<Client>().and_then(|client| client.address),
                request_id: header_text(&parts.headers, headers::REQUEST_ID).map(ToOwned::to_owned),
                on_behalf_of: header_text(&parts.headers, &CHANGED_BY).map(ToOwned::to_owned),
                ..Actor::default()
            };
            let caller = match principal {
                Principal::Master | Principal::Anonymous => {
                    actor.user_id = Some(UserId::from(OWNER));
                    actor.role = Some(Role::ProxyAdmin);
                    Caller::Master
                }
                Principal::Key(identity) => {
                    let caller = &identity.access.caller;
                    actor.user_id.clone_from(&caller.user_id);
                    actor.key = Some(caller.key);
                    actor.role = caller.user_role;
                    Caller::Key(identity)
                }
            };
            Ok(Admitted { caller, actor })
        }
        .boxed()
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        async move {
            if let Some(tenants) = self.app.tenants() {
                tenants.identities.settled(SETTLING).await;
            }
        }
        .boxed()
    }

    fn check_model(&self, model: &StoredModel, secrets: &Document, is_tenants: bool) -> Result<(), ApiError> {
        let Some(reloader) = self.app.reloader() else { return Ok(()) };
        reloader.check_model(model, secrets, is_tenants).map_err(|why| {
            ApiError::new(ErrorKind::InvalidRequest, Layer::Client, why).with_code("invalid_model")
        })
    }

    fn available_teams(&self) -> Vec<TeamId> {
        let serving = self.app.serving();
        serving.config.settings.available_teams.iter().map(|id| id.as_str().into()).collect()
    }

    fn key_defaults(&self) -> Document {
        let serving = self.app.serving();
        said(&serving.config.settings.key_defaults)
    }

    fn key_bounds(&self) -> KeyBounds {
        let UpperboundKeyParams {
            max_budget,
            budget_duration,
            duration,
            max_parallel_requests,
            tpm_limit,
            rpm_limit,
        } = self.app.serving().config.settings.key_bounds;
        KeyBounds { max_budget, budget_duration, duration, max_parallel_requests, tpm_limit, rpm_limit }
    }

    fn user_defaults(&self) -> UserDefaults {
        let usual = &self.app.serving().config.settings.internal_users;
        UserDefaults {
            role: usual.user_role.map(|name| name.0),
            max_budget: usual.max_budget,
            budget_duration: usual.budget_duration,
            models: usual.models.clone(),
        }
    }

    fn keeps_keys(&self) -> bool {
        self.app.reloader().is_some_and(|reloader| reloader.keeps_keys())
    }

    fn keep_key<'a>(&'a self, alias: &'a str, text: &'a PlainKey) -> BoxFuture<'a, Result<(), String>> {
        async move {
            match self.app.reloader() {
                Some(reloader) => reloader.keep_key(alias, &Secret::new(text.expose())).await,
                None => Err("the gateway has not started".to_owned()),
            }
        }
        .boxed()
    }

    fn max_budget(&self) -> Option<Usd> {
        self.app.serving().config.settings.proxy.max_budget
    }

    fn quote(&self, model: &str, usage: &Usage) -> Option<Quote> {
        let now = self.now();
        let group = self.app.serving().resolve(model).ok();
        let first = group.as_ref().and_then(|group| group.deployments.first());
        let Some(deployment) = first.filter(|deployment| deployment.pricing.at(now).prices.is_some()) else {
            return Quote::listed(model, usage, now);
        };
        let bill = bill(deployment.pricing.at(now), usage.clone(), now)?;
        Some(Quote { vendor: Some(deployment.provider_name.to_string()), cost: bill.cost })
    }

    fn reprice(&self, entry: &Entry) -> Option<Repriced> {
        // The vendor's own word needs no list.
        if entry.flags.has(Flag::Reported) {
            return None;
        }
        let serving = self.app.serving();
        let group = serving.resolve(&entry.model).ok()?;
        let same =
            group.deployments.iter().find(|deployment| *deployment.id.as_str() == *entry.deployment)?;
        let at = entry.at();
        let pricing = same.pricing.at(at).for_payer(serving.prices_of_team(&entry.team, at));
        let bill = bill(&pricing, ledger::usage(&entry.tokens), at)?;
        Some(Repriced { cost: bill.cost.total, list_cost: bill.cost.before_adjustment })
    }
}

/// What new keys begin with, as a request says it.
fn said(defaults: &DefaultKeyParams) -> Document {
    let text = |value: Option<String>| value.map(Value::from);
    let number = |value: Option<u64>| value.map(Value::from);
    let members = [
        ("max_budget", text(defaults.max_budget.map(|budget| budget.to_string()))),
        ("budget_duration", text(defaults.budget_duration.map(|period| period.to_string()))),
        ("duration", text(defaults.duration.map(|period| period.to_string()))),
        ("max_parallel_requests", number(defaults.max_parallel_requests)),
        ("tpm_limit", number(defaults.tpm_limit)),
        ("rpm_limit", number(defaults.rpm_limit)),
        ("models", Some(json!(defaults.models)).filter(|_| !defaults.models.is_empty())),
        ("metadata", Some(json!(defaults.metadata)).filter(|_| !defaults.metadata.is_empty())),
        ("team_id", text(defaults.team_id.clone())),
        ("user_id", text(defaults.user_id.clone())),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn bill(pricing: &Pricing, usage: Usage, at: UnixMs) -> Option<Bill> {
    pricing.bill(&Seen { usage: Some(usage), complete: true, ..Seen::default() }, 0, at)
}
