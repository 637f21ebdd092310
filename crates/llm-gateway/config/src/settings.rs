//! The settings that hold, from our own keys and LiteLLM's.

use indexmap::IndexMap;
use llm_oidc::{JwtSettings, RolePermissions};
use llm_pricing::Dated;
use llm_router::RouterSettings;
use llm_secrets::{KeyManagementSettings, System};
use llm_tenancy::{Period, Unit};
use serde_json::Value;

use super::database::DatabaseSettings;
use super::gateway_settings::{
    AccessLogSettings, FetchSettings, GatewaySettings, LogFormat, MirroringSettings, OnDisconnect,
    ServerSettings, TlsSettings, TranslationSettings, TransportSettings,
};
use super::health::HealthSettings;
use super::key_params::{DefaultKeyParams, UpperboundKeyParams};
use super::ledger::{LedgerSettings, Unpriced};
use super::limits::{LimitSettings, ProxyLimits};
use super::litellm_settings::{GeneralSettings, InternalUserParams, LitellmSettings};
use super::price_changes::PriceTerms;
use super::priorities::Priorities;
use super::secret::SecretRef;
use super::shared_state::SharedStateSettings;
use super::tenants::TenantSettings;
use super::tree::Node;

/// What holds for the gateway as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The listening side, and its bounds.
    pub server: ServerSettings,
    /// The side towards the vendors.
    pub transport: TransportSettings,
    /// What happens between two dialects.
    pub translation: TranslationSettings,
    /// What is taken off prices and put on them, by vendors, models and teams, and from when.
    pub price_terms: Dated<PriceTerms>,
    /// Media that a request gives by their address.
    pub fetch: FetchSettings,
    /// Where models of tenants may lead, and requests that bring an address of their own along.
    pub tenants: TenantSettings,
    /// The Redis in which several gateways share what they know; `None` for this one alone.
    pub shared_state: Option<SharedStateSettings>,
    /// Where keys and tenants are kept; `None` for nowhere.
    pub database: Option<DatabaseSettings>,
    /// What is kept of each request to a vendor; `None` without a database.
    pub ledger: Option<LedgerSettings>,
    /// How budgets and rates hold.
    pub limits: LimitSettings,
    /// What bounds the gateway as a whole.
    pub proxy: ProxyLimits,
    /// What of the rates of model groups is reserved for whom.
    pub priorities: Priorities,
    /// What happens to a request whose client has hung up.
    pub on_disconnect: OnDisconnect,
    /// The ids of teams that any internal user may join.
    pub available_teams: Vec<String>,
    /// What new users begin with.
    pub internal_users: InternalUserParams,
    /// What new keys have of which nothing is said.
    pub key_defaults: DefaultKeyParams,
    /// What no key has more of.
    pub key_bounds: UpperboundKeyParams,
    /// Bounds on copies of requests.
    pub mirroring: MirroringSettings,
    /// The line that is logged for each request.
    pub access_log: AccessLogSettings,
    /// How requests are spread over the deployments of a model.
    pub router: RouterSettings,
    /// The model groups whose vendors get the clients' own headers; `None` for all.
    pub forwards_headers: Option<Vec<String>>,
    /// Whether requests to any deployment may bring along key and address.
    pub allows_client_credentials: bool,
    /// What is checked in the background.
    pub health: HealthSettings,
    /// Further vendors, as the config has them.
    pub providers: IndexMap<String, Value>,
    /// The key that clients present.
    pub master_key: Option<SecretRef>,
    /// Whose JSON web tokens are taken where keys are; `None` for nobody's.
    pub jwt: Option<JwtAuth>,
    /// The secret manager, and what is read from there.
    pub key_management: Option<(System, KeyManagementSettings)>,
}

/// Whose JSON web tokens are taken where keys are.
#[derive(Debug, Clone, PartialEq)]
pub struct JwtAuth {
    /// Issuers, and what claims mean.
    pub settings: JwtSettings,
    /// What roles allow.
    pub role_permissions: Vec<RolePermissions>,
}

