//! Counts, in Prometheus' text format at `/metrics`.

use std::sync::Arc;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::exchange::{Outcome, Record, Sink};

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
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let request_bytes = counter("request_bytes", "Bytes of clients' bodies");
        let response_bytes = counter("response_bytes", "Bytes of answers to clients");
        let upstream_bytes = counter("upstream_bytes", "Bytes of bodies sent to vendors");
        let refused_connections =
            counter("refused_connections", "Connections refused because there were too many");
        let reloads = counter("config_reloads", "Configurations taken over");
        let failed_reloads = counter("config_reload_failures", "Configurations refused");
        Self {
            registry,
            none: "".into(),
            requests,
            duration,
            first_byte,
            overhead,
            tokens,
            request_bytes,
            response_bytes,
            upstream_bytes,
            refused_connections,
            reloads,
            failed_reloads,
        }
    }

    /// All counts as text, and these gauges of the moment.
    pub fn encode(&self, gauges: &[(&str, &str, u64)]) -> String {
        let mut text = String::new();
        let _text_takes_all = encode(&mut text, &self.registry);
        let mut now = Registry::with_prefix("llm_gateway");
        for (name, help, value) in gauges {
            now.register(*name, *help, ConstGauge::new(i64::try_from(*value).unwrap_or(i64::MAX)));
        }
        let mut more = String::new();
        let _text_takes_all = encode(&mut more, &now);
        // Each registry ends with a line of its own; one end is enough.
        let body = text.strip_suffix("# EOF\n").unwrap_or(&text);
        format!("{body}{more}")
    }
}

/// Writes ended requests into the counts.
#[derive(Debug)]
pub struct MetricsSink(pub Arc<Metrics>);

impl Sink for MetricsSink {
    fn record(&self, record: &Record) {
        let metrics = &self.0;
        let (error_kind, error_layer) = match &record.outcome {
            Outcome::Failed { kind, layer, .. } => (kind.label(), layer.label()),
            _ => ("", ""),
        };
        let leg = record.legs.last();
        let none = || Name(metrics.none.clone());
        let provider = leg.map_or_else(none, |leg| Name(leg.provider.clone()));
        let deployment = leg.map_or_else(none, |leg| Name(leg.deployment.as_arc().clone()));
        let route = RouteLabels { route: record.route, stream: if record.stream { "true" } else { "false" } };
        if let Some(usage) = &record.seen.usage {
            let counts = usage.counts();
            for (direction, count) in [("input", counts.input_total()), ("output", counts.output_total())] {
                let labels =
                    TokenLabels { provider: provider.clone(), deployment: deployment.clone(), direction };
                metrics.tokens.get_or_create(&labels).inc_by(count);
            }
        }
        metrics
            .requests
            .get_or_create(&RequestLabels {
                route: record.route,
                provider,
                deployment,
                outcome: record.outcome.label(),
                error_kind,
                error_layer,
                status: u32::from(record.status.unwrap_or(0)),
            })
            .inc();
        metrics.duration.get_or_create(&route).observe(record.duration.as_secs_f64());
        if let Some(first_byte) = record.first_byte_at {
            metrics.first_byte.get_or_create(&route).observe(first_byte.as_secs_f64());
        }
        metrics.overhead.get_or_create(&route).observe(record.overhead().as_secs_f64());
        metrics.request_bytes.inc_by(record.request_bytes);
        metrics.response_bytes.inc_by(record.response_bytes);
    }
}
