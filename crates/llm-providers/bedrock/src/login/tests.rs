//! Every way to keys, step by step. The answers are written from the examples of the STS API Reference.

use bytes::Bytes;
use http::Response;

use super::*;

const NOW: UnixMs = UnixMs(1_440_938_160_000);

fn begin(parameters: &[(&str, &str)]) -> Box<dyn LoginRun> {
    login(&parameters.iter().copied().collect()).unwrap().begin()
}

fn keys(step: LoginStep) -> (AwsKeys, Option<UnixMs>) {
    match step {
        LoginStep::Done { credential: Credential::Aws(keys), expires_at } => (keys, expires_at),
        other => panic!("no keys: {other:?}"),
    }
}

fn sent(step: LoginStep) -> http::Request<Bytes> {
    match step {
        LoginStep::Send(request) => *request,
        other => panic!("nothing sent: {other:?}"),
    }
}

const ASSUMED: &str = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
    <AssumedRoleUser><AssumedRoleId>ARO:TestAR</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/demo/TestAR</Arn></AssumedRoleUser>\
    <Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>wJalr/EXAMPLE</SecretAccessKey>\
    <SessionToken>AQoDYX+p4V&amp;x</SessionToken><Expiration>2019-11-09T13:34:41Z</Expiration></Credentials>\
    </AssumeRoleResult></AssumeRoleResponse>";

const KEYS: [(&str, &str); 2] = [("aws_access_key_id", "AKIAEXAMPLE"), ("aws_secret_access_key", "s")];

#[test]
fn keys_of_the_settings() {
    let (found, expires_at) = keys(begin(&KEYS).step(LoginInput::Begin, NOW));
    assert_eq!(
        (found.access_key_id.as_str(), found.secret_access_key.expose(), expires_at),
        ("AKIAEXAMPLE", "s", None)
    );
    let token = ("aws_session_token", "t");
    let (found, _) = keys(begin(&[KEYS[0], KEYS[1], token]).step(LoginInput::Begin, NOW));
    assert_eq!(found.session_token, None, "keys that last have no session");
    let temporary = [("aws_access_key_id", "ASIAEXAMPLE"), KEYS[1], token];
    let (found, _) = keys(begin(&temporary).step(LoginInput::Begin, NOW));
    assert_eq!(found.session_token.unwrap().expose(), "t");
}

#[test]
fn a_role_on_the_way() {
    let role = ("aws_role_name", "arn:aws:iam::123456789012:role/demo");
    let settings = [
        KEYS[0],
        KEYS[1],
        role,
        ("aws_external_id", "a/b"),
        ("aws_session_name", "me"),
        ("aws_region_name", "eu-west-1"),
    ];
    let mut run = begin(&settings);
    let request = sent(run.step(LoginInput::Begin, NOW));
    assert_eq!(request.uri(), "https://sts.eu-west-1.amazonaws.com/");
    assert_eq!(
        request.body(),
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdemo&RoleSessionName=me&ExternalId=a%2Fb"
    );
    let authorization = request.headers()["authorization"].to_str().unwrap();
    assert!(authorization.contains("AKIAEXAMPLE/20150830/eu-west-1/sts/aws4_request"), "{authorization}");
    let (found, expires_at) = keys(run.step(LoginInput::Answer(Response::new(ASSUMED.into())), NOW));
    assert_eq!(found.access_key_id, "ASIAEXAMPLE");
    assert_eq!(found.secret_access_key.expose(), "wJalr/EXAMPLE");
    assert_eq!(found.session_token.unwrap().expose(), "AQoDYX+p4V&x");
    assert_eq!(expires_at, Some(UnixMs(1_573_306_481_000)));
}

