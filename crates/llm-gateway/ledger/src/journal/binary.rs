//! What records hold, as bytes.
//!
//! A payload is the number of its format, whose leg it is of, and fields in one order: whole numbers seven bits to a
//! byte, those that may be negative with the sign last, texts with their length before them. Fields that a later
//! version appends are passed over. The last byte is never zero, as a record whose writing was cut short is known by
//! the zeros at its end. Payloads that begin with a brace are JSON, as they were once written.

use llm_pricing::Usd;
use llm_types::UnixMs;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{Charge, Checkpoint, Entry, Flags, Intent, LegId, RequestId, Status, Tokens};

/// The number of the format.
const FORMAT: u8 = 1;
/// The last byte.
const END: u8 = b'\n';
/// What JSON begins with.
const JSON: u8 = b'{';

/// A payload of which nothing can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl From<serde_json::Error> for Unreadable {
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

/// What is written into a record and read from it.
pub(crate) trait Payload: DeserializeOwned {
    /// Appends it.
    fn write(&self, buffer: &mut Vec<u8>);
    /// Reads it.
    fn read(payload: &[u8]) -> Result<Self, Unreadable> {
        if payload.first() == Some(&JSON) {
            return Ok(serde_json::from_slice(payload)?);
        }
        let mut bytes = Bytes::of(payload)?;
        let id = bytes.id()?;
        Self::fields(id, bytes)
    }
    /// Reads what stands behind whose leg it is of.
    fn fields(id: LegId, bytes: Bytes<'_>) -> Result<Self, Unreadable>;
}

/// Whose leg a payload is of, an intent or a settlement.
pub(crate) fn id(payload: &[u8]) -> Result<LegId, Unreadable> {
    #[derive(serde::Deserialize)]
    struct Named {
        #[serde(rename = "n")]
        intent: Option<LegId>,
        #[serde(rename = "r")]
        request: Option<RequestId>,
        #[serde(rename = "l")]
        leg: Option<u32>,
    }
    if payload.first() == Some(&JSON) {
        let Named { intent, request, leg } = serde_json::from_slice(payload)?;
        let own = request.zip(leg).map(|(request, leg)| LegId { request, leg });
        return intent.or(own).ok_or(Unreadable);
    }
    Bytes::of(payload)?.id()
}

impl Payload for Intent {
    fn write(&self, buffer: &mut Vec<u8>) {
        begin(buffer, self.entry.id);
        for number in [self.prompt_tokens, self.input_rate, self.output_rate] {
            signed(buffer, number);
        }
        rest(buffer, &self.entry);
        buffer.push(END);
    }

    fn fields(id: LegId, mut bytes: Bytes<'_>) -> Result<Self, Unreadable> {
        let [prompt_tokens, input_rate, output_rate] = bytes.several()?;
        Ok(Self { entry: bytes.entry(id)?, prompt_tokens, input_rate, output_rate })
    }
}

impl Payload for Checkpoint {
    fn write(&self, buffer: &mut Vec<u8>) {
        begin(buffer, self.id);
        signed(buffer, self.completion_tokens);
        signed(buffer, self.at.0);
        buffer.push(END);
    }

    fn fields(id: LegId, mut bytes: Bytes<'_>) -> Result<Self, Unreadable> {
        let [completion_tokens, at] = bytes.several()?;
        Ok(Self { id, completion_tokens, at: UnixMs(at) })
    }
}

impl Payload for Entry {
    fn write(&self, buffer: &mut Vec<u8>) {
        begin(buffer, self.id);
        rest(buffer, self);
        buffer.push(END);
    }

