//! Logs and counts.

pub mod access_log;
pub mod gauges;
pub mod json_line;
pub mod metrics;
