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
                    values.insert(credential.credential_id.clone(), (credential, own));
                }
                Err(error) => tracing::warn!(credential = id, %error, "a credential cannot be used"),
            }
        }
        for model in all::<StoredModel>(store).await?.into_iter().filter(|model| !model.blocked) {
            let id = model.model_id.as_str();
            let of_credential = match &model.credential_id {
                None => Some((None, Document::new())),
                Some(id) => values.get(id).map(|(credential, own)| (Some(credential), own.clone())),
            };
            let Some((credential, mut secrets)) = of_credential else {
                tracing::warn!(model = id, "a model cannot be used: its credential is not there");
                continue;
            };
            // What a model says itself goes before what its credential says.
            secrets.retain(|name, _| !model.params.contains_key(name));
            match store.unseal_values(Kind::Model, id, &model.secrets) {
                Ok(own) => {
                    secrets.extend(own);
                    additions.add(&model, &secrets, model.is_tenants(credential));
                }
                Err(error) => tracing::warn!(model = id, %error, "a model cannot be used"),
            }
        }
        Ok(additions)
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.models.is_empty() && self.credentials.is_empty()
    }

    /// Adds a model with its secrets, and those of its credential. `is_tenants`: a tenant says where it leads.
    pub fn add(&mut self, model: &StoredModel, secrets: &Document, is_tenants: bool) {
        let id = model.model_id.as_str();
        let mut params = model.params.clone();
        if model.credential_id.is_some() {
            // Its values are among the secrets: names are not asked a second time.
            params.shift_remove("litellm_credential_name");
        }
        params.extend(secrets.clone());
        // Nobody could have stored this; whoever could write into the database is not believed either.
        if model.owner.is_some() && params.values().any(has_reference) {
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

#[cfg(test)]
mod tests {
    use llm_store::{By, Cipher, Place, StoreSettings};
    use llm_types::UnixMs;

    use super::*;

    fn record<R: serde::de::DeserializeOwned>(value: serde_json::Value) -> R {
        serde_json::from_value(value).unwrap()
    }

    #[tokio::test]
    async fn models_come_with_what_their_credentials_bring() {
        let folder = tempfile::tempdir().unwrap();
        let (now, by) = (UnixMs(0), By::gateway(UnixMs(0)));
        let cipher = Cipher::new(["a key for tests, long enough"]).unwrap();
        let store = Store::open(&StoreSettings::new(folder.path()), cipher, now).await.unwrap();
        let team = json!({"team_id": "t1", "stamp": {"created_at": 0, "updated_at": 0}});
        store.create(&record::<llm_tenancy::Team>(team), &by).await.unwrap();
        let seal = |kind, id, name, value| store.seal_value(Place { kind, id, name }, &value).unwrap();
        for (id, owner) in [("c1", json!(null)), ("c2", json!({"team": "t1"}))] {
            let values = json!({
                "api_key": seal(Kind::Credential, id, "api_key", json!(format!("sk-{id}"))),
                "api_base": seal(Kind::Credential, id, "api_base", json!("https://example.com")),
            });
            let credential =
                json!({"credential_id": id, "credential_name": "openai", "owner": owner, "values": values});
            store.create(&record::<StoredCredential>(credential), &by).await.unwrap();
        }
        let own = seal(Kind::Model, "m1", "extra_headers", json!({"X-A": "b"}));
        for (id, credential, owner, base, secrets) in [
            ("m1", "c1", json!(null), json!("https://own.example.com"), json!({ "extra_headers": own })),
            ("m2", "c2", json!({"team": "t1"}), json!(null), json!({})),
            ("m3", "gone", json!(null), json!(null), json!({})),
        ] {
            let mut params = json!({"model": "openai/x", "litellm_credential_name": "openai"});
            if !base.is_null() {
                params["api_base"] = base;
            }
            let model = json!({
                "model_id": id, "model_name": id, "credential_id": credential, "owner": owner,
                "params": params, "secrets": secrets,
            });
            store.create(&record::<StoredModel>(model), &by).await.unwrap();
        }

        let additions = Additions::read(&store).await.unwrap();
        let mut params: Vec<_> =
            additions.models.iter().map(|it| it.entry["litellm_params"].clone()).collect();
        params.sort_by_key(|params| params["api_key"].to_string());
        assert_eq!(
            params,
            [
                json!({"model": "openai/x", "api_key": "sk-c1", "api_base": "https://own.example.com", "extra_headers": {"X-A": "b"}}),
                json!({"model": "openai/x", "api_key": "sk-c2", "api_base": "https://example.com"}),
            ],
            "a model whose credential is gone is left out"
        );
        let named: Vec<_> = additions.credentials.iter().map(|it| it.values["api_key"].clone()).collect();
        assert_eq!(named, [json!("sk-c1")], "a tenant's credential has no name for others");
    }
}
