//! What management asks of the running gateway.

use std::sync::Arc;

use llm_provider_core::Secret;
use llm_tenancy::{Document, StoredModel};

use super::{Reloader, load_with};
use crate::config::ResolvedDeployment;
use crate::prepare;
use crate::secrets::Secrets;

impl Reloader {
    /// Whether a model could be served beside all others.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn check_model(
        &self,
        model: &StoredModel,
        secrets: &Document,
        is_tenants: bool,
    ) -> Result<(), String> {
        let mut additions = self.known_additions();
        additions.add(model, secrets, is_tenants);
        let id = model.model_id.as_str();
        let config = load_with(&self.source, &self.app.runtime, &additions).map_err(|it| it.to_string())?;
        let own = format!("database, model {id}");
        let wrong =
            config.warnings.iter().find(|it| *it.at.file == own && it.message.starts_with("is left out"));
        if let Some(wrong) = wrong {
            return Err(wrong.message.trim_start_matches("is left out: ").to_owned());
        }
        if additions.part_names(&config.resolved).iter().any(|mixed| mixed == id) {
            return Err(format!("model_name: {:?} is a name that others have already", model.model_name));
        }
        let leads_inside = |it: &&Arc<ResolvedDeployment>| {
            let reach = prepare::reach(&config.settings);
            it.is_tenants && it.api_base.as_deref().is_some_and(|base| !reach.admits_url(base))
        };
        if config.resolved.deployments().filter(leads_inside).any(|it| it.id.as_str() == id) {
            return Err("litellm_params.api_base: its host is not public".to_owned());
        }
        Ok(())
    }

    /// Whether a secret manager takes the texts of virtual keys.
    pub(crate) fn keeps_keys(&self) -> bool {
        self.secrets.as_ref().is_some_and(Secrets::keeps_keys)
    }

    /// Writes the text of the virtual key with this alias to the secret manager.
    ///
    /// # Errors
    /// In words.
    pub(crate) async fn keep_key(&self, alias: &str, text: &Secret) -> Result<(), String> {
        match &self.secrets {
            Some(secrets) => secrets.keep_key(alias, text).await,
            None => Err("there is no secret manager".to_owned()),
        }
    }
}
