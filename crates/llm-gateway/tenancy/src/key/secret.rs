//! The text of a key: made once, shown once, known by its hash.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a key's whole text. Written as 64 hexadecimal digits, as LiteLLM stores keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash([u8; 32]);

/// Why a text is no [`KeyHash`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's hash has 64 hexadecimal digits")]
pub struct KeyHashError;

impl KeyHash {
    /// The hash of a presented key.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// The hash with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key that management means by a text: its hash if that is one, else the key itself.
    pub fn meant_by(text: &str) -> Self {
        text.parse().unwrap_or_else(|_| Self::of(text))
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Written for each request: byte by byte, the formatter would take longer than hashing the key.
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        self.0.iter().try_for_each(|byte| {
            f.write_char(char::from(DIGITS[usize::from(byte >> 4)]))?;
            f.write_char(char::from(DIGITS[usize::from(byte & 15)]))
        })
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash({self})")
    }
}

impl FromStr for KeyHash {
    type Err = KeyHashError;

    fn from_str(text: &str) -> Result<Self, KeyHashError> {
        let digits: &[u8; 64] = text.as_bytes().try_into().map_err(|_| KeyHashError)?;
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(KeyHashError),
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for KeyHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A key as its owner has it. Prints masked.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainKey(String);

/// Why a text that a user chose is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitKey {
    /// It does not begin as keys do.
    #[error("a key begins with sk-")]
    Prefix,
    /// It is guessed too easily.
    #[error("a key has at least {} characters", PlainKey::MIN_LENGTH)]
    Short,
    /// It is longer than what is looked at.
    #[error("a key has at most {} characters", PlainKey::MAX_LENGTH)]
    Long,
    /// It cannot be sent in a header as it is.
    #[error("a key is of letters, digits and -._~+/=:")]
    Characters,
}

impl PlainKey {
    /// How keys begin.
    pub const PREFIX: &'static str = "sk-";
    /// The shortest key that a user may choose.
    pub const MIN_LENGTH: usize = 16;
    /// The longest text that is looked at as a key.
    pub const MAX_LENGTH: usize = 512;

    /// A key of 256 bits, which must be random: `sk-` and 43 letters, digits, `-` and `_`.
    pub fn generate(random: &[u8; 32]) -> Self {
        let mut text = Self::PREFIX.to_owned();
        URL_SAFE_NO_PAD.encode_string(random, &mut text);
        Self(text)
    }

    /// A key that a user chose.
    ///
    /// # Errors
    /// [`UnfitKey`], if it is too short, too long, or of characters that headers do not carry.
    pub fn chosen(text: &str) -> Result<Self, UnfitKey> {
        if !text.starts_with(Self::PREFIX) {
            Err(UnfitKey::Prefix)
        } else if text.len() < Self::MIN_LENGTH {
            Err(UnfitKey::Short)
        } else if text.len() > Self::MAX_LENGTH {
            Err(UnfitKey::Long)
        } else if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=:".contains(&byte)) {
            Err(UnfitKey::Characters)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// Its text, to be shown once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// By what it is known from now on.
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(&self.0)
    }

    /// How it is shown from now on.
    pub fn name(&self) -> String {
        masked(&self.0)
    }
}

impl fmt::Debug for PlainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainKey({})", self.name())
    }
}

/// A key as it may be shown: `sk-...` and its last four characters; those of a short one are not told.
pub fn masked(key: &str) -> String {
    let last = key.len().checked_sub(4).filter(|_| key.len() >= PlainKey::MIN_LENGTH);
    let last = last.and_then(|at| key.get(at..)).unwrap_or("****");
    format!("{}...{last}", PlainKey::PREFIX)
}

/// The key in the value of a header: bare, after `Bearer`, or the id of the key
/// that signs one of Amazon's requests, whose signature is not looked at. `None` if there is none, and for texts that no
/// key can have.
pub fn presented(value: &str) -> Option<&str> {
    let value = value.trim();
    let key = match value.split_once(|c: char| c.is_ascii_whitespace()) {
        None if value.eq_ignore_ascii_case("bearer") => return None,
        None => value,
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
        Some((scheme, rest)) if scheme.starts_with("AWS4-HMAC") => {
            rest.split_once("Credential=")?.1.split(['/', ',']).next()?
        }
        Some(_) => return None,
    };
    is_presentable(key).then_some(key)
}

