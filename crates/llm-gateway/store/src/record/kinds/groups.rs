//! Budgets that several refer to, tags, and groups of models.

use llm_tenancy::{AccessGroup, AccessGroupId, Budget, BudgetId, Kind, Spending, Stamp, Tag, TagName};
use sea_orm::Value;

use super::maybe;
use crate::Field;
use crate::record::kept::Kept;
use crate::record::{Record, RecordId as _, Sheet};
use crate::scope::Whose;

pub(crate) static BUDGETS: Sheet = Sheet {
    kind: Kind::Budget,
    table: "budgets",
    columns: &[],
    unique: &[],
    refers: &[],
    fields: &[
        (Field::Id, "id"),
        (Field::Budget, "id"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: false,
    whose: Whose::NOBODYS,
    members: None,
};

pub(crate) static TAGS: Sheet = Sheet {
    kind: Kind::Tag,
    table: "tags",
    columns: &["budget_id"],
    unique: &[],
    refers: &[("budget_id", &BUDGETS)],
    fields: &[
        (Field::Id, "id"),
        (Field::Name, "id"),
        (Field::Budget, "budget_id"),
        (Field::Spend, "spend_nanos"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: true,
    whose: Whose::NOBODYS,
    members: None,
};

pub(crate) static ACCESS_GROUPS: Sheet = Sheet {
    kind: Kind::AccessGroup,
    table: "access_groups",
    columns: &["name"],
    unique: &[("name", "name")],
    refers: &[],
    fields: &[
        (Field::Id, "id"),
        (Field::Name, "name"),
        (Field::Spend, "spend_nanos"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: true,
    whose: Whose::NOBODYS,
    members: None,
};

impl Record for Budget {
    type Id = BudgetId;
    const KIND: Kind = Kind::Budget;
}

impl Kept for Budget {
    fn sheet() -> &'static Sheet {
        &BUDGETS
    }

    fn key(&self) -> String {
        self.budget_id.to_text()
    }

    fn columns(&self) -> Vec<Value> {
        Vec::new()
    }

    fn stamp(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn spending(&mut self) -> Option<&mut Spending> {
        None
    }
}

impl Record for Tag {
    type Id = TagName;
    const KIND: Kind = Kind::Tag;
}

impl Kept for Tag {
    fn sheet() -> &'static Sheet {
        &TAGS
    }

    fn key(&self) -> String {
        self.name.to_text()
    }

    fn columns(&self) -> Vec<Value> {
        vec![maybe(self.budget_id.as_ref())]
    }

    fn stamp(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn spending(&mut self) -> Option<&mut Spending> {
        Some(&mut self.spending)
    }
}

impl Record for AccessGroup {
    type Id = AccessGroupId;
    const KIND: Kind = Kind::AccessGroup;
}

impl Kept for AccessGroup {
    fn sheet() -> &'static Sheet {
        &ACCESS_GROUPS
    }

    fn key(&self) -> String {
        self.access_group_id.to_text()
    }

    fn columns(&self) -> Vec<Value> {
        vec![maybe(Some(&self.access_group_name))]
    }

    fn stamp(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn spending(&mut self) -> Option<&mut Spending> {
        Some(&mut self.spending)
    }
}
