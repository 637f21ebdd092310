//! Counts, in Prometheus' text format at `/metrics`.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, OnceLock};

use llm_pricing::Usd;
use llm_router::Reason;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::deployment::Deployment;
use crate::exchange::{Leg, Outcome, Record, Sink};

/// A label's value from the configuration; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Name(Arc<str>);

impl EncodeLabelValue for Name {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        (&*self.0).encode(encoder)
    }
}

/// What requests are counted by. Every value comes from a closed set or from the configuration, so that no client can
/// make series without end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    provider: Name,
    deployment: Name,
    outcome: &'static str,
    error_kind: &'static str,
    error_layer: &'static str,
    status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
    stream: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    provider: Name,
    deployment: Name,
    direction: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    provider: Name,
    deployment: Name,
    reason: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FallbackLabels {
    from: Name,
    to: Name,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VariantLabels {
    split: Name,
    variant: Name,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PlaceLabels {
    provider: Name,
    deployment: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CoolDownLabels {
    provider: Name,
    deployment: Name,
    what: &'static str,
    cause: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CheckLabels {
    provider: Name,
    deployment: Name,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MirrorLabels {
    provider: Name,
    deployment: Name,
    outcome: &'static str,
    error_kind: &'static str,
}

/// Every count of the gateway.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// The value of a label that does not apply.
    none: Arc<str>,
    requests: Family<RequestLabels, Counter>,
    duration: Family<RouteLabels, Histogram>,
    first_byte: Family<RouteLabels, Histogram>,
    overhead: Family<RouteLabels, Histogram>,
    tokens: Family<TokenLabels, Counter>,
    attempts: Family<AttemptLabels, Counter>,
    fallbacks: Family<FallbackLabels, Counter>,
    variants: Family<VariantLabels, Counter>,
    queue: Family<PlaceLabels, Histogram>,
    unpriced: Family<PlaceLabels, Counter>,
    cool_downs: Family<CoolDownLabels, Counter>,
    checks: Family<CheckLabels, Counter>,
    check_cost: Counter<f64>,
    mirrored: Family<MirrorLabels, Counter>,
    mirrored_tokens: Family<TokenLabels, Counter>,
    /// Copies of requests that were dropped because too many waited, or at the end.
    pub dropped_mirrors: Counter,
    request_bytes: Counter,
    response_bytes: Counter,
    /// Bytes of bodies sent to vendors.
    pub upstream_bytes: Counter,
    /// Connections refused because there were too many.
    pub refused_connections: Counter,
    /// Configurations taken over.
    pub reloads: Counter,
    /// Configurations refused.
    pub failed_reloads: Counter,
    /// Times that the Redis of shared state has not answered.
    pub shared_state_failures: Counter,
}

/// Seconds: a hundredth of one to ten minutes.
const LATENCY: [f64; 14] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0];
/// Seconds: ten microseconds to a second.
const OVERHEAD: [f64; 10] = [0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 1.0];

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Counts at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("llm_gateway");
        let requests = Family::<RequestLabels, Counter>::default();
        registry.register("requests", "Requests that have ended", requests.clone());
        let latency = || Family::<RouteLabels, Histogram>::new_with_constructor(|| Histogram::new(LATENCY));
        let duration = latency();
        registry.register_with_unit(
            "request_duration",
            "From beginning to end",
            Unit::Seconds,
            duration.clone(),
        );
        let first_byte = latency();
        registry.register_with_unit(
            "first_byte",
            "Until the answer began",
            Unit::Seconds,
            first_byte.clone(),
        );
        let overhead = Family::<RouteLabels, Histogram>::new_with_constructor(|| Histogram::new(OVERHEAD));
        registry.register_with_unit(
            "overhead",
            "Until the answer began, less the time spent waiting for vendors",
            Unit::Seconds,
            overhead.clone(),
        );
        let tokens = Family::<TokenLabels, Counter>::default();
        registry.register("tokens", "Tokens as vendors report them", tokens.clone());
        let attempts = Family::<AttemptLabels, Counter>::default();
        registry.register("attempts", "Attempts at deployments that have ended", attempts.clone());
        let fallbacks = Family::<FallbackLabels, Counter>::default();
        registry.register(
            "fallbacks",
            "Requests that went on from one model group to another, and whether they were answered in the end",
            fallbacks.clone(),
        );
        let variants = Family::<VariantLabels, Counter>::default();
        registry.register("variants", "Requests that took part in an experiment", variants.clone());
        let queue = Family::<PlaceLabels, Histogram>::new_with_constructor(|| Histogram::new(LATENCY));
        registry.register_with_unit(
            "queue",
            "Time that requests waited for room at deployments, of those that did",
            Unit::Seconds,
            queue.clone(),
        );
        let unpriced = Family::<PlaceLabels, Counter>::default();
        registry.register(
            "unpriced_requests",
            "Requests that were answered at a price that nobody knows",
            unpriced.clone(),
        );
        let cool_downs = Family::<CoolDownLabels, Counter>::default();
        registry.register(
            "cool_downs",
            "Times that a deployment, or its key, was left alone for a while",
            cool_downs.clone(),
        );
        let checks = Family::<CheckLabels, Counter>::default();
        registry.register("health_checks", "Checks of deployments that have ended", checks.clone());
        let check_cost = Counter::<f64>::default();
        registry.register(
            "health_check_cost_usd",
            "What checks of deployments have cost",
            check_cost.clone(),
        );
        let mirrored = Family::<MirrorLabels, Counter>::default();
        registry.register("mirrored_requests", "Copies of requests that have ended", mirrored.clone());
        let mirrored_tokens = Family::<TokenLabels, Counter>::default();
        registry.register("mirrored_tokens", "Tokens of copies of requests", mirrored_tokens.clone());
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let request_bytes = counter("request_bytes", "Bytes of clients' bodies");
        let response_bytes = counter("response_bytes", "Bytes of answers to clients");
        let dropped_mirrors = counter("mirrors_dropped", "Copies of requests that there was no room for");
        let upstream_bytes = counter("upstream_bytes", "Bytes of bodies sent to vendors");
        let refused_connections =
            counter("refused_connections", "Connections refused because there were too many");
        let reloads = counter("config_reloads", "Configurations taken over");
        let failed_reloads = counter("config_reload_failures", "Configurations refused");
        let shared_state_failures =
            counter("shared_state_failures", "Times that the Redis of shared state has not answered");
        Self {
            registry,
            none: "".into(),
            requests,
            duration,
            first_byte,
            overhead,
            tokens,
            attempts,
            fallbacks,
            variants,
            queue,
            unpriced,
            cool_downs,
            checks,
            check_cost,
            mirrored,
            mirrored_tokens,
            dropped_mirrors,
            request_bytes,
            response_bytes,
            upstream_bytes,
            refused_connections,
            reloads,
            failed_reloads,
            shared_state_failures,
        }
    }

    /// The count of attempts like this one.
    fn attempts_like(&self, leg: &Leg) -> Counter {
        let labels = AttemptLabels {
            provider: Name(leg.provider.clone()),
            deployment: Name(leg.deployment.as_arc().clone()),
            reason: leg.reason.label(),
            outcome: leg.label(),
        };
        self.attempts.get_or_create(&labels).clone()
    }

    /// A request has gone on from one group to the other, each by its name in the configuration.
    pub(crate) fn went_on(&self, turns: &[(Arc<str>, Arc<str>)], answered: bool) {
        for (from, to) in turns {
            let outcome = if answered { "answered" } else { "failed" };
            let labels = FallbackLabels { from: Name(from.clone()), to: Name(to.clone()), outcome };
            self.fallbacks.get_or_create(&labels).inc();
        }
    }

    /// A request has waited for room, took part in an experiment, or nobody knows what it costs: few do.
    fn seldom(&self, record: &Record) {
        if let Some((split, variant)) = record.variant.as_deref().and_then(|told| told.split_once('=')) {
            let (split, variant) = (Name(split.into()), Name(variant.into()));
            let labels = VariantLabels { split, variant, outcome: record.outcome.label() };
            self.variants.get_or_create(&labels).inc();
        }
        let Some(leg) = record.leg() else { return };
        let labels = PlaceLabels {
            provider: Name(leg.provider.clone()),
            deployment: Name(leg.deployment.as_arc().clone()),
        };
        if !record.queued.is_zero() {
            self.queue.get_or_create(&labels).observe(record.queued.as_secs_f64());
        }
        if record.is_unpriced() {
            self.unpriced.get_or_create(&labels).inc();
        }
    }

    /// A deployment, or its key, is left alone from now on.
    pub(crate) fn cooled_down(&self, deployment: &Deployment, what: &'static str, cause: &'static str) {
        let labels = CoolDownLabels {
            provider: Name(deployment.provider_name.clone()),
            deployment: Name(deployment.id.as_arc().clone()),
            what,
            cause,
        };
        self.cool_downs.get_or_create(&labels).inc();
    }

    /// A check of a deployment has ended.
    pub(crate) fn checked(&self, deployment: &Deployment, outcome: &'static str, cost: Usd) {
        let labels = CheckLabels {
            provider: Name(deployment.provider_name.clone()),
            deployment: Name(deployment.id.as_arc().clone()),
            outcome,
        };
        self.checks.get_or_create(&labels).inc();
        self.check_cost.inc_by(cost.nanos().max(0) as f64 / 1e9);
    }

    /// A copy of a request, which counts apart.
    fn mirror(&self, record: &Record) {
        let error_kind = match &record.outcome {
            Outcome::Failed { kind, .. } => kind.label(),
            _ => "",
        };
        let leg = record.leg();
        let name = |of: fn(&Leg) -> Arc<str>| Name(leg.map_or_else(|| self.none.clone(), of));
        let labels = MirrorLabels {
            provider: name(|leg| leg.provider.clone()),
            deployment: name(|leg| leg.deployment.as_arc().clone()),
            outcome: record.outcome.label(),
            error_kind,
        };
        self.mirrored.get_or_create(&labels).inc();
        let Some(counts) = record.seen.usage.as_ref().map(llm_types::Usage::counts) else { return };
        for (direction, tokens) in [("input", counts.input_total()), ("output", counts.output_total())] {
            let (provider, deployment) = (labels.provider.clone(), labels.deployment.clone());
            self.mirrored_tokens
                .get_or_create(&TokenLabels { provider, deployment, direction })
                .inc_by(tokens);
        }
    }

    /// All counts as text, these gauges of the moment, and those that `more` registers.
    pub fn encode(&self, gauges: &[(&str, &str, u64)], more: impl FnOnce(&mut Registry)) -> String {
        let mut text = String::new();
        let _text_takes_all = encode(&mut text, &self.registry);
        let mut now = Registry::with_prefix("llm_gateway");
        for (name, help, value) in gauges {
            now.register(*name, *help, ConstGauge::new(i64::try_from(*value).unwrap_or(i64::MAX)));
        }
        more(&mut now);
        let mut more = String::new();
        let _text_takes_all = encode(&mut more, &now);
        // Each registry ends with a line of its own; one end is enough.
        let body = text.strip_suffix("# EOF\n").unwrap_or(&text);
        format!("{body}{more}")
    }
}

/// Writes ended requests into the counts.
#[derive(Debug)]
pub struct MetricsSink {
    metrics: Arc<Metrics>,
    /// The series of requests that are alike. A look-up in the families hashes every label for each of them.
    known: papaya::HashMap<Kind, Series, BuildHasherDefault<Fnv>>,
}

/// What requests have in common that count in the same series.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    labels: RequestLabels,
    stream: bool,
}

