//! Memory under a load that goes on: everything on, whole answers and streams in turn.

use std::time::Duration;

use anyhow::ensure;

use super::{
    Lab, process,
    scenario::{SOAK, Scenario},
    stats::{Spread, float},
};
use crate::clock;

/// Seconds of one turn of a scenario.
const TURN_S: f64 = 5.0;
/// What the last quarter may hold of what the second one did: memory that grows without end grows by more in half the time.
const GROWTH: f64 = 1.05;
/// KiB that it may be more in any case: a page here and there.
const SLACK_KIB: f64 = 2048.0;

/// What was held, from turn to turn.
struct Held {
    turns_kib: Vec<f64>,
    requests: u64,
    errors: u64,
    entries: u64,
}

/// Loads the gateway for some seconds, with everything on; prints what it held, and says whether that stayed level and every
/// answer was booked.
pub(super) fn run(lab: &Lab, seconds: f64) -> anyhow::Result<bool> {
    ensure!(seconds >= 8.0 * TURN_S, "less than {} s tell nothing of growth", 8.0 * TURN_S);
    let running = lab.start()?;
    let held = hold(&running, seconds)?;
    println!("resident memory with everything on, MiB, from turn to turn:");
    for ten in held.turns_kib.chunks(10) {
        let line: Vec<_> = ten.iter().map(|kib| format!("{:6.1}", kib / 1024.0)).collect();
        println!("  {}", line.join(" "));
    }
    let (early, late) = halves(&held.turns_kib);
    println!(
        "{} requests, {} errors, {} entries; second quarter {:.1} MiB, last quarter {:.1} MiB",
        held.requests,
        held.errors,
        held.entries,
        early / 1024.0,
        late / 1024.0
    );
    Ok(held.errors == 0 && held.entries == held.requests && is_level(early, late))
}

fn hold(running: &super::lab::Running, seconds: f64) -> anyhow::Result<Held> {
    let mut held = Held { turns_kib: Vec::new(), requests: 0, errors: 0, entries: 0 };
    let before = running.booked_entries()?;
    let (began, until) = (clock::now(), Duration::from_secs_f64(seconds));
    let scenarios: &[Scenario] = SOAK;
    for scenario in scenarios.iter().cycle() {
        if began.elapsed() >= until {
            break;
        }
        let measured = running.load_booked(scenario, TURN_S)?;
        held.requests += measured.requests;
        held.errors += measured.errors;
        held.turns_kib.push(float(process::resident_kib(running.booked_pid()?)?));
    }
    held.entries = running.booked_entries()? - before;
    Ok(held)
}

/// The medians of the second quarter and of the last.
fn halves(turns: &[f64]) -> (f64, f64) {
    let quarter = turns.len() / 4;
    let median = |part: &[f64]| Spread::of(part.iter().copied()).map_or(f64::NAN, |spread| spread.median);
    (median(&turns[quarter..quarter * 2]), median(&turns[turns.len() - quarter..]))
}

fn is_level(early_kib: f64, late_kib: f64) -> bool {
    late_kib <= early_kib * GROWTH + SLACK_KIB
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_settles_is_level_and_what_goes_on_growing_is_not() {
        let settles: Vec<f64> = (0..40).map(|turn| 60_000.0 - 30_000.0 / f64::from(turn + 1)).collect();
        let (early, late) = halves(&settles);
        assert!(is_level(early, late), "{early} {late}");
        let grows: Vec<f64> = (0..40).map(|turn| 30_000.0 + 500.0 * f64::from(turn)).collect();
        let (early, late) = halves(&grows);
        assert!(!is_level(early, late), "{early} {late}");
    }
}
