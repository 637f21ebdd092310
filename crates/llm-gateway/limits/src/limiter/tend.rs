//! What is done from time to time: the lease, what goes back, what is forgotten.

use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};

use llm_types::UnixMs;

use super::{Inner, Limiter};
use crate::account::{Account, Tally, UNBOUNDED};
use crate::flight::Aboard;
use crate::{Ask, Authority, Level, Measure, Refund, Source};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tended {
    /// Whether the lease had run out, and what is in use was claimed again.
    pub was_lost: bool,
    /// Accounts of which shares were given back.
    pub given_back: usize,
    /// Accounts that were forgotten.
    pub forgotten: usize,
}

impl Limiter {
    /// Renews the lease, gives back what is not used, and forgets accounts that nobody refers to. To be called each second,
    /// and not twice at a time.
    pub async fn tend(&self, now: UnixMs) -> Tended {
        let mut tended = Tended::default();
        if let Source::Shared(authority, _) = &self.inner.source {
            tended.was_lost = self.inner.renew(&**authority, now).await;
            if !self.inner.is_away(now) {
                self.inner.compare(&**authority, now).await;
            }
            if !self.inner.is_away(now) {
                tended.given_back = self.inner.give_back(&**authority, now).await;
            }
        }
        tended.forgotten = self.inner.forget(now);
        tended
    }

    /// Gives back all shares that no request uses: when the process ends.
    pub async fn release(&self) {
        let Source::Shared(authority, _) = &self.inner.source else { return };
        let refunds: Vec<Refund> = self.inner.all().iter().filter_map(|account| refund(account)).collect();
        if !refunds.is_empty() {
            // Whatever does not arrive comes back with the lease.
            let _lost = authority.give_back(&refunds).await;
        }
    }
}

impl Inner {
    fn all(&self) -> Vec<Arc<Account>> {
        self.accounts().values().cloned().collect()
    }

    /// Says that this gateway lives, three times in a lease; whether it was too late.
    async fn renew(&self, authority: &dyn Authority, now: UnixMs) -> bool {
        let lease_ms = self.settings.lease_ms;
        let last = self.renewed_at.load(Acquire);
        // By a clock that went back nothing is fresh: others count the lease by theirs.
        let is_fresh = last != i64::MIN && last <= now.0 && now.since(UnixMs(last)) < lease_ms / 3;
        if is_fresh && !self.is_doubtful.swap(false, AcqRel) {
            return false;
        }
        match authority.renew().await {
            Ok(is_held) => {
                self.came_back();
                // From before the question on: the authority began to count later.
                if !is_held {
                    self.claim_again(authority, now).await;
                }
                self.renewed_at.store(now.0, Release);
                self.leased_until.store(now.plus(lease_ms).0, Release);
                // What has never been held cannot have run out.
                !is_held && last != i64::MIN
            }
            Err(_) => {
                // A lease that was never renewed may have begun with the first share; none goes on for longer than this.
                self.leased_until.fetch_min(now.plus(lease_ms).0, AcqRel);
                self.went_away(now);
                false
            }
        }
    }

    /// All shares are lost: what requests have reserved, or spent and nobody has booked, is claimed before anything else.
    async fn claim_again(&self, authority: &dyn Authority, now: UnixMs) {
        let mut lost = Vec::new();
        for account in self.all() {
            let tally = account.last_tally();
            tally.lose();
            let missing = tally.missing(0);
            if missing > 0 && now < tally.until {
                let ask = claim(&account, &tally, missing);
                lost.push((tally, ask));
            }
        }
        if lost.is_empty() {
            return;
        }
        // What is in use is in use: it is claimed whatever the limit, so that nobody else is given it.
        let asks: Vec<Ask> = lost.iter().map(|(_, ask)| ask.clone()).collect();
        match authority.take(&asks).await {
            Ok(grants) => {
                for ((tally, ask), grant) in lost.iter().zip(grants) {
                    tally.claim(grant.granted.min(ask.wish));
                }
            }
            Err(_) => self.went_away(now),
        }
    }

