//! The part of every limit that a replica may use in a minute in which it has not reached the store. Pure.

use crate::ReserveAnswer;

/// The whole, of which replicas have parts: up to sixteen replicas divide it without a rest.
const WHOLE: u64 = 720_720;

/// What a replica may use of any limit in a minute in which it has had no word from the store.
///
/// The store keeps it from being handed out to others, for as long as the replica is taken to be there. So it is had
/// beforehand: all together have a whole at most. What a replica wants less of it does without at once, and says so
/// then; what it wants more of it has when it is told so, from the minute on of which nothing had been handed out by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reserve {
    /// Parts that hold in any minute; `None` before the store's first word.
    parts: Option<u32>,
    /// More of them, and from which minute on.
    grown: Option<(u32, i64)>,
    /// Replicas with a part, by the store's last word.
    replicas: usize,
    asked_ms: Option<u64>,
}

impl Reserve {
    /// Milliseconds between two wishes for more.
    const AGAIN_MS: u64 = 500;

    /// What to ask the store for, if it is time to; it is kept to at once where it is less.
    pub fn ask(&mut self, replicas: usize, refresh: bool, elapsed_ms: u64) -> Option<u32> {
        let even = WHOLE / replicas.max(self.replicas).max(1) as u64;
        let even = u32::try_from(even).unwrap_or(u32::MAX);
        let has = self.grown.map_or(self.parts, |(parts, _)| Some(parts));
        let since = self.asked_ms.map_or(u64::MAX, |asked| elapsed_ms.saturating_sub(asked));
        let is_due = refresh || has.is_none_or(|has| has > even || has < even && since >= Self::AGAIN_MS);
        if !is_due {
            return None;
        }
        self.asked_ms = Some(elapsed_ms);
        self.parts = self.parts.map(|parts| parts.min(even));
        self.grown = self.grown.map(|(parts, from)| (parts.min(even), from));
        Some(even)
    }

    /// The store has answered in `minute`.
    pub fn told(&mut self, answer: ReserveAnswer, minute: i64) {
        self.replicas = answer.replicas;
        let has = self.at(minute).unwrap_or_default();
        // Others may hold of this minute and those before what was handed out before this replica's part grew.
        let from = answer.latest.saturating_add(1);
        if answer.parts <= has || from <= minute {
            (self.parts, self.grown) = (Some(answer.parts), None);
        } else {
            self.parts = Some(has);
            let sooner = self.grown.filter(|(parts, _)| *parts >= answer.parts).map(|(_, from)| from);
            self.grown = Some((answer.parts, sooner.unwrap_or(from)));
        }
    }

    /// What of a limit may be used in a minute without a word; `None` if the store has never said anything.
    pub fn of(&self, limit: u64, minute: i64) -> Option<u64> {
        let share = u128::from(limit) * u128::from(self.at(minute)?) / u128::from(WHOLE);
        Some(u64::try_from(share).unwrap_or(limit))
    }

    fn at(&self, minute: i64) -> Option<u32> {
        self.grown.filter(|(_, from)| *from <= minute).map_or(self.parts, |(parts, _)| Some(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: u32 = 720_720;
    const HALF: u32 = ALL / 2;

    fn answer(parts: u32, replicas: usize, latest: i64) -> ReserveAnswer {
        ReserveAnswer { parts, replicas, latest }
    }

    #[test]
    fn less_is_kept_to_before_it_is_said_and_more_is_had_when_it_is_told() {
        let mut reserve = Reserve::default();
        assert_eq!((reserve.of(100, 7), reserve.ask(1, false, 0)), (None, Some(ALL)));
        assert_eq!(reserve.of(100, 7), None, "nothing is told yet");
        reserve.told(answer(ALL, 1, -1), 7);
        assert_eq!((reserve.of(100, 7), reserve.ask(1, false, 100)), (Some(100), None));
        assert_eq!(reserve.ask(2, false, 100), Some(HALF), "another one has come");
        assert_eq!(reserve.of(100, 7), Some(50), "whether the store hears of it or not");
        reserve.told(answer(HALF, 2, -1), 7);
        assert_eq!((reserve.ask(2, false, 200), reserve.ask(2, true, 200)), (None, Some(HALF)));
        // The other one has gone: by the store's word only.
        assert_eq!(reserve.ask(1, false, 300), None, "two have parts by its last word");
        reserve.told(answer(HALF, 1, -1), 7);
        assert_eq!((reserve.ask(1, false, 900), reserve.of(100, 7)), (Some(ALL), Some(50)));
    }

    #[test]
    fn what_was_handed_out_before_it_grew_is_nobody_elses() {
        let mut reserve = Reserve::default();
        assert!(reserve.ask(2, false, 0).is_some());
        reserve.told(answer(0, 2, 8), 7);
        assert_eq!(reserve.of(100, 7), Some(0));
        assert_eq!(reserve.ask(2, false, 100), None, "not in every round");
        assert_eq!(reserve.ask(2, false, 600), Some(HALF));
        reserve.told(answer(HALF, 2, 8), 7);
        assert_eq!([7, 8, 9].map(|minute| reserve.of(100, minute)), [Some(0), Some(0), Some(50)]);
        // Told once more, it is no longer off.
        assert!(reserve.ask(2, true, 5_600).is_some());
        reserve.told(answer(HALF, 2, 9), 8);
        assert_eq!([8, 9].map(|minute| reserve.of(100, minute)), [Some(0), Some(50)]);
        assert!(reserve.ask(4, false, 5_700).is_some());
        assert_eq!(reserve.of(100, 9), Some(25), "what is to come gets less as well");
    }

    #[test]
    fn what_cannot_be_divided_is_nobodys() {
        let mut reserve = Reserve::default();
        reserve.told(answer(ALL / 3, 3, -1), 7);
        assert_eq!(
            (reserve.of(2, 7), reserve.of(3, 7), reserve.of(u64::MAX, 7).is_some()),
            (Some(0), Some(1), true)
        );
    }
}
