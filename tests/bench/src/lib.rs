//! What the gateway is measured with: a load generator, an upstream with fixed answers, and a proxy
//! that does the least a gateway can do.
//!
//! The three are binaries, `bench-load`, `bench-upstream` and `minimal-proxy`; `cargo xtask bench`
//! starts them on loopback and compares processor time. Shared pieces are here, so that they can be
//! tested:
//!
//! ```
//! use llm_bench::Script;
//!
//! let script = Script::from_model("bench-openai-c100-p5");
//! assert_eq!((script.chunks, script.pause_ms, script.delay_ms), (100, 5, 0));
//! ```

mod answers;
mod latency;
mod script;
mod sse;

pub use answers::{Answers, Dialect, Events};
pub use latency::Percentiles;
pub use script::{Ask, Script};
pub use sse::EventCounter;
