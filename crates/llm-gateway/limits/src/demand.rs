//! How much a request may take at most.

use llm_pricing::{Rate, Usd};

use crate::Measure;
use crate::account::MOST;

/// How much a request may take: an upper bound, or what an operator prefers to reserve. What is `None` is not asked for:
/// limits of it are left alone. What is asked for and is 0 is let through, and its accounts are charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Demand {
    /// Requests: 1.
    pub requests: Option<i64>,
    /// Requests at a time: 1.
    pub parallel: Option<i64>,
    /// Tokens, read and written.
    pub tokens: Option<i64>,
    /// Nano-dollars.
    pub nanos: Option<i64>,
}

/// How large a request is: tokens, counted high.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// What the model reads.
    pub input: i64,
    /// What it writes at most.
    pub output: i64,
}

/// What tokens cost: of each the dearest rate that may apply, before any discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prices {
    /// A token that the model reads, also into a cache.
    pub input: Rate,
    /// A token that it writes.
    pub output: Rate,
    /// What the request costs besides: searches, images, a price for each call.
    pub request: Usd,
}

/// Units of 10⁻¹⁵ USD in a nano-dollar.
const FEMTOS: i128 = 1_000_000;

impl Prices {
    /// What so many tokens cost at most, in nano-dollars, rounded up. Sums that no budget could hold end at the largest
    /// amount.
    pub fn cost(&self, size: Size) -> i64 {
        let of = |tokens: i64, rate: Rate| i128::from(tokens.max(0)) * i128::from(rate.femtos());
        // Each product is below 2^126: their sum does not overflow.
        let femtos = of(size.input, self.input) + of(size.output, self.output);
        let nanos = femtos.div_euclid(FEMTOS) + i128::from(femtos.rem_euclid(FEMTOS) != 0);
        clamped(nanos + i128::from(self.request.nanos().max(0)))
    }

    /// How many tokens may be written so that all costs no more than `nanos`, and no more than `tokens` are read and
    /// written: `None` if what is read alone is too much. `i64::MAX` if nothing bounds them.
    pub fn fits(&self, input: i64, nanos: Option<i64>, tokens: Option<i64>) -> Option<i64> {
        let by_tokens = tokens.map_or(i64::MAX, |tokens| tokens.saturating_sub(input.max(0)));
        let by_money = match nanos {
            Some(nanos) => {
                let fixed = i128::from(input.max(0)) * i128::from(self.input.femtos());
                let left = (i128::from(nanos) - i128::from(self.request.nanos().max(0))) * FEMTOS - fixed;
                match self.output.femtos() {
                    _ if left < 0 => return None,
                    0 => i64::MAX,
                    rate => i64::try_from(left / i128::from(rate)).unwrap_or(i64::MAX),
                }
            }
            None => i64::MAX,
        };
        Some(by_tokens.min(by_money)).filter(|tokens| *tokens >= 0)
    }
}

impl Size {
    /// The size of a request with a body of so many bytes: no tokenizer makes more tokens of a text than it has bytes.
    /// `beyond` are tokens of what the body only refers to, such as images by their address.
    pub fn of_bytes(bytes: u64, beyond: u64, output: i64) -> Self {
        let input = i64::try_from(bytes.saturating_add(beyond)).unwrap_or(i64::MAX);
        Self { input, output }
    }

    /// All tokens.
    pub fn tokens(self) -> i64 {
        self.input.max(0).saturating_add(self.output.max(0))
    }
}

impl Demand {
    /// What one request of this size may take.
    pub fn of(size: Size, prices: &Prices) -> Self {
        Self::request(size.tokens(), prices.cost(size))
    }

    /// One request, so many tokens, so much money.
    pub fn request(tokens: i64, nanos: i64) -> Self {
        Self { nanos: Some(nanos), ..Self::rates(tokens) }
    }

    /// One request and so many tokens; what it costs is asked for by itself.
    pub fn rates(tokens: i64) -> Self {
        Self { requests: Some(1), parallel: Some(1), tokens: Some(tokens), nanos: None }
    }

    /// So much money alone.
    pub fn money(nanos: i64) -> Self {
        Self { nanos: Some(nanos), ..Self::default() }
    }

    /// Tokens and money alone, beside what is reserved already.
    pub fn more(tokens: i64, nanos: i64) -> Self {
        Self { tokens: Some(tokens), ..Self::money(nanos) }
    }

    pub(crate) fn amount(&self, measure: Measure) -> Option<i64> {
        let amount = match measure {
            Measure::Requests => self.requests,
            Measure::Tokens => self.tokens,
            Measure::Spend => self.nanos,
            Measure::Parallel => self.parallel,
        };
        amount.map(|amount| amount.clamp(0, MOST))
    }
}

fn clamped(nanos: i128) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX)
}
