//! Models and credentials that were added over the API, as the configuration takes them.

use std::collections::HashMap;

use llm_router::DeploymentId;
use llm_store::{Field, Page, Query, Record, Start, Store, StoreError};
use llm_tenancy::management::{Scope, has_reference};
use llm_tenancy::{Document, Kind, Owner, StoredCredential, StoredModel};
use serde_json::json;

use crate::catalog::Owners;
use crate::config;

/// Models and credentials that were added over the API.
#[derive(Debug, Clone, Default)]
pub struct Additions {
    /// The models, in the order in which they were made.
    pub models: Vec<config::StoredModel>,
    /// The credentials.
    pub credentials: Vec<config::StoredCredential>,
    /// Whose the models are.
    pub owners: Owners,
}

/// Records of a page.
const PAGE: u64 = 1_000;

impl Additions {
    /// Reads them all. What cannot be opened is left out, with a warning.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn read(store: &Store) -> Result<Self, StoreError> {
        let mut additions = Self::default();
        let mut values = HashMap::new();
        for credential in all::<StoredCredential>(store).await? {
            let id = credential.credential_id.as_str();
            match store.unseal_values(Kind::Credential, id, &credential.values) {
                Ok(own) => {
                    // The configuration's models may name those that are everybody's.
                    if credential.owner.is_none() {
                        let name = credential.credential_name.clone();
                        additions.credentials.push(config::StoredCredential { name, values: own.clone() });
                    }
                    values.insert(credential.credential_id, own);
                }
                Err(error) => tracing::warn!(credential = id, %error, "a credential cannot be used"),
            }
        }
        for model in all::<StoredModel>(store).await?.into_iter().filter(|model| !model.blocked) {
            let id = model.model_id.as_str();
            let of_credential = match &model.credential_id {
                None => Some(Document::new()),
                Some(credential) => values.get(credential).cloned(),
            };
            let Some(mut secrets) = of_credential else {
                tracing::warn!(model = id, "a model cannot be used: its credential is not there");
                continue;
            };
            // What a model says itself goes before what its credential says.
            secrets.retain(|name, _| !model.params.contains_key(name));
            match store.unseal_values(Kind::Model, id, &model.secrets) {
                Ok(own) => {
                    secrets.extend(own);
                    additions.add(&model, &secrets);
                }
                Err(error) => tracing::warn!(model = id, %error, "a model cannot be used"),
            }
        }
        Ok(additions)
    }

    /// Adds a model with its secrets, and those of its credential.
    pub fn add(&mut self, model: &StoredModel, secrets: &Document) {
        let id = model.model_id.as_str();
        let is_tenants = model.owner.is_some();
        let mut params = model.params.clone();
        if model.credential_id.is_some() {
            // Its values are among the secrets: names are not asked a second time.
            params.shift_remove("litellm_credential_name");
        }
        params.extend(secrets.clone());
        // Nobody could have stored this; whoever could write into the database is not believed either.
        if is_tenants && params.values().any(has_reference) {
            tracing::warn!(
                model = id,
                "a tenant's model refers to the gateway's own secrets and is left out"
            );
            return;
        }
        let mut info = model.model_info.clone();
        info.insert("id".to_owned(), id.into());
        let entry = json!({"model_name": model.model_name, "litellm_params": params, "model_info": info});
        self.models.retain(|other| other.id != id);
        self.models.push(config::StoredModel { id: id.to_owned(), entry, is_tenants });
        match &model.owner {
            Some(owner) => self.owners.insert(DeploymentId::new(id), owner.clone()),
            None => self.owners.remove(&DeploymentId::new(id)),
        };
    }

    /// Takes out tenants' models whose names others have as well: a name is one tenant's, or everybody's. Gives their ids.
    pub fn part_names(&mut self, resolved: &config::Resolved) -> Vec<String> {
        let mut of_names: HashMap<&str, Vec<Option<&Owner>>> = HashMap::new();
        for deployment in resolved.deployments() {
            of_names.entry(&deployment.model_name).or_default().push(self.owners.get(&deployment.id));
        }
        let is_mixed = |owners: &[Option<&Owner>]| owners.windows(2).any(|pair| pair[0] != pair[1]);
        let aliases = resolved.aliases();
        let mixed: Vec<DeploymentId> = resolved
            .deployments()
            .filter(|deployment| self.owners.contains_key(&deployment.id))
            .filter(|deployment| {
                let name = deployment.model_name.as_str();
                aliases.contains_key(name) || of_names.get(name).is_some_and(|owners| is_mixed(owners))
            })
            .map(|deployment| deployment.id.clone())
            .collect();
        for id in &mixed {
            self.owners.remove(id);
            self.models.retain(|model| model.id != id.as_str());
        }
        mixed.into_iter().map(|id| id.as_str().to_owned()).collect()
    }
}

async fn all<R: Record>(store: &Store) -> Result<Vec<R>, StoreError> {
    let mut records = Vec::new();
    let mut from = Start::Page(1);
    loop {
        let query = Query { from, size: PAGE, sort: Field::Created, descending: false, ..Query::default() };
        let Page { records: page, next, .. } = store.list::<R>(&query, &Scope::everything()).await?;
        records.extend(page.into_iter().map(|stored| stored.value));
        match next {
            Some(next) => from = Start::After(next),
            None => return Ok(records),
        }
    }
}
