//! Keys are listed.

use std::collections::HashMap;

use axum::Json;
use axum::routing::get;
use llm_store::{Field, Filter, Query};
use llm_tenancy::management::{Resource, Scope, Verb};
use llm_tenancy::{KeyHash, Role, TeamMember, TeamRole, User, UserId, VirtualKey};
use serde_json::{Value, json};

use super::members::Gallery;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::paging::{LARGEST, Paging};
use crate::said::Asked;
use crate::shape::Shape;
use crate::wire::Wire as _;

/// What keys are sorted by.
const SORTS: [(&str, Field); 9] = [
    ("created_at", Field::Created),
    ("updated_at", Field::Updated),
    ("spend", Field::Spend),
    ("expires", Field::Expires),
    ("key_alias", Field::Alias),
    ("token", Field::Id),
    ("user_id", Field::User),
    ("team_id", Field::Team),
    ("organization_id", Field::Organization),
];

pub(super) fn endpoints() -> Vec<Endpoint> {
    const PAGES: [Param; 3] = [
        Param::new("total_count", Shape::Integer, "How many there are on all pages"),
        Param::new("current_page", Shape::Integer, "The number of this page"),
        Param::new("total_pages", Shape::Integer, "How many pages there are"),
    ];
    const ALIASES: [Param; 2] = [
        Param::new("aliases", Shape::List(&Shape::Text), "The aliases"),
        Param::new("size", Shape::Integer, "How many of a page"),
    ];
    const PAGE: Param = Param::new("page", Shape::Integer, "Which page, from 1 on");
    vec![
        Endpoint::get("/key/list", "Lists keys", get(list))
            .asks([
                PAGE,
                Param::new("size", Shape::Integer, "Keys of a page, 1 to 1,000; 10 if left out"),
                Param::new("user_id", Shape::Text, "Keys of this user; one's own if nothing is asked for"),
                Param::new("team_id", Shape::Text, "Keys of this team"),
                Param::new("organization_id", Shape::Text, "Keys of this organization and its teams"),
                Param::new("project_id", Shape::Text, "Keys of this project"),
                Param::new("agent_id", Shape::Text, "Keys of this agent"),
                Param::new("key_hash", Shape::Text, "The key of this hash or text"),
                Param::new("key_alias", Shape::Text, "The key of this alias"),
                Param::new("search", Shape::Text, "The key of this hash, and those whose alias holds this"),
                Param::new(
                    "substring_matching",
                    Shape::Flag,
                    "Whether key_alias, and user_id for proxy admins, need only be held",
                ),
                Param::new(
                    "status",
                    Shape::Word(&["active", "expired", "revoked", "deleted"]),
                    "How they stand",
                ),
                Param::new("expires", Shape::Word(&["active", "expired"]), "Whether their time is over"),
                Param::new("include_team_keys", Shape::Flag, "Also keys of the teams that the user manages"),
                Param::new("include_created_by_keys", Shape::Flag, "Also keys that the user has made"),
                Param::new(
                    "return_full_object",
                    Shape::Flag,
                    "Whether keys are shown rather than their hashes",
                ),
                Param::new(
                    "expand",
                    Shape::List(&Shape::Word(&["user"])),
                    "Shows whose each key is, and whole keys",
                ),
                Param::new(
                    "sort_by",
                    Shape::Word(&[
                        "created_at",
                        "updated_at",
                        "spend",
                        "expires",
                        "key_alias",
                        "token",
                        "user_id",
                        "team_id",
                        "organization_id",
                    ]),
                    "What they are sorted by; created_at if left out",
                ),
                Param::new("sort_order", Shape::Word(&["asc", "desc"]), "The greatest last, or first"),
            ])
            .gives(
                [Param::new("keys", Shape::List(&Shape::Any), "Hashes of keys, or keys")]
                    .into_iter()
                    .chain(PAGES),
            ),
        Endpoint::get("/key/aliases", "Lists the aliases of keys", get(aliases))
            .asks([
                PAGE,
                Param::new("size", Shape::Integer, "Aliases of a page, 1 to 1,000; 50 if left out"),
                Param::new("search", Shape::Text, "Those that hold this"),
                Param::new("team_id", Shape::Text, "Of keys of this team"),
            ])
            .gives(ALIASES.into_iter().chain(PAGES)),
    ]
}

/// The page that is asked for: its number and size.
fn page(asked: &mut Asked, usual: u64) -> Result<Paging, Fault> {
    let page = asked.number("page")?.unwrap_or(1);
    let size = asked.number("size")?.unwrap_or(usual);
    if page == 0 {
        return Err(Fault::invalid("page", "pages are counted from 1"));
    }
    if size == 0 || size > LARGEST {
        return Err(Fault::invalid("size", format!("a page has 1 to {LARGEST}")));
    }
    Ok(Paging { page, size })
}

