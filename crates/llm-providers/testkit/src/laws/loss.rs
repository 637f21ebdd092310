//! Nothing is lost in silence: every leaf of a request is found in what is sent, or named by a note.

use std::collections::HashMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use llm_provider_core::{Call, Chat, EncodeError, Encoded, Incoming, Note, Payload, Segment, Translator};
use llm_types::ChatRequest;
use serde_json::Value;

/// Something that a vendor says in other words. It is no excuse but a claim, which is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Equivalence {
    /// The member and all beneath it; `[*]` stands for any index: `messages[*].tool_calls[*].type`.
    pub path: &'static str,
    /// The value to which the claim is limited, as text; its beginning, where `*` ends it; `None` for any.
    pub value: Option<&'static str>,
    /// What stands for it, looked for in the body without its spaces; empty if the vendor needs no word for it.
    pub found_as: &'static str,
}

impl Equivalence {
    /// Any value of the member is said as `found_as`.
    pub const fn any(path: &'static str, found_as: &'static str) -> Self {
        Self { path, value: None, found_as }
    }

    /// This value of the member is said as `found_as`.
    pub const fn of(path: &'static str, value: &'static str, found_as: &'static str) -> Self {
        Self { path, value: Some(value), found_as }
    }
}

/// A leaf of a request that went nowhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// Where, such as `messages[0].content[1].image_url.url`.
    pub path: String,
    /// Its value.
    pub value: Value,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.path, self.value)
    }
}

/// The same request gives the same bytes, every time.
///
/// # Panics
/// If it does not hold.
#[track_caller]
pub fn encode_is_stable(translator: &dyn Translator<Chat>, request: &ChatRequest, call: &Call<'_>) {
    let encode = || {
        let encoded = translator.encode(request, call)?;
        Ok::<_, EncodeError>((head(&encoded), text(&encoded), encoded.notes))
    };
    let first = encode();
    for _ in 0..2 {
        assert_eq!(encode(), first, "the same request is written in two ways");
    }
}

/// Every leaf of the request is found in the encoded body, headers or address, or named by a note, or covered
/// by an equivalence that holds. A request that is refused loses nothing.
///
/// # Panics
/// If it does not hold; lists all losses.
#[track_caller]
pub fn no_silent_loss(
    translator: &dyn Translator<Chat>,
    request: &ChatRequest,
    call: &Call<'_>,
    equivalences: &[Equivalence],
) {
    match translator.encode(request, call) {
        Ok(encoded) => {
            let losses = losses(request, &encoded, equivalences);
            let list: Vec<_> = losses.iter().map(ToString::to_string).collect();
            assert!(
                losses.is_empty(),
                "lost in silence:\n  {}\nnotes: {:#?}\nbody: {}",
                list.join("\n  "),
                encoded.notes,
                text(&encoded)
            );
        }
        Err(EncodeError::Unsupported { path, reason } | EncodeError::Invalid { path, reason }) => {
            assert!(
                !path.is_empty() && !reason.is_empty(),
                "a refusal says what and why: `{path}`: `{reason}`"
            );
        }
        Err(error) => panic!("{error}"),
    }
}

/// The leaves of a request that went nowhere.
///
/// Not looked for: `null`s, which say nothing; `type` and `role`, which are the form of their object; and
/// `model`, which the call decides.
pub fn losses(request: &ChatRequest, encoded: &Encoded, equivalences: &[Equivalence]) -> Vec<Loss> {
    let mut sent = Sent::new(encoded);
    let mut leaves = Vec::new();
    collect(&serde_json::to_value(request).unwrap(), &mut String::new(), &mut leaves);
    leaves.retain(|leaf| {
        !encoded.notes.iter().any(|note: &Note| covers(&note.path, &leaf.path))
            && !is_claimed(leaf, equivalences, &sent)
            && !sent.take(leaf)
    });
    leaves
}

