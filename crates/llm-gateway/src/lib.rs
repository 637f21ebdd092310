#![doc = include_str!("../README.md")]

pub mod answer;
pub mod app;
pub mod auth;
pub mod deployment;
pub mod edge;
pub mod error;
pub mod exchange;
pub mod headers;
pub mod http;
pub mod limits;
pub mod routes;
pub mod runtime;
pub mod services;
pub mod serving;
pub mod stage;
pub mod telemetry;
