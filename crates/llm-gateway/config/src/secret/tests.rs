use std::collections::HashMap;
use std::sync::Arc;

use super::*;

fn environment() -> Environment {
    let variables = HashMap::from([("KEY", "sk-1"), ("EMPTY", "")]);
    Environment::new(Arc::new(move |name| variables.get(name).map(|value| (*value).to_owned())))
}

#[tokio::test]
async fn references_lead_to_secrets() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), "sk-file\n").unwrap();
    std::fs::write(folder.path().join("blank"), " \n").unwrap();
    let secrets = ConfigSecrets::new(environment(), folder.path());
    let absolute = format!("file:{}", folder.path().join("key").display());
    for (text, expected) in [
        ("os.environ/KEY", "sk-1"),
        ("Bearer os.environ/KEY", "Bearer sk-1"),
        ("os.environ/KEY:os.environ/KEY!", "sk-1:sk-1!"),
        ("sk-literal", "sk-literal"),
        ("os.environ/", "os.environ/"),
        ("file:key", "sk-file"),
        (absolute.as_str(), "sk-file"),
    ] {
        let secret = secrets.resolve(&SecretRef::parse(text)).await.unwrap();
        assert_eq!(secret.expose(), expected, "{text}");
    }
    for (text, expected) in [
        ("os.environ/NOWHERE", "environment variable NOWHERE is not set"),
        ("os.environ/EMPTY", "environment variable EMPTY is not set"),
        ("file:nowhere", "cannot read the secret in"),
        ("file:blank", "holds no secret"),
    ] {
        let error = secrets.resolve(&SecretRef::parse(text)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_rotated_file_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let (secrets, reference) = (FileSecrets::new(folder.path()), SecretRef::parse("file:key"));
    for secret in ["old", "new"] {
        std::fs::write(&file, secret).unwrap();
        assert_eq!(secrets.resolve(&reference).await.unwrap().expose(), secret);
    }
}

#[tokio::test]
async fn each_source_knows_its_own_kind() {
    let in_file = SecretRef::parse("file:key");
    let error = EnvSecrets::new(environment()).resolve(&in_file).await.unwrap_err();
    assert_eq!(error.to_string(), "file:key cannot be fetched from here");
    let error = FileSecrets::new(".").resolve(&SecretRef::parse("sk-secret")).await.unwrap_err();
    assert_eq!(error.to_string(), "*** cannot be fetched from here");
}

#[test]
fn secrets_are_never_printed() {
    let secret = Secret::new("sk-secret".to_owned());
    assert_eq!(format!("{secret:?}"), "***");
    for (text, printed) in [
        ("sk-secret", "***"),
        ("os.environ/KEY", "os.environ/KEY"),
        ("Bearer os.environ/KEY", "***os.environ/KEY"),
        ("file:/run/secrets/key", "file:/run/secrets/key"),
    ] {
        let reference = SecretRef::parse(text);
        assert_eq!(
            (format!("{reference}"), format!("{reference:?}")),
            (printed.to_owned(), printed.to_owned())
        );
    }
    assert!(SecretRef::parse("").is_empty() && !SecretRef::parse("x").is_empty());
}

#[test]
fn any_format_can_hold_a_reference() {
    let reference: SecretRef = serde_json::from_str(r#""os.environ/KEY""#).unwrap();
    assert_eq!(reference, SecretRef::env("KEY"));
    assert_eq!(reference.variables().collect::<Vec<_>>(), ["KEY"]);
    assert_eq!(SecretRef::parse("file:a").file(), Some(Path::new("a")));
}
