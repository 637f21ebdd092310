//! Whether a streamed answer stays within what is reserved for it.

use std::sync::Arc;

use llm_limits::{Extension, Refusal, Reservation};
use llm_provider_core::Seen;
use llm_types::UnixMs;

use super::Allowance;
use crate::ledger::Hold;
use crate::pricing::{BYTES_PER_TOKEN, Pricing};

/// Tokens by which what is reserved is extended: a quarter of it, but no fewer and no more than these.
const STEP: (u64, u64) = (64, 4_096);
/// Tokens that are asked for beyond what has been written, where there is no room for a whole step.
const LEAST_STEP: u64 = 16;
/// Bytes of an answer after which it is looked at again at the earliest.
const PACE: u64 = 256;
/// Bytes for each token that is reserved after which it is looked at first: few texts have as many tokens.
const FIRST: u64 = 3;

/// Watches a streamed answer that counts against limits.
#[derive(Debug)]
pub(crate) struct Meter {
    allowance: Arc<Allowance>,
    hold: Option<Arc<Hold>>,
    pricing: Arc<Pricing>,
    /// Tokens of the answer that the rates have been reserved for; `None` if none bound tokens.
    of_rates: Option<u64>,
    /// Tokens of the answer that money has been set aside for; `None` if none is bounded.
    of_money: Option<u64>,
    /// Bytes of the answer up to which nobody looks.
    until: u64,
    /// Whether it has passed for certain what was reserved at first.
    is_passed: bool,
}

/// An answer has passed what is reserved for it.
pub(crate) struct Overrun {
    /// Tokens that are wanted at best, and at least.
    steps: [u64; 2],
    /// Tokens that have been written, and bytes.
    written: (u64, u64),
    rates: Option<Extension>,
    money: Option<(Extension, Arc<Hold>)>,
    now: UnixMs,
}

/// What was reserved in addition.
#[derive(Debug, Default)]
pub(crate) struct Extended {
    pub(crate) rates: Option<Reservation>,
    money: Option<Reservation>,
    tokens: u64,
    written: (u64, u64),
}

impl Meter {
    /// Watches an answer of which `before` bytes have come already, by others. `None` if it counts against nothing that is
    /// bounded.
    pub(crate) fn new(
        allowance: Arc<Allowance>,
        rates: Option<&Reservation>,
        hold: Option<Arc<Hold>>,
        pricing: Arc<Pricing>,
        before: u64,
    ) -> Option<Self> {
        let rates = rates.filter(|rates| rates.tokens() > 0);
        let told = before.div_ceil(BYTES_PER_TOKEN);
        let of_rates = rates.map(|_| allowance.output().saturating_sub(told));
        let of_money = hold.as_ref().and_then(|hold| hold.output());
        let reserved = of_rates.into_iter().chain(of_money).min()?;
        let until = reserved.saturating_mul(FIRST);
        Some(Self { allowance, hold, pricing, of_rates, of_money, until, is_passed: false })
    }

    /// Whether it is time to look. Costs nothing.
    pub(crate) const fn is_due(&self, seen: &Seen) -> bool {
        seen.content_bytes > self.until
    }

    /// Whether a stream that cannot be paid for is ended; else it is only told of.
    pub(crate) fn ends_streams(&self) -> bool {
        self.allowance.is_bound()
    }

    /// Looks at what has come of the answer; what is to be reserved, if it has passed what is. Nobody who obeys a limit is
    /// taken to have passed it by a guess: where that may end an answer, its tokens are counted, and counted low until the
    /// limit that it was given is passed for certain.
    pub(crate) fn look(&mut self, seen: &Seen, rates: Option<&Reservation>, now: UnixMs) -> Option<Overrun> {
        let reserved = self.reserved();
        let written = if self.ends_streams() {
            self.pricing.count(seen)
        } else {
            seen.content_bytes.div_ceil(BYTES_PER_TOKEN)
        };
        if self.ends_streams() && !self.is_passed {
            let low = self.pricing.counted_low(written);
            if low <= reserved {
                self.wait(seen.content_bytes, low);
                return None;
            }
            self.is_passed = true;
        }
        if written <= reserved {
            self.wait(seen.content_bytes, written);
            return None;
        }
        let least = written - reserved + LEAST_STEP;
        let most = (reserved / 4).clamp(STEP.0, STEP.1).max(least);
        let money = self.hold.clone().filter(|_| self.of_money.is_some());
        Some(Overrun {
            steps: [most, least],
            written: (written, seen.content_bytes),
            rates: rates.filter(|_| self.of_rates.is_some()).map(Reservation::extension),
            money: money.and_then(|hold| Some((hold.extension()?, hold))),
            now,
        })
    }

    /// So much more is reserved. What of it is the rates' is left to whoever holds those.
    pub(crate) fn extend(&mut self, extended: &mut Extended) {
        if let Some((more, hold)) = extended.money.take().zip(self.hold.as_ref()) {
            hold.join(more);
        }
        for reserved in [&mut self.of_rates, &mut self.of_money].into_iter().flatten() {
            *reserved = reserved.saturating_add(extended.tokens);
        }
        let (tokens, bytes) = extended.written;
        self.wait(bytes, tokens);
    }

    fn reserved(&self) -> u64 {
        self.of_rates.into_iter().chain(self.of_money).min().unwrap_or(u64::MAX)
    }

    /// The next look is when as much more is written as is reserved, if it goes on as it did.
    fn wait(&mut self, bytes: u64, tokens: u64) {
        let left = u128::from(self.reserved().saturating_sub(tokens));
        let more = left * u128::from(bytes) / u128::from(tokens.max(1));
        self.until = bytes.saturating_add(u64::try_from(more).unwrap_or(u64::MAX).max(PACE));
    }
}

impl Overrun {
    /// Reserves more: a step ahead, or where that is too much what has been written already.
    ///
    /// # Errors
    /// The limit that is in the way.
    pub(crate) async fn extend(self) -> Result<Extended, Refusal> {
        let [most, least] = self.steps;
        match self.take(most).await {
            Err(_) if least < most => self.take(least).await,
            taken => taken,
        }
    }

    async fn take(&self, tokens: u64) -> Result<Extended, Refusal> {
        let mut extended = Extended { tokens, written: self.written, ..Extended::default() };
        let more = i64::try_from(tokens).unwrap_or(i64::MAX);
        if let Some(rates) = &self.rates {
            extended.rates = Some(rates.take(more, 0, self.now).await?);
        }
        if let Some((money, hold)) = &self.money {
            extended.money = Some(money.take(0, hold.cost(more), self.now).await?);
        }
        Ok(extended)
    }
}
