//! Percentiles of measured times.

use serde::Serialize;

/// What a set of measured times comes to, in microseconds with fractions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// Half were faster.
    pub p50_us: f64,
    /// Nine in ten were faster.
    pub p90_us: f64,
    /// All but one in a hundred were faster.
    pub p99_us: f64,
    /// The slowest.
    pub max_us: f64,
}

impl Percentiles {
    /// Sorts the times, in nanoseconds, and reads the percentiles (nearest rank). `None` without any.
    #[must_use]
    pub fn of(nanos: &mut [u64]) -> Option<Self> {
        nanos.sort_unstable();
        let last = nanos.len().checked_sub(1)?;
        let rank = |percent: usize| micros(nanos[(nanos.len() * percent).div_ceil(100).saturating_sub(1)]);
        Some(Self { p50_us: rank(50), p90_us: rank(90), p99_us: rank(99), max_us: micros(nanos[last]) })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a request takes less than 2^52 nanoseconds")]
fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest() {
        let mut times: Vec<u64> = (1..=100).rev().map(|n| n * 1000).collect();
        let found = Percentiles::of(&mut times).expect("not empty");
        assert_eq!(found, Percentiles { p50_us: 50.0, p90_us: 90.0, p99_us: 99.0, max_us: 100.0 });
    }

    #[test]
    fn one_time_is_every_percentile_and_none_is_no_answer() {
        let one = Percentiles::of(&mut [7000]).expect("not empty");
        assert_eq!((one.p50_us, one.p99_us, one.max_us), (7.0, 7.0, 7.0));
        assert_eq!(Percentiles::of(&mut []), None);
    }
}
