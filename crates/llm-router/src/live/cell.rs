//! Values that may be missing, in one atomic word each.

use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering::Relaxed};

use llm_types::{ErrorKind, UnixMs};

/// A float.
#[derive(Debug)]
pub(super) struct FloatCell(AtomicU64);

impl Default for FloatCell {
    fn default() -> Self {
        Self(AtomicU64::new(f64::NAN.to_bits()))
    }
}

impl FloatCell {
    pub(super) fn get(&self) -> Option<f64> {
        Some(f64::from_bits(self.0.load(Relaxed))).filter(|number| !number.is_nan())
    }

    pub(super) fn set(&self, number: Option<f64>) {
        self.0.store(number.unwrap_or(f64::NAN).to_bits(), Relaxed);
    }
}

/// A count; the largest one stands for none.
#[derive(Debug)]
pub(super) struct NumberCell(AtomicU64);

impl Default for NumberCell {
    fn default() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

impl NumberCell {
    pub(super) fn get(&self) -> Option<u64> {
        Some(self.0.load(Relaxed)).filter(|number| *number != u64::MAX)
    }

    pub(super) fn set(&self, number: Option<u64>) {
        self.0.store(number.unwrap_or(u64::MAX), Relaxed);
    }
}

/// An instant; the earliest one stands for none.
#[derive(Debug)]
pub(super) struct InstantCell(AtomicI64);

impl Default for InstantCell {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl InstantCell {
    pub(super) fn get(&self) -> Option<UnixMs> {
        Some(UnixMs(self.0.load(Relaxed))).filter(|at| at.0 != i64::MIN)
    }

    pub(super) fn set(&self, at: Option<UnixMs>) {
        self.0.store(at.map_or(i64::MIN, |at| at.0), Relaxed);
    }
}

/// A kind of failure: its place in [`ErrorKind::ALL`] and one; zero stands for none.
#[derive(Debug, Default)]
pub(super) struct KindCell(AtomicU8);

impl KindCell {
    pub(super) fn get(&self) -> Option<ErrorKind> {
        let place = usize::from(self.0.load(Relaxed)).checked_sub(1)?;
        ErrorKind::ALL.get(place).copied()
    }

    pub(super) fn set(&self, kind: Option<ErrorKind>) {
        let place = kind.and_then(|kind| ErrorKind::ALL.iter().position(|one| *one == kind));
        self.0.store(place.map_or(0, |place| place as u8 + 1), Relaxed);
    }
}
