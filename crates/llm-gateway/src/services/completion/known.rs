//! What the router is told of a request: found out only as far as somebody looks at it.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderName, header};
use llm_provider_core::{Peek, header_text};
use llm_router::{Affinity, Capabilities, Class, Embed, Entry, Inquiry, Needs, Tags, classify};
use llm_types::{ApiError, MessageContent, Role};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value, json};

use super::{Ask, Door, Request};
use crate::auth::Principal;
use crate::exchange::Record;
use crate::headers;
use crate::serving::Serving;

/// Bytes of text that a token stands for, counted rather low, so that the number of tokens is rather high.
const BYTES_PER_TOKEN: u64 = 3;

/// Members that hold what is said: neither parameters nor facts for rules.
const CONVERSATION: [&str; 8] =
    ["messages", "input", "contents", "system", "systemInstruction", "instructions", "prompt", "tools"];

/// What was found out about a request.
#[derive(Debug, Default)]
pub(crate) struct Known<'a> {
    input_tokens: u64,
    output_tokens: Option<u64>,
    capabilities: Capabilities,
    parameters: Vec<&'a str>,
    tags: Vec<Cow<'a, str>>,
    regions: Vec<Cow<'a, str>>,
    user_agent: Option<&'a str>,
    session: Option<Cow<'a, str>>,
    user: Option<Cow<'a, str>>,
    quality: Option<Cow<'a, str>>,
    principal: Option<Principal>,
    /// Who asks, by a name that is no secret.
    key: Option<String>,
    facts: Option<Value>,
}

