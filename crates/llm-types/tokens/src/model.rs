//! Which encoding a model has.
//!
//! Source: tiktoken 0.14, `model.py` (github.com/openai/tiktoken), and OpenAI's list of models, read 2026-11.

pub(crate) const O200K: &str = "o200k_base";
pub(crate) const CL100K: &str = "cl100k_base";

/// How names begin. The first that fits counts.
const BEGINNINGS: &[(&str, &str)] = &[
    ("gpt-4o", O200K),
    ("gpt-4.1", O200K),
    ("gpt-4.5", O200K),
    ("gpt-5", O200K),
    ("gpt-oss", O200K),
    ("chatgpt-", O200K),
    ("codex-", O200K),
    ("o1", O200K),
    ("o3", O200K),
    ("o4", O200K),
    ("gpt-4", CL100K),
    ("gpt-3.5", CL100K),
    ("gpt-35", CL100K),
    ("davinci-002", CL100K),
    ("babbage-002", CL100K),
    ("text-embedding-3-", CL100K),
    ("text-embedding-ada-002", CL100K),
];

/// The name of a model's encoding. Vendors may stand before the name, and `ft:` where it was tuned.
pub(crate) fn encoding(model: &str) -> Option<&'static str> {
    let name = model.rsplit('/').next().unwrap_or(model);
    let name = name.strip_prefix("ft:").unwrap_or(name);
    let name = name.strip_prefix("openai.").unwrap_or(name);
    let (_, encoding) = BEGINNINGS.iter().find(|(beginning, _)| begins(name, beginning))?;
    Some(encoding)
}

/// Whether a name begins so, and does not go on with a digit: `o1` does not begin `o10`.
fn begins(name: &str, beginning: &str) -> bool {
    name.get(..beginning.len()).is_some_and(|head| head.eq_ignore_ascii_case(beginning))
        && !name[beginning.len()..].starts_with(|next: char| next.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (model, expected) in [
            ("gpt-4o", Some(O200K)),
            ("gpt-4o-mini-2024-07-18", Some(O200K)),
            ("ft:gpt-4o-mini:org::id", Some(O200K)),
            ("ft:gpt-4:org::id", Some(CL100K)),
            ("openrouter/openai/gpt-5.6", Some(O200K)),
            ("openai.gpt-oss-120b-1:0", Some(O200K)),
            ("o3", Some(O200K)),
            ("o10", None),
            ("gpt-4-turbo", Some(CL100K)),
            ("GPT-4", Some(CL100K)),
            ("gpt-35-turbo", Some(CL100K)),
            ("text-embedding-3-small", Some(CL100K)),
            ("text-embedding-004", None),
            ("claude-sonnet-4-5", None),
            ("llama-3", None),
            ("", None),
        ] {
            assert_eq!(encoding(model), expected, "{model}");
        }
    }
}
