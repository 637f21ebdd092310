//! Keys: found by the hash of what is presented, and rotated.

use llm_tenancy::{FormerKey, KeyHash, Kind, VirtualKey};
use llm_types::UnixMs;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue, ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};

use crate::db::transaction;
use crate::entity::grace;
use crate::error::{Result, StoreError};
use crate::groups;
use crate::journal::{By, Journal};
use crate::record::{KEYS, Record as _, Row, Stored, kept::Kept as _};
use crate::write::{check_references, lock, replace};
use crate::{Scope, Store};

/// A key that was presented.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FoundKey {
    /// The key as it is now. Whether it is blocked or expired is the caller's to see.
    pub key: Stored<VirtualKey>,
    /// Set when it was presented by a text from before its rotation: until when that works.
    pub former: Option<FormerKey>,
}

impl Store {
    /// The key of a presented text's hash, whoever's it is, also by a former text while that works.
    ///
    /// # Errors
    /// Those of the database, which say nothing of the key.
    pub async fn find_key(&self, hash: &KeyHash, now: UnixMs) -> Result<Option<FoundKey>> {
        if let Some(key) = self.find::<VirtualKey>(hash, &Scope::everything()).await? {
            return Ok(Some(FoundKey { key, former: None }));
        }
        let select = grace::Entity::find_by_id(hash.to_string()).filter(grace::Column::UntilMs.gt(now.0));
        let Some(grace) = self.db().read(async { Ok(select.one(self.db().reader()).await?) }).await? else {
            return Ok(None);
        };
        let former = former(&grace)?;
        let key = self.find::<VirtualKey>(&former.current, &Scope::everything()).await?;
        Ok(key.map(|key| FoundKey { key, former: Some(former) }))
    }

    /// Former texts of a key that still work, the one that works longest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn former_keys(&self, current: &KeyHash, now: UnixMs) -> Result<Vec<FormerKey>> {
        let select = grace::Entity::find()
            .filter(grace::Column::KeyId.eq(current.to_string()))
            .filter(grace::Column::UntilMs.gt(now.0))
            .order_by_desc(grace::Column::UntilMs);
        let rows = self.db().read(async { Ok(select.all(self.db().reader()).await?) }).await?;
        rows.iter().map(former).collect()
    }

    /// Gives a key another text: `change` sets its new hash and whatever else changes with it. The old text works on
    /// until `grace_until`, and so do older ones until their own ends; without it, all of them end at once.
    ///
    /// # Errors
    /// As [`Store::change`].
    pub async fn rotate_key(
        &self,
        old: &KeyHash,
        grace_until: Option<UnixMs>,
        scope: &Scope,
        by: &By,
        mut change: impl FnMut(&mut VirtualKey) + Send,
    ) -> Result<Stored<VirtualKey>> {
        transaction!(self, self.db().patience(), by, |db, journal| {
            rotate(db, old, None, grace_until, scope, by, journal, &mut change).await
        })
    }
}

/// Gives a key another text, if it is still of the version that is expected.
#[expect(clippy::too_many_arguments, reason = "a step of a transaction, with all that it takes")]
pub(crate) async fn rotate(
    db: &DatabaseTransaction,
    old: &KeyHash,
    expected: Option<i64>,
    grace_until: Option<UnixMs>,
    scope: &Scope,
    by: &By,
    journal: &mut Journal<'_>,
    change: &mut (dyn FnMut(&mut VirtualKey) + Send),
) -> Result<Stored<VirtualKey>> {
    let old_id = old.to_string();
    let row = lock(db, &KEYS, &old_id, scope).await?;
    if expected.is_some_and(|version| version != row.version) {
        return Err(StoreError::Changed(VirtualKey::KIND));
    }
    let before: Stored<VirtualKey> = row.clone().into_record()?;
    let mut key = before.value.clone();
    change(&mut key);
    if key.hash == *old {
        return Err(StoreError::Invalid("a rotated key has another hash than before".to_owned()));
    }
    key.stamp = before.value.stamp.clone();
    key.spending.spend = before.value.spending.spend;
    key.stamp.touch(by.now, by.name());
    let mut new = Row::of(&key)?;
    new.version = row.version + 1;
    // What once opened one key must not come to open another.
    if grace::Entity::find_by_id(new.id.as_str()).one(db).await?.is_some() {
        return Err(StoreError::Taken { kind: VirtualKey::KIND, what: "hash" });
    }
    check_references(db, &KEYS, std::slice::from_ref(&new), Some(&before.value.columns())).await?;
    replace(db, &KEYS, &row, &new).await?;
    keep(db, &old_id, &new.id, grace_until, by, journal).await?;
    groups::amend(db, by, journal, |group| {
        group.assigned_keys.iter_mut().filter(|hash| **hash == *old).for_each(|hash| *hash = key.hash);
    })
    .await?;
    journal.rotated(&old_id, &new.id, &row.body, &new.body).await?;
    Ok(Stored { value: key, version: new.version })
}

/// Keeps former texts, or ends them.
async fn keep(
    db: &DatabaseTransaction,
    old: &str,
    new: &str,
    until: Option<UnixMs>,
    by: &By,
    journal: &mut Journal<'_>,
) -> Result<()> {
    let older = grace::Entity::find().filter(grace::Column::KeyId.eq(old)).all(db).await?;
    for grace in &older {
        journal.tell(Kind::Key, &grace.old_hash);
    }
    let Some(until) = until.filter(|until| *until > by.now) else {
        grace::Entity::delete_many().filter(grace::Column::KeyId.eq(old)).exec(db).await?;
        return Ok(());
    };
    grace::Entity::update_many()
        .col_expr(grace::Column::KeyId, Expr::value(new))
        .filter(grace::Column::KeyId.eq(old))
        .exec(db)
        .await?;
    let kept = grace::ActiveModel {
        old_hash: ActiveValue::Set(old.to_owned()),
        key_id: ActiveValue::Set(new.to_owned()),
        until_ms: ActiveValue::Set(until.0),
    };
    let again = OnConflict::column(grace::Column::OldHash)
        .update_columns([grace::Column::KeyId, grace::Column::UntilMs])
        .to_owned();
    grace::Entity::insert(kept).on_conflict(again).exec_without_returning(db).await?;
    Ok(())
}

fn former(row: &grace::Model) -> Result<FormerKey> {
    let hash = |text: &str| {
        text.parse().map_err(|_| StoreError::Unreadable(format!("{text:?} is no hash of a key")))
    };
    Ok(FormerKey {
        hash: hash(&row.old_hash)?,
        current: hash(&row.key_id)?,
        valid_until: UnixMs(row.until_ms),
    })
}
