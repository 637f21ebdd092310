//! Users, and end users: whom requests are for.

use llm_tenancy::{EndUser, EndUserId, Kind, Spending, Stamp, User, UserId};
use sea_orm::Value;

use super::{BUDGETS, maybe, text};
use crate::Field;
use crate::record::kept::Kept;
use crate::record::{Record, RecordId as _, Sheet};
use crate::scope::Whose;

pub(crate) static USERS: Sheet = Sheet {
    kind: Kind::User,
    table: "users",
    columns: &["email", "alias", "sso_id", "role", "budget_id", "blocked"],
    unique: &[("email", "email"), ("sso_id", "SSO id")],
    refers: &[("budget_id", &BUDGETS)],
    fields: &[
        (Field::Id, "id"),
        (Field::User, "id"),
        (Field::Email, "email"),
        (Field::Alias, "alias"),
        (Field::Sso, "sso_id"),
        (Field::Role, "role"),
        (Field::Budget, "budget_id"),
        (Field::Blocked, "blocked"),
        (Field::Spend, "spend_nanos"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: true,
    whose: Whose { user: Some("id"), ..Whose::NOBODYS },
    members: Some("organization_members"),
};

pub(crate) static END_USERS: Sheet = Sheet {
    kind: Kind::EndUser,
    table: "end_users",
    columns: &["alias", "budget_id", "blocked"],
    unique: &[],
    refers: &[("budget_id", &BUDGETS)],
    fields: &[
        (Field::Id, "id"),
        (Field::Alias, "alias"),
        (Field::Budget, "budget_id"),
        (Field::Blocked, "blocked"),
        (Field::Spend, "spend_nanos"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: true,
    whose: Whose::NOBODYS,
    members: None,
};

impl Record for User {
    type Id = UserId;
    const KIND: Kind = Kind::User;
}

impl Kept for User {
    fn sheet() -> &'static Sheet {
        &USERS
    }

    fn key(&self) -> String {
        self.user_id.to_text()
    }

    fn columns(&self) -> Vec<Value> {
        // Addresses are the same whatever the case of their letters.
        let email = self.user_email.as_ref().map(|email| email.to_lowercase());
        vec![
            maybe(email.as_ref()),
            maybe(self.user_alias.as_ref()),
            maybe(self.sso_user_id.as_ref()),
            text(self.user_role.litellm()),
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

impl Record for EndUser {
    type Id = EndUserId;
    const KIND: Kind = Kind::EndUser;
}

impl Kept for EndUser {
    fn sheet() -> &'static Sheet {
        &END_USERS
    }

    fn key(&self) -> String {
        self.user_id.to_text()
    }

    fn columns(&self) -> Vec<Value> {
        vec![maybe(self.alias.as_ref()), maybe(self.budget_id.as_ref()), self.blocked.into()]
    }

    fn stamp(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn spending(&mut self) -> Option<&mut Spending> {
        Some(&mut self.spending)
    }
}
