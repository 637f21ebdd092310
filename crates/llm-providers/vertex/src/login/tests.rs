use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response};
use llm_provider_core::{LoginInput, LoginStep};
use llm_types::UnixMs;
use serde_json::{Value, json};

use super::*;

const NOW: UnixMs = UnixMs(1_700_000_000_000);

fn begun(settings: &[(&str, &str)], key: Option<&str>) -> (Box<dyn LoginRun>, LoginStep) {
    let parameters: Parameters = settings.iter().copied().collect();
    let key = key.map(Secret::new);
    let mut run = login(&parameters, key.as_ref()).unwrap().unwrap().begin();
    let first = run.step(LoginInput::Begin, NOW);
    (run, first)
}

fn sent(step: LoginStep) -> Request<Bytes> {
    let LoginStep::Send(request) = step else { panic!("{step:?}") };
    *request
}

fn answer(status: u16, body: &Value) -> LoginInput {
    LoginInput::Answer(Response::builder().status(status).body(body.to_string().into()).unwrap())
}

fn done(step: LoginStep) -> (String, Option<UnixMs>) {
    let LoginStep::Done { credential: Credential::Token(token), expires_at } = step else {
        panic!("{step:?}")
    };
    (token.expose().to_owned(), expires_at)
}

fn failed(step: LoginStep) -> String {
    let LoginStep::Fail(why) = step else { panic!("{step:?}") };
    why
}

fn form(request: &Request<Bytes>) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).unwrap()
    };
    let body = std::str::from_utf8(request.body()).unwrap();
    body.split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn token_answer() -> LoginInput {
    answer(200, &json!({"access_token": "ya29.t", "expires_in": 3599, "token_type": "Bearer"}))
}

const EXPIRES: Option<UnixMs> = Some(UnixMs(1_700_003_599_000));