#[test]
fn a_role_with_keys_that_amazons_tools_find() {
    let mut run = begin(&[("aws_role_name", "arn:r"), ("aws_profile_name", "dev")]);
    match run.step(LoginInput::Begin, NOW) {
        LoginStep::AwsChain { profile, region } => {
            assert_eq!((profile.as_deref(), region), (Some("dev"), None));
        }
        other => panic!("{other:?}"),
    }
    let credential = Credential::Aws(AwsKeys {
        access_key_id: "ASIAFOUND".to_owned(),
        secret_access_key: Secret::new("s"),
        session_token: Some(Secret::new("t")),
    });
    let request = sent(run.step(LoginInput::Credential { credential, expires_at: Some(NOW) }, NOW));
    assert_eq!(request.uri(), "https://sts.amazonaws.com/");
    assert_eq!(request.headers()["x-amz-security-token"], "t");
    let refusal = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not allowed</Message></Error></ErrorResponse>";
    let answer = Response::builder().status(403).body(refusal.into()).unwrap();
    match run.step(LoginInput::Answer(answer), NOW) {
        LoginStep::Fail(why) => assert_eq!(why, "STS refused the role: AccessDenied: not allowed"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn amazons_own_chain() {
    let mut run = begin(&[("aws_region_name", "us-east-1"), KEYS[0], KEYS[1], ("aws_profile_name", "p")]);
    assert!(matches!(
        run.step(LoginInput::Begin, NOW),
        LoginStep::AwsChain { profile: Some(_), region: Some(_) }
    ));
    let credential = Credential::Aws(AwsKeys {
        access_key_id: "ASIA".to_owned(),
        secret_access_key: Secret::new("s"),
        session_token: None,
    });
    let (_, expires_at) = keys(run.step(LoginInput::Credential { credential, expires_at: Some(NOW) }, NOW));
    assert_eq!(expires_at, Some(NOW));
    let mut run = begin(&[]);
    run.step(LoginInput::Begin, NOW);
    assert!(
        matches!(run.step(LoginInput::Failed("no keys".to_owned()), NOW), LoginStep::Fail(why) if why == "no keys")
    );
    let mut run = begin(&[]);
    run.step(LoginInput::Begin, NOW);
    assert!(matches!(run.step(LoginInput::File(Bytes::new()), NOW), LoginStep::Fail(_)));
}

#[test]
fn a_web_identity() {
    let role = ("aws_role_name", "arn:r");
    for token in ["/var/run/token", "oidc/file//var/run/token", "oidc/file/var/run/token"] {
        let mut run = begin(&[role, ("aws_web_identity_token", token), KEYS[0], KEYS[1]]);
        match run.step(LoginInput::Begin, NOW) {
            LoginStep::Read(path) => assert_eq!(path, PathBuf::from("/var/run/token")),
            other => panic!("{other:?}"),
        }
        let request = sent(run.step(LoginInput::File("a.b.c\n".into()), NOW));
        assert_eq!(
            request.body(),
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Ar&RoleSessionName=llm-gateway&WebIdentityToken=a.b.c"
        );
        assert!(!request.headers().contains_key("authorization"), "the token says who asks");
        keys(run.step(LoginInput::Answer(Response::new(ASSUMED.into())), NOW));
    }
    let mut run =
        begin(&[role, ("aws_web_identity_token", "eyJ.x"), ("aws_sts_endpoint", "http://127.0.0.1:9/")]);
    let request = sent(run.step(LoginInput::Begin, NOW));
    assert_eq!(request.uri(), "http://127.0.0.1:9/");
    assert!(matches!(run.step(LoginInput::Answer(Response::new("<x/>".into())), NOW), LoginStep::Fail(_)));
}

#[test]
fn settings_that_contradict_each_other() {
    for settings in [
        &[("aws_access_key_id", "a")][..],
        &[("aws_secret_access_key", "a")],
        &[("aws_web_identity_token", "t")],
        &[("aws_role_name", "r"), ("aws_web_identity_token", "oidc/google/x")],
        &[("aws_region_name", "evil.example/")],
    ] {
        let why = login(&settings.iter().copied().collect()).unwrap_err();
        assert!(!why.is_empty() && !why.contains("secret value"), "{why}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let login = login(&[KEYS[0], ("aws_secret_access_key", "hush-hush")].into_iter().collect()).unwrap();
    assert!(!format!("{login:?}").contains("hush-hush"));
}
