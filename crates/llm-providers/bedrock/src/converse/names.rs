//! Names of tools and of their calls, in the letters that Bedrock takes; tools' names can be read back.
//!
//! Source: Amazon Bedrock API Reference, "ToolSpecification" and "ToolUseBlock", read 2026-11.

use std::borrow::Cow;
use std::fmt::Write as _;

/// How many letters a name has at most.
pub(crate) const LONGEST: usize = 64;

const fn is_taken(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// A tool's name in Bedrock's letters. In a name that needs it, every other byte becomes `_xHH_`, and so does every `_`
/// before an `x`: what looks like an escape over there is one.
pub(crate) fn tool(name: &str) -> Cow<'_, str> {
    let bytes = name.as_bytes();
    if bytes.iter().enumerate().all(|(at, byte)| is_taken(*byte) && escaped(&bytes[at..]).is_none()) {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len() + 16);
    for (at, &byte) in bytes.iter().enumerate() {
        if !is_taken(byte) || bytes[at..].starts_with(b"_x") {
            // Writing into a string cannot fail.
            let _ = write!(out, "_x{byte:02X}_");
        } else {
            out.push(byte.into());
        }
    }
    Cow::Owned(out)
}

/// The name that was made into this one.
pub(crate) fn tool_back(name: &str) -> Cow<'_, str> {
    let bytes = name.as_bytes();
    if (0..bytes.len()).all(|at| escaped(&bytes[at..]).is_none()) {
        return Cow::Borrowed(name);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match escaped(&bytes[at..]) {
            Some(byte) => {
                out.push(byte);
                at += 5;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).map_or(Cow::Borrowed(name), Cow::Owned)
}

/// The byte that `_xHH_` stands for.
fn escaped(bytes: &[u8]) -> Option<u8> {
    let [b'_', b'x', high, low, b'_', ..] = bytes else { return None };
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    Some(digit(*high)? << 4 | digit(*low)?)
}

/// A call's name in Bedrock's letters and length, the same for the same name; two that differ stay two.
pub(crate) fn call(id: &str) -> Cow<'_, str> {
    let is_taken = |byte: u8| is_taken(byte) || matches!(byte, b'.' | b':');
    if !id.is_empty() && id.len() <= LONGEST && id.bytes().all(is_taken) {
        return Cow::Borrowed(id);
    }
    let sum = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut out: String = id
        .bytes()
        .take(LONGEST - 17)
        .map(|byte| if is_taken(byte) { char::from(byte) } else { '_' })
        .collect();
    let _ = write!(out, "_{sum:016x}");
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tools() {
        assert!(matches!(tool("get_weather-2"), Cow::Borrowed(_)));
        assert_eq!(tool("mcp.server:tool"), "mcp_x2E_server_x3A_tool");
        assert_eq!(tool("a_x2E_b"), "a_x5F_x2E_b");
        assert_eq!(tool_back("a_x5F_x2E_b"), "a_x2E_b");
        assert_eq!(tool_back("_xFF_"), "_xFF_", "no text comes of it");
        assert_eq!(tool("get_xyz"), "get_xyz");
        assert_eq!(tool_back(&tool("_x00ü")), "_x00ü");
    }

    #[test]
    fn calls() {
        assert!(matches!(call("tooluse_a.b:c-1"), Cow::Borrowed(_)));
        for odd in ["", "call|1", &"x".repeat(65), "fc_ü"] {
            let renamed = call(odd);
            assert!(!renamed.is_empty() && renamed.len() <= LONGEST, "{renamed}");
            assert_eq!(call(odd), renamed);
            assert_eq!(call(&renamed), renamed, "a new name is taken");
        }
        assert_ne!(call("a|b"), call("a/b"));
    }

    proptest! {
        #[test]
        fn every_tool_is_read_back(name in "[a-z_x0-9A-F.:/ü]{0,24}") {
            let renamed = tool(&name);
            prop_assert!(renamed.bytes().all(is_taken));
            prop_assert_eq!(tool_back(&renamed), name.as_str());
        }
    }
}
