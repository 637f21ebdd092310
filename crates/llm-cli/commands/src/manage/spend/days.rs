//! From which day on, and until which.

use anyhow::{Context as _, bail};
use clap::Args;
use llm_types::UnixMs;
use serde_json::Value;

/// Nano-dollars of a dollar have so many places.
const PLACES: usize = 9;

/// Which days are meant.
#[derive(Debug, Args)]
#[command(next_help_heading = "Days")]
pub(super) struct Days {
    /// From this day on, in UTC, such as 2026-11-01
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Until this day, which belongs to it
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// The last days, today among them, such as 30d
    #[arg(long, value_name = "DAYS", conflicts_with_all = ["from", "to"])]
    last: Option<String>,
}

impl Days {
    /// As the API names them.
    ///
    /// # Errors
    /// A number of days that is none.
    pub(super) fn query(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
        #[expect(clippy::disallowed_methods, reason = "a command of its own, outside of the gateway")]
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        self.at(UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
    }

    fn at(&self, now: UnixMs) -> anyhow::Result<Vec<(&'static str, String)>> {
        let first = match &self.last {
            None => self.from.clone(),
            Some(last) => {
                let number = last.strip_suffix('d').unwrap_or(last);
                let days: i64 =
                    number.parse().with_context(|| format!("{last:?} is no number of days such as 30d"))?;
                if !(1..=36_500).contains(&days) {
                    bail!("{last:?} is no number of days such as 30d");
                }
                let (year, month, day) = UnixMs(now.0 - (days - 1) * 86_400_000).date();
                Some(format!("{year:04}-{month:02}-{day:02}"))
            }
        };
        let said = [("start_date", first), ("end_date", self.to.clone())];
        Ok(said.into_iter().filter_map(|(name, text)| Some((name, text?))).collect())
    }
}

/// The sum of dollars, to the last place.
pub(super) fn sum<'a>(amounts: impl Iterator<Item = &'a Value>) -> Value {
    let nanos = amounts.filter_map(|amount| nanos(&amount.to_string())).fold(0_i64, i64::saturating_add);
    let text = format!("{:0width$}", nanos.unsigned_abs(), width = PLACES + 1);
    let (whole, rest) = text.split_at(text.len() - PLACES);
    let rest = rest.trim_end_matches('0');
    let sign = if nanos < 0 { "-" } else { "" };
    let dot = if rest.is_empty() { "" } else { "." };
    serde_json::from_str(&format!("{sign}{whole}{dot}{rest}")).unwrap_or(Value::Null)
}

fn nanos(text: &str) -> Option<i64> {
    // So small an amount is written as in 1e-9.
    if let Some((number, places)) = text.split_once("e-") {
        let places = places.parse::<usize>().ok().filter(|places| *places <= PLACES)?;
        let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
        let scale = PLACES.checked_sub(places + rest.len())?;
        let digits = format!("{whole}{rest}").parse::<i64>().ok()?;
        return digits.checked_mul(10_i64.checked_pow(u32::try_from(scale).ok()?)?);
    }
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    if rest.len() > PLACES {
        return None;
    }
    let whole = whole.parse::<i64>().ok()?.checked_mul(1_000_000_000)?;
    let rest = format!("{rest:0<PLACES$}").parse::<i64>().ok()?;
    whole.checked_add(rest)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_days_end_today() {
        let days = |last: &str| Days { from: None, to: None, last: Some(last.to_owned()) };
        let now = UnixMs(1_795_000_000_000);
        assert_eq!(days("1d").at(now).unwrap(), [("start_date", "2026-11-18".to_owned())]);
        assert_eq!(days("30").at(now).unwrap(), [("start_date", "2026-10-20".to_owned())]);
        for wrong in ["0d", "d", "-1d", "1w", "99999d"] {
            assert!(days(wrong).at(now).is_err(), "{wrong}");
        }
        let said =
            Days { from: Some("2026-11-01".to_owned()), to: Some("2026-11-02".to_owned()), last: None };
        assert_eq!(said.at(now).unwrap().len(), 2);
    }

    #[test]
    fn sums_are_exact() {
        let all = [json!(0.1), json!(0.2), json!(12), json!(-0.000000001)];
        assert_eq!(sum(all.iter()).to_string(), "12.299999999");
        assert_eq!(sum([json!(2.5e-8), json!(0.000025)].iter()).to_string(), json!(0.000025025).to_string());
        assert_eq!(sum([json!(-0.5)].iter()).to_string(), "-0.5");
        assert_eq!(sum([].iter()).to_string(), "0");
    }
}