/// The leaves of a client's request that its dialect's ingress lost on the way to the canonical form.
///
/// Not looked for is what [`losses`] does not look for either.
pub fn reading_losses(body: &Value, incoming: &Incoming, claims: &[Equivalence]) -> Vec<Loss> {
    let canonical = serde_json::to_value(&incoming.request).unwrap();
    let mut sent = Sent::of(&[canonical], Vec::new());
    let mut leaves = Vec::new();
    collect(body, &mut String::new(), &mut leaves);
    leaves.retain(|leaf| {
        !incoming.notes.iter().any(|note| covers(&note.path, &leaf.path))
            && !is_claimed(leaf, claims, &sent)
            && !sent.take(leaf)
    });
    leaves
}

/// Whether one of the claims holds for a leaf.
pub(super) fn is_claimed(leaf: &Loss, claims: &[Equivalence], sent: &Sent) -> bool {
    claims.iter().any(|claim| {
        matches(claim.path, &leaf.path)
            && claim.value.is_none_or(|value| match value.strip_suffix('*') {
                Some(beginning) => plain(&leaf.value).starts_with(beginning),
                None => plain(&leaf.value) == value,
            })
            && sent.compact.contains(claim.found_as)
    })
}

/// What is sent, taken apart.
pub(super) struct Sent {
    /// Numbers and booleans, each as often as it stands: one of them answers for one leaf only.
    scalars: HashMap<String, usize>,
    /// All strings: of the body, of the headers, and the address.
    strings: Vec<String>,
    /// The body without spaces.
    compact: String,
}

impl Sent {
    fn new(encoded: &Encoded) -> Self {
        let body = body(encoded);
        let tree: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let mut strings = vec![encoded.request.uri().to_string()];
        let headers = encoded.request.headers().values().filter_map(|value| value.to_str().ok());
        strings.extend(headers.map(str::to_owned));
        Self::of(&[tree], strings)
    }

    /// The leaves of `trees`, and `strings` beside them.
    pub(super) fn of(trees: &[Value], strings: Vec<String>) -> Self {
        let mut leaves = Vec::new();
        let mut compact = String::new();
        for tree in trees {
            collect_all(tree, &mut String::new(), &mut leaves, &mut |_, _| true);
            compact.push_str(&tree.to_string());
        }
        let mut sent = Self { scalars: HashMap::new(), strings, compact };
        for leaf in leaves {
            match leaf.value {
                Value::String(text) => {
                    // Arguments and results of calls may have been a tree before.
                    if ["arguments", "content", "text"].iter().any(|name| leaf.path.ends_with(name))
                        && let Ok(tree) = serde_json::from_str(&text)
                    {
                        sent.count(&tree);
                    }
                    sent.strings.push(text);
                }
                value => *sent.scalars.entry(scalar(&value)).or_default() += 1,
            }
        }
        sent
    }

    /// All of it, without spaces.
    pub(super) fn into_text(self) -> String {
        self.compact
    }

    /// Adds the numbers and booleans of a tree.
    fn count(&mut self, tree: &Value) {
        let mut leaves = Vec::new();
        collect_all(tree, &mut String::new(), &mut leaves, &mut |_, value| !value.is_string());
        for leaf in leaves {
            *self.scalars.entry(scalar(&leaf.value)).or_default() += 1;
        }
    }

    pub(super) fn take(&mut self, leaf: &Loss) -> bool {
        match &leaf.value {
            Value::String(text) => {
                if leaf.path.ends_with("file_data")
                    && decoded(text).is_some_and(|words| self.has_text(&words))
                {
                    return true;
                }
                let may_be_json = ["arguments", "content"].iter().any(|name| leaf.path.ends_with(name));
                self.has_text(text) || (may_be_json && self.take_json(text))
            }
            value => self.take_scalar(value),
        }
    }

    fn take_scalar(&mut self, value: &Value) -> bool {
        match self.scalars.get_mut(&scalar(value)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            // Some vendors write numbers as text, or into a longer text.
            _ => self.strings.iter().any(|text| text.contains(&value.to_string())) && !value.is_boolean(),
        }
    }

    /// A string is there as it is, inside another, in JSON text, in several that follow each other, or, if it is a `data:` URL, as data and media type, of which
    /// the kind may be said elsewhere.
    fn has_text(&self, text: &str) -> bool {
        let has = |wanted: &str| self.strings.iter().any(|string| string.contains(wanted));
        let quoted = Value::from(text).to_string();
        has(text)
            || has(&quoted)
            || self.is_in_pieces(text)
            || text.strip_prefix("data:").and_then(|url| url.split_once(";base64,")).is_some_and(
                |(media, data)| {
                    let (_, form) = media.split_once('/').unwrap_or(("", media));
                    has(data) && (has(media) || has(form))
                },
            )
    }

