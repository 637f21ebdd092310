//! A deployment made ready: its vendor, address and key, what it costs, and how it is asked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use llm_pricing::{Adjustment, Dated, ModelInfo};
use llm_provider_core::{Call, Credential, OnUnsupported, Parameters, Provider, Secret};
use llm_providers::mock::{MockService, Script};
use llm_router::BudgetLive;
use llm_tokens::Encoding;
use llm_transport::{
    CachedCredential, CallOptions, CredentialSource, HttpService, LoginIssuer, Protocol, Timeouts,
};
use llm_types::{ApiError, ErrorKind, Layer};
use serde_json::Value;

use super::Prepare;
use super::facts::{self, Known};
use super::refused;
use crate::budgets::{self, Scope};
use crate::config::{ClientCredential, ResolvedDeployment, Route};
use crate::deployment::{self, Deployment, Heads, Window};
use crate::pricing::Pricing;

impl Prepare {
    /// # Errors
    /// What a client is told.
    pub(super) fn deployment(
        &self,
        route: &Route<'_>,
        resolved: &ResolvedDeployment,
    ) -> Result<Deployment, ApiError> {
        let setup = |message: String| {
            ApiError::new(ErrorKind::Internal, Layer::Gateway, message).with_code("deployment_setup")
        };
        let upstream = route.upstream(resolved).map_err(|error| {
            ApiError::new(ErrorKind::NotFound, Layer::Router, error.to_string())
                .with_param("model")
                .with_code("model_not_found")
        })?;
        let id = &resolved.id;
        let vendor: &str = if resolved.mock_response.is_some() { "mock" } else { &upstream.vendor };
        let provider =
            self.vendors.get(vendor).ok_or_else(|| setup(format!("{id}: no vendor {vendor:?}")))?;
        let credential = match (&resolved.unusable, self.key(resolved, vendor)) {
            (Some(why), _) => Err(why.clone()),
            (None, key) => key,
        };
        let mut parameters =
            self.parameters(resolved, provider).map_err(|why| setup(format!("{id}: {why}")))?;
        let usual_base_url = || (!resolved.is_tenants).then(|| self.usual_base_url(provider)).flatten();
        let base_url = resolved.api_base.clone().or_else(usual_base_url);
        if let Some(base_url) = &base_url {
            // Some vendors log in where their API is.
            parameters.set("api_base", base_url);
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &resolved.headers {
            let wrong = |what: &dyn fmt::Display| setup(format!("{id}: the header {name:?}: {what}"));
            let value = match self.secrets.get(value) {
                Some(Ok(value)) => value,
                Some(Err(why)) => return Err(wrong(why)),
                None => return Err(wrong(&"was not fetched")),
            };
            let parsed = HeaderName::try_from(name.as_str()).map_err(|error| wrong(&error))?;
            let mut value = HeaderValue::from_str(value.expose()).map_err(|error| wrong(&error))?;
            value.set_sensitive(true);
            headers.append(parsed, value);
        }
        if let Some(organization) = &resolved.organization {
            let value = HeaderValue::from_str(organization)
                .map_err(|error| setup(format!("{id}: organization: {error}")))?;
            headers.insert("openai-organization", value);
        }
        let shown = base_url.clone().or_else(|| {
            let usual = &provider.info().base_url;
            (!usual.is_empty() && vendor != "mock").then(|| usual.to_string())
        });
        let settings = &self.config.settings;
        let budgets = &settings.translation.effort_budgets;
        let login = self
            .login(resolved, provider, &parameters, &credential)
            .map_err(|why| setup(format!("{id}: {why}")))?;
        let pricing = self.pricing(resolved, vendor, &upstream.model);
        let credential = credential.map(|key| key.map(Credential::Key));
        let priced = resolved.model_info.base_model.as_deref().unwrap_or(&upstream.model);
        let table = Pricing::model(vendor, priced, resolved.region.as_deref());
        let window = window(resolved, table.as_ref());
        // What the configuration lets go is no reason to ask somebody else.
        let refuses = match resolved.drop_params {
            true => Arc::default(),
            false => refused::members(
                provider.as_ref(),
                &Call {
                    base_url: base_url.as_deref(),
                    credential: credential.as_ref().ok().and_then(Option::as_ref),
                    parameters: &parameters,
                    forward: &resolved.allowed_openai_params,
                    ..Call::new(&upstream.model, &HeaderMap::new())
                },
            ),
        };
        let facts = pricing.map(|pricing| {
            facts::facts(&Known {
                id,
                group: route.group,
                vendor,
                model: &upstream.model,
                region: resolved.routing.region_name.as_deref().or(resolved.region.as_deref()),
                window,
                table: table.as_ref(),
                price: pricing.router_price(),
                credential: credential.as_ref().ok().and_then(Option::as_ref),
                refuses: &refuses,
            })
        });
        let parallel =
            resolved.routing.max_parallel_requests.or(settings.router.default_max_parallel_requests);
        Ok(Deployment {
            id: id.clone(),
            group: route.group.into(),
            provider_name: vendor.into(),
            provider: provider.clone(),
            model: upstream.model.as_ref().into(),
            login,
            credential,
            parameters,
            headers,
            client_headers: provider
                .info()
                .client_headers
                .iter()
                .filter_map(|name| HeaderName::try_from(&**name).ok())
                .collect(),
            forwards_headers: settings
                .forwards_headers
                .as_ref()
                .is_none_or(|groups| groups.iter().any(|group| group == route.group)),
            settings: resolved.routing.clone(),
            options: self.options(resolved, resolved.timeout_ms),
            stream_options: self.options(resolved, resolved.stream_timeout_ms),
            unsupported: resolved.drop_params.then_some(OnUnsupported::Drop),
            drop_params: resolved.additional_drop_params.clone(),
            forward_params: resolved.allowed_openai_params.clone(),
            defaults: resolved.params.clone(),
            overrides: resolved.extra_body.clone(),
            modify_params: resolved.modify_params,
            demands: provider.demands(&upstream.model),
            window,
            cache_points: resolved.cache_points.clone(),
            default_max_tokens: resolved.model_info.max_output_tokens,
            effort_budgets: llm_provider_core::EffortBudgets {
                minimal: budgets.minimal.get().into(),
                low: budgets.low.get().into(),
                medium: budgets.medium.get().into(),
                high: budgets.high.get().into(),
                xhigh: budgets.xhigh.get().into(),
                max: budgets.max.get().into(),
            },
            encoding: Encoding::of_model(
                resolved.model_info.base_model.as_deref().unwrap_or(&upstream.model),
            ),
            pricing,
            service: self.service_of(vendor, resolved).map_err(|why| setup(format!("{id}: {why}")))?,
            abroad: self.abroad.clone(),
            head: deployment::head(id.as_str(), route.group, vendor, shown.as_deref()),
            base_url,
            heads: Heads::default(),
            live: self.states.live(id),
            key: self.states.keys.pin().get_or_insert_with(facts.first().credential, Arc::default).clone(),
            budgets: self.budgets_of(provider, vendor, resolved),
            client_credentials: if settings.allows_client_credentials {
                vec![ClientCredential::ApiKey, ClientCredential::ApiBase]
            } else {
                resolved.client_credentials.clone()
            },
            stands_in: false,
            gate: parallel.map(|most| self.states.gate_for(id, most)),
            sharing: self.states.sharing.clone(),
            facts,
        })
    }

    /// The deployment's key, or the vendor's usual one. A vendor at an address of the user's own may need none.
    fn key(&self, resolved: &ResolvedDeployment, vendor: &str) -> Result<Option<Secret>, String> {
        let usual = || (!resolved.is_tenants).then(|| self.config.resolved.default_key(vendor)).flatten();
        let reference = resolved.api_key.clone().or_else(usual);
        match reference.as_ref().and_then(|reference| self.secrets.get(reference)) {
            Some(Ok(secret)) => Ok(Some(secret.clone())),
            Some(Err(why)) if resolved.api_key.is_some() => Err(why.clone()),
            _ if resolved.is_tenants => Err("a tenant's model needs an api_key of its own".to_owned()),
            _ => {
                let variables = self.vendors.get(vendor).map_or(&[][..], |v| &v.info().key_variables);
                let other = variables.iter().find_map(|name| self.variable(name)).map(Secret::new);
                let optional = self.vendors.get(vendor).is_some_and(|v| v.info().key_optional);
                if other.is_some() || optional || variables.is_empty() || resolved.api_base.is_some() {
                    return Ok(other);
                }
                Err(format!("set litellm_params.api_key or {}", variables.join(" or ")))
            }
        }
    }

    fn pricing(&self, resolved: &ResolvedDeployment, vendor: &str, model: &str) -> Dated<Arc<Pricing>> {
        let terms = &self.config.settings.price_terms;
        let priced = resolved.model_info.base_model.as_deref().unwrap_or(model);
        let region = resolved.region.as_deref();
        let adjustment = terms.with(&resolved.terms, |terms, own| terms.adjustment(vendor, model, *own));
        resolved.prices.with(&adjustment, |prices, adjustment| {
            Arc::new(Pricing {
                vendor: vendor.to_owned(),
                prices: Pricing::of(vendor, priced, region, prices),
                adjustment: *adjustment,
                regional_endpoint: vendor == "vertex_ai" && region.is_some_and(|region| region != "global"),
                encoding: Encoding::of_model(priced),
                own: Adjustment::default(),
            })
        })
    }

    /// What its answers are paid from.
    fn budgets_of(
        &self,
        provider: &Arc<dyn Provider>,
        vendor: &str,
        resolved: &ResolvedDeployment,
    ) -> Arc<[Arc<BudgetLive>]> {
        let aliases = provider.info().aliases.iter().map(|alias| &**alias);
        let of_vendor = budgets::of_provider(&self.budgets.providers, std::iter::once(vendor).chain(aliases));
        let routing = &resolved.routing;
        let own = routing.max_budget.map(|usd| {
            let period_ms = budgets::period_ms(routing.budget_duration);
            self.states.budgets.budget(Scope::Deployment(resolved.id.as_str()), usd, period_ms)
        });
        let all: Vec<_> = of_vendor.map(|budget| budget.live.clone()).into_iter().chain(own).collect();
        if all.is_empty() { budgets::none() } else { all.into() }
    }

    /// How a credential is got, where the key is not the credential itself.
    fn login(
        &self,
        resolved: &ResolvedDeployment,
        provider: &Arc<dyn Provider>,
        parameters: &Parameters,
        key: &Result<Option<Secret>, String>,
    ) -> Result<Option<Arc<dyn CredentialSource>>, String> {
        let Ok(key) = key else { return Ok(None) };
        let Some(login) = provider.login(parameters, key.as_ref())? else { return Ok(None) };
        let runtime = self.runtime.clone();
        let clock: llm_transport::Clock = Arc::new(move || runtime.now());
        let issuer = LoginIssuer::new(login, self.network(resolved).clone(), clock.clone());
        let issuer = if resolved.is_tenants { issuer.of_a_stranger() } else { issuer };
        Ok(Some(Arc::new(CachedCredential::new(issuer, move || clock()))))
    }

    /// Settings of the vendor: the usual variables', then the deployment's own.
    fn parameters(
        &self,
        resolved: &ResolvedDeployment,
        provider: &Arc<dyn Provider>,
    ) -> Result<Parameters, String> {
        // Those of the environment say who this gateway is: nothing for an address that somebody else says.
        let variable = |name: &str| (!resolved.is_tenants).then(|| self.variable(name)).flatten();
        let mut parameters = llm_providers::parameters(provider.info(), &variable);
        for (name, reference) in &resolved.parameters {
            match self.secrets.get(reference) {
                Some(Ok(value)) => parameters.set(name, value.expose()),
                Some(Err(why)) => return Err(format!("{name}: {why}")),
                None => return Err(format!("{name}: was not fetched")),
            }
        }
        if let Some(version) = &resolved.api_version {
            parameters.set("api_version", version);
        }
        Ok(parameters)
    }

    fn usual_base_url(&self, provider: &Arc<dyn Provider>) -> Option<String> {
        llm_providers::address(provider.info(), &|name| self.variable(name))
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.config.environment.get(name).map(|value| value.expose().to_owned())
    }

    fn options(&self, resolved: &ResolvedDeployment, timeout_ms: Option<u64>) -> CallOptions {
        let transport = &self.config.settings.transport;
        let ms = |ms: u64| Some(Duration::from_millis(ms));
        CallOptions {
            timeouts: Timeouts {
                connect: ms(transport.connect_timeout_ms.get()),
                first_byte: ms(transport.first_byte_timeout_ms.get()),
                idle: ms(transport.idle_timeout_ms.get()),
                total: ms(timeout_ms.unwrap_or(transport.total_timeout_ms.get())),
            },
            protocol: if resolved.http2 { Protocol::Http2 } else { Protocol::Http1 },
        }
    }

    /// The network, as far as whoever says where a deployment leads is let into it.
    fn network(&self, resolved: &ResolvedDeployment) -> &Arc<dyn HttpService> {
        if resolved.is_tenants { &self.abroad } else { &self.service }
    }

    /// The network, or the mock in process.
    fn service_of(
        &self,
        vendor: &str,
        resolved: &ResolvedDeployment,
    ) -> Result<Arc<dyn HttpService>, String> {
        if vendor != "mock" || resolved.api_base.is_some() {
            return Ok(self.network(resolved).clone());
        }
        let script = match &resolved.mock_response {
            None => None,
            Some(Value::String(text)) => Some(Script::from_mock_response(text)),
            Some(script) => {
                let script: Script = llm_types::from_value(script.clone())
                    .map_err(|error| format!("mock_response: {error}"))?;
                script.check().map_err(|error| format!("mock_response: {error}"))?;
                Some(script)
            }
        };
        let runtime = self.runtime.clone();
        Ok(Arc::new(MockService::new(script, Arc::new(move || runtime.now().seconds()))))
    }
}

/// What the configuration says of a model's window, and else the table.
fn window(resolved: &ResolvedDeployment, known: Option<&ModelInfo<'_>>) -> Window {
    let own = &resolved.model_info;
    Window {
        max_input_tokens: own.max_input_tokens.or_else(|| known?.max_input_tokens),
        max_output_tokens: own.max_output_tokens.or_else(|| known?.max_output_tokens),
    }
}
