//! What one request may take: of rates once, of money for each attempt.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;
use llm_identity::Identity;
use llm_limits::{
    Asked, Bounds, Demand, Measure, Outlook, Prices, Refusal, RefusalKind, Remaining, Reservation, Size,
};
use llm_types::{ApiError, UnixMs};
use smallvec::SmallVec;

use super::{Other, Others, Quotas, told};
use crate::config::BudgetReservation;
use crate::headers::Values;
use crate::ledger::Hold;

/// Tokens that an answer may have where neither the request nor what is known of the model bounds it.
const UNKNOWN_OUTPUT: u64 = 131_072;
/// Tokens that an answer is taken to have where what is usual is reserved, and nobody says what is.
const USUAL_OUTPUT: u64 = 1_024;
/// Fewer tokens are no answer: a request that has room for less is refused.
const LEAST_OUTPUT: i64 = 16;

/// What a request wants, as far as limits look at it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The names of its model: as the client said it, and what that means.
    pub(crate) models: SmallVec<[Box<str>; 2]>,
    /// The access groups that the model's deployments name.
    pub(crate) model_groups: Vec<String>,
    /// Its labels.
    pub(crate) tags: Vec<String>,
    /// Bytes of text that the model reads: no tokenizer makes more tokens of them.
    pub(crate) bytes: u64,
    /// Tokens of what is no text, counted high.
    pub(crate) media: u64,
    /// Tokens that one answer to it has at most; `None` where it does not say.
    pub(crate) output: Option<u64>,
    /// Tokens that one answer of the model has at most, if that is known.
    pub(crate) most_output: Option<u64>,
    /// How many answers it wants at once, if more than one.
    pub(crate) choices: u64,
    /// Searches of the web that the vendor may make for it.
    pub(crate) searches: u64,
    /// Whether nothing in it is priced otherwise than plain text.
    pub(crate) is_plain: bool,
    /// Whether no deployment of the model is well.
    pub(crate) is_failing: bool,
}

/// What one request may take.
#[derive(Debug)]
pub(crate) struct Allowance {
    quotas: Arc<Quotas>,
    identity: Arc<Identity>,
    /// What bounds whom it is for, and its labels.
    others: Others,
    wanted: Wanted,
    /// Tokens that each of its answers may have at most, because no more are left; the vendor is told so.
    cap: Option<u64>,
}

impl Quotas {
    /// Reserves the rates that a request counts against; what it may cost is reserved for each attempt. `count` counts the
    /// tokens that are read, where the bound by bytes is too high to fit.
    ///
    /// # Errors
    /// 429 with the limit that is in the way, 503 if it cannot be looked up.
    pub(crate) async fn admit(
        self: &Arc<Self>,
        identity: &Arc<Identity>,
        others: Others,
        wanted: Wanted,
        count: impl Future<Output = Option<u64>>,
        now: UnixMs,
    ) -> Result<(Allowance, Option<Reservation>), ApiError> {
        let mut allowance =
            Allowance { quotas: self.clone(), identity: identity.clone(), others, wanted, cap: None };
        let (rates, cap) = allowance.rates(count, now).await.map_err(|refusal| self.refuse(&refusal, now))?;
        allowance.cap = cap;
        Ok((allowance, rates))
    }

    pub(crate) fn refuse(&self, refusal: &Refusal, now: UnixMs) -> ApiError {
        told::refused(refusal, self.budget_status, now)
    }
}

impl Allowance {
    /// Reserves rates; with them the tokens that the answer may have at most, because no more are left.
    async fn rates(
        &self,
        count: impl Future<Output = Option<u64>>,
        now: UnixMs,
    ) -> Result<(Option<Reservation>, Option<u64>), Refusal> {
        if !self.is_bounded(&[Measure::Requests, Measure::Tokens, Measure::Parallel]) {
            return Ok((None, None));
        }
        let (bounds, mut size) = (self.bounds(), self.size(self.output()));
        let mut demand = Demand::rates(size.tokens());
        let mut refusal = match self.reserve(&bounds, demand, now).await {
            Ok(rates) => return Ok((Some(rates), None)),
            Err(refusal) => refusal,
        };
        let least = if self.wanted.output.is_some() { size.output } else { LEAST_OUTPUT };
        // Where there is no room for the answer alone nothing need be counted.
        if refusal.kind == RefusalKind::Tokens
            && refusal.left() > least
            && let Some(counted) = count.await
        {
            size.input = size.input.min(self.counted_input(counted));
            demand = Demand::rates(size.tokens());
            refusal = match self.reserve(&bounds, demand, now).await {
                Ok(rates) => return Ok((Some(rates), None)),
                Err(refusal) => refusal,
            };
        }
        if refusal.kind != RefusalKind::Tokens || self.wanted.output.is_some() {
            return Err(refusal);
        }
        // An answer of no set length is given the room that there is.
        let names = self.names();
        let room = self.quotas.limiter.room(&bounds, &self.asked(&names, demand), now).await;
        let fits = Prices::default().fits(size.input, None, room.tokens);
        let Some((cap, output)) = fits.and_then(|fits| self.cap_of(fits)) else { return Err(refusal) };
        let demand = Demand::rates(size.input.saturating_add(output));
        let rates = self.reserve(&bounds, demand, now).await?;
        Ok((Some(rates), Some(cap)))
    }

