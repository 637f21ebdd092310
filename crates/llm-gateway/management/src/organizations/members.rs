//! Who is in organisations.

use std::collections::BTreeSet;

use axum::Json;
use axum::routing::{delete, patch, post};
use llm_pricing::Usd;
use llm_store::{Batch, StoreError};
use llm_tenancy::management::{Place, Scope};
use llm_tenancy::{
    Document, Kind, Limits, Organization, OrganizationId, OrganizationMember, Role, Spending, User, UserId,
};
use llm_types::ParseError;
use serde_json::{Value, json};

use super::{ID, place};
use crate::bounds;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::people::{self, Named, one_or_more};
use crate::said::Said;
use crate::shape::Shape;
use crate::wire::Wire;

/// The most members of one request.
const MOST: usize = 500;
/// What somebody may be in an organisation.
const ROLES: &[&str] = &["org_admin", "internal_user", "internal_user_viewer"];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let shown = [
        ID,
        USER,
        EMAIL,
        ROLE,
        Param::new("spend", Shape::Number, "Dollars spent since the budget began"),
        Param::new("litellm_budget_table", Shape::Maybe(&Shape::Object), "What may be spent"),
    ];
    vec![
        Endpoint::post("/organization/member_add", "Adds members to an organisation", post(add))
            .takes([
                ID.required(),
                Param::new("member", Shape::Any, "`{user_id or user_email, role}`, or a list of these")
                    .required(),
                BUDGET,
            ])
            .gives([
                ID,
                Param::new("updated_users", Shape::List(&Shape::Object), "The users who were added"),
                Param::new(
                    "updated_organization_memberships",
                    Shape::List(&Shape::Object),
                    "Their places in the organisation",
                ),
            ]),
        Endpoint::new(
            "PATCH",
            "/organization/member_update",
            "Changes a member of an organisation",
            patch(update),
        )
        .takes([ID.required(), USER, EMAIL, ROLE, BUDGET])
        .gives(shown),
        Endpoint::new(
            "DELETE",
            "/organization/member_delete",
            "Takes a member out of an organisation",
            delete(remove),
        )
        .takes([ID.required(), USER, EMAIL])
        .gives(shown),
    ]
}

const USER: Param = Param::new("user_id", Shape::Text, "The user");
const EMAIL: Param = Param::new("user_email", Shape::Maybe(&Shape::Text), "The user's address");
const ROLE: Param = Param::new("role", Shape::Word(ROLES), "What the user is in the organisation");
const BUDGET: Param =
    Param::new("max_budget_in_organization", Shape::Maybe(&Shape::Number), "Dollars that may be spent there");

/// Members as they are shown, in their order.
pub(super) async fn rows(desk: &Desk, members: &[OrganizationMember]) -> Result<Vec<Value>, Fault> {
    let emails = people::emails(desk, members.iter().map(|member| &member.user_id)).await?;
    let row = |member: &OrganizationMember| {
        let budget_id = member.budget_id.as_ref().map(AsRef::as_ref);
        json!({
            "user_id": member.user_id,
            "user_email": emails.get(&member.user_id),
            "organization_id": member.organization_id,
            "user_role": member.user_role.litellm(),
            "spend": member.spending.spend.show(),
            "budget_id": budget_id,
            "litellm_budget_table": bounds::table(&member.limits, budget_id, member.spending.budget_reset_at),
            "created_at": member.stamp.created_at.show(),
            "updated_at": member.stamp.updated_at.show(),
        })
    };
    Ok(members.iter().map(row).collect())
}

async fn row(desk: &Desk, member: &OrganizationMember) -> Result<Json<Value>, Fault> {
    let rows = rows(desk, std::slice::from_ref(member)).await?;
    Ok(Json(rows.into_iter().next().unwrap_or_default()))
}

/// What a document says that somebody is in an organisation.
fn role(document: &mut Document) -> Result<Option<Role>, ParseError> {
    let word = document.shift_remove("role").unwrap_or_default();
    let word = Option::<String>::read(word).map_err(|error| error.at("role"))?;
    let Some(word) = word else { return Ok(None) };
    let role = Role::from_litellm(&word)
        .filter(|role| matches!(role, Role::OrgAdmin | Role::InternalUser | Role::InternalUserViewer));
    let message = || format!("expected one of {}", ROLES.join(", "));
    role.map(Some).ok_or_else(|| ParseError { path: "role".to_owned(), message: message() })
}

fn budget(said: &mut Said) -> Result<Option<Option<Usd>>, Fault> {
    if !said.has("max_budget_in_organization") {
        return Ok(None);
    }
    let budget: Option<Usd> = said.take("max_budget_in_organization")?;
    if budget.is_some_and(|budget| budget < Usd::ZERO) {
        let message = "max_budget_in_organization must not be less than nothing";
        return Err(Fault::invalid("max_budget_in_organization", message));
    }
    Ok(Some(budget))
}