    /// Of models that are shared by priority: tells what priorities were let have while nothing bounded them, which is part
    /// of their shares as soon as these hold, wherever it was; and hears what all have used. Nobody asks for either.
    async fn compare(&self, authority: &dyn Authority, now: UnixMs) {
        let mut compared = Vec::new();
        for account in self.all() {
            let tally = account.last_tally();
            let is_news = match account.level {
                Level::Priority => tally.missing(0) > 0,
                Level::Model => account.idle_ms(now) < self.settings.idle_ms,
                _ => false,
            };
            if !is_news || now >= tally.until {
                continue;
            }
            // Whoever asks for it just now hears and tells it, too.
            let Ok(alone) = Aboard::board(std::iter::once(&account), now) else { continue };
            let ask = claim(&account, &tally, tally.missing(0));
            compared.push((tally, ask, alone));
        }
        if compared.is_empty() {
            return;
        }
        let asks: Vec<Ask> = compared.iter().map(|(_, ask, _)| ask.clone()).collect();
        match authority.take(&asks).await {
            Ok(grants) => {
                for ((tally, ask, _), grant) in compared.iter().zip(grants) {
                    tally.hear(ask.limit, ask.need, grant, false, now);
                }
            }
            Err(_) => self.went_away(now),
        }
    }

    async fn give_back(&self, authority: &dyn Authority, now: UnixMs) -> usize {
        let (mut refunds, mut of, mut aboard) = (Vec::new(), Vec::new(), Vec::new());
        for account in self.all() {
            let tally = account.last_tally();
            if tally.is_doubtful.load(Acquire)
                && now < tally.until
                && let Some((refund, alone)) = refund_of_all(&account, &tally, now)
            {
                tally.is_doubtful.store(false, Release);
                refunds.push(refund);
                of.push(tally);
                aboard.push(alone);
                continue;
            }
            let surplus = tally.surplus();
            let is_to_spare = || account.is_to_spare(&tally, surplus, self.settings.idle_ms, now);
            if surplus > 0 && now < tally.until && is_to_spare() {
                let refund = refund(&account);
                of.extend(refund.is_some().then_some(tally));
                refunds.extend(refund);
            }
        }
        if refunds.is_empty() {
            return 0;
        }
        match authority.give_back(&refunds).await {
            Ok(()) => refunds.len(),
            Err(_) => {
                // Whether it arrived nobody knows, and nothing is ever given twice: what did not goes back when all is at
                // rest, or with the end of the window or the lease.
                of.iter().for_each(|tally| tally.is_doubtful.store(true, Release));
                self.went_away(now);
                0
            }
        }
    }

    fn forget(&self, now: UnixMs) -> usize {
        let mut accounts = self.accounts();
        let before = accounts.len();
        // Nobody gets hold of an account but by this map, or from one who has it already.
        accounts.retain(|_, account| {
            Arc::strong_count(account) > 1
                || account.idle_ms(now) < self.settings.idle_ms
                || !account.is_done(now)
        });
        let forgotten = before - accounts.len();
        if accounts.capacity() > 4 * accounts.len().max(256) {
            accounts.shrink_to_fit();
        }
        forgotten
    }
}

/// What is used already, whatever the limit.
fn claim(account: &Account, tally: &Tally, amount: i64) -> Ask {
    Ask {
        account: account.id.clone(),
        window: tally.start,
        until: tally.until,
        limit: UNBOUNDED,
        need: amount,
        wish: amount,
        is_booked: account.is_booked,
    }
}

/// All that the authority may think is held of an account, if nothing need be held of it. Nobody asks for any before it is
/// back.
fn refund_of_all(account: &Arc<Account>, tally: &Tally, now: UnixMs) -> Option<(Refund, Aboard)> {
    if account.measure == Measure::Requests {
        return None;
    }
    let alone = Aboard::board(std::iter::once(account), now).ok()?;
    let surplus = tally.give_up();
    // Without shares nobody takes anything until the next question is answered.
    if !tally.is_at_rest(account.is_booked) {
        tally.claim(surplus);
        return None;
    }
    Some((Refund { account: account.id.clone(), window: tally.start, amount: UNBOUNDED }, alone))
}

/// Takes out of an account what nobody uses of it.
fn refund(account: &Account) -> Option<Refund> {
    // While somebody asks for it, what is there is not what will be.
    if account.flight().is_some() {
        return None;
    }
    let tally = account.last_tally();
    let amount = tally.give_up();
    (amount > 0).then(|| Refund { account: account.id.clone(), window: tally.start, amount })
}
