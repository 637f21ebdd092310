//! Keys: found by the hash of what is presented, and rotated.

use std::collections::HashSet;

use llm_tenancy::{FormerKey, KeyHash, Kind, RotationClaim, VirtualKey};
use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveValue, ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _,
};

use crate::db::transaction;
use crate::entity::grace;
use crate::error::{Result, StoreError};
use crate::groups;
use crate::journal::{By, Journal, ROWS};
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
        // A key that gets its other text between two of the questions is missed by both: it is asked for once more.
        match self.look_for_key(hash, now).await? {
            None => self.look_for_key(hash, now).await,
            found => Ok(found),
        }
    }

    async fn look_for_key(&self, hash: &KeyHash, now: UnixMs) -> Result<Option<FoundKey>> {
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

    /// Keys by hashes that name them: their own, or the one of the text that they are being given ([`RotationClaim`]). Each
    /// comes with the hash that named it; what is not there or out of reach is left out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn named_keys(
        &self,
        hashes: &[KeyHash],
        scope: &Scope,
    ) -> Result<Vec<(KeyHash, Stored<VirtualKey>)>> {
        let own = |key: Stored<VirtualKey>| (key.value.hash, key);
        let mut named: Vec<_> =
            self.find_all::<VirtualKey>(hashes, scope).await?.into_iter().map(own).collect();
        let found: HashSet<_> = named.iter().map(|(hash, _)| *hash).collect();
        let left: Vec<_> = hashes.iter().filter(|hash| !found.contains(*hash)).copied().collect();
        if left.is_empty() {
            return Ok(named);
        }
        let mut current = Vec::new();
        for left in left.chunks(ROWS) {
            let ids: Vec<_> = left.iter().map(ToString::to_string).collect();
            let select = grace::Entity::find().filter(grace::Column::OldHash.is_in(ids));
            let rows = self.db().read(async { Ok(select.all(self.db().reader()).await?) }).await?;
            for row in &rows {
                current.push(former(row)?.current);
            }
        }
        // What was being given to a key may be its own by now.
        current.extend(&left);
        let left: HashSet<_> = left.into_iter().collect();
        for key in self.find_all::<VirtualKey>(&current, scope).await? {
            let claimed = key.value.rotation.claim.map(|claim| claim.hash);
            let name = [Some(key.value.hash), claimed].into_iter().flatten().find(|hash| left.contains(hash));
            named.extend(name.map(|name| (name, key)));
        }
        Ok(named)
    }

    /// A key by a hash that names it, as by [`Store::named_keys`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it is not there or out of the scope's reach; else those of the database.
    pub async fn named_key(&self, hash: &KeyHash, scope: &Scope) -> Result<Stored<VirtualKey>> {
        let named = self.named_keys(std::slice::from_ref(hash), scope).await?;
        named.into_iter().next().map(|(_, key)| key).ok_or(StoreError::NotFound(VirtualKey::KIND))
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

    /// Claims the rotation of a key, if it is still of the version that was read: one of several who try gets it. From now
    /// on the text that it is to have opens it as well, until `works_until`, so that it can be handed out before the key is
    /// rotated to it by [`Store::rotate_key`], and nothing is lost if that never comes.
    ///
    /// # Errors
    /// [`StoreError::Changed`] for whoever comes second, [`StoreError::Taken`] if the hash opens something already; else
    /// those of the database.
    pub async fn claim_rotation(
        &self,
        hash: &KeyHash,
        version: i64,
        claim: RotationClaim,
        works_until: UnixMs,
        by: &By,
    ) -> Result<()> {
        transaction!(self, self.db().patience(), by, |db, journal| {
            let id = hash.to_string();
            let row = lock(db, &KEYS, &id, &Scope::everything()).await?;
            if row.version != version {
                return Err(StoreError::Changed(VirtualKey::KIND));
            }
            let new_id = claim.hash.to_string();
            let is_taken = grace::Entity::find_by_id(new_id.as_str()).one(db).await?.is_some()
                || is_there(db, &new_id).await?;
            if is_taken {
                return Err(StoreError::Taken { kind: VirtualKey::KIND, what: "hash" });
            }
            let mut key: Stored<VirtualKey> = row.clone().into_record()?;
            key.value.rotation.claim = Some(claim);
            let mut new = Row::of(&key.value)?;
            new.version = row.version + 1;
            replace(db, &KEYS, &row, &new).await?;
            remember(db, &new_id, &id, works_until).await?;
            // It is no change that anybody wants to read of.
            journal.tell(Kind::Key, &id);
            journal.tell(Kind::Key, &new_id);
            Ok(())
        })
    }
}

/// Whether there is a key of this hash.
async fn is_there(db: &DatabaseTransaction, id: &str) -> Result<bool> {
    let mut select = Row::select(&KEYS);
    select.and_where(Expr::col(Alias::new("id")).eq(id));
    Ok(db.query_one(&select).await?.is_some())
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
    key.rotation.claim = None;
    key.stamp.touch(by.now, by.name());
    let mut new = Row::of(&key)?;
    new.version = row.version + 1;
    let is_claimed = before.value.rotation.claim.is_some_and(|claim| claim.hash == key.hash);
    // What once opened one key must not come to open another; the text that it was to have opens it already.
    if is_claimed {
        grace::Entity::delete_by_id(new.id.as_str()).exec(db).await?;
    } else if grace::Entity::find_by_id(new.id.as_str()).one(db).await?.is_some() {
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
    remember(db, old, new, until).await
}

/// A text opens a key until then.
async fn remember(db: &DatabaseTransaction, text: &str, key: &str, until: UnixMs) -> Result<()> {
    let kept = grace::ActiveModel {
        old_hash: ActiveValue::Set(text.to_owned()),
        key_id: ActiveValue::Set(key.to_owned()),
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