/// One text or several.
struct Texts<'a>(Vec<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Texts<'de>, E> {
                Ok(Texts(vec![Cow::Borrowed(text)]))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts<'de>, E> {
                Ok(Texts(vec![Cow::Owned(text.to_owned())]))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Texts<'de>, A::Error> {
                let mut texts = Vec::new();
                while let Some(Text(text)) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl<'a> Known<'a> {
    /// Finds out what is needed.
    ///
    /// # Errors
    /// A member of a wrong type.
    pub(crate) fn find(request: &'a Request<'a>, record: &Record, needs: Needs) -> Result<Self, ApiError> {
        let mut known = Self::default();
        if needs.is_empty() {
            return Ok(known);
        }
        let Request { peek, ask, .. } = request;
        let about = peek.object("metadata")?;
        if needs.contains(Needs::INPUT_TOKENS) || needs.contains(Needs::COST) {
            known.input_tokens = text_bytes(&ask.body.bytes) / BYTES_PER_TOKEN;
            known.output_tokens = output_limit(peek)?;
        }
        if needs.contains(Needs::CAPABILITIES) {
            known.capabilities = capabilities(peek, &ask.body.bytes);
        }
        if needs.contains(Needs::PARAMETERS) {
            let names = peek.members().iter().filter_map(|member| match &member.name {
                Cow::Borrowed(name) if !CONVERSATION.contains(name) => Some(*name),
                _ => None,
            });
            known.parameters = names.collect();
        }
        if needs.contains(Needs::TAGS) || needs.contains(Needs::FACTS) {
            known.tags = tags(ask, peek, &about)?;
            let access = record.principal.as_ref().and_then(Principal::access);
            let of_key = access.into_iter().flat_map(|access| &access.caller.tags);
            known.tags.extend(of_key.map(|tag| Cow::Owned(tag.clone())));
            known.user_agent = header_text(&ask.headers, header::USER_AGENT);
        }
        if needs.contains(Needs::REGIONS) {
            known.regions = texts(peek, "allowed_model_region")?;
            let told = texts(&about, "allowed_model_region")?;
            known.regions.extend(told.into_iter().map(|region| Cow::Owned(region.into_owned())));
        }
        if needs.contains(Needs::AFFINITY) || needs.contains(Needs::FACTS) {
            let header = |name: HeaderName| ask.header(&name).map(Cow::Borrowed);
            known.session = header(headers::SESSION_ID)
                .or(owned(peek.text("litellm_session_id")?))
                .or(owned(about.text("session_id")?));
            known.user = owned(peek.text("user")?).or(owned(about.text("user_id")?));
            known.principal.clone_from(&record.principal);
            known.key = known.principal.as_ref().map(|principal| principal.name().into_owned());
        }
        if needs.contains(Needs::QUALITY) {
            let header = || ask.header(&headers::QUALITY_TIER).map(Cow::Borrowed);
            let told = owned(peek.text("quality_tier")?).or(owned(about.text("quality_tier")?));
            known.quality = told.or_else(header);
        }
        if needs.contains(Needs::FACTS) {
            known.facts = Some(known.told(request));
        }
        Ok(known)
    }

    /// The facts that rules go by.
    fn told(&self, request: &Request<'_>) -> Value {
        let mut members = Map::new();
        for member in request.peek.members() {
            if !CONVERSATION.contains(&&*member.name)
                && let Ok(value) = serde_json::from_str(member.value)
            {
                members.insert(member.name.clone().into_owned(), value);
            }
        }
        let alias = self.key();
        let Some(Principal::Key(identity)) = &self.principal else {
            return json!({
                "key": {"alias": alias, "metadata": {}},
                "user": {"id": self.user},
                "team": {"metadata": {}},
                "request": members,
            });
        };
        let caller = &identity.access.caller;
        json!({
            "key": {
                "alias": alias,
                "metadata": identity.key.metadata,
                "user_id": caller.user_id,
                "organization_id": caller.organization_id,
                "project_id": caller.project_id,
                "tags": caller.tags,
            },
            "user": {"id": self.user},
            "team": {"id": caller.team_id, "metadata": identity.team_metadata},
            "request": members,
        })
    }

    /// The conversation.
    pub(crate) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The end user.
    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The key, by a name that is no secret.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The labels that the request asks for.
    pub(crate) fn tags(&self) -> Vec<&str> {
        self.tags.iter().map(|tag| &**tag).collect()
    }

    /// The labels that the request has: `&eu` is the label `eu`, and `!eu` says that it has not got it.
    pub(crate) fn labels(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().filter(|tag| !tag.starts_with('!')).map(|tag| tag.strip_prefix('&').unwrap_or(tag))
    }

    /// Where the request may be served.
    pub(crate) fn regions(&self) -> Vec<&str> {
        self.regions.iter().map(|region| &**region).collect()
    }

    /// What is known, in the router's form.
    pub(crate) fn inquiry<'k>(
        &'k self,
        request: &'k Request<'_>,
        tags: &'k [&'k str],
        regions: &'k [&'k str],
    ) -> Inquiry<'k> {
        Inquiry {
            model: &request.model,
            stream: request.stream,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            needs: self.capabilities,
            parameters: &self.parameters,
            tags: Tags(tags),
            user_agent: self.user_agent,
            regions,
            affinity: Affinity {
                session: self.session.as_deref(),
                key: self.key(),
                user: self.user.as_deref(),
                pins: &[],
            },
            facts: self.facts.as_ref(),
            priority: Some(request.priority),
            quality: self.quality.as_deref(),
            ..Inquiry::default()
        }
    }
}

/// Where a request goes in. Where that depends on what the prompt is like, that is found out first.
///
/// # Errors
/// A prompt that cannot be read.
pub(crate) async fn enter<'a>(
    serving: &'a Serving,
    request: &'a Request<'a>,
    inquiry: &mut Inquiry<'a>,
    by: &impl Embed,
) -> Result<(Entry<'a>, Option<Class>), ApiError> {
    let entrance = serving.config.plan.entrance();
    let entry = entrance.enter(inquiry);
    entry.check_quality(inquiry)?;
    if entry.class_by.is_some() && matches!(request.ask.door, Door::Chat) {
        // Boxed, so that the way of most requests stays small in memory.
        return Box::pin(classify(entrance, &serving.senses, by, inquiry, || prompt(request))).await;
    }
    inquiry.narrowed = entry.narrowed;
    Ok((entry, None))
}

/// What the user said last.
fn prompt<'a>(request: &'a Request<'_>) -> Result<Cow<'a, str>, ApiError> {
    let mut said = request.canonical()?.request.messages.iter().rev();
    let asked = said.find_map(|message| message.content.get().filter(|_| message.role == Role::User));
    Ok(asked.map(MessageContent::text).unwrap_or_default())
}

fn owned<'a>(text: Option<Cow<'_, str>>) -> Option<Cow<'a, str>> {
    text.map(|text| Cow::Owned(text.into_owned()))
}

