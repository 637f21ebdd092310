//! The management API as a service: every request is let in, and gets a desk.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue};
use llm_store::{By, Field, Filter, Query, Store, StoreError};
use llm_tenancy::management::{Manager, Membership, Scope, route};
use llm_tenancy::{OrganizationMember, Role, Route, Team, TeamMember, UserId};
use llm_types::{ApiError, ErrorKind, Layer};

use crate::desk::Desk;
use crate::endpoint::Endpoint;
use crate::fault::Fault;
use crate::host::{Admitted, Caller, Host};

/// Names what a request said that nothing was made of.
const IGNORED: HeaderName = HeaderName::from_static("x-llm-gateway-ignored");
/// Where users come into teams, and see into which they may come by themselves.
const JOINING: [&str; 2] = ["/team/member_add", "/team/available"];
/// Teams and organisations of one user that are looked at.
const PLACES: u64 = 1_000;

/// The management API.
pub struct Office {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) store: Store,
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Office {
    /// An office of this host's, over this store.
    pub fn new(host: Arc<dyn Host>, store: Store) -> Arc<Self> {
        Arc::new(Self { host, store })
    }

    /// Its routes.
    pub fn router(self: &Arc<Self>) -> Router {
        let mut router = Router::new();
        for Endpoint { path, handler, .. } in crate::endpoints() {
            router = router.route(path, handler);
        }
        let desk = middleware::from_fn_with_state(self.clone(), desk);
        router.route_layer(desk).with_state(self.clone())
    }

    /// Who manages, with the places of the user.
    async fn manager(&self, caller: &Caller) -> Result<Manager, StoreError> {
        let identity = match caller {
            Caller::Master => return Ok(Manager::master()),
            Caller::Key(identity) => identity,
        };
        let access = &identity.access;
        let manages = |role: Role| !matches!(role, Role::ProxyAdmin | Role::ProxyAdminViewer);
        let (organizations, teams) = match &access.caller.user_id {
            Some(user) if access.caller.user_role.is_some_and(manages) => self.places(user).await?,
            _ => (Vec::new(), Vec::new()),
        };
        Ok(Manager::of_key(access, organizations, teams))
    }

    async fn places(
        &self,
        user: &UserId,
    ) -> Result<(Vec<(llm_tenancy::OrganizationId, Role)>, Vec<Membership>), StoreError> {
        let all = Scope::everything();
        let query = || Query {
            filters: vec![Filter::Is(Field::User, user.as_str().to_owned())],
            size: PLACES,
            ..Query::default()
        };
        let organizations = self.store.list::<OrganizationMember>(&query(), &all).await?.records;
        let organizations =
            organizations.into_iter().map(|it| (it.value.organization_id, it.value.user_role));
        let members = self.store.list::<TeamMember>(&query(), &all).await?.records;
        let ids: Vec<_> = members.iter().map(|it| it.value.team_id.clone()).collect();
        let teams = self.store.find_all::<Team>(&ids, &all).await?;
        let memberships = members.into_iter().map(|it| {
            let team = teams.iter().find(|team| team.value.team_id == it.value.team_id);
            let permissions = team.and_then(|team| team.value.member_permissions.clone());
            Membership { team_id: it.value.team_id, role: it.value.role, permissions }
        });
        Ok((organizations.collect(), memberships.collect()))
    }
}

/// Lets a request in, and gives it a desk. Afterwards what it has changed holds.
async fn desk(
    State(office): State<Arc<Office>>,
    matched: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    match enter(&office, &matched, request).await {
        Err(fault) => fault.into_response(),
        Ok((desk, request)) => {
            let mut response = next.run(request).await;
            if desk.route.verb.acts() {
                office.host.settled().await;
            }
            let ignored = desk.ignored().join(", ");
            if let Some(value) = HeaderValue::from_str(&ignored).ok().filter(|_| !ignored.is_empty()) {
                response.headers_mut().insert(IGNORED, value);
            }
            response
        }
    }
}

async fn enter(
    office: &Arc<Office>,
    matched: &MatchedPath,
    request: Request,
) -> Result<(Desk, Request), Fault> {
    let (parts, body) = request.into_parts();
    let template = matched.as_str();
    // HEAD is answered by what answers GET.
    let method = if parts.method == http::Method::HEAD { "GET" } else { parts.method.as_str() };
    let Some(right) = route(method, template) else {
        let message = format!("{template} does not answer {}", parts.method);
        return Err(ApiError::new(ErrorKind::MethodNotAllowed, Layer::Client, message).into());
    };
    let path = parts.uri.path().to_owned();
    let shown = Route { template, path: &path, groups: right.groups() };
    let Admitted { caller, actor } = office.host.admit(&parts, shown).await?;
    let manager = office.manager(&caller).await?;
    let by = By { actor, now: office.host.now() };
    let desk = Desk::new(office.host.clone(), office.store.clone(), manager, right, by);
    let joins = JOINING.contains(&right.path) && desk.may_join_teams();
    if desk.scope.is_nothing() && !joins {
        return Err(Fault::forbidden("this is not yours to manage"));
    }
    let mut request = Request::from_parts(parts, Body::new(body));
    request.extensions_mut().insert(desk.clone());
    Ok((desk, request))
}
