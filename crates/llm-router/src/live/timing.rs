//! How fast answers come.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use llm_types::{ErrorKind, UnixMs};
use smallvec::SmallVec;

use super::cell::{FloatCell, InstantCell};
use super::{Answered, Sum};
use crate::{HealthEvent, HealthNews, Pace};

/// Samples that a deployment's percentile is taken of.
const OF_DEPLOYMENT: usize = 128;
/// Samples that a group's percentile is taken of: second requests go by it.
const OF_GROUP: usize = 512;
/// A percentile is taken anew when so large a part of the samples is new: with a few of them, after each one.
const PART: usize = 8;
/// Milliseconds for which a sample counts.
const TTL_MS: u64 = 3_600_000;
/// Milliseconds in which a peak sinks to 37 %.
const PEAK_TAU_MS: f64 = 10_000.0;
/// The weight of a new sample in a moving average: about the last ten count.
const WEIGHT: f64 = 2.0 / 11.0;

/// How fast answers come; read without a lock.
#[derive(Debug)]
pub(super) struct Timing {
    samples: Mutex<Samples>,
    last: InstantCell,
    first_token: Told,
    answer: Told,
    per_token: FloatCell,
    peak: FloatCell,
    peak_at: InstantCell,
}

#[derive(Debug, Default)]
struct Told {
    average: FloatCell,
    p95: FloatCell,
    count: AtomicU32,
}

#[derive(Debug)]
struct Samples {
    first_token: Series,
    answer: Series,
    per_token: Average,
    peak: Option<(f64, UnixMs)>,
    /// What has come since other processes were told.
    untold: (Sum, Sum),
}

impl Default for Timing {
    fn default() -> Self {
        Self::with_samples(OF_DEPLOYMENT)
    }
}

impl Timing {
    pub(super) fn of_group() -> Self {
        Self::with_samples(OF_GROUP)
    }

    fn with_samples(most: usize) -> Self {
        let series = || Series { most, ..Series::default() };
        let samples = Samples {
            first_token: series(),
            answer: series(),
            per_token: Average::default(),
            peak: None,
            untold: Default::default(),
        };
        Self {
            samples: Mutex::new(samples),
            last: InstantCell::default(),
            first_token: Told::default(),
            answer: Told::default(),
            per_token: FloatCell::default(),
            peak: FloatCell::default(),
            peak_at: InstantCell::default(),
        }
    }

    pub(super) fn pace(&self, now: UnixMs) -> Pace {
        if self.last.get().is_none_or(|last| now.since(last) > TTL_MS) {
            return Pace::default();
        }
        let sunk = |at: UnixMs| (-(now.since(at) as f64) / PEAK_TAU_MS).exp();
        Pace {
            first_token_ms: self.first_token.average.get(),
            first_token_p95_ms: self.first_token.p95.get(),
            first_tokens: self.first_token.count.load(Relaxed),
            per_token_ms: self.per_token.get(),
            answer_ms: self.answer.average.get(),
            answer_p95_ms: self.answer.p95.get(),
            answers: self.answer.count.load(Relaxed),
            peak_ms: self.peak.get().zip(self.peak_at.get()).map(|(peak, at)| peak * sunk(at)),
        }
    }

    pub(super) fn answered(&self, answered: &Answered) {
        let at = answered.at;
        self.change(at, |samples| {
            let first_token = answered.first_token_ms.filter(|_| answered.stream);
            if let Some(ms) = first_token {
                samples.first_token.add(ms, at);
                samples.untold.0.add(ms);
            }
            samples.answer.add(answered.answer_ms, at);
            samples.untold.1.add(answered.answer_ms);
            if answered.output_tokens > 0 {
                samples.per_token.add(answered.answer_ms as f64 / answered.output_tokens as f64);
            }
            samples.peak(first_token.unwrap_or(answered.answer_ms), at);
        });
    }

    /// Learns from what had not come by then.
    pub(super) fn fold(&self, event: &HealthEvent) {
        use ErrorKind::{GatewayTimeout, Timeout};
        let stream = match event.news {
            HealthNews::FirstTokenLate => true,
            HealthNews::Outrun | HealthNews::Failed { kind: Timeout | GatewayTimeout, .. } => event.stream,
            _ => return,
        };
        self.change(event.at, |samples| {
            let series = if stream { &mut samples.first_token } else { &mut samples.answer };
            series.add(event.elapsed_ms, event.at);
            samples.peak(event.elapsed_ms, event.at);
        });
    }

