//! The one place that reads the clock and the environment.

use std::{ffi::OsString, time::Instant};

#[expect(clippy::disallowed_methods, reason = "steps and benchmarks are timed by the real clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "cargo and CI speak to this program by the environment")]
pub(crate) fn env(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
