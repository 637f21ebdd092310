#![doc = include_str!("../README.md")]

mod answer;
mod assertion;
mod client;
mod form;

pub use answer::TokenAnswer;
pub use assertion::{Certificate, KeyError, SigningKey};
pub use client::{ClientCredentials, ClientSecretIn};
pub use form::{form, form_request};
