//! How a replica learns what others have changed.

mod reader;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use llm_tenancy::{Kind, OrganizationId, TeamId, UserId};
use llm_types::UnixMs;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use tokio::sync::watch;

use crate::entity::change;
use crate::error::Result;
use crate::record::unpair;
use crate::{Store, listen::Listener};

pub use reader::{Numbered, Reader, Wanted};

/// Changes that are read at a time.
const ROWS: u64 = 10_000;
/// How far back a new reader looks for changes that are not to be seen yet.
const RECENT: u64 = 1_000;

/// That a record was made, changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Change {
    /// Of which kind.
    pub kind: Kind,
    /// Which one; any of its kind without.
    pub id: Option<String>,
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// These records.
    Of(Vec<Change>),
    /// Anything may have: the reader was away for longer than changes are kept.
    Everything,
}

impl Change {
    /// The team and the user, of a team's member.
    pub fn team_member(&self) -> Option<(TeamId, UserId)> {
        let (team, user) = self.id.as_deref().filter(|_| self.kind == Kind::TeamMember).and_then(unpair)?;
        Some((team.into(), user.into()))
    }

    /// The organisation and the user, of an organisation's member.
    pub fn organization_member(&self) -> Option<(OrganizationId, UserId)> {
        let member = self.kind == Kind::OrganizationMember;
        let (organization, user) = self.id.as_deref().filter(|_| member).and_then(unpair)?;
        Some((organization.into(), user.into()))
    }
}

/// Follows the changes of a store, this process's own and those of others.
#[derive(Debug)]
pub struct Watch {
    store: Store,
    reader: Reader,
    /// Told of this process's own changes.
    own: watch::Receiver<()>,
    listener: Listener,
    /// Read, and not told because the poll that read it came to no end.
    untold: Vec<Change>,
    everything: bool,
}

impl Store {
    /// Begins to follow changes. Whatever is read from the store from now on, [`Watch::poll`] tells when it is old.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn watch(&self, now: UnixMs) -> Result<Watch> {
        let own = self.own_changes();
        let select = change::Entity::find().order_by_desc(change::Column::Seq).limit(RECENT);
        let recent = self.db().read(async { Ok(select.all(self.db().reader()).await?) }).await?;
        let mut recent: Vec<_> = recent.into_iter().map(|row| row.seq).collect();
        recent.reverse();
        Ok(Watch {
            store: self.clone(),
            reader: Reader::start(&recent, now),
            own,
            listener: Listener::default(),
            untold: Vec::new(),
            everything: false,
        })
    }
}

impl Watch {
    /// What has changed since the last time, each record once. After an error, or a poll that was dropped,
    /// nothing is lost: the next one tells it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn poll(&mut self, now: UnixMs) -> Result<News> {
        self.listener.listen(&self.store, now).await;
        self.own.mark_unchanged();
        loop {
            let rows = self.read(&self.reader.wanted()).await?;
            let full = rows.len() as u64 >= ROWS;
            match self.reader.take(rows, now) {
                News::Everything => self.everything = true,
                News::Of(changes) => self.untold.extend(changes),
            }
            if !full {
                break;
            }
        }
        let untold = std::mem::take(&mut self.untold);
        if std::mem::take(&mut self.everything) {
            return Ok(News::Everything);
        }
        let mut told = HashSet::new();
        Ok(News::Of(untold.into_iter().filter(|change| told.insert(change.clone())).collect()))
    }

    /// Waits until there may be news, at most for this long. On PostgreSQL the database tells of others' changes;
    /// elsewhere only the time does. Own changes are told everywhere.
    pub async fn wait(&mut self, at_most: Duration) {
        let told = async {
            tokio::select! {
                changed = self.own.changed() => if changed.is_err() { std::future::pending().await },
                () = self.listener.told() => {}
            }
        };
        // Whether told or not, it is time to look.
        let _told = tokio::time::timeout(at_most, told).await;
    }

    async fn read(&self, wanted: &Wanted) -> Result<Vec<Numbered>> {
        let mut any = Condition::any().add(change::Column::Seq.gt(wanted.after));
        if !wanted.also.is_empty() {
            any = any.add(change::Column::Seq.is_in(wanted.also.iter().copied()));
        }
        let select = change::Entity::find().filter(any).order_by_asc(change::Column::Seq).limit(ROWS);
        let db = self.store.db();
        let rows = db.read(async { Ok(select.all(db.reader()).await?) }).await?;
        Ok(rows.into_iter().map(numbered).collect())
    }
}

fn numbered(row: change::Model) -> Numbered {
    let kind = Kind::from_label(&row.kind);
    Numbered { number: row.seq, change: kind.map(|kind| Change { kind, id: row.record_id }) }
}
