//! TLS: trust, distrust, and the choice of protocol.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use llm_transport::{FetchFault, FetchOptions, Fetcher, HyperService, TransportErrorKind, TransportOptions};
use rustls_pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use crate::support::*;

/// An HTTPS server on 127.0.0.1 that speaks what ALPN chose, and the certificate that vouches for it.
pub(crate) async fn serve_tls(protocols: &[&str]) -> (Server, Bytes) {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let pem = Bytes::from(certified.cert.pem());
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                let version = format!("{:?}", request.version());
                request.collect().await?;
                Ok::<_, hyper::Error>(answer(version))
            });
            let _ended = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    })
    .await;
    (server, pem)
}

fn trusting(pem: Bytes) -> HyperService {
    HyperService::new(TransportOptions { ca_pem: Some(pem), ..TransportOptions::default() }).unwrap()
}

#[tokio::test]
async fn each_protocol_is_what_was_asked_for() {
    let (server, pem) = serve_tls(&["h2", "http/1.1"]).await;
    let url = format!("https://{}/", server.address);
    let service = trusting(pem);
    assert_eq!(ask(&service, post(&url, "x"), HTTP1).await.unwrap(), "HTTP/1.1");
    assert_eq!(ask(&service, post(&url, "x"), HTTP2).await.unwrap(), "HTTP/2.0");
}

#[tokio::test]
async fn a_stranger_is_not_trusted() {
    let (server, _) = serve_tls(&["http/1.1"]).await;
    let (_, other) = serve_tls(&[]).await;
    let url = format!("https://{}/", server.address);
    let error = ask(&trusting(other), post(&url, "x"), HTTP1).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Tls, false), "{}", source_text(&error));
}

#[tokio::test]
async fn a_peer_without_http2_is_told_so() {
    for offered in [&["http/1.1"][..], &[]] {
        let (server, pem) = serve_tls(offered).await;
        let url = format!("https://{}/", server.address);
        let error = ask(&trusting(pem), post(&url, "x"), HTTP2).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Tls, false), "{}", source_text(&error));
    }
}

#[test]
fn a_ca_file_without_a_certificate_is_refused() {
    for pem in ["", "not PEM", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
        let options = TransportOptions { ca_pem: Some(Bytes::from(pem)), ..TransportOptions::default() };
        let error = HyperService::new(options).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Config, "{pem:?}");
    }
}

#[tokio::test]
async fn media_come_over_tls_from_whom_it_vouches_for() {
    let (server, pem) = serve_tls(&["http/1.1"]).await;
    let url = format!("https://{}/", server.address);
    let options = FetchOptions { allow_private: true, ..FetchOptions::default() };
    let fault = within(Fetcher::new(options.clone()).fetch(&url)).await.unwrap_err();
    let FetchFault::Transport(error) = fault else { panic!("{fault}") };
    assert_eq!(error.kind(), TransportErrorKind::Tls, "{}", source_text(&error));
    let fault =
        within(Fetcher::new(FetchOptions { ca_pem: Some(pem), ..options }).fetch(&url)).await.unwrap_err();
    assert!(
        matches!(fault, FetchFault::MediaType(kind) if kind.is_empty()),
        "asked, and answered with no medium"
    );
}
