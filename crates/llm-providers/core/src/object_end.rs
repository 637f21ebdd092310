//! [`ObjectEnd`]: where a JSON object ends, seen piece by piece.

/// Watches the pieces of a JSON text for the end of the object in it, such as the arguments of a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct ObjectEnd {
    depth: u32,
    begun: bool,
    in_string: bool,
    escaped: bool,
}

impl ObjectEnd {
    /// Before the first piece.
    pub const fn new() -> Self {
        Self { depth: 0, begun: false, in_string: false, escaped: false }
    }

    /// Reads one more piece.
    pub fn push(&mut self, piece: &str) {
        for byte in piece.bytes() {
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                match byte {
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => {
                        self.begun = true;
                        self.depth = self.depth.saturating_add(1);
                    }
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
            }
        }
    }

    /// Whether the object has ended.
    pub const fn is_complete(self) -> bool {
        self.begun && self.depth == 0
    }
}

#[cfg(test)]
mod tests {
    use super::ObjectEnd;

    fn complete(pieces: &[&str]) -> bool {
        let mut end = ObjectEnd::default();
        for piece in pieces {
            end.push(piece);
        }
        end.is_complete()
    }

    #[test]
    fn the_end_is_the_last_brace_outside_of_strings() {
        assert!(complete(&["{}"]));
        assert!(complete(&[" {\"a\":", " [{}, \"}\"", "]}"]));
        assert!(!complete(&[]));
        assert!(!complete(&["", " "]));
        assert!(!complete(&["{\"a\": \"}"]));
        assert!(!complete(&["{\"a\": \"\\\"}"]));
        assert!(complete(&["{\"a\": \"\\", "\"\\\\\"}"]));
        assert!(!complete(&["{\"a\": {}"]));
        assert!(!complete(&["null"]));
    }
}
