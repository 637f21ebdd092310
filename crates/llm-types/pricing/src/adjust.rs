//! Discounts and margins: what a deployment pays less, and what its users pay more.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess};

use crate::money::Text;
use crate::wide::Wide;
use crate::{Factor, Usd};

/// A discount, and then a margin on what is left: a share of it, and a fixed amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Adjustment {
    /// The share that is taken off: `0.05` is five per cent. More than one takes off everything.
    pub discount: Factor,
    /// What is put on.
    pub margin: Margin,
}

/// What is put on a cost.
///
/// In configuration a share, such as `0.1`, or an object with `percentage` (a share as well) and `fixed_amount`
/// (dollars an answer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Margin {
    /// A share of the cost: `0.1` is ten per cent.
    pub share: Factor,
    /// Dollars an answer, never below zero.
    pub fixed: Usd,
}

impl Adjustment {
    /// What is paid of an amount, rounded once, half to even. Less than nothing stays as it is. `None` when it does not fit.
    pub fn of(self, amount: Usd) -> Option<Usd> {
        match u64::try_from(amount.nanos()) {
            Ok(nanos) if self != Self::default() => {
                self.apply(Wide::new(nanos.into(), 9))?.round(9).map(Usd::from_nanos)
            }
            _ => Some(amount),
        }
    }

    /// `None` when it does not fit.
    pub(crate) fn apply(self, list: Wide) -> Option<Wide> {
        let mut amount = list;
        if self.discount != Factor::ZERO {
            amount = amount.times(self.discount.rest().nanos().unsigned_abs(), 9)?;
        }
        if self.margin.share != Factor::ZERO {
            amount = amount.times(self.margin.share.and_one(), 9)?;
        }
        match u64::try_from(self.margin.fixed.nanos()) {
            Ok(fixed) if fixed > 0 => amount.plus(Wide::new(fixed.into(), 9)),
            _ => Some(amount),
        }
    }
}

/// Discounts by vendor, or by vendor and a pattern of model names: `vertex_ai`, `vertex_ai/gemini-2.5-*`.
///
/// In patterns `*` is any text and `?` any character.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(transparent)]
pub struct Discounts(pub BTreeMap<String, Share>);

/// A share between nothing and everything, such as `0.05`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share(pub Factor);

/// Margins by vendor, and under `global` for all others.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(transparent)]
pub struct Margins(pub BTreeMap<String, Margin>);

impl Discounts {
    /// The discount on a model: under its own name, else under the pattern with most characters of its own, else under
    /// its vendor.
    pub fn find(&self, vendor: &str, model: &str) -> Factor {
        let model = model.strip_prefix(vendor).and_then(|rest| rest.strip_prefix('/')).unwrap_or(model);
        let patterns = self.0.iter().filter_map(|(key, share)| {
            let (of, pattern) = key.split_once('/')?;
            (of == vendor && is_match(pattern, model)).then_some((pattern, share))
        });
        let best = patterns.max_by_key(|(pattern, _)| {
            (*pattern == model, pattern.chars().filter(|letter| !matches!(letter, '*' | '?')).count())
        });
        best.map(|(_, share)| share).or_else(|| self.0.get(vendor)).map_or(Factor::ZERO, |share| share.0)
    }
}

impl Margins {
    /// The margin on a vendor's models.
    pub fn find(&self, vendor: &str) -> Margin {
        self.0.get(vendor).or_else(|| self.0.get("global")).copied().unwrap_or_default()
    }
}

/// Whether a text matches a pattern, in time proportional to the product of their lengths.
fn is_match(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // Which beginnings of the text match the pattern so far.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for letter in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match letter {
                '*' => reached[at] || (at > 0 && next[at - 1]),
                '?' => at > 0 && reached[at - 1],
                letter => at > 0 && reached[at - 1] && text[at - 1] == letter,
            };
        }
        reached = next;
    }
    reached[text.len()]
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let share = Factor::deserialize(deserializer)?;
        if share > Factor::ONE {
            return Err(de::Error::custom(format_args!(
                "{share} is more than the whole; five per cent is 0.05"
            )));
        }
        Ok(Self(share))
    }
}

