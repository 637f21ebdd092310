//! What a key may call, ready to be asked on every request.

use std::net::IpAddr;

use llm_types::UnixMs;
use smallvec::SmallVec;

use crate::grants::Network;
use crate::route::{Route, RouteRules, is_listed};
use crate::{
    AccessGroup, AgentId, FormerKey, KeyHash, KeyStatus, Organization, OrganizationId, Owner, Project,
    ProjectId, Role, Team, TeamId, TeamMember, User, UserId, VirtualKey,
};

mod models;
mod refusal;
#[cfg(test)]
mod tests;

pub(crate) use models::ModelList;
use models::ModelRules;
pub use models::ModelView;
pub use refusal::{Level, Refusal};

/// The records that say what a key may do, as they are in the store.
///
/// A record that a key names and that is not here is one that is gone: the key is refused. Only a user may be missing, as
/// LiteLLM's keys may name users that nobody ever wrote down.
#[derive(Debug, Clone, Copy)]
pub struct Records<'a> {
    /// The key.
    pub key: &'a VirtualKey,
    /// The old text by which it was found, if it was.
    pub former: Option<&'a FormerKey>,
    /// Its user.
    pub user: Option<&'a User>,
    /// Its team.
    pub team: Option<&'a Team>,
    /// Its user's place in the team.
    pub member: Option<&'a TeamMember>,
    /// Its organisation; its team's if it names none itself.
    pub organization: Option<&'a Organization>,
    /// Its project.
    pub project: Option<&'a Project>,
    /// The access groups that any of them names, and those that are assigned to key or team.
    pub access_groups: &'a [AccessGroup],
}

impl<'a> Records<'a> {
    /// A key that belongs to nobody.
    pub const fn of(key: &'a VirtualKey) -> Self {
        Self {
            key,
            former: None,
            user: None,
            team: None,
            member: None,
            organization: None,
            project: None,
            access_groups: &[],
        }
    }
}

/// What one key may call: the least of what it, its project, its team, its user and its organisation may.
///
/// Made once when a key is read from the store, and then only looked at. Every question is answered from memory, without
/// a lock and without an allocation unless the answer is no.
#[derive(Debug, Clone)]
pub struct Access {
    /// Who asks.
    pub caller: Caller,
    /// Why it is refused whatever it asks.
    shut: Option<Refusal>,
    /// From when on it is refused.
    expires_at: Option<UnixMs>,
    levels: SmallVec<[Rules; 4]>,
    /// Names and what they mean, with the level that says so.
    aliases: Vec<(Box<str>, Box<str>, Level)>,
}

/// Who asks, for whoever keeps account.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The key. After it was made anew, the new one, also for whoever still has the old text.
    pub key: KeyHash,
    /// Its name for people.
    pub key_alias: Option<String>,
    /// Whose it is.
    pub user_id: Option<UserId>,
    /// What that user manages. `None` without a user.
    pub user_role: Option<Role>,
    /// The team.
    pub team_id: Option<TeamId>,
    /// The organisation.
    pub organization_id: Option<OrganizationId>,
    /// The project.
    pub project_id: Option<ProjectId>,
    /// The agent.
    pub agent_id: Option<AgentId>,
    /// The labels that its requests have: the key's and the team's.
    pub tags: Vec<String>,
}

/// The rules of one level.
#[derive(Debug, Clone)]
struct Rules {
    level: Level,
    models: ModelRules,
    /// `None` bounds nothing.
    routes: Option<RouteRules>,
    passthrough_allowed: Vec<Box<str>>,
    passthrough_denied: Vec<Box<str>>,
    networks: Vec<Network>,
    vendors: Vec<Box<str>>,
}

