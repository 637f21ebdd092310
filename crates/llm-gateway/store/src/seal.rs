//! Secrets at rest: AES-256-GCM under keys from outside.

#[cfg(test)]
mod tests;

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use llm_tenancy::{Kind, Sealed};
use zeroize::Zeroizing;

use crate::error::{Result, StoreError};

/// The shortest text that keys are made from.
const SHORTEST: usize = 16;

/// Seals and opens secrets. The first key seals; every one opens, so that a new key can be put before the old one.
///
/// A secret is bound to its place, so that one that is copied to another record does not open there.
#[derive(Default)]
pub struct Cipher {
    keys: Vec<Key>,
}

struct Key {
    id: String,
    key: RandomizedNonceKey,
}

/// Where a secret is.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Of which kind of record.
    pub kind: Kind,
    /// Of which.
    pub id: &'a str,
    /// Under which name in it.
    pub name: &'a str,
}

impl Cipher {
    /// Keys made from texts, of 16 bytes at least, the one that seals first. Without any, nothing can be sealed.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a text that is too short.
    pub fn new<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self> {
        let keys = texts.into_iter().map(|text| Key::of(text.as_ref())).collect::<Result<_>>()?;
        Ok(Self { keys })
    }

    /// The id of the key that seals.
    pub fn key_id(&self) -> Option<&str> {
        self.keys.first().map(|key| key.id.as_str())
    }

    /// Seals a secret for its place.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if there is no key.
    pub fn seal(&self, place: Place<'_>, secret: &str) -> Result<Sealed> {
        let Some(key) = self.keys.first() else {
            let why = "there is no key to seal secrets with; LLM_GATEWAY_ENCRYPTION_KEY is not set";
            return Err(StoreError::Invalid(why.to_owned()));
        };
        let failed = |_| StoreError::Invalid("the secret cannot be sealed".to_owned());
        let mut text = Zeroizing::new(secret.as_bytes().to_vec());
        let tag = key.key.seal_in_place_separate_tag(Aad::from(place.bytes()), &mut text);
        let (nonce, tag) = tag.map_err(failed)?;
        let sealed = [nonce.as_ref().as_slice(), &text, tag.as_ref()].concat();
        Ok(Sealed { key_id: key.id.clone(), text: STANDARD.encode(sealed) })
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if its key is not there, or if it was changed or moved.
    pub fn open(&self, place: Place<'_>, sealed: &Sealed) -> Result<Zeroizing<String>> {
        let what = || format!("a secret of the {} {:?}", place.kind.label(), place.id);
        let Some(key) = self.keys.iter().find(|key| key.id == sealed.key_id) else {
            let id = &sealed.key_id;
            return Err(StoreError::Unreadable(format!(
                "{} is sealed under the key {id:?}, which is not there",
                what()
            )));
        };
        let opened = key.open(place, &sealed.text);
        opened.ok_or_else(|| StoreError::Unreadable(format!("{} was changed since it was sealed", what())))
    }

    /// The same secret under the key that seals now.
    pub(crate) fn reseal(&self, place: Place<'_>, sealed: &Sealed) -> Result<Sealed> {
        self.seal(place, &self.open(place, sealed)?)
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

impl Key {
    /// The key and its id are derived from the text apart from each other: the id tells nothing of the key.
    fn of(text: &str) -> Result<Self> {
        if text.len() < SHORTEST {
            let why = format!("a key to seal secrets with has {SHORTEST} bytes at least");
            return Err(StoreError::Invalid(why));
        }
        let unfit = |_| StoreError::Invalid("no key can be derived from the text".to_owned());
        let secret = Salt::new(HKDF_SHA256, b"llm-gateway").extract(text.as_bytes());
        let mut key = Zeroizing::new([0; 32]);
        let mut id = [0; 8];
        secret.expand(&[b"key"], Bytes(32)).and_then(|made| made.fill(&mut *key)).map_err(unfit)?;
        secret.expand(&[b"id"], Bytes(8)).and_then(|made| made.fill(&mut id)).map_err(unfit)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &*key).map_err(unfit)?;
        Ok(Self { id: format!("{:016x}", u64::from_be_bytes(id)), key })
    }

    fn open(&self, place: Place<'_>, text: &str) -> Option<Zeroizing<String>> {
        let sealed = STANDARD.decode(text).ok()?;
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(text.to_vec());
        let opened = self.key.open_in_place(nonce, Aad::from(place.bytes()), &mut text).ok()?;
        std::str::from_utf8(opened).ok().map(|text| Zeroizing::new(text.to_owned()))
    }
}

impl Place<'_> {
    /// The place as bytes, unlike every other's.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [self.kind.label(), self.id, self.name] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// So many bytes of a derived key.
struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}