    /// What has come since this was asked last: first tokens, answers.
    pub(super) fn take_untold(&self) -> (Sum, Sum) {
        std::mem::take(&mut self.samples.lock().unwrap_or_else(PoisonError::into_inner).untold)
    }

    /// Takes what has come to other processes.
    pub(super) fn heard(&self, first_token: Sum, answer: Sum, at: UnixMs) {
        if first_token.count + answer.count > 0 {
            self.change(at, |samples| {
                samples.first_token.average.add_all(first_token);
                samples.answer.average.add_all(answer);
            });
        }
    }

    fn change(&self, at: UnixMs, change: impl FnOnce(&mut Samples)) {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut samples);
        samples.first_token.tell(&self.first_token);
        samples.answer.tell(&self.answer);
        self.per_token.set(samples.per_token.value());
        if let Some((peak, at)) = samples.peak {
            self.peak.set(Some(peak));
            self.peak_at.set(Some(at));
        }
        self.last.set(Some(at));
    }
}

impl Samples {
    /// Jumps up at once and comes down slowly.
    ///
    /// Source: the idea of Finagle's peak EWMA, as linkerd2-proxy uses it.
    fn peak(&mut self, ms: u64, at: UnixMs) {
        let ms = ms as f64;
        let peak = self.peak.map_or(ms, |(peak, before)| {
            let kept = (-(at.since(before) as f64) / PEAK_TAU_MS).exp();
            if ms > peak { ms } else { peak * kept + ms * (1.0 - kept) }
        });
        self.peak = Some((peak, at));
    }
}

/// A moving average; at first the plain one.
#[derive(Debug, Clone, Copy, Default)]
struct Average {
    value: f64,
    count: u32,
}

impl Average {
    fn add(&mut self, sample: f64) {
        self.count = self.count.saturating_add(1);
        self.value += (sample - self.value) * (1.0 / f64::from(self.count)).max(WEIGHT);
    }

    fn add_all(&mut self, sum: Sum) {
        let Some(average) = sum.average() else { return };
        for _ in 0..sum.count.min(10) {
            self.add(average);
        }
    }

    fn value(self) -> Option<f64> {
        (self.count > 0).then_some(self.value)
    }
}

/// The last samples, and a moving average of all.
#[derive(Debug, Default)]
struct Series {
    average: Average,
    ring: Vec<(UnixMs, f32)>,
    /// The length to which the ring grows.
    most: usize,
    /// Samples so far; the next one's place is this modulo the ring's full length.
    count: u64,
    /// Samples in the ring that are fresh, as far as was looked.
    fresh: u32,
    p95: Option<f64>,
}

impl Series {
    fn add(&mut self, ms: u64, at: UnixMs) {
        self.average.add(ms as f64);
        let sample = (at, ms as f32);
        if self.ring.len() < self.most {
            self.ring.push(sample);
        } else {
            self.ring[(self.count % self.most as u64) as usize] = sample;
        }
        self.count = self.count.wrapping_add(1);
        self.fresh = (self.fresh + 1).min(self.most as u32);
        if self.count.is_multiple_of((self.ring.len() / PART).max(1) as u64) {
            self.percentile(at);
        }
    }

    fn percentile(&mut self, now: UnixMs) {
        let fresh = self.ring.iter().filter(|(at, _)| now.since(*at) <= TTL_MS);
        let mut fresh: SmallVec<[f32; OF_GROUP]> = fresh.map(|(_, ms)| *ms).collect();
        self.fresh = fresh.len() as u32;
        // The nearest rank.
        let rank = (fresh.len() * 95).div_ceil(100).saturating_sub(1);
        self.p95 =
            (!fresh.is_empty()).then(|| f64::from(*fresh.select_nth_unstable_by(rank, f32::total_cmp).1));
    }

    fn tell(&self, told: &Told) {
        told.average.set(self.average.value());
        told.p95.set(self.p95);
        told.count.store(self.fresh, Relaxed);
    }
}