fn texts<'a>(peek: &Peek<'a>, name: &str) -> Result<Vec<Cow<'a, str>>, ApiError> {
    Ok(peek.get::<Texts<'a>>(name)?.map_or_else(Vec::new, |Texts(texts)| texts))
}

/// Labels of the header, of the body and of its metadata.
pub(super) fn tags<'a>(
    ask: &'a Ask,
    peek: &Peek<'a>,
    about: &Peek<'_>,
) -> Result<Vec<Cow<'a, str>>, ApiError> {
    let header = ask.header(&headers::TAGS);
    let listed = header.into_iter().flat_map(|tags| tags.split(',')).map(str::trim);
    let mut tags: Vec<Cow<'a, str>> = listed.filter(|tag| !tag.is_empty()).map(Cow::Borrowed).collect();
    tags.extend(texts(peek, "tags")?);
    tags.extend(texts(about, "tags")?.into_iter().map(|tag| Cow::Owned(tag.into_owned())));
    Ok(tags)
}

/// The answer's limit, under the names that it has in the dialects: of several the largest, since vendors go by one or by
/// another.
pub(super) fn output_limit(peek: &Peek<'_>) -> Result<Option<u64>, ApiError> {
    let mut most = None;
    for name in ["max_completion_tokens", "max_tokens", "max_output_tokens"] {
        most = most.max(peek.get(name)?);
    }
    Ok(most)
}

/// Bytes of a body without the media in it.
pub(super) fn text_bytes(body: &[u8]) -> u64 {
    let mut text = body.len();
    let mut rest = body;
    while let Some(at) = memchr::memmem::find(rest, b";base64,") {
        rest = &rest[at..];
        let end = memchr::memchr(b'"', rest).unwrap_or(rest.len());
        text -= end;
        rest = &rest[end..];
    }
    text as u64
}

/// What a request needs of a model, as far as its bytes show.
fn capabilities(peek: &Peek<'_>, body: &[u8]) -> Capabilities {
    let holds = |word: &str| memchr::memmem::find(body, word.as_bytes()).is_some();
    let has =
        |name: &str| peek.raw(name).is_some_and(|raw| !matches!(raw, "null" | "[]" | "{}" | "\"none\""));
    let schema = peek.raw("response_format").is_some_and(|raw| raw.contains("json_schema"));
    [
        (
            Capabilities::VISION,
            holds("\"image_url\"") || holds("\"input_image\"") || holds("\"type\":\"image\""),
        ),
        (Capabilities::AUDIO_INPUT, holds("\"input_audio\"")),
        (Capabilities::AUDIO_OUTPUT, has("audio")),
        (Capabilities::DOCUMENTS, holds("\"type\":\"document\"") || holds("\"input_file\"")),
        (Capabilities::TOOLS, has("tools") || has("functions")),
        (Capabilities::RESPONSE_SCHEMA, schema),
        (Capabilities::REASONING, has("reasoning_effort") || has("thinking")),
        (Capabilities::WEB_SEARCH, has("web_search_options")),
    ]
    .into_iter()
    .filter(|(_, needed)| *needed)
    .fold(Capabilities::NONE, |all, (one, _)| all.with(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_no_text() {
        let body = format!(r#"{{"a":"hello","b":"data:image/png;base64,{}","c":1}}"#, "A".repeat(3_000));
        let text = text_bytes(body.as_bytes());
        assert!((30..60).contains(&text), "{text}");
        assert_eq!(text_bytes(b"{}"), 2);
        assert_eq!(text_bytes(b"x;base64,AAAA"), 1, "a body that is cut off");
    }

    #[test]
    fn needs_are_seen_in_the_bytes() {
        let of = |body: &str| capabilities(&Peek::new(body.as_bytes()).unwrap(), body.as_bytes());
        assert_eq!(of(r#"{"tools":[],"reasoning_effort":"none"}"#), Capabilities::NONE);
        let body = r#"{"tools":[{}],"messages":[{"content":[{"type":"image_url"}]}],
            "response_format":{"type":"json_schema"}}"#;
        let expected = Capabilities::TOOLS.with(Capabilities::VISION).with(Capabilities::RESPONSE_SCHEMA);
        assert_eq!(of(body), expected);
    }
}
