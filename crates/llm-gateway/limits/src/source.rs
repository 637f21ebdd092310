//! [`Source`]: who knows what others took.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::{AccountId, Authority, Taking};

/// Runs something beside the requests, to its end: whoever asked for a share may be gone before the answer is there.
pub type Spawn = Arc<dyn Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync>;

/// Knows what has been booked: the database.
pub trait Books: Send + Sync {
    /// What is booked of each account in the window that begins then: nano-dollars, tokens or requests. What
    /// an earlier process wrote down and did not book must be booked by then: this one does not know of it.
    fn booked<'a>(&'a self, accounts: &'a [(AccountId, i64)]) -> Taking<'a, Vec<i64>>;
}

/// Who knows what others took, and what was spent before this process began.
#[derive(Clone)]
pub enum Source {
    /// Nobody: all that counts happens in this process.
    Nobody,
    /// This process is alone; what was booked before is looked up when an account that the ledger books is first used.
    Alone(Arc<dyn Books>, Spawn),
    /// There are others; shares are asked for.
    Shared(Arc<dyn Authority>, Spawn),
}

impl Source {
    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(..))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::Alone(..) => "Alone",
            Self::Shared(..) => "Shared",
        })
    }
}
