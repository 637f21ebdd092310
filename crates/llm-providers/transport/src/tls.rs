//! TLS: whom to trust, with which cryptography.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

use crate::error::{TransportError, TransportErrorKind};

/// Makes aws-lc the process's cryptography unless one was chosen already.
///
/// This crate names its provider wherever it builds a configuration. Other users of rustls in the process may not,
/// and panic when two providers are compiled in and none is chosen: call this once, early in `main`.
pub fn ensure_crypto_provider() {
    // An error means that a provider is in place, which is all that is asked for.
    let _already_chosen = aws_lc_rs::default_provider().install_default();
}

/// Client configurations, by protocol, over one set of roots.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) http1: Arc<ClientConfig>,
    pub(crate) http2: Arc<ClientConfig>,
}

/// Reads extra roots from PEM.
pub(crate) fn roots(pem: Option<&[u8]>) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let Some(pem) = pem else { return Ok(Vec::new()) };
    let invalid = || TransportError::unsent(TransportErrorKind::Config);
    let roots = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| invalid().with_source(error))?;
    if roots.is_empty() {
        return Err(invalid().with_source("the CA file holds no certificate"));
    }
    Ok(roots)
}

impl Tls {
    /// Trusts the operating system's roots and `extra`.
    pub(crate) fn new(extra: Vec<CertificateDer<'static>>) -> Result<Self, rustls::Error> {
        let provider: Arc<CryptoProvider> = Arc::new(aws_lc_rs::default_provider());
        let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider))?;
        let mut http1 = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous() // the name covers every verifier that is not rustls's own; this one asks the platform
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        http1.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut http2 = http1.clone();
        http2.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self { http1: Arc::new(http1), http2: Arc::new(http2) })
    }
}