#[test]
fn a_service_account_signs() {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der.as_ref())
    );
    let account = json!({
        "type": "service_account", "project_id": "p", "private_key_id": "k1", "private_key": pem,
        "client_email": "a@p.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token",
    });
    // As JSON text, in a file, and as the key.
    let text = account.to_string();
    let (mut from_file, first) = begun(&[("vertex_credentials", "/etc/account.json")], None);
    assert!(matches!(first, LoginStep::Read(path) if path == Path::new("/etc/account.json")));
    let from_file = sent(from_file.step(LoginInput::File(text.clone().into()), NOW));
    let (_, from_key) = begun(&[], Some(&text));
    let (mut run, first) = begun(&[("vertex_credentials", &text)], None);
    let request = sent(first);
    assert_eq!(from_file.body(), request.body());
    assert_eq!(sent(from_key).body(), request.body());

    assert_eq!(request.uri(), "https://oauth2.googleapis.com/token");
    let form = form(&request);
    assert_eq!(form[0].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let [header, claims, signature] = form[1].1.split('.').collect::<Vec<_>>()[..] else {
        panic!("{form:?}")
    };
    let json = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    assert_eq!(json(header), json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
    assert_eq!(
        json(claims),
        json!({
            "iss": "a@p.iam.gserviceaccount.com", "scope": SCOPE, "aud": "https://oauth2.googleapis.com/token",
            "iat": 1_700_000_000, "exp": 1_700_003_600,
        })
    );
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
        .verify(format!("{header}.{claims}").as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
    assert_eq!(done(run.step(token_answer(), NOW)), ("ya29.t".to_owned(), EXPIRES));
}

#[test]
fn a_person_refreshes() {
    let user =
        json!({"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"});
    let (mut run, first) = begun(&[("gcloud_home", "/home/me")], None);
    assert!(
        matches!(first, LoginStep::Read(path) if path == Path::new("/home/me/.config/gcloud/application_default_credentials.json"))
    );
    let request = sent(run.step(LoginInput::File(user.to_string().into()), NOW));
    let pairs =
        [("grant_type", "refresh_token"), ("client_id", "i"), ("client_secret", "s"), ("refresh_token", "r")];
    assert_eq!(form(&request), pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(done(run.step(token_answer(), NOW)).1, EXPIRES);
    let (_, first) = begun(&[("gcloud_config", "/cfg"), ("gcloud_home", "/home/me")], None);
    assert!(
        matches!(first, LoginStep::Read(path) if path == Path::new("/cfg/application_default_credentials.json"))
    );
    let (_, first) = begun(&[("gcloud_home", "/c/Users/me/AppData/Roaming")], None);
    assert!(
        matches!(first, LoginStep::Read(path) if path.ends_with("Roaming/gcloud/application_default_credentials.json"))
    );
}

#[test]
fn without_anything_the_machine_is_asked() {
    let (mut run, _) = begun(&[("gcloud_home", "/home/me"), ("gce_metadata_host", "127.0.0.1:9")], None);
    let request = sent(run.step(LoginInput::Failed("no such file".to_owned()), NOW));
    assert_eq!(
        request.uri(),
        "http://127.0.0.1:9/computeMetadata/v1/instance/service-accounts/default/token"
    );
    assert_eq!(request.headers()["metadata-flavor"], "Google");
    assert_eq!(done(run.step(token_answer(), NOW)).1, EXPIRES);

    let (mut run, first) = begun(&[], None);
    assert_eq!(sent(first).uri().host(), Some("metadata.google.internal"));
    let why = failed(run.step(LoginInput::Failed("nobody answered".to_owned()), NOW));
    assert!(why.contains("GOOGLE_APPLICATION_CREDENTIALS") && why.contains("nobody answered"), "{why}");
}

fn external(source: &Value, more: &Value) -> String {
    let mut credentials = json!({
        "type": "external_account", "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/v",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": source,
    });
    credentials.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    credentials.to_string()
}

#[test]
fn a_workload_exchanges_the_token_of_its_file() {
    let text = external(&json!({"file": "/var/run/token"}), &json!({}));
    let (mut run, first) = begun(&[("vertex_credentials", &text)], None);
    assert!(matches!(first, LoginStep::Read(path) if path == Path::new("/var/run/token")));
    let request = sent(run.step(LoginInput::File("eyJ.a.b\n".into()), NOW));
    assert_eq!(request.uri(), "https://sts.googleapis.com/v1/token");
    let form = form(&request);
    let of = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(of("subject_token"), Some("eyJ.a.b"));
    assert_eq!(of("grant_type"), Some("urn:ietf:params:oauth:grant-type:token-exchange"));
    assert_eq!(of("requested_token_type"), Some("urn:ietf:params:oauth:token-type:access_token"));
    assert_eq!(of("scope"), Some(SCOPE));
    assert_eq!(done(run.step(token_answer(), NOW)).0, "ya29.t");
}

#[test]
fn a_workload_exchanges_the_token_of_an_address_and_acts_for_an_account() {
    let source = json!({
        "url": "http://169.254.169.254/token", "headers": {"Metadata": "True"},
        "format": {"type": "json", "subject_token_field_name": "id_token"},
    });
    let url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@p:generateAccessToken";
    let more = json!({"service_account_impersonation_url": url, "client_id": "i", "client_secret": "s"});
    let (mut run, first) = begun(&[("vertex_credentials", &external(&source, &more))], None);
    let request = sent(first);
    assert_eq!(
        (request.uri().to_string().as_str(), &request.headers()["metadata"]),
        ("http://169.254.169.254/token", &"True".parse().unwrap())
    );
    let request = sent(run.step(answer(200, &json!({"id_token": "eyJ"})), NOW));
    assert_eq!(request.headers()["authorization"], "Basic aTpz");
    let request = sent(run.step(token_answer(), NOW));
    assert_eq!(request.uri(), url);
    assert_eq!(request.headers()["authorization"], "Bearer ya29.t");
    assert_eq!(
        serde_json::from_slice::<Value>(request.body()).unwrap(),
        json!({"scope": [SCOPE], "lifetime": "3600s"})
    );
    let last = run
        .step(answer(200, &json!({"accessToken": "ya29.acting", "expireTime": "2023-11-14T23:13:20Z"})), NOW);
    assert_eq!(done(last), ("ya29.acting".to_owned(), Some(UnixMs(1_700_003_600_000))));
}

#[test]
fn credentials_that_act_for_an_account() {
    let text = json!({
        "type": "impersonated_service_account", "delegates": ["d"],
        "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/x:generateAccessToken",
        "source_credentials": {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"},
    })
    .to_string();
    let (mut run, first) = begun(&[("vertex_credentials", &text)], None);
    assert_eq!(sent(first).uri(), "https://oauth2.googleapis.com/token");
    let request = sent(run.step(token_answer(), NOW));
    assert_eq!(serde_json::from_slice::<Value>(request.body()).unwrap()["delegates"], json!(["d"]));
    let refused = answer(
        403,
        &json!({"error": {"code": 403, "message": "Permission denied", "status": "PERMISSION_DENIED"}}),
    );
    let why = failed(run.step(refused, NOW));
    assert!(why.contains("403") && why.contains("Permission denied"), "{why}");
}

#[test]
fn keys_and_tokens_as_they_are() {
    let parameters = Parameters::default();
    assert!(login(&parameters, Some(&Secret::new("AIza"))).unwrap().is_none());
    let (_, first) = begun(&[], Some("ya29.given"));
    assert_eq!(done(first), ("ya29.given".to_owned(), None));
}

#[test]
fn what_leads_to_no_token_is_told_without_secrets() {
    for (text, words) in [
        ("{", "no JSON object"),
        (r#"{"private_key":"x"}"#, "do not say their `type`"),
        (r#"{"type":"gdch_service_account"}"#, "`gdch_service_account`"),
    ] {
        let parameters: Parameters = [("vertex_credentials", text)].into_iter().collect();
        assert!(login(&parameters, None).unwrap_err().contains(words), "{text}");
    }
    for (text, words) in [
        (json!({"type": "service_account"}).to_string(), "`private_key`"),
        (json!({"type": "service_account", "private_key": "hush"}).to_string(), "PEM"),
        (json!({"type": "authorized_user", "client_id": "i"}).to_string(), "`client_secret`"),
        (external(&json!({"environment_id": "aws1"}), &json!({})), "Amazon"),
        (external(&json!({"executable": {"command": "x"}}), &json!({})), "programs"),
        (external(&json!({}), &json!({})), "neither"),
        (json!({"type": "impersonated_service_account"}).to_string(), "`source_credentials`"),
    ] {
        let (_, first) = begun(&[("vertex_credentials", &text)], None);
        let why = failed(first);
        assert!(why.contains(words) && !why.contains("hush"), "{why}");
    }
    let (mut run, _) = begun(&[("vertex_credentials", "/nowhere")], None);
    assert!(failed(run.step(LoginInput::Failed("not found".to_owned()), NOW)).contains("not found"));
    let (mut run, _) =
        begun(&[("vertex_credentials", &external(&json!({"url": "http://h/"}), &json!({})))], None);
    assert!(failed(run.step(answer(500, &json!({})), NOW)).contains("500"));
}