/// The key in the subprotocols that a WebSocket offers: `openai-insecure-api-key.<key>`.
pub fn presented_in_subprotocols(value: &str) -> Option<&str> {
    let key =
        value.split(',').find_map(|protocol| protocol.trim().strip_prefix("openai-insecure-api-key."))?;
    is_presentable(key).then_some(key)
}

/// Whether a text may be a key at all: neither empty nor longer than what is looked at, of visible characters alone.
/// JSON web tokens are longer and are no keys of this kind.
fn is_presentable(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_of_chance_alone() {
        let key = PlainKey::generate(&[0xfb; 32]);
        assert_eq!(key.expose(), "sk--_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
        assert_eq!(key.expose().len(), 46);
        assert_eq!(key.name(), "sk-...7-_s");
        assert_eq!(format!("{key:?}"), "PlainKey(sk-...7-_s)");
        assert_eq!(PlainKey::chosen(key.expose()), Ok(key));
    }

    #[test]
    fn known_by_the_hash_that_litellm_stores() {
        // printf 'sk-1234' | sha256sum
        let hash = KeyHash::of("sk-1234");
        let text = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b";
        assert_eq!(hash.to_string(), text);
        assert_eq!(text.parse(), Ok(hash));
        assert_eq!(KeyHash::meant_by(text), hash);
        assert_eq!(KeyHash::meant_by("sk-1234"), hash);
        assert_eq!(
            KeyHash::meant_by(&text.to_uppercase()),
            KeyHash::of(&text.to_uppercase()),
            "one form only"
        );
        for bad in ["", "88dc", &text[1..], &format!("{text}0"), &text.replace('8', "g")] {
            assert_eq!(bad.parse::<KeyHash>(), Err(KeyHashError), "{bad}");
        }
        assert_eq!(serde_json::from_str::<KeyHash>(&format!("{text:?}")).unwrap(), hash);
    }

    #[test]
    fn chosen_keys_are_not_weak() {
        assert!(PlainKey::chosen("sk-0123456789abc").is_ok());
        for (text, why) in [
            ("0123456789abcdef", UnfitKey::Prefix),
            ("sk-0123456789ab", UnfitKey::Short),
            (&format!("sk-{}", "a".repeat(510)), UnfitKey::Long),
            ("sk-0123456789 abcd", UnfitKey::Characters),
            ("sk-' OR 1=1 -- 5678", UnfitKey::Characters),
            ("sk-0123456789abcä", UnfitKey::Characters),
        ] {
            assert_eq!(PlainKey::chosen(text), Err(why), "{text}");
        }
    }

    #[test]
    fn shown_masked() {
        assert_eq!(masked("sk-0123456789abcdef"), "sk-...cdef");
        assert_eq!(masked("sk-1234"), "sk-...****", "most of a short key would be told");
        assert_eq!(masked(""), "sk-...****");
        assert_eq!(masked("sk-0123456789abcäöü"), "sk-...äö".replace("äö", "öü"));
    }

    #[test]
    fn presented_in_many_ways() {
        for (value, key) in [
            ("Bearer sk-1", Some("sk-1")),
            ("bearer   sk-1 ", Some("sk-1")),
            ("BEARER\tsk-1", Some("sk-1")),
            ("sk-1", Some("sk-1")),
            (" sk-1 ", Some("sk-1")),
            (
                "AWS4-HMAC-SHA256 Credential=sk-1/20261121/us-east-1/bedrock/aws4_request, Signature=0",
                Some("sk-1"),
            ),
            ("AWS4-HMAC-SHA256 Signature=0", None),
            ("Bearer", None),
            ("Bearer ", None),
            ("", None),
            ("Basic c2stMQ==", None),
            ("Bearer sk-1 sk-2", None),
            ("Bearer sk-\u{e4}", None),
        ] {
            assert_eq!(presented(value), key, "{value:?}");
        }
        assert_eq!(presented_in_subprotocols("realtime, openai-insecure-api-key.sk-1"), Some("sk-1"));
        assert_eq!(presented_in_subprotocols("realtime"), None);
        assert_eq!(presented_in_subprotocols("openai-insecure-api-key."), None);
    }
}
