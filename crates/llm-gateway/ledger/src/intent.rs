//! What is written before a vendor is asked, and what can be said of a leg of which nothing more is known.

use llm_pricing::Usd;
use llm_types::UnixMs;
use serde::{Deserialize, Serialize};

use crate::{Entry, Flag, LegId, Status, Tokens};

/// That a vendor is about to be asked: an entry whose outcome is not known yet, and what it is to be priced by should
/// the process die before it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The entry as far as it is known: who asks whom, which accounts are charged, what was reserved. Its status,
    /// tokens and costs are not looked at.
    #[serde(rename = "n")]
    pub entry: Entry,
    /// Tokens of the prompt, as estimated.
    #[serde(rename = "p", default, skip_serializing_if = "is_zero")]
    pub prompt_tokens: i64,
    /// What a token that is read costs, in 10⁻¹⁵ USD; 0 if nobody knows.
    #[serde(rename = "ri", default, skip_serializing_if = "is_zero")]
    pub input_rate: i64,
    /// What a token that is written costs, in 10⁻¹⁵ USD; 0 if nobody knows.
    #[serde(rename = "ro", default, skip_serializing_if = "is_zero")]
    pub output_rate: i64,
}

impl Intent {
    /// The entry of a leg that was never settled: [`Status::Interrupted`], estimated from what was known last. It
    /// ends at the checkpoint, or when it began if there is none.
    #[must_use]
    pub fn interrupted(&self, last: Option<&Checkpoint>) -> Entry {
        let prompt = self.prompt_tokens.max(0);
        let completion = last.map_or(0, |last| last.completion_tokens.max(0));
        let cost = price(prompt, self.input_rate, completion, self.output_rate);
        let unpriced = self.input_rate <= 0 && self.output_rate <= 0;
        Entry {
            status: Status::Interrupted,
            flags: self.entry.flags.with(Flag::Estimated).with_if(unpriced, Flag::Unpriced),
            tokens: Tokens { prompt, completion, ..Tokens::default() },
            cost,
            list_cost: cost,
            ended: last.map_or(self.entry.started, |last| last.at.max(self.entry.started)),
            ..self.entry.clone()
        }
    }
}

/// How far the answer of a leg has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Which leg.
    #[serde(flatten)]
    pub id: LegId,
    /// Tokens written so far, as estimated.
    #[serde(rename = "o")]
    pub completion_tokens: i64,
    /// When that was.
    #[serde(rename = "at")]
    pub at: UnixMs,
}

/// Rounded once, half to even; the nearest amount if none fits.
fn price(prompt: i64, input_rate: i64, completion: i64, output_rate: i64) -> Usd {
    const FEMTOS: i128 = 1_000_000;
    let product = |tokens: i64, rate: i64| i128::from(tokens) * i128::from(rate.max(0));
    let exact = product(prompt, input_rate) + product(completion, output_rate);
    let (whole, rest) = (exact / FEMTOS, exact % FEMTOS);
    let up = rest * 2 > FEMTOS || (rest * 2 == FEMTOS && whole % 2 == 1);
    Usd::from_nanos(i64::try_from(whole + i128::from(up)).unwrap_or(i64::MAX))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RequestId;

    fn intent(prompt_tokens: i64, input_rate: i64, output_rate: i64) -> Intent {
        let entry = serde_json::json!({
            "r": RequestId::new(uuid::Uuid::nil()), "l": 1, "s": "answered", "f": Flag::Streamed as u32,
            "b": 1_000, "tok": {"i": 7}, "c": "1", "res": "0.5", "ch": [{"a": "usd:30d:team/t1"}],
        });
        let entry = serde_json::from_value(entry).unwrap();
        Intent { entry, prompt_tokens, input_rate, output_rate }
    }

    fn checkpoint(completion_tokens: i64, at: i64) -> Checkpoint {
        let id = LegId { request: RequestId::new(uuid::Uuid::nil()), leg: 1 };
        Checkpoint { id, completion_tokens, at: UnixMs(at) }
    }

    #[test]
    fn an_interrupted_leg_is_priced_from_its_last_checkpoint() {
        // 1,000 at 2.5 and 300 at 10 dollars a million.
        let intent = intent(1_000, 2_500_000_000, 10_000_000_000);
        let entry = intent.interrupted(Some(&checkpoint(300, 4_000)));
        assert_eq!((entry.status, entry.cost), (Status::Interrupted, Usd::from_nanos(5_500_000)));
        assert_eq!((entry.tokens.prompt, entry.tokens.completion), (1_000, 300));
        assert_eq!((entry.started, entry.ended), (UnixMs(1_000), UnixMs(4_000)));
        assert_eq!(entry.reserved, Usd::from_nanos(500_000_000));
        assert_eq!(entry.charges, intent.entry.charges);
        assert!(entry.flags.has(Flag::Estimated) && entry.flags.has(Flag::Streamed));
        assert!(!entry.flags.has(Flag::Unpriced));

        let entry = intent.interrupted(None);
        assert_eq!((entry.cost, entry.ended), (Usd::from_nanos(2_500_000), UnixMs(1_000)));
    }

    #[test]
    fn an_unknown_price_is_told() {
        let entry = intent(1_000, 0, 0).interrupted(Some(&checkpoint(5, 1)));
        assert_eq!((entry.cost, entry.flags.has(Flag::Unpriced)), (Usd::ZERO, true));
        assert_eq!(entry.ended, UnixMs(1_000), "it does not end before it began");
    }

    #[test]
    fn halves_go_to_the_even_neighbour_and_nothing_overflows() {
        let cost = |tokens, rate| intent(tokens, rate, 0).interrupted(None).cost.nanos();
        assert_eq!([cost(1, 499_999), cost(1, 500_000), cost(1, 500_001)], [0, 0, 1]);
        assert_eq!([cost(3, 500_000), cost(5, 500_000), cost(7, 500_000)], [2, 2, 4]);
        assert_eq!(cost(i64::MAX, i64::MAX), i64::MAX);
        assert_eq!(cost(-5, 1_000_000), 0);
        assert_eq!(cost(5, -1_000_000), 0);
    }

    #[test]
    fn members_of_later_versions_are_passed_over() {
        let text = serde_json::to_string(&intent(1, 2, 3)).unwrap();
        let later =
            text.replacen('{', r#"{"new":[1,{"a":null}],"#, 1).replacen(r#""r":"#, r#""zz":{},"r":"#, 1);
        assert_eq!(serde_json::from_str::<Intent>(&later).unwrap(), intent(1, 2, 3));
    }
}
