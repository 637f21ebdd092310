//! Whom requests mean by an id or an address, and who is made because there is nobody yet.

use std::collections::{BTreeMap, BTreeSet};

use llm_store::{Field, Filter};
use llm_tenancy::management::{Resource, Scope, Verb};
use llm_tenancy::{Document, OrganizationId, OrganizationMember, Role, TeamMember, User, UserId};
use llm_types::ParseError;
use serde_json::Value;

use crate::desk::Desk;
use crate::fault::Fault;
use crate::host::UserDefaults;
use crate::member::{Member, members, show};
use crate::paging::every;
use crate::wire::Wire;

/// Somebody that a request names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    pub(crate) user_id: Option<UserId>,
    pub(crate) user_email: Option<String>,
}

impl Named {
    /// Takes the name out of a document.
    ///
    /// # Errors
    /// The place where it makes no sense.
    pub(crate) fn take(document: &mut Document) -> Result<Self, ParseError> {
        fn text(document: &mut Document, name: &str) -> Result<Option<String>, ParseError> {
            let value = document.shift_remove(name).unwrap_or_default();
            let read = Option::<String>::read(value).map_err(|error| error.at(name))?;
            Ok(read.filter(|text| !text.is_empty()))
        }
        let user_id = text(document, "user_id")?.map(UserId::from);
        let user_email = text(document, "user_email")?;
        if user_id.is_none() && user_email.is_none() {
            let message = "user_id or user_email must be said".to_owned();
            return Err(ParseError { path: "user_id".to_owned(), message });
        }
        Ok(Self { user_id, user_email })
    }
}

/// Whoever a name means.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) user: User,
    /// Whether the user has yet to be made.
    pub(crate) is_new: bool,
}

/// What is shown of users who are added. To whoever does not manage the whole proxy no more than how they are known:
/// an address may be that of a stranger.
pub(crate) fn shown(desk: &Desk, user: &User) -> Document {
    let mut members: Vec<Member<User>> = members!(User {
        @get "user_id" user_id: UserId, "The id";
        @get "user_email" user_email: Option<String>, "The address";
    });
    if desk.scope.all {
        members.extend(members!(User {
            @get "user_alias" user_alias: Option<String>, "A name for people";
            @get "user_role" user_role: Role, "The role";
        }));
    }
    show(user, &members)
}

/// Finds those whom a request names, in its order; whoever there is not is to be made.
///
/// Who does not manage the whole proxy says by an id only those whom he reaches anyway: in his own teams and
/// organisations, or in the organisation that is meant. Others are as if they were not there. By an address, anybody may
/// be invited.
///
/// # Errors
/// 403 for an id that is not there or not to be reached; 400 for an id and an address of two users.
pub(crate) async fn find(
    desk: &Desk,
    names: &[Named],
    organization: Option<&OrganizationId>,
) -> Result<Vec<Person>, Fault> {
    let all = Scope::everything();
    let ids: Vec<UserId> = names.iter().filter_map(|name| name.user_id.clone()).collect();
    let by_id: BTreeMap<UserId, User> = desk
        .store
        .find_all::<User>(&ids, &all)
        .await?
        .into_iter()
        .map(|found| (found.value.user_id.clone(), found.value))
        .collect();
    let emails: BTreeSet<String> =
        names.iter().filter_map(|name| name.user_email.as_ref()).map(|email| email.to_lowercase()).collect();
    let mut by_email = BTreeMap::new();
    if !emails.is_empty() {
        let filter = Filter::Among(Field::Email, emails.into_iter().collect());
        for user in every::<User>(&desk.store, vec![filter], &all).await? {
            by_email.extend(user.user_email.as_ref().map(|email| (email.to_lowercase(), user.clone())));
        }
    }
    let reached = reached(desk, &ids, organization).await?;
    let mut made: BTreeMap<String, User> = BTreeMap::new();
    let mut people = Vec::with_capacity(names.len());
    for name in names {
        let email = name.user_email.as_ref().map(|email| email.to_lowercase());
        let of_email = email.as_ref().and_then(|email| by_email.get(email));
        let person = match &name.user_id {
            Some(id) => {
                let is_known = reached.contains(id) && by_id.contains_key(id);
                if !(desk.scope.all || is_known) {
                    let message = "there is no such user within your reach; invite by user_email";
                    return Err(Fault(Fault::forbidden(message).0.with_param("user_id")));
                }
                if of_email.is_some_and(|user| user.user_id != *id) {
                    return Err(Fault::invalid("user_email", "user_email is another user's"));
                }
                match by_id.get(id) {
                    Some(user) => Person { user: user.clone(), is_new: false },
                    None => {
                        Person { user: newcomer(desk, id.clone(), name.user_email.as_ref()), is_new: true }
                    }
                }
            }
            None => match of_email {
                Some(user) => Person { user: user.clone(), is_new: false },
                None => {
                    let user = made
                        .entry(email.unwrap_or_default())
                        .or_insert_with(|| newcomer(desk, desk.new_id().into(), name.user_email.as_ref()));
                    Person { user: user.clone(), is_new: true }
                }
            },
        };
        people.push(person);
    }
    Ok(people)
}

