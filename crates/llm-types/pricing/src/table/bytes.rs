//! Reading numbers and lists out of bytes, without trust.

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.0.split_at_checked(count)?;
        self.0 = left;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|taken| taken[0])
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A text with its length before it.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.varint()?).ok()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    /// A number of things to read, each of at least one byte.
    pub(super) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok().filter(|count| *count <= self.0.len())
    }
}

/// Members of different lengths, found by number.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct List<'a> {
    ends: &'a [u8],
    members: &'a [u8],
}

impl<'a> List<'a> {
    pub(super) fn open(section: &'a [u8]) -> Option<Self> {
        let mut bytes = Bytes(section);
        let count = usize::try_from(bytes.u32()?).ok()?;
        let ends = bytes.take(count.checked_mul(4)?)?;
        Some(Self { ends, members: bytes.0 })
    }

    pub(super) const fn len(&self) -> usize {
        self.ends.len() / 4
    }

    pub(super) fn get(&self, index: usize) -> Option<&'a [u8]> {
        if index >= self.len() {
            return None;
        }
        let start = if index == 0 { 0 } else { self.end(index - 1)? };
        self.members.get(start..self.end(index)?)
    }

    fn end(&self, index: usize) -> Option<usize> {
        let bytes = self.ends.get(index * 4..index * 4 + 4)?;
        usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
    }
}

/// Writing the same.
#[cfg(any(test, feature = "write"))]
pub(super) mod put {
    pub(in super::super) fn varint(bytes: &mut Vec<u8>, mut number: u64) {
        while number >= 0x80 {
            bytes.push((number & 0x7F) as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    }

    pub(in super::super) fn text(bytes: &mut Vec<u8>, text: &str) {
        varint(bytes, text.len() as u64);
        bytes.extend(text.as_bytes());
    }

    pub(in super::super) fn list<'a>(members: impl ExactSizeIterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
        let mut bytes = (members.len() as u32).to_le_bytes().to_vec();
        let mut end = 0_u32;
        for member in members.clone() {
            end += member.len() as u32;
            bytes.extend(end.to_le_bytes());
        }
        members.for_each(|member| bytes.extend(member));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put::varint(&mut bytes, number);
            assert_eq!(Bytes(&bytes).varint(), Some(number));
            assert_eq!(Bytes(&bytes[..bytes.len() - 1]).varint(), None);
        }
        assert_eq!(Bytes(&[0xFF; 11]).varint(), None);
    }

    #[test]
    fn lists_are_read_by_number() {
        let bytes = put::list([&b"a"[..], b"", b"bcd"].into_iter());
        let list = List::open(&bytes).unwrap();
        assert_eq!(
            (list.get(0), list.get(1), list.get(2)),
            (Some(&b"a"[..]), Some(&b""[..]), Some(&b"bcd"[..]))
        );
        assert_eq!(list.get(3), None);
        assert!(List::open(&bytes[..10]).is_none());
    }
}
