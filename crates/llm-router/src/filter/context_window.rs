//! Whose context window is large enough.

use super::{Field, Left};
use crate::Refusal;

/// A prompt that is known to be too long is not sent. A deployment whose limit is unknown is asked.
pub(crate) fn context_window(field: &Field<'_>, left: &mut Left) {
    let tokens = field.inquiry.input_tokens;
    if field.selection.checks_requests() && tokens > 0 {
        left.refuse(field, |candidate| {
            let most = candidate.facts.max_input_tokens.filter(|most| tokens > *most)?;
            Some(Refusal::ContextWindow { most })
        });
    }
}
