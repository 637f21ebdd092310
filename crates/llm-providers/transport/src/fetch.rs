//! [`Fetcher`]: remote media for vendors that want bytes, fetched so that nobody can reach what is not public.

mod connection;
mod inline;
mod media;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use llm_provider_core::header_text;
use url::{Host, Url};

use self::connection::Connector;
pub use self::inline::{FetchError, inline_media, inline_or_hand_on};
pub use self::media::Media;
use crate::error::TransportError;
use crate::reach::{Reach, Resolve, covers, system_resolver};

/// What may be fetched, and how much of it.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// Bytes of one medium. Default 20 MiB.
    pub max_bytes: usize,
    /// Bytes of all media of one request. Default 64 MiB.
    pub max_request_bytes: usize,
    /// How long one medium may take, redirects included. Default 10 s.
    pub timeout: Duration,
    /// Redirects that are followed. Default 3.
    pub max_redirects: usize,
    /// Media of one request that are fetched at once. Default 4.
    pub concurrency: usize,
    /// Whether hosts may be asked whose addresses are not public. Default no.
    pub allow_private: bool,
    /// Hosts that may be asked although their addresses are not public: names as they stand in the address.
    pub private_hosts: Vec<String>,
    /// The only hosts that may be asked; `*.example.com` stands for all below it. Empty, the default: any.
    pub hosts: Vec<String>,
    /// Certificates (PEM) trusted beside those of the operating system.
    pub ca_pem: Option<Bytes>,
    /// `User-Agent`. Default `llm-gateway/VERSION`.
    pub user_agent: HeaderValue,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            max_bytes: 20 * 1024 * 1024,
            max_request_bytes: 64 * 1024 * 1024,
            timeout: Duration::from_secs(10),
            max_redirects: 3,
            concurrency: 4,
            allow_private: false,
            private_hosts: Vec::new(),
            hosts: Vec::new(),
            ca_pem: None,
            user_agent: HeaderValue::from_static(concat!("llm-gateway/", env!("CARGO_PKG_VERSION"))),
        }
    }
}

/// Fetches what a client's address leads to, in place of a vendor that does not fetch.
///
/// Names are resolved here, every address that a name has must be public, and the connection goes to one of these
/// very addresses, so that a name cannot mean something else in between. Each redirect is checked like the first
/// address. Nothing of the client's is sent along: no header, no cookie, no key. It goes straight, never through a
/// proxy, since a proxy would resolve the name again.
///
/// Certificates are read when the first `https:` address is fetched.
pub struct Fetcher {
    options: FetchOptions,
    reach: Reach,
    connector: Connector,
    resolve: Resolve,
}

/// Whether there is room for so many bytes more; they count from then on.
pub type Room<'a> = dyn Fn(usize) -> bool + Send + Sync + 'a;

