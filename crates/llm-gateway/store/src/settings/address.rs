//! Addresses of databases, as LiteLLM's users write them.

use std::path::{Path, PathBuf};

use url::Url;

use crate::StoreSettings;
use crate::error::{Result, StoreError};

/// The file in the data directory.
pub(super) const FILE: &str = "llm-gateway.db";

/// Where the database is.
pub(crate) enum Address {
    Sqlite(PathBuf),
    Server(Server),
}

/// A database server, by the address that its driver understands.
pub(crate) struct Server {
    pub(crate) kind: ServerKind,
    /// With a password perhaps; never shown.
    pub(crate) url: Url,
    /// What Prisma calls `schema`: the name that tables are looked up under.
    pub(crate) schema: Option<String>,
    /// What Prisma calls `connection_limit`.
    pub(crate) max_connections: Option<u32>,
    /// What Prisma calls `pgbouncer`: statements cannot be prepared ahead.
    pub(crate) unprepared: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerKind {
    Postgres,
    /// Or MariaDB.
    MySql,
}

#[cfg(not(all(feature = "postgres", feature = "mysql")))]
impl ServerKind {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
        }
    }
}

impl Address {
    pub(crate) fn of(settings: &StoreSettings) -> Result<Self> {
        match settings.url.as_deref().map(str::trim) {
            None | Some("") => Ok(Self::Sqlite(settings.data_dir.join(FILE))),
            Some(url) => Self::parse(url),
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let scheme = text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("sqlite") => sqlite(text).map(Self::Sqlite),
            Some("postgres" | "postgresql") => Server::parse(ServerKind::Postgres, text).map(Self::Server),
            Some("mysql" | "mariadb") => Server::parse(ServerKind::MySql, text).map(Self::Server),
            _ => Err(invalid(
                "it begins with none of postgres://, postgresql://, mysql://, mariadb://, sqlite:",
            )),
        }
    }
}

fn sqlite(text: &str) -> Result<PathBuf> {
    let path = text.get("sqlite:".len()..).unwrap_or_default();
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split('?').next().unwrap_or_default();
    if path.is_empty() || path == ":memory:" {
        return Err(invalid("sqlite: wants the path of a file"));
    }
    Ok(Path::new(path).to_owned())
}

impl Server {
    fn parse(kind: ServerKind, text: &str) -> Result<Self> {
        let (_, rest) = text.split_once(':').unwrap_or_default();
        let scheme = match kind {
            ServerKind::Postgres => "postgres",
            ServerKind::MySql => "mysql",
        };
        // The parser's own words would not hold the password, but say less than this.
        let mut url = Url::parse(&format!("{scheme}:{rest}"))
            .map_err(|error| invalid(&format!("it is no address of a database ({error})")))?;
        if url.path().trim_matches('/').is_empty() {
            return Err(invalid("it names no database, as in postgres://user:password@host:5432/database"));
        }
        let mut server =
            Self { kind, url: url.clone(), schema: None, max_connections: None, unprepared: false };
        let kept: Vec<_> =
            url.query_pairs().into_owned().filter(|(name, value)| !server.takes(name, value)).collect();
        url.set_query(None);
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
        server.url = url;
        Ok(server)
    }

    /// Reads what Prisma knows and the drivers do not; true when they should not see it.
    fn takes(&mut self, name: &str, value: &str) -> bool {
        match name {
            "schema" => self.schema = Some(value.to_owned()),
            "connection_limit" => self.max_connections = value.parse().ok().filter(|limit| *limit > 0),
            "pgbouncer" => self.unprepared = value == "true",
            "pool_timeout"
            | "connect_timeout"
            | "socket_timeout"
            | "sslaccept"
            | "sslidentity"
            | "sslpassword"
            | "statement_cache_size" => {}
            _ => return false,
        }
        true
    }
}

/// An address without its password, for people.
pub(super) fn shown(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.has_host() => {
            let masked = url.password().is_none() || url.set_password(Some("***")).is_ok();
            url.set_query(None);
            if masked { url.to_string() } else { "***".to_owned() }
        }
        _ if text.starts_with("sqlite:") => text.to_owned(),
        _ => "***".to_owned(),
    }
}

fn invalid(why: &str) -> StoreError {
    StoreError::Invalid(format!("database_url: {why}"))
}
