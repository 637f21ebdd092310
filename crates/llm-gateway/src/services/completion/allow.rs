//! What a request may take of its caller's limits.

use std::sync::{Arc, LazyLock};

use aho_corasick::{AhoCorasick, Match, packed};
use llm_limits::Outlook;
use llm_provider_core::Peek;
use llm_tenancy::LimitKind;
use llm_types::ApiError;
use serde_json::Value;

use super::known::{output_limit, text_bytes};
use super::{Door, Request, account};
use crate::app::App;
use crate::auth::Principal;
use crate::deployment::Deployment;
use crate::exchange::Exchange;
use crate::quotas::{Allowance, Quotas, Wanted};
use crate::services::count;
use crate::serving::{Group, Serving};

/// Tokens that an image, a sound or a page is taken for, counted high.
const MEDIUM_TOKENS: u64 = 5_000;
/// Bytes of a file, in base64, that one more token is counted for.
const BYTES_PER_MEDIUM_TOKEN: u64 = 64;
/// Bodies that are no longer than this are counted token by token where little money is left.
const COUNTED_BYTES: usize = 512 << 10;
/// By how much tokens are counted high, in per cent: vocabularies differ.
const HIGH_PERCENT: u64 = 135;

/// Reserves the rates that a request counts against, and keeps what it may take with its exchange.
///
/// # Errors
/// 429 with the limit that is in the way, 503 if it cannot be looked up.
pub(super) async fn allow(
    app: &App,
    serving: &Serving,
    quotas: &Arc<Quotas>,
    request: &Request<'_>,
    (group, instead): (&Group, Option<&str>),
    exchange: &mut Exchange,
) -> Result<(), ApiError> {
    let Some(Principal::Key(identity)) = &exchange.record().principal else { return Ok(()) };
    if request.is_copy {
        return Ok(());
    }
    let identity = identity.clone();
    let account = &exchange.record().account;
    let now = app.runtime.now();
    let mut others = quotas.others(&identity, account.end_user.as_deref(), &account.tags, now).await?;
    others.extend(group.priorities.iter().map(|priorities| Quotas::of_priority(priorities, &identity)));
    if others.is_empty() && quotas.bounds_nothing(&identity) {
        return Ok(());
    }
    let tags = account.tags.clone();
    let mut wanted = wanted(app, serving, request, group, tags, &identity.key.limits)?;
    if let Some(instead) = instead {
        // Bounds by the name of the model that is not asked hold no more.
        wanted.models.clear();
        wanted.named(instead.into());
        wanted.named(group.name[..].into());
    }
    let count = counted_by_all(request, group);
    let (allowance, rates) = quotas.admit(&identity, others, wanted, count, now).await?;
    exchange.allow(Arc::new(allowance), rates);
    Ok(())
}

/// How the limits stand that a request to a deployment would be under; nothing if nothing bounds its caller. With it the
/// tokens that its answer might have at most, where no more are left.
///
/// # Errors
/// 503 if they cannot be looked up, 403 for an end user who is blocked.
pub(crate) async fn outlook(
    app: &App,
    serving: &Serving,
    request: &Request<'_>,
    (group, deployment): (&Group, &Deployment),
    principal: Option<&Principal>,
) -> Result<(Vec<Outlook>, Option<u64>), ApiError> {
    let (Some(quotas), Some(Principal::Key(identity))) = (app.quotas(), principal) else {
        return Ok((Vec::new(), None));
    };
    let account = account::account(request.ask, &request.peek, principal)?;
    let now = app.runtime.now();
    let mut others = quotas.others(identity, account.end_user.as_deref(), &account.tags, now).await?;
    others.extend(group.priorities.iter().map(|priorities| Quotas::of_priority(priorities, identity)));
    let wanted = wanted(app, serving, request, group, account.tags, &identity.key.limits)?;
    let allowance = Allowance::foreseen(quotas, identity, others, wanted);
    let pricing = deployment.pricing.at(now).for_payer(serving.prices_of(principal, now));
    let prices = pricing.ceiling(allowance.is_plain(), allowance.searches());
    Ok(allowance.outlook(prices, counted(request, deployment), now).await)
}

