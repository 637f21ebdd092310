//! What a replica holds of one limit in one minute. Pure.

use llm_router::Share;

/// What a replica holds of one limit in one minute, and what it knows of the rest.
///
/// Pieces come from the store. A replica that it does not answer goes on with what it holds, and may hold as much as its
/// [reserve](crate::Reserve), unless it has let that go for others in this minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    granted: u64,
    firm: bool,
    left: Option<u64>,
    asked_ms: Option<u64>,
    /// What it has taken for itself since it asked last, of which the store does not know.
    meanwhile: u64,
}

impl Account {
    /// Milliseconds after which a replica that holds a piece without using it looks whether others need it.
    const LOOK_MS: u64 = 1_000;

    /// What it was granted and has not given back.
    pub const fn granted(&self) -> u64 {
        self.granted
    }

    /// What nobody held by the store's last word.
    pub const fn left(&self) -> Option<u64> {
        self.left
    }

    /// Whether the reserve is let go: others use this limit too, and the store has answered in this minute.
    pub fn firm(&mut self, others_use_it: bool) -> bool {
        self.firm |= others_use_it && self.left.is_some();
        self.firm
    }

    /// Whether to ask the store at `elapsed_ms`, on a clock that never runs backwards.
    pub fn is_due(&self, share: &Share, replicas: usize, others_use_it: bool, elapsed_ms: u64) -> bool {
        let Some(left) = self.left else { return true };
        if share.wanted > share.left || others_use_it && !self.firm {
            return true;
        }
        let thin = left > 0 && share.left < piece(left + share.left, replicas).div_ceil(2);
        let since = self.asked_ms.map_or(u64::MAX, |asked| elapsed_ms.saturating_sub(asked));
        thin || (replicas > 1 && share.left > 0 && since >= Self::LOOK_MS)
    }

    /// How much of what is not used is more than this replica's piece, so that others may have it.
    pub fn surplus(&self, unused: u64, replicas: usize) -> u64 {
        let Some(left) = self.left.filter(|_| replicas > 1) else { return 0 };
        let piece = piece(left + unused, replicas);
        if unused > 2 * piece { unused - piece } else { 0 }
    }

    /// The store is asked.
    pub fn asks(&mut self, elapsed_ms: u64) {
        self.asked_ms = Some(elapsed_ms);
        self.meanwhile = 0;
    }

    /// The store has granted so much more, and so much is left to nobody. Gives how much of it there is to hand out:
    /// what was taken while the store was asked is a part of it.
    pub fn grant(&mut self, more: u64, left: u64) -> u64 {
        let new = more.saturating_sub(std::mem::take(&mut self.meanwhile));
        self.granted = self.granted.saturating_add(new);
        self.left = Some(left);
        new
    }

    /// So much is held no longer.
    pub fn give_back(&mut self, amount: u64) {
        self.granted = self.granted.saturating_sub(amount);
    }

    /// The store does not answer: what the replica takes for itself now, of its `reserve`. One to whom the store has never
    /// said anything takes an even part of the limit.
    pub fn take_alone(&mut self, limit: u64, replicas: usize, reserve: Option<u64>) -> u64 {
        if self.firm {
            return 0;
        }
        let part = reserve.unwrap_or_else(|| (limit / replicas.max(1) as u64).max(1).min(limit));
        let more = part.saturating_sub(self.granted);
        self.meanwhile += more;
        self.granted += more;
        more
    }
}

/// The piece that a replica keeps at hand, as the store's script has it.
fn piece(at_hand: u64, replicas: usize) -> u64 {
    if replicas <= 1 { at_hand } else { (at_hand / (2 * replicas as u64)).max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(left: u64, wanted: u64) -> Share {
        Share { left, wanted, ..Share::default() }
    }

    #[test]
    fn the_store_is_asked_at_first_when_it_gets_thin_and_now_and_then() {
        let mut account = Account::default();
        assert!(account.is_due(&share(0, 0), 2, false, 0), "nothing is known");
        account.asks(0);
        account.grant(25, 75);
        assert_eq!((account.granted(), account.left()), (25, Some(75)));
        assert!(!account.is_due(&share(25, 0), 2, false, 100));
        assert!(!account.is_due(&share(15, 0), 2, false, 100));
        assert!(account.is_due(&share(8, 0), 2, false, 100), "thin");
        assert!(account.is_due(&share(25, 30), 2, false, 100), "a request needs more");
        assert!(account.is_due(&share(25, 0), 2, false, 1_000), "others may need it");
        account.grant(0, 0);
        assert!(!account.is_due(&share(0, 0), 2, false, 100), "there is none, and nobody asks");
        assert!(account.is_due(&share(0, 1), 2, false, 100));
    }

    #[test]
    fn what_is_too_much_goes_back() {
        let mut account = Account::default();
        assert_eq!(account.surplus(25, 2), 0, "nothing is known");
        account.grant(25, 75);
        assert_eq!(account.surplus(25, 2), 0);
        account.grant(0, 0);
        assert_eq!(account.surplus(25, 2), 19);
        assert_eq!((account.surplus(1, 2), account.surplus(25, 1)), (0, 0));
        account.give_back(19);
        assert_eq!(account.granted(), 6);
    }

    #[test]
    fn what_is_taken_while_a_slow_store_is_asked_is_not_granted_twice() {
        let mut account = Account::default();
        account.asks(0);
        assert_eq!(account.take_alone(60, 2, Some(30)), 30);
        assert_eq!((account.grant(40, 20), account.granted()), (10, 40), "as the store has it");
        account.asks(100);
        assert_eq!(account.take_alone(60, 2, Some(30)), 0, "it holds more than its reserve");
        assert_eq!(account.grant(4, 0), 4);
    }

    #[test]
    fn without_the_store_nothing_is_taken_but_what_was_set_aside_for_it() {
        let mut account = Account::default();
        assert_eq!((account.take_alone(100, 2, Some(50)), account.take_alone(100, 2, Some(50))), (50, 0));
        account.give_back(20);
        assert_eq!(account.take_alone(100, 2, Some(50)), 20, "what went back is a part of it");
        assert_eq!(Account::default().take_alone(2, 3, Some(0)), 0);
        // Nobody has ever said anything.
        assert_eq!(Account::default().take_alone(100, 1, None), 100);
        assert_eq!(Account::default().take_alone(100, 3, None), 33);
        assert_eq!(Account::default().take_alone(0, 3, None), 0);
    }

    #[test]
    fn what_is_let_go_for_others_is_not_taken() {
        let mut account = Account::default();
        assert!(!account.firm(true), "the store has not answered: it may not know of this minute");
        account.asks(0);
        account.grant(10, 40);
        assert!(!account.is_due(&share(10, 0), 2, false, 100) && !account.firm(false), "nobody else uses it");
        assert!(account.is_due(&share(10, 0), 2, true, 100), "others should know");
        assert!(account.firm(true) && account.firm(false), "for the whole minute");
        assert_eq!(account.take_alone(100, 2, Some(50)), 0);
    }
}
