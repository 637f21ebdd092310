//! Decimal text, read and written exactly.

use std::fmt;

/// Why a text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// Not a decimal number.
    #[error("is not a decimal number")]
    NotANumber,
    /// Below zero.
    #[error("is below zero")]
    Negative,
    /// More decimals than fit.
    #[error("has more than {places} decimals")]
    TooFine {
        /// How many fit.
        places: u8,
    },
    /// More than fits.
    #[error("is too large")]
    TooLarge,
}

/// `digits × 10^exponent`, without trailing zeros in `digits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    digits: u128,
    exponent: i32,
}

impl Decimal {
    /// Reads `12`, `0.5`, `.5`, `2.5e-06` or `-1E3`.
    pub(crate) fn parse(text: &str) -> Result<Self, AmountError> {
        let text = text.trim();
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                (mantissa, exponent.parse::<i32>().map_err(|_| AmountError::NotANumber)?)
            }
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.len() + fraction.len() == 0 {
            return Err(AmountError::NotANumber);
        }
        let mut digits = 0_u128;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return Err(AmountError::NotANumber);
            }
            let shifted = digits.checked_mul(10).and_then(|it| it.checked_add(u128::from(byte - b'0')));
            digits = shifted.ok_or(AmountError::TooLarge)?;
        }
        let places = i32::try_from(fraction.len()).map_err(|_| AmountError::TooLarge)?;
        let mut exponent = exponent.checked_sub(places).ok_or(AmountError::TooLarge)?;
        if digits == 0 {
            exponent = 0;
        }
        while digits != 0 && digits.is_multiple_of(10) {
            digits /= 10;
            exponent += 1;
        }
        Ok(Self { negative: negative && digits != 0, digits, exponent })
    }

    /// Moved by so many places.
    pub(crate) const fn times_ten_to(mut self, power: i32) -> Self {
        self.exponent = self.exponent.saturating_add(power);
        self
    }

    /// In units of `10^-places`, exactly.
    pub(crate) fn scaled(self, places: u8) -> Result<i64, AmountError> {
        let shift = i64::from(self.exponent) + i64::from(places);
        if shift < 0 {
            return Err(AmountError::TooFine { places });
        }
        self.signed(self.shifted_up(shift)?)
    }

    /// In units of `10^-places`, the nearest one, half to even.
    pub(crate) fn nearest(self, places: u8) -> Result<i64, AmountError> {
        let shift = i64::from(self.exponent) + i64::from(places);
        if shift >= 0 {
            return self.signed(self.shifted_up(shift)?);
        }
        let Some(power) = u32::try_from(-shift).ok().and_then(|shift| 10_u128.checked_pow(shift)) else {
            return Ok(0);
        };
        let (quotient, rest) = (self.digits / power, self.digits % power);
        let up = rest > power / 2 || (rest == power / 2 && quotient % 2 == 1);
        self.signed(quotient + u128::from(up))
    }

    fn shifted_up(self, shift: i64) -> Result<u128, AmountError> {
        if self.digits == 0 {
            return Ok(0);
        }
        let power = u32::try_from(shift).ok().and_then(|shift| 10_u128.checked_pow(shift));
        power.and_then(|power| self.digits.checked_mul(power)).ok_or(AmountError::TooLarge)
    }

    fn signed(self, magnitude: u128) -> Result<i64, AmountError> {
        let magnitude = i64::try_from(magnitude).map_err(|_| AmountError::TooLarge)?;
        Ok(if self.negative { -magnitude } else { magnitude })
    }
}

/// Writes `units × 10^-places` in full, without trailing zeros and without an exponent.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, negative: bool, units: u128, places: u8) -> fmt::Result {
    // From the last digit on: 39 at most, a point, and the zeros between it and them.
    let mut text = [0; 40 + u8::MAX as usize];
    let (mut at, mut left, mut place) = (text.len(), units, 0_u16);
    while left > 0 || place <= u16::from(places) {
        let (rest, digit) = by_ten(left);
        let is_behind = at < text.len();
        if place == u16::from(places) && is_behind {
            at -= 1;
            text[at] = b'.';
        }
        if place >= u16::from(places) || is_behind || digit != 0 {
            at -= 1;
            text[at] = b'0' + digit;
        }
        (left, place) = (rest, place + 1);
    }
    f.pad_integral(!negative, "", std::str::from_utf8(&text[at..]).map_err(|_| fmt::Error)?)
}

