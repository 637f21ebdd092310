#![doc = include_str!("../README.md")]

mod body;
mod client;
mod credential;
mod error;
mod fetch;
mod follow_up;
mod hyper_service;
mod login;
mod options;
mod payload;
mod proxy;
mod reach;
#[cfg(feature = "reqwest")]
mod reqwest_service;
mod service;
mod timer;
mod tls;

pub use body::Body;
pub use client::{Answer, CallError, ChunkError, ChunkStream, Client};
pub use credential::{
    CachedCredential, CredentialError, CredentialIssuer, CredentialSource, IssuedCredential, StaticCredential,
};
pub use error::{TransportError, TransportErrorKind};
pub use fetch::{
    FetchError, FetchFault, FetchOptions, Fetcher, Media, Room, inline_media, inline_or_hand_on,
};
pub use follow_up::FollowUp;
pub use futures_core::future::BoxFuture;
pub use hyper_service::HyperService;
pub use login::{Clock, LoginIssuer, login_source};
pub use options::{CallOptions, Http2Options, Protocol, Timeouts, TransportOptions};
pub use payload::payload_bytes;
pub use proxy::Proxies;
pub use reach::{Reach, is_public};
#[cfg(feature = "reqwest")]
pub use reqwest_service::ReqwestService;
pub use service::{HttpService, connect};
pub use tls::ensure_crypto_provider;
