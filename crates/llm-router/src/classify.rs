//! Where a request goes in, once its class is found out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use crate::sense::{Embed, Sense, Senseless};
use crate::{ClassBy, Complexity, Entrance, Entry, Inquiry, Judged, RouterSettings};

/// One [`Sense`] for each virtual model that chooses by meaning.
#[derive(Debug, Default)]
pub struct Senses(HashMap<String, Arc<Sense>>);

/// What class a request is of, and how that was found out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Class {
    /// How hard the prompt is.
    Complexity(Complexity),
    /// How near the prompt is to each route.
    Meaning(Arc<Judged>),
    /// It could not be found out, so that the default model serves: why.
    Unknown(String),
}

impl Senses {
    /// Those of the settings. Nothing is learnt yet.
    pub fn new(settings: &RouterSettings) -> Self {
        let models = settings.virtual_models.iter();
        let by_meaning = models.filter_map(|(name, model)| Some((name.clone(), model.by_meaning.clone()?)));
        Self(by_meaning.map(|(name, meaning)| (name, Sense::new(meaning))).collect())
    }

    /// All, with the names of their virtual models.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<Sense>)> {
        self.0.iter().map(|(name, sense)| (name.as_str(), sense))
    }

    /// Keeps what `before` has learnt of the same settings.
    pub fn keep(&mut self, before: &Self) {
        for (name, sense) in &mut self.0 {
            if let Some(same) = before.0.get(name).filter(|other| other.settings() == sense.settings()) {
                *sense = same.clone();
            }
        }
    }
}

/// Where a request goes in. If that depends on its class, the class is found out first, and goes into the inquiry.
///
/// `prompt` is what the user said last; it is called only where the class matters.
///
/// # Errors
/// Those of `prompt`.
pub async fn classify<'a, E: Embed, X>(
    entrance: &'a Entrance,
    senses: &Senses,
    by: &E,
    inquiry: &mut Inquiry<'a>,
    prompt: impl FnOnce() -> Result<Cow<'a, str>, X>,
) -> Result<(Entry<'a>, Option<Class>), X> {
    let entry = entrance.enter(inquiry);
    let Some(class_by) = entry.class_by else {
        inquiry.narrowed = entry.narrowed;
        return Ok((entry, None));
    };
    let prompt = prompt()?;
    let class = match class_by {
        ClassBy::Complexity => {
            let complexity = Complexity::of(&prompt);
            inquiry.class = Some(complexity.tier.as_str());
            Class::Complexity(complexity)
        }
        ClassBy::Meaning(meaning) => {
            let sense = entry.virtual_model.and_then(|name| senses.0.get(name));
            let judged = match sense {
                Some(sense) => sense.judge(by, &prompt).await,
                None => Err(Senseless::Unlearned),
            };
            let near = judged.as_ref().ok().and_then(|judged| judged.model.as_deref());
            let route = meaning.routes.iter().find(|route| Some(route.model.as_str()) == near);
            // A class of no name fits no route.
            inquiry.class = Some(route.map_or("", |route| route.model.as_str()));
            match judged {
                Ok(judged) => Class::Meaning(judged),
                Err(why) => Class::Unknown(why.to_string()),
            }
        }
    };
    let entry = entrance.enter(inquiry);
    inquiry.narrowed = entry.narrowed;
    Ok((entry, Some(class)))
}
