//! What addresses mean, and what they do not give away.

use super::address::{Address, ServerKind, shown};
use super::*;

fn parsed(url: &str) -> Address {
    Address::of(&StoreSettings::new("/data").with_url(url)).unwrap_or_else(|error| panic!("{url}: {error}"))
}

#[test]
fn files() {
    let file = |settings: &StoreSettings| match Address::of(settings).unwrap() {
        Address::Sqlite(path) => path.display().to_string(),
        Address::Server(_) => panic!("a server"),
    };
    let plain = StoreSettings::new("/data");
    assert_eq!(file(&plain), "/data/llm-gateway.db");
    assert_eq!(file(&plain.clone().with_url(" ")), "/data/llm-gateway.db");
    for (url, path) in [
        ("sqlite:keys.db", "keys.db"),
        ("sqlite:///var/lib/keys.db", "/var/lib/keys.db"),
        ("sqlite:/var/lib/keys.db?mode=rwc", "/var/lib/keys.db"),
    ] {
        assert_eq!(file(&plain.clone().with_url(url)), path, "{url}");
    }
}

#[test]
fn servers() {
    for (url, kind) in [
        ("postgres://u:p@db/llm", ServerKind::Postgres),
        ("postgresql://u:p@db:5432/llm", ServerKind::Postgres),
        ("mysql://u@db/llm", ServerKind::MySql),
        ("mariadb://u@db/llm", ServerKind::MySql),
        ("PostgreSQL://u@db/llm", ServerKind::Postgres),
    ] {
        let Address::Server(server) = parsed(url) else { panic!("{url}") };
        assert_eq!(server.kind, kind, "{url}");
    }
}

#[test]
fn prismas_parameters_are_ours() {
    let url = "postgresql://u:p@db/llm?schema=gate&connection_limit=7&pgbouncer=true&pool_timeout=60&sslmode=require";
    let Address::Server(server) = parsed(url) else { panic!("a file") };
    assert_eq!(server.schema.as_deref(), Some("gate"));
    assert_eq!((server.max_connections, server.unprepared), (Some(7), true));
    assert_eq!(server.url.query(), Some("sslmode=require"));
}

#[test]
fn what_is_no_address_is_refused_without_a_password() {
    for url in [
        "redis://u:secret@db/0",
        "u:secret@db/llm",
        "postgres://u:secret@db",
        "postgres://u:secret@db:notaport/llm",
        "sqlite:",
        "sqlite::memory:",
        "secret",
    ] {
        let settings = StoreSettings::new("/data").with_url(url);
        let error = Address::of(&settings).err().unwrap_or_else(|| panic!("{url}")).to_string();
        assert!(error.starts_with("database_url: "), "{error}");
        assert!(!error.contains("secret"), "{error}");
        assert!(!format!("{settings:?}").contains("secret"), "{settings:?}");
    }
    assert_eq!(shown("postgresql://u:secret@db/llm?sslpassword=secret"), "postgresql://u:***@db/llm");
}
