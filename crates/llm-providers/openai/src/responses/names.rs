//! Names: of answers and their items, and of tools that the canonical form has no word for.

/// What stands between a namespace and a tool's name, and after the name of a tool that takes free text. Every vendor
/// takes these letters in a name.
const MARK: &str = "_-_";

/// An answer's name, `resp_…`, made from the vendor's or the request's.
pub(super) fn response(vendors: &str, request_id: &str) -> String {
    match vendors {
        "" => format!("resp_{}", letters(request_id)),
        named if named.starts_with("resp_") => named.to_owned(),
        other => format!("resp_{}", letters(other)),
    }
}

/// The name of the item at `index` of an answer: the same in every event and in the whole.
pub(super) fn item(prefix: &str, response: &str, index: usize) -> String {
    format!("{prefix}_{}_{index}", response.strip_prefix("resp_").unwrap_or(response))
}

/// An item's name without its prefix.
pub(super) fn bare(item: &str) -> &str {
    item.split_once('_').map_or(item, |(_, rest)| rest)
}

fn letters(name: &str) -> String {
    let is_taken = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    name.chars().map(|letter| if is_taken(letter) { letter } else { '_' }).collect()
}

/// What a tool of the client's is called, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ToolName<'a> {
    /// Its namespace.
    pub(super) namespace: Option<&'a str>,
    /// Its name there.
    pub(super) name: &'a str,
    /// Whether it takes free text.
    pub(super) is_custom: bool,
}

impl<'a> ToolName<'a> {
    /// Takes a canonical function's name apart.
    pub(super) fn parse(function: &'a str) -> Self {
        let (rest, is_custom) = match function.strip_suffix(MARK) {
            Some(rest) if !rest.is_empty() => (rest, true),
            _ => (function, false),
        };
        match rest.split_once(MARK) {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
                Self { namespace: Some(namespace), name, is_custom }
            }
            _ => Self { namespace: None, name: rest, is_custom },
        }
    }

    /// The canonical function's name.
    pub(super) fn function(self) -> String {
        let namespace = self.namespace.map_or(String::new(), |namespace| format!("{namespace}{MARK}"));
        format!("{namespace}{}{}", self.name, if self.is_custom { MARK } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_come_apart_as_they_were_put_together() {
        for (namespace, name, is_custom, function) in [
            (None, "get", false, "get"),
            (Some("mcp__a"), "get", false, "mcp__a_-_get"),
            (None, "apply_patch", true, "apply_patch_-_"),
            (Some("b"), "c", true, "b_-_c_-_"),
        ] {
            let tool = ToolName { namespace, name, is_custom };
            assert_eq!(tool.function(), function);
            assert_eq!(ToolName::parse(function), tool);
        }
        for odd in ["_-_", "_-_a", "", "_"] {
            assert_eq!(ToolName::parse(odd).function(), odd, "{odd}");
        }
    }

    #[test]
    fn answers_and_items() {
        assert_eq!(response("resp_1", "r"), "resp_1");
        assert_eq!(response("chatcmpl.1", "r"), "resp_chatcmpl_1");
        assert_eq!(response("", "r 1"), "resp_r_1");
        assert_eq!(item("msg", "resp_1", 2), "msg_1_2");
    }
}