    fn fields(id: LegId, mut bytes: Bytes<'_>) -> Result<Self, Unreadable> {
        bytes.entry(id)
    }
}

fn begin(buffer: &mut Vec<u8>, id: LegId) {
    buffer.push(FORMAT);
    buffer.extend_from_slice(id.request.uuid().as_bytes());
    whole(buffer, id.leg.into());
}

/// All of an entry but its name.
fn rest(buffer: &mut Vec<u8>, entry: &Entry) {
    buffer.push(Status::ALL.iter().position(|known| *known == entry.status).map_or(u8::MAX, |at| at as u8));
    whole(buffer, entry.flags.0.into());
    for text in entry.texts() {
        self::text(buffer, text);
    }
    whole(buffer, entry.tags.len() as u64);
    for tag in &entry.tags {
        text(buffer, tag);
    }
    let Tokens { prompt, completion, cache_read, cache_write, reasoning } = entry.tokens;
    let money = [entry.cost, entry.list_cost, entry.reserved].map(Usd::nanos);
    for number in [prompt, completion, cache_read, cache_write, reasoning].into_iter().chain(money) {
        signed(buffer, number);
    }
    signed(buffer, entry.started.0);
    // Instants that follow are near to it.
    signed(buffer, entry.ended.0.wrapping_sub(entry.started.0));
    buffer.push(entry.head.is_some().into());
    if let Some(head) = entry.head {
        signed(buffer, head.0.wrapping_sub(entry.started.0));
    }
    whole(buffer, entry.http_status.into());
    whole(buffer, entry.charges.len() as u64);
    for charge in &entry.charges {
        text(buffer, &charge.account);
        signed(buffer, charge.window);
    }
    text(buffer, &entry.details);
}

fn whole(buffer: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        buffer.push(number as u8 | 0x80);
        number >>= 7;
    }
    buffer.push(number as u8);
}