async fn list(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = page(&mut asked, 10)?;
    let (sort, descending) = order(&mut asked)?;
    let status = asked.take("status");
    let full = asked.flag("return_full_object")?.unwrap_or(false);
    let expand = asked.list("expand");
    if let Some(other) = expand.iter().find(|word| *word != "user") {
        return Err(Fault::invalid("expand", format!("expand is user, not {other:?}")));
    }
    let filters = filters(&desk, &mut asked, status.as_deref()).await?;
    asked.end();
    let query = paging.sorted(filters, (sort, descending));
    let (keys, total) = if status.as_deref() == Some("deleted") {
        desk.store.list_deleted_keys(&query, &desk.scope).await?
    } else {
        let page = desk.store.list::<VirtualKey>(&query, &desk.scope).await?;
        (page.records.into_iter().map(|found| found.value).collect(), page.total.unwrap_or_default())
    };
    let shown = if expand.is_empty() && !full {
        keys.iter().map(|key| key.hash.show()).collect()
    } else {
        show(&desk, &keys, !expand.is_empty()).await?
    };
    Ok(Json(json!({
        "keys": shown,
        "total_count": total,
        "current_page": paging.page,
        "total_pages": paging.pages(total),
    })))
}

fn order(asked: &mut Asked) -> Result<(Field, bool), Fault> {
    let sort = match asked.take("sort_by") {
        None => Field::Created,
        Some(name) => match SORTS.iter().find(|(sort, _)| *sort == name) {
            Some((_, field)) => *field,
            None => {
                let names = SORTS.map(|(name, _)| name).join(", ");
                return Err(Fault::invalid("sort_by", format!("sort_by is one of {names}")));
            }
        },
    };
    match asked.take("sort_order").map(|order| order.to_ascii_lowercase()).as_deref() {
        None | Some("desc") => Ok((sort, true)),
        Some("asc") => Ok((sort, false)),
        Some(_) => Err(Fault::invalid("sort_order", "sort_order is asc or desc")),
    }
}

/// The key is the one that a text names, by its hash or itself.
async fn named(desk: &Desk, text: &str) -> Result<Filter, Fault> {
    let hash = KeyHash::meant_by(text);
    let now = desk.store.named_keys(&[hash], &desk.scope).await?;
    let hashes = now.iter().map(|(_, found)| found.value.hash).chain([hash]);
    Ok(Filter::Among(Field::Id, hashes.map(|hash| hash.to_string()).collect()))
}

/// What holds of the keys that are asked for.
async fn filters(desk: &Desk, asked: &mut Asked, status: Option<&str>) -> Result<Vec<Filter>, Fault> {
    let is_admin = matches!(desk.manager.role, Some(Role::ProxyAdmin | Role::ProxyAdminViewer));
    let is_deleted = status == Some("deleted");
    let substring = asked.flag("substring_matching")?.unwrap_or(false);
    let mut filters = Vec::new();
    for (name, field) in [
        ("team_id", Field::Team),
        ("project_id", Field::Project),
        ("agent_id", Field::Agent),
        ("key_hash", Field::Id),
        ("key_alias", Field::Alias),
    ] {
        let Some(text) = asked.take(name) else { continue };
        if is_deleted && matches!(field, Field::Project | Field::Agent) {
            return Err(Fault::invalid(name, format!("deleted keys are not looked up by {name}")));
        }
        filters.push(match field {
            Field::Id => named(desk, &text).await?,
            Field::Alias if substring => Filter::Holds(field, text),
            _ => Filter::Is(field, text),
        });
    }
    if asked.take("access_group_id").is_some() {
        let message = "keys are not looked up by their access groups: see those of the access group";
        return Err(Fault::invalid("access_group_id", message));
    }
    if let Some(text) = asked.take("search") {
        filters.push(Filter::Any(vec![named(desk, &text).await?, Filter::Holds(Field::Alias, text)]));
    }
    filters.extend(asked.take("organization_id").map(Filter::OfOrganization));
    filters.extend(whose(desk, asked, is_admin, is_deleted, substring, filters.is_empty()).await?);
    let expires = asked.take("expires");
    if is_deleted && expires.is_some() {
        return Err(Fault::invalid("expires", "deleted keys are not looked up by when they expire"));
    }
    filters.extend(standing(status, desk)?);
    filters.extend(ending(expires.as_deref(), desk)?);
    Ok(filters)
}

/// Whose keys are asked for: if nothing is, those of the one who asks, unless that is a proxy admin.
async fn whose(
    desk: &Desk,
    asked: &mut Asked,
    is_admin: bool,
    is_deleted: bool,
    substring: bool,
    asks_nothing: bool,
) -> Result<Option<Filter>, Fault> {
    let of_teams = asked.flag("include_team_keys")?.unwrap_or(false);
    let made = asked.flag("include_created_by_keys")?.unwrap_or(false);
    if is_deleted && made {
        let message = "deleted keys are not looked up by who made them";
        return Err(Fault::invalid("include_created_by_keys", message));
    }
    let named = asked.take("user_id");
    let own = || desk.manager.user_id.as_ref().map(|user| user.as_str().to_owned());
    if named.is_none() && (is_admin || of_teams || !asks_nothing) {
        // What is within reach, all of it.
        return Ok(None);
    }
    let Some(user) = named.or_else(own) else { return Ok(None) };
    let theirs = if substring && is_admin {
        Filter::Holds(Field::User, user.clone())
    } else {
        Filter::Is(Field::User, user.clone())
    };
    let mut any = vec![theirs];
    if of_teams {
        any.push(Filter::Among(Field::Team, teams_of(desk, &user).await?));
    }
    if made {
        any.push(Filter::Is(Field::Creator, user));
    }
    Ok(Some(Filter::Any(any)))
}

