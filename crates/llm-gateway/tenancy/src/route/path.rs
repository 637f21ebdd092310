//! Paths that mean the same to everybody.

use std::borrow::Cow;

/// Why a path may mean different things to different readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathFault {
    /// It does not begin with a slash.
    #[error("a path begins with /")]
    Relative,
    /// A part is empty: `//`.
    #[error("a path has no empty parts")]
    Empty,
    /// A part is `.` or `..`, however it is written.
    #[error("a path has no parts of dots alone")]
    Dots,
    /// A backslash, a semicolon, a character that controls, or a question mark or hash that was encoded.
    #[error("a path has no backslashes, semicolons or control characters")]
    Character,
    /// An encoding that is none, or that is encoded once more.
    #[error("a path is encoded once, and well")]
    Encoding,
}

/// The plain form of a path as it was sent: decoded, but for encoded slashes, which are no slashes. A slash at the end
/// makes no difference.
///
/// Paths that another reader could take for another path have no plain form: with parts of dots, empty parts,
/// semicolons, backslashes, or encoded twice.
///
/// # Errors
/// [`PathFault`].
pub fn plain(path: &str) -> Result<Cow<'_, str>, PathFault> {
    let body = path.strip_prefix('/').ok_or(PathFault::Relative)?;
    if body.is_empty() {
        return Ok(Cow::Borrowed("/"));
    }
    let body = body.strip_suffix('/').unwrap_or(body);
    let trimmed = path.get(..=body.len()).ok_or(PathFault::Relative)?;
    let decoded = if body.contains('%') { Cow::Owned(decoded(trimmed)?) } else { Cow::Borrowed(trimmed) };
    if decoded.bytes().any(|byte| byte < 0x20 || matches!(byte, b'\\' | b';' | 0x7f | b'?' | b'#')) {
        return Err(PathFault::Character);
    }
    // Encoded slashes are kept as they are, and yet nobody shall find dots between them.
    for part in decoded.split('/').skip(1) {
        if part.is_empty() {
            return Err(PathFault::Empty);
        }
        if part.split("%2F").any(|piece| matches!(piece, "." | "..")) {
            return Err(PathFault::Dots);
        }
    }
    Ok(decoded)
}

/// Decodes everything but slashes, which become `%2F`.
fn decoded(path: &str) -> Result<String, PathFault> {
    let digit = |byte: Option<&u8>| match byte? {
        byte @ b'0'..=b'9' => Some(byte - b'0'),
        byte @ b'a'..=b'f' => Some(byte - b'a' + 10),
        byte @ b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte != b'%' {
            out.push(*byte);
            at += 1;
            continue;
        }
        match (digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (Some(high), Some(low)) => match high << 4 | low {
                b'/' => out.extend_from_slice(b"%2F"),
                // A per cent sign that was encoded begins another encoding for those who decode twice.
                b'%' => return Err(PathFault::Encoding),
                byte => out.push(byte),
            },
            _ => return Err(PathFault::Encoding),
        }
        at += 3;
    }
    String::from_utf8(out).map_err(|_| PathFault::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths() {
        for (sent, expected) in [
            ("/", "/"),
            ("/v1/models", "/v1/models"),
            ("/v1/models/", "/v1/models"),
            ("/v1/models/gpt-4.1", "/v1/models/gpt-4.1"),
            ("/v1/models/a..b", "/v1/models/a..b"),
            ("/model/anthropic.claude%3A0/converse", "/model/anthropic.claude:0/converse"),
            ("/model/arn%3Aaws%2Fx/converse", "/model/arn:aws%2Fx/converse"),
            ("/model/arn%2fx/converse", "/model/arn%2Fx/converse"),
            ("/key/%69nfo", "/key/info"),
            ("/v1/%C3%A4", "/v1/ä"),
        ] {
            assert_eq!(plain(sent).as_deref(), Ok(expected), "{sent}");
        }
    }

    #[test]
    fn paths_that_mean_several_things() {
        for (sent, fault) in [
            ("", PathFault::Relative),
            ("v1/models", PathFault::Relative),
            ("//v1/models", PathFault::Empty),
            ("/v1//models", PathFault::Empty),
            ("/v1/models//", PathFault::Empty),
            ("/v1/models/../key/generate", PathFault::Dots),
            ("/v1/models/%2e%2e/key/generate", PathFault::Dots),
            ("/v1/models/%2E./key/generate", PathFault::Dots),
            ("/v1/models/..%2fkey%2Fgenerate", PathFault::Dots),
            ("/v1/models/x%2f..", PathFault::Dots),
            ("/v1/./models", PathFault::Dots),
            ("/..", PathFault::Dots),
            ("/v1/models/..;/key/generate", PathFault::Character),
            ("/v1/models;x=1", PathFault::Character),
            ("/v1/models%3b", PathFault::Character),
            ("/v1\\models", PathFault::Character),
            ("/v1/%5c..", PathFault::Character),
            ("/v1/%00", PathFault::Character),
            ("/v1/%3Fa", PathFault::Character),
            ("/v1/%0a", PathFault::Character),
            ("/v1/%252e%252e/key", PathFault::Encoding),
            ("/v1/%", PathFault::Encoding),
            ("/v1/%zz", PathFault::Encoding),
            ("/v1/%ff", PathFault::Encoding),
            ("/v1/%c0%ae%c0%ae/", PathFault::Encoding),
        ] {
            assert_eq!(plain(sent), Err(fault), "{sent}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_plain_stays_so(path in "/[a-z.%2eEfF/;]{0,12}") {
            if let Ok(once) = plain(&path) {
                proptest::prop_assert!(!once.split(['/']).any(|part| part == ".."));
                let again = plain(&once);
                proptest::prop_assert_eq!(again.as_deref(), Ok(&*once));
            }
        }
    }
}
