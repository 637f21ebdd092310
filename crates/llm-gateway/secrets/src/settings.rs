//! `general_settings.key_management_system` and `key_management_settings`, with LiteLLM's names.

use serde::Deserialize;

/// `general_settings.key_management_system`: where secrets are kept.
///
/// Source: LiteLLM docs, "Secret Managers Overview", read 2026-11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// AWS Secrets Manager.
    AwsSecretManager,
    /// Google Secret Manager.
    GoogleSecretManager,
    /// Azure Key Vault.
    AzureKeyVault,
    /// HashiCorp Vault, and OpenBao, which speaks as it does: secrets engine `kv`, version 2.
    HashicorpVault,
}

/// `general_settings.key_management_settings`: what is read from there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct KeyManagementSettings {
    /// The names that are kept there. Default: every name that the configuration refers to by `os.environ/NAME`; what is
    /// not found there is looked for in the environment.
    pub hosted_keys: Option<Vec<String>>,
    /// The one secret of AWS Secrets Manager that holds all others as members of a JSON object. Default: none.
    pub primary_secret_name: Option<String>,
    /// Whether secrets are read, and virtual keys written. Default: `read_only`.
    pub access_mode: AccessMode,
    /// Seconds after which secrets are read again. Default: 86400, or the variable `SECRET_MANAGER_REFRESH_INTERVAL`, for
    /// Vault `HCP_VAULT_REFRESH_INTERVAL`.
    pub refresh_interval: Option<u64>,
    /// Whether virtual keys that have an alias are written to it when they are made and when they get another text: under
    /// the prefix and the alias. For AWS Secrets Manager and HashiCorp Vault, with an `access_mode` that writes. Default:
    /// false.
    pub store_virtual_keys: bool,
    /// What names of virtual keys begin with there. Default: `litellm/`.
    pub prefix_for_stored_virtual_keys: Option<String>,
    /// The region of AWS Secrets Manager. Default: the variable `AWS_REGION_NAME`, `AWS_REGION` or `AWS_DEFAULT_REGION`.
    pub aws_region_name: Option<String>,
    /// The role that reads. Default: whoever the gateway is.
    pub aws_role_name: Option<String>,
    /// The name of its sessions.
    pub aws_session_name: Option<String>,
    /// What the role's owner wants to hear.
    pub aws_external_id: Option<String>,
    /// The profile in Amazon's files.
    pub aws_profile_name: Option<String>,
    /// A token of another identity, or where it is.
    pub aws_web_identity_token: Option<String>,
    /// Where roles are asked for.
    pub aws_sts_endpoint: Option<String>,
}

/// What is done with the secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AccessMode {
    /// They are read.
    #[default]
    ReadOnly,
    /// They are not read, and virtual keys are written.
    WriteOnly,
    /// They are read, and virtual keys are written.
    ReadAndWrite,
}

/// Why secrets cannot be read as the settings say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// A variable that says where they are is not set.
    #[error("the environment variable {0} is not set")]
    NotSet(&'static str),
    /// What a setting or variable says makes no sense.
    #[error("{name}: {why}")]
    Setting {
        /// Which.
        name: &'static str,
        /// What is the matter.
        why: &'static str,
    },
}

impl KeyManagementSettings {
    /// What makes no sense in these settings.
    ///
    /// # Errors
    /// [`SystemError::Setting`]
    pub fn check(&self, system: System) -> Result<(), SystemError> {
        let wrong = |name, why| Err(SystemError::Setting { name, why });
        if self.store_virtual_keys {
            if !matches!(system, System::AwsSecretManager | System::HashicorpVault) {
                return wrong("store_virtual_keys", "is for aws_secret_manager and hashicorp_vault");
            }
            if self.access_mode == AccessMode::ReadOnly {
                return wrong("store_virtual_keys", "needs the access_mode write_only or read_and_write");
            }
            // Whoever names a key names a secret: of those that begin like this, and no other.
            if self.prefix().trim_matches('/').is_empty() {
                return wrong("prefix_for_stored_virtual_keys", "is empty");
            }
        }
        if self.primary_secret_name.is_some() && system != System::AwsSecretManager {
            return wrong("primary_secret_name", "is for aws_secret_manager alone");
        }
        if self.refresh_interval.is_some_and(|seconds| seconds < 10) {
            return wrong("refresh_interval", "is at least 10 seconds");
        }
        Ok(())
    }

    /// Whether a name is one of those that are kept there.
    pub fn hosts(&self, name: &str) -> bool {
        self.access_mode != AccessMode::WriteOnly
            && self.hosted_keys.as_ref().is_none_or(|hosted| hosted.iter().any(|it| it == name))
    }

    fn prefix(&self) -> &str {
        self.prefix_for_stored_virtual_keys.as_deref().unwrap_or("litellm/")
    }

    /// The name under which the virtual key with this alias is written; `None` if keys are not written.
    pub fn name_of_key(&self, alias: &str) -> Option<String> {
        self.store_virtual_keys.then(|| format!("{}{alias}", self.prefix()))
    }

    /// The settings of a login with Amazon, under the names that the vendor `bedrock` has for them.
    pub fn aws_parameters(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("aws_region_name", &self.aws_region_name),
            ("aws_role_name", &self.aws_role_name),
            ("aws_session_name", &self.aws_session_name),
            ("aws_external_id", &self.aws_external_id),
            ("aws_profile_name", &self.aws_profile_name),
            ("aws_web_identity_token", &self.aws_web_identity_token),
            ("aws_sts_endpoint", &self.aws_sts_endpoint),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}
