//! Virtual keys.

use llm_types::UnixMs;
use serde::{Deserialize, Serialize};

use crate::document::{Document, Stamp, is_default};
use crate::{
    AgentId, BudgetId, Conduct, Grants, Limits, OrganizationId, Period, PeriodError, ProjectId, Spending,
    TeamId, UserId,
};

pub mod secret;

pub use secret::{KeyHash, KeyHashError, PlainKey, UnfitKey};

/// A key that the gateway hands out. What it may do is the least of what it, its team, its user, its organisation and
/// its project may: see `Access`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualKey {
    /// The hash of the key, by which it is found; LiteLLM's `token`.
    pub hash: KeyHash,
    /// How the key is shown: `sk-...` and its last four characters.
    pub key_name: String,
    /// A name for people, unlike every other key's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_alias: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub key_type: KeyType,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The team that it is used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    /// The organisation that it is used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// The project that it is used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    /// The agent that speaks with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// The budget that it shares with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<BudgetId>,
    /// The budget that end users begin with who are first seen with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_user_budget_id: Option<BudgetId>,
    /// From when on it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMs>,
    /// Whether it is refused for now.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blocked: bool,
    /// What it may call.
    #[serde(default, skip_serializing_if = "is_default")]
    pub grants: Grants,
    /// What it may spend, and how fast.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// What has been spent with it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spending: Spending,
    /// How its requests are treated.
    #[serde(default, skip_serializing_if = "is_default")]
    pub conduct: Conduct,
    /// Labels that its requests have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What else its owner wrote down.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
    /// When it is made anew.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rotation: Rotation,
    /// The claim of JSON web tokens whose bearers it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_claim: Option<TokenClaim>,
    /// When it was used last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_active_at: Option<UnixMs>,
    /// When it was deleted, and by whom. Such keys are kept for reports and open nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Deletion>,
    /// Who made and changed it.
    #[serde(default)]
    pub stamp: Stamp,
}

impl VirtualKey {
    /// A key of this hash that may do everything and belongs to nobody.
    pub fn new(hash: KeyHash, key_name: impl Into<String>, stamp: Stamp) -> Self {
        Self {
            hash,
            key_name: key_name.into(),
            key_alias: None,
            key_type: KeyType::Default,
            user_id: None,
            team_id: None,
            organization_id: None,
            project_id: None,
            agent_id: None,
            budget_id: None,
            end_user_budget_id: None,
            expires_at: None,
            blocked: false,
            grants: Grants::default(),
            limits: Limits::default(),
            spending: Spending::default(),
            conduct: Conduct::default(),
            tags: Vec::new(),
            metadata: Document::new(),
            rotation: Rotation::default(),
            token_claim: None,
            last_active_at: None,
            deleted: None,
            stamp,
        }
    }

    /// Whether and why it opens nothing now.
    pub fn status(&self, now: UnixMs) -> KeyStatus {
        if self.deleted.is_some() {
            KeyStatus::Deleted
        } else if self.blocked {
            KeyStatus::Revoked
        } else if self.expires_at.is_some_and(|end| end <= now) {
            KeyStatus::Expired
        } else {
            KeyStatus::Active
        }
    }

    /// The machine that uses it, if it is a service account's: those have no user.
    pub fn service_account_id(&self) -> Option<&str> {
        self.metadata.get("service_account_id")?.as_str()
    }
}

/// When a key that is made now expires by LiteLLM's `duration`: a [`Period`], or nothing or `-1` for never.
///
/// # Errors
/// [`PeriodError`] if it is none of these.
pub fn expiry(duration: Option<&str>, now: UnixMs) -> Result<Option<UnixMs>, PeriodError> {
    match duration.map(str::trim) {
        None | Some("" | "-1") => Ok(None),
        Some(text) => Ok(Some(text.parse::<Period>()?.after(now))),
    }
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyType {
    /// Everything that its owner may.
    #[default]
    Default,
    /// Models and tools alone.
    LlmApi,
    /// Management alone.
    Management,
    /// Looking things up alone.
    ReadOnly,
}

impl KeyType {
    /// The `allowed_routes` that it begins with.
    pub const fn allowed_routes(self) -> &'static [&'static str] {
        match self {
            Self::Default => &[],
            Self::LlmApi => &["llm_api_routes"],
            Self::Management => &["management_routes"],
            Self::ReadOnly => &["info_routes"],
        }
    }
}

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// It opens what it may.
    Active,
    /// Its time is over.
    Expired,
    /// It is blocked.
    Revoked,
    /// It was deleted.
    Deleted,
}

