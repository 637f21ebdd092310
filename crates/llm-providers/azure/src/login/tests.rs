use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response};
use llm_provider_core::{LoginInput, LoginStep};
use llm_types::UnixMs;

use super::*;

const NOW: UnixMs = UnixMs(1_700_000_000_000);

fn begun(settings: &[(&str, &str)]) -> Box<dyn LoginRun> {
    let parameters: Parameters = settings.iter().copied().collect();
    login(&parameters, None).unwrap().unwrap().begin()
}

fn sent(step: LoginStep) -> Request<Bytes> {
    let LoginStep::Send(request) = step else { panic!("{step:?}") };
    *request
}

/// Method, address, headers but for the usual ones, and body.
fn said(request: &Request<Bytes>) -> String {
    let headers: Vec<_> = request
        .headers()
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "content-type" | "accept"))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    let body = std::str::from_utf8(request.body()).unwrap().replace('&', "\n");
    format!("{} {}\n{}\n{body}", request.method(), request.uri(), headers.join("\n"))
}

fn first(settings: &[(&str, &str)]) -> String {
    said(&sent(begun(settings).step(LoginInput::Begin, NOW)))
}

const APPLICATION: [(&str, &str); 2] = [("tenant_id", "t-1"), ("client_id", "c-1")];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    APPLICATION.iter().chain(more).copied().collect()
}