    /// Sets aside what an attempt may cost; `None` if no money of the caller's is bounded.
    ///
    /// `prices` are the most that a token costs there; `count` counts the tokens that are read, where the bound by bytes is
    /// too high to fit.
    ///
    /// # Errors
    /// 429 with the budget that is in the way, 503 if it cannot be looked up.
    pub(crate) async fn hold(
        &self,
        prices: Option<Prices>,
        count: impl Future<Output = Option<u64>>,
        now: UnixMs,
    ) -> Result<Option<Arc<Hold>>, ApiError> {
        if !self.is_bounded(&[Measure::Spend]) {
            return Ok(self.cap.map(|cap| Arc::new(Hold::capped(cap, self.output()))));
        }
        let bounds = self.bounds();
        let prices = prices.unwrap_or_default();
        let output = self.output();
        let hold = |reservation, cap: Option<u64>| {
            let output = cap.map_or(output, |cap| self.of_all(cap));
            Some(Arc::new(Hold::new(reservation, cap, output, prices)))
        };
        let mut size = self.size(output);
        let mut refusal = match self.reserve(&bounds, Demand::money(prices.cost(size)), now).await {
            Ok(reservation) => return Ok(hold(reservation, self.cap)),
            Err(refusal) => refusal,
        };
        if refusal.kind != RefusalKind::Budget {
            return Err(self.quotas.refuse(&refusal, now));
        }
        if let Some(counted) = count.await {
            size.input = size.input.min(self.counted_input(counted));
            refusal = match self.reserve(&bounds, Demand::money(prices.cost(size)), now).await {
                Ok(reservation) => return Ok(hold(reservation, self.cap)),
                Err(refusal) => refusal,
            };
        }
        if self.wanted.output.is_none() {
            let names = self.names();
            let room = self.quotas.limiter.room(&bounds, &self.asked(&names, Demand::default()), now).await;
            let fits = prices.fits(size.input, room.nanos, None);
            if let Some((cap, output)) =
                fits.filter(|fits| *fits < size.output).and_then(|fits| self.cap_of(fits))
            {
                let cost = prices.cost(Size { output, ..size });
                if let Ok(reservation) = self.reserve(&bounds, Demand::money(cost), now).await {
                    return Ok(hold(reservation, Some(cap)));
                }
            }
        }
        Err(self.quotas.refuse(&refusal, now))
    }

    /// What a request may take, to be looked at alone.
    pub(crate) fn foreseen(
        quotas: &Arc<Quotas>,
        identity: &Arc<Identity>,
        others: Others,
        wanted: Wanted,
    ) -> Self {
        Self { quotas: quotas.clone(), identity: identity.clone(), others, wanted, cap: None }
    }

    /// How the limits stand that the request is under, and whether they would refuse it: as it would be weighed, without
    /// anything being reserved. With it the tokens that the answer might have at most, where no more are left.
    pub(crate) async fn outlook(
        &self,
        prices: Option<Prices>,
        count: impl Future<Output = Option<u64>>,
        now: UnixMs,
    ) -> (Vec<Outlook>, Option<u64>) {
        let (bounds, names, prices) = (self.bounds(), self.names(), prices.unwrap_or_default());
        let limiter = &self.quotas.limiter;
        let look = async |size: Size| {
            let found = limiter.outlook(&bounds, &self.asked(&names, Demand::of(size, &prices)), now).await;
            let is_refused = found.iter().any(|outlook| outlook.refuses);
            (found, is_refused)
        };
        let mut size = self.size(self.output());
        let (first, is_refused) = look(size).await;
        if !is_refused {
            return (first, None);
        }
        if let Some(counted) = count.await {
            size.input = size.input.min(self.counted_input(counted));
            if let (found, false) = look(size).await {
                return (found, None);
            }
        }
        if self.wanted.output.is_none() {
            let room = limiter.room(&bounds, &self.asked(&names, Demand::default()), now).await;
            let fits = prices.fits(size.input, room.nanos, room.tokens);
            if let Some((cap, output)) =
                fits.filter(|fits| *fits < size.output).and_then(|fits| self.cap_of(fits))
                && let (found, false) = look(Size { output, ..size }).await
            {
                return (found, Some(cap));
            }
        }
        (first, None)
    }

    /// Which models to ask instead of one whose own budget is spent, in order.
    pub(crate) fn budget_fallbacks(&self) -> &[Box<str>] {
        self.identity.bounds.budget_fallbacks(&self.names())
    }

    /// Tokens that are reserved for all answers: what the request says, else the model's maximum, what is usual, or what
    /// there is room for.
    pub(crate) fn output(&self) -> u64 {
        self.cap.map_or_else(|| self.of_all(self.wanted_output()), |cap| self.of_all(cap))
    }

