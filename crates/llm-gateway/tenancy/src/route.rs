//! Routes, their groups, and rules that name them.

use crate::glob;

mod groups;
mod path;

pub use groups::{RouteGroups, groups_beside, groups_of};
pub use path::{PathFault, plain};

/// What is asked: the route that serves a request, as the gateway's own router found it, and the path as it was sent.
#[derive(Debug, Clone, Copy)]
pub struct Route<'a> {
    /// The route, such as `/v1/models/{*id}`. It decides what will be done, and so it is what is judged.
    pub template: &'a str,
    /// The path as it was sent, still encoded, without the query.
    pub path: &'a str,
    /// The groups of the route: [`groups_of`], looked up once.
    pub groups: RouteGroups,
}

/// The lists of allowed routes of one key, team, user or organisation, ready to be asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct RouteRules {
    groups: RouteGroups,
    exact: Vec<Box<str>>,
    /// Routes and all that is below them: `/v1/*`.
    patterns: Vec<Box<str>>,
}

/// What is wrong with an entry of a list of routes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteRuleError {
    /// Neither a path nor a group.
    #[error("{0:?} is neither a path nor a group of routes such as llm_api_routes")]
    Unknown(String),
    /// A star that is not the end of a path, or a path with dots and empty parts.
    #[error("{0:?} cannot be a rule: a path is written plainly, and * stands only at its end, after a /")]
    Form(String),
}

/// Checks an entry of a list of routes: a group, a path, which stands for all below it too, or a path that ends in `/*`,
/// which stands for what is below it alone.
///
/// # Errors
/// [`RouteRuleError`].
pub fn check_rule(rule: &str) -> Result<(), RouteRuleError> {
    let shown = || rule.chars().take(100).collect::<String>();
    if !rule.starts_with('/') {
        return match RouteGroups::named(rule) {
            Some(_) => Ok(()),
            None if rule == "*" => Ok(()),
            None => Err(RouteRuleError::Unknown(shown())),
        };
    }
    let path = rule.strip_suffix("/*").unwrap_or(rule);
    let is_plain = path.is_empty() || plain(path).is_ok_and(|plain| plain == path);
    // The gateway's own names for routes have stars: `/v1/models/{*id}`.
    let has_star = path.replace("{*", "{").contains('*');
    if is_plain && !has_star { Ok(()) } else { Err(RouteRuleError::Form(shown())) }
}

impl RouteRules {
    /// Entries that are no rules allow nothing.
    pub(crate) fn new<'a>(rules: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = Self::default();
        for rule in rules {
            if check_rule(rule).is_err() {
                continue;
            }
            if let Some(group) = RouteGroups::named(rule) {
                all.groups = all.groups.or(group);
            } else if rule == "*" {
                all.patterns.push("/*".into());
            } else if rule.ends_with("/*") {
                all.patterns.push(rule.into());
            } else {
                all.exact.push(rule.into());
            }
        }
        all
    }

    /// Whether a route is in one of the groups, is one that is named, or lies below one.
    ///
    /// Source: LiteLLM docs, "Control model and route access", `allowed_routes`, read 2026-11.
    pub(crate) fn allow(&self, route: &Route<'_>) -> bool {
        if self.groups.meets(route.groups) {
            return true;
        }
        // A route stands for what is below it as well.
        let is_named = |path: &str| {
            let rest = |rule: &str| {
                path.strip_prefix(rule).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            self.exact.iter().any(|rule| rest(rule))
        };
        let is_below = |path: &str| self.patterns.iter().any(|rule| is_below(rule, path));
        // The route's own name has no secrets of encoding. A path is believed only if it is plain, so that no other reader
        // of it can come to another route.
        if is_named(route.template) || is_below(route.template) {
            return plain(route.path).is_ok();
        }
        match plain(route.path) {
            Ok(path) => {
                is_named(&path) || is_below(&path) || self.exact.iter().any(|rule| is_template(rule, &path))
            }
            Err(_) => false,
        }
    }
}

/// Whether a path lies below `/v1/*`: after the slash, so that `/v1/*` is not `/v10`.
fn is_below(rule: &str, path: &str) -> bool {
    rule.strip_suffix('*').is_some_and(|folder| path.starts_with(folder))
}

/// Whether a rule with names for parts, such as `/threads/{thread_id}`, means a path.
fn is_template(rule: &str, path: &str) -> bool {
    if !rule.contains('{') {
        return false;
    }
    let (mut parts, mut given) = (rule.split('/'), path.split('/'));
    loop {
        match (parts.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(given)) => {
                let is_name = part.starts_with('{') && part.ends_with('}');
                if !(is_name && !given.is_empty() || part == given) {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

/// Whether lists of pass-through routes, which may have stars anywhere, mean a plain path.
pub(crate) fn is_listed(list: &[Box<str>], path: &str) -> bool {
    list.iter().any(|rule| {
        glob::matches(rule, path) || path.strip_prefix(&**rule).is_some_and(|rest| rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests;
