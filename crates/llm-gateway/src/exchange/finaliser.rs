//! Where requests end, and who is told.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Record;
use crate::ledger::Ledger;
use crate::runtime::Runtime;

/// Whoever keeps books over ended requests: log, metrics, and what is to come.
pub trait Sink: Send + Sync {
    /// Takes note of one request.
    fn record(&self, record: &Record);
}

/// Where requests end.
pub struct Finaliser {
    pub(super) runtime: Runtime,
    pub(super) sinks: Vec<Box<dyn Sink>>,
    pub(super) ledger: Option<Arc<Ledger>>,
    cutting_off: AtomicBool,
}

impl fmt::Debug for Finaliser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finaliser").field("sinks", &self.sinks.len()).finish_non_exhaustive()
    }
}

impl Finaliser {
    /// A finaliser that hands every record to all sinks, in order.
    pub fn new(runtime: Runtime, sinks: Vec<Box<dyn Sink>>, ledger: Option<Arc<Ledger>>) -> Arc<Self> {
        Arc::new(Self { runtime, sinks, ledger, cutting_off: AtomicBool::new(false) })
    }

    /// A finaliser to which nobody listens: for what only looks like a request.
    pub fn unheard(runtime: &Runtime) -> Arc<Self> {
        Self::new(runtime.clone(), Vec::new(), None)
    }

    /// A finaliser to which nobody listens, and which books all the same: for what vendors are asked unasked.
    pub fn booked(&self) -> Arc<Self> {
        Self::new(self.runtime.clone(), Vec::new(), self.ledger.clone())
    }

    /// The ledger; `None` where none is kept.
    pub const fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.ledger.as_ref()
    }

    /// From now on, whatever is dropped unended was cut off by the gateway.
    pub fn cut_off(&self) {
        self.cutting_off.store(true, Ordering::Relaxed);
    }

    /// Whether requests under way are being cut off.
    pub fn is_cutting_off(&self) -> bool {
        self.cutting_off.load(Ordering::Relaxed)
    }
}
