//! What a model's name at OpenAI tells.
//!
//! Source: OpenAI API docs, "Reasoning models" (platform.openai.com/docs/guides/reasoning) and the reference of
//! `max_tokens`, which the o-series refuses; guide "Web search"; read 2026-11.

/// Whether the model is of the o-series, or of GPT-5 and later: those refuse `max_tokens`.
pub(crate) fn takes_completion_limit(model: &str) -> bool {
    let name = bare(model);
    if let Some(rest) = name.strip_prefix('o') {
        return rest.starts_with(|first: char| first.is_ascii_digit());
    }
    name.strip_prefix("gpt-").is_some_and(|rest| {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        rest[..digits].parse::<u32>().is_ok_and(|version| version >= 5)
    })
}

/// Whether the model takes `reasoning_effort`.
pub(crate) fn takes_effort(model: &str) -> bool {
    takes_completion_limit(model) && !bare(model).contains("-chat")
}

/// Whether the model takes `none` for a `reasoning_effort`: GPT-5.1 and later, but for those that always think.
pub(crate) fn takes_no_effort(model: &str) -> bool {
    let Some(version) = bare(model).strip_prefix("gpt-") else { return false };
    let number = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse::<u32>().ok()
    };
    let minor = || version.split_once('.').and_then(|(_, minor)| number(minor));
    let is_late = match number(version) {
        Some(5) => minor().is_some_and(|minor| minor > 0),
        Some(major) => major > 5,
        None => false,
    };
    is_late && !version.contains("-pro") && !version.contains("-chat")
}

/// Whether chat is of no use to the model for a search of the web: it refuses `web_search_options` as unknown, but for
/// the models that are named after searching. Whatever is not named as OpenAI names its models may search.
pub(crate) fn never_searches(model: &str) -> bool {
    let name = bare(model);
    let is_numbered = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    let is_openais = name.strip_prefix("gpt-").or_else(|| name.strip_prefix('o')).is_some_and(is_numbered)
        || name.starts_with("chatgpt-");
    is_openais && !name.contains("search")
}

/// The name without a vendor before it and without the mark of a fine-tuned model.
fn bare(model: &str) -> &str {
    let name = model.rsplit('/').next().unwrap_or(model);
    name.strip_prefix("ft:").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for model in
            ["o1", "o3-mini", "openai/o4-mini", "gpt-5", "gpt-5.4-nano", "gpt-6", "ft:o4-mini:acme::x"]
        {
            assert!(takes_completion_limit(model), "{model}");
        }
        for model in ["gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo", "gpt-oss-120b", "omni", "orca", "gpt-"] {
            assert!(!takes_completion_limit(model), "{model}");
        }
        for model in ["gpt-4o", "openai/gpt-5.1", "o3-mini", "chatgpt-4o-latest", "ft:gpt-4.1:acme::x"] {
            assert!(never_searches(model), "{model}");
        }
        for model in ["gpt-5-search-api", "gpt-4o-mini-search-preview", "gpt-oss-120b", "omni", "model-1"] {
            assert!(!never_searches(model), "{model}");
        }
        assert!(takes_effort("gpt-5.1") && !takes_effort("gpt-5-chat-latest"));
        for (model, takes) in [
            ("gpt-5.1", true),
            ("openai/gpt-5.4-mini", true),
            ("gpt-6", true),
            ("gpt-5", false),
            ("gpt-5-mini-2025-08-07", false),
            ("gpt-5.2-pro", false),
            ("gpt-5.1-chat-latest", false),
            ("gpt-4.1", false),
            ("o3", false),
        ] {
            assert_eq!(takes_no_effort(model), takes, "{model}");
        }
    }
}
