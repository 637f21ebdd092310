//! Tokens in their compact form.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::algorithm::Algorithm;
use crate::{Claims, KeySet, TokenError};

/// A token that was read and not yet checked: nothing that it says may be believed.
#[derive(Debug)]
pub struct Token<'a> {
    /// Header and claims as they were signed.
    signed: &'a str,
    signature: Vec<u8>,
    algorithm: Algorithm,
    kid: Option<String>,
    claims: Claims,
}

/// Members twice over are refused, so that no two readers read different things.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

/// Whether a presented key is meant as a token of this kind: three parts, the first one an object of JSON.
pub fn looks_like_token(key: &str) -> bool {
    key.starts_with("ey") && key.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl<'a> Token<'a> {
    /// The longest token that is looked at, in bytes.
    pub const MAX_LENGTH: usize = 16 * 1024;

    /// Reads a token.
    ///
    /// # Errors
    /// [`TokenError::Malformed`], [`TokenError::Critical`], and [`TokenError::Algorithm`] for algorithms with shared secrets
    /// and for none.
    pub fn read(text: &'a str) -> Result<Self, TokenError> {
        if text.len() > Self::MAX_LENGTH {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed);
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| TokenError::Malformed)?;
        if header.crit.is_some() {
            return Err(TokenError::Critical);
        }
        let algorithm = Algorithm::named(&header.alg).ok_or(TokenError::Algorithm)?;
        let claims = Claims::parse(&decode(claims)?)?;
        Ok(Self { signed, signature: decode(signature)?, algorithm, kid: header.kid, claims })
    }

    /// The name of the key that it says it is signed with.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The issuer that it says it is of: good for choosing whose keys it is checked with, and for nothing else.
    pub fn claimed_issuer(&self) -> Option<&str> {
        self.claims.text("iss")
    }

    /// The claims, if one of these keys signed them.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`] if there is no key of the name, [`TokenError::Algorithm`] if the key is not one for the
    /// token's algorithm, [`TokenError::Signature`].
    pub fn verify(self, keys: &KeySet) -> Result<Claims, TokenError> {
        let mut error = TokenError::UnknownKey;
        let is_signed = keys.candidates(self.kid()).any(|key| {
            let checked = if key.allows(self.algorithm) {
                key.key.verify(self.algorithm, self.signed.as_bytes(), &self.signature)
            } else {
                Err(TokenError::Algorithm)
            };
            checked.map_err(|refused| error = refused).is_ok()
        });
        if is_signed { Ok(self.claims) } else { Err(error) }
    }
}