fn wanted(
    app: &App,
    serving: &Serving,
    request: &Request<'_>,
    group: &Group,
    tags: Vec<String>,
    limits: &llm_tenancy::Limits,
) -> Result<Wanted, ApiError> {
    let body = &request.ask.body.bytes[..];
    let named = WORDS.find(body);
    let text = if named.base64 { text_bytes(body) } else { body.len() as u64 };
    let (media, is_plain) = media(&named, body, text);
    let (output, choices) = output(request)?;
    let searches = if named.search { searches(&request.peek)? } else { 0 };
    let mut wanted =
        Wanted { tags, bytes: text, media, output, choices, searches, is_plain, ..Wanted::default() };
    wanted.named(request.model.as_ref().into());
    wanted.named(request.reply.model.as_str().into());
    wanted.named(group.name[..].into());
    for deployment in &group.deployments {
        for named in serving.catalog.access_groups(&deployment.group) {
            if !wanted.model_groups.contains(named) {
                wanted.model_groups.push(named.clone());
            }
        }
    }
    let most = group.deployments.iter().map(|deployment| deployment.facts.first().max_output_tokens);
    wanted.most_output = most.reduce(|a, b| Some(a?.max(b?))).flatten();
    let is_dynamic = |kind: Option<LimitKind>| kind == Some(LimitKind::Dynamic);
    if is_dynamic(limits.tpm_limit_type) || is_dynamic(limits.rpm_limit_type) {
        let now = app.runtime.now();
        let is_well = |deployment: &Arc<Deployment>| deployment.candidate(now).vitals.health.is_well(now);
        wanted.is_failing = !group.deployments.iter().all(is_well);
    }
    Ok(wanted)
}

/// Searches that are taken to be made where the request does not bound them.
const SEARCHES: u64 = 5;
/// Where limits of an answer stand that are not at the top.
const LIMITS: [(&str, &str); 4] = [
    ("generationConfig", "maxOutputTokens"),
    ("generation_config", "max_output_tokens"),
    ("inferenceConfig", "maxTokens"),
    ("options", "num_predict"),
];
/// Where it stands how many answers are wanted.
const CHOICES: [(&str, &str); 2] =
    [("generationConfig", "candidateCount"), ("generation_config", "candidate_count")];

/// Tokens that one answer has at most, `None` where the request does not say; and how many answers it wants.
fn output(request: &Request<'_>) -> Result<(Option<u64>, u64), ApiError> {
    if !matches!(request.ask.door, Door::Chat) {
        return Ok((Some(0), 1));
    }
    let peek = &request.peek;
    let most = output_limit(peek)?;
    let most = most.or_else(|| LIMITS.iter().find_map(|(object, name)| nested(peek, object, name)));
    // What no number of answers is cannot be paid for either.
    let choices = peek.get::<u64>("n")?;
    let choices = choices.or_else(|| CHOICES.iter().find_map(|(object, name)| nested(peek, object, name)));
    Ok((most, choices.unwrap_or(1).max(1)))
}

/// Searches of the web that the vendor may make for a request, as far as it tells of them.
fn searches(peek: &Peek<'_>) -> Result<u64, ApiError> {
    let by_options = peek.raw("web_search_options").is_some_and(|raw| raw != "null");
    // What is no list of tools is for the vendor to refuse.
    let tools: Vec<Value> = peek.get("tools").ok().flatten().unwrap_or_default();
    let calls = peek.get::<u64>("max_tool_calls")?;
    let of_tool = |tool: &Value| {
        let is_search = tool["type"].as_str().is_some_and(|kind| kind.starts_with("web_search"))
            || ["google_search", "googleSearch"].iter().any(|name| tool.get(name).is_some());
        let bound = || tool["max_uses"].as_u64().or(calls).unwrap_or(SEARCHES);
        if is_search { bound() } else { 0 }
    };
    Ok(tools.iter().map(of_tool).fold(u64::from(by_options), u64::saturating_add))
}

