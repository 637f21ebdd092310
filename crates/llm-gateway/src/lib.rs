#![doc = include_str!("../README.md")]

pub mod answer;
pub mod app;
pub mod auth;
pub mod books;
pub mod boot;
mod boxed;
pub mod budgets;
pub mod catalog;
pub mod deployment;
pub mod edge;
pub mod error;
pub mod exchange;
pub mod headers;
pub mod http;
pub mod ledger;
pub mod limits;
pub mod prepare;
pub mod pricing;
pub mod quotas;
pub mod routes;
pub mod runtime;
mod secrets;
pub mod services;
pub mod serving;
pub mod shared;
pub mod stage;
pub mod telemetry;
pub mod tenants;

pub use llm_gateway_config as config;
