//! Teams and their members.

use llm_tenancy::{Kind, Spending, Stamp, Team, TeamId, TeamMember, UserId};
use sea_orm::Value;

use super::{BUDGETS, ORGANIZATIONS, maybe, text};
use crate::Field;
use crate::record::kept::Kept;
use crate::record::{Record, RecordId as _, Sheet};
use crate::scope::Whose;

pub(crate) static TEAMS: Sheet = Sheet {
    kind: Kind::Team,
    table: "teams",
    columns: &["alias", "organization_id", "budget_id", "blocked"],
    unique: &[],
    refers: &[("organization_id", &ORGANIZATIONS), ("budget_id", &BUDGETS)],
    fields: &[
        (Field::Id, "id"),
        (Field::Team, "id"),
        (Field::Alias, "alias"),
        (Field::Organization, "organization_id"),
        (Field::Budget, "budget_id"),
        (Field::Blocked, "blocked"),
        (Field::Spend, "spend_nanos"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: true,
    whose: Whose { organization: Some("organization_id"), team: Some("id"), ..Whose::NOBODYS },
    members: None,
};

pub(crate) static TEAM_MEMBERS: Sheet = Sheet {
    kind: Kind::TeamMember,
    table: "team_members",
    columns: &["team_id", "user_id", "role", "budget_id"],
    unique: &[],
    refers: &[("team_id", &TEAMS), ("budget_id", &BUDGETS)],
    fields: &[
        (Field::Id, "id"),
        (Field::Team, "team_id"),
        (Field::User, "user_id"),
        (Field::Role, "role"),
        (Field::Budget, "budget_id"),
        (Field::Spend, "spend_nanos"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: true,
    whose: Whose { team: Some("team_id"), user: Some("user_id"), ..Whose::NOBODYS },
    members: None,
};

impl Record for Team {
    type Id = TeamId;
    const KIND: Kind = Kind::Team;
}

impl Kept for Team {
    fn sheet() -> &'static Sheet {
        &TEAMS
    }

    fn key(&self) -> String {
        self.team_id.to_text()
    }

    fn columns(&self) -> Vec<Value> {
        vec![
            maybe(self.team_alias.as_ref()),
            maybe(self.organization_id.as_ref()),
            maybe(self.budget_id.as_ref()),
            self.blocked.into(),
        ]
    }

    fn stamp(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn spending(&mut self) -> Option<&mut Spending> {
        Some(&mut self.spending)
    }
}

impl Record for TeamMember {
    type Id = (TeamId, UserId);
    const KIND: Kind = Kind::TeamMember;
}

impl Kept for TeamMember {
    fn sheet() -> &'static Sheet {
        &TEAM_MEMBERS
    }

    fn key(&self) -> String {
        (self.team_id.clone(), self.user_id.clone()).to_text()
    }

    fn columns(&self) -> Vec<Value> {
        vec![
            text(&self.team_id),
            text(&self.user_id),
            text(self.role.litellm()),
            maybe(self.budget_id.as_ref()),
        ]
    }

    fn stamp(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn spending(&mut self) -> Option<&mut Spending> {
        Some(&mut self.spending)
    }
}