impl Rules {
    fn new(level: Level, grants: &crate::Grants, models: ModelRules) -> Self {
        let texts = |list: &[String]| list.iter().map(|text| text.as_str().into()).collect();
        let routes = !grants.allowed_routes.is_empty();
        Self {
            level,
            models,
            routes: routes.then(|| RouteRules::new(grants.allowed_routes.iter().map(String::as_str))),
            passthrough_allowed: texts(&grants.allowed_passthrough_routes),
            passthrough_denied: texts(&grants.denied_passthrough_routes),
            networks: grants.allowed_ips.clone(),
            vendors: texts(&grants.allowed_vendors),
        }
    }

    /// Whether this level says anything at all.
    fn bounds(&self) -> bool {
        !matches!(self.models, ModelRules::All)
            || self.routes.is_some()
            || !(self.passthrough_denied.is_empty() && self.networks.is_empty() && self.vendors.is_empty())
    }
}

/// A question: may this key now call this?
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The time.
    pub now: UnixMs,
    /// The client's address, as far as proxies are believed. `None` where there is none, which no list of addresses holds.
    pub client_ip: Option<IpAddr>,
    /// The route.
    pub route: Route<'a>,
    /// The model that is asked for, if the route asks one, and what the gateway has under the name that it means.
    pub model: Option<Wanted<'a>>,
}

/// A model that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The name in the request.
    pub name: &'a str,
    /// What the gateway has under [`Access::meant_by`] that name; `None` if it has nothing.
    pub view: Option<ModelView<'a>>,
}

impl Access {
    /// What these records let a key do.
    pub fn compile(records: &Records<'_>) -> Self {
        let Records { key, former, user, team, member, organization, project, access_groups } = *records;
        let organization_id = key
            .organization_id
            .as_ref()
            .or(team.and_then(|team| team.organization_id.as_ref()))
            .or(organization.map(|organization| &organization.organization_id));
        let is_personal = key.team_id.is_none();
        let mut lists = ModelList::new(access_groups);
        let mut levels = SmallVec::new();
        let mut add = |rules: Rules| {
            if rules.bounds() {
                levels.push(rules);
            }
        };
        add(Rules::new(Level::Key, &key.grants, lists.of_key(key)));
        if let Some(project) = project {
            add(Rules::new(Level::Project, &project.grants, lists.of(&project.grants)));
        }
        if let Some(member) = member.filter(|_| !is_personal) {
            add(Rules::new(Level::Member, &crate::Grants::default(), lists.of_names(&member.models)));
        }
        if let Some(team) = team {
            add(Rules::new(Level::Team, &team.grants, lists.of_team(team)));
        }
        if let Some(user) = user {
            // A user's own models are for the user's own keys; in a team, the team's count.
            let models = if is_personal { lists.of(&user.grants) } else { ModelRules::All };
            add(Rules::new(Level::User, &user.grants, models));
        }
        if let Some(organization) = organization {
            add(Rules::new(Level::Organization, &organization.grants, lists.of(&organization.grants)));
        }
        let aliases = |grants: &crate::Grants, level| {
            let pairs = grants.aliases.iter();
            pairs
                .map(|(name, target)| (name.as_str().into(), target.as_str().into(), level))
                .collect::<Vec<_>>()
        };
        let mut named = aliases(&key.grants, Level::Key);
        named.extend(team.map(|team| aliases(&team.grants, Level::Team)).unwrap_or_default());
        let until = former.map(|former| former.valid_until);
        let mut tags: Vec<String> = key.tags.clone();
        for tag in team.map(|team| team.tags.as_slice()).unwrap_or_default() {
            if !tags.contains(tag) {
                tags.push(tag.clone());
            }
        }
        Self {
            caller: Caller {
                key: key.hash,
                key_alias: key.key_alias.clone(),
                user_id: key.user_id.clone(),
                user_role: user.map(|user| user.user_role),
                team_id: key.team_id.clone(),
                organization_id: organization_id.cloned(),
                project_id: key.project_id.clone(),
                agent_id: key.agent_id.clone(),
                tags,
            },
            shut: shut(records, organization_id),
            expires_at: [key.expires_at, until].into_iter().flatten().min(),
            levels,
            aliases: named,
        }
    }

