//! Why nobody of a group could be asked, in words.

use crate::Refusal;

/// Of what sorts the refusals of a group's deployments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Reasons(u16);

/// What is said of the deployments, by the places of [`place`]. What passes by itself comes first.
const WORDS: [&str; 12] = [
    "cooling down",
    "out of requests for this minute",
    "out of tokens for this minute",
    "out of what their vendor allows for now",
    "found unwell by the last check",
    "out of budget",
    "too small for the prompt",
    "without something that the request needs",
    "known to refuse a member of the request",
    "outside of where the request may be served",
    "without the labels that the request asks for",
    "not among those that the request is bound to",
];

impl Reasons {
    pub(super) fn of(refusals: impl Iterator<Item = Refusal>) -> Self {
        Self(refusals.filter_map(place).fold(0, |set, place| set | 1 << place))
    }

    /// All of them: `all are cooling down`, `some are cooling down, some are out of budget`.
    pub(super) fn words(self) -> Option<String> {
        let said = WORDS.iter().enumerate().filter(|(place, _)| self.0 & (1 << place) != 0);
        let said: Vec<_> = said.map(|(_, words)| *words).collect();
        match said.as_slice() {
            [] => None,
            [one] => Some(format!("all are {one}")),
            several => Some(format!("some are {}", several.join(", some are "))),
        }
    }
}

/// What has only had its turn, or stands behind others, says nothing of why nobody is left.
const fn place(refusal: Refusal) -> Option<usize> {
    Some(match refusal {
        Refusal::CoolingDown { .. } | Refusal::Probed => 0,
        Refusal::Requests { .. } => 1,
        Refusal::Tokens { .. } => 2,
        Refusal::Quota => 3,
        Refusal::Unwell => 4,
        Refusal::Budget => 5,
        Refusal::ContextWindow { .. } => 6,
        Refusal::Lacks(_) => 7,
        Refusal::Parameter(_) => 8,
        Refusal::Region => 9,
        Refusal::Tags => 10,
        Refusal::Rule | Refusal::Bound(_) => 11,
        Refusal::Tried | Refusal::Unsuited | Refusal::Order => return None,
    })
}