#[test]
fn a_client_with_a_secret() {
    insta::assert_snapshot!(first(&with(&[("client_secret", "s/1")])), @r"
    POST https://login.microsoftonline.com/t-1/oauth2/v2.0/token

    grant_type=client_credentials
    client_id=c-1
    client_secret=s%2F1
    scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default
    ");
    let settings = [
        ("client_secret", "s"),
        ("azure_authority_host", "login.microsoftonline.us/"),
        ("azure_scope", "https://ai.azure.com/.default"),
    ];
    insta::assert_snapshot!(first(&with(&settings)), @r"
    POST https://login.microsoftonline.us/t-1/oauth2/v2.0/token

    grant_type=client_credentials
    client_id=c-1
    client_secret=s
    scope=https%3A%2F%2Fai.azure.com%2F.default
    ");
}

#[test]
fn a_user_with_a_password() {
    let settings = [("client_id", "c-1"), ("azure_username", "a@b.example"), ("azure_password", "p")];
    insta::assert_snapshot!(first(&settings), @r"
    POST https://login.microsoftonline.com/organizations/oauth2/v2.0/token

    grant_type=password
    client_id=c-1
    username=a%40b.example
    password=p
    scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default
    ");
}

#[test]
fn a_workload() {
    let mut run = begun(&with(&[("azure_federated_token_file", "/var/run/token")]));
    let LoginStep::Read(file) = run.step(LoginInput::Begin, NOW) else { panic!("no file") };
    assert_eq!(file, PathBuf::from("/var/run/token"));
    let step = run.step(LoginInput::File(Bytes::from_static(b"header.claims.signature\n")), NOW);
    insta::assert_snapshot!(said(&sent(step)), @r"
    POST https://login.microsoftonline.com/t-1/oauth2/v2.0/token

    grant_type=client_credentials
    client_id=c-1
    client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer
    client_assertion=header.claims.signature
    scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default
    ");
    let answer = Response::new(Bytes::from_static(br#"{"access_token":"tok","expires_in":3599}"#));
    let LoginStep::Done { credential, expires_at } = run.step(LoginInput::Answer(answer), NOW) else {
        panic!("no token")
    };
    assert_eq!(credential, Credential::Token(Secret::new("tok")));
    assert_eq!(expires_at, Some(NOW.plus(3_599_000)));
}

#[test]
fn a_managed_identity() {
    let app = [("azure_identity_endpoint", "http://127.0.0.1:41/msi/token"), ("azure_identity_header", "h")];
    insta::assert_snapshot!(first(&app), @r"
    GET http://127.0.0.1:41/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fcognitiveservices.azure.com
    x-identity-header: h
    ");
    let machine = [("azure_credential", "ManagedIdentityCredential"), ("client_id", "c-1")];
    insta::assert_snapshot!(first(&machine), @r"
    GET http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fcognitiveservices.azure.com&client_id=c-1
    metadata: true
    ");
}

/// A certificate and an RSA key. They do not belong together, which nobody can tell but the one who reads the
/// signature.
fn certificate() -> String {
    let certified = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    let key: Pkcs8V1Der<'_> = KeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
    let key = STANDARD.encode(key.as_ref());
    format!("{}-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n", certified.cert.pem())
}

#[test]
fn a_certificate() {
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let mut run = begun(&with(&[("azure_client_certificate_path", "/c.pem")]));
    let LoginStep::Read(file) = run.step(LoginInput::Begin, NOW) else { panic!("no file") };
    assert_eq!(file, PathBuf::from("/c.pem"));
    let request = sent(run.step(LoginInput::File(Bytes::from(certificate())), NOW));
    let body = std::str::from_utf8(request.body()).unwrap();
    let assertion = body.split('&').find_map(|pair| pair.strip_prefix("client_assertion=")).unwrap();
    let [header, claims, signature] = assertion.split('.').collect::<Vec<_>>()[..] else { panic!("{body}") };
    let header: serde_json::Value = serde_json::from_slice(&decode(header)).unwrap();
    assert_eq!((&header["alg"], &header["typ"]), (&"RS256".into(), &"JWT".into()));
    assert_eq!(header["x5t"].as_str().unwrap().len(), 27);
    assert_eq!(header["x5t#S256"].as_str().unwrap().len(), 43);
    let mut claims: serde_json::Value = serde_json::from_slice(&decode(claims)).unwrap();
    assert_eq!(claims["jti"].take().as_str().unwrap().len(), 36);
    insta::assert_snapshot!(claims, @r#"{"aud":"https://login.microsoftonline.com/t-1/oauth2/v2.0/token","iss":"c-1","sub":"c-1","jti":null,"iat":1700000000,"nbf":1700000000,"exp":1700000600}"#);
    assert_eq!(decode(signature).len(), 256);
}

#[test]
fn a_file_that_is_no_certificate_is_told() {
    let certified = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    let elliptic = certified.cert.pem() + &certified.signing_key.serialize_pem();
    for (content, expected) in [("nothing", "no unencrypted private key"), (&*elliptic, "no RSA key")] {
        let mut run = begun(&with(&[("azure_client_certificate_path", "/c.pem")]));
        run.step(LoginInput::Begin, NOW);
        let step = run.step(LoginInput::File(Bytes::copy_from_slice(content.as_bytes())), NOW);
        let LoginStep::Fail(why) = step else { panic!("{step:?}") };
        assert!(why.contains(expected) && why.starts_with("the client's certificate: "), "{why}");
    }
}

#[test]
fn several_ways_are_tried_in_turn() {
    let mut run = begun(&with(&[("azure_credential", "DefaultAzureCredential"), ("client_secret", "s")]));
    assert_eq!(sent(run.step(LoginInput::Begin, NOW)).method(), "POST");
    let refused = Response::builder()
        .status(401)
        .body(Bytes::from_static(br#"{"error":"invalid_client","error_description":"AADSTS7000215"}"#));
    let next = sent(run.step(LoginInput::Answer(refused.unwrap()), NOW));
    assert_eq!(next.uri().host(), Some("169.254.169.254"));
    let LoginStep::Fail(why) = run.step(LoginInput::Failed("nobody is there".to_owned()), NOW) else {
        panic!("no end")
    };
    assert_eq!(
        why,
        "the client's secret: the request for a token was refused with status 401: invalid_client: AADSTS7000215; \
         the managed identity of the machine: nobody is there"
    );
}

#[test]
fn what_is_given_is_used() {
    let LoginStep::Done { credential, expires_at: None } =
        begun(&[("azure_ad_token", "tok"), ("client_id", "c")]).step(LoginInput::Begin, NOW)
    else {
        panic!("no token")
    };
    assert_eq!(credential, Credential::Token(Secret::new("tok")));
    let step = begun(&with(&[("azure_ad_token", "oidc/file//t")])).step(LoginInput::Begin, NOW);
    assert!(matches!(step, LoginStep::Read(file) if file == *"/t"));
}

#[test]
fn settings_choose() {
    let none = |settings: &[(&str, &str)], key: Option<&Secret>| {
        let parameters: Parameters = settings.iter().copied().collect();
        login(&parameters, key).unwrap().is_none()
    };
    let key = Secret::new("k");
    assert!(none(&[], None));
    assert!(none(&with(&[("client_secret", "s")]), Some(&key)), "a key is the credential");
    assert!(none(&with(&[]), None), "an application that cannot prove itself");
    assert!(!none(&[("azure_ad_token", "t")], Some(&key)));
    let wrong = |settings: &[(&str, &str)]| {
        let parameters: Parameters = settings.iter().copied().collect();
        login(&parameters, None).unwrap_err()
    };
    assert!(wrong(&[("client_secret", "s")]).contains("`tenant_id`"));
    assert!(wrong(&[("azure_credential", "Nobody")]).contains("`Nobody`"));
    assert!(
        wrong(&[("azure_credential", "WorkloadIdentityCredential")]).contains("azure_federated_token_file")
    );
    assert!(wrong(&[("azure_ad_token", "oidc/google/x")]).contains("oidc/file/PATH"));
}