async fn add(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let id: OrganizationId = said.need("organization_id")?;
    desk.store.get::<Organization>(&id, &desk.scope).await?;
    desk.check_members(Kind::OrganizationMember, &said.members, &place(&id))?;
    let documents = one_or_more(said.need::<Value>("member")?, "member")?;
    let budget = budget(&mut said)?.flatten();
    said.end();
    if documents.len() > MOST {
        return Err(Fault::invalid("member", format!("member must be {MOST} at most")));
    }
    let (mut names, mut roles) = (Vec::new(), Vec::new());
    for (place, mut document) in documents.into_iter().enumerate() {
        let read = Named::take(&mut document).and_then(|name| Ok((name, role(&mut document)?)));
        let (name, role) = read.map_err(|error| error.at(&format!("[{place}]")).at("member"))?;
        desk.ignores_of("member", place, &document);
        names.push(name);
        roles.push(role.unwrap_or(Role::InternalUser));
    }
    let people = people::find(&desk, &names, Some(&id)).await?;
    let (mut users, mut members, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (person, role) in people.iter().zip(roles) {
        if !desk.manager.may_give_role_in(role, &id) {
            return Err(llm_tenancy::management::Forbidden::Role { role }.into());
        }
        check_target(&desk, &person.user)?;
        if !seen.insert(&person.user.user_id) {
            continue;
        }
        if person.is_new {
            users.push(person.user.clone());
        }
        members.push(OrganizationMember {
            organization_id: id.clone(),
            user_id: person.user.user_id.clone(),
            user_role: role,
            budget_id: None,
            limits: Limits { max_budget: budget, ..Limits::default() },
            spending: Spending::default(),
            stamp: desk.stamp(),
        });
    }
    let mut batch = Batch::default();
    batch.create_all(&users)?.create_all(&members)?;
    desk.store.apply(&batch, &desk.by).await?;
    let users: Vec<_> = people.iter().map(|person| people::shown(&desk, &person.user)).collect();
    Ok(Json(json!({
        "organization_id": id,
        "updated_users": users,
        "updated_organization_memberships": rows(&desk, &members).await?,
    })))
}

/// Who manages the whole proxy is not for others to place.
fn check_target(desk: &Desk, user: &User) -> Result<(), Fault> {
    let is_above = matches!(user.user_role, Role::ProxyAdmin | Role::ProxyAdminViewer);
    if is_above && desk.manager.role != Some(Role::ProxyAdmin) {
        return Err(Fault::forbidden("this user is for proxy admins to place"));
    }
    Ok(())
}

/// The member that a request means.
async fn key(desk: &Desk, id: OrganizationId, name: &Named) -> Result<(OrganizationId, UserId), Fault> {
    let found = people::ids(desk, std::slice::from_ref(name)).await?.into_iter().next().flatten();
    let nobody = || StoreError::NotFound(Kind::OrganizationMember);
    Ok((id, found.ok_or_else(nobody)?))
}

async fn update(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let id: OrganizationId = said.need("organization_id")?;
    let name = Named::take(&mut said.members)?;
    let key = key(&desk, id, &name).await?;
    desk.store.get::<OrganizationMember>(&key, &desk.scope).await?;
    let there: Place<'_> = place(&key.0);
    desk.check_members(Kind::OrganizationMember, &said.members, &there)?;
    let role = role(&mut said.members)?;
    let budget = budget(&mut said)?;
    said.end();
    if let Some(role) = role
        && !desk.manager.may_give_role_in(role, &key.0)
    {
        return Err(llm_tenancy::management::Forbidden::Role { role }.into());
    }
    if let Some(user) = desk.store.find::<User>(&key.1, &Scope::everything()).await? {
        check_target(&desk, &user.value)?;
    }
    let change = |member: &mut OrganizationMember| {
        member.user_role = role.unwrap_or(member.user_role);
        member.limits.max_budget = budget.unwrap_or(member.limits.max_budget);
        Ok::<_, Fault>(())
    };
    let changed = desk.store.change(&key, &desk.scope, &desk.by, change).await?.value;
    row(&desk, &changed).await
}

async fn remove(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let id: OrganizationId = said.need("organization_id")?;
    let name = Named::take(&mut said.members)?;
    said.end();
    let key = key(&desk, id, &name).await?;
    let gone = desk.store.delete::<OrganizationMember>(&[key], &desk.scope, &desk.by).await?;
    match gone.first() {
        Some(gone) => row(&desk, &gone.value).await,
        None => Err(StoreError::NotFound(Kind::OrganizationMember).into()),
    }
}