    /// Whether a text is made of whole strings: a message's words may stand in several parts.
    fn is_in_pieces(&self, text: &str) -> bool {
        /// Shorter ones are found anywhere.
        const LEAST: usize = 4;
        let mut rest = text;
        while !rest.is_empty() {
            let begins = |string: &&String| string.len() >= LEAST && rest.starts_with(string.as_str());
            let Some(piece) = self.strings.iter().filter(begins).max_by_key(|string| string.len()) else {
                return false;
            };
            rest = &rest[piece.len()..];
        }
        !text.is_empty()
    }

    /// JSON text that became a tree over there.
    fn take_json(&mut self, text: &str) -> bool {
        let Ok(tree) = serde_json::from_str::<Value>(text) else { return false };
        let mut leaves = Vec::new();
        collect_all(&tree, &mut String::new(), &mut leaves, &mut |_, _| true);
        leaves.iter().all(|leaf| match &leaf.value {
            Value::Null => true,
            Value::String(text) => self.has_text(text),
            value => self.take_scalar(value),
        })
    }
}

/// The text in base64, of which something is left to look for.
fn decoded(data: &str) -> Option<String> {
    let bytes = STANDARD.decode(data).ok()?;
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

/// One spelling for equal numbers: `1` and `1.0` are the same.
fn scalar(value: &Value) -> String {
    match value.as_f64() {
        Some(float) if value.as_u64().is_none() && value.as_i64().is_none() => float.to_string(),
        _ => value.to_string(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn collect(value: &Value, path: &mut String, leaves: &mut Vec<Loss>) {
    collect_all(value, path, leaves, &mut |path, value| {
        let name = path.rsplit('.').next().unwrap_or(path);
        // Inside a schema `type` is no tag but content.
        let is_form =
            matches!(name, "type" | "role") && !path.contains("schema.") && !path.contains("parameters.");
        !value.is_null() && !is_form && path != "model"
    });
}

pub(super) fn collect_all(
    value: &Value,
    path: &mut String,
    leaves: &mut Vec<Loss>,
    wanted: &mut dyn FnMut(&str, &Value) -> bool,
) {
    let length = path.len();
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
                collect_all(value, path, leaves, wanted);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                collect_all(value, path, leaves, wanted);
                path.truncate(length);
            }
        }
        value if wanted(path, value) => leaves.push(Loss { path: path.clone(), value: value.clone() }),
        _ => {}
    }
}

/// Whether a note on `outer` speaks of the leaf at `path`.
pub(super) fn covers(outer: &str, path: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// [`covers`], where `[*]` in the pattern stands for any index.
fn matches(pattern: &str, path: &str) -> bool {
    let mut rest = path;
    let mut parts = pattern.split("[*]").peekable();
    while let Some(part) = parts.next() {
        let Some(after) = rest.strip_prefix(part) else { return false };
        rest = after;
        if parts.peek().is_some() {
            let Some((index, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
                return false;
            };
            if !index.bytes().all(|byte| byte.is_ascii_digit()) {
                return false;
            }
            rest = after;
        }
    }
    rest.is_empty() || rest.starts_with(['.', '['])
}

fn head(encoded: &Encoded) -> String {
    format!("{} {} {:?}", encoded.request.method(), encoded.request.uri(), encoded.request.headers())
}

fn text(encoded: &Encoded) -> String {
    String::from_utf8_lossy(&body(encoded)).into_owned()
}

fn body(encoded: &Encoded) -> Vec<u8> {
    match encoded.request.body() {
        Payload::Bytes(bytes) => bytes.to_vec(),
        Payload::Segments(segments) => {
            let bytes = segments.iter().filter_map(|segment| match segment {
                Segment::Bytes(bytes) => Some(bytes.to_vec()),
                Segment::Part(_) => None,
            });
            bytes.flatten().collect()
        }
    }
}

#[cfg(test)]
mod tests;