/// Nobody guards a door that is open to more than this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "listening on {0} without general_settings.master_key would let anybody spend your money: set a master \
     key, listen on 127.0.0.1, or allow it with llm_gateway.server.allow_public_without_key"
)]
pub struct Exposed(pub std::net::IpAddr);

impl Settings {
    /// Our own keys hold where both are set; LiteLLM's keys hold over our defaults.
    pub(super) fn new(
        root: &Node,
        ours: GatewaySettings,
        general: GeneralSettings,
        litellm: &LitellmSettings,
        router: RouterSettings,
    ) -> Self {
        let silent = |keys: &[&str]| root.get("llm_gateway").is_none_or(|node| node.at_path(keys).is_none());
        let GatewaySettings {
            mut server,
            transport,
            translation,
            fetch,
            tenants,
            shared_state,
            database,
            mut ledger,
            limits,
            team_prices,
            price_changes,
            mut on_disconnect,
            mirroring,
            mut access_log,
            health_checks,
            providers,
        } = ours;
        let health = HealthSettings::new(&health_checks, &general, &router);

        let day = general.disable_spend_logs.then(|| Period::new(1, Unit::Day).ok()).flatten();
        ledger.retention = ledger.retention.or(day).or(general.maximum_spend_logs_retention_period);
        if litellm.block_requests_for_models_without_pricing && silent(&["ledger", "unpriced"]) {
            ledger.unpriced = Unpriced::Refuse;
        }
        let (limits, proxy) = limits.complete(&general, litellm, silent);
        let bytes = general.max_request_size_mb.map(|mb| (mb * f64::from(1 << 20)) as usize);
        if let Some(bytes) = bytes.and_then(std::num::NonZeroUsize::new)
            && silent(&["server", "max_body_bytes"])
        {
            server.max_body_bytes = bytes;
        }
        let ping =
            general.sse_keepalive_ping_interval_seconds.or(litellm.sse_keepalive_ping_interval_seconds);
        if let Some(ping) = ping.filter(|_| silent(&["server", "keepalive_comment_ms"])) {
            server.keepalive_comment_ms = ping.as_ms();
        }
        if general.use_x_forwarded_for && silent(&["server", "trusted_proxies"]) {
            server.trusted_proxies = general.trusted_proxy_ranges;
        }
        server.allow_public_without_key |= general.dangerously_permit_weak_or_unset_master_key;
        if let Some(cancel) = general.cancel_on_disconnect.filter(|_| silent(&["on_disconnect"])) {
            on_disconnect = if cancel { OnDisconnect::Cancel } else { OnDisconnect::Finish };
        }
        if litellm.json_logs == Some(true) && silent(&["access_log", "format"]) {
            access_log.format = LogFormat::Json;
        }
        Self {
            server,
            transport,
            translation,
            fetch,
            tenants,
            shared_state: Some(shared_state),
            database: Some(database),
            ledger: Some(ledger),
            limits,
            proxy,
            priorities: Priorities {
                levels: litellm.priority_reservation.clone(),
                settings: litellm.priority_reservation_settings,
            },
            price_terms: PriceTerms {
                discounts: litellm.cost_discount_config.clone(),
                margins: litellm.cost_margin_config.clone(),
                team_prices,
            }
            .dated(price_changes),
            on_disconnect,
            available_teams: litellm.default_internal_user_params.available_teams.clone(),
            internal_users: litellm.default_internal_user_params.clone(),
            key_defaults: litellm.default_key_generate_params.clone(),
            key_bounds: litellm.upperbound_key_generate_params,
            mirroring,
            access_log,
            router,
            allows_client_credentials: general.allow_client_side_credentials,
            forwards_headers: (!general.forward_client_headers_to_llm_api)
                .then(|| litellm.model_group_settings.forward_client_headers_to_llm_api.clone()),
            health,
            providers,
            master_key: general.master_key,
            jwt: general.enable_jwt_auth.then_some(JwtAuth {
                settings: general.litellm_jwtauth,
                role_permissions: general.role_permissions,
            }),
            key_management: general
                .key_management_system
                .map(|system| (system, general.key_management_settings)),
        }
    }