/// The teams whose keys a user sees all of.
async fn teams_of(desk: &Desk, user: &str) -> Result<Vec<String>, Fault> {
    if !desk.scope.all {
        return Ok(desk.scope.teams.iter().map(|team| team.as_str().to_owned()).collect());
    }
    let is_admin = Filter::Is(Field::Role, TeamRole::Admin.litellm().to_owned());
    let query = Query {
        filters: vec![Filter::Is(Field::User, user.to_owned()), is_admin],
        size: LARGEST,
        ..Query::default()
    };
    let members = desk.store.list::<TeamMember>(&query, &Scope::everything()).await?.records;
    Ok(members.into_iter().map(|member| member.value.team_id.into_string()).collect())
}

/// How keys stand.
fn standing(status: Option<&str>, desk: &Desk) -> Result<Vec<Filter>, Fault> {
    let blocked = |flag| Filter::Flag(Field::Blocked, flag);
    match status {
        None | Some("deleted") => Ok(Vec::new()),
        Some("revoked") => Ok(vec![blocked(true)]),
        Some("active" | "expired") => {
            let ending = ending(status, desk)?;
            Ok(ending.into_iter().chain([blocked(false)]).collect())
        }
        Some(_) => Err(Fault::invalid("status", "status is active, expired, revoked or deleted")),
    }
}

/// Whether the time of keys is over.
fn ending(expires: Option<&str>, desk: &Desk) -> Result<Option<Filter>, Fault> {
    // A key ends at its last instant, not after it.
    let next = desk.now().0.saturating_add(1);
    match expires {
        None => Ok(None),
        Some("expired") => Ok(Some(Filter::Below(Field::Expires, next))),
        Some("active") => {
            let later = Filter::AtLeast(Field::Expires, next);
            Ok(Some(Filter::Any(vec![Filter::Empty(Field::Expires), later])))
        }
        Some(_) => Err(Fault::invalid("expires", "expires is active or expired")),
    }
}

/// Whole keys, and whose they are as far as the caller sees users.
async fn show(desk: &Desk, keys: &[VirtualKey], with_users: bool) -> Result<Vec<Value>, Fault> {
    let users = if with_users { users(desk, keys).await? } else { HashMap::new() };
    let gallery = Gallery::of(desk, keys).await?;
    let shown = keys.iter().map(|key| {
        let mut shown = gallery.show(key);
        if let Some(user) = key.user_id.as_ref().and_then(|id| users.get(id)) {
            shown.insert("user".to_owned(), user.clone());
        }
        let maker = key.stamp.created_by.as_deref().map(UserId::from);
        if let Some(maker) = maker.and_then(|id| users.get(&id)) {
            shown.insert("created_by_user".to_owned(), maker.clone());
        }
        Value::Object(shown)
    });
    Ok(shown.collect())
}

async fn users(desk: &Desk, keys: &[VirtualKey]) -> Result<HashMap<UserId, Value>, Fault> {
    let owners = keys.iter().filter_map(|key| key.user_id.clone());
    let makers = keys.iter().filter_map(|key| key.stamp.created_by.as_deref().map(UserId::from));
    let mut ids: Vec<_> = owners.chain(makers).collect();
    ids.sort_unstable();
    ids.dedup();
    let scope = desk.scope_of(Resource::User, Verb::Read);
    let found = desk.store.find_all::<User>(&ids, &scope).await?;
    let shown = found.into_iter().map(|found| {
        let user = found.value;
        let shown = json!({
            "user_id": user.user_id,
            "user_alias": user.user_alias,
            "user_email": user.user_email,
            "user_role": user.user_role,
        });
        (user.user_id, shown)
    });
    Ok(shown.collect())
}

async fn aliases(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = page(&mut asked, 50)?;
    // Whatever holds nothing is something.
    let mut filters = vec![Filter::Holds(Field::Alias, asked.take("search").unwrap_or_default())];
    filters.extend(asked.take("team_id").map(|team| Filter::Is(Field::Team, team)));
    asked.end();
    let query = paging.sorted(filters, (Field::Alias, false));
    let found = desk.store.list::<VirtualKey>(&query, &desk.scope).await?;
    let aliases: Vec<_> = found.records.into_iter().filter_map(|key| key.value.key_alias).collect();
    let total = found.total.unwrap_or_default();
    Ok(Json(json!({
        "aliases": aliases,
        "total_count": total,
        "current_page": paging.page,
        "total_pages": paging.pages(total),
        "size": paging.size,
    })))
}
