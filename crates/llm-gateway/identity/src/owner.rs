//! [`Owner`]: whom requests are booked to.

use std::sync::Arc;

use llm_tenancy::Caller;

/// Whom the requests of a key are booked to, as texts to be shared: with each request they are written down several
/// times. What there is none of is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    /// The key's hash, in hexadecimal.
    pub key: Arc<str>,
    /// The key's name for people.
    pub key_alias: Arc<str>,
    /// Its user.
    pub user: Arc<str>,
    /// Its team.
    pub team: Arc<str>,
    /// Its organisation.
    pub organization: Arc<str>,
    /// Its project.
    pub project: Arc<str>,
}

impl Owner {
    /// That of a caller.
    pub fn of(caller: &Caller) -> Self {
        let shared = |text: Option<&str>| Arc::from(text.unwrap_or_default());
        Self {
            key: caller.key.to_string().into(),
            key_alias: shared(caller.key_alias.as_deref()),
            user: shared(caller.user_id.as_ref().map(AsRef::as_ref)),
            team: shared(caller.team_id.as_ref().map(AsRef::as_ref)),
            organization: shared(caller.organization_id.as_ref().map(AsRef::as_ref)),
            project: shared(caller.project_id.as_ref().map(AsRef::as_ref)),
        }
    }
}