/// When a key is made anew, and how often it was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Rotation {
    /// Whether that happens by itself.
    pub auto_rotate: bool,
    /// How often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_interval: Option<Period>,
    /// When it is next due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<UnixMs>,
    /// When it last happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<UnixMs>,
    /// How many times it happened.
    pub count: u64,
    /// By whom it is being done now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<RotationClaim>,
}

impl Rotation {
    /// When it should happen by itself; `None` if it does not.
    pub fn due_at(&self) -> Option<UnixMs> {
        self.next_at.filter(|_| self.auto_rotate)
    }

    /// Whether it should have happened by now.
    pub fn is_due(&self, now: UnixMs) -> bool {
        self.due_at().is_some_and(|due| due <= now)
    }

    /// It happens now.
    pub fn happens(&mut self, now: UnixMs) {
        self.count += 1;
        self.last_at = Some(now);
        self.next_at = self.rotation_interval.filter(|_| self.auto_rotate).map(|every| every.after(now));
        self.claim = None;
    }
}

/// A claim of JSON web tokens with a value that leads to a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenClaim {
    /// The claim, as the settings name it.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it counts.
    pub is_active: bool,
}

impl TokenClaim {
    /// What such a claim is looked up by.
    pub fn text(name: &str, value: &str) -> String {
        format!("{name}={value}")
    }
}

/// Somebody is about to make a key anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationClaim {
    /// The hash of the text that the key is to have.
    pub hash: KeyHash,
    /// Until when nobody else tries.
    pub until: UnixMs,
}

/// A key's text from before it was made anew, which works on for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerKey {
    /// The hash of the old text.
    pub hash: KeyHash,
    /// The key that it stands for.
    pub current: KeyHash,
    /// From when on it is refused.
    pub valid_until: UnixMs,
}

/// When something was deleted, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// When.
    pub at: UnixMs,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_as_it_was_left() {
        let hash = KeyHash::of("sk-1");
        let mut key = VirtualKey::new(hash, "sk-...", Stamp::default());
        assert_eq!(key.status(UnixMs(i64::MAX)), KeyStatus::Active);
        key.expires_at = Some(UnixMs(10));
        assert_eq!((key.status(UnixMs(9)), key.status(UnixMs(10))), (KeyStatus::Active, KeyStatus::Expired));
        key.blocked = true;
        assert_eq!(key.status(UnixMs(0)), KeyStatus::Revoked);
        key.deleted = Some(Deletion { at: UnixMs(0), by: None });
        assert_eq!(key.status(UnixMs(0)), KeyStatus::Deleted);
    }

    #[test]
    fn durations_end() {
        let at = |duration| expiry(duration, UnixMs(1_000));
        assert_eq!((at(None), at(Some("-1")), at(Some(""))), (Ok(None), Ok(None), Ok(None)));
        assert_eq!(at(Some("30s")), Ok(Some(UnixMs(31_000))));
        assert!(at(Some("-2")).is_err() && at(Some("soon")).is_err());
    }

    #[test]
    fn there_and_back_as_a_document() {
        let mut key = VirtualKey::new(KeyHash::of("sk-1"), "sk-...", Stamp::new(UnixMs(5), Some("anna")));
        key.metadata.insert("service_account_id".to_owned(), "ci".into());
        key.rotation.rotation_interval = Some("30d".parse().unwrap());
        key.limits.max_budget = Some("12.5".parse().unwrap());
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<VirtualKey>(&json).unwrap(), key);
        assert_eq!(key.service_account_id(), Some("ci"));
        let least = format!(r#"{{"hash":"{}","key_name":"sk-..."}}"#, KeyHash::of("sk-1"));
        let read: VirtualKey = serde_json::from_str(&least).unwrap();
        assert_eq!(read, VirtualKey::new(KeyHash::of("sk-1"), "sk-...", Stamp::default()));
    }
}
