//! How long an entry may be, so that room for it can be set aside before it is known.

use std::borrow::Cow;

use smol_str::SmolStr;

use super::{Entry, Flag};

/// What stands around a tag in JSON: quotes and a comma.
const AROUND_TAG: usize = 3;
/// What stands around an account in JSON: names, quotes, the window.
const AROUND_ACCOUNT: usize = 40;

impl Entry {
    /// The most that one text may take, in bytes as JSON writes it; a longer one is cut.
    pub const TEXT_BYTES: usize = 512;
    /// The most that all tags may take together, in bytes of JSON; those past it are left out.
    pub const TAGS_BYTES: usize = 4 << 10;
    /// The most that all charges may take together, in bytes of JSON; those past it are left out, as a name that is
    /// cut would be another account's.
    pub const CHARGES_BYTES: usize = 16 << 10;
    /// The most that the details may take, in bytes as JSON writes them as a text. Longer ones are left out, as half
    /// of an object is none.
    pub const DETAILS_BYTES: usize = 4 << 10;
    /// No entry within these bounds is longer, in bytes of JSON.
    pub const MAX_BYTES: usize = 36 << 10;

    /// The entry within its bounds: itself, or a copy that is flagged [`Flag::Shortened`].
    pub fn bounded(&self) -> Cow<'_, Self> {
        if self.is_bounded() { Cow::Borrowed(self) } else { Cow::Owned(self.shortened(Self::TEXT_BYTES)) }
    }

    /// The entry with nothing but what must be there: no details, no tags, texts of at most 32 bytes.
    pub(crate) fn bare(&self) -> Self {
        let mut entry = Self { details: "".into(), tags: Vec::new(), ..self.clone() };
        entry = entry.shortened(32);
        entry.flags = entry.flags.with(Flag::Shortened);
        entry
    }

    fn is_bounded(&self) -> bool {
        self.texts().iter().all(|text| fits(text, Self::TEXT_BYTES))
            && fits(&self.details, Self::DETAILS_BYTES)
            && self.fitting_tags() == self.tags.len()
            && self.fitting_charges() == self.charges.len()
    }

    fn shortened(&self, text_bytes: usize) -> Self {
        let mut entry = self.clone();
        entry.tags.truncate(self.fitting_tags());
        entry.charges.truncate(self.fitting_charges());
        if !fits(&entry.details, Self::DETAILS_BYTES) {
            entry.details = "".into();
        }
        for text in entry.texts_mut() {
            if !fits(text, text_bytes) {
                *text = cut(text, text_bytes);
            }
        }
        entry.flags = entry.flags.with(Flag::Shortened);
        entry
    }

    fn fitting_tags(&self) -> usize {
        fitting(self.tags.iter().map(|tag| &**tag), AROUND_TAG, Self::TAGS_BYTES)
    }

    fn fitting_charges(&self) -> usize {
        fitting(self.charges.iter().map(|charge| &*charge.account), AROUND_ACCOUNT, Self::CHARGES_BYTES)
    }

    /// Its texts but for tags, charges and details, in the order in which journals have them.
    pub(crate) fn texts(&self) -> [&str; 17] {
        [
            &self.reason,
            &self.call_id,
            &self.session_id,
            &self.route,
            &self.key,
            &self.key_alias,
            &self.user,
            &self.team,
            &self.organization,
            &self.project,
            &self.end_user,
            &self.model,
            &self.deployment,
            &self.vendor,
            &self.vendor_model,
            &self.error,
            &self.client,
        ]
    }

    pub(crate) fn texts_mut(&mut self) -> [&mut SmolStr; 17] {
        [
            &mut self.reason,
            &mut self.call_id,
            &mut self.session_id,
            &mut self.route,
            &mut self.key,
            &mut self.key_alias,
            &mut self.user,
            &mut self.team,
            &mut self.organization,
            &mut self.project,
            &mut self.end_user,
            &mut self.model,
            &mut self.deployment,
            &mut self.vendor,
            &mut self.vendor_model,
            &mut self.error,
            &mut self.client,
        ]
    }
}

/// How many of the texts fit, from the first on.
fn fitting<'a>(texts: impl ExactSizeIterator<Item = &'a str> + Clone, around: usize, limit: usize) -> usize {
    let most =
        texts.clone().fold(0_usize, |sum, text| sum.saturating_add(text.len().saturating_mul(6) + around));
    if most <= limit {
        return texts.len();
    }
    texts
        .scan(0, |sum, text| {
            *sum += text.chars().map(written).sum::<usize>() + around;
            Some(*sum)
        })
        .take_while(|sum| *sum <= limit)
        .count()
}

