//! What a handler works with.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use http::request::Parts;
use llm_store::{By, Store};
use llm_tenancy::management::{ManagementRoute, Manager, Place, Resource, Scope, Verb};
use llm_tenancy::{Document, Kind, Limits, OrganizationId, Role, Stamp, Team};
use llm_types::UnixMs;
use uuid::Builder;

use crate::fault::Fault;
use crate::host::Host;

/// What a handler works with: who asks, how far that goes, the store.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) store: Store,
    /// Who asks.
    pub(crate) manager: Manager,
    /// How far the route's own right goes.
    pub(crate) scope: Scope,
    pub(crate) route: &'static ManagementRoute,
    pub(crate) by: By,
    /// What the request says that nothing is made of.
    ignored: Arc<Mutex<Vec<String>>>,
}

impl Desk {
    pub(crate) fn new(
        host: Arc<dyn Host>,
        store: Store,
        manager: Manager,
        route: &'static ManagementRoute,
        by: By,
    ) -> Self {
        let scope = manager.scope(route.resource, route.verb);
        Self { host, store, manager, scope, route, by, ignored: Arc::default() }
    }

    /// The time of the request.
    pub(crate) const fn now(&self) -> UnixMs {
        self.by.now
    }

    /// When the budget of these bounds next begins anew.
    pub(crate) fn next_reset(&self, limits: &Limits) -> Option<UnixMs> {
        limits.next_reset(self.now(), self.store.calendar())
    }

    /// The stamp of what is made now.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp::new(self.by.now, self.by.actor.user_id.as_ref().map(AsRef::as_ref))
    }

    /// How far another right goes.
    pub(crate) fn scope_of(&self, resource: Resource, verb: Verb) -> Scope {
        self.manager.scope(resource, verb)
    }

    /// A new id: a UUID.
    pub(crate) fn new_id(&self) -> String {
        let mut random = [0; 16];
        self.host.fill(&mut random);
        Builder::from_random_bytes(random).into_uuid().to_string()
    }

    /// That a place is within the reach of the route's own right: for what is made, and for where something moves to.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn check_place(&self, place: &Place<'_>) -> Result<(), Fault> {
        if self.scope.holds(place) { Ok(()) } else { Err(Fault::forbidden("this is not yours to manage")) }
    }

    /// That the caller may set all members that a request says.
    ///
    /// # Errors
    /// 403, with the first that is not.
    pub(crate) fn check_members(&self, kind: Kind, said: &Document, place: &Place<'_>) -> Result<(), Fault> {
        for name in said.keys() {
            if !self.manager.may_set(kind, name, place) {
                let fault = Fault::forbidden(format!("{name} is not yours to set"));
                return Err(Fault(fault.0.with_param(name)));
            }
        }
        let metadata = said.get("metadata").and_then(serde_json::Value::as_object);
        for name in metadata.into_iter().flat_map(Document::keys) {
            if !self.manager.may_set_metadata(name, place) {
                let fault = Fault::forbidden(format!("metadata.{name} is not yours to set"));
                return Err(Fault(fault.0.with_param(format!("metadata.{name}"))));
            }
        }
        Ok(())
    }

    /// Whether the caller is somebody who may join teams without an admin, where there are such.
    pub(crate) fn may_join_teams(&self) -> bool {
        matches!(self.manager.role, Some(Role::InternalUser | Role::OrgAdmin))
            && self.manager.user_id.is_some()
            && !self.host.available_teams().is_empty()
    }

    /// Whether the caller may join this team without an admin: one of the open ones, and of an organisation of the
    /// caller's, if it is in any.
    pub(crate) fn may_join(&self, team: &Team) -> bool {
        let is_in = |id: &OrganizationId| self.manager.organizations.iter().any(|(other, _)| other == id);
        self.may_join_teams()
            && self.host.available_teams().contains(&team.team_id)
            && team.organization_id.as_ref().is_none_or(is_in)
    }

    /// Tells the client what nothing was made of.
    pub(crate) fn ignores(&self, names: impl IntoIterator<Item = String>) {
        let mut ignored = self.ignored.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            if !ignored.contains(&name) {
                ignored.push(name);
            }
        }
    }

    /// Tells the client what nothing was made of within an item of a list.
    pub(crate) fn ignores_of(&self, list: &str, place: usize, rest: &Document) {
        self.ignores(rest.keys().map(|name| format!("{list}[{place}].{name}")));
    }

    /// What nothing was made of so far.
    pub(crate) fn ignored(&self) -> Vec<String> {
        self.ignored.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Desk {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        // Whoever routes puts it there.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Fault::forbidden("nobody has let this in"))
    }
}
