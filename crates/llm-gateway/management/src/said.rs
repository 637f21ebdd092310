//! What a request says: its body and its query, member by member.

use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_ENCODING;
use http::request::Parts;
use llm_tenancy::Document;
use llm_types::ErrorKind;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::desk::Desk;
use crate::fault::Fault;
use crate::member::{self, Member};
use crate::terms::{KEPT, OBJECTS};
use crate::wire::Wire;

/// The members of a JSON body that is an object. What nobody takes out is told to be ignored by [`Said::end`].
pub(crate) struct Said {
    pub(crate) members: Document,
    desk: Desk,
}

impl Said {
    /// A member; `None` if it is not there or `null`.
    ///
    /// # Errors
    /// 400, if it cannot be read.
    pub(crate) fn take<T: Wire>(&mut self, name: &str) -> Result<Option<T>, Fault> {
        match self.members.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => Ok(Some(T::read(value).map_err(|error| error.at(name))?)),
        }
    }

    /// A member that must be there.
    ///
    /// # Errors
    /// 400, if it is not, or cannot be read.
    pub(crate) fn need<T: Wire>(&mut self, name: &str) -> Result<T, Fault> {
        self.take(name)?.ok_or_else(|| Fault::missing(name))
    }

    /// What else a request says: one of several objects that it holds.
    pub(crate) fn of(members: Document, desk: &Desk) -> Self {
        let said = Self { members, desk: desk.clone() };
        said.tell_kept(&KEPT);
        let (list, heeded) = OBJECTS;
        let objects = said.members.get(list).and_then(Value::as_object).into_iter().flatten();
        // A list that allows nothing says something, too.
        let kept = objects.filter(|(name, value)| !heeded.contains(&name.as_str()) && !value.is_null());
        desk.ignores(kept.map(|(name, _)| format!("{list}.{name}")));
        said
    }

    /// Tells which of these members are kept and not acted upon, of those that say something.
    pub(crate) fn tell_kept(&self, names: &[&str]) {
        let says = |name: &&&str| match self.members.get(**name) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Array(items)) => !items.is_empty(),
            Some(Value::Object(members)) => !members.is_empty(),
            Some(_) => true,
        };
        self.desk.ignores(names.iter().filter(says).map(|name| (*name).to_owned()));
    }

    /// Whether the body says something of a member, be it `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Sets what the body says of a record, and forgets it.
    ///
    /// # Errors
    /// 400, with the member that cannot be set so.
    pub(crate) fn set<R>(&mut self, record: &mut R, members: &[Member<R>]) -> Result<(), Fault> {
        Ok(member::set(record, members, &mut self.members)?)
    }

    /// The client is told of what is left.
    pub(crate) fn end(self) {
        self.desk.ignores(self.members.keys().cloned());
    }
}

impl<S: Send + Sync> FromRequest<S> for Said {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let desk = Desk::from_request_parts(&mut parts, state).await?;
        let is_plain = |coding: &&HeaderValue| coding.is_empty() || *coding == "identity";
        if let Some(coding) = parts.headers.get_all(CONTENT_ENCODING).iter().find(|coding| !is_plain(coding))
        {
            let what = format!("the body must come as it is, without content-encoding {coding:?}");
            let mut fault = Fault::invalid("body", what);
            fault.0.kind = ErrorKind::UnsupportedMediaType;
            return Err(fault);
        }
        let request = Request::from_parts(parts, body);
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            let mut fault = Fault::invalid("body", rejection.body_text());
            if rejection.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
                fault.0.kind = ErrorKind::PayloadTooLarge;
            }
            fault
        })?;
        // Some of LiteLLM's routes are called without any body.
        let value = if bytes.is_empty() { Value::Null } else { llm_types::from_slice(&bytes)? };
        match value {
            Value::Null => Ok(Self::of(Document::new(), &desk)),
            Value::Object(members) => Ok(Self::of(members, &desk)),
            _ => Err(Fault::invalid("body", "the body must be a JSON object")),
        }
    }
}

/// The pairs of a query. What nobody takes out is told to be ignored by [`Asked::end`].
pub(crate) struct Asked {
    pairs: Vec<(String, String)>,
    desk: Desk,
}

impl Asked {
    /// A text; `None` if it is not there or empty.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.all(name).into_iter().next_back().filter(|text| !text.is_empty())
    }

    /// All texts of a name, also in a list with commas.
    pub(crate) fn list(&mut self, name: &str) -> Vec<String> {
        let all = self.all(name);
        let parts = all.iter().flat_map(|text| text.split(',')).map(str::trim);
        parts.filter(|text| !text.is_empty()).map(ToOwned::to_owned).collect()
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// 400
    pub(crate) fn need(&mut self, name: &str) -> Result<String, Fault> {
        self.take(name).ok_or_else(|| Fault::missing(name))
    }

    /// A whole number.
    ///
    /// # Errors
    /// 400, if it is none.
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<u64>, Fault> {
        let parse = |text: String| {
            text.parse()
                .map_err(|_| Fault::invalid(name, format!("{name} must be a whole number, 0 or more")))
        };
        self.take(name).map(parse).transpose()
    }

    /// Yes or no.
    ///
    /// # Errors
    /// 400, if it is neither.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Fault> {
        let parse = |text: String| match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(Fault::invalid(name, format!("{name} must be true or false"))),
        };
        self.take(name).map(parse).transpose()
    }

    /// The names of what nobody has taken out.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().map(|(name, _)| name.as_str())
    }

    fn all(&mut self, name: &str) -> Vec<String> {
        let (found, rest) = std::mem::take(&mut self.pairs).into_iter().partition(|(other, _)| other == name);
        self.pairs = rest;
        found.into_iter().map(|(_, value)| value).collect()
    }

    /// The client is told of what is left.
    pub(crate) fn end(self) {
        self.desk.ignores(self.pairs.into_iter().map(|(name, _)| name));
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let desk = Desk::from_request_parts(parts, state).await?;
        let decode = |text: &str| {
            let spaced = text.replace('+', " ");
            let decoded = percent_decode_str(&spaced).decode_utf8().map(std::borrow::Cow::into_owned);
            decoded.map_err(|_| Fault::invalid("query", "the query is no UTF-8"))
        };
        let query = parts.uri.query().unwrap_or_default();
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        Ok(Self { pairs: pairs.collect::<Result<_, Fault>>()?, desk })
    }
}