impl<'de> Deserialize<'de> for Margin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MarginVisitor)
    }
}

struct MarginVisitor;

impl<'de> de::Visitor<'de> for MarginVisitor {
    type Value = Margin;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a share such as 0.1, or an object with `percentage` and `fixed_amount`")
    }

    fn visit_f64<E: de::Error>(self, float: f64) -> Result<Margin, E> {
        self.visit_str(&Text("").visit_f64::<E>(float)?)
    }

    fn visit_u64<E: de::Error>(self, whole: u64) -> Result<Margin, E> {
        self.visit_str(&whole.to_string())
    }

    fn visit_i64<E: de::Error>(self, whole: i64) -> Result<Margin, E> {
        self.visit_str(&whole.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Margin, E> {
        let share = text.parse().map_err(|error| E::custom(format_args!("{text} {error}")))?;
        Ok(Margin { share, fixed: Usd::ZERO })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Margin, A::Error> {
        let mut margin = Margin::default();
        while let Some(key) = access.next_key::<String>()? {
            match key.as_str() {
                "percentage" => margin.share = access.next_value()?,
                "fixed_amount" => margin.fixed = access.next_value()?,
                other => return Err(de::Error::unknown_field(other, &["percentage", "fixed_amount"])),
            }
        }
        if margin.fixed < Usd::ZERO {
            return Err(de::Error::custom("fixed_amount is below zero"));
        }
        Ok(margin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_discount_wins() {
        let json = r#"{"vertex_ai":0.05,"vertex_ai/gemini-*":"0.1","vertex_ai/gemini-2.5-*":0.2,
            "vertex_ai/gemini-2.5-pro":0.3,"openai/gpt-?":0.5}"#;
        let discounts: Discounts = serde_json::from_str(json).unwrap();
        let find = |vendor, model| discounts.find(vendor, model).to_string();
        assert_eq!(find("vertex_ai", "claude"), "0.05");
        assert_eq!(find("vertex_ai", "gemini-3"), "0.1");
        assert_eq!(find("vertex_ai", "vertex_ai/gemini-2.5-flash"), "0.2");
        assert_eq!(find("vertex_ai", "gemini-2.5-pro"), "0.3");
        assert_eq!(find("openai", "gpt-5"), "0.5");
        assert_eq!(find("openai", "gpt-55"), "0");
    }

    #[test]
    fn margins_are_a_number_or_an_object() {
        let json = r#"{"global":0.1,"openai":{"percentage":"0.08","fixed_amount":0.0005}}"#;
        let margins: Margins = serde_json::from_str(json).unwrap();
        assert_eq!(margins.find("anthropic").share.to_string(), "0.1");
        assert_eq!(margins.find("openai").fixed.to_string(), "0.0005");
        assert_eq!(Margins::default().find("openai"), Margin::default());
    }

    #[test]
    fn nonsense_is_refused() {
        let error = |json| serde_json::from_str::<Discounts>(json).unwrap_err().to_string();
        assert!(error(r#"{"openai":5}"#).starts_with("5 is more than the whole"));
        assert!(error(r#"{"openai":-0.1}"#).starts_with("-0.1 is below zero"));
        let error = |json| serde_json::from_str::<Margin>(json).unwrap_err().to_string();
        assert!(error(r#"{"fixed_amount":-1}"#).starts_with("fixed_amount is below zero"));
        assert!(error(r#"{"percent":1}"#).contains("percentage"));
    }

    #[test]
    fn patterns_match_as_shells_do() {
        for (pattern, text, yes) in
            [("", "", true), ("*", "", true), ("a*c", "abbc", true), ("a*c", "abbd", false), ("?", "é", true)]
        {
            assert_eq!(is_match(pattern, text), yes, "{pattern} {text}");
        }
    }
}
