//! What the management API needs of the gateway.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::HeaderName;
use http::request::Parts;
use llm_management::{Admitted, Caller, Host};
use llm_provider_core::header_text;
use llm_tenancy::{Actor, Document, Role, Route, StoredModel, UserId};
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};

use super::SETTLING;
use crate::app::App;
use crate::auth::Principal;
use crate::headers;
use crate::http::front::Client;
use crate::http::visit::let_in;

/// Under which id the holder of the master key goes.
const OWNER: &str = "default_user_id";
/// On whose behalf somebody changes something.
const CHANGED_BY: HeaderName = HeaderName::from_static("litellm-changed-by");

/// The gateway, as the management API sees it.
pub(super) struct Desk {
    pub(super) app: Arc<App>,
}

impl Host for Desk {
    fn now(&self) -> UnixMs {
        self.app.runtime.now()
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.app.runtime.fill_secret(bytes);
    }

    fn admit<'a>(&'a self, parts: &'a Parts, _: Route<'a>) -> BoxFuture<'a, Result<Admitted, ApiError>> {
        async move {
            let serving = self.app.serving();
            let principal = let_in(&self.app, &serving, parts).await?;
            let mut actor = Actor {
                client_ip: parts.extensions.get::<Client>().and_then(|client| client.address),
                request_id: header_text(&parts.headers, headers::REQUEST_ID).map(ToOwned::to_owned),
                on_behalf_of: header_text(&parts.headers, &CHANGED_BY).map(ToOwned::to_owned),
                ..Actor::default()
            };
            let caller = match principal {
                Principal::Master | Principal::Anonymous => {
                    actor.user_id = Some(UserId::from(OWNER));
                    actor.role = Some(Role::ProxyAdmin);
                    Caller::Master
                }
                Principal::Key(identity) => {
                    let caller = &identity.access.caller;
                    actor.user_id.clone_from(&caller.user_id);
                    actor.key = Some(caller.key);
                    actor.role = caller.user_role;
                    Caller::Key(identity)
                }
            };
            Ok(Admitted { caller, actor })
        }
        .boxed()
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        async move {
            if let Some(tenants) = self.app.tenants() {
                tenants.identities.settled(SETTLING).await;
            }
        }
        .boxed()
    }

    fn check_model(&self, model: &StoredModel, secrets: &Document) -> Result<(), ApiError> {
        let Some(reloader) = self.app.reloader() else { return Ok(()) };
        reloader.check_model(model, secrets).map_err(|why| {
            ApiError::new(ErrorKind::InvalidRequest, Layer::Client, why).with_code("invalid_model")
        })
    }
}