fn signed(buffer: &mut Vec<u8>, number: i64) {
    whole(buffer, (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
}

fn text(buffer: &mut Vec<u8>, text: &str) {
    whole(buffer, text.len() as u64);
    buffer.extend_from_slice(text.as_bytes());
}

/// What is left to read.
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// What follows the number of the format.
    fn of(payload: &'a [u8]) -> Result<Self, Unreadable> {
        match payload {
            [FORMAT, rest @ ..] => Ok(Self(rest)),
            _ => Err(Unreadable),
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Unreadable)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Unreadable> {
        self.take(1).map(|byte| byte[0])
    }

    fn whole(&mut self) -> Result<u64, Unreadable> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Unreadable)
    }

    fn signed(&mut self) -> Result<i64, Unreadable> {
        let number = self.whole()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn several<const N: usize>(&mut self) -> Result<[i64; N], Unreadable> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = self.signed()?;
        }
        Ok(numbers)
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Result<T, Unreadable> {
        T::try_from(self.whole()?).map_err(|_| Unreadable)
    }

    fn text(&mut self) -> Result<&'a str, Unreadable> {
        let length = self.small()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Unreadable)
    }

    fn id(&mut self) -> Result<LegId, Unreadable> {
        let uuid = Uuid::from_slice(self.take(16)?).map_err(|_| Unreadable)?;
        Ok(LegId { request: RequestId::new(uuid), leg: self.small()? })
    }

    fn entry(&mut self, id: LegId) -> Result<Entry, Unreadable> {
        let mut entry = Entry::new(id);
        entry.status = Status::ALL.get(usize::from(self.byte()?)).copied().ok_or(Unreadable)?;
        entry.flags = Flags(self.small()?);
        for text in entry.texts_mut() {
            *text = self.text()?.into();
        }
        // Each takes a byte at least, so that no number makes room for more than there is.
        let tags: usize = self.small()?;
        entry.tags = (0..tags).map(|_| self.text().map(Into::into)).collect::<Result<_, _>>()?;
        let [prompt, completion, cache_read, cache_write, reasoning] = self.several()?;
        entry.tokens = Tokens { prompt, completion, cache_read, cache_write, reasoning };
        [entry.cost, entry.list_cost, entry.reserved] = self.several()?.map(Usd::from_nanos);
        let [started, ended] = self.several()?;
        (entry.started, entry.ended) = (UnixMs(started), UnixMs(started.wrapping_add(ended)));
        if self.byte()? != 0 {
            entry.head = Some(UnixMs(started.wrapping_add(self.signed()?)));
        }
        entry.http_status = self.small()?;
        let charges: usize = self.small()?;
        entry.charges = (0..charges)
            .map(|_| Ok::<_, Unreadable>(Charge { account: self.text()?.into(), window: self.signed()? }))
            .collect::<Result<_, _>>()?;
        entry.details = self.text()?.into();
        Ok(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let id = LegId { request: RequestId::new(Uuid::max()), leg: u32::MAX };
        let mut entry = Entry::new(id);
        entry.status = Status::Adjustment;
        entry.flags = Flags(u32::MAX);
        for (at, text) in entry.texts_mut().into_iter().enumerate() {
            *text = "é".repeat(at * 20).into();
        }
        entry.tags = vec!["".into(), "a\0b".into()];
        entry.tokens =
            Tokens { prompt: i64::MIN, completion: i64::MAX, cache_read: -1, cache_write: 1, reasoning: 0 };
        (entry.cost, entry.list_cost, entry.reserved) =
            (Usd::from_nanos(i64::MIN), Usd::from_nanos(-3), Usd::from_nanos(i64::MAX));
        (entry.started, entry.ended, entry.head) =
            (UnixMs(i64::MIN), UnixMs(i64::MAX), Some(UnixMs(1_763_700_000_000)));
        entry.http_status = u16::MAX;
        entry.charges = vec![Charge { account: "usd:30d:team/t".into(), window: i64::MIN }; 3];
        entry.details = "{\"a\":1}".into();
        entry
    }

    fn written(payload: &impl Payload) -> Vec<u8> {
        let mut buffer = Vec::new();
        payload.write(&mut buffer);
        buffer
    }

    #[test]
    fn what_is_written_is_read() {
        for status in Status::ALL {
            let settled = Entry { status, ..entry() };
            assert_eq!(Entry::read(&written(&settled)), Ok(settled));
        }
        let least = Entry::new(LegId { request: RequestId::new(Uuid::nil()), leg: 0 });
        let intent = Intent { entry: least, prompt_tokens: i64::MAX, input_rate: i64::MIN, output_rate: -1 };
        assert_eq!(Intent::read(&written(&intent)), Ok(intent.clone()));
        assert_eq!(id(&written(&intent)), Ok(intent.entry.id));
        assert_eq!(id(&written(&entry())), Ok(entry().id));
        let checkpoint = Checkpoint { id: entry().id, completion_tokens: 7, at: UnixMs(-1) };
        assert_eq!(Checkpoint::read(&written(&checkpoint)), Ok(checkpoint));
    }

    #[test]
    fn json_is_read_as_ever() {
        let (cost, reserved) = (Usd::from_nanos(-7), Usd::from_nanos(9_000_000_001));
        let entry = || Entry { cost, list_cost: cost, reserved, ..entry() };
        let intent = Intent { entry: entry(), prompt_tokens: 1, input_rate: 2, output_rate: 3 };
        let checkpoint = Checkpoint { id: entry().id, completion_tokens: 7, at: UnixMs(9) };
        assert_eq!(Intent::read(&json(&intent)), Ok(intent.clone()));
        assert_eq!(id(&json(&intent)), Ok(intent.entry.id));
        assert_eq!(Entry::read(&json(&intent.entry)), Ok(intent.entry.clone()));
        assert_eq!(id(&json(&intent.entry)), Ok(intent.entry.id));
        assert_eq!(Checkpoint::read(&json(&checkpoint)), Ok(checkpoint));
    }

    fn json(value: &impl serde::Serialize) -> Vec<u8> {
        serde_json::to_vec(value).unwrap()
    }

    #[test]
    fn nothing_is_made_of_what_is_cut_short_and_what_follows_is_passed_over() {
        let mut whole = written(&entry());
        for end in 0..whole.len() - 1 {
            assert_eq!(Entry::read(&whole[..end]), Err(Unreadable), "{end}");
        }
        whole.extend_from_slice(b"a later version's");
        assert_eq!(Entry::read(&whole), Ok(entry()));
        whole[0] = 2;
        assert_eq!(Entry::read(&whole), Err(Unreadable));
        assert_eq!(id(&whole), Err(Unreadable));
        // A length that is longer than anything.
        let mut long = written(&entry());
        long.truncate(24);
        long.extend([0xff; 12]);
        assert_eq!(Entry::read(&long), Err(Unreadable));
    }
}
