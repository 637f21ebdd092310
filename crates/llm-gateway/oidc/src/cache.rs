//! Tokens that were checked.

use std::sync::Arc;

use llm_types::UnixMs;
use sha2::{Digest as _, Sha256};

use crate::verifier::Verified;

/// Checked tokens by the hash of the whole token, signature and all. A token leaves when it ends, or when the keys of its
/// issuer are no longer those that it was checked with.
#[derive(Debug)]
pub(crate) struct TokenCache {
    kept: papaya::HashMap<[u8; 32], Entry>,
    capacity: usize,
}

#[derive(Debug, Clone)]
struct Entry {
    verified: Arc<Verified>,
    /// Which keys of the issuer's it was checked with.
    generation: u64,
}

/// What a token is remembered by.
pub(crate) fn name_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl TokenCache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { kept: papaya::HashMap::new(), capacity: capacity.max(1) }
    }

    /// A token that was checked, unless it has ended since, or its issuer's keys have changed.
    pub(crate) fn get(
        &self,
        name: &[u8; 32],
        now: UnixMs,
        generation: impl FnOnce(&Verified) -> Option<u64>,
    ) -> Option<Arc<Verified>> {
        let kept = self.kept.pin();
        let entry = kept.get(name)?;
        let is_good =
            entry.verified.expires_at > now && generation(&entry.verified) == Some(entry.generation);
        if is_good {
            return Some(Arc::clone(&entry.verified));
        }
        kept.remove(name);
        None
    }

    pub(crate) fn put(&self, name: [u8; 32], verified: Arc<Verified>, generation: u64, now: UnixMs) {
        let kept = self.kept.pin();
        if kept.len() >= self.capacity {
            kept.retain(|_, entry| entry.verified.expires_at > now);
        }
        // Still full of tokens that are good: a part of them makes room, so that this happens seldom.
        if kept.len() >= self.capacity {
            let some: Vec<_> = kept.keys().take(self.capacity / 8 + 1).copied().collect();
            for name in some {
                kept.remove(&name);
            }
        }
        kept.insert(name, Entry { verified, generation });
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.kept.pin().len()
    }
}
