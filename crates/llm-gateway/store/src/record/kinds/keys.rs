//! Virtual keys, by their hash.

use llm_tenancy::{Deletion, KeyHash, Kind, Spending, Stamp, TokenClaim, VirtualKey};
use sea_orm::Value;

use super::{BUDGETS, ORGANIZATIONS, PROJECTS, TEAMS, maybe};
use crate::Field;
use crate::journal::short;
use crate::record::kept::Kept;
use crate::record::{Record, Sheet};
use crate::scope::Whose;

pub(crate) static KEYS: Sheet = Sheet {
    kind: Kind::Key,
    table: "keys",
    columns: &[
        "alias",
        "user_id",
        "team_id",
        "organization_id",
        "project_id",
        "agent_id",
        "budget_id",
        "created_by",
        "token_claim",
        "expires_ms",
        "rotates_ms",
        "blocked",
    ],
    unique: &[("alias", "alias"), ("token_claim", "token claim")],
    refers: &[
        ("organization_id", &ORGANIZATIONS),
        ("team_id", &TEAMS),
        ("project_id", &PROJECTS),
        ("budget_id", &BUDGETS),
    ],
    fields: &[
        (Field::Id, "id"),
        (Field::Alias, "alias"),
        (Field::User, "user_id"),
        (Field::Team, "team_id"),
        (Field::Organization, "organization_id"),
        (Field::Project, "project_id"),
        (Field::Agent, "agent_id"),
        (Field::Budget, "budget_id"),
        (Field::Creator, "created_by"),
        (Field::TokenClaim, "token_claim"),
        (Field::Expires, "expires_ms"),
        (Field::Rotates, "rotates_ms"),
        (Field::Blocked, "blocked"),
        (Field::Spend, "spend_nanos"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: true,
    whose: Whose {
        organization: Some("organization_id"),
        team: Some("team_id"),
        user: Some("user_id"),
        key: Some("id"),
        shared: false,
    },
    members: None,
};

impl Record for VirtualKey {
    type Id = KeyHash;
    const KIND: Kind = Kind::Key;
}

impl Kept for VirtualKey {
    fn sheet() -> &'static Sheet {
        &KEYS
    }

    fn key(&self) -> String {
        self.hash.to_string()
    }

    fn columns(&self) -> Vec<Value> {
        vec![
            maybe(self.key_alias.as_ref()),
            maybe(self.user_id.as_ref()),
            maybe(self.team_id.as_ref()),
            maybe(self.organization_id.as_ref()),
            maybe(self.project_id.as_ref()),
            maybe(self.agent_id.as_ref()),
            maybe(self.budget_id.as_ref()),
            maybe(self.stamp.created_by.as_deref().map(short).as_ref()),
            maybe(
                self.token_claim.as_ref().map(|claim| TokenClaim::text(&claim.name, &claim.value)).as_ref(),
            ),
            self.expires_at.map(|end| end.0).into(),
            self.rotation.due_at().map(|due| due.0).into(),
            self.blocked.into(),
        ]
    }

    fn stamp(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn spending(&mut self) -> Option<&mut Spending> {
        Some(&mut self.spending)
    }

    fn bury(&mut self, deletion: Deletion) {
        self.deleted = Some(deletion);
    }
}
