//! Members that somebody's requests must have.

use llm_provider_core::{IngressError, Peek};
use llm_types::{ApiError, ErrorKind, Layer};

use super::Principal;

/// Looks whether a request has all that those of its key must have.
///
/// # Errors
/// 400 with the first member that it lacks.
///
/// Source: LiteLLM docs, "Enforce required params for LLM requests", read 2026-11.
pub(super) fn check(peek: &Peek<'_>, who: Option<&Principal>) -> Result<(), ApiError> {
    let Some(Principal::Key(identity)) = who else { return Ok(()) };
    for path in &identity.demanded {
        if !has(peek, path)? {
            let message = format!("{path}: is missing; requests with this key must have it");
            return Err(ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message).with_param(&**path));
        }
    }
    Ok(())
}

/// Whether a member says something. A point leads into an object: `metadata.generation_name`.
fn has(peek: &Peek<'_>, path: &str) -> Result<bool, IngressError> {
    let says = |raw: Option<&str>| raw.is_some_and(|raw| raw != "null");
    match path.split_once('.') {
        Some((object, rest)) if !says(peek.raw(path)) => has(&peek.object(object)?, rest),
        _ => Ok(says(peek.raw(path))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_wherever_they_stand() {
        let body =
            br#"{"user": "anna", "metadata": {"run": {"id": 1}, "none": null}, "a.b": 1, "stop": null}"#;
        let peek = Peek::new(body).unwrap();
        for (path, wanted) in [
            ("user", true),
            ("metadata", true),
            ("metadata.run", true),
            ("metadata.run.id", true),
            ("a.b", true),
            ("metadata.none", false),
            ("metadata.run.other", false),
            ("user.name", false),
            ("stop", false),
            ("seed", false),
        ] {
            assert_eq!(has(&peek, path).unwrap(), wanted, "{path}");
        }
    }
}