/// All but the last digit, and that digit. Amounts are small, and half the width is divided many times as fast.
fn by_ten(units: u128) -> (u128, u8) {
    match u64::try_from(units) {
        Ok(units) => (u128::from(units / 10), (units % 10) as u8),
        Err(_) => (units / 10, (units % 10) as u8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(text: &str, places: u8) -> Result<i64, AmountError> {
        Decimal::parse(text)?.scaled(places)
    }

    #[test]
    fn units_are_written_without_needless_zeros() {
        struct Shown(bool, u128, u8);
        impl fmt::Display for Shown {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write(f, self.0, self.1, self.2)
            }
        }
        for (negative, units, places, wanted) in [
            (false, 0, 9, "0"),
            (false, 0, 0, "0"),
            (false, 210_000, 9, "0.00021"),
            (true, 1_500_000_000, 9, "-1.5"),
            (false, 20_000_000_000, 9, "20"),
            (false, 1_020_000_000_001, 9, "1020.000000001"),
            (false, 7, 0, "7"),
            (false, u128::MAX, 0, "340282366920938463463374607431768211455"),
            (true, u128::MAX, 15, "-340282366920938463463374.607431768211455"),
            (false, u128::from(u64::MAX) + 1, 3, "18446744073709551.616"),
        ] {
            assert_eq!(Shown(negative, units, places).to_string(), wanted);
        }
        assert_eq!(format!("{}", Shown(false, 1, 255)).len(), 257);
        assert_eq!(
            format!("{:>6}|{:<5}|{:+}", Shown(false, 15, 1), Shown(true, 2, 1), Shown(false, 3, 0)),
            "   1.5|-0.2 |+3"
        );
    }

    #[test]
    fn text_is_read_exactly() {
        assert_eq!(scaled("2.5e-06", 15), Ok(2_500_000_000));
        assert_eq!(scaled("0.0000025", 15), Ok(2_500_000_000));
        assert_eq!(scaled("1E-15", 15), Ok(1));
        assert_eq!(scaled(" 3 ", 9), Ok(3_000_000_000));
        assert_eq!(scaled("-.5", 9), Ok(-500_000_000));
        assert_eq!(scaled("5.", 0), Ok(5));
        assert_eq!(scaled("0e99", 9), Ok(0));
        assert_eq!(scaled("-0", 9), Ok(0));
        assert_eq!(scaled("9223372036.854775807", 9), Ok(i64::MAX));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(scaled("1e-16", 15), Err(AmountError::TooFine { places: 15 }));
        assert_eq!(scaled("9223372036.854775808", 9), Err(AmountError::TooLarge));
        assert_eq!(scaled("1e4000000000", 9), Err(AmountError::NotANumber));
        assert_eq!(scaled("1e400", 9), Err(AmountError::TooLarge));
        assert_eq!(scaled("1e-2147483648", 9), Err(AmountError::TooFine { places: 9 }));
        assert_eq!(scaled("123456789012345678901234567890123456789012", 9), Err(AmountError::TooLarge));
        for text in ["", ".", "-", "e5", "1,5", "NaN", "inf", "0x10", "1e", "--1", "1 2", "１"] {
            assert_eq!(scaled(text, 9), Err(AmountError::NotANumber), "{text:?}");
        }
    }

    #[test]
    fn nearest_is_half_to_even() {
        let nearest = |text: &str| Decimal::parse(text).and_then(|it| it.nearest(2));
        assert_eq!(nearest("0.125"), Ok(12));
        assert_eq!(nearest("0.135"), Ok(14));
        assert_eq!(nearest("0.1350000001"), Ok(14));
        assert_eq!(nearest("0.1249999999"), Ok(12));
        assert_eq!(nearest("-0.125"), Ok(-12));
        assert_eq!(nearest("1e-300"), Ok(0));
        assert_eq!(nearest("7"), Ok(700));
    }
}
