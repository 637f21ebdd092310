//! `keys`, `teams`, `users`, `models` and `spend`: what a running gateway has, over its management API.

mod api;
pub(crate) mod fields;
pub(crate) mod keys;
mod lists;
pub(crate) mod models;
mod names;
mod print;
pub(crate) mod spend;
pub(crate) mod teams;
pub(crate) mod users;

pub(crate) use api::Gateway;

use crate::manage::api::{Api, Refusal};
use crate::manage::print::Out;
use crate::{Found, tell_error};

/// Does something with a gateway. What the gateway refuses was asked well enough: the answer is no.
fn drive(
    gateway: &Gateway,
    work: impl AsyncFnOnce(&Api, &mut Out) -> anyhow::Result<()>,
) -> anyhow::Result<Found> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut out = Out::new(gateway);
    let api = Api::new(gateway)?;
    let worked = runtime.block_on(work(&api, &mut out));
    api.warn()?;
    let Err(error) = worked else { return Ok(Found::Well) };
    match error.downcast_ref::<Refusal>() {
        Some(refusal) if refusal.status.is_client_error() => {
            out.refusal(refusal)?;
            tell_error(&error);
            Ok(Found::Unwell)
        }
        _ => Err(error),
    }
}
