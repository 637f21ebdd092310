#![doc = include_str!("../README.md")]

mod embed;
mod login;
mod prepared;
mod relay;
mod snowflake;

pub use snowflake::Snowflake;
