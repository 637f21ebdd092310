//! [`Prepared`]: a call with address, credential and model's name as one wire of Azure wants them.

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{HeaderMap, Request};
use llm_provider_core::{Call, Credential, Edit, EncodeError, Encoded, Payload, Peek, apply};

/// What stands before a deployment's name where the name does not tell the kind of model, as in LiteLLM.
const SERIES: &[(&str, &str)] = &[("o_series/", "o1"), ("gpt5_series/", "gpt-5")];

/// The header in which a key travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyIn {
    /// `api-key`
    ApiKey,
    /// `x-api-key`
    XApiKey,
    /// `Authorization: Bearer`
    Bearer,
}

/// A call with its own address and headers. The wires below it are told of no credential.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    pub(crate) base: String,
    pub(crate) headers: HeaderMap,
    /// The deployment's name.
    pub(crate) deployment: &'a str,
    /// The model that it is known to serve, by which OpenAI's wire tells what it takes.
    pub(crate) model: &'a str,
}

/// The deployment's name, if it is to be asked by the Responses API, as in LiteLLM.
pub(crate) fn by_responses<'a>(call: &Call<'a>) -> Option<&'a str> {
    call.model.strip_prefix("responses/")
}

/// A deployment's name, and the model behind it as far as name and settings tell.
pub(crate) fn deployment<'a>(call: &Call<'a>) -> (&'a str, &'a str) {
    let series = SERIES.iter().find_map(|(prefix, model)| Some((call.model.strip_prefix(prefix)?, *model)));
    let (deployment, model) = series.unwrap_or((call.model, call.model));
    (deployment, call.parameter("base_model").unwrap_or(model))
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(call: &Call<'a>, base: String, key_in: KeyIn) -> Result<Self, EncodeError> {
        let (deployment, model) = deployment(call);
        Ok(Self { base, headers: headers(call, key_in)?, deployment, model })
    }

    /// The call for the wire below.
    pub(crate) fn call<'b>(&'b self, call: &Call<'b>) -> Call<'b> {
        Call {
            base_url: Some(&self.base),
            headers: &self.headers,
            model: self.model,
            credential: None,
            ..call.clone()
        }
    }

    /// Whether a body that names the deployment as the caller does is right.
    pub(crate) fn is_named_alike(&self, call: &Call<'_>) -> bool {
        self.deployment == call.model
    }

    /// Puts the deployment's name in the place of the model's.
    pub(crate) fn name(&self, encoded: Encoded) -> Result<Encoded, EncodeError> {
        if self.deployment == self.model {
            return Ok(encoded);
        }
        let Encoded { request, notes } = encoded;
        let (parts, payload) = request.into_parts();
        let Payload::Bytes(body) = payload else {
            return Ok(Encoded { request: Request::from_parts(parts, payload), notes });
        };
        let body: Bytes = {
            let peek = Peek::new(&body).map_err(|error| EncodeError::invalid(error.path, error.message))?;
            apply(&body, &peek, &[Edit::set_text("model", self.deployment)])
        };
        Ok(Encoded { request: Request::from_parts(parts, Payload::Bytes(body)), notes })
    }
}

/// The credential and the caller's own headers, which win.
fn headers(call: &Call<'_>, key_in: KeyIn) -> Result<HeaderMap, EncodeError> {
    let mut headers = HeaderMap::with_capacity(call.headers.len() + 4);
    match call.credential {
        Some(Credential::Key(key)) => match key_in {
            KeyIn::ApiKey => headers.insert("api-key", secret(key.expose())?),
            KeyIn::XApiKey => headers.insert("x-api-key", secret(key.expose())?),
            KeyIn::Bearer => headers.insert(AUTHORIZATION, secret(&format!("Bearer {}", key.expose()))?),
        },
        Some(Credential::Token(token)) => {
            headers.insert(AUTHORIZATION, secret(&format!("Bearer {}", token.expose()))?)
        }
        Some(Credential::Aws(_)) => {
            return Err(EncodeError::Setup("Azure takes no keys of Amazon's".to_owned()));
        }
        None => None,
    };
    for name in call.headers.keys() {
        headers.remove(name);
    }
    headers.extend(call.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    Ok(headers)
}

fn secret(text: &str) -> Result<HeaderValue, EncodeError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| EncodeError::Setup("the key holds what a header cannot".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A header that is set unless the caller has it.
pub(crate) fn set_default(headers: &mut HeaderMap, name: &'static str, value: &'static str) {
    let name = HeaderName::from_static(name);
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
