//! Where Redis is.

use std::fmt;

use deadpool_redis::redis::cluster::ClusterClient;
use deadpool_redis::redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use deadpool_redis::redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisError, TlsCertificates, TlsMode,
};

/// Where Redis is, and how to get in.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// `redis://user:password@host:port/db`, or `rediss://` for TLS: one, or several of sentinels or of a cluster.
    pub urls: Vec<String>,
    /// What is there.
    pub kind: Kind,
    /// What a connection by TLS trusts.
    pub tls: Tls,
}

/// What is at an address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Kind {
    /// One Redis.
    #[default]
    Single,
    /// Sentinels, which know where it is.
    Sentinels(Box<Sentinels>),
    /// Some nodes of a cluster.
    Cluster,
}

/// How sentinels are asked, and how to get in where they point to. Their own names and passwords stand in the URLs.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Sentinels {
    /// The name that they know it by.
    pub service: String,
    /// The user there.
    pub username: Option<String>,
    /// The password there.
    pub password: Option<String>,
    /// The number of the database there.
    pub db: i64,
}

/// What a connection by TLS trusts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// Certificates of authorities, as PEM; the system's if there are none here.
    pub ca_pem: Option<Vec<u8>>,
}

/// An address that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(String);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("urls", &self.urls.len()).field("kind", &self.kind).finish()
    }
}

impl fmt::Debug for Sentinels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sentinels").field("service", &self.service).finish_non_exhaustive()
    }
}

/// What connections are made with.
pub(crate) enum Opener {
    Single(Box<Client>),
    Sentinels(Box<SentinelClient>),
    Cluster(Box<ClusterClient>),
}

impl Address {
    /// One Redis at this URL.
    pub fn single(url: impl Into<String>) -> Self {
        Self { urls: vec![url.into()], kind: Kind::Single, tls: Tls::default() }
    }

    /// Looks whether the address makes sense; nobody is asked.
    ///
    /// # Errors
    /// It does not.
    pub fn check(&self) -> Result<(), AddressError> {
        self.opener().map(|_| ())
    }

    fn infos(&self) -> Result<Vec<ConnectionInfo>, AddressError> {
        if self.urls.is_empty() {
            return Err(AddressError("no address of Redis".into()));
        }
        let info = |(place, url): (usize, &String)| {
            // The URL itself is not shown: a password may stand in it.
            let wrong = |error: RedisError| {
                let kind = error.detail().map_or_else(|| error.to_string(), str::to_owned);
                AddressError(format!("address {} of Redis: {kind}", place + 1))
            };
            url.as_str().into_connection_info().map_err(wrong)
        };
        self.urls.iter().enumerate().map(info).collect()
    }

    pub(crate) fn opener(&self) -> Result<Opener, AddressError> {
        let infos = self.infos()?;
        let wrong = |error: RedisError| AddressError(error.to_string());
        // The client takes the provider of the process. Whoever has named one already wins.
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let is_tls = infos.iter().any(|info| matches!(info.addr(), ConnectionAddr::TcpTls { .. }));
        let certificates = || TlsCertificates { client_tls: None, root_cert: self.tls.ca_pem.clone() };
        match &self.kind {
            Kind::Single => {
                let [info] = <[_; 1]>::try_from(infos).map_err(|_| {
                    AddressError("several addresses, and neither sentinels nor a cluster".into())
                })?;
                let client =
                    if is_tls { Client::build_with_tls(info, certificates()) } else { Client::open(info) };
                Ok(Opener::Single(Box::new(client.map_err(wrong)?)))
            }
            Kind::Cluster => {
                let mut builder = ClusterClient::builder(infos).retries(1);
                if is_tls {
                    builder = builder.certs(certificates());
                }
                Ok(Opener::Cluster(Box::new(builder.build().map_err(wrong)?)))
            }
            Kind::Sentinels(there) => {
                let own = infos.first().map(|info| info.redis_settings().clone());
                let addresses = infos.iter().map(|info| info.addr().clone());
                let mut builder =
                    SentinelClientBuilder::new(addresses, &there.service, SentinelServerType::Master)
                        .map_err(wrong)?
                        .set_client_to_redis_db(there.db);
                if let Some(username) = own.as_ref().and_then(|own| own.username()) {
                    builder = builder.set_client_to_sentinel_username(username);
                }
                if let Some(password) = own.as_ref().and_then(|own| own.password()) {
                    builder = builder.set_client_to_sentinel_password(password);
                }
                if let Some(username) = &there.username {
                    builder = builder.set_client_to_redis_username(username);
                }
                if let Some(password) = &there.password {
                    builder = builder.set_client_to_redis_password(password);
                }
                if is_tls {
                    builder = builder
                        .set_client_to_redis_tls_mode(TlsMode::Secure)
                        .set_client_to_redis_certificates(certificates())
                        .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                        .set_client_to_sentinel_certificates(certificates());
                }
                Ok(Opener::Sentinels(Box::new(builder.build().map_err(wrong)?)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_hide_their_passwords() {
        let url = "rediss://me:very-secret@127.0.0.1:7/3";
        let one = Address::single(url);
        one.check().unwrap();
        assert!(!format!("{one:?}").contains("secret"));
        Address { kind: Kind::Cluster, urls: vec![url.replace("/3", ""); 2], ..one.clone() }.check().unwrap();
        let sentinels = Sentinels { service: "main".into(), ..Sentinels::default() };
        Address { kind: Kind::Sentinels(Box::new(sentinels)), ..one.clone() }.check().unwrap();
        for urls in [vec![], vec![url.to_owned(), url.to_owned()], vec!["http://very-secret@x".to_owned()]] {
            let error = Address { urls, ..one.clone() }.check().unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