fn nested(peek: &Peek<'_>, object: &str, name: &str) -> Option<u64> {
    let raw = peek.raw(object).filter(|raw| raw.starts_with('{'))?;
    Peek::new(raw.as_bytes()).ok()?.get(name).ok()?
}

/// What bodies name that is no text.
const MEDIA: [&str; 8] = [
    "\"image_url\"",
    "\"input_image\"",
    "\"image\"",
    "\"input_audio\"",
    "\"document\"",
    "\"file\"",
    "\"fileData\"",
    "\"inlineData\"",
];
/// What bodies name that has another price than text.
const PRICED_APART: [&str; 7] =
    ["cache_control", "cachePoint", "service_tier", "\"speed\"", "\"audio\"", "inference_geo", "modalities"];
/// What bodies name that ask for searches of the web.
const SEARCH: [&str; 3] = ["web_search", "oogle_search", "oogleSearch"];
/// What stands before bytes that are no text.
const BASE64: [&str; 1] = [";base64,"];
/// All of these words.
static WORDS: LazyLock<Words> = LazyLock::new(Words::new);

/// What finds words in one pass.
enum Words {
    /// Many bytes at a time, where the processor can.
    Packed(packed::Searcher),
    /// Byte by byte.
    Automaton(AhoCorasick),
    /// Nothing does, which a test rules out.
    Missing,
}

/// What of these words a body has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Named {
    /// How many media.
    media: u64,
    /// Whether anything that is priced apart.
    apart: bool,
    /// Whether searches.
    search: bool,
    /// Whether bytes that are no text.
    base64: bool,
}

impl Named {
    /// Where nobody can tell: what is not named need not be looked for.
    const UNKNOWN: Self = Self { media: 0, apart: true, search: true, base64: true };
}

fn words() -> impl Iterator<Item = &'static &'static str> {
    MEDIA.iter().chain(&PRICED_APART).chain(&SEARCH).chain(&BASE64)
}

impl Words {
    fn new() -> Self {
        match (packed::Searcher::new(words()), AhoCorasick::new(words())) {
            (Some(packed), _) => Self::Packed(packed),
            (None, Ok(automaton)) => Self::Automaton(automaton),
            (None, Err(_)) => Self::Missing,
        }
    }

    fn find(&self, body: &[u8]) -> Named {
        const APART: usize = MEDIA.len() + PRICED_APART.len();
        const SEARCHES: usize = APART + SEARCH.len();
        let mut named = Named::default();
        let met = |word: Match| match word.pattern().as_usize() {
            at if at < MEDIA.len() => named.media += 1,
            at if at < APART => named.apart = true,
            at if at < SEARCHES => named.search = true,
            _ => named.base64 = true,
        };
        match self {
            Self::Packed(words) => words.find_iter(body).for_each(met),
            Self::Automaton(words) => words.find_iter(body).for_each(met),
            Self::Missing => return Named::UNKNOWN,
        }
        named
    }
}

/// Tokens of what is no text, counted high; and whether there is nothing that is priced otherwise than text.
fn media(named: &Named, body: &[u8], text: u64) -> (u64, bool) {
    let bytes = body.len() as u64 - text;
    let is_plain = bytes == 0 && named.media == 0 && !named.apart;
    (named.media.saturating_mul(MEDIUM_TOKENS).saturating_add(bytes / BYTES_PER_MEDIUM_TOKEN), is_plain)
}

