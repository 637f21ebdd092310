//! Amounts as JSON numbers, for interfaces that promise numbers.

/// `#[serde(with = "llm_pricing::usd::number")]`: an amount as a JSON number.
///
/// Exact up to 15 digits, which is a million dollars to the nano-dollar; above that the number is the nearest one
/// that JSON readers have.
pub mod number {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::{Usd, money};

    /// Writes a number.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(amount: &Usd, serializer: S) -> Result<S::Ok, S::Error> {
        money::number(amount, serializer)
    }

    /// Reads a number or decimal text.
    ///
    /// # Errors
    /// When it is neither, or does not fit.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Usd, D::Error> {
        Usd::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use crate::Usd;

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Row {
        #[serde(with = "super::number")]
        spend: Usd,
    }

    #[test]
    fn numbers_are_the_same_decimal() {
        for json in [r#"{"spend":999999.123456789}"#, r#"{"spend":0}"#, r#"{"spend":-0.5}"#] {
            let row: Row = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&row).unwrap(), json);
        }
    }
}
