//! Figures, verdicts, and how they are printed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Effort,
    lab::Subject,
    scenario::{BOOKED_LIMIT, Limit, MINIMAL_OVER_NGINX, QUICK_LIMIT, Scenario},
    stats::{Spread, float},
};

/// One subject in one round.
#[derive(Debug, Serialize)]
pub(super) struct Measure {
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) first_error: Option<String>,
    pub(super) requests_per_s: f64,
    pub(super) events_per_request: f64,
    pub(super) cpu_us_per_request: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) first_event_p50_us: Option<f64>,
    pub(super) first_event_p99_us: Option<f64>,
    pub(super) peak_kib: u64,
    pub(super) entries: Option<Entries>,
}

/// What stands in the ledger of what was answered.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Entries {
    pub(super) answered: u64,
    pub(super) booked: u64,
}

/// What was measured one after the other, and may be compared.
pub(super) type Round = BTreeMap<Subject, Measure>;

/// All rounds of a scenario.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) scenario: Scenario,
    pub(super) rounds: Vec<Round>,
}

/// The gateway at rest.
#[derive(Debug, Serialize)]
pub(super) struct Footprint {
    pub(super) start_ms: Option<Spread>,
    pub(super) idle_kib: Option<Spread>,
    pub(super) binary_bytes: u64,
}

/// A limit, and what was found.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) what: String,
    pub(super) value: f64,
    pub(super) limit: f64,
    pub(super) unit: &'static str,
    pub(super) passed: bool,
}

/// A whole run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) quick: bool,
    pub(super) rounds: usize,
    pub(super) seconds: f64,
    pub(super) cores: usize,
    pub(super) footprint: Option<Footprint>,
    pub(super) scenarios: Vec<Figures>,
    pub(super) verdicts: Vec<Verdict>,
}

impl Figures {
    /// A figure of one subject over the rounds.
    fn spread(&self, subject: Subject, read: impl Fn(&Measure) -> f64) -> Option<Spread> {
        Spread::of(self.rounds.iter().filter_map(|round| round.get(&subject)).map(read))
    }

    /// Processor time of one subject over another's in the same round.
    pub(super) fn ratio(&self, of: Subject, over: Subject) -> Option<Spread> {
        let cpu = |round: &Round, subject| Some(round.get(&subject)?.cpu_us_per_request);
        Spread::of(self.rounds.iter().filter_map(|round| Some(cpu(round, of)? / cpu(round, over)?)))
    }

    /// What a subject adds to a time of the direct way in the same round.
    fn added(&self, subject: Subject, read: impl Fn(&Measure) -> Option<f64>) -> Option<Spread> {
        let time = |round: &Round, subject| read(round.get(&subject)?);
        let differences = self
            .rounds
            .iter()
            .filter_map(|round| Some(time(round, subject)? - time(round, Subject::Direct)?));
        Spread::of(differences)
    }

    /// What all rounds together have in the ledger.
    fn entries(&self, subject: Subject) -> Option<Entries> {
        let found = self.rounds.iter().filter_map(|round| round.get(&subject)?.entries);
        found.reduce(|all, entries| Entries {
            answered: all.answered + entries.answered,
            booked: all.booked + entries.booked,
        })
    }

    fn errors(&self) -> u64 {
        self.rounds.iter().flat_map(Round::values).map(|measure| measure.errors).sum()
    }
}