/// A user who is being made, as users begin by the configuration. Whoever manages everything is not bounded by it.
///
/// Source: LiteLLM's `internal_user_endpoints.py`, on `default_internal_user_params`, read 2026-11.
pub(crate) fn begun(desk: &Desk, id: UserId, role: Option<Role>) -> User {
    let UserDefaults { role: usual, max_budget, budget_duration, models } = desk.host.user_defaults();
    // Nobody gives more than is his to give, because nothing was said.
    let is_his = |role: &Role| *role == Role::InternalUserViewer || desk.manager.may_give_role(*role);
    let role = role.or(usual.filter(is_his)).unwrap_or_default();
    let mut user = User::new(id, role, desk.stamp());
    if role != Role::ProxyAdmin {
        user.grants.models = models;
        (user.limits.max_budget, user.limits.budget_duration) = (max_budget, budget_duration);
        user.spending.budget_reset_at = desk.next_reset(&user.limits);
    }
    user
}

fn newcomer(desk: &Desk, id: UserId, email: Option<&String>) -> User {
    let mut user = begun(desk, id, None);
    user.user_email = email.cloned();
    user
}

/// Those of these users that the caller reaches anyway.
async fn reached(
    desk: &Desk,
    ids: &[UserId],
    organization: Option<&OrganizationId>,
) -> Result<BTreeSet<UserId>, Fault> {
    if desk.scope.all || ids.is_empty() {
        return Ok(ids.iter().cloned().collect());
    }
    let readable = desk.scope_of(Resource::User, Verb::Read);
    let readable = desk.store.find_all::<User>(ids, &readable).await?;
    let mut reached: BTreeSet<UserId> = readable.into_iter().map(|found| found.value.user_id).collect();
    let whom = Filter::Among(Field::User, ids.iter().map(|id| id.as_str().to_owned()).collect());
    let of_teams = desk.scope_of(Resource::TeamMember, Verb::Create);
    let members = every::<TeamMember>(&desk.store, vec![whom.clone()], &of_teams).await?;
    reached.extend(members.into_iter().map(|member| member.user_id));
    if let Some(organization) = organization {
        let there = Filter::Is(Field::Organization, organization.as_str().to_owned());
        let members =
            every::<OrganizationMember>(&desk.store, vec![whom, there], &Scope::everything()).await?;
        reached.extend(members.into_iter().map(|member| member.user_id));
    }
    Ok(reached)
}

/// Whom a request means among those who are there already: by the address, if it says no id.
///
/// # Errors
/// Those of the store.
pub(crate) async fn ids(desk: &Desk, names: &[Named]) -> Result<Vec<Option<UserId>>, Fault> {
    let emails: BTreeSet<String> = names
        .iter()
        .filter(|name| name.user_id.is_none())
        .filter_map(|name| name.user_email.as_ref())
        .map(|email| email.to_lowercase())
        .collect();
    let mut by_email = BTreeMap::new();
    if !emails.is_empty() {
        let filter = Filter::Among(Field::Email, emails.into_iter().collect());
        for user in every::<User>(&desk.store, vec![filter], &Scope::everything()).await? {
            by_email.extend(user.user_email.map(|email| (email.to_lowercase(), user.user_id)));
        }
    }
    let id = |name: &Named| {
        let of_email = || by_email.get(&name.user_email.as_ref()?.to_lowercase()).cloned();
        name.user_id.clone().or_else(of_email)
    };
    Ok(names.iter().map(id).collect())
}

/// The addresses of users.
///
/// # Errors
/// Those of the store.
pub(crate) async fn emails(
    desk: &Desk,
    ids: impl IntoIterator<Item = &UserId>,
) -> Result<BTreeMap<UserId, String>, Fault> {
    let ids: BTreeSet<&UserId> = ids.into_iter().collect();
    let ids: Vec<UserId> = ids.into_iter().cloned().collect();
    let users = desk.store.find_all::<User>(&ids, &Scope::everything()).await?;
    let known = users.into_iter().filter_map(|found| Some((found.value.user_id, found.value.user_email?)));
    Ok(known.collect())
}

/// The documents of a list, or the one that stands for a list.
///
/// # Errors
/// The place of what is no object.
pub(crate) fn one_or_more(value: Value, name: &str) -> Result<Vec<Document>, ParseError> {
    match value {
        Value::Object(one) => Ok(vec![one]),
        other => Vec::<Document>::read(other).map_err(|error| error.at(name)),
    }
}
