//! [`Values`]: what an answer's headers say.

use std::fmt::{Display, Write as _};

use bytes::BytesMut;
use http::HeaderValue;

/// Bytes of the numbers that an answer's headers say, more or less.
const ROOM: usize = 256;

/// Values of headers, written one behind the other into one piece of memory: an answer says a dozen numbers, and a piece
/// of its own for each costs more than writing it.
#[derive(Debug)]
pub(crate) struct Values {
    written: BytesMut,
}

impl Values {
    pub(crate) fn new() -> Self {
        Self { written: BytesMut::with_capacity(ROOM) }
    }

    /// A whole number.
    pub(crate) fn whole(&mut self, number: impl itoa::Integer) -> HeaderValue {
        self.bytes(itoa::Buffer::new().format(number).as_bytes())
    }

    /// What is shown of something; empty if that cannot stand in a header.
    pub(crate) fn shown(&mut self, what: impl Display) -> HeaderValue {
        let _never_fails = write!(self.written, "{what}");
        self.value()
    }

    /// These bytes; empty if they cannot stand in a header.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> HeaderValue {
        self.written.extend_from_slice(bytes);
        self.value()
    }

    fn value(&mut self) -> HeaderValue {
        let bytes = self.written.split().freeze();
        HeaderValue::from_maybe_shared(bytes).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_was_written_however_many() {
        let mut values = Values::new();
        let all: Vec<_> =
            (0..200_i64).map(|number| (values.whole(-number), values.shown(number * 2))).collect();
        for (number, (whole, shown)) in (0..200_i64).zip(all) {
            assert_eq!((whole, shown), ((-number).into(), (number * 2).into()));
        }
        assert_eq!(values.bytes(b"1.5"), "1.5");
        assert_eq!(values.shown("two\nlines"), "");
        assert_eq!(values.whole(7_u32), "7", "what could not stand is not in the next one");
    }
}
