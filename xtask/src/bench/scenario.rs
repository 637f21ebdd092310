//! What is asked, and what it may cost.

use anyhow::bail;
use serde::Serialize;

/// Whose wire is spoken, on one side of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Dialect {
    Openai,
    Anthropic,
}

impl Dialect {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
        }
    }

    /// The name that the upstream knows its model by, before the suffix.
    pub(super) const fn upstream_model(self) -> &'static str {
        match self {
            Self::Openai => "bench",
            Self::Anthropic => "claude-bench",
        }
    }
}

/// What a scenario shows to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Limit {
    /// Processor time of the gateway over that of the minimal proxy, per request.
    RequestRatio(f64),
    /// The same for a stream; both see the same number of events, so this is the ratio per event too.
    EventRatio(f64),
    /// Microseconds that the gateway adds to the first event, at one connection.
    AddedFirstEventUs(f64),
}

/// One way of asking.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) client: Dialect,
    pub(super) upstream: Dialect,
    pub(super) connections: usize,
    pub(super) prompt_bytes: usize,
    pub(super) stream: bool,
    /// What follows the model's name: `c` content events, `p` ms between them, `d` ms before the answer.
    pub(super) suffix: &'static str,
    pub(super) limit: Option<Limit>,
    /// Whether it is measured with everything on as well.
    pub(super) is_booked: bool,
    /// Whether the short form has it.
    pub(super) quick: bool,
}

use Dialect::{Anthropic, Openai};

/// 64 connections, 512 bytes, whole answers; the others differ from this one.
const PLAIN: Scenario = Scenario {
    name: "plain",
    client: Openai,
    upstream: Openai,
    connections: 64,
    prompt_bytes: 512,
    stream: false,
    suffix: "",
    limit: Some(Limit::RequestRatio(1.5)),
    is_booked: false,
    quick: true,
};

/// The short form fails only beyond this, and only for [`PLAIN`].
pub(super) const QUICK_LIMIT: f64 = 2.5;
/// With keys, limits, budgets and the ledger on, [`PLAIN`] costs at most this many times the minimal proxy.
pub(super) const BOOKED_LIMIT: f64 = 2.0;
/// The minimal proxy itself is held to this many times nginx, at [`PLAIN`].
pub(super) const MINIMAL_OVER_NGINX: f64 = 2.0;

pub(super) const ALL: &[Scenario] = &[
    Scenario { is_booked: true, ..PLAIN },
    Scenario { name: "plain-anthropic", client: Anthropic, upstream: Anthropic, quick: false, ..PLAIN },
    Scenario {
        name: "stream-burst",
        connections: 32,
        stream: true,
        suffix: "-c100",
        limit: Some(Limit::EventRatio(1.15)),
        is_booked: true,
        ..PLAIN
    },
    Scenario {
        name: "stream-paced",
        stream: true,
        suffix: "-c100-p5",
        limit: Some(Limit::EventRatio(1.15)),
        quick: false,
        ..PLAIN
    },
    Scenario { name: "prompt-1mib", connections: 8, prompt_bytes: 1 << 20, quick: false, ..PLAIN },
    Scenario { name: "connections-1000", connections: 1000, suffix: "-d60", quick: false, ..PLAIN },
    Scenario {
        name: "openai-to-anthropic",
        upstream: Anthropic,
        limit: Some(Limit::RequestRatio(2.5)),
        ..PLAIN
    },
    Scenario {
        name: "anthropic-to-openai",
        client: Anthropic,
        limit: Some(Limit::RequestRatio(2.5)),
        quick: false,
        ..PLAIN
    },
    Scenario {
        name: "stream-openai-to-anthropic",
        upstream: Anthropic,
        connections: 32,
        stream: true,
        suffix: "-c100",
        limit: None,
        quick: false,
        ..PLAIN
    },
    Scenario {
        name: "stream-anthropic-to-openai",
        client: Anthropic,
        connections: 32,
        stream: true,
        suffix: "-c100",
        limit: None,
        quick: false,
        ..PLAIN
    },
    Scenario { name: "latency", connections: 1, limit: None, quick: false, ..PLAIN },
    Scenario {
        name: "first-event",
        connections: 1,
        stream: true,
        suffix: "-c10",
        limit: Some(Limit::AddedFirstEventUs(200.0)),
        quick: false,
        ..PLAIN
    },
];

/// A moderate load that can go on for long: some hundred requests a second, and streams that are read slowly.
pub(super) const SOAK: &[Scenario] = &[
    Scenario { name: "soak-plain", connections: 8, suffix: "-d20", limit: None, ..PLAIN },
    Scenario { name: "soak-stream", stream: true, suffix: "-c100-p5", limit: None, ..PLAIN },
    Scenario {
        name: "soak-translated",
        upstream: Anthropic,
        connections: 8,
        suffix: "-d20",
        limit: None,
        ..PLAIN
    },
];

/// The scenarios of a run: those named, else all, or those of the short form.
pub(super) fn chosen(quick: bool, only: &[String]) -> anyhow::Result<Vec<&'static Scenario>> {
    if let Some(unknown) = only.iter().find(|name| ALL.iter().all(|scenario| scenario.name != **name)) {
        let names: Vec<&str> = ALL.iter().map(|scenario| scenario.name).collect();
        bail!("no scenario {unknown:?}; there are {}", names.join(", "));
    }
    let wanted = |scenario: &&Scenario| match only {
        [] => scenario.quick || !quick,
        _ => only.iter().any(|name| name == scenario.name),
    };
    Ok(ALL.iter().filter(wanted).collect())
}

impl Scenario {
    /// The model that clients ask a proxy for.
    pub(super) fn model(&self) -> String {
        format!("bench-{}{}", self.upstream.name(), self.suffix)
    }

    /// The model that the upstream of a dialect sees.
    pub(super) fn upstream_model(&self, dialect: Dialect) -> String {
        format!("{}{}", dialect.upstream_model(), self.suffix)
    }

    pub(super) fn is_same_dialect(&self) -> bool {
        self.client == self.upstream
    }

    /// With one connection nothing waits, so latency beside a direct one means something.
    pub(super) const fn compares_latency(&self) -> bool {
        self.connections == 1
    }

    /// Sockets that one process holds, with room for the rest.
    pub(super) const fn open_files(&self) -> u64 {
        self.connections as u64 * 2 + 100
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_every_limit_of_the_issue_has_a_scenario() {
        let names: BTreeSet<_> = ALL.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), ALL.len());
        for limit in [
            Limit::RequestRatio(1.5),
            Limit::RequestRatio(2.5),
            Limit::EventRatio(1.15),
            Limit::AddedFirstEventUs(200.0),
        ] {
            assert!(ALL.iter().any(|scenario| scenario.limit == Some(limit)), "{limit:?}");
        }
    }

    #[test]
    fn scenarios_are_chosen_by_name_or_by_form() {
        let names = |quick, only: &[&str]| -> Vec<&str> {
            let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
            chosen(quick, &only).expect("known names").iter().map(|scenario| scenario.name).collect()
        };
        assert_eq!(names(false, &[]).len(), ALL.len());
        assert_eq!(names(true, &[]), ["plain", "stream-burst", "openai-to-anthropic"]);
        assert_eq!(names(true, &["latency"]), ["latency"]);
        assert!(chosen(false, &["plane".to_owned()]).is_err());
    }
}
