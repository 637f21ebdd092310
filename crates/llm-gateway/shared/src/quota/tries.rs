//! Which amounts are tried for an ask, greatest first. Pure: Redis is sent texts and only compares.

use llm_limits::Ask;

/// One amount that Redis tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Try {
    /// What must fit below the limit, so that the others have something left.
    pub(crate) span: i64,
    /// What is taken then.
    pub(crate) amount: i64,
    /// Whether the replica holds no more than an even part with it.
    pub(crate) is_even: bool,
}

/// A share is what is wished, or a quarter of it, and so on, as long as it is at most what is left divided by twice the
/// replicas; and what is needed whatever is left. So shares get smaller as the end comes near.
pub(crate) fn tries(ask: &Ask, held: i64, replicas: usize) -> Vec<Try> {
    /// A share of a 4,096th of what is wished is worth a try, less is not.
    const MOST: usize = 7;
    let count = i64::try_from(replicas.max(1)).unwrap_or(i64::MAX);
    let parts = if count == 1 { 1 } else { count.saturating_mul(2) };
    let even = ask.limit / count;
    let one = |amount: i64, parts: i64| Try {
        span: amount.saturating_mul(parts),
        amount,
        is_even: held.saturating_add(amount) <= even,
    };
    let need = ask.need.max(0);
    let wishes = std::iter::successors(Some(ask.wish.min(ask.limit)), |wish| Some(wish / 4));
    let wishes = wishes.take_while(|wish| *wish > need).take(MOST).map(|wish| one(wish, parts));
    wishes.chain([one(need, 1)]).collect()
}

#[cfg(test)]
mod tests {
    use llm_limits::AccountId;
    use llm_types::UnixMs;

    use super::*;

    fn ask(limit: i64, need: i64, wish: i64) -> Ask {
        let account = AccountId { name: "a".into(), shelf: "a".into() };
        Ask { account, window: 0, until: UnixMs(0), limit, need, wish, is_booked: true }
    }

    fn amounts(tries: &[Try]) -> Vec<i64> {
        tries.iter().map(|one| one.amount).collect()
    }

    #[test]
    fn from_what_is_wished_down_to_what_is_needed() {
        assert_eq!(amounts(&tries(&ask(1_000, 1, 100), 0, 2)), [100, 25, 6, 1]);
        assert_eq!(amounts(&tries(&ask(1_000, 30, 100), 0, 2)), [100, 30]);
        assert_eq!(amounts(&tries(&ask(50, 1, 100), 0, 2)), [50, 12, 3, 1]);
        assert_eq!(amounts(&tries(&ask(1_000, 5, 5), 0, 2)), [5]);
        assert_eq!(amounts(&tries(&ask(1_000, 0, 0), 0, 2)), [0]);
        assert_eq!(amounts(&tries(&ask(10, 20, 40), 0, 2)), [20]);
        assert!(tries(&ask(i64::MAX, 1, i64::MAX), 0, 2).len() <= 8);
    }

    #[test]
    fn the_others_keep_something_but_for_what_is_needed() {
        let spans: Vec<_> = tries(&ask(1_000, 30, 100), 0, 3).iter().map(|one| one.span).collect();
        assert_eq!(spans, [600, 30]);
        assert_eq!(tries(&ask(1_000, 30, 100), 0, 1)[0].span, 100, "there are no others");
        assert_eq!(tries(&ask(i64::MAX, 1, i64::MAX / 2), 0, 3)[0].span, i64::MAX);
    }

    #[test]
    fn an_even_part_is_counted_with_what_is_held() {
        let evens: Vec<_> = tries(&ask(100, 10, 60), 20, 2).iter().map(|one| one.is_even).collect();
        assert_eq!(evens, [false, true, true]);
        assert!(!tries(&ask(100, 10, 10), 45, 2)[0].is_even);
    }
}