    /// Bounds it more, by what a JSON web token allows: models, routes, addresses, vendors.
    pub fn narrow(&mut self, grants: &crate::Grants, access_groups: &[AccessGroup]) {
        let models = ModelList::new(access_groups).of(grants);
        let rules = Rules::new(Level::Token, grants, models);
        if rules.bounds() {
            self.levels.insert(0, rules);
        }
    }

    /// Whether all of a call is allowed; answers which model is meant.
    ///
    /// # Errors
    /// The first [`Refusal`], in LiteLLM's order: the key itself, the client, the route, the model, its vendors.
    pub fn admit<'a>(&'a self, call: &Call<'a>) -> Result<Option<&'a str>, Refusal> {
        self.check_standing(call.now)?;
        self.check_client(call.client_ip)?;
        self.check_route(&call.route)?;
        call.model.as_ref().map(|wanted| self.check_model(wanted)).transpose()
    }

    /// Whether the key opens anything now.
    ///
    /// # Errors
    /// If it, or what it belongs to, is blocked, gone or over.
    pub fn check_standing(&self, now: UnixMs) -> Result<(), Refusal> {
        if let Some(refusal) = &self.shut {
            return Err(refusal.clone());
        }
        match self.expires_at {
            Some(expired_at) if expired_at <= now => Err(Refusal::Expired { expired_at }),
            _ => Ok(()),
        }
    }

    /// Whether the key may be used from an address.
    ///
    /// # Errors
    /// [`Refusal::Client`]
    pub fn check_client(&self, client: Option<IpAddr>) -> Result<(), Refusal> {
        let refuses = |rules: &&Rules| {
            !rules.networks.is_empty()
                && !client.is_some_and(|client| rules.networks.iter().any(|network| network.contains(client)))
        };
        match self.levels.iter().find(refuses) {
            Some(rules) => Err(Refusal::Client { level: rules.level, client }),
            None => Ok(()),
        }
    }

    /// Whether the lists of routes allow one. What management routes do is for
    /// [`Manager::scope`](crate::management::Manager::scope) to judge besides.
    ///
    /// # Errors
    /// [`Refusal::Route`]
    pub fn check_route(&self, route: &Route<'_>) -> Result<(), Refusal> {
        for rules in &self.levels {
            let is_passed = rules.routes.as_ref().is_none_or(|routes| {
                routes.allow(route) || is_passed_through(&rules.passthrough_allowed, route).unwrap_or(false)
            });
            // A path that may be read in several ways may be one that is denied.
            let is_denied = !rules.passthrough_denied.is_empty()
                && is_passed_through(&rules.passthrough_denied, route).unwrap_or(true);
            if !is_passed || is_denied {
                return Err(Refusal::Route { level: rules.level });
            }
        }
        Ok(())
    }

    /// Which model is meant by a name: the key's aliases count before the team's.
    pub fn meant_by<'a>(&'a self, name: &'a str) -> &'a str {
        self.alias(name).map_or(name, |(target, _)| target)
    }

    fn alias(&self, name: &str) -> Option<(&str, Level)> {
        let (_, target, level) = self.aliases.iter().find(|(alias, _, _)| **alias == *name)?;
        Some((target, *level))
    }

    /// Whether a model may be asked; answers which is meant.
    ///
    /// Whoever wrote an alias may allow it by either name; whoever stands above must allow the model that it means. A model
    /// of another tenant's is none.
    ///
    /// # Errors
    /// [`Refusal::Model`], [`Refusal::Vendor`], and [`Refusal::NoSuchModel`] if the name is allowed and stands for nothing.
    pub fn check_model<'a>(&'a self, wanted: &Wanted<'a>) -> Result<&'a str, Refusal> {
        let (target, by) =
            self.alias(wanted.name).map_or((wanted.name, None), |(target, by)| (target, Some(by)));
        let view = wanted.view.filter(|view| self.owns(view.owner));
        for rules in &self.levels {
            let by_alias = by.is_some_and(|by| rules.level <= by);
            if !(rules.models.allow(target, view.as_ref())
                || by_alias && rules.models.allow(wanted.name, None))
            {
                return Err(Refusal::Model { level: rules.level, model: wanted.name.to_owned() });
            }
        }
        let Some(view) = view else { return Err(Refusal::NoSuchModel { model: wanted.name.to_owned() }) };
        if view.vendors.is_empty() || view.vendors.iter().any(|vendor| self.allows_vendor(vendor)) {
            Ok(target)
        } else {
            Err(Refusal::Vendor { model: wanted.name.to_owned() })
        }
    }

