//! [`Sense`]: finds out what prompts are about, by vectors that an embedding model makes.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::settings::MeaningSettings;
use crate::{Judged, MeaningFault, Meanings, affinity};

#[cfg(test)]
mod tests;

/// Makes vectors of texts.
pub trait Embed: Sync {
    /// A vector for each text, in order; in words why not.
    fn embed(
        &self,
        model: &str,
        texts: Vec<String>,
    ) -> impl Future<Output = Result<Vec<Vec<f32>>, String>> + Send;
}

/// Why it is not known what a prompt is about: the default model serves it then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Senseless {
    /// The vectors of the examples are not there yet.
    Unlearned,
    /// The embedding model did not answer in time.
    Late {
        /// How long was waited, in milliseconds.
        after_ms: u64,
    },
    /// The embedding model gave no vectors.
    Failed(String),
    /// Its vectors do not go together.
    Fault(MeaningFault),
}

impl fmt::Display for Senseless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlearned => f.write_str("the examples have no vectors yet"),
            Self::Late { after_ms } => write!(f, "the embedding model took longer than {after_ms} ms"),
            Self::Failed(why) => write!(f, "the embedding model failed: {why}"),
            Self::Fault(fault) => write!(f, "the embedding model's vectors are of no use: {fault}"),
        }
    }
}

impl std::error::Error for Senseless {}

/// Finds out what prompts are about, for one virtual model. Examples are turned into vectors once, prompts when they
/// come; the last ones are remembered.
pub struct Sense {
    settings: MeaningSettings,
    meanings: OnceLock<Meanings>,
    /// One learns at a time.
    learning: tokio::sync::Mutex<()>,
    recent: Mutex<Recent>,
}

impl fmt::Debug for Sense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sense").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Sense {
    /// How long a request waits to find out where it belongs.
    pub const PATIENCE: Duration = Duration::from_secs(2);
    /// Prompts whose class is remembered.
    pub const REMEMBERED: usize = 256;

    /// Nothing is learnt yet.
    pub fn new(settings: MeaningSettings) -> Arc<Self> {
        Arc::new(Self {
            settings,
            meanings: OnceLock::new(),
            learning: tokio::sync::Mutex::default(),
            recent: Mutex::default(),
        })
    }

    /// The routes.
    pub const fn settings(&self) -> &MeaningSettings {
        &self.settings
    }

    /// Whether the examples have their vectors.
    pub fn has_learned(&self) -> bool {
        self.meanings.get().is_some()
    }

    /// Turns the examples into vectors, if that is not done yet. To be called again after a failure.
    ///
    /// # Errors
    /// The embedding model failed, or gave something of no use.
    pub async fn learn<E: Embed>(&self, by: &E) -> Result<(), Senseless> {
        let _turn = self.learning.lock().await;
        if self.has_learned() {
            return Ok(());
        }
        let examples = self.settings.examples().map(str::to_owned).collect();
        let vectors = by.embed(&self.settings.embedding_model, examples).await.map_err(Senseless::Failed)?;
        let meanings = Meanings::new(&self.settings, vectors).map_err(Senseless::Fault)?;
        let _first = self.meanings.set(meanings);
        Ok(())
    }

    /// How near a prompt is to each route. Waits no longer than [`PATIENCE`](Self::PATIENCE).
    ///
    /// # Errors
    /// It cannot be found out now; the default model serves the request.
    pub async fn judge<E: Embed>(&self, by: &E, prompt: &str) -> Result<Arc<Judged>, Senseless> {
        let meanings = self.meanings.get().ok_or(Senseless::Unlearned)?;
        let part = self.settings.part(prompt);
        let name = affinity::owner_hash(&[part]);
        if let Some(known) = self.recent().find(name, part) {
            return Ok(known);
        }
        let asked = by.embed(&self.settings.embedding_model, vec![part.to_owned()]);
        let vectors = tokio::time::timeout(Self::PATIENCE, asked)
            .await
            .map_err(|_| Senseless::Late { after_ms: Self::PATIENCE.as_millis() as u64 })?
            .map_err(Senseless::Failed)?;
        let found = vectors.len();
        let vector = vectors.into_iter().next().filter(|_| found == 1);
        let vector = vector.ok_or(Senseless::Fault(MeaningFault::Count { expected: 1, found }))?;
        let judged = Arc::new(meanings.judge(vector).map_err(Senseless::Fault)?);
        self.recent().keep(name, part, judged.clone());
        Ok(judged)
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last prompts, the latest first.
#[derive(Default)]
struct Recent(VecDeque<(u64, Box<str>, Arc<Judged>)>);

impl Recent {
    fn find(&mut self, name: u64, prompt: &str) -> Option<Arc<Judged>> {
        let place = self.0.iter().position(|(own, text, _)| *own == name && **text == *prompt)?;
        let entry = self.0.remove(place)?;
        let judged = entry.2.clone();
        self.0.push_front(entry);
        Some(judged)
    }

    fn keep(&mut self, name: u64, prompt: &str, judged: Arc<Judged>) {
        self.0.truncate(Sense::REMEMBERED - 1);
        self.0.push_front((name, prompt.into(), judged));
    }
}
