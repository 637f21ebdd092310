//! What a token says.

use llm_types::UnixMs;
use serde_json::{Map, Value};

use crate::TokenError;

/// The claims of a token.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims(Map<String, Value>);

/// What is checked of a token's claims.
#[derive(Debug, Clone, Copy, Default)]
pub struct Checks<'a> {
    /// Whom it must be of, letter by letter. `None` does not look.
    pub issuer: Option<&'a str>,
    /// One of whom it must be for. `None` does not look.
    pub audiences: Option<&'a [String]>,
    /// How far the issuer's clock may be off, in milliseconds.
    pub leeway_ms: u64,
}

impl Claims {
    /// # Errors
    /// [`TokenError::Malformed`] if this is no object of JSON.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, TokenError> {
        serde_json::from_slice(json).map(Self).map_err(|_| TokenError::Malformed)
    }

    /// The claims of a map, for tests and tools.
    pub const fn from_map(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// Checks issuer, audience and times; answers when the token ends.
    ///
    /// # Errors
    /// [`TokenError::Issuer`], [`TokenError::Audience`], [`TokenError::Expired`], also if it never ends, or
    /// [`TokenError::NotYet`].
    pub fn check(&self, checks: &Checks<'_>, now: UnixMs) -> Result<UnixMs, TokenError> {
        if checks.issuer.is_some_and(|issuer| self.text("iss") != Some(issuer)) {
            return Err(TokenError::Issuer);
        }
        if let Some(audiences) = checks.audiences {
            let is_one = |value: &Value| {
                value.as_str().is_some_and(|it| audiences.iter().any(|audience| audience == it))
            };
            let is_for_us = match self.0.get("aud") {
                Some(Value::Array(all)) => all.iter().any(is_one),
                Some(one) => is_one(one),
                None => false,
            };
            if !is_for_us {
                return Err(TokenError::Audience);
            }
        }
        let end = self.time("exp")?.ok_or(TokenError::Expired)?.plus(checks.leeway_ms);
        if end <= now {
            return Err(TokenError::Expired);
        }
        // Neither used nor made in the future.
        for name in ["nbf", "iat"] {
            if self.time(name)?.is_some_and(|start| start > now.plus(checks.leeway_ms)) {
                return Err(TokenError::NotYet);
            }
        }
        Ok(end)
    }

    /// A time in seconds, which may have a fraction.
    fn time(&self, name: &str) -> Result<Option<UnixMs>, TokenError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let wrong = || TokenError::Claim { claim: name.to_owned() };
        let seconds = value.as_f64().filter(|it| it.is_finite() && it.abs() < 1e14).ok_or_else(wrong)?;
        #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
        Ok(Some(UnixMs((seconds * 1000.0).floor() as i64)))
    }

    /// The claim of this name, or at this path of names with dots between them: `resource_access.gateway.roles`. A name may
    /// have dots itself.
    pub fn get(&self, path: &str) -> Option<&Value> {
        fn find<'v>(map: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
            if let Some(value) = map.get(path) {
                return Some(value);
            }
            // The longest name that leads on: `https://example.com/claims.team` has more dots than one.
            path.rmatch_indices('.')
                .find_map(|(dot, _)| find(map.get(&path[..dot])?.as_object()?, &path[dot + 1..]))
        }
        find(&self.0, path)
    }

    /// A claim that is text, and not empty. Numbers are told as they are written: ids may be some.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.get(path)?.as_str().filter(|text| !text.is_empty())
    }

    /// A claim as an id: text, or a whole number.
    pub fn id(&self, path: &str) -> Option<String> {
        id(self.get(path)?)
    }

    /// A claim that is a list of texts, or one. Entries that are no text are passed over.
    pub fn list(&self, path: &str) -> Vec<String> {
        match self.get(path) {
            Some(Value::Array(all)) => all.iter().filter_map(id).collect(),
            Some(one) => id(one).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// The scopes: words in `scope`, or in a list there or in `scp`.
    pub fn scopes(&self) -> Vec<String> {
        let words = |value: &Value| match value {
            Value::String(text) => text.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
            Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        ["scope", "scp"].iter().filter_map(|name| self.0.get(*name)).flat_map(words).collect()
    }

    /// All of them.
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(value: Value) -> Claims {
        Claims(serde_json::from_value(value).unwrap())
    }

    #[test]
    fn claims_are_found_by_paths() {
        let claims = claims(json!({
            "sub": "anna", "n": 7, "empty": "",
            "resource_access": {"gate.way": {"roles": ["a", 2, null, ""]}},
            "https://example.com/team": "t", "a": {"b": {"c": "deep"}, "b.c": "literal"},
        }));
        assert_eq!(claims.text("sub"), Some("anna"));
        assert_eq!(claims.text("empty"), None);
        assert_eq!(claims.text("a.b.c"), Some("literal"), "a name with a dot before a path");
        assert_eq!(claims.text("https://example.com/team"), Some("t"));
        assert_eq!(claims.list("resource_access.gate.way.roles"), ["a", "2"]);
        assert_eq!(claims.id("n").as_deref(), Some("7"));
        assert_eq!((claims.get("sub.x"), claims.get("a.x"), claims.get("")), (None, None, None));
    }

    #[test]
    fn scopes_are_words_or_lists() {
        assert_eq!(claims(json!({"scope": "a  b"})).scopes(), ["a", "b"]);
        assert_eq!(claims(json!({"scope": ["a", "b c"]})).scopes(), ["a", "b c"]);
        assert_eq!(claims(json!({"scp": "a"})).scopes(), ["a"]);
        assert!(claims(json!({"scope": 1})).scopes().is_empty());
    }

    #[test]
    fn issuer_audience_and_times() {
        let audiences = ["gateway".to_owned(), "other".to_owned()];
        let checks = Checks { issuer: Some("https://issuer"), audiences: Some(&audiences), leeway_ms: 5_000 };
        let good = json!({"iss": "https://issuer", "aud": "gateway", "exp": 100, "nbf": 50, "iat": 50});
        let at = |change: Value, now| {
            let mut whole = good.as_object().unwrap().clone();
            for (name, value) in change.as_object().unwrap() {
                if value.is_null() {
                    whole.remove(name);
                } else {
                    whole.insert(name.clone(), value.clone());
                }
            }
            Claims(whole).check(&checks, UnixMs(now))
        };
        assert_eq!(at(json!({}), 60_000), Ok(UnixMs(105_000)));
        for (change, now, expected) in [
            (json!({}), 104_999, None),
            (json!({}), 105_000, Some(TokenError::Expired)),
            (json!({}), 45_000, None),
            (json!({}), 44_999, Some(TokenError::NotYet)),
            (json!({"iat": 70}), 60_000, Some(TokenError::NotYet)),
            (json!({"exp": null}), 60_000, Some(TokenError::Expired)),
            (json!({"exp": "100"}), 60_000, Some(TokenError::Claim { claim: "exp".into() })),
            (json!({"exp": 1e300}), 60_000, Some(TokenError::Claim { claim: "exp".into() })),
            (json!({"exp": 100.9}), 105_800, None),
            (json!({"iss": "https://issuer/"}), 60_000, Some(TokenError::Issuer)),
            (json!({"iss": null}), 60_000, Some(TokenError::Issuer)),
            (json!({"iss": ["https://issuer"]}), 60_000, Some(TokenError::Issuer)),
            (json!({"aud": ["x", "other"]}), 60_000, None),
            (json!({"aud": ["x"]}), 60_000, Some(TokenError::Audience)),
            (json!({"aud": "gateway2"}), 60_000, Some(TokenError::Audience)),
            (json!({"aud": null}), 60_000, Some(TokenError::Audience)),
        ] {
            assert_eq!(at(change.clone(), now).err(), expected, "{change} at {now}");
        }
    }
}
