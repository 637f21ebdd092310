//! [`Target`]: the model's name at the vendor, and the address where it is asked for.

use std::borrow::Cow;

use llm_provider_core::{Call, EncodeError};

use crate::VendorRow;

/// Where a call goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// The model's name at the vendor.
    pub(crate) model: Cow<'a, str>,
    /// The address, if it is another than the call's.
    pub(crate) base_url: Option<String>,
}

impl Target<'_> {
    /// Whether the call names it already.
    pub(crate) fn is_plain(&self) -> bool {
        self.base_url.is_none() && matches!(self.model, Cow::Borrowed(_))
    }
}

impl VendorRow {
    /// Where a call goes.
    ///
    /// # Errors
    /// [`EncodeError::Invalid`] if the model's name must choose a route, and does not.
    pub(crate) fn target<'a>(&'a self, call: &Call<'a>) -> Result<Target<'a>, EncodeError> {
        if self.routes.is_empty() {
            return Ok(Target { model: self.model(call.model), base_url: None });
        }
        let mut parts = call.model.splitn(3, '/');
        let route = parts.next().and_then(|route| self.routes.get(route));
        let (Some(route), Some(id), Some(name)) = (route, parts.next(), parts.next()) else {
            let forms: Vec<_> = self.routes.keys().map(|route| format!("`{route}/ID/NAME`")).collect();
            let reason = format!("`{}` is not of the form {}", call.model, forms.join(" or "));
            return Err(EncodeError::invalid("model", reason));
        };
        let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if id.is_empty() || name.is_empty() || !id.chars().all(is_safe) {
            return Err(EncodeError::invalid("model", format!("`{id}` is no ID")));
        }
        let base = call.base_url_or(&self.base_url);
        let base_url = (!base.is_empty()).then(|| format!("{base}{}", route.replace("{}", id)));
        Ok(Target { model: name.into(), base_url })
    }

    /// The model's name at the vendor.
    fn model<'m>(&self, model: &'m str) -> Cow<'m, str> {
        if model.contains('/') {
            return model.into();
        }
        match &self.model_pattern {
            Some(pattern) => filled(pattern, model).map_or(model.into(), Cow::Owned),
            None if self.model_prefix.is_empty() => model.into(),
            None => format!("{}{model}", self.model_prefix).into(),
        }
    }
}

/// A pattern with the parts of a name between dots in its gaps; `None` if there are too few.
fn filled(pattern: &str, name: &str) -> Option<String> {
    let mut parts = name.splitn(pattern.matches("{}").count(), '.');
    let mut pieces = pattern.split("{}");
    let mut out = pieces.next()?.to_owned();
    for piece in pieces {
        out.push_str(parts.next().filter(|part| !part.is_empty())?);
        out.push_str(piece);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn target(
        row: &VendorRow,
        base_url: Option<&str>,
        model: &str,
    ) -> Result<(String, Option<String>), EncodeError> {
        let headers = HeaderMap::new();
        let target = row.target(&Call { base_url, ..Call::new(model, &headers) })?;
        Ok((target.model.into_owned(), target.base_url))
    }

    #[test]
    fn a_name_in_parts() {
        let row = VendorRow {
            model_pattern: Some("https://h/{}/{}/models/{}".to_owned()),
            ..VendorRow::new("test", "https://h/v1")
        };
        let sent = |model: &str| target(&row, None, model).unwrap().0;
        assert_eq!(sent("openai.chat.gpt-oss-20b"), "https://h/openai/chat/models/gpt-oss-20b");
        assert_eq!(sent("a.b.qwen-2.5"), "https://h/a/b/models/qwen-2.5");
        assert_eq!(sent("a.b"), "a.b");
        assert_eq!(sent("a..c"), "a..c");
        assert_eq!(sent("https://h/a/b/models/c.d.e"), "https://h/a/b/models/c.d.e");
    }

    #[test]
    fn a_name_that_chooses_the_address() {
        let row = VendorRow {
            routes: [("chat".to_owned(), "/chats/{}".to_owned())].into(),
            ..VendorRow::new("test", "")
        };
        assert_eq!(
            target(&row, Some("http://h/"), "chat/1f-2/a/b").unwrap(),
            ("a/b".to_owned(), Some("http://h/chats/1f-2".to_owned()))
        );
        for wrong in ["chat", "chat/1", "agent/1/a", "chat//a", "chat/../a", "chat/1?x/a", "chat/1/"] {
            assert!(matches!(target(&row, None, wrong), Err(EncodeError::Invalid { .. })), "{wrong}");
        }
        assert_eq!(target(&row, None, "chat/1/a").unwrap().1, None, "without an address the wire says so");
    }
}