impl Kind {
    fn route(&self) -> RouteLabels {
        RouteLabels { route: self.labels.route, stream: if self.stream { "true" } else { "false" } }
    }
}

/// Every series that one request counts in.
#[derive(Debug)]
struct Series {
    requests: Counter,
    duration: Histogram,
    first_byte: OnceLock<Histogram>,
    overhead: Histogram,
    /// Read and written.
    tokens: OnceLock<[Counter; 2]>,
    /// Of requests that were answered at once.
    attempts: OnceLock<Counter>,
}

impl MetricsSink {
    /// Writes into `metrics`.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, known: papaya::HashMap::default() }
    }

    fn series(&self, kind: &Kind) -> Series {
        let (metrics, route) = (&self.metrics, kind.route());
        Series {
            requests: metrics.requests.get_or_create(&kind.labels).clone(),
            duration: metrics.duration.get_or_create(&route).clone(),
            first_byte: OnceLock::new(),
            overhead: metrics.overhead.get_or_create(&route).clone(),
            tokens: OnceLock::new(),
            attempts: OnceLock::new(),
        }
    }
}

impl Sink for MetricsSink {
    fn record(&self, record: &Record) {
        let metrics = &self.metrics;
        if record.mirror_of.is_some() {
            return metrics.mirror(record);
        }
        let (error_kind, error_layer) = match &record.outcome {
            Outcome::Failed { kind, layer, .. } => (kind.label(), layer.label()),
            _ => ("", ""),
        };
        let leg = record.leg();
        let none = || Name(metrics.none.clone());
        let labels = RequestLabels {
            route: record.route,
            provider: leg.map_or_else(none, |leg| Name(leg.provider.clone())),
            deployment: leg.map_or_else(none, |leg| Name(leg.deployment.as_arc().clone())),
            outcome: record.outcome.label(),
            error_kind,
            error_layer,
            status: u32::from(record.status.unwrap_or(0)),
        };
        let kind = Kind { labels, stream: record.stream };
        let known = self.known.pin();
        let series = match known.get(&kind) {
            Some(series) => series,
            None => known.get_or_insert_with(kind.clone(), || self.series(&kind)),
        };
        series.requests.inc();
        series.duration.observe(record.duration.as_secs_f64());
        if let Some(first_byte) = record.first_byte_at {
            let family = || metrics.first_byte.get_or_create(&kind.route()).clone();
            series.first_byte.get_or_init(family).observe(first_byte.as_secs_f64());
        }
        series.overhead.observe(record.overhead().as_secs_f64());
        let parts = || record.legs.iter().filter_map(|leg| Some((leg, leg.seen.as_ref()?.usage.as_ref()?)));
        if record.continuations > 0 {
            // Each deployment has its own part of the answer.
            for (leg, usage) in parts() {
                let counts = usage.counts();
                for (direction, tokens) in
                    [("input", counts.input_total()), ("output", counts.output_total())]
                {
                    let provider = Name(leg.provider.clone());
                    let deployment = Name(leg.deployment.as_arc().clone());
                    let labels = TokenLabels { provider, deployment, direction };
                    metrics.tokens.get_or_create(&labels).inc_by(tokens);
                }
            }
        } else if let Some(usage) = &record.seen.usage {
            let counts = usage.counts();
            let of = |direction| {
                let RequestLabels { provider, deployment, .. } = kind.labels.clone();
                metrics.tokens.get_or_create(&TokenLabels { provider, deployment, direction }).clone()
            };
            let [read, written] = series.tokens.get_or_init(|| ["input", "output"].map(of));
            read.inc_by(counts.input_total());
            written.inc_by(counts.output_total());
        }
        match &record.legs[..] {
            // Nearly every request.
            [leg] if record.outcome == Outcome::Answered && leg.reason == Reason::First => {
                series.attempts.get_or_init(|| metrics.attempts_like(leg)).inc();
            }
            legs => legs.iter().for_each(|leg| {
                metrics.attempts_like(leg).inc();
            }),
        }
        if record.variant.is_some() || !record.queued.is_zero() || record.is_unpriced() {
            metrics.seldom(record);
        }
        metrics.request_bytes.inc_by(record.request_bytes);
        metrics.response_bytes.inc_by(record.response_bytes);
    }
}

/// A quick hash for labels, whose values nobody outside can choose.
///
/// Source: IETF draft "The FNV Non-Cryptographic Hash Algorithm", FNV-1a of 64 bits, read 2026-11; taken eight bytes at
/// a time.
#[derive(Debug)]
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        // The upper bits are the mixed ones.
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(u64::from(byte));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x0000_0100_0000_01b3);
    }
}
