//! Customers: whom applications' requests are for. LiteLLM's other name for them is end users.

use std::collections::BTreeMap;

use axum::Json;
use axum::routing::{get, post};
use llm_store::{Batch, Field, Filter};
use llm_tenancy::management::{Place, Scope};
use llm_tenancy::{Budget, BudgetId, Document, EndUser, EndUserId, Grants, Kind, Limits, Spending, Usd};
use serde_json::{Value, json};

use crate::bounds;
use crate::budgets;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::member::{self, Member, members};
use crate::paging::{LARGEST, Paging};
use crate::said::{Asked, Said};
use crate::shape::Shape;
use crate::terms::{limits, spending, stamp};
use crate::veil::metadata;
use crate::wire::Wire;

/// Regions that models may be asked to be in.
const REGIONS: [&str; 2] = ["eu", "us"];
/// The most customers of one request.
const MOST: usize = 1_000;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let mut all = family([
        "/customer/new",
        "/customer/update",
        "/customer/delete",
        "/customer/info",
        "/customer/list",
        "/customer/block",
        "/customer/unblock",
    ]);
    all.extend(family([
        "/end_user/new",
        "/end_user/update",
        "/end_user/delete",
        "/end_user/info",
        "/end_user/list",
        "/end_user/block",
        "/end_user/unblock",
    ]));
    all
}

