//! What replicas tell each other.

use std::collections::BTreeMap;

use llm_router::SharedState;
use llm_types::{ErrorKind, UnixMs};
use serde::{Deserialize, Serialize};

/// What one replica tells the others: how things are with it, not what has changed, so that what is lost or told twice
/// does no harm. What is not mentioned is as it was.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct News {
    /// What it knows of deployments, by id. Counts are those of its own in the minute, times those since it began.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub deployments: BTreeMap<String, SharedState>,
    /// Keys that cool down, by a number that stands for the key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, Cooling>,
    /// What it has spent itself of budgets, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub budgets: BTreeMap<String, Spent>,
    /// Who was served by which deployment, by a number that stands for whoever that is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pins: BTreeMap<String, Pin>,
    /// What it found of deployments when it checked them, by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, Checked>,
    /// Whether it goes away now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bye: bool,
}

impl News {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many things it tells of.
    pub fn len(&self) -> usize {
        self.deployments.len() + self.keys.len() + self.budgets.len() + self.pins.len() + self.checks.len()
    }

    /// The same in pieces of so many things each, at least one.
    pub(crate) fn pieces(&self, most: usize) -> Vec<Self> {
        let mut pieces = vec![Self { bye: self.bye, ..Self::default() }];
        let mut count = 0;
        let mut piece = |pieces: &mut Vec<Self>| {
            if count == most {
                pieces.push(Self::default());
                count = 0;
            }
            count += 1;
        };
        for (id, state) in &self.deployments {
            piece(&mut pieces);
            pieces.last_mut().map(|last| last.deployments.insert(id.clone(), *state));
        }
        for (key, cooling) in &self.keys {
            piece(&mut pieces);
            pieces.last_mut().map(|last| last.keys.insert(key.clone(), *cooling));
        }
        for (name, spent) in &self.budgets {
            piece(&mut pieces);
            pieces.last_mut().map(|last| last.budgets.insert(name.clone(), *spent));
        }
        for (key, pin) in &self.pins {
            piece(&mut pieces);
            pieces.last_mut().map(|last| last.pins.insert(key.clone(), pin.clone()));
        }
        for (id, checked) in &self.checks {
            piece(&mut pieces);
            pieces.last_mut().map(|last| last.checks.insert(id.clone(), checked.clone()));
        }
        pieces
    }
}

/// What a check of a deployment found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// When.
    pub at: UnixMs,
    /// How long it took, in milliseconds.
    #[serde(default)]
    pub elapsed_ms: u64,
    /// What was wrong; `None` if it is well.
    #[serde(default)]
    pub failure: Option<ErrorKind>,
    /// The same in words.
    #[serde(default)]
    pub message: Option<String>,
}

/// Who was served where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The deployment.
    pub deployment: String,
    /// Until when that is remembered.
    pub until: UnixMs,
}

/// A cool-down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cooling {
    /// Its end.
    pub until: UnixMs,
    /// What for.
    #[serde(default)]
    pub cause: Option<ErrorKind>,
}

/// What one replica has spent of a budget in the running period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// How much, in the budget's unit.
    pub amount: f64,
    /// The end of the period.
    pub until: UnixMs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_bounded_and_hold_everything() {
        let mut news = News { bye: true, ..News::default() };
        assert_eq!(news.pieces(3).len(), 1, "even nothing is told: a sign of life");
        for number in 0..4 {
            news.deployments
                .insert(number.to_string(), SharedState { requests: number, ..SharedState::default() });
            news.keys.insert(number.to_string(), Cooling { until: UnixMs(9), cause: None });
        }
        let pieces = news.pieces(3);
        assert_eq!(pieces.iter().map(News::len).collect::<Vec<_>>(), [3, 3, 2]);
        let all = pieces.into_iter().fold(News::default(), |mut all, piece| {
            all.deployments.extend(piece.deployments);
            all.keys.extend(piece.keys);
            all.bye |= piece.bye;
            all
        });
        assert_eq!(all, news);
    }

    #[test]
    fn what_a_later_version_says_besides_does_no_harm() {
        let text = r#"{"deployments":{"a":{"requests":3,"new":1}},"more":[]}"#;
        let news: News = serde_json::from_str(text).unwrap();
        assert_eq!(news.deployments["a"].requests, 3);
        assert_eq!(serde_json::to_string(&News::default()).unwrap(), "{}");
    }
}