/// Why a medium was not fetched. No address that a name was resolved to is told.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum FetchFault {
    /// The address is none, or of another scheme.
    #[error("it is no `http:` or `https:` address without credentials")]
    Address,
    /// The configuration names the hosts that may be asked, and this is none of them.
    #[error("its host is not among those that may be asked")]
    HostNotAllowed,
    /// The host is, or may be, inside of a private network.
    #[error("its host is not public")]
    NotPublic,
    /// It leads on and on.
    #[error("it was redirected too often")]
    TooManyRedirects,
    /// The host answered no.
    #[error("its host answered with status {0}")]
    Status(u16),
    /// More bytes than allowed.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// What is allowed.
        limit: usize,
    },
    /// Whoever holds the bytes has no room for more.
    #[error("there is no room for it now")]
    NoRoom,
    /// Neither image, sound, film, PDF nor text.
    #[error("it is no image, audio, video, PDF or text, but {0:?}")]
    MediaType(String),
    /// It took longer than [`FetchOptions::timeout`].
    #[error("it took too long")]
    Timeout,
    /// The host cannot be reached, or broke off.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl Fetcher {
    /// A fetcher that has asked nobody yet.
    pub fn new(options: FetchOptions) -> Self {
        Self::with_resolver(options, system_resolver())
    }

    fn with_resolver(options: FetchOptions, resolve: Resolve) -> Self {
        let connector = Connector::new(options.ca_pem.clone());
        let reach = match options.allow_private {
            true => Reach::Anywhere,
            false => Reach::Public { private_hosts: options.private_hosts.clone() },
        };
        Self { options, reach, connector, resolve }
    }

    /// What may be fetched.
    pub const fn options(&self) -> &FetchOptions {
        &self.options
    }

    /// Fetches what is at `url`.
    ///
    /// # Errors
    /// [`FetchFault`]
    pub async fn fetch(&self, url: &str) -> Result<Media, FetchFault> {
        self.fetch_within(url, &|_| true).await
    }

    /// The same, as long as there is room: `room` is asked for each piece before it is kept, in bytes.
    ///
    /// # Errors
    /// [`FetchFault`]
    pub async fn fetch_within(&self, url: &str, room: &Room<'_>) -> Result<Media, FetchFault> {
        let following = self.follow(url, room);
        tokio::time::timeout(self.options.timeout, following).await.map_err(|_| FetchFault::Timeout)?
    }

    async fn follow(&self, url: &str, room: &Room<'_>) -> Result<Media, FetchFault> {
        let mut url = Url::parse(url).map_err(|_| FetchFault::Address)?;
        for _ in 0..=self.options.max_redirects {
            let (head, body) = self.ask(&url).await?.into_parts();
            if head.status.is_redirection()
                && let Some(place) = header_text(&head.headers, LOCATION.as_str())
            {
                url = url.join(place).map_err(|_| FetchFault::Address)?;
                continue;
            }
            if !head.status.is_success() {
                return Err(FetchFault::Status(head.status.as_u16()));
            }
            let bytes = self.read(body, room).await?;
            let media_type = media_type(&head.headers, &bytes)?;
            return Ok(Media { bytes, media_type });
        }
        Err(FetchFault::TooManyRedirects)
    }

    async fn ask(&self, url: &Url) -> Result<http::Response<Incoming>, FetchFault> {
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(FetchFault::Address),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchFault::Address);
        }
        let host = url.host().ok_or(FetchFault::Address)?;
        let port = url.port_or_known_default().ok_or(FetchFault::Address)?;
        let addresses = self.addresses(&host, port).await?;
        Ok(self.connector.get(url, https, &addresses, &self.options).await?)
    }

    /// The addresses of a host, all of which may be asked.
    async fn addresses(&self, host: &Host<&str>, port: u16) -> Result<Vec<SocketAddr>, FetchFault> {
        let name = host.to_string();
        if !self.options.hosts.is_empty() && !self.options.hosts.iter().any(|allowed| covers(allowed, &name))
        {
            return Err(FetchFault::HostNotAllowed);
        }
        let addresses = match *host {
            Host::Ipv4(address) => vec![SocketAddr::new(IpAddr::V4(address), port)],
            Host::Ipv6(address) => vec![SocketAddr::new(IpAddr::V6(address), port)],
            Host::Domain(name) => {
                (self.resolve)(name.to_owned(), port).await.map_err(connection::no_address)?
            }
        };
        match self.reach.admits(&name, addresses.iter().map(SocketAddr::ip)) {
            true => Ok(addresses),
            false => Err(FetchFault::NotPublic),
        }
    }

    async fn read(&self, mut body: Incoming, room: &Room<'_>) -> Result<Bytes, FetchFault> {
        let limit = self.options.max_bytes;
        let too_large = FetchFault::TooLarge { limit };
        let announced = body.size_hint().lower();
        if announced > limit as u64 {
            return Err(too_large);
        }
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(TransportError::from_hyper)?;
            if let Some(piece) = frame.data_ref() {
                if piece.len() > limit - bytes.len() {
                    return Err(too_large);
                }
                if !room(piece.len()) {
                    return Err(FetchFault::NoRoom);
                }
                bytes.extend_from_slice(piece);
            }
        }
        Ok(bytes.freeze())
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher").field("options", &self.options).finish_non_exhaustive()
    }
}

fn media_type(headers: &HeaderMap, bytes: &[u8]) -> Result<String, FetchFault> {
    // None was asked for; what is packed is nothing that a model could read.
    if let Some(coding) = header_text(headers, header::CONTENT_ENCODING.as_str())
        && !coding.eq_ignore_ascii_case("identity")
    {
        return Err(FetchFault::MediaType(coding.to_owned()));
    }
    let said = header_text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    media::kind(said, bytes).ok_or_else(|| FetchFault::MediaType(said.to_owned()))
}

#[cfg(test)]
mod tests;
