//! The connection: made when it is needed, dropped when it fails.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool_redis::redis::RedisError;

use crate::address::{Address, AddressError};
use crate::link::Link;
use crate::patience::SLACK;

/// One connection to Redis, shared by all who ask.
#[derive(Default)]
pub(crate) struct Connection {
    current: Mutex<Current>,
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Current {
    /// Counts the connections, so that nobody drops the successor of the one that failed.
    number: u64,
    link: Option<Link>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("{0}")]
    Redis(#[from] RedisError),
}

impl Connection {
    pub(crate) fn is_there(&self) -> bool {
        self.lock().link.is_some()
    }

    /// The connection, made if there is none. Whoever else needs it waits for the same one.
    pub(crate) async fn get(
        &self,
        address: &Address,
        timeout: Duration,
    ) -> Result<(u64, Link), ConnectionError> {
        if let Some(found) = self.current() {
            return Ok(found);
        }
        let _one_at_a_time = self.connecting.lock().await;
        if let Some(found) = self.current() {
            return Ok(found);
        }
        // Made anew each time: names may have come to stand for other machines.
        // Whoever asks goes before that: by the time that it could have heard an answer.
        let link = address.opener()?.open(timeout * SLACK, timeout * SLACK).await?;
        let mut current = self.lock();
        current.number += 1;
        current.link = Some(link.clone());
        Ok((current.number, link))
    }

    /// The connection of this number has failed. No connection has the number 0.
    pub(crate) fn end(&self, number: u64) {
        let mut current = self.lock();
        if current.number == number {
            current.link = None;
        }
    }

    fn current(&self) -> Option<(u64, Link)> {
        let current = self.lock();
        current.link.clone().map(|link| (current.number, link))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
