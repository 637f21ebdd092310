//! What requests are served from: the configuration made ready, immutable, swapped whole.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use llm_provider_core::{Dialect, Ingress, OnUnsupported};
use llm_router::Policy;
use llm_types::{ApiError, ErrorKind, Layer};

use crate::auth::Authenticator;
use crate::deployment::Deployment;
use crate::limits::BodyBounds;

/// The deployments that share a name.
#[derive(Debug)]
pub struct Group {
    /// The name.
    pub name: Arc<str>,
    /// The deployments.
    pub deployments: Vec<Arc<Deployment>>,
}

/// What happens at the vendor when the client goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDisconnect {
    /// The vendor's connection is closed at once.
    #[default]
    Cancel,
    /// A stream that has begun is heard to its end, so that its usage is exact.
    Drain,
    /// Every request that has begun is finished.
    Finish,
}

/// A name with a star, and the deployments behind it.
pub struct Wildcard {
    /// What stands before the star.
    pub prefix: String,
    /// What stands after it.
    pub suffix: String,
    /// Makes the group for a name that fits.
    pub make: Box<dyn Fn(&str) -> Group + Send + Sync>,
}

impl fmt::Debug for Wildcard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}*{}", self.prefix, self.suffix)
    }
}

impl Wildcard {
    /// The pattern.
    pub fn pattern(&self) -> String {
        format!("{}*{}", self.prefix, self.suffix)
    }

    fn fits(&self, name: &str) -> bool {
        name.len() >= self.prefix.len() + self.suffix.len()
            && name.starts_with(&self.prefix)
            && name.ends_with(&self.suffix)
    }
}

/// A model as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedModel {
    /// Its name.
    pub name: Arc<str>,
    /// Its vendor, or the first of several.
    pub owner: Arc<str>,
}

/// What requests are served from. A request keeps the one it began with.
#[derive(Debug)]
pub struct Serving {
    /// Counted up with every change.
    pub version: u64,
    /// Groups by name.
    pub groups: HashMap<Arc<str>, Arc<Group>>,
    /// Further names of groups.
    pub aliases: HashMap<String, Arc<str>>,
    /// Names with a star, most specific first.
    pub wildcards: Vec<Wildcard>,
    /// Models in lists, in the order of the configuration.
    pub listed: Vec<ListedModel>,
    /// Groups made from wildcards.
    pub made: papaya::HashMap<Arc<str>, Arc<Group>>,
    /// Who may come in.
    pub authenticator: Authenticator,
    /// How deployments are chosen.
    pub policy: Policy,
    /// What to do with what a vendor has no place for.
    pub on_loss: OnUnsupported,
    /// What happens at the vendor when the client goes away.
    pub on_disconnect: OnDisconnect,
    /// Silence in a stream after which a comment is sent.
    pub keepalive: Option<Duration>,
    /// Bounds on bodies.
    pub bounds: BodyBounds,
    /// Requests in flight at most.
    pub max_in_flight: u64,
    /// Bytes of one answer that is not streamed.
    pub max_answer_bytes: usize,
}

impl Serving {
    /// Names made from wildcards that are kept; past this they are made anew for each request.
    const MADE: usize = 10_000;

    /// The client's side of a dialect.
    pub fn ingress(&self, dialect: Dialect) -> &'static dyn Ingress {
        llm_providers::ingress(dialect)
    }

    /// The deployments behind a name.
    ///
    /// # Errors
    /// 404 if nothing has that name.
    pub fn resolve(&self, name: &str) -> Result<Arc<Group>, ApiError> {
        if let Some(group) = self.groups.get(name) {
            return Ok(group.clone());
        }
        if let Some(group) = self.aliases.get(name).and_then(|target| self.groups.get(target)) {
            return Ok(group.clone());
        }
        let made = self.made.pin();
        if let Some(group) = made.get(name) {
            return Ok(group.clone());
        }
        let target = self.aliases.get(name).map_or(name, |target| target);
        if let Some(wildcard) = self.wildcards.iter().find(|wildcard| wildcard.fits(target)) {
            let group = Arc::new((wildcard.make)(target));
            if made.len() < Self::MADE {
                made.insert(name.into(), group.clone());
            }
            return Ok(group);
        }
        Err(self.unknown(name))
    }

    fn unknown(&self, name: &str) -> ApiError {
        let names = self.groups.keys().map(|key| &**key).chain(self.aliases.keys().map(String::as_str));
        let near = names
            .map(|known| (strsim::jaro_winkler(known, name), known))
            .filter(|(similarity, _)| *similarity > 0.85)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let shown: String = name.chars().take(200).collect();
        let message = match near {
            Some((_, near)) => format!("no model {shown:?} here; did you mean {near:?}?"),
            None => format!("no model {shown:?} here; GET /v1/models lists what there is"),
        };
        ApiError::new(ErrorKind::NotFound, Layer::Router, message)
            .with_param("model")
            .with_code("model_not_found")
    }
}