/// Counts what a request reads, by the vocabulary of the model: only where the bound by its bytes does not fit.
pub(super) async fn counted(request: &Request<'_>, deployment: &Deployment) -> Option<u64> {
    let encoding = deployment.encoding?;
    if request.ask.body.bytes.len() > COUNTED_BYTES || !matches!(request.ask.door, Door::Chat) {
        return None;
    }
    let canonical = request.canonical().ok()?.request.clone();
    let count = tokio::task::spawn_blocking(move || count::tokens(&canonical, Some(encoding)).input_tokens);
    let tokens = count.await.ok()?;
    Some(tokens.saturating_mul(HIGH_PERCENT) / 100 + 16)
}

/// The same before it is known who will be asked: by the vocabulary that takes the most tokens; `None` where one is unknown.
async fn counted_by_all(request: &Request<'_>, group: &Group) -> Option<u64> {
    let mut most = None;
    for (place, deployment) in group.deployments.iter().enumerate() {
        let is_same = |other: &Arc<Deployment>| other.encoding == deployment.encoding;
        if !group.deployments[..place].iter().any(is_same) {
            most = most.max(Some(counted(request, deployment).await?));
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_whatever_the_processor_has() {
        let automaton = Words::Automaton(AhoCorasick::new(words()).unwrap());
        for finder in [&Words::new(), &automaton] {
            assert!(!matches!(finder, Words::Missing));
            for word in words() {
                for before in [0, 1, 7, 31, 200] {
                    let body = format!("{}{word}{}", " ".repeat(before), "x".repeat(before / 2));
                    let wanted = Named {
                        media: u64::from(MEDIA.contains(word)),
                        apart: PRICED_APART.contains(word),
                        search: SEARCH.contains(word),
                        base64: BASE64.contains(word),
                    };
                    assert_eq!(finder.find(body.as_bytes()), wanted, "{word} after {before}");
                }
            }
            assert_eq!(finder.find(b"\"images\" cache control"), Named::default());
        }
        assert_eq!(Words::Missing.find(b"{}"), Named::UNKNOWN);
    }

    #[test]
    fn searches_are_counted_by_whatever_bounds_them() {
        for (body, wanted) in [
            (r#"{"messages": [{"content": "web_search"}]}"#, 0),
            (r#"{"model": "m"}"#, 0),
            (r#"{"web_search_options": {}}"#, 1),
            (r#"{"web_search_options": null}"#, 0),
            (r#"{"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 3}]}"#, 3),
            (r#"{"tools": [{"type": "web_search"}, {"type": "function", "name": "web_search"}]}"#, SEARCHES),
            (r#"{"tools": [{"type": "web_search_preview"}], "max_tool_calls": 2}"#, 2),
            (r#"{"tools": [{"googleSearch": {}}]}"#, SEARCHES),
            (r#"{"tools": "web_search"}"#, 0),
        ] {
            assert_eq!(searches(&Peek::new(body.as_bytes()).unwrap()).unwrap(), wanted, "{body}");
            assert!(wanted == 0 || WORDS.find(body.as_bytes()).search, "{body}");
        }
    }

    #[test]
    fn what_is_no_text_is_counted_high_and_told() {
        let media = |body: &[u8], text: u64| media(&WORDS.find(body), body, text);
        let text = br#"{"messages":[{"role":"user","content":"what is an image_url, and what is a file?"}]}"#;
        assert_eq!(media(text, text.len() as u64), (0, true));
        let two = br#"{"content":[{"type":"image_url","image_url":{"url":"u"}},{"type":"file"}]}"#;
        assert_eq!(media(two, two.len() as u64), (3 * MEDIUM_TOKENS, false));
        for apart in PRICED_APART {
            let body = format!("{{{apart}: 1}}");
            assert_eq!(media(body.as_bytes(), body.len() as u64), (0, false), "{apart}");
        }
        // Bytes in base64 are no text.
        let (tokens, is_plain) = media(text, text.len() as u64 - 64);
        assert_eq!((tokens, is_plain), (1, false));
    }
}
