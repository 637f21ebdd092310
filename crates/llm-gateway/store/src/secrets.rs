//! Secrets of models and credentials: sealed here, opened here, sealed anew after a change of keys.

use std::collections::BTreeMap;

use llm_tenancy::{CredentialId, Document, Kind, ModelId, Sealed, StoredCredential, StoredModel};
use sea_orm::ConnectionTrait as _;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Order, Query};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::error::{Result, StoreError};
use crate::journal::{By, ROWS};
use crate::record::{CREDENTIALS, MODELS, SEAL, Sheet};
use crate::seal::{Cipher, Place};
use crate::{Scope, Store};

/// What stands before a sealed value that is no text: no text holds it.
const JSON: char = '\0';

impl Store {
    /// Seals a secret for its place.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the store was opened without a key for secrets.
    pub fn seal(&self, place: Place<'_>, secret: &str) -> Result<Sealed> {
        self.cipher().seal(place, secret)
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if its key is not there, or if it was changed or moved.
    pub fn unseal(&self, place: Place<'_>, sealed: &Sealed) -> Result<Zeroizing<String>> {
        self.cipher().open(place, sealed)
    }

    /// Seals a value for its place: a text as it is, anything else as JSON.
    ///
    /// # Errors
    /// As [`Store::seal`].
    pub fn seal_value(&self, place: Place<'_>, value: &Value) -> Result<Sealed> {
        match value {
            Value::String(text) => self.seal(place, text),
            other => self.seal(place, &Zeroizing::new(format!("{JSON}{other}"))),
        }
    }

    /// Opens all that is sealed in one record, each under its name.
    ///
    /// # Errors
    /// As [`Store::unseal`], for the first that does not open.
    pub fn unseal_values(&self, kind: Kind, id: &str, sealed: &BTreeMap<String, Sealed>) -> Result<Document> {
        let open = |(name, sealed): (&String, &Sealed)| {
            let text = self.unseal(Place { kind, id, name }, sealed)?;
            let value = match text.strip_prefix(JSON) {
                None => text.as_str().into(),
                Some(json) => serde_json::from_str(json).map_err(|_| {
                    StoreError::Unreadable(format!("a secret of the {} {id:?} is no JSON", kind.label()))
                })?,
            };
            Ok((name.clone(), value))
        };
        sealed.iter().map(open).collect()
    }

    /// Seals all secrets anew that are not sealed under the first key, each record by itself, and says how many
    /// records those were. Afterwards the other keys are of no use any more.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] for the first secret that does not open; those before it are sealed anew. Else those
    /// of the database.
    pub async fn reseal(&self, by: &By) -> Result<u64> {
        let Some(key_id) = self.cipher().key_id().map(str::to_owned) else { return Ok(0) };
        let mut done = 0;
        for id in self.sealed_otherwise(&MODELS, &key_id).await? {
            let amend = |model: &mut StoredModel| anew(self.cipher(), Kind::Model, &id, &mut model.secrets);
            done += counted(self.change(&ModelId::from(id.as_str()), &Scope::everything(), by, amend).await)?;
        }
        for id in self.sealed_otherwise(&CREDENTIALS, &key_id).await? {
            let amend =
                |held: &mut StoredCredential| anew(self.cipher(), Kind::Credential, &id, &mut held.values);
            done += counted(
                self.change(&CredentialId::from(id.as_str()), &Scope::everything(), by, amend).await,
            )?;
        }
        Ok(done)
    }

    /// Ids of records with secrets under another key.
    async fn sealed_otherwise(&self, sheet: &'static Sheet, key_id: &str) -> Result<Vec<String>> {
        let mut ids: Vec<String> = Vec::new();
        loop {
            let mut select = Query::select();
            select
                .column(Alias::new("id"))
                .from(Alias::new(sheet.table))
                .and_where(Expr::col(Alias::new(SEAL)).ne(key_id))
                .order_by(Alias::new("id"), Order::Asc)
                .limit(ROWS as u64);
            if let Some(last) = ids.last() {
                select.and_where(Expr::col(Alias::new("id")).gt(last.as_str()));
            }
            let rows = self.db().read(async { Ok(self.db().reader().query_all(&select).await?) }).await?;
            if rows.is_empty() {
                return Ok(ids);
            }
            for row in rows {
                ids.push(row.try_get("", "id")?);
            }
        }
    }
}

fn anew(cipher: &Cipher, kind: Kind, id: &str, secrets: &mut BTreeMap<String, Sealed>) -> Result<()> {
    for (name, sealed) in secrets {
        *sealed = cipher.reseal(Place { kind, id, name }, sealed)?;
    }
    Ok(())
}

/// A record that was deleted meanwhile needs no seal.
fn counted<T>(done: Result<T>) -> Result<u64> {
    match done {
        Ok(_) => Ok(1),
        Err(StoreError::NotFound(_)) => Ok(0),
        Err(error) => Err(error),
    }
}
