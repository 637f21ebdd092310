//! Anthropic Messages to and from the canonical chat schema, both directions

pub mod wire;
