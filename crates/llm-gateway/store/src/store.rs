//! The open store.

use std::fmt;
use std::sync::Arc;

use llm_tenancy::Calendar;
use llm_types::UnixMs;
use sea_orm::ConnectionTrait as _;
use sea_orm::sea_query::{Expr, Query};
use tokio::sync::watch;

use crate::db::Db;
use crate::error::Result;
use crate::ledger::{Known, Parts, Portion};
use crate::lock::Lock;
use crate::open::Opened;
use crate::seal::Cipher;
use crate::{StoreSettings, open};

/// An open database. Clones are the same one.
///
/// Every call ends within the time that [`StoreSettings`] says, or with [`StoreError::Away`](crate::StoreError::Away).
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    cipher: Cipher,
    own: watch::Sender<()>,
    parts: Parts,
    kin: Known,
    portion: Portion,
    calendar: Calendar,
    /// Let go after the connections.
    _lock: Option<Lock>,
}

impl Store {
    /// Opens the database, makes it if it is SQLite's and not there, and takes the schema's steps.
    ///
    /// Several processes may open one database of a server at once: each step is taken once.
    ///
    /// # Errors
    /// [`StoreError::Invalid`](crate::StoreError::Invalid) for an address that is none,
    /// [`StoreError::Locked`](crate::StoreError::Locked) if another process has SQLite's file,
    /// [`StoreError::Newer`](crate::StoreError::Newer) and [`StoreError::Older`](crate::StoreError::Older) for a schema
    /// of another version, [`StoreError::Away`](crate::StoreError::Away) if the server does not answer.
    pub async fn open(settings: &StoreSettings, cipher: Cipher, now: UnixMs) -> Result<Self> {
        let Opened { db, lock } = open::open(settings, now).await?;
        let (own, _) = watch::channel(());
        let calendar = settings.calendar.clone();
        let inner = Inner {
            db,
            cipher,
            own,
            parts: Parts::default(),
            kin: Known::default(),
            portion: Portion::default(),
            calendar,
            _lock: lock,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Away`](crate::StoreError::Away) if it does not.
    pub async fn ping(&self) -> Result<()> {
        let one = Query::select().expr(Expr::val(1)).to_owned();
        self.db().read(async { Ok(self.db().reader().query_one(&one).await.map(|_| ())?) }).await
    }

    /// Ends all connections, once what is under way has ended. Other clones get
    /// [`StoreError::Away`](crate::StoreError::Away) from then on.
    pub async fn close(&self) {
        self.db().close().await;
    }

    /// The database's name for people: `sqlite`, `postgres` or `mysql`.
    pub fn backend(&self) -> &'static str {
        match self.db().backend() {
            sea_orm::DbBackend::Postgres => "postgres",
            sea_orm::DbBackend::MySql => "mysql",
            _ => "sqlite",
        }
    }

    /// By which days, weeks and months budgets begin anew.
    pub fn calendar(&self) -> &Calendar {
        &self.inner.calendar
    }

    pub(crate) fn db(&self) -> &Db {
        &self.inner.db
    }

    pub(crate) fn cipher(&self) -> &Cipher {
        &self.inner.cipher
    }

    /// Parts of the ledger that are known to be there.
    pub(crate) fn parts(&self) -> &Parts {
        &self.inner.parts
    }

    /// What entries have in common, as far as it is known to be there.
    pub(crate) fn kin(&self) -> &Known {
        &self.inner.kin
    }

    /// How many entries are deleted at a time.
    pub(crate) fn portion(&self) -> &Portion {
        &self.inner.portion
    }

    /// Tells this process's watchers that it has changed something.
    pub(crate) fn nudge(&self) {
        self.inner.own.send_replace(());
    }

    pub(crate) fn own_changes(&self) -> watch::Receiver<()> {
        self.inner.own.subscribe()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("backend", &self.backend()).finish_non_exhaustive()
    }
}
