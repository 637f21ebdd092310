//! One grid: the same scenarios for every vendor, told by fixtures in the vendor's own wire.
//!
//! The fixtures of all vendors tell the same story ([`facts`]), so what comes out can be compared with one
//! expectation. What a vendor lacks is declared as a skip, with a reason, and must match its
//! [`Capabilities`](llm_provider_core::Capabilities).

mod check;
pub mod facts;
mod fixtures;
mod scenario;

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use http::HeaderMap;
use llm_provider_core::{Call, Credential, Provider, Secret};

use crate::corpus::corpus;
use crate::laws::{Equivalence, encode_is_stable, no_silent_loss};

use check::check;
use fixtures::Fixtures;
pub use scenario::Scenario;

/// A vendor under test.
pub struct Vendor<'a> {
    /// The vendor.
    pub provider: &'a dyn Provider,
    /// The folder with its fixtures: `<scenario>.response.*`, `<scenario>.stream.*`, `<scenario>.error.json`.
    pub fixtures: &'a Path,
    /// A model's name at the vendor.
    pub model: &'a str,
    /// The text at which a stream counts as complete, such as `data: [DONE]`.
    pub terminal: &'a str,
    /// Events that the vendor does not send today, as whole frames, such as
    /// `event: new\ndata: {"type":"new"}\n\n`. Comments and frames without data are tried without asking.
    pub junk: &'a [&'a str],
    /// What is left out, and why.
    pub skips: &'a [(Scenario, &'a str)],
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The vendor.
    pub vendor: String,
    /// Scenarios that hold.
    pub passed: Vec<Scenario>,
    /// Scenarios that were left out, and why.
    pub skipped: Vec<(Scenario, String)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} passed, {} skipped", self.vendor, self.passed.len(), self.skipped.len())?;
        for (scenario, reason) in &self.skipped {
            write!(f, "\n  {} skipped: {reason}", scenario.name())?;
        }
        Ok(())
    }
}

/// Runs every scenario that is not skipped.
///
/// # Panics
/// If one does not hold, a skip does not match the vendor's capabilities, or a fixture belongs to no
/// scenario; says all failures at once.
#[track_caller]
pub fn run(vendor: &Vendor<'_>) -> Report {
    let fixtures = Fixtures::read(vendor.fixtures);
    let mut failures = undeclared(vendor, &fixtures);
    assert!(failures.is_empty(), "\n\n{}\n", failures.join("\n\n"));
    let mut report =
        Report { vendor: vendor.provider.info().id.to_string(), passed: Vec::new(), skipped: Vec::new() };
    for scenario in Scenario::ALL {
        let skip = vendor.skips.iter().find(|(skipped, _)| *skipped == scenario);
        let held = match skip {
            Some(_) => caught(|| check::lack_is_said(vendor, scenario)),
            None => caught(|| check(vendor, &fixtures, scenario)),
        };
        match (held, skip) {
            (Err(message), _) => failures.push(format!("{scenario}: {message}")),
            (Ok(()), Some((_, reason))) => report.skipped.push((scenario, (*reason).to_owned())),
            (Ok(()), None) => report.passed.push(scenario),
        }
    }
    assert!(failures.is_empty(), "{report}\n\n{}\n", failures.join("\n\n"));
    report
}

/// Where skips, capabilities and fixtures do not match.
fn undeclared(vendor: &Vendor<'_>, fixtures: &Fixtures) -> Vec<String> {
    let mut failures = Vec::new();
    for scenario in Scenario::ALL {
        let skips: Vec<_> = vendor.skips.iter().filter(|(skipped, _)| *skipped == scenario).collect();
        let why = match (scenario.is_possible(&vendor.provider.info().capabilities), skips.as_slice()) {
            (_, [_, _, ..]) => "skipped twice",
            (Some(true), [_]) => "skipped, but the capabilities claim it",
            (Some(false), []) => "neither among the capabilities nor skipped",
            (None, [_]) if !scenario.may_be_skipped() => "skipped, but every vendor has it",
            (_, [(_, "")]) => "skipped without a reason",
            (_, [_]) if fixtures.has(scenario) => "skipped, but there is a fixture for it",
            _ => continue,
        };
        failures.push(format!("{scenario}: {why}"));
    }
    failures.extend(fixtures.orphans().iter().map(|name| format!("fixture {name} belongs to no scenario")));
    failures
}

/// The whole corpus through a vendor's encoder: each request is written the same way every time and loses
/// nothing in silence, or is refused with a place and a reason. Gives the names of the refused ones.
///
/// # Panics
/// If it does not hold; says all failures at once.
#[track_caller]
pub fn run_corpus(
    provider: &dyn Provider,
    model: &str,
    equivalences: &[Equivalence],
) -> BTreeSet<&'static str> {
    let chat = provider.chat().expect("the vendor has chat");
    let mut failures = Vec::new();
    let mut refused = BTreeSet::new();
    with_call(provider, model, |call| {
        for case in corpus() {
            let request = case.request();
            let tried = caught(|| {
                encode_is_stable(chat, &request, call);
                no_silent_loss(chat, &request, call, equivalences);
                chat.encode(&request, call).is_err()
            });
            match tried {
                Ok(false) => {}
                Ok(true) => {
                    refused.insert(case.name);
                }
                Err(message) => failures.push(format!("{}: {message}", case.name)),
            }
        }
    });
    assert!(
        failures.is_empty(),
        "{} of {} requests fail\n\n{}\n",
        failures.len(),
        corpus().len(),
        failures.join("\n\n")
    );
    refused
}

/// Calls `then` with a call as the gateway would make it: a key that is none, the vendor's usual address.
pub fn with_call<T>(provider: &dyn Provider, model: &str, then: impl FnOnce(&Call<'_>) -> T) -> T {
    let headers = HeaderMap::new();
    let credential = Credential::Key(Secret::new("test-key"));
    let mut call = Call::new(model, &headers);
    call.credential = Some(&credential);
    call.default_max_tokens = Some(1024);
    if provider.info().base_url.is_empty() {
        call.base_url = Some("https://vendor.invalid/v1");
    }
    then(&call)
}

/// What a check panics with, so that one failure does not hide the others.
pub(crate) fn caught<T>(check: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(check)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked").to_owned()
    })
}

#[cfg(test)]
mod tests;
