//! The `llm-gateway` binary.
fn main() {}
