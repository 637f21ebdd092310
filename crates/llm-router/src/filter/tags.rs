//! Whose labels fit.

use super::{Field, Left};
use crate::tags::{Directive, directives};
use crate::{Candidate, Refusal};

/// The label of deployments that serve requests which ask for none, or for ones that nobody has.
const DEFAULT: &str = "default";

/// Labels choose among deployments.
///
/// Those that fit serve the request. When nobody fits, those labelled `default` do. A request that asks for nothing and
/// finds no `default` goes to anybody; one that asks for what nobody has goes nowhere. `!label` keeps the deployments with
/// that label out in any case.
///
/// Source: LiteLLM, tag-based routing, read 2026-11.
pub(crate) fn tags(field: &Field<'_>, left: &mut Left) {
    let Some(policy) = field.selection.tag_policy().or(field.inquiry.filter_by_tags.then_some(&ANY)) else {
        return;
    };
    let asked = || directives(field.inquiry.tags, &policy.prefix);
    let excluded = |candidate: &Candidate<'_>| {
        asked().any(|one| matches!(one, Directive::Without(label) if has(candidate, label)))
    };
    left.refuse(field, |candidate| excluded(candidate).then_some(Refusal::Tags));

    let asks = asked().any(|one| !matches!(one, Directive::Without(_)));
    let agent = field.inquiry.user_agent.filter(|_| field.selection.has_patterns());
    let header = agent.map(|agent| format!("User-Agent: {agent}"));
    let known_by_agent = |candidate: &Candidate<'_>| {
        header.as_deref().is_some_and(|header| field.selection.fits(&candidate.settings.tag_regex, header))
    };
    let required = |candidate: &Candidate<'_>| {
        asked().all(|one| !matches!(one, Directive::With(label) if !has(candidate, label)))
    };
    let fits = |candidate: &Candidate<'_>| {
        let mut labels = asked().filter_map(Directive::label).peekable();
        let labelled = if policy.match_any {
            labels.peek().is_none() || labels.any(|label| has(candidate, label))
        } else {
            labels.all(|label| has(candidate, label))
        };
        required(candidate) && (asks && labelled || known_by_agent(candidate))
    };
    let default = |candidate: &Candidate<'_>| has(candidate, DEFAULT);
    let keep: &dyn Fn(&Candidate<'_>) -> bool = if left.any(field, fits) {
        &fits
    } else if left.any(field, default) {
        &default
    } else if asks {
        &|_| false
    } else {
        return;
    };
    left.refuse(field, |candidate| (!keep(candidate)).then_some(Refusal::Tags));
}

/// What holds where only the request asks for it.
static ANY: TagPolicy = TagPolicy { match_any: true, prefix: String::new() };

/// How labels are compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TagPolicy {
    /// Whether one common label is enough.
    pub(crate) match_any: bool,
    /// What labels begin with that are meant for routing.
    pub(crate) prefix: String,
}

fn has(candidate: &Candidate<'_>, label: &str) -> bool {
    candidate.settings.tags.iter().any(|tag| tag == label)
}
