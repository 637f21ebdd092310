//! Names in which each `*` stands for any text.

/// Whether `name` is one of those that `pattern` means. Takes time in proportion to the product of both lengths at most.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut of) = (0, 0);
    // Where to go on if what follows the last star does not fit.
    let mut retry: Option<(usize, usize)> = None;
    while of < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                retry = Some((at + 1, of));
                at += 1;
            }
            Some(byte) if *byte == name[of] => {
                at += 1;
                of += 1;
            }
            _ => {
                let Some((after_star, taken)) = retry else { return false };
                retry = Some((after_star, taken + 1));
                at = after_star;
                of = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// Whether every name that `inner` means is one that `outer` means. May say no where the answer is yes, never the other
/// way about.
pub(crate) fn covers(outer: &str, inner: &str) -> bool {
    if outer == inner || outer == "*" {
        return true;
    }
    if !inner.contains('*') {
        return matches(outer, inner);
    }
    // Stars of `inner` stand for themselves: only a star of `outer` can take one, so each text that they may stand for is
    // taken by the same star.
    outer.contains('*') && matches(outer, inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_take_any_text() {
        for (pattern, name, expected) in [
            ("gpt-4o", "gpt-4o", true),
            ("gpt-4o", "gpt-4", false),
            ("gpt-4", "gpt-4o", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("openai/*", "openai/", true),
            ("openai/*", "openai/a/b", true),
            ("openai/*", "openapi/a", false),
            ("openai/*", "x/openai/a", false),
            ("*-mini", "o3-mini", true),
            ("*-mini", "o3-mini-high", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("**", "x", true),
            ("*ä*", "xäy", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} against {name}");
        }
    }

    #[test]
    fn patterns_cover_patterns() {
        for (outer, inner, expected) in [
            ("*", "openai/*", true),
            ("openai/*", "openai/gpt-*", true),
            ("openai/*", "openai/*-mini", true),
            ("openai/gpt-*", "openai/*", false),
            ("openai/gpt", "openai/*", false),
            ("a*c", "a*b*c", true),
            ("a*b*c", "a*c", false),
            ("*mini", "*", false),
        ] {
            assert_eq!(covers(outer, inner), expected, "{outer} over {inner}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_covered_matches(outer in "[ab*]{0,5}", inner in "[ab*]{0,5}", fill in "[ab]{0,4}") {
            let name = inner.replace('*', &fill);
            proptest::prop_assert!(matches(&inner, &name));
            if covers(&outer, &inner) {
                proptest::prop_assert!(matches(&outer, &name));
            }
        }
    }
}
