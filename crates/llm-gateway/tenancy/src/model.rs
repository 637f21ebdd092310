//! Models and credentials that were added by way of the API.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::document::{Document, Stamp, is_default};
use crate::{CredentialId, ModelId, OrganizationId, TeamId};

/// Whose a model or credential is, if it is not everybody's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A team's.
    Team(TeamId),
    /// An organisation's, and so all of its teams'.
    Organization(OrganizationId),
}

/// A deployment that was added by way of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredModel {
    /// Its id.
    pub model_id: ModelId,
    /// The name by which it is asked, in its owner's namespace if it has one: `tenant1/gpt-4o`.
    pub model_name: String,
    /// Whose it is; everybody's if nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// `litellm_params` without the secret ones.
    #[serde(default)]
    pub params: Document,
    /// The secret ones.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, Sealed>,
    /// The credential that its `litellm_credential_name` meant when it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<CredentialId>,
    /// `model_info`.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub model_info: Document,
    /// Whether it is not asked for now.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blocked: bool,
    /// Whether a proxy admin says where it leads, though it has an owner.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_admins: bool,
    /// Who made and changed it.
    #[serde(default)]
    pub stamp: Stamp,
}

/// A vendor's credential that was added by way of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCredential {
    /// Its id.
    pub credential_id: CredentialId,
    /// The name by which models refer to it.
    pub credential_name: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Whose it is; everybody's if nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Its values, such as `api_key`.
    #[serde(default)]
    pub values: BTreeMap<String, Sealed>,
    /// What else is known of it, such as the vendor and a description.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub info: Document,
    /// Whether a proxy admin has said its values, though it has an owner.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_admins: bool,
    /// Who made and changed it.
    #[serde(default)]
    pub stamp: Stamp,
}

impl StoredModel {
    /// Whether a tenant says where it leads, itself or by its credential. What is everybody's, a proxy admin alone can
    /// write.
    pub fn is_tenants(&self, credential: Option<&StoredCredential>) -> bool {
        let by_credential = credential.is_some_and(|it| it.owner.is_some() && !it.is_admins);
        self.owner.is_some() && !self.is_admins || by_credential
    }
}

/// A secret that only the store can open. Prints masked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Which key opens it.
    pub key_id: String,
    /// The sealed text, base64.
    pub text: String,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(*** by {})", self.key_id)
    }
}