impl Report {
    pub(super) fn new(effort: &Effort, quick: bool) -> Self {
        Self {
            quick,
            rounds: effort.rounds,
            seconds: effort.seconds,
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            footprint: None,
            scenarios: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    pub(super) fn passed(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.passed)
    }

    /// Holds the figures against the limits.
    pub(super) fn judge(&mut self) {
        let mut verdicts = Vec::new();
        for figures in &self.scenarios {
            let name = figures.scenario.name;
            let errors = figures.errors();
            if errors > 0 {
                verdicts.push(at_most(format!("{name}: failed requests"), float(errors), 0.0, ""));
            }
            verdicts.extend(figures.entries(Subject::Booked).map(|entries| {
                let wrong = entries.booked.abs_diff(entries.answered);
                at_most(format!("{name}: entries too many or too few"), float(wrong), 0.0, "")
            }));
            let ratio = figures.ratio(Subject::Gateway, Subject::Minimal).map(|found| found.median);
            if self.quick {
                let limited = ratio.filter(|_| name == "plain");
                verdicts.extend(
                    limited.map(|found| at_most(format!("{name}: CPU"), found, QUICK_LIMIT, "x minimal")),
                );
                continue;
            }
            let first_event = figures.added(Subject::Gateway, |measure| measure.first_event_p50_us);
            verdicts.extend(match figures.scenario.limit {
                Some(Limit::RequestRatio(limit)) => {
                    ratio.map(|found| at_most(format!("{name}: CPU"), found, limit, "x minimal"))
                }
                Some(Limit::EventRatio(limit)) => {
                    ratio.map(|found| at_most(format!("{name}: CPU per event"), found, limit, "x minimal"))
                }
                Some(Limit::AddedFirstEventUs(limit)) => {
                    first_event.map(|found| at_most(format!("{name}: added"), found.median, limit, "us"))
                }
                None => None,
            });
            let booked = figures.ratio(Subject::Booked, Subject::Minimal).filter(|_| name == "plain");
            verdicts.extend(booked.map(|found| {
                at_most(format!("{name}: CPU, all on"), found.median, BOOKED_LIMIT, "x minimal")
            }));
            let nginx = figures.ratio(Subject::Minimal, Subject::Nginx).filter(|_| name == "plain");
            verdicts.extend(nginx.map(|found| {
                at_most(
                    "plain: CPU of the minimal proxy".to_owned(),
                    found.median,
                    MINIMAL_OVER_NGINX,
                    "x nginx",
                )
            }));
        }
        if let Some(footprint) = self.footprint.as_ref().filter(|_| !self.quick) {
            let idle = footprint.idle_kib.map(|found| found.median / 1024.0);
            verdicts
                .extend(idle.map(|found| at_most("resident memory at rest".to_owned(), found, 20.0, "MiB")));
            let start = footprint.start_ms.map(|found| found.median);
            verdicts
                .extend(start.map(|found| at_most("start to first answer".to_owned(), found, 500.0, "ms")));
            let size = float(footprint.binary_bytes) / 1024.0 / 1024.0;
            verdicts.push(at_most("stripped binary".to_owned(), size, 25.0, "MiB"));
        }
        self.verdicts = verdicts;
    }
}

fn at_most(what: String, value: f64, limit: f64, unit: &'static str) -> Verdict {
    Verdict { what, value, limit, unit, passed: value <= limit }
}

/// The table of one scenario.
pub(super) fn print_scenario(figures: &Figures) {
    let scenario = &figures.scenario;
    let (client, upstream) = (scenario.client.name(), scenario.upstream.name());
    println!(
        "\n{}: {client} client, {upstream} upstream, {} connections, {} B prompt{}",
        scenario.name,
        scenario.connections,
        scenario.prompt_bytes,
        if scenario.stream { ", stream" } else { "" }
    );
    println!(
        "  {:<9}{:>9}{:>8}{:>14}{:>10}{:>10}{:>10}{:>10}{:>9}{:>8}  ledger",
        "", "CPU us", "ratio", "(min-max)", "req/s", "p50 us", "p99 us", "event us", "events", "MiB"
    );
    for subject in [Subject::Direct, Subject::Minimal, Subject::Nginx, Subject::Gateway, Subject::Booked] {
        print_subject(figures, subject);
    }
    if scenario.compares_latency() {
        for subject in [Subject::Minimal, Subject::Nginx, Subject::Gateway] {
            print_added(figures, subject);
        }
    }
    let failed = figures.rounds.iter().flat_map(Round::iter).find(|(_, measure)| measure.errors > 0);
    if let Some((subject, measure)) = failed {
        let why = measure.first_error.as_deref().unwrap_or_default();
        println!("  {}: {} failed requests, the first: {why}", label(*subject), measure.errors);
    }
}

fn print_subject(figures: &Figures, subject: Subject) {
    let median = |read: &dyn Fn(&Measure) -> f64| {
        figures.spread(subject, read).map_or_else(String::new, |found| format!("{:.1}", found.median))
    };
    let Some(events) = figures.spread(subject, |measure| measure.events_per_request) else { return };
    let ratio = figures.ratio(subject, Subject::Minimal).filter(|_| subject != Subject::Direct);
    let first_event = figures.rounds.iter().filter_map(|round| round.get(&subject)?.first_event_p50_us);
    println!(
        "  {:<9}{:>9}{:>8}{:>14}{:>10}{:>10}{:>10}{:>10}{:>9.0}{:>8}  {}",
        label(subject),
        if subject == Subject::Direct {
            String::new()
        } else {
            median(&|measure| measure.cpu_us_per_request)
        },
        ratio.map_or_else(String::new, |found| format!("{:.2}", found.median)),
        ratio.map_or_else(String::new, |found| format!("{:.2}-{:.2}", found.min, found.max)),
        median(&|measure| measure.requests_per_s),
        median(&|measure| measure.p50_us),
        median(&|measure| measure.p99_us),
        Spread::of(first_event).map_or_else(String::new, |found| format!("{:.1}", found.median)),
        events.median,
        median(&|measure| float(measure.peak_kib) / 1024.0),
        figures.entries(subject).map_or_else(String::new, |found| {
            format!("{} entries of {} answers", found.booked, found.answered)
        }),
    );
}

fn print_added(figures: &Figures, subject: Subject) {
    let show =
        |added: Option<Spread>| added.map_or_else(|| "-".to_owned(), |found| format!("{:.1}", found.median));
    let p50 = figures.added(subject, |measure| Some(measure.p50_us));
    if p50.is_none() {
        return;
    }
    println!(
        "  {} adds: p50 {} us, p99 {} us, first event p50 {} us, p99 {} us",
        label(subject),
        show(p50),
        show(figures.added(subject, |measure| Some(measure.p99_us))),
        show(figures.added(subject, |measure| measure.first_event_p50_us)),
        show(figures.added(subject, |measure| measure.first_event_p99_us)),
    );
}

const fn label(subject: Subject) -> &'static str {
    match subject {
        Subject::Direct => "direct",
        Subject::Minimal => "minimal",
        Subject::Nginx => "nginx",
        Subject::Gateway => "gateway",
        Subject::Booked => "all on",
    }
}

