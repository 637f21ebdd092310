//! What a key has on the wire.

use std::collections::{BTreeMap, HashMap};

use llm_store::StoreError;
use llm_tenancy::management::Scope;
use llm_tenancy::{
    AgentId, BudgetId, Document, KeyHash, KeyType, OrganizationId, Period, PlainKey, ProjectId, Team, TeamId,
    UserId, VirtualKey,
};
use llm_types::UnixMs;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::member::{self, Member, members};
use crate::shape::Shape;
use crate::terms::{conduct, grants, limits, spending, stamp};
use crate::veil::veiled;
use crate::wire::Wire as _;

pub(super) fn members() -> Vec<Member<VirtualKey>> {
    let mut all = members!(VirtualKey {
        @get "token" hash: KeyHash, "The hash of the key's text, by which it may be named";
        @get "key_name" key_name: String, "How it is shown: `sk-...` and its last four characters";
        "key_alias" key_alias: Option<String>, "A name for people, unlike every other key's";
        @get "key_type" key_type: KeyType, "What it is for";
        "user_id" user_id: Option<UserId>, "Whose it is";
        "team_id" team_id: Option<TeamId>, "The team that it is used for";
        "organization_id" organization_id: Option<OrganizationId>, "The organization that it is used for; its team's if it has a team";
        "project_id" project_id: Option<ProjectId>, "The project of the team that it is used for";
        "agent_id" agent_id: Option<AgentId>, "The agent that speaks with it";
        "budget_id" budget_id: Option<BudgetId>, "The budget whose bounds it has";
        "end_user_budget_id" end_user_budget_id: Option<BudgetId>, "The budget that end users begin with who are first seen with it";
        "expires" expires_at: Option<UnixMs>, "From when on it is refused";
        "blocked" blocked: bool, "Whether it is refused for now";
        "aliases" grants.aliases: BTreeMap<String, String>, "Which model is meant by a name";
        "tags" tags: Vec<String>, "Labels that its requests have";
        "config" conduct.config: Document, "LiteLLM's older settings of models by key";
        "auto_rotate" rotation.auto_rotate: bool, "Whether it gets another text every `rotation_interval`, where a secret manager takes it";
        "rotation_interval" rotation.rotation_interval: Option<Period>, "How often: `30d`, `90d`";
        @get "key_rotation_at" rotation.next_at: Option<UnixMs>, "When it is next due";
        @get "last_rotation_at" rotation.last_at: Option<UnixMs>, "When it last got another text";
        @get "rotation_count" rotation.count: u64, "How many times it got another text";
        @get "last_active" last_active_at: Option<UnixMs>, "When it was used last";
    });
    all.extend(grants!(VirtualKey));
    all.extend(limits!(VirtualKey));
    all.extend(spending!(VirtualKey));
    all.extend(conduct!(VirtualKey));
    all.extend([
        Member {
            name: "metadata",
            about: "What else its owner wrote down; secrets in it are shown as `***`, and stay if that is sent back",
            shape: Shape::Object,
            set: None,
            get: Some(|key: &VirtualKey| veiled(&key.metadata)),
        },
        Member {
            name: "temp_budget_increase",
            about: "Dollars that may be spent beyond `max_budget` for a while",
            shape: Shape::Maybe(&Shape::Number),
            set: None,
            get: Some(|key: &VirtualKey| key.limits.temp_budget.map(|more| more.increase).show()),
        },
        Member {
            name: "temp_budget_expiry",
            about: "Until when",
            shape: Shape::Maybe(&Shape::Time),
            set: None,
            get: Some(|key: &VirtualKey| key.limits.temp_budget.map(|more| more.expires_at).show()),
        },
    ]);
    all.extend(stamp!(VirtualKey));
    all
}

/// How keys are shown.
pub(crate) struct Gallery {
    members: Vec<Member<VirtualKey>>,
    /// Of the teams of those that are shown.
    organizations: HashMap<TeamId, OrganizationId>,
    now: UnixMs,
}

impl Gallery {
    /// For these keys, with what is known of their teams.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn of(
        desk: &Desk,
        keys: impl IntoIterator<Item = &VirtualKey> + Send,
    ) -> Result<Self, StoreError> {
        let mut teams: Vec<TeamId> = keys.into_iter().filter_map(|key| key.team_id.clone()).collect();
        teams.sort_unstable();
        teams.dedup();
        let found = match teams.as_slice() {
            [] => Vec::new(),
            teams => desk.store.find_all::<Team>(teams, &Scope::everything()).await?,
        };
        let organization = |team: Team| Some((team.team_id, team.organization_id?));
        let organizations = found.into_iter().filter_map(|found| organization(found.value)).collect();
        Ok(Self { members: members(), organizations, now: desk.now() })
    }

    /// A key.
    pub(crate) fn show(&self, key: &VirtualKey) -> Document {
        let mut shown = member::show(key, &self.members);
        let mut say = |name: &str, value: Value| {
            shown.insert(name.to_owned(), value);
        };
        // The team knows, whatever the key says.
        if let Some(team) = &key.team_id {
            say("organization_id", self.organizations.get(team).cloned().show());
        }
        say("status", json!(key.status(self.now)));
        say("rotation_due", key.rotation.is_due(self.now).into());
        if let Some(deletion) = &key.deleted {
            say("deleted_at", deletion.at.show());
            say("deleted_by", deletion.by.show());
        }
        shown
    }

    /// A key whose text is handed out, once.
    pub(crate) fn hand_out(&self, key: &VirtualKey, text: &PlainKey) -> Document {
        let mut shown = self.show(key);
        shown.insert("key".to_owned(), text.expose().into());
        shown.insert("token_id".to_owned(), key.hash.show());
        shown
    }
}
