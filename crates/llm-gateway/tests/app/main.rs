//! The gateway in process: the real routes over scripted vendors, a clock that stands still and a seeded chance.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod costs;
mod embeddings;
mod ends;
mod logins;
mod media;
mod put_right;
mod refusals;
mod relay;
mod secret_manager;
mod streams;
mod support;
mod tokens;
mod waiting;