    /// Whether the gateway may listen where it is told to. To be asked once the command line has had its say.
    ///
    /// # Errors
    /// [`Exposed`], if anybody could use it from outside without a key.
    pub fn check_exposure(&self) -> Result<(), Exposed> {
        let guarded = self.master_key.is_some() || self.server.allow_public_without_key;
        if guarded || self.server.host.is_loopback() { Ok(()) } else { Err(Exposed(self.server.host)) }
    }

    /// The sections in which `self` and `other` differ.
    pub(super) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let (now, then) = (self.price_terms.first(), other.price_terms.first());
        [
            ("llm_gateway.server", self.server != other.server),
            ("llm_gateway.transport", self.transport != other.transport),
            ("llm_gateway.translation", self.translation != other.translation),
            ("llm_gateway.fetch", self.fetch != other.fetch),
            ("llm_gateway.tenants", self.tenants != other.tenants),
            ("litellm_settings.default_internal_user_params", self.internal_users != other.internal_users),
            ("litellm_settings.default_key_generate_params", self.key_defaults != other.key_defaults),
            ("litellm_settings.upperbound_key_generate_params", self.key_bounds != other.key_bounds),
            ("litellm_settings.cost_discount_config", now.discounts != then.discounts),
            ("litellm_settings.cost_margin_config", now.margins != then.margins),
            ("llm_gateway.team_prices", now.team_prices != then.team_prices),
            ("llm_gateway.price_changes", !self.price_terms.changes().eq(other.price_terms.changes())),
            ("llm_gateway.shared_state", self.shared_state != other.shared_state),
            ("llm_gateway.database", self.database != other.database),
            ("llm_gateway.ledger", self.ledger != other.ledger),
            ("llm_gateway.limits", self.limits != other.limits || self.proxy != other.proxy),
            ("litellm_settings.priority_reservation", self.priorities != other.priorities),
            ("llm_gateway.on_disconnect", self.on_disconnect != other.on_disconnect),
            ("llm_gateway.access_log", self.access_log != other.access_log),
            ("litellm_settings.model_group_settings", self.forwards_headers != other.forwards_headers),
            (
                "general_settings.allow_client_side_credentials",
                self.allows_client_credentials != other.allows_client_credentials,
            ),
            ("general_settings.background_health_checks", self.health != other.health),
            ("llm_gateway.providers", self.providers != other.providers),
            ("router_settings", self.router != other.router),
            ("general_settings.master_key", self.master_key != other.master_key),
            ("general_settings.litellm_jwtauth", self.jwt != other.jwt),
            ("general_settings.key_management_settings", self.key_management != other.key_management),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }

    /// The settings in which `self` and `other` differ and that a running process cannot change.
    pub(super) fn restart_needed(&self, other: &Self) -> Vec<&'static str> {
        let (a, b) = (&self.server, &other.server);
        [
            ("llm_gateway.server.host", a.host != b.host),
            ("llm_gateway.server.port", a.port != b.port),
            ("llm_gateway.server.worker_threads", a.worker_threads != b.worker_threads),
            ("llm_gateway.server.max_connections", a.max_connections != b.max_connections),
            (
                "llm_gateway.server.header_read_timeout_ms",
                a.header_read_timeout_ms != b.header_read_timeout_ms,
            ),
            ("llm_gateway.server.drain_timeout_ms", a.drain_timeout_ms != b.drain_timeout_ms),
            ("llm_gateway.server.trusted_proxies", a.trusted_proxies != b.trusted_proxies),
            ("llm_gateway.server.tls", a.tls.is_some() != b.tls.is_some()),
            ("llm_gateway.access_log", self.access_log != other.access_log),
            ("llm_gateway.shared_state", self.shared_state != other.shared_state),
            ("llm_gateway.database", self.database != other.database),
            ("llm_gateway.ledger", self.ledger != other.ledger),
            ("llm_gateway.limits", self.limits != other.limits || self.proxy != other.proxy),
            ("general_settings.key_management_settings", self.key_management != other.key_management),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }

    /// The files besides the config whose change matters: those of TLS.
    pub fn tls(&self) -> Option<&TlsSettings> {
        self.server.tls.as_ref()
    }
}