/// Whether a text takes at most `limit` bytes of JSON. A byte takes six at most, so most texts need no look.
fn fits(text: &str, limit: usize) -> bool {
    text.len().saturating_mul(6) <= limit
        || (text.len() <= limit && text.chars().map(written).sum::<usize>() <= limit)
}

/// The beginning of a text that takes at most `limit` bytes of JSON.
fn cut(text: &str, limit: usize) -> SmolStr {
    let ends = text.char_indices().scan(0, |sum, (place, char)| {
        *sum += written(char);
        Some((*sum, place + char.len_utf8()))
    });
    let end = ends.take_while(|(sum, _)| *sum <= limit).last().map_or(0, |(_, end)| end);
    text[..end].into()
}

/// How many bytes JSON takes for a character.
const fn written(char: char) -> usize {
    match char {
        '"' | '\\' | '\u{8}' | '\t' | '\n' | '\u{c}' | '\r' => 2,
        '\0'..='\u{1f}' => 6,
        other => other.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Charge, LegId, RequestId, Status, Tokens, Usd};
    use llm_types::UnixMs;

    fn largest() -> Entry {
        let mut entry: Entry = serde_json::from_value(serde_json::json!({
            "r": RequestId::new(uuid::Uuid::max()), "l": u32::MAX, "s": Status::Interrupted,
        }))
        .unwrap();
        for (place, text) in entry.texts_mut().into_iter().enumerate() {
            *text = ["\u{1}", "\"", "é", "a", "🦀"][place % 5].repeat(4_000).into();
        }
        entry.tags = (0..1_000).map(|place| format!("\n{place}").into()).collect();
        entry.charges = (0..1_000)
            .map(|place| Charge { account: format!("usd:30d:tag/\"{place}").into(), window: i64::MIN })
            .collect();
        entry.details = "\"".repeat(Entry::DETAILS_BYTES / 2).into();
        entry.flags.0 = u32::MAX;
        let most = Tokens {
            prompt: i64::MIN,
            completion: i64::MIN,
            cache_read: i64::MIN,
            cache_write: i64::MIN,
            reasoning: i64::MIN,
        };
        entry.tokens = most;
        (entry.cost, entry.list_cost) = (Usd::from_nanos(i64::MIN), Usd::from_nanos(i64::MIN));
        entry.reserved = Usd::from_nanos(i64::MIN);
        (entry.started, entry.ended, entry.head) =
            (UnixMs(i64::MIN), UnixMs(i64::MIN), Some(UnixMs(i64::MIN)));
        entry.http_status = u16::MAX;
        entry
    }

    #[test]
    fn no_entry_is_longer_than_the_bound() {
        let bounded = largest().bounded().into_owned();
        let json = serde_json::to_string(&bounded).unwrap();
        assert!(json.len() > 24 << 10, "the test should come near the bound: {}", json.len());
        assert!(json.len() <= Entry::MAX_BYTES, "{}", json.len());
        assert!(bounded.flags.has(Flag::Shortened));
        assert!(matches!(bounded.bounded(), Cow::Borrowed(_)), "bounded once is bounded");
        for text in bounded.texts() {
            assert!(serde_json::to_string(text).unwrap().len() <= Entry::TEXT_BYTES + 2);
        }
        assert_eq!(bounded.details.len(), Entry::DETAILS_BYTES / 2, "details within their bound stay");
        let charged: Vec<_> = bounded.charges.iter().map(|charge| charge.account.clone()).collect();
        let wanted: Vec<_> = largest().charges.iter().map(|charge| charge.account.clone()).collect();
        assert_eq!(charged, wanted[..charged.len()], "no account's name is cut");
    }

    #[test]
    fn a_usual_entry_is_not_copied() {
        let entry = Entry { details: "{}".into(), ..largest() };
        let mut usual = entry.bare();
        usual.charges.truncate(5);
        usual.flags = crate::Flags::default();
        usual.tags = vec!["production".into()];
        assert!(matches!(usual.bounded(), Cow::Borrowed(same) if *same == usual));
    }

    #[test]
    fn long_details_are_left_out_whole() {
        let id = LegId { request: RequestId::new(uuid::Uuid::nil()), leg: 0 };
        let mut entry = Entry { id, ..largest().bare() };
        entry.flags = crate::Flags::default();
        entry.charges.clear();
        entry.details = format!("{{\"a\":\"{}\"}}", "x".repeat(Entry::DETAILS_BYTES)).into();
        let bounded = entry.bounded();
        assert_eq!((&*bounded.details, bounded.flags.has(Flag::Shortened)), ("", true));
    }
}
