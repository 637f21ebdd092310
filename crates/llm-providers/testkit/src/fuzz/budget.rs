//! How long a body is run: by a count, or by the clock.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place where the kit reads the environment and the clock"
)]

use std::io::Write as _;
use std::time::{Duration, Instant};

/// What one run may take.
pub(super) struct Budget {
    began: Instant,
    time: Option<Duration>,
}

impl Budget {
    /// Begins now.
    pub(super) fn begin() -> Self {
        let time = number("LLM_FUZZ_MILLISECONDS").map(Duration::from_millis);
        Self { began: Instant::now(), time }
    }

    /// Whether there is another turn.
    pub(super) fn lasts(&self, turn: u64, iterations: u64) -> bool {
        match self.time {
            Some(time) => self.began.elapsed() < time,
            None => turn < iterations,
        }
    }

    /// Tells how many inputs there were.
    pub(super) fn report(&self, inputs: u64) {
        let Some(file) = std::env::var_os("LLM_FUZZ_REPORT") else { return };
        let line = format!("{inputs} {}\n", self.began.elapsed().as_millis());
        // One write, so that the lines of several processes stay whole.
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}

/// A number out of the environment, with `0x` before it where it is hexadecimal, as the seed of a failure is told.
pub(super) fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(parsed(&text).unwrap_or_else(|| panic!("{variable} is no number")))
}

fn parsed(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_both_kinds() {
        assert_eq!(parsed("12"), Some(12));
        assert_eq!(parsed("0x11ad5eed"), Some(crate::fuzz::SEED));
        assert_eq!(parsed("0x"), None);
        assert_eq!(parsed("ten"), None);
    }
}
