//! Organisations, their members, and projects.

use llm_tenancy::{
    Kind, Organization, OrganizationId, OrganizationMember, Project, ProjectId, Spending, Stamp, UserId,
};
use sea_orm::Value;

use super::{BUDGETS, TEAMS, maybe, text};
use crate::Field;
use crate::record::kept::Kept;
use crate::record::{Record, RecordId as _, Sheet};
use crate::scope::Whose;

pub(crate) static ORGANIZATIONS: Sheet = Sheet {
    kind: Kind::Organization,
    table: "organizations",
    columns: &["alias", "budget_id", "blocked"],
    unique: &[],
    refers: &[("budget_id", &BUDGETS)],
    fields: &[
        (Field::Id, "id"),
        (Field::Organization, "id"),
        (Field::Alias, "alias"),
        (Field::Budget, "budget_id"),
        (Field::Blocked, "blocked"),
        (Field::Spend, "spend_nanos"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: true,
    whose: Whose { organization: Some("id"), ..Whose::NOBODYS },
    members: None,
};

pub(crate) static ORGANIZATION_MEMBERS: Sheet = Sheet {
    kind: Kind::OrganizationMember,
    table: "organization_members",
    columns: &["organization_id", "user_id", "role", "budget_id"],
    unique: &[],
    refers: &[("organization_id", &ORGANIZATIONS), ("budget_id", &BUDGETS)],
    fields: &[
        (Field::Id, "id"),
        (Field::Organization, "organization_id"),
        (Field::User, "user_id"),
        (Field::Role, "role"),
        (Field::Budget, "budget_id"),
        (Field::Spend, "spend_nanos"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: true,
    whose: Whose { organization: Some("organization_id"), user: Some("user_id"), ..Whose::NOBODYS },
    members: None,
};

pub(crate) static PROJECTS: Sheet = Sheet {
    kind: Kind::Project,
    table: "projects",
    columns: &["alias", "team_id", "budget_id", "blocked"],
    unique: &[],
    refers: &[("team_id", &TEAMS), ("budget_id", &BUDGETS)],
    fields: &[
        (Field::Id, "id"),
        (Field::Project, "id"),
        (Field::Alias, "alias"),
        (Field::Team, "team_id"),
        (Field::Budget, "budget_id"),
        (Field::Blocked, "blocked"),
        (Field::Spend, "spend_nanos"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: true,
    whose: Whose { team: Some("team_id"), ..Whose::NOBODYS },
    members: None,
};

impl Record for Organization {
    type Id = OrganizationId;
    const KIND: Kind = Kind::Organization;
}

impl Kept for Organization {
    fn sheet() -> &'static Sheet {
        &ORGANIZATIONS
    }

    fn key(&self) -> String {
        self.organization_id.to_text()
    }

    fn columns(&self) -> Vec<Value> {
        vec![maybe(Some(&self.organization_alias)), maybe(self.budget_id.as_ref()), self.blocked.into()]
    }

    fn stamp(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn spending(&mut self) -> Option<&mut Spending> {
        Some(&mut self.spending)
    }
}

impl Record for OrganizationMember {
    type Id = (OrganizationId, UserId);
    const KIND: Kind = Kind::OrganizationMember;
}

impl Kept for OrganizationMember {
    fn sheet() -> &'static Sheet {
        &ORGANIZATION_MEMBERS
    }

    fn key(&self) -> String {
        (self.organization_id.clone(), self.user_id.clone()).to_text()
    }

    fn columns(&self) -> Vec<Value> {
        vec![
            text(&self.organization_id),
            text(&self.user_id),
            text(self.user_role.litellm()),
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

impl Record for Project {
    type Id = ProjectId;
    const KIND: Kind = Kind::Project;
}

impl Kept for Project {
    fn sheet() -> &'static Sheet {
        &PROJECTS
    }

    fn key(&self) -> String {
        self.project_id.to_text()
    }

    fn columns(&self) -> Vec<Value> {
        vec![
            maybe(self.project_alias.as_ref()),
            maybe(self.team_id.as_ref()),
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
