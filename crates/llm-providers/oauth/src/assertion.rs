//! [`SigningKey`]: assertions in the form of JSON Web Tokens, signed with a client's own key.

use std::fmt;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Map, Value};

/// A private RSA key that signs with RS256 (RFC 7518, 3.3): the same claims give the same assertion.
pub struct SigningKey(KeyPair);

/// A key or certificate that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// No private key in PEM; or one that is encrypted, which only its owner could read.
    NoKey,
    /// The key is not of RSA, or broken.
    NotRsa,
    /// No certificate in PEM.
    NoCertificate,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKey => "no unencrypted private key in PEM",
            Self::NotRsa => "the private key is no RSA key",
            Self::NoCertificate => "no certificate in PEM",
        })
    }
}

impl std::error::Error for KeyError {}

impl SigningKey {
    /// The first private key of a PEM text, in PKCS#8 or PKCS#1.
    ///
    /// # Errors
    /// [`KeyError`]
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let pair = match PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyError::NoKey)? {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(KeyError::NotRsa),
        };
        pair.map(Self).map_err(|_| KeyError::NotRsa)
    }

    /// The claims as a signed token. `header` holds what stands beside `alg` and `typ`.
    ///
    /// # Errors
    /// [`KeyError::NotRsa`] if the key cannot sign.
    pub fn sign(&self, header: Map<String, Value>, claims: Map<String, Value>) -> Result<String, KeyError> {
        let mut whole = Map::new();
        whole.insert("alg".to_owned(), "RS256".into());
        whole.insert("typ".to_owned(), "JWT".into());
        whole.extend(header);
        let mut token = URL_SAFE_NO_PAD.encode(Value::Object(whole).to_string());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(Value::Object(claims).to_string(), &mut token);
        let mut signature = vec![0; self.0.public_modulus_len()];
        // The generator is part of the library's form for every signature; RS256 draws nothing from it.
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
            .map_err(|_| KeyError::NotRsa)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// SHA-256 of the public key (`SubjectPublicKeyInfo` in DER), in base64.
    ///
    /// # Errors
    /// [`KeyError::NotRsa`] if the key cannot be written.
    pub fn fingerprint(&self) -> Result<String, KeyError> {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().map_err(|_| KeyError::NotRsa)?;
        Ok(STANDARD.encode(digest(&SHA256, der.as_ref())))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

/// A certificate, by its fingerprints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-1 of the DER form in base64 without padding, for addresses: `x5t` (RFC 7515, 4.1.7).
    pub x5t: String,
    /// SHA-256, likewise: `x5t#S256` (RFC 7515, 4.1.8).
    pub x5t_s256: String,
}

impl Certificate {
    /// The first certificate of a PEM text.
    ///
    /// # Errors
    /// [`KeyError::NoCertificate`]
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let der = CertificateDer::from_pem_slice(pem).map_err(|_| KeyError::NoCertificate)?;
        Ok(Self {
            x5t: URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &der)),
            x5t_s256: URL_SAFE_NO_PAD.encode(digest(&SHA256, &der)),
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::Pkcs8V1Der;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::json;

    use super::*;

    fn pem(pair: &KeyPair) -> String {
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
    }

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(members) = value else { panic!("no object") };
        members
    }

    #[test]
    fn an_assertion_is_signed_by_its_key() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let key = SigningKey::from_pem(pem(&pair).as_bytes()).unwrap();
        let sign = || key.sign(object(json!({"x5t": "x"})), object(json!({"iss": "me", "exp": 7}))).unwrap();
        let token = sign();
        assert_eq!(token, sign(), "the same claims, the same assertion");
        let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        assert_eq!(decode(header), br#"{"alg":"RS256","typ":"JWT","x5t":"x"}"#);
        assert_eq!(decode(claims), br#"{"iss":"me","exp":7}"#);
        let signed = token.rsplit_once('.').unwrap().0;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
            .verify(signed.as_bytes(), &decode(signature))
            .unwrap();
    }

    #[test]
    fn a_fingerprint_is_of_the_whole_public_key() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let key = SigningKey::from_pem(pem(&pair).as_bytes()).unwrap();
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        assert_eq!(key.fingerprint().unwrap(), STANDARD.encode(digest(&SHA256, der.as_ref())));
        assert!(!format!("{key:?}").contains("BEGIN"));
    }

    #[test]
    fn what_is_no_key_or_certificate_is_told() {
        assert_eq!(SigningKey::from_pem(b"nothing").unwrap_err(), KeyError::NoKey);
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert_eq!(SigningKey::from_pem(encrypted.as_bytes()).unwrap_err(), KeyError::NoKey);
        let certified = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let elliptic = certified.signing_key.serialize_pem();
        assert_eq!(SigningKey::from_pem(elliptic.as_bytes()).unwrap_err(), KeyError::NotRsa);
        assert_eq!(Certificate::from_pem(elliptic.as_bytes()).unwrap_err(), KeyError::NoCertificate);
        let pem = certified.cert.pem();
        let certificate = Certificate::from_pem((elliptic + &pem).as_bytes()).unwrap();
        assert_eq!((certificate.x5t.len(), certificate.x5t_s256.len()), (27, 43));
        let own = URL_SAFE_NO_PAD.encode(digest(&SHA256, certified.cert.der()));
        assert_eq!(certificate.x5t_s256, own);
    }
}