fn family([new, update, delete, info, list, block, unblock]: [&'static str; 7]) -> Vec<Endpoint> {
    let (settable, shown) = (|| Param::settable(&customer()), || Param::shown(&customer()));
    let ids = || Param::new("user_ids", Shape::List(&Shape::Text), "Their ids").required();
    let spend = || Param::new("spend", Shape::Number, "Dollars that were spent for them already");
    vec![
        Endpoint::post(new, "Makes a customer", post(self::new))
            .takes([ID.required(), spend()])
            .takes(settable())
            .gives(shown())
            .gives_too([BUDGET]),
        Endpoint::post(update, "Changes a customer", post(self::update))
            .takes([ID.required(), spend()])
            .takes(settable())
            .gives(shown())
            .gives_too([BUDGET]),
        Endpoint::post(delete, "Deletes customers", post(self::delete)).takes([ids()]).gives([
            Param::new("deleted_customers", Shape::Integer, "How many"),
            Param::new("message", Shape::Text, "The same in words"),
        ]),
        Endpoint::get(info, "Shows a customer", get(self::info))
            .asks([Param::new("end_user_id", Shape::Text, "Its id").required()])
            .gives(shown())
            .gives_too([BUDGET]),
        Endpoint::get(list, "Lists customers", get(self::list))
            .asks([Param::new("search", Shape::Text, "What their id or name holds")])
            .asks(Paging::PARAMS)
            .gives_other(Shape::List(&Shape::Object)),
        Endpoint::post(block, "Refuses requests for customers", post(self::block))
            .takes([ids()])
            .gives([Param::new("blocked_users", Shape::List(&Shape::Object), "The customers")]),
        Endpoint::post(unblock, "Lets requests for customers in again", post(self::unblock))
            .takes([ids()])
            .gives([Param::new(
                "blocked_users",
                Shape::List(&Shape::Text),
                "Those of them that are still blocked: none",
            )]),
    ]
}

const ID: Param = Param::new("user_id", Shape::Text, "Its id: what requests name as their user");
const BUDGET: Param = Param::new(
    "litellm_budget_table",
    Shape::Maybe(&Shape::Object),
    "The bounds: its own, or those of its budget",
);

/// A region, or none.
#[derive(Debug, Clone)]
struct Region(String);

impl Wire for Region {
    const SHAPE: Shape = Shape::Word(&REGIONS);

    fn read(value: Value) -> Result<Self, llm_types::ParseError> {
        let text = String::read(value)?;
        if REGIONS.contains(&text.as_str()) {
            Ok(Self(text))
        } else {
            Err(crate::wire::wrong("expected eu or us"))
        }
    }

    fn show(&self) -> Value {
        self.0.as_str().into()
    }
}

fn customer() -> Vec<Member<EndUser>> {
    let mut all = members!(EndUser {
        @get "user_id" user_id: EndUserId, "Its id";
        "alias" alias: Option<String>, "A name for people";
        "blocked" blocked: bool, "Whether requests for it are refused";
        "default_model" default_model: Option<String>, "The model that is asked for it whatever requests say";
        "budget_id" budget_id: Option<BudgetId>, "A budget under a name";
        "models" grants.models: Vec<String>, "Models that may be asked for it; all if empty";
        "object_permission" grants.object_permission: llm_tenancy::ObjectPermission, "Tools, stores and agents that may be used for it";
    });
    all.push(Member {
        name: "allowed_model_region",
        about: "The region that models must be in",
        shape: Shape::Maybe(&Region::SHAPE),
        set: Some(|it, value| {
            it.allowed_model_region = Option::<Region>::read(value)?.map(|region| region.0);
            Ok(())
        }),
        get: Some(|it| it.allowed_model_region.show()),
    });
    all.extend(limits!(EndUser));
    all.extend(spending!(EndUser));
    all.extend(metadata!(EndUser));
    all.extend(stamp!(EndUser));
    all
}

fn made(desk: &Desk, user_id: EndUserId) -> EndUser {
    EndUser {
        user_id,
        alias: None,
        blocked: false,
        allowed_model_region: None,
        default_model: None,
        budget_id: None,
        grants: Grants::default(),
        limits: Limits::default(),
        spending: Spending::default(),
        metadata: Document::new(),
        stamp: desk.stamp(),
    }
}

/// Tells what of a customer is kept and not acted upon, and of others is acted upon.
fn tell_kept(desk: &Desk, said: &Said) {
    said.tell_kept(&["models"]);
    let objects = said.members.get("object_permission");
    if objects.is_some_and(|objects| objects["models"].is_array()) {
        desk.ignores(["object_permission.models".to_owned()]);
    }
}

async fn new(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    tell_kept(&desk, &said);
    desk.check_members(Kind::EndUser, &said.members, &Place::default())?;
    let id: EndUserId = said.need("user_id")?;
    if id.as_str().is_empty() {
        return Err(Fault::missing("user_id"));
    }
    let named = |said: &Said, name: &str| said.members.get(name).is_some_and(|value| !value.is_null());
    if named(&said, "max_budget") && named(&said, "budget_id") {
        return Err(Fault::invalid("budget_id", "say either max_budget or budget_id"));
    }
    let mut made = made(&desk, id);
    said.set(&mut made, &customer())?;
    made.spending.spend = said.take::<Usd>("spend")?.unwrap_or_default();
    bounds::check(&made.limits)?;
    made.spending.budget_reset_at = desk.next_reset(&made.limits);
    said.end();
    desk.store.create(&made, &desk.by).await?;
    Ok(Json(shown(&desk, &made).await?))
}

async fn update(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    tell_kept(&desk, &said);
    desk.check_members(Kind::EndUser, &said.members, &Place::default())?;
    let id: EndUserId = said.need("user_id")?;
    let spend: Option<Usd> = said.take("spend")?;
    let mut left = Document::new();
    let changed = desk
        .store
        .change(&id, &desk.scope, &desk.by, |it: &mut EndUser| {
            // May be called again, with the record anew.
            left = said.members.clone();
            let before = it.limits.clone();
            member::set(it, &customer(), &mut left)?;
            bounds::settle(&it.limits, &mut it.spending, Some(&before), &desk)
        })
        .await?;
    desk.ignores(left.keys().cloned());
    let changed = match spend {
        None => changed,
        Some(spend) => desk.store.set_spend::<EndUser>(&id, spend, &desk.scope, &desk.by).await?,
    };
    Ok(Json(shown(&desk, &changed.value).await?))
}

async fn delete(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let ids = ids(&mut said)?;
    said.end();
    let gone = desk.store.delete::<EndUser>(&ids, &desk.scope, &desk.by).await?.len();
    Ok(Json(json!({"deleted_customers": gone, "message": format!("{gone} customers were deleted")})))
}

async fn info(desk: Desk, mut asked: Asked) -> Result<Json<Document>, Fault> {
    let id = asked.need("end_user_id")?;
    asked.end();
    let found = desk.store.get::<EndUser>(&id.into(), &desk.scope).await?.value;
    Ok(Json(shown(&desk, &found).await?))
}

async fn list(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = Paging::of(&mut asked, 50, LARGEST)?;
    let search = asked.take("search");
    asked.end();
    let holds = |part: String| {
        Filter::Any(vec![Filter::Holds(Field::Id, part.clone()), Filter::Holds(Field::Alias, part)])
    };
    let query = paging.sorted(search.map(holds).into_iter().collect(), (Field::Id, false));
    let page = desk.store.list::<EndUser>(&query, &desk.scope).await?;
    let customers: Vec<_> = page.records.into_iter().map(|it| it.value).collect();
    let budgets = budgets_of(&desk, &customers).await?;
    Ok(Json(customers.iter().map(|it| show(it, &budgets)).collect()))
}

/// Blocks customers, also those that nobody has seen yet.
async fn block(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let ids = ids(&mut said)?;
    said.end();
    let found = desk.store.find_all::<EndUser>(&ids, &desk.scope).await?;
    let mut batch = Batch::default();
    let mut blocked = BTreeMap::new();
    for id in ids {
        let there = found.iter().find(|it| it.value.user_id == id);
        let mut customer = there.map_or_else(|| made(&desk, id.clone()), |it| it.value.clone());
        customer.blocked = true;
        if blocked.insert(id, customer.clone()).is_some() {
            continue;
        }
        match there {
            Some(it) => batch.update(&customer, it.version, &desk.scope),
            None => batch.create(&customer)?,
        };
    }
    desk.store.apply(&batch, &desk.by).await?;
    let shown: Vec<_> = blocked.values().map(|it| member::show(it, &customer())).collect();
    Ok(Json(json!({ "blocked_users": shown })))
}

async fn unblock(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let ids = ids(&mut said)?;
    said.end();
    let open = |it: &mut EndUser| {
        it.blocked = false;
        Ok::<_, Fault>(())
    };
    desk.store.change_all(&ids, &desk.scope, &desk.by, open).await?;
    Ok(Json(json!({ "blocked_users": [] })))
}

fn ids(said: &mut Said) -> Result<Vec<EndUserId>, Fault> {
    let ids: Vec<EndUserId> = said.need("user_ids")?;
    if ids.is_empty() || ids.len() > MOST {
        return Err(Fault::invalid("user_ids", format!("user_ids must be 1 to {MOST}")));
    }
    Ok(ids)
}

async fn shown(desk: &Desk, it: &EndUser) -> Result<Document, Fault> {
    Ok(show(it, &budgets_of(desk, std::slice::from_ref(it)).await?))
}

/// The budgets that customers refer to.
async fn budgets_of(desk: &Desk, customers: &[EndUser]) -> Result<BTreeMap<BudgetId, Budget>, Fault> {
    let ids: Vec<_> = customers.iter().filter_map(|it| it.budget_id.clone()).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    // Whoever looks at a customer looks at what bounds it.
    let found = desk.store.find_all::<Budget>(&ids, &Scope::everything()).await?;
    Ok(found.into_iter().map(|it| (it.value.budget_id.clone(), it.value)).collect())
}

fn show(it: &EndUser, budgets: &BTreeMap<BudgetId, Budget>) -> Document {
    let named = it.budget_id.as_ref().and_then(|id| budgets.get(id));
    let own = || bounds::table(&it.limits, None, it.spending.budget_reset_at);
    let mut shown = member::show(it, &customer());
    let table = named.map_or_else(own, |named| json!(budgets::show(named)));
    shown.insert("litellm_budget_table".to_owned(), table);
    shown
}
