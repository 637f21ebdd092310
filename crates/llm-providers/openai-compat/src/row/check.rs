//! Whether a row makes sense.

use std::iter;

use http::{HeaderName, Uri};
use llm_provider_openai::Auth;

use super::{RowError, VendorRow};

/// The first thing that is wrong with a member.
type Fault = Option<(&'static str, String)>;

impl VendorRow {
    /// Looks for what makes no sense.
    ///
    /// # Errors
    /// [`RowError`] names the first member at fault.
    pub fn check(&self) -> Result<(), RowError> {
        let fault = self
            .names()
            .or_else(|| self.address())
            .or_else(|| self.paths())
            .or_else(|| self.members())
            .or_else(|| self.values());
        match fault {
            Some((field, reason)) => Err(RowError { id: self.id.clone(), field, reason }),
            None => self.header_map().map(|_| ()),
        }
    }

    /// Names of the vendor and of variables.
    fn names(&self) -> Fault {
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
        for (field, id) in iter::once(("id", &self.id)).chain(self.aliases.iter().map(|id| ("aliases", id))) {
            if id.is_empty() || !id.chars().all(is_id) {
                return Some((field, "only lower-case letters, digits, `_`, `-` and `.`".to_owned()));
            }
        }
        let is_variable = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let variables =
            self.keys.iter().chain(&self.base_urls).map(String::as_str).chain(self.placeholders());
        variables
            .filter(|name| name.is_empty() || !name.chars().all(is_variable))
            .map(|name| ("keys", format!("`{name}` is no name of a variable")))
            .next()
    }

    fn address(&self) -> Fault {
        if self.base_url.is_empty() {
            return None;
        }
        let filled = self
            .placeholders()
            .fold(self.base_url.clone(), |url, name| url.replace(&format!("{{{name}}}"), "x"));
        let Ok(uri) = filled.parse::<Uri>() else {
            return Some(("base_url", format!("`{}` is no address", self.base_url)));
        };
        let host = uri.host().unwrap_or_default();
        let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if local => {}
            _ => return Some(("base_url", "`https:` is needed except on the own machine".to_owned())),
        }
        self.base_url.ends_with('/').then(|| ("base_url", "no slash at the end".to_owned()))
    }

    /// What stands between the address and an operation, and how a model's name is made.
    fn paths(&self) -> Fault {
        let prefix = iter::once(("path_prefix", &self.path_prefix)).filter(|(_, path)| !path.is_empty());
        for (field, path) in prefix.chain(self.routes.values().map(|path| ("routes", path))) {
            if !path.starts_with('/') || path.ends_with('/') {
                return Some((field, format!("`{path}` must begin with a slash and end without")));
            }
        }
        if let Some(path) = self.routes.values().find(|path| path.matches("{}").count() != 1) {
            return Some(("routes", format!("`{path}` must have one `{{}}`")));
        }
        let rerank = &self.rerank;
        let replaced = Some(&rerank.replaces).filter(|path| !path.is_empty());
        for path in iter::once(&rerank.path).chain(replaced) {
            if !path.starts_with('/') || path.ends_with('/') {
                return Some(("rerank", format!("`{path}` must begin with a slash and end without")));
            }
        }
        if replaced.is_some() && !self.path_prefix.is_empty() {
            return Some(("rerank", "an address with a `path_prefix` has nothing to be replaced".to_owned()));
        }
        if rerank.top_n.is_empty() || rerank.drop.iter().any(|name| name == "query" || name == "documents") {
            return Some(("rerank", "there is no ranking without a question and documents".to_owned()));
        }
        let pattern = self.model_pattern.as_ref().filter(|pattern| !pattern.contains("{}"));
        pattern.map(|pattern| ("model_pattern", format!("`{pattern}` must have a `{{}}`")))
    }

    /// Members that are dropped, renamed or set, and values that have others in their place.
    fn members(&self) -> Fault {
        for name in &self.drop {
            if matches!(name.as_str(), "model" | "messages" | "stream") {
                return Some(("drop", format!("a chat cannot do without `{name}`")));
            }
            if self.rename.contains_key(name) || self.defaults.contains_key(name) {
                return Some(("drop", format!("`{name}` is renamed or set as well")));
            }
        }
        let leads_nowhere = |from: &str, to: &str| format!("`{from}` to `{to}` leads nowhere");
        for (from, to) in &self.rename {
            if from == to || self.rename.contains_key(to) || self.drop.contains(to) {
                return Some(("rename", leads_nowhere(from, to)));
            }
        }
        let effort = self.efforts.iter().find(|(from, to)| from == to || self.efforts.contains_key(*to));
        effort.map(|(from, to)| ("efforts", leads_nowhere(from, to)))
    }

    fn values(&self) -> Fault {
        if self.max_temperature.is_some_and(|limit| !(0.0..=2.0).contains(&limit)) {
            return Some(("max_temperature", "0 to 2".to_owned()));
        }
        if self.max_inputs == Some(0) {
            return Some(("max_inputs", "at least 1".to_owned()));
        }
        if self.usage_pointer.as_ref().is_some_and(|pointer| !pointer.starts_with('/')) {
            return Some(("usage_pointer", "a JSON pointer begins with `/`".to_owned()));
        }
        match &self.auth {
            Auth::Header(name) if name.parse::<HeaderName>().is_err() => {
                Some(("auth", format!("`{name}` is no header")))
            }
            _ => None,
        }
    }
}
