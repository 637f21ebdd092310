//! From when on, and until when.

use llm_store::Day;
use llm_types::UnixMs;

use crate::desk::Desk;
use crate::endpoint::Param;
use crate::fault::Fault;
use crate::said::Asked;
use crate::shape::Shape;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// What reports are about that are asked for no days: today, and as many days before.
const USUAL: i64 = 30;

pub(super) const SINCE: &str = "start_date";
pub(super) const UNTIL: &str = "end_date";

/// Days of a report, both within it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Days {
    pub(super) since: Option<Day>,
    pub(super) until: Option<Day>,
}

impl Days {
    /// What the documentation says of them.
    pub(super) const PARAMS: [Param; 2] = [
        Param::new(SINCE, Shape::Text, "The first day, such as `2026-11-01`, in UTC"),
        Param::new(UNTIL, Shape::Text, "The last day"),
    ];
    /// The same where they must be said.
    pub(super) const NEEDED: [Param; 2] = [Self::PARAMS[0].required(), Self::PARAMS[1].required()];

    /// The days that a query says, if any.
    ///
    /// # Errors
    /// 400
    pub(super) fn of(asked: &mut Asked) -> Result<Self, Fault> {
        let (since, until) = (day(asked, SINCE)?, day(asked, UNTIL)?);
        if since.zip(until).is_some_and(|(since, until)| until < since) {
            return Err(Fault::invalid(UNTIL, "end_date must not be before start_date"));
        }
        Ok(Self { since, until })
    }

    /// The days of a query that must say them.
    ///
    /// # Errors
    /// 400
    pub(super) fn needed(asked: &mut Asked) -> Result<Self, Fault> {
        let days = Self::of(asked)?;
        let absent = |name| Err(Fault::missing(name));
        match days {
            Self { since: None, .. } => absent(SINCE),
            Self { until: None, .. } => absent(UNTIL),
            days => Ok(days),
        }
    }

    /// Today, and the thirty days before.
    pub(super) fn last(desk: &Desk) -> Self {
        let now = desk.now();
        Self { since: Some(Day::of(UnixMs(now.0.saturating_sub(USUAL * DAY_MS)))), until: Some(Day::of(now)) }
    }
}

fn day(asked: &mut Asked, name: &str) -> Result<Option<Day>, Fault> {
    let parse = |text: String| {
        text.parse().map_err(|_| Fault::invalid(name, format!("{name} must be a day such as 2026-11-22")))
    };
    asked.take(name).map(parse).transpose()
}

/// Instants of a list: from which on, and before which.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) since: Option<UnixMs>,
    pub(super) before: Option<UnixMs>,
}

impl Span {
    /// What the documentation says of them.
    pub(super) const PARAMS: [Param; 2] = [
        Param::new(
            SINCE,
            Shape::Text,
            "From when on: a day, or a time such as `2026-11-22 08:00:00` or `2026-11-22T08:00:00Z`",
        ),
        Param::new(UNTIL, Shape::Text, "Until when: a day, which belongs to it, or a time"),
    ];

    /// The instants that a query says, if any.
    ///
    /// # Errors
    /// 400
    pub(super) fn of(asked: &mut Asked) -> Result<Self, Fault> {
        let since = instant(asked, SINCE)?.map(|(first, _)| first);
        let before = instant(asked, UNTIL)?.map(|(_, end)| end);
        if since.zip(before).is_some_and(|(since, before)| before <= since) {
            return Err(Fault::invalid(UNTIL, "end_date must not be before start_date"));
        }
        Ok(Self { since, before })
    }
}

/// A day or a time: its first instant, and that after it.
fn instant(asked: &mut Asked, name: &str) -> Result<Option<(UnixMs, UnixMs)>, Fault> {
    let Some(text) = asked.take(name) else { return Ok(None) };
    if let Ok(day) = text.parse::<Day>() {
        return Ok(Some((day.start(), day.end())));
    }
    // LiteLLM's dashboard says times to the second, and no zone.
    let plain = text.replacen(' ', "T", 1);
    let (at, lasts) = match UnixMs::from_rfc3339(&format!("{plain}Z")) {
        Some(at) => (at, if text.len() == 19 { 1_000 } else { 1 }),
        None => match UnixMs::from_rfc3339(&plain) {
            Some(at) => (at, 1),
            None => {
                let message = format!(
                    "{name} must be a day such as 2026-11-22, or a time such as 2026-11-22T08:00:00Z"
                );
                return Err(Fault::invalid(name, message));
            }
        },
    };
    Ok(Some((at, at.plus(lasts))))
}
