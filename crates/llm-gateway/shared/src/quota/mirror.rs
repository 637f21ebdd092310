//! What this replica holds, by its own account: told to Redis with every call, and all that counts there. Pure.

use std::collections::HashMap;

use llm_limits::{AccountId, Ask};
use llm_types::UnixMs;

use super::roll::Roll;

/// An account in one of its periods.
pub(crate) type Place = (AccountId, i64);

/// What one replica holds in one bucket of accounts.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    /// Numbers the calls, so that Redis can tell one that comes late.
    seq: u64,
    /// Since when there is anything in Redis, as it was told last; nothing, if this replica comes anew.
    since: Option<String>,
    /// Whether what is there is young: others may not have told yet what they hold.
    is_grace: bool,
    /// To which beginning everything was told.
    told_to: Option<String>,
    /// Who was on the roll after a beginning.
    roll: Option<Roll>,
    /// Numbers batches of bookings.
    batches: u64,
    /// Redis' clock, by its last word.
    now: Option<UnixMs>,
    /// How many replicas there were by the last word.
    replicas: usize,
    /// Counts the losses of everything.
    era: u64,
    holds: HashMap<Place, Hold>,
}

/// What is held of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Hold {
    amount: i64,
    until: Option<UnixMs>,
    limit: i64,
    is_booked: bool,
    /// Booked, and on its way to Redis: told as the same batch until Redis has it.
    sent: Option<(u64, i64)>,
    /// Booked since.
    queued: i64,
    /// Calls that are under way or were lost: what Redis has may be something else.
    is_untold: bool,
}

/// What a call says of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) place: Place,
    pub(crate) amount: i64,
    pub(crate) batch: Option<(u64, i64)>,
    pub(crate) limit: i64,
    pub(crate) until: Option<UnixMs>,
    pub(crate) is_booked: bool,
}

/// What a call says of this replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) seq: u64,
    pub(crate) since: Option<String>,
    pub(crate) replicas: usize,
    pub(crate) era: u64,
    pub(crate) roll: Option<Roll>,
}

impl Mirror {
    /// A call begins.
    pub(crate) fn call(&mut self) -> Caller {
        self.seq += 1;
        Caller {
            seq: self.seq,
            since: self.since.clone(),
            replicas: self.replicas.max(1),
            era: self.era,
            roll: self.roll.clone().filter(|_| self.is_grace),
        }
    }

    /// A call was answered.
    pub(crate) fn heard(&mut self, since: &str, now: UnixMs, replicas: usize, is_grace: bool, era: u64) {
        self.now = Some(now);
        if self.era == era {
            self.since = Some(since.to_owned());
            self.is_grace = is_grace;
            // After a loss it is those who were there before it that may hold something.
            self.replicas = if is_grace { replicas.max(self.replicas) } else { replicas };
        }
    }

    /// Everything that is held has been told to what began then.
    pub(crate) fn told_everything(&mut self, since: &str) {
        self.told_to = Some(since.to_owned());
    }

    /// Whether everything was told to what is there now, as far as is known.
    pub(crate) fn has_told_everything(&self) -> bool {
        self.told_to.is_some() && self.told_to == self.since
    }

    /// To which beginning the roll is missing.
    pub(crate) fn lacks_roll(&self) -> Option<String> {
        let since = self.since.clone().filter(|_| self.is_grace)?;
        self.roll.as_ref().is_none_or(|roll| roll.since != since).then_some(since)
    }

    /// Who was on the roll, read after that beginning was known.
    pub(crate) fn read_roll(&mut self, roll: Roll) {
        self.roll = Some(roll);
    }

