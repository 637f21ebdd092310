//! Credentials of vendors, for models to refer to. Their values are sealed, and never shown.

mod write;

use axum::Json;
use axum::routing::{delete, get, patch, post};
use llm_store::{Field, Filter, Query, StoreError, Stored};
use llm_tenancy::{Document, Kind, StoredCredential, StoredModel};
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::member::{self, Member, members};
use crate::owner;
use crate::paging::{Paging, listed};
use crate::parts::Parts;
use crate::said::Asked;
use crate::seals;
use crate::shape::Shape;
use crate::terms::stamp;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let shown = || Param::shown(&credential()).into_iter().chain([VALUES]).chain(OWNED);
    let done =
        || [Param::new("success", Shape::Flag, "Yes"), Param::new("message", Shape::Text, "What was done")];
    const ONE: &str = "/credentials/{credential_name}";
    vec![
        Endpoint::post("/credentials", "Makes a credential", post(write::new))
            .takes([
                Param::new("credential_name", Shape::Text, "The name by which models refer to it").required(),
                Param::new("credential_values", Shape::Object, "Its values, such as `api_key`"),
                Param::new(
                    "model_id",
                    Shape::Text,
                    "A model whose values it takes, in the place of `credential_values`",
                ),
            ])
            .takes(OWNER)
            .takes(Param::settable(&credential()))
            .gives(done()),
        Endpoint::get("/credentials", "Lists credentials: all, or a page of them", get(list))
            .asks([Param::new("search", Shape::Text, "What their name holds")])
            .asks(OWNER)
            .asks(Paging::PARAMS)
            .gives([
                Param::new("success", Shape::Flag, "Yes"),
                Param::new("credentials", Shape::List(&Shape::Object), "The credentials; values are `***`"),
            ]),
        Endpoint::get("/credentials/by_name/{credential_name}", "Shows a credential", get(by_name))
            .asks(OWNER)
            .gives(shown()),
        Endpoint::get(
            "/credentials/by_model/{model_id}",
            "Shows with what a model asks its vendor",
            get(by_model),
        )
        .gives(shown()),
        Endpoint::new("PATCH", ONE, "Changes a credential: what is not said stays", patch(write::update))
            .asks(OWNER)
            .takes([
                Param::new(
                    "credential_values",
                    Shape::Object,
                    "Values that are set; `***` leaves one as it is",
                ),
                Param::new(
                    "credential_values_to_delete",
                    Shape::List(&Shape::Text),
                    "Names of values that go",
                ),
                Param::new(
                    "model_id",
                    Shape::Text,
                    "A model whose values it takes, in the place of `credential_values`",
                ),
            ])
            .takes(Param::settable(&credential()))
            .gives(done()),
        Endpoint::new("DELETE", ONE, "Deletes a credential", delete(write::delete)).asks(OWNER).gives(done()),
    ]
}

const VALUES: Param = Param::new("credential_values", Shape::Map(&Shape::Text), "Its values: `***`");
const OWNER: [Param; 2] = [
    Param::new("team_id", Shape::Text, "The team that has it"),
    Param::new("organization_id", Shape::Text, "The organisation that has it"),
];
const OWNED: [Param; 2] = [
    Param::new("team_id", Shape::Maybe(&Shape::Text), "The team that has it"),
    Param::new("organization_id", Shape::Maybe(&Shape::Text), "The organisation that has it"),
];

fn credential() -> Vec<Member<StoredCredential>> {
    let mut all = members!(StoredCredential {
        @get "credential_name" credential_name: String, "The name by which models refer to it";
        "display_name" display_name: Option<String>, "A name for people";
        "credential_info" info: Document, "What else is known of it, such as the vendor; no secrets";
    });
    all.extend(stamp!(StoredCredential));
    all
}

async fn list(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = Paging::if_asked(&mut asked)?;
    let mut filters = owner::filters(&mut asked);
    filters.extend(asked.take("search").map(|part| Filter::Holds(Field::Name, part)));
    asked.end();
    let found = listed::<StoredCredential>(&desk, paging, filters, Field::Name).await?;
    let shown: Vec<_> = found.iter().map(show).collect();
    Ok(Json(json!({"success": true, "credentials": shown})))
}

async fn by_name(desk: Desk, Parts(name): Parts<String>, mut asked: Asked) -> Result<Json<Document>, Fault> {
    let found = found(&desk, name, &mut asked).await?;
    asked.end();
    Ok(Json(show(&found.value)))
}

async fn by_model(desk: Desk, Parts(id): Parts<String>, asked: Asked) -> Result<Json<Document>, Fault> {
    asked.end();
    let model = desk.store.get::<StoredModel>(&id.into(), &desk.scope).await?.value;
    let mut values = seals::masked(&model.secrets);
    let plain = model.params.iter().filter(|(name, _)| is_credentials(name));
    values.extend(plain.map(|(name, value)| (name.clone(), value.clone())));
    let mut shown = Document::from_iter([
        ("credential_name".to_owned(), format!("{}-credential-{}", model.model_name, model.model_id).into()),
        ("credential_values".to_owned(), values.into()),
        ("credential_info".to_owned(), json!({})),
    ]);
    shown.extend(owner::shown(model.owner.as_ref()));
    Ok(Json(shown))
}

/// Whether a parameter that is no secret belongs to a credential: where and as whom a vendor is asked.
fn is_credentials(name: &str) -> bool {
    const NAMES: [&str; 8] = [
        "api_base",
        "base_url",
        "api_version",
        "organization",
        "region_name",
        "api_key",
        "tenant_id",
        "client_id",
    ];
    const FAMILIES: [&str; 4] = ["aws_", "vertex_", "azure_", "watsonx_"];
    NAMES.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family))
}

/// The credential that a name means, and a query that narrows it to one owner's. Of several that different owners have,
/// everybody's is meant.
async fn found(desk: &Desk, name: String, asked: &mut Asked) -> Result<Stored<StoredCredential>, Fault> {
    let mut filters = owner::filters(asked);
    filters.push(Filter::Is(Field::Name, name));
    let mut query = Query { filters, size: 2, ..Query::default() };
    let mut found = desk.store.list::<StoredCredential>(&query, &desk.scope).await?.records;
    if found.len() > 1 {
        query.filters.extend(owner::filters_of(None));
        found = desk.store.list::<StoredCredential>(&query, &desk.scope).await?.records;
        if found.is_empty() {
            let why = "several have a credential of this name: say team_id or organization_id";
            return Err(Fault::invalid("team_id", why));
        }
    }
    Ok(found.into_iter().next().ok_or(StoreError::NotFound(Kind::Credential))?)
}

/// A credential as it is shown: values masked.
fn show(it: &StoredCredential) -> Document {
    let mut shown = member::show(it, &credential());
    shown.insert("credential_values".to_owned(), seals::masked(&it.values).into());
    shown.insert("source".to_owned(), "db".into());
    shown.extend(owner::shown(it.owner.as_ref()));
    shown
}
