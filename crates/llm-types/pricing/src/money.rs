//! Amounts of money and prices of units, as whole numbers of very small parts.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::decimal::{self, AmountError, Decimal};

/// An amount of money: whole nano-dollars (10⁻⁹ USD), up to about nine thousand million dollars.
///
/// Shown and stored as decimal text: `0.03825`. In JSON it is a string, so that no reader makes a float of it;
/// a JSON number is read as well. [`usd::number`](crate::usd::number) writes a number where a client expects one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd(i64);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount.
    pub const MAX: Self = Self(i64::MAX);

    /// From nano-dollars.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// In nano-dollars.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The sum, unless it does not fit.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(nanos) => Some(Self(nanos)),
            None => None,
        }
    }

    /// The difference, unless it does not fit.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(nanos) => Some(Self(nanos)),
            None => None,
        }
    }

    /// The sum, or the nearest amount that fits: a budget never overflows into credit.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, or the nearest amount that fits.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::saturating_add)
    }
}

/// The price of one unit: whole 10⁻¹⁵ USD, never below zero, up to about 9,223 dollars a unit.
///
/// Read from decimal text such as `2.5e-06`, exactly or not at all. A number that serde hands over as a float is
/// read as its shortest decimal text, which is the text that was written if that had at most 15 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Rate(i64);

impl Rate {
    /// Free of charge; not the same as an unknown price, which is `None`.
    pub const FREE: Self = Self(0);

    /// From units of 10⁻¹⁵ USD; `None` below zero.
    pub const fn from_femtos(femtos: i64) -> Option<Self> {
        if femtos < 0 { None } else { Some(Self(femtos)) }
    }

    /// In units of 10⁻¹⁵ USD.
    pub const fn femtos(self) -> i64 {
        self.0
    }

    /// The nearest rate to a text, half to even: for prices that somebody has kept as floats.
    ///
    /// # Errors
    /// When the text is no number, below zero or too large.
    pub fn nearest(text: &str) -> Result<Self, AmountError> {
        Self::checked(Decimal::parse(text)?.nearest(15)?)
    }

    /// The price of a million units.
    pub const fn per_million(self) -> Usd {
        // 10⁶ × 10⁻¹⁵ is 10⁻⁹: the same whole number.
        Usd(self.0)
    }

    const fn checked(femtos: i64) -> Result<Self, AmountError> {
        if femtos < 0 { Err(AmountError::Negative) } else { Ok(Self(femtos)) }
    }
}

/// A factor or a share: whole 10⁻⁹, never below zero. `1.1` is ten per cent more, `0.05` is five per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Factor(i64);

impl Factor {
    /// Nothing at all.
    pub const ZERO: Self = Self(0);
    /// Unchanged.
    pub const ONE: Self = Self(Self::PARTS);
    /// How many parts make one.
    const PARTS: i64 = 1_000_000_000;

    /// From parts of 10⁻⁹; `None` below zero.
    pub const fn from_nanos(nanos: i64) -> Option<Self> {
        if nanos < 0 { None } else { Some(Self(nanos)) }
    }

    /// In parts of 10⁻⁹.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// What is left of one; nothing if this is more than one.
    pub(crate) const fn rest(self) -> Self {
        if self.0 >= Self::PARTS { Self::ZERO } else { Self(Self::PARTS - self.0) }
    }

    /// This and one more, in parts of 10⁻⁹.
    pub(crate) const fn and_one(self) -> u64 {
        self.0.unsigned_abs() + Self::PARTS.unsigned_abs()
    }

    const fn checked(nanos: i64) -> Result<Self, AmountError> {
        if nanos < 0 { Err(AmountError::Negative) } else { Ok(Self(nanos)) }
    }
}

/// An exact amount before rounding: whole 10⁻¹⁸ USD, never below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Exact(pub(crate) u128);

impl Exact {
    /// In units of 10⁻¹⁸ USD.
    pub const fn attos(self) -> u128 {
        self.0
    }
}

impl FromStr for Usd {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        Decimal::parse(text)?.scaled(9).map(Self)
    }
}

impl FromStr for Rate {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        Self::checked(Decimal::parse(text)?.scaled(15)?)
    }
}

impl FromStr for Factor {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        Self::checked(Decimal::parse(text)?.scaled(9)?)
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, self.0 < 0, self.0.unsigned_abs().into(), 9)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, false, self.0.unsigned_abs().into(), 15)
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, false, self.0.unsigned_abs().into(), 9)
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, false, self.0, 18)
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(self, serializer)
    }
}

impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text("an amount of dollars")).and_then(|text| parsed(&text))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text("a price in dollars")).and_then(|text| parsed(&text))
    }
}

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text("a factor")).and_then(|text| parsed(&text))
    }
}

fn parsed<T: FromStr<Err = AmountError>, E: de::Error>(text: &str) -> Result<T, E> {
    text.parse().map_err(|error| E::custom(format_args!("{text} {error}")))
}

/// Writes a decimal as a JSON number. Serde knows no decimals: the float nearest to the text is written as that
/// text again, up to 15 digits.
pub(crate) fn number<S: Serializer>(decimal: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    let text = decimal.to_string();
    match text.parse::<i64>() {
        Ok(whole) => serializer.serialize_i64(whole),
        Err(_) => serializer.serialize_f64(text.parse().map_err(serde::ser::Error::custom)?),
    }
}

/// Takes numbers and strings as decimal text.
pub(crate) struct Text(pub(crate) &'static str);

impl de::Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, as a number or as decimal text", self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_u64<E: de::Error>(self, whole: u64) -> Result<String, E> {
        Ok(whole.to_string())
    }

    fn visit_i64<E: de::Error>(self, whole: i64) -> Result<String, E> {
        Ok(whole.to_string())
    }

    fn visit_f64<E: de::Error>(self, float: f64) -> Result<String, E> {
        // The shortest text that means this float.
        Ok(float.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_in_full() {
        let shown = |nanos| Usd::from_nanos(nanos).to_string();
        assert_eq!(shown(38_250_000), "0.03825");
        assert_eq!(shown(-1), "-0.000000001");
        assert_eq!(shown(12_000_000_000), "12");
        assert_eq!(shown(i64::MIN), "-9223372036.854775808");
        assert_eq!(format!("{:>8}", Usd::from_nanos(500_000_000)), "     0.5");
        assert_eq!(Rate(2_500_000_000).to_string(), "0.0000025");
        assert_eq!(Rate(2_500_000_000).per_million().to_string(), "2.5");
        assert_eq!(Exact(1).to_string(), "0.000000000000000001");
    }

    #[test]
    fn json_is_exact_both_ways() {
        let cost: Usd = "0.03825".parse().unwrap();
        assert_eq!(serde_json::to_string(&cost).unwrap(), r#""0.03825""#);
        assert_eq!(serde_json::from_str::<Usd>(r#""0.03825""#).unwrap(), cost);
        assert_eq!(serde_json::from_str::<Usd>("0.03825").unwrap(), cost);
        assert_eq!(serde_json::from_str::<Rate>("2.5e-06").unwrap(), Rate(2_500_000_000));
        assert_eq!(serde_json::to_string(&Rate(2_500_000_000)).unwrap(), "2.5e-6");
        assert_eq!(serde_json::to_string(&Rate(3_000_000_000_000_000)).unwrap(), "3");
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let error = |json| serde_json::from_str::<Rate>(json).unwrap_err().to_string();
        assert_eq!(error("1e-16"), "0.0000000000000001 has more than 15 decimals");
        assert_eq!(error("-1"), "-1 is below zero");
        assert_eq!(error("10000"), "10000 is too large");
        assert_eq!(error(r#""free""#), "free is not a decimal number");
        assert!(error("true").contains("as a number or as decimal text"));
    }

    #[test]
    fn sums_stop_at_the_ends() {
        assert_eq!([Usd::MAX, Usd::from_nanos(1)].into_iter().sum::<Usd>(), Usd::MAX);
        assert_eq!(Usd::MAX.checked_add(Usd::from_nanos(1)), None);
        assert_eq!(Usd::ZERO.checked_sub(Usd::from_nanos(1)), Some(Usd::from_nanos(-1)));
        assert_eq!(Usd::from_nanos(i64::MIN).saturating_sub(Usd::MAX).nanos(), i64::MIN);
    }

    #[test]
    fn negative_rates_do_not_exist() {
        assert_eq!("-1e-9".parse::<Rate>(), Err(AmountError::Negative));
        assert_eq!(Rate::from_femtos(-1), None);
        assert_eq!(Factor::from_nanos(-1), None);
        assert_eq!(Rate::nearest("1.0000000000000001e-07"), Ok(Rate(100_000_000)));
    }
}