    /// Tokens of all answers, where each has so many.
    const fn of_all(&self, each: u64) -> u64 {
        each.saturating_mul(self.choices())
    }

    /// How many answers are written.
    const fn choices(&self) -> u64 {
        if self.wanted.choices == 0 { 1 } else { self.wanted.choices }
    }

    /// What each answer may have where there is room for so many tokens, and what that is for all of them; `None` if that
    /// would be no answers.
    fn cap_of(&self, room: i64) -> Option<(u64, i64)> {
        let cap = u64::try_from(room).ok()? / self.choices();
        let is_answer = i64::try_from(cap).is_ok_and(|cap| cap >= LEAST_OUTPUT);
        is_answer.then(|| (cap, i64::try_from(self.of_all(cap)).unwrap_or(i64::MAX)))
    }

    /// What is read, where its text was counted.
    fn counted_input(&self, text: u64) -> i64 {
        i64::try_from(text.saturating_add(self.wanted.media)).unwrap_or(i64::MAX)
    }

    /// Whether a stream that would pass what is reserved is ended.
    pub(crate) fn is_bound(&self) -> bool {
        matches!(self.quotas.reservation, BudgetReservation::Bound)
    }

    /// Searches of the web that the vendor may make.
    pub(crate) const fn searches(&self) -> u64 {
        self.wanted.searches
    }

    /// Whether nothing in the request is priced otherwise than plain text.
    pub(crate) const fn is_plain(&self) -> bool {
        self.wanted.is_plain
    }

    /// Tells what is left of the limits that the request is under: of rates, what is reserved of them.
    pub(crate) fn tell(
        &self,
        rates: Option<&Reservation>,
        now: UnixMs,
        values: &mut Values,
        map: &mut HeaderMap,
    ) {
        let rates = rates.map(|rates| rates.remaining(now)).unwrap_or_default();
        let key_budget = self.quotas.limiter.key_budget(&self.identity.bounds, now);
        let remaining = Remaining { key_budget, ..rates };
        told::tell(&remaining, &self.identity.key, now, values, map);
    }

    async fn reserve(&self, bounds: &[&Bounds], demand: Demand, now: UnixMs) -> Result<Reservation, Refusal> {
        let (limiter, names) = (&self.quotas.limiter, self.names());
        let asked = self.asked(&names, demand);
        match limiter.try_reserve(bounds, &asked, now)? {
            Some(reservation) => Ok(reservation),
            // Boxed: hardly any request waits for it.
            None => Box::pin(limiter.reserve(bounds, &asked, now)).await,
        }
    }

    fn bounds(&self) -> SmallVec<[&Bounds; 4]> {
        let own = [&self.identity.bounds, &self.quotas.proxy];
        let others = self.others.iter().map(Other::bounds);
        own.into_iter().chain(others).filter(|bounds| !bounds.is_empty()).collect()
    }

    fn is_bounded(&self, measures: &[Measure]) -> bool {
        self.bounds().iter().any(|bounds| bounds.iter().any(|bound| measures.contains(&bound.measure)))
    }

    fn names(&self) -> SmallVec<[&str; 2]> {
        self.wanted.models.iter().map(|name| &**name).collect()
    }

    fn asked<'a>(&'a self, names: &'a [&'a str], demand: Demand) -> Asked<'a> {
        Asked {
            models: names,
            model_groups: &self.wanted.model_groups,
            tags: &self.wanted.tags,
            server: None,
            is_failing: self.wanted.is_failing,
            demand,
        }
    }

    /// Tokens that one answer may have: what the request says, else the model's maximum, or what is usual.
    fn wanted_output(&self) -> u64 {
        let Wanted { output, most_output, .. } = &self.wanted;
        if let Some(output) = output {
            return *output;
        }
        let most = most_output.unwrap_or(UNKNOWN_OUTPUT);
        match self.quotas.reservation {
            BudgetReservation::Bound => most,
            BudgetReservation::Estimate => {
                let named = self.identity.bounds.estimated_output(&self.names());
                named.and_then(|tokens| u64::try_from(tokens).ok()).unwrap_or(USUAL_OUTPUT).min(most)
            }
        }
    }

    fn size(&self, output: u64) -> Size {
        let output = i64::try_from(output).unwrap_or(i64::MAX);
        let Wanted { bytes, media, .. } = self.wanted;
        match self.quotas.reservation {
            BudgetReservation::Bound => Size::of_bytes(bytes, media, output),
            BudgetReservation::Estimate => {
                Size::of_bytes(bytes.div_ceil(crate::pricing::BYTES_PER_TOKEN), media, output)
            }
        }
    }
}

impl Wanted {
    /// A model's name, once.
    pub(crate) fn named(&mut self, name: Cow<'_, str>) {
        if self.models.iter().all(|own| **own != *name) {
            self.models.push(name.into());
        }
    }
}
