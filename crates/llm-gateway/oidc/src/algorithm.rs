//! Signatures, each with the kind of key that may make it.

use aws_lc_rs::signature::{self as sig, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};

use crate::TokenError;

/// An algorithm of a JSON web signature. Those with shared secrets, and none, are not among them.
///
/// Source: RFC 7518, section 3.1, and RFC 8037, section 3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    EdDsa,
}

impl Algorithm {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "ES512" => Self::Es512,
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return None,
        })
    }
}

/// A public key, and by it the signatures that it may have made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// Modulus and exponent, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// The point, uncompressed, of a curve, by its algorithm.
    Ec { algorithm: Algorithm, point: Vec<u8> },
    /// Ed25519.
    Ed(Vec<u8>),
}

impl PublicKey {
    /// Whether this kind of key makes such signatures. What a token says of its algorithm chooses among these and no
    /// others.
    pub(crate) const fn makes(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{EdDsa, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        match self {
            Self::Rsa { .. } => matches!(algorithm, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512),
            Self::Ec { algorithm: own, .. } => *own as u8 == algorithm as u8,
            Self::Ed(_) => matches!(algorithm, EdDsa),
        }
    }

    /// Checks a signature.
    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenError> {
        if !self.makes(algorithm) {
            return Err(TokenError::Algorithm);
        }
        let checked = match self {
            Self::Rsa { n, e } => {
                let parameters = match algorithm {
                    Algorithm::Rs384 => &sig::RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::Rs512 => &sig::RSA_PKCS1_2048_8192_SHA512,
                    Algorithm::Ps256 => &sig::RSA_PSS_2048_8192_SHA256,
                    Algorithm::Ps384 => &sig::RSA_PSS_2048_8192_SHA384,
                    Algorithm::Ps512 => &sig::RSA_PSS_2048_8192_SHA512,
                    _ => &sig::RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            Self::Ec { algorithm, point } => {
                let curve: &'static dyn VerificationAlgorithm = match algorithm {
                    Algorithm::Es384 => &sig::ECDSA_P384_SHA384_FIXED,
                    Algorithm::Es512 => &sig::ECDSA_P521_SHA512_FIXED,
                    _ => &sig::ECDSA_P256_SHA256_FIXED,
                };
                UnparsedPublicKey::new(curve, point).verify(message, signature)
            }
            Self::Ed(key) => UnparsedPublicKey::new(&sig::ED25519, key).verify(message, signature),
        };
        checked.map_err(|_| TokenError::Signature)
    }
}
