//! Signed requests.
//!
//! Source: Oracle Cloud Infrastructure docs, "Request Signatures" (docs.oracle.com/en-us/iaas/Content/API/Concepts/
//! signingrequests.htm), read 2026-11: HTTP Signatures, draft 8, RSA-SHA256 with PKCS#1 v1.5; a `POST` signs date, target,
//! host, length, type and hash of the body.

use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, DATE, HeaderName, HeaderValue};
use http::{Uri, request};
use llm_provider_core::EncodeError;
use llm_types::UnixMs;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;

const HASH: HeaderName = HeaderName::from_static("x-content-sha256");

/// Who signs, and with what.
pub(crate) struct Signer<'a> {
    /// `tenancy/user/fingerprint`
    pub(crate) key_id: String,
    /// The key, RSA in PEM; line ends may be written as `\n`.
    pub(crate) pem: &'a str,
}

impl Signer<'_> {
    /// Adds `date`, `x-content-sha256` and `authorization`: sign last. The length is signed as the transport will say it.
    ///
    /// # Errors
    /// [`EncodeError::Setup`] for a key that cannot sign, or an address without a host.
    pub(crate) fn sign(
        &self,
        parts: &mut request::Parts,
        body: &[u8],
        now: UnixMs,
    ) -> Result<(), EncodeError> {
        let since = Duration::from_millis(u64::try_from(now.0).unwrap_or_default());
        let date = httpdate::fmt_http_date(UNIX_EPOCH + since);
        let hash = STANDARD.encode(digest(&SHA256, body));
        let target = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let signed = [
            ("date", date.clone()),
            ("(request-target)", format!("{} {target}", parts.method.as_str().to_lowercase())),
            ("host", host(&parts.uri)?),
            ("content-length", body.len().to_string()),
            ("content-type", "application/json".to_owned()),
            ("x-content-sha256", hash.clone()),
        ];
        let lines: Vec<String> = signed.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
        let signature = self.rsa(lines.join("\n").as_bytes())?;
        let authorization = format!(
            r#"Signature version="1",keyId="{}",algorithm="rsa-sha256",headers="{}",signature="{signature}""#,
            self.key_id,
            names.join(" ")
        );
        let mut authorization = text(&authorization)?;
        authorization.set_sensitive(true);
        parts.headers.insert(DATE, text(&date)?);
        parts.headers.insert(HASH, text(&hash)?);
        parts.headers.insert(AUTHORIZATION, authorization);
        Ok(())
    }

    fn rsa(&self, message: &[u8]) -> Result<String, EncodeError> {
        let wrong = |what: &str| EncodeError::Setup(format!("the signing key is {what}"));
        let pem = self.pem.replace("\\n", "\n");
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| wrong("no unencrypted private key in PEM"))?;
        let pair = match &der {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(wrong("no RSA key")),
        };
        let pair = pair.map_err(|_| wrong("no RSA key"))?;
        let mut signature = vec![0; pair.public_modulus_len()];
        // The generator is part of the library's form for every signature; this one draws nothing from it.
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| wrong("one that cannot sign"))?;
        Ok(STANDARD.encode(signature))
    }
}

/// The host as the header will say it: without a port that goes without saying.
fn host(uri: &Uri) -> Result<String, EncodeError> {
    let host = uri.host().ok_or_else(|| EncodeError::Setup(format!("`{uri}` has no host to sign for")))?;
    let is_usual =
        matches!((uri.scheme_str(), uri.port_u16()), (Some("https"), Some(443)) | (Some("http"), Some(80)));
    Ok(match uri.port() {
        Some(port) if !is_usual => format!("{host}:{port}"),
        _ => host.to_owned(),
    })
}

fn text(text: &str) -> Result<HeaderValue, EncodeError> {
    HeaderValue::from_str(text)
        .map_err(|_| EncodeError::Setup("a setting holds what a header cannot".to_owned()))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;

    fn parts(uri: &str) -> request::Parts {
        let mut request = http::Request::post(uri).body(()).unwrap();
        request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        request.into_parts().0
    }

    #[test]
    fn a_request_is_signed_by_its_key() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let der = STANDARD.encode(der.as_ref());
        for end in ["\n", "\\n"] {
            let pem = format!("-----BEGIN PRIVATE KEY-----{end}{der}{end}-----END PRIVATE KEY-----{end}");
            let signer = Signer { key_id: "t/u/f".to_owned(), pem: &pem };
            let mut parts = parts("https://host.example:443/20231130/actions/chat");
            signer.sign(&mut parts, b"{}", UnixMs(1_388_846_460_000)).unwrap();
            let header = |name: &str| parts.headers[name].to_str().unwrap();
            assert_eq!(header("date"), "Sat, 04 Jan 2014 14:41:00 GMT");
            assert_eq!(header("x-content-sha256"), "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=");
            assert!(parts.headers["authorization"].is_sensitive());
            let authorization = header("authorization");
            let begin = concat!(
                r#"Signature version="1",keyId="t/u/f",algorithm="rsa-sha256","#,
                r#"headers="date (request-target) host content-length content-type x-content-sha256",signature=""#
            );
            let signature = authorization.strip_prefix(begin).unwrap().strip_suffix('"').unwrap();
            let message = concat!(
                "date: Sat, 04 Jan 2014 14:41:00 GMT\n",
                "(request-target): post /20231130/actions/chat\n",
                "host: host.example\n",
                "content-length: 2\n",
                "content-type: application/json\n",
                "x-content-sha256: RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="
            );
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
                .verify(message.as_bytes(), &STANDARD.decode(signature).unwrap())
                .unwrap();
        }
    }

    #[test]
    fn what_cannot_sign_is_told() {
        for pem in
            ["nothing", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"]
        {
            let signer = Signer { key_id: String::new(), pem };
            let error = signer.sign(&mut parts("https://h/"), b"", UnixMs(0)).unwrap_err().to_string();
            assert!(error.contains("unencrypted private key") && !error.contains("AAAA"), "{error}");
        }
        assert_eq!(host(&"http://h:8080/a".parse().unwrap()).unwrap(), "h:8080");
        assert!(host(&"/a".parse().unwrap()).is_err());
    }
}