    /// What a call says that asks for a share.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Told {
        let hold = self.holds.entry((ask.account.clone(), ask.window)).or_default();
        hold.until = (ask.window != 0 && ask.until.0 != i64::MAX).then_some(ask.until);
        hold.limit = ask.limit;
        hold.is_booked = ask.is_booked;
        self.told((ask.account.clone(), ask.window))
    }

    /// What a call says of an account; it counts as untold until the call is answered.
    pub(crate) fn told(&mut self, place: Place) -> Told {
        let hold = self.holds.entry(place.clone()).or_default();
        hold.is_untold = true;
        if hold.sent.is_none() && hold.queued > 0 {
            self.batches += 1;
            hold.sent = Some((self.batches, std::mem::take(&mut hold.queued)));
        }
        Told {
            place,
            amount: hold.amount,
            batch: hold.sent,
            limit: hold.limit,
            until: hold.until,
            is_booked: hold.is_booked,
        }
    }

    /// Redis has heard what a call said, and has granted so much. Whether that is held now: it is not if everything was
    /// lost in the meantime.
    pub(crate) fn granted(&mut self, told: &Told, granted: i64, era: u64) -> bool {
        let is_valid = self.era == era;
        if let Some(hold) = self.holds.get_mut(&told.place) {
            if hold.sent == told.batch {
                hold.sent = None;
            }
            if is_valid {
                // What went back while the call was under way is told by the next.
                hold.is_untold = hold.amount != told.amount;
                hold.amount = hold.amount.saturating_add(granted);
            }
        }
        is_valid
    }

    /// So much is not used.
    pub(crate) fn give_back(&mut self, place: Place, amount: i64) {
        let hold = self.holds.entry(place).or_default();
        hold.amount = hold.amount.saturating_sub(amount.max(0)).max(0);
        hold.is_untold = true;
    }

    /// So much of what is held is booked: it is held no longer, and counts all the same.
    pub(crate) fn settle(&mut self, place: Place, amount: i64) {
        let hold = self.holds.entry(place).or_default();
        hold.is_booked = true;
        hold.queued = hold.queued.saturating_add(amount.max(0));
        hold.amount = hold.amount.saturating_sub(amount.max(0)).max(0);
        hold.is_untold = true;
    }

    /// Everything that was held is lost, and Redis does not know this replica.
    pub(crate) fn lose(&mut self) {
        self.era += 1;
        self.since = None;
        self.told_to = None;
        for hold in self.holds.values_mut() {
            hold.amount = 0;
            hold.is_untold = true;
        }
    }

    /// What Redis has to hear again now and then: what is held, and what it may not have heard. Accounts whose period was
    /// over by then are forgotten.
    pub(crate) fn everything(&mut self) -> Vec<Place> {
        let now = self.now;
        self.holds.retain(|_, hold| {
            let is_over = hold.until.zip(now).is_some_and(|(until, now)| until.plus(super::KEPT_MS) < now);
            !is_over && (hold.amount != 0 || hold.is_untold || hold.sent.is_some() || hold.queued != 0)
        });
        self.holds.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        (AccountId { name: "usd:30d:team/t".into(), shelf: "org/o".into() }, 7)
    }

    #[test]
    fn what_goes_back_while_a_call_is_under_way_is_told_next() {
        let mut mirror = Mirror::default();
        let caller = mirror.call();
        let told = mirror.told(place());
        assert!(mirror.granted(&told, 100, caller.era));
        let told = mirror.told(place());
        mirror.give_back(place(), 30);
        assert!(mirror.granted(&told, 5, caller.era));
        assert_eq!(mirror.everything(), [place()]);
        assert_eq!(mirror.told(place()).amount, 75);
        mirror.give_back(place(), 1_000);
        assert_eq!(mirror.told(place()).amount, 0, "never less than nothing");
    }

    #[test]
    fn bookings_are_one_batch_until_it_has_arrived() {
        let mut mirror = Mirror::default();
        let caller = mirror.call();
        let told = mirror.told(place());
        mirror.granted(&told, 100, caller.era);
        mirror.settle(place(), 40);
        let first = mirror.told(place());
        assert_eq!((first.amount, first.batch), (60, Some((1, 40))));
        mirror.settle(place(), 10);
        // The answer was lost.
        let again = mirror.told(place());
        assert_eq!((again.amount, again.batch), (50, Some((1, 40))));
        mirror.granted(&again, 0, caller.era);
        let second = mirror.told(place());
        assert_eq!((second.amount, second.batch), (50, Some((2, 10))));
        mirror.granted(&second, 0, caller.era);
        assert_eq!(mirror.told(place()).batch, None);
    }

    #[test]
    fn what_is_granted_after_everything_was_lost_is_not_held() {
        let mut mirror = Mirror::default();
        let caller = mirror.call();
        let told = mirror.told(place());
        mirror.lose();
        assert!(!mirror.granted(&told, 100, caller.era));
        mirror.heard("1", UnixMs(1), 2, false, caller.era);
        assert_eq!(mirror.call().since, None);
        assert_eq!(mirror.everything(), [place()], "Redis has to hear that it is not held");
    }

    #[test]
    fn after_a_loss_those_count_who_were_there_before() {
        let mut mirror = Mirror::default();
        let era = mirror.call().era;
        mirror.heard("1", UnixMs(1), 3, false, era);
        mirror.heard("9", UnixMs(9), 1, true, era);
        assert_eq!(mirror.call().replicas, 3);
        mirror.heard("9", UnixMs(9), 2, false, era);
        assert_eq!((mirror.call().replicas, mirror.call().since.as_deref()), (2, Some("9")));
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let mut mirror = Mirror::default();
        let ask = Ask {
            account: place().0,
            window: 7,
            until: UnixMs(1_000),
            limit: 10,
            need: 1,
            wish: 1,
            is_booked: false,
        };
        mirror.ask(&ask);
        mirror.heard("1", UnixMs(1_000), 1, false, 0);
        assert_eq!(mirror.everything(), [place()]);
        mirror.heard("1", UnixMs(1_001).plus(super::super::KEPT_MS), 1, false, 0);
        assert!(mirror.everything().is_empty());
    }
}
