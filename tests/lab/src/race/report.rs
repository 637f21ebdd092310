//! What was overspent and what was of use, at each level: by the vendor's record, and by the ledger.

use std::collections::BTreeMap;
use std::fmt;

use super::lanes::Lane;
use crate::books::Books;
use crate::scene::price;
use crate::vendor::Served;

/// The race, as it ended.
#[derive(Debug, Clone)]
pub struct Report {
    /// Each level with a budget.
    pub levels: Vec<LevelReport>,
    /// How many answers had which status; 0 for clients that went away first.
    pub statuses: BTreeMap<u16, usize>,
    /// Requests that looked for what was left.
    pub sweeps: usize,
    /// Sums by day that are not those of the entries.
    pub wrong: Vec<String>,
}

/// One level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelReport {
    /// `key`, `user`, `team`, `organization`, `tag`.
    pub level: &'static str,
    /// Its budget, in nano-dollars.
    pub budget_nanos: i64,
    /// What the vendor has produced, at its price.
    pub produced_nanos: i64,
    /// What the ledger says.
    pub booked_nanos: i64,
}

impl LevelReport {
    /// What was spent beyond the budget, by whoever says more.
    pub fn overspent_nanos(&self) -> i64 {
        (self.produced_nanos.max(self.booked_nanos) - self.budget_nanos).max(0)
    }

    /// How much of the budget was of use, in thousandths.
    pub fn used_permille(&self) -> i64 {
        self.booked_nanos * 1_000 / self.budget_nanos.max(1)
    }
}

impl Report {
    pub(super) fn of(
        lanes: &[Lane],
        statuses: &[u16],
        sweeps: usize,
        served: &[Served],
        books: &Books,
    ) -> Self {
        let levels = lanes.iter().map(|lane| {
            let of_lane = |name: &str| name.split('-').nth(1) == Some(lane.level);
            let produced = served.iter().filter(|leg| of_lane(&leg.name));
            LevelReport {
                level: lane.level,
                budget_nanos: lane.budget_nanos,
                produced_nanos: produced.map(produced_nanos).sum(),
                booked_nanos: books
                    .entries
                    .iter()
                    .filter(|entry| of_lane(&entry.name))
                    .map(|entry| entry.nanos)
                    .sum(),
            }
        });
        let mut counted = BTreeMap::new();
        for status in statuses {
            *counted.entry(*status).or_default() += 1;
        }
        Self { levels: levels.collect(), statuses: counted, sweeps, wrong: books.wrong_days() }
    }

    /// No level was overspent, each was of use to 98 % at least, and the sums are right.
    pub fn is_right(&self) -> bool {
        let is_well = |level: &LevelReport| level.overspent_nanos() == 0 && level.used_permille() >= 980;
        self.levels.iter().all(is_well) && self.wrong.is_empty()
    }
}

/// What a leg cost the vendor. An answer that was not streamed and that nobody waited for has cost nothing that anybody
/// can tell.
fn produced_nanos(leg: &Served) -> i64 {
    if leg.status == 200 && leg.produced_tokens > 0 {
        price(leg.prompt_tokens, leg.produced_tokens)
    } else {
        0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "level           budget nanos   vendor's nanos   ledger's nanos   overspent    used")?;
        for level in &self.levels {
            let permille = level.used_permille();
            writeln!(
                f,
                "{:<13}{:>15}{:>17}{:>17}{:>12}{:>5}.{} %",
                level.level,
                level.budget_nanos,
                level.produced_nanos,
                level.booked_nanos,
                level.overspent_nanos(),
                permille / 10,
                permille % 10
            )?;
        }
        writeln!(
            f,
            "answers by status {:?}, then {} requests for what was left",
            self.statuses, self.sweeps
        )?;
        for wrong in &self.wrong {
            writeln!(f, "WRONG {wrong}")?;
        }
        f.write_str(if self.is_right() { "right" } else { "WRONG" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_that_is_overspent_or_left_over_is_seen() {
        let level = |produced_nanos, booked_nanos| LevelReport {
            level: "key",
            budget_nanos: 1_000,
            produced_nanos,
            booked_nanos,
        };
        let report =
            |level| Report { levels: vec![level], statuses: BTreeMap::new(), sweeps: 0, wrong: vec![] };
        assert!(report(level(990, 1_000)).is_right());
        for wrong in [level(1_001, 1_000), level(990, 1_001), level(970, 970)] {
            assert!(!report(wrong).is_right());
        }
        assert_eq!(level(1_001, 990).overspent_nanos(), 1);
        let mut wrong = report(level(990, 1_000));
        wrong.wrong.push("sums".into());
        assert!(!wrong.is_right());
    }
}
