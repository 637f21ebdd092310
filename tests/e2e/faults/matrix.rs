//! Every fault, streamed and not, for clients and vendors of both dialects: at a lone deployment, beside a healthy one,
//! and before a fallback.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use llm_mock_server::Handle;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::asked::{Ask, DIALECTS, Dialect, Told, named};
use super::upstreams::{Closed, Untrusted, asked, scripted, well};
use crate::client::call;
use crate::process::Gateway;

/// Requests under way at a time.
const AT_A_TIME: usize = 48;
/// Milliseconds of no bytes after which a vendor is given up; one in good health takes far less.
const SILENCE_MS: u64 = 1_000;
/// The least that a retry waits for; whatever did not wait took less.
const LEAST_WAIT_MS: f64 = 500.0;
/// What everything that is well says.
const GREETING: &str = "Hello";

/// Something that goes wrong.
struct Fault {
    name: &'static str,
    /// How whole answers go wrong, and streams.
    how: [How; 2],
    /// What the client is told of them.
    end: [End; 2],
}

#[derive(Clone)]
enum How {
    /// A scripted vendor.
    Script(Value),
    /// An address where no vendor is.
    At(String),
}

#[derive(Clone, Copy, Debug)]
enum End {
    /// An error: status, layer, and our name or the vendor's for it.
    Told(u16, &'static str, &'static str),
    /// The same, while too many requests were the cause: another group is then asked at once.
    Limited(u16, &'static str, &'static str),
    /// An error in the stream, after content.
    InStream,
}

fn fault(name: &'static str, whole: Value, stream: Value, end: [End; 2]) -> Fault {
    Fault { name, how: [How::Script(whole), How::Script(stream)], end }
}

/// A fault that shows before anything tells a stream from another answer.
fn early(name: &'static str, script: Value, end: End) -> Fault {
    fault(name, script.clone(), script, [end; 2])
}

fn unreachable(name: &'static str, url: String, code: &'static str) -> Fault {
    Fault { name, how: [How::At(url.clone()), How::At(url)], end: [End::Told(502, "transport", code); 2] }
}

fn raw(content_type: &str, body: &str) -> Value {
    json!({"raw": {"content_type": content_type, "body": body}})
}

fn faults(closed: &Closed, untrusted: &Untrusted) -> Vec<Fault> {
    use End::{InStream, Limited, Told};
    const EVENTS: &str = "text/event-stream";
    const JSON: &str = "application/json";
    let error = r#"{"type": "error", "error": {"type": "api_error", "message": "Broken.", "code": null}}"#;
    let silent = Told(504, "transport", "first_byte_timeout");
    let paused = Told(504, "transport", "idle_timeout");
    let unreadable = Told(502, "provider", "502");
    let cut = Told(502, "transport", "closed");
    vec![
        unreachable("dns", format!("http://{}.invalid", "x".repeat(64)), "dns"),
        unreachable("refused", closed.url(), "connect"),
        unreachable("tls", untrusted.url(), "tls"),
        early("hang-before-headers", json!({"delay_ms": 60_000}), silent),
        early("hang-after-headers", json!({"stall_after_chunks": 0}), paused),
        fault(
            "slow-first-token",
            json!({"first_chunk_ms": 60_000}),
            json!({"first_chunk_ms": 60_000}),
            [silent, Told(504, "router", "first_token_late")],
        ),
        early("status-429", json!({"error": {"status": 429}}), Limited(429, "provider", "")),
        early(
            "status-429-retry-after",
            json!({"error": {"status": 429, "retry_after_s": 1}}),
            Limited(429, "provider", ""),
        ),
        early("status-500", json!({"error": {"status": 500}}), Told(500, "provider", "")),
        early("status-529", json!({"error": {"status": 529}}), Told(503, "provider", "")),
        fault(
            "malformed",
            raw(JSON, "{\"choices\": [{\"content\": ["),
            raw(EVENTS, "data: {\"choices\": [\n\n"),
            [unreadable; 2],
        ),
        early("wrong-content-type", raw("text/html", "<html><body>Welcome</body></html>\n"), unreadable),
        early("empty", raw("text/plain", ""), unreadable),
        fault(
            "error-first",
            raw(JSON, error),
            json!({"error_in_stream_after_chunks": 0, "error": {"status": 500}}),
            [Told(500, "provider", ""); 2],
        ),
        fault("cut-at-once", json!({"cut_after_chunks": 0}), json!({"cut_after_chunks": 0}), [cut; 2]),
        fault("cut", json!({"cut_after_chunks": 2}), json!({"cut_after_chunks": 2}), [cut, InStream]),
        fault(
            "error-later",
            raw(JSON, error),
            json!({"error_in_stream_after_chunks": 2, "error": {"status": 500}}),
            [Told(500, "provider", ""), InStream],
        ),
    ]
}

