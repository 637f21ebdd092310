//! Models and credentials that were added by way of the API.

use llm_tenancy::{
    CredentialId, Kind, ModelId, Owner, Sealed, Spending, Stamp, StoredCredential, StoredModel,
};
use sea_orm::Value;

use super::{ORGANIZATIONS, TEAMS, maybe, text};
use crate::Field;
use crate::record::kept::Kept;
use crate::record::{OWNER, Record, RecordId as _, Sheet};
use crate::scope::Whose;

/// The column that says under which key a record's secrets are sealed.
pub(crate) const SEAL: &str = "seal_id";

pub(crate) static MODELS: Sheet = Sheet {
    kind: Kind::Model,
    table: "models",
    columns: &["name", "team_id", "organization_id", SEAL, "blocked"],
    unique: &[],
    refers: &[("organization_id", &ORGANIZATIONS), ("team_id", &TEAMS)],
    fields: &[
        (Field::Id, "id"),
        (Field::Name, "name"),
        (Field::Team, "team_id"),
        (Field::Organization, "organization_id"),
        (Field::Blocked, "blocked"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: false,
    whose: Whose {
        organization: Some("organization_id"),
        team: Some("team_id"),
        shared: true,
        ..Whose::NOBODYS
    },
    members: None,
};

pub(crate) static CREDENTIALS: Sheet = Sheet {
    kind: Kind::Credential,
    table: "credentials",
    columns: &["name", OWNER, "team_id", "organization_id", SEAL],
    unique: &[("name_and_owner", "name")],
    refers: &[("organization_id", &ORGANIZATIONS), ("team_id", &TEAMS)],
    fields: &[
        (Field::Id, "id"),
        (Field::Name, "name"),
        (Field::Team, "team_id"),
        (Field::Organization, "organization_id"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: false,
    whose: Whose {
        organization: Some("organization_id"),
        team: Some("team_id"),
        shared: true,
        ..Whose::NOBODYS
    },
    members: None,
};

impl Record for StoredModel {
    type Id = ModelId;
    const KIND: Kind = Kind::Model;
}

impl Kept for StoredModel {
    fn sheet() -> &'static Sheet {
        &MODELS
    }

    fn key(&self) -> String {
        self.model_id.to_text()
    }

    fn columns(&self) -> Vec<Value> {
        let (team, organization) = owners(self.owner.as_ref());
        vec![
            maybe(Some(&self.model_name)),
            team,
            organization,
            sealed_by(self.secrets.values()),
            self.blocked.into(),
        ]
    }

    fn stamp(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn spending(&mut self) -> Option<&mut Spending> {
        None
    }
}

impl Record for StoredCredential {
    type Id = CredentialId;
    const KIND: Kind = Kind::Credential;
}

impl Kept for StoredCredential {
    fn sheet() -> &'static Sheet {
        &CREDENTIALS
    }

    fn key(&self) -> String {
        self.credential_id.to_text()
    }

    fn columns(&self) -> Vec<Value> {
        let (team, organization) = owners(self.owner.as_ref());
        let owner = match &self.owner {
            None => String::new(),
            Some(Owner::Team(id)) => format!("team:{id}"),
            Some(Owner::Organization(id)) => format!("organization:{id}"),
        };
        vec![text(&self.credential_name), owner.into(), team, organization, sealed_by(self.values.values())]
    }

    fn stamp(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn spending(&mut self) -> Option<&mut Spending> {
        None
    }
}

fn owners(owner: Option<&Owner>) -> (Value, Value) {
    let none = || None::<String>.into();
    match owner {
        Some(Owner::Team(id)) => (text(id), none()),
        Some(Owner::Organization(id)) => (none(), text(id)),
        _ => (none(), none()),
    }
}

/// The one key that all are sealed under, or a word that is no key's id.
fn sealed_by<'a>(mut secrets: impl Iterator<Item = &'a Sealed>) -> Value {
    let first = secrets.next().map(|sealed| sealed.key_id.clone());
    let all = first.as_ref().is_none_or(|first| secrets.all(|sealed| sealed.key_id == *first));
    if all { first.into() } else { "several".to_owned().into() }
}