/// Limits and verdicts.
pub(super) fn print_summary(report: &Report) {
    println!(
        "\n{} rounds of {} s, {} cores; medians, ratios of the same round",
        report.rounds, report.seconds, report.cores
    );
    for verdict in &report.verdicts {
        println!(
            "{}  {:<42}{:>9.2}  limit {} {}",
            if verdict.passed { "PASS" } else { "FAIL" },
            verdict.what,
            verdict.value,
            verdict.limit,
            verdict.unit
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::scenario;

    const EFFORT: Effort = Effort { rounds: 1, seconds: 1.0, starts: 1 };

    fn measure(cpu_us: f64, first_event_us: f64) -> Measure {
        Measure {
            requests: 100,
            errors: 0,
            first_error: None,
            requests_per_s: 100.0,
            events_per_request: 0.0,
            cpu_us_per_request: cpu_us,
            p50_us: 1.0,
            p99_us: 2.0,
            first_event_p50_us: Some(first_event_us),
            first_event_p99_us: Some(first_event_us),
            peak_kib: 1024,
            entries: None,
        }
    }

    /// A run of one scenario whose gateway costs `times` the minimal proxy and adds `added_us`.
    fn report(name: &str, quick: bool, times: f64, added_us: f64) -> Report {
        let scenario = *scenario::ALL.iter().find(|scenario| scenario.name == name).expect("a scenario");
        let round = |cpu: f64| {
            Round::from([
                (Subject::Direct, measure(0.0, 50.0)),
                (Subject::Minimal, measure(cpu, 60.0)),
                (Subject::Gateway, measure(cpu * times, 50.0 + added_us)),
            ])
        };
        let mut report = Report::new(&EFFORT, quick);
        // The machine was twice as slow in one round; the ratios do not see it.
        report.scenarios = vec![Figures { scenario, rounds: vec![round(10.0), round(20.0)] }];
        report.judge();
        report
    }

    #[test]
    fn limits_are_kept_and_broken() {
        assert!(report("plain", false, 1.5, 0.0).passed());
        assert!(!report("plain", false, 1.51, 0.0).passed());
        assert!(report("stream-burst", false, 1.15, 0.0).passed());
        assert!(!report("stream-burst", false, 1.16, 0.0).passed());
        assert!(report("first-event", false, 9.0, 200.0).passed());
        assert!(!report("first-event", false, 9.0, 201.0).passed());
    }

    #[test]
    fn the_short_form_fails_only_beyond_its_one_limit() {
        assert!(report("plain", true, 2.5, 0.0).passed());
        assert!(!report("plain", true, 2.51, 0.0).passed());
        assert!(report("stream-burst", true, 9.0, 0.0).passed());
    }

    #[test]
    fn failed_requests_and_a_slow_yardstick_fail() {
        let mut failing = report("latency", false, 1.0, 0.0);
        failing.scenarios[0].rounds[0].get_mut(&Subject::Gateway).expect("measured").errors = 1;
        failing.judge();
        assert!(!failing.passed());
        let mut slow = report("plain", false, 1.0, 0.0);
        slow.scenarios[0].rounds[1].insert(Subject::Nginx, measure(9.9, 0.0));
        slow.judge();
        assert!(!slow.passed());
    }

    #[test]
    fn what_is_booked_has_a_limit_and_is_counted() {
        let judged = |times: f64, entries: Entries| {
            let mut report = report("plain", false, 1.0, 0.0);
            let all_on = Measure { entries: Some(entries), ..measure(20.0 * times, 0.0) };
            report.scenarios[0].rounds[1].insert(Subject::Booked, all_on);
            report.judge();
            report.passed()
        };
        assert!(judged(2.0, Entries { answered: 100, booked: 100 }));
        assert!(!judged(2.01, Entries { answered: 100, booked: 100 }));
        assert!(!judged(2.0, Entries { answered: 100, booked: 99 }));
        assert!(!judged(2.0, Entries { answered: 100, booked: 101 }));
    }

    #[test]
    fn the_footprint_has_limits() {
        let spread = |value| Spread::of([value]);
        let with = |start, idle, bytes| {
            let mut report = Report::new(&EFFORT, false);
            let (start_ms, idle_kib) = (spread(start), spread(idle));
            report.footprint = Some(Footprint { start_ms, idle_kib, binary_bytes: bytes });
            report.judge();
            report.passed()
        };
        assert!(with(499.0, 20_000.0, 25 << 20));
        assert!(!with(501.0, 20_000.0, 25 << 20));
        assert!(!with(499.0, 20_500.0, 25 << 20));
        assert!(!with(499.0, 20_000.0, 26 << 20));
    }
}