/// Who else could serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Company {
    /// Nobody.
    None,
    /// Another deployment of the group.
    Other,
    /// Another group.
    Fallback,
}

/// One fault in one situation.
struct Cell {
    name: String,
    end: End,
    stream: bool,
    client: Dialect,
    vendor: Dialect,
    company: Company,
    /// The vendor with the fault, if it gets as far as HTTP.
    bad: Option<Arc<Handle>>,
    well: Arc<Handle>,
}

impl Cell {
    fn bad_id(&self) -> String {
        format!("{}.bad", self.name)
    }

    /// Attempts at the deployment with the fault.
    fn attempts_at_bad(&self) -> usize {
        match (self.end, self.company) {
            (End::InStream, _) | (_, Company::Other) | (End::Limited(..), Company::Fallback) => 1,
            (_, Company::None | Company::Fallback) => 2,
        }
    }

    /// The type of the error: in the client's words, where a vendor's own are not passed on.
    fn kind(&self, status: u16) -> &'static str {
        let raw = self.name.starts_with("error-") && !self.stream;
        match (self.client, self.vendor, status) {
            (_, _, 504) => "timeout_error",
            (Dialect::OpenAi, _, 500) if raw => "api_error",
            (Dialect::OpenAi, Dialect::OpenAi, 429) => "requests",
            (Dialect::OpenAi, Dialect::Anthropic, 500) => "api_error",
            (Dialect::OpenAi, Dialect::Anthropic, 503) => "overloaded_error",
            (_, _, 429) => "rate_limit_error",
            (Dialect::OpenAi, _, _) => "server_error",
            (Dialect::Anthropic, _, 529) => "overloaded_error",
            (Dialect::Anthropic, _, _) => "api_error",
        }
    }

    /// All that is wrong with what became of it.
    fn check(&self, told: &Told, log: &Value) -> String {
        let mut wrong = String::new();
        let mut expect = |what: &str, found: &dyn std::fmt::Debug, right: bool| {
            if !right {
                writeln!(wrong, "  {what}: {found:?}").unwrap();
            }
        };
        let attempts = self.attempts_at_bad();
        let healed = self.company != Company::None && !matches!(self.end, End::InStream);
        let broken = self.name.clone() + ".bad";
        let served_by = match self.company {
            Company::Other if healed => self.name.clone() + ".well",
            Company::Fallback if healed => format!("well.{}", self.vendor.name()),
            _ => broken.clone(),
        };
        let attempted = match self.company {
            _ if matches!(self.end, End::InStream) => (0, 0),
            Company::None | Company::Other => (1, 0),
            Company::Fallback => (attempts as u32 - 1, 1),
        };
        expect("attempted", &told.attempted(), told.attempted() == attempted);
        expect("deployment", &told.deployment(), told.deployment() == Some(served_by.as_str()));
        expect("whole", &told.whole, told.whole);
        if healed || matches!(self.end, End::InStream) {
            expect("status", &told.status, told.status == 200);
        }
        if healed {
            expect("answer", &told.text, told.text.contains(GREETING));
            let ended = told.text.contains(self.client.terminator());
            expect("end", &told.text, ended == self.stream);
            expect("error", &told.text, !told.text.contains("\"error\""));
        }
        // Whoever has somebody else does not wait, except before another group.
        if self.company == Company::Other || healed && attempts == 1 {
            let overhead = told.overhead_ms();
            expect("overhead", &overhead, overhead < LEAST_WAIT_MS);
        }
        match self.end {
            End::InStream => {
                expect("content", &told.text, told.text.contains(GREETING));
                expect("error event", &told.text, told.text.contains("\"error\""));
                expect("end", &told.text, !told.text.contains(self.client.terminator()));
            }
            End::Told(status, layer, code) | End::Limited(status, layer, code) if !healed => {
                let status = if self.client == Dialect::Anthropic && status == 503 { 529 } else { status };
                expect("status", &told.status, told.status == status);
                let spoke = told.header("x-llm-gateway-layer");
                expect("layer", &spoke, spoke == Some(layer));
                expect("kind", &told.text, told.error("type") == self.kind(status));
                if self.client == Dialect::OpenAi && !code.is_empty() {
                    expect("code", &told.code(), told.code() == code);
                }
                expect("least wait", &told.overhead_ms(), told.overhead_ms() >= LEAST_WAIT_MS);
            }
            End::Told(..) | End::Limited(..) => {}
        }
        if self.name.contains("retry-after") && !healed {
            let waited = told.overhead_ms();
            expect("retry-after", &waited, (1_000.0..2_500.0).contains(&waited));
            expect("retry-after", &told.header("retry-after"), told.header("retry-after") == Some("1"));
        }
        if let Some(bad) = &self.bad {
            let times = asked(bad, &self.name);
            expect("asked", &times, times == attempts);
        }
        let helped = asked(&self.well, &self.name) + asked(&self.well, &format!("{}-standby", self.name));
        expect("helped", &helped, helped == usize::from(healed && self.company == Company::Other));
        let legs = attempts + usize::from(healed);
        expect("log", log, log["attempts"] == legs);
        let failed = log["failed_attempts"].as_str().unwrap_or_default().matches(&self.bad_id()).count();
        expect("log", log, failed == attempts);
        wrong
    }
}

