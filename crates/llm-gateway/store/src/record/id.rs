//! Ids as texts.

use llm_tenancy::{
    AccessGroupId, BudgetId, CredentialId, EndUserId, KeyHash, ModelId, OrganizationId, ProjectId, TagName,
    TeamId, UserId,
};

/// What a kind of record is known by, as one text: in its table, in the news of changes and in the audit.
pub trait RecordId: Send + Sync {
    /// The text.
    fn to_text(&self) -> String;
}

macro_rules! plain {
    ($($id:ty),+) => {$(
        impl RecordId for $id {
            fn to_text(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

plain!(
    AccessGroupId,
    BudgetId,
    CredentialId,
    EndUserId,
    KeyHash,
    ModelId,
    OrganizationId,
    ProjectId,
    TagName,
    TeamId,
    UserId
);

impl RecordId for (TeamId, UserId) {
    fn to_text(&self) -> String {
        pair(self.0.as_str(), self.1.as_str())
    }
}

impl RecordId for (OrganizationId, UserId) {
    fn to_text(&self) -> String {
        pair(self.0.as_str(), self.1.as_str())
    }
}

/// Two ids as one: the length of the first says where it ends, whatever both are made of.
fn pair(first: &str, second: &str) -> String {
    format!("{}:{first}{second}", first.len())
}

/// The two ids of a member's text.
pub(crate) fn unpair(text: &str) -> Option<(&str, &str)> {
    let (length, rest) = text.split_once(':')?;
    rest.split_at_checked(length.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_apart_as_they_were() {
        for (first, second) in [("a", "bc"), ("ab", "c"), ("", "x"), ("1:", ":2"), ("é", "ü\n"), ("a/b", "")]
        {
            assert_eq!(unpair(&pair(first, second)), Some((first, second)));
        }
        assert_ne!(pair("a", "bc"), pair("ab", "c"));
        for text in ["", "x", "5:ab", "1:é", "-1:ab"] {
            assert_eq!(unpair(text), None, "{text}");
        }
    }
}