    /// Whether a model belongs into the lists that this key is shown.
    pub fn sees(&self, name: &str, view: ModelView<'_>) -> bool {
        self.check_model(&Wanted { name, view: Some(view) }).is_ok()
    }

    /// Whether there are vendors whose deployments may not be asked.
    pub fn bounds_vendors(&self) -> bool {
        self.levels.iter().any(|rules| !rules.vendors.is_empty())
    }

    /// Whether deployments of a vendor may be asked.
    pub fn allows_vendor(&self, vendor: &str) -> bool {
        let allows =
            |rules: &Rules| rules.vendors.is_empty() || rules.vendors.iter().any(|it| **it == *vendor);
        self.levels.iter().all(allows)
    }

    /// Whether something with this owner is everybody's or this caller's.
    pub fn owns(&self, owner: Option<&Owner>) -> bool {
        match owner {
            None => true,
            Some(Owner::Team(team)) => self.caller.team_id.as_ref() == Some(team),
            Some(Owner::Organization(organization)) => {
                self.caller.organization_id.as_ref() == Some(organization)
            }
        }
    }
}

/// Whether a plain path is in a list of pass-through routes; `None` if the path is not plain.
fn is_passed_through(list: &[Box<str>], route: &Route<'_>) -> Option<bool> {
    if list.is_empty() {
        return Some(false);
    }
    crate::route::plain(route.path).ok().map(|path| is_listed(list, &path))
}

/// Why a key is refused whatever it asks: it or what it belongs to is blocked, or gone.
fn shut(records: &Records<'_>, organization_id: Option<&OrganizationId>) -> Option<Refusal> {
    let Records { key, user, team, organization, project, .. } = *records;
    match key.status(UnixMs(i64::MIN)) {
        KeyStatus::Deleted => return Some(Refusal::Unknown),
        KeyStatus::Revoked => return Some(Refusal::Blocked { level: Level::Key }),
        KeyStatus::Active | KeyStatus::Expired => {}
    }
    // What is named and what is there must be the same: a record of another's is none.
    let gone = |named: bool, is_there: bool, level| (named && !is_there).then_some(Refusal::Gone { level });
    let team_there = team.is_some_and(|team| key.team_id.as_ref() == Some(&team.team_id));
    let project_there = project.is_some_and(|project| key.project_id.as_ref() == Some(&project.project_id));
    // A key of one organisation's in a team of another's is nobody's.
    let is_torn = matches!(
        (&key.organization_id, team.and_then(|team| team.organization_id.as_ref())),
        (Some(of_key), Some(of_team)) if of_key != of_team
    );
    let organization_there = !is_torn
        && organization.is_some_and(|organization| organization_id == Some(&organization.organization_id));
    let blocked = |is_blocked: bool, level| is_blocked.then_some(Refusal::Blocked { level });
    gone(key.team_id.is_some(), team_there, Level::Team)
        .or_else(|| gone(key.project_id.is_some(), project_there, Level::Project))
        .or_else(|| gone(organization_id.is_some(), organization_there, Level::Organization))
        .or_else(|| blocked(team.is_some_and(|team| team.blocked), Level::Team))
        .or_else(|| blocked(project.is_some_and(|project| project.blocked), Level::Project))
        .or_else(|| blocked(user.is_some_and(|user| user.blocked), Level::User))
        .or_else(|| {
            blocked(organization.is_some_and(|organization| organization.blocked), Level::Organization)
        })
}