/// Counts of attempts at each deployment that did not answer.
async fn failed_attempts(gateway: &Gateway) -> HashMap<String, usize> {
    let (_, text) = call(gateway.address, "GET", "/metrics", &Value::Null).await;
    let mut counts = HashMap::new();
    for line in text.as_str().unwrap().lines().filter(|line| line.starts_with("llm_gateway_attempts_total{"))
    {
        let id = line.split("deployment=\"").nth(1).unwrap().split('"').next().unwrap();
        if !line.contains("outcome=\"answered\"") {
            let count: usize = line.rsplit(' ').next().unwrap().parse().unwrap();
            *counts.entry(id.to_owned()).or_default() += count;
        }
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_healed_where_somebody_else_is_and_told_where_nobody_is() {
    let (closed, untrusted, well) = (Closed::new(), Untrusted::start().await, Arc::new(well().await));
    let mut cells = Vec::new();
    let mut models = Vec::new();
    let mut fallbacks = Vec::new();
    for vendor in DIALECTS {
        let group = format!("well-{}", vendor.name());
        let standby = vendor.deployment(&group, "standby", &well.url(), &json!({}));
        models.push(named(standby, &format!("well.{}", vendor.name())));
    }
    for Fault { name, how, end } in faults(&closed, &untrusted) {
        for (how, end, stream) in [(&how[0], end[0], false), (&how[1], end[1], true)] {
            let (base, bad) = match how {
                How::At(url) => (url.clone(), None),
                How::Script(script) => {
                    let vendor = Arc::new(scripted(script).await);
                    (vendor.url(), Some(vendor))
                }
            };
            for (client, vendor) in
                DIALECTS.iter().flat_map(|client| DIALECTS.map(|vendor| (*client, vendor)))
            {
                for company in [Company::None, Company::Other, Company::Fallback] {
                    let kind = if stream { "stream" } else { "whole" };
                    let group = format!("{name}/{kind}/{}-{}/{company:?}", client.name(), vendor.name())
                        .to_lowercase();
                    let mut more = json!({"weight": 1});
                    if name == "slow-first-token" {
                        more["ttft_timeout"] = 0.3.into();
                    }
                    let deployment = vendor.deployment(&group, &group, &base, &more);
                    models.push(named(deployment, &format!("{group}.bad")));
                    match company {
                        Company::None => {}
                        Company::Other => {
                            let other = vendor.deployment(&group, &group, &well.url(), &json!({}));
                            models.push(named(other, &format!("{group}.well")));
                        }
                        Company::Fallback => {
                            fallbacks.push(json!({group.as_str(): [format!("well-{}", vendor.name())]}));
                        }
                    }
                    let (bad, well) = (bad.clone(), well.clone());
                    cells.push(Cell { name: group, end, stream, client, vendor, company, bad, well });
                }
            }
        }
    }
    let gateway = Gateway::start(&json!({
        "model_list": models,
        "router_settings": {"num_retries": 1, "fallbacks": fallbacks},
        "llm_gateway": {"transport": {"first_byte_timeout_ms": SILENCE_MS, "idle_timeout_ms": SILENCE_MS}},
    }));

    let room = Arc::new(Semaphore::new(AT_A_TIME));
    let mut asking = JoinSet::new();
    for cell in cells {
        let (room, address) = (room.clone(), gateway.address);
        asking.spawn(async move {
            let _place = room.acquire().await.unwrap();
            let told = Ask::new(cell.client, &cell.name, cell.stream).of(address).await;
            (cell, told)
        });
    }
    let answered = asking.join_all().await;
    let failed = failed_attempts(&gateway).await;
    let mut wrong = String::new();
    for (cell, told) in &answered {
        let id = told.header("x-request-id").unwrap();
        let mut found = cell.check(told, &gateway.logged(&[id, "\"outcome\""]));
        let counted = failed.get(&cell.bad_id()).copied().unwrap_or_default();
        if counted != cell.attempts_at_bad() {
            writeln!(found, "  metrics: {counted}").unwrap();
        }
        if !found.is_empty() {
            let Told { status, text, .. } = told;
            writeln!(wrong, "{}\n{found}  {status} {text}", cell.name).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    let secure = answered.iter().filter(|(cell, _)| cell.name.starts_with("tls/"));
    assert_eq!(untrusted.connections(), secure.map(|(cell, _)| cell.attempts_at_bad()).sum::<usize>());
}
