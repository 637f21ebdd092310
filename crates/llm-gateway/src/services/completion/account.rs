//! Whom a request is booked to beside its key: whom it is for, its conversation, its labels.

use std::borrow::Cow;

use llm_provider_core::Peek;
use llm_types::ApiError;

use super::known::tags;
use super::{Ask, Principal};
use crate::headers;
use crate::ledger::Account;

/// Bytes of what clients want to be kept with their entries.
const DETAILS: usize = 4 << 10;

/// Finds out whom a request is booked to.
///
/// Whom it is for is told by the token of whoever asks, else by a header, or by one of the members in which clients say so, the first of them counting.
///
/// # Errors
/// A member of a wrong type.
///
/// Source: LiteLLM docs, "Customers / End-Users", "Spend Tracking", read 2026-11.
pub(super) fn account(ask: &Ask, peek: &Peek<'_>, who: Option<&Principal>) -> Result<Account, ApiError> {
    let about = peek.object("metadata")?;
    let told = peek.object("litellm_metadata")?;
    let by_header = ask.header(&headers::CUSTOMER_ID).or_else(|| ask.header(&headers::END_USER_ID));
    let own = |text: Option<Cow<'_, str>>| {
        text.filter(|text| !text.is_empty()).map(|text| Box::<str>::from(&*text))
    };
    let by_token = who.and_then(Principal::end_user);
    let end_user = match by_token.or(by_header) {
        Some(user) => Some(user.into()),
        None => own(text(peek, "user"))
            .or_else(|| own(text(&told, "user")))
            .or_else(|| own(text(&about, "user_id")))
            .or_else(|| own(text(peek, "safety_identifier"))),
    };
    let session = match ask.header(&headers::SESSION_ID) {
        Some(session) => Some(session.into()),
        None => own(text(peek, "litellm_session_id")).or_else(|| own(text(&about, "session_id"))),
    };
    let mut labels: Vec<String> = Vec::new();
    let of_key = who.and_then(Principal::access).into_iter().flat_map(|access| &access.caller.tags);
    let asked = tags(ask, peek, &about)?;
    for tag in asked.iter().map(|tag| &**tag).chain(of_key.map(String::as_str)) {
        let tag = tag.strip_prefix('&').unwrap_or(tag);
        if !tag.is_empty() && !tag.starts_with('!') && labels.iter().all(|label| label != tag) {
            labels.push(tag.to_owned());
        }
    }
    let details = ask
        .header(&headers::SPEND_LOGS_METADATA)
        .or_else(|| told.raw("spend_logs_metadata"))
        .or_else(|| about.raw("spend_logs_metadata"))
        .filter(|json| json.len() <= DETAILS && json.starts_with('{') && Peek::new(json.as_bytes()).is_ok());
    Ok(Account { end_user, session, tags: labels, details: details.map(Into::into) })
}

/// A member that is a text; what is none is nobody's name.
fn text<'a>(peek: &Peek<'a>, name: &str) -> Option<Cow<'a, str>> {
    peek.raw(name).filter(|raw| raw.starts_with('"')).and_then(|_| peek.text(name).ok().flatten())
}
