//! Secrets: where they are, and how they are fetched.

use std::fmt;
use std::path::{Path, PathBuf};

use futures_core::future::BoxFuture;
use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::environment::{Environment, Part, REFERENCE, parts};

#[cfg(test)]
mod tests;

pub use llm_provider_core::Secret;

/// Where a secret is: `os.environ/NAME` (also within a text, as in `Bearer os.environ/TOKEN`),
/// `file:PATH`, or the secret itself.
///
/// Prints the reference, or `***` for the secret itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SecretRef(Source);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Source {
    /// Literal pieces and variables, one after the other.
    Text(Vec<Piece>),
    File(PathBuf),
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Piece {
    Literal(Secret),
    Variable(String),
}

impl SecretRef {
    /// What the typed reader knows this type by.
    pub(super) const NAME: &'static str = "SecretRef";

    /// Reads a reference, or takes the text as the secret itself.
    pub fn parse(text: &str) -> Self {
        if let Some(path) = text.strip_prefix("file:") {
            return Self(Source::File(PathBuf::from(path)));
        }
        let piece = |part| match part {
            Part::Text(text) => Piece::Literal(Secret::new(text.to_owned())),
            Part::Variable(name) => Piece::Variable(name.to_owned()),
        };
        Self(Source::Text(parts(text).into_iter().map(piece).collect()))
    }

    /// What a text says whose variables have been put in: `file:PATH`, or the secret itself.
    pub(super) fn expanded(text: String) -> Self {
        match text.strip_prefix("file:") {
            Some(path) => Self(Source::File(PathBuf::from(path))),
            None => Self(Source::Text(vec![Piece::Literal(Secret::new(text))])),
        }
    }

    /// The secret itself, if it stands here.
    pub(super) fn literal(&self) -> Option<&Secret> {
        match &self.0 {
            Source::Text(pieces) => match pieces.as_slice() {
                [Piece::Literal(secret)] => Some(secret),
                _ => None,
            },
            Source::File(_) => None,
        }
    }

    /// The environment variable `name`.
    pub fn env(name: impl Into<String>) -> Self {
        Self(Source::Text(vec![Piece::Variable(name.into())]))
    }

    /// Whether this is an empty text, which is no secret.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Source::Text(pieces) if pieces.is_empty())
    }

    /// The variables that this refers to.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let pieces: &[Piece] = if let Source::Text(pieces) = &self.0 { pieces } else { &[] };
        pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(name) => Some(name.as_str()),
            Piece::Literal(_) => None,
        })
    }

    /// The file that this refers to.
    pub fn file(&self) -> Option<&Path> {
        if let Source::File(path) = &self.0 { Some(path) } else { None }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::File(path) => write!(f, "file:{}", path.display()),
            Source::Text(pieces) => pieces.iter().try_for_each(|piece| match piece {
                Piece::Literal(_) => f.write_str("***"),
                Piece::Variable(name) => write!(f, "{REFERENCE}{name}"),
            }),
        }
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RefVisitor;

        impl<'de> Visitor<'de> for RefVisitor {
            type Value = SecretRef;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a secret, os.environ/NAME or file:PATH")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretRef, E> {
                Ok(SecretRef::parse(text))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<SecretRef, D::Error> {
                inner.deserialize_str(self)
            }
        }
        deserializer.deserialize_newtype_struct(Self::NAME, RefVisitor)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for SecretRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Self::NAME.into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Where a secret is: `os.environ/NAME`, `file:PATH`, or the secret itself.",
            "type": "string",
            "examples": ["os.environ/OPENAI_API_KEY", "file:/run/secrets/openai"]
        })
    }
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The variable is not set, or empty.
    #[error("environment variable {name} is not set")]
    NotSet {
        /// The variable.
        name: String,
    },
    /// The file cannot be read.
    #[error("cannot read the secret in {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds nothing.
    #[error("the file {} holds no secret", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// This source does not know this kind of reference.
    #[error("{reference} cannot be fetched from here")]
    WrongSource {
        /// The reference.
        reference: SecretRef,
    },
}

/// Fetches secrets. Called again whenever a fresh value is wanted, so that a rotated secret is found.
pub trait SecretSource: Send + Sync {
    /// Fetches what `reference` refers to.
    ///
    /// # Errors
    /// [`SecretError`], if it is not there or not of this source's kind.
    fn resolve<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Result<Secret, SecretError>>;
}

/// Secrets in environment variables, and those written into the config itself.
#[derive(Debug, Clone)]
pub struct EnvSecrets {
    environment: Environment,
}

impl EnvSecrets {
    /// Secrets in this environment.
    pub fn new(environment: Environment) -> Self {
        Self { environment }
    }

    fn get(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        let Source::Text(pieces) = &reference.0 else {
            return Err(SecretError::WrongSource { reference: reference.clone() });
        };
        let get = |piece: &Piece| match piece {
            Piece::Literal(secret) => Ok(secret.clone()),
            Piece::Variable(name) => {
                self.environment.get(name).ok_or_else(|| SecretError::NotSet { name: name.clone() })
            }
        };
        if let [piece] = pieces.as_slice() {
            return get(piece);
        }
        let mut whole = String::new();
        for piece in pieces {
            whole.push_str(get(piece)?.expose());
        }
        Ok(Secret::new(whole))
    }
}

impl SecretSource for EnvSecrets {
    fn resolve<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Result<Secret, SecretError>> {
        Box::pin(std::future::ready(self.get(reference)))
    }
}

/// Secrets in files, read anew each time. White space at the end is not part of the secret.
#[derive(Debug, Clone)]
pub struct FileSecrets {
    base: PathBuf,
}

impl FileSecrets {
    /// Relative paths start at `base`.
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into() }
    }

    async fn read(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        let Source::File(path) = &reference.0 else {
            return Err(SecretError::WrongSource { reference: reference.clone() });
        };
        let path = self.base.join(path);
        let text = match tokio::fs::read_to_string(&path).await {
            Ok(text) => zeroize::Zeroizing::new(text),
            Err(source) => return Err(SecretError::File { path, source }),
        };
        match text.trim_end() {
            "" => Err(SecretError::Empty { path }),
            secret => Ok(Secret::new(secret.to_owned())),
        }
    }
}

impl SecretSource for FileSecrets {
    fn resolve<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Result<Secret, SecretError>> {
        Box::pin(self.read(reference))
    }
}

/// Every kind of secret that a config may refer to.
#[derive(Debug, Clone)]
pub struct ConfigSecrets {
    env: EnvSecrets,
    files: FileSecrets,
}

impl ConfigSecrets {
    /// Variables of `environment`, and files relative to `base`, the folder of the config file.
    pub fn new(environment: Environment, base: impl Into<PathBuf>) -> Self {
        Self { env: EnvSecrets::new(environment), files: FileSecrets::new(base) }
    }
}

impl SecretSource for ConfigSecrets {
    fn resolve<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Result<Secret, SecretError>> {
        match &reference.0 {
            Source::Text(_) => self.env.resolve(reference),
            Source::File(_) => self.files.resolve(reference),
        }
    }
}
