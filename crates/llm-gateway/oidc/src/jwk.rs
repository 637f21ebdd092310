//! The keys that an issuer publishes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::algorithm::{Algorithm, PublicKey};

/// A set of public keys, as a JWKS document has them.
///
/// Source: RFC 7517, section 5; RFC 7518, section 6; RFC 8037, section 2.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Jwk>,
}

/// A public key with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwk {
    /// Its name.
    pub kid: Option<String>,
    /// The one algorithm that it is for, if it says so.
    algorithm: Option<Algorithm>,
    pub(crate) key: PublicKey,
}

/// Why a text is no [`KeySet`].
#[derive(Debug, thiserror::Error)]
#[error("not a document of keys: {0}")]
pub struct KeySetError(#[from] serde_json::Error);

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

/// A key as it is written. Members that say what it is for are strict: what they do not allow, it is not for.
#[derive(Deserialize)]
struct Written {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// The most keys of one issuer that are looked at.
    const MAX: usize = 100;

    /// Reads a JWKS document. Keys that are not for signatures, are of unknown kinds or too weak are left out, as are
    /// shared secrets: nobody may publish one, and a public key must never be taken for one.
    ///
    /// # Errors
    /// [`KeySetError`] if it is no such document.
    pub fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        let document: Document = serde_json::from_slice(json)?;
        let keys = document.keys.into_iter().filter_map(|key| read(serde_json::from_value(key).ok()?));
        Ok(Self { keys: keys.take(Self::MAX).collect() })
    }

    /// These keys and others.
    pub fn extend(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.keys.truncate(Self::MAX);
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is a key of this name.
    pub fn has(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// The keys that a token with this name of a key may be signed by: those of the name, or all if it names none.
    pub(crate) fn candidates(&self, kid: Option<&str>) -> impl Iterator<Item = &Jwk> {
        self.keys.iter().filter(move |key| kid.is_none() || key.kid.as_deref() == kid)
    }
}

impl Jwk {
    /// Whether this key may have made a signature of an algorithm: the key says which are its own, not the token.
    pub(crate) fn allows(&self, algorithm: Algorithm) -> bool {
        self.algorithm.is_none_or(|own| own == algorithm) && self.key.makes(algorithm)
    }
}

/// The smallest and largest modulus of RSA, in bytes: 2048 and 8192 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

fn read(written: Written) -> Option<Jwk> {
    let is_for_signatures = written.usage.as_deref().is_none_or(|usage| usage == "sig")
        && written.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
    if !is_for_signatures {
        return None;
    }
    let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?.trim_end_matches('=')).ok();
    let key = match written.kty.as_str() {
        "RSA" => {
            let whole =
                |text| bytes(text).map(|it| it.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<_>>());
            let (n, e) = (whole(written.n)?, whole(written.e)?);
            if !RSA_BYTES.contains(&n.len()) || e.is_empty() {
                return None;
            }
            PublicKey::Rsa { n, e }
        }
        "EC" => {
            let (algorithm, length) = match written.crv.as_deref()? {
                "P-256" => (Algorithm::Es256, 32),
                "P-384" => (Algorithm::Es384, 48),
                "P-521" => (Algorithm::Es512, 66),
                _ => return None,
            };
            let (x, y) = (bytes(written.x)?, bytes(written.y)?);
            if x.len() != length || y.len() != length {
                return None;
            }
            PublicKey::Ec { algorithm, point: [&[4][..], &x, &y].concat() }
        }
        "OKP" if written.crv.as_deref()? == "Ed25519" => {
            PublicKey::Ed(bytes(written.x).filter(|x| x.len() == 32)?)
        }
        _ => return None,
    };
    // An algorithm that is not known, or not of this kind of key, is none that the key may be used for.
    let algorithm = match written.alg.as_deref() {
        Some(name) => Some(Algorithm::named(name).filter(|it| key.makes(*it))?),
        None => None,
    };
    Some(Jwk { kid: written.kid, algorithm, key })
}
