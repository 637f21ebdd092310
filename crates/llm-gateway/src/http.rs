//! Thin handlers: take a request apart, call a service, answer.

pub mod front;
pub mod health;
pub mod models;
pub mod openapi;
pub mod reload;
pub mod root;
pub mod token_counter;
pub mod visit;
