//! An entry as a row.

use std::borrow::Cow;

use llm_ledger::{Entry, Flags, LegId, RequestId, SmolStr, Status, Tokens, Usd};
use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{QueryResult, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::kin::{ACCOUNTS, Kin, TARGETS, Terms};
use super::upsert::{Target, Values, absent, askable};
use crate::error::Result;

/// The most characters of what is looked up by, of a vendor and of a deployment: those of the columns.
const NAME: usize = 255;
const VENDOR: usize = 32;
const DEPLOYMENT: usize = 128;
/// Bytes that what has no column usually is.
const REST: usize = 128;

/// Entries with all that they share with others.
pub(super) const TABLE: &str = "ledger";
/// Entries alone.
pub(super) const ALONE: &str = "ledger_entries";
pub(super) const TAGS: &str = "ledger_tags";
/// What an entry was on, as a document.
pub(super) const TERMS: &str = "terms";
/// What a row is known by, in the order of time.
pub(super) const KEY: [&str; 3] = ["at_ms", "request_id", "leg"];

/// Numbers of what an entry shares with others.
const KIN: [&str; 3] = ["account_id", "target_id", "terms_id"];
/// What is an entry's own.
const OWN: [&str; 14] = [
    "status",
    "flags",
    "call_id",
    "session_id",
    "end_user_id",
    "prompt_tokens",
    "completion_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "spend_nanos",
    "list_nanos",
    "duration_ms",
    "rest",
];
const WRITTEN: [&str; KIN.len() + OWN.len()] = {
    let mut written = [""; KIN.len() + OWN.len()];
    let mut at = 0;
    while at < written.len() {
        written[at] = if at < KIN.len() { KIN[at] } else { OWN[at - KIN.len()] };
        at += 1;
    }
    written
};

pub(super) const ENTRIES: Target =
    Target { table: ALONE, key: &KEY, raised: &[], replaced: &[], fresh: &WRITTEN };
/// Values of an entry's row.
pub(super) const WIDTH: usize = ENTRIES.width();
pub(super) const LABELS: Target = Target {
    table: TAGS,
    key: &["tag", "at_ms", "request_id", "leg"],
    raised: &[],
    replaced: &[],
    fresh: &[],
};

/// What has no column and is an entry's own. Instants are milliseconds after its request began.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Rest<'a> {
    #[serde(rename = "tag", skip_serializing_if = "is_empty")]
    tags: Cow<'a, [SmolStr]>,
    #[serde(rename = "res", skip_serializing_if = "is_default")]
    reserved: i64,
    #[serde(rename = "b", skip_serializing_if = "is_default")]
    started: i64,
    #[serde(rename = "e")]
    ended: i64,
    #[serde(rename = "h", skip_serializing_if = "Option::is_none")]
    head: Option<i64>,
    #[serde(rename = "st", skip_serializing_if = "is_default")]
    http_status: u16,
    #[serde(rename = "err", skip_serializing_if = "is_default")]
    error: Cow<'a, str>,
    #[serde(rename = "ip", skip_serializing_if = "is_default")]
    client: Cow<'a, str>,
    #[serde(rename = "x", skip_serializing_if = "is_default")]
    details: Cow<'a, str>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_empty<T: Clone>(items: &[T]) -> bool {
    items.is_empty()
}

/// Whether a column of so many characters takes a text as it is. Bytes are no fewer than characters.
fn fits(text: &str, most: usize) -> bool {
    text.len() <= most && memchr::memchr(0, text.as_bytes()).is_none()
}

fn shortened(text: &str, most: usize) -> SmolStr {
    text.chars().take(most).map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect()
}

/// A text as a column of names takes it.
pub(super) fn as_name(text: &SmolStr) -> SmolStr {
    if fits(text, NAME) { text.clone() } else { shortened(text, NAME) }
}

/// An entry whose texts every database keeps as they are: what is too long is cut, and NUL becomes what stands for a
/// character that cannot be shown. No entry is refused for what a client has called something.
pub(super) fn kept(entry: &Entry) -> Cow<'_, Entry> {
    let names = [
        &entry.call_id,
        &entry.session_id,
        &entry.key,
        &entry.user,
        &entry.team,
        &entry.organization,
        &entry.project,
        &entry.end_user,
        &entry.model,
    ];
    if names.into_iter().chain(&entry.tags).all(|text| fits(text, NAME))
        && fits(&entry.vendor, VENDOR)
        && fits(&entry.deployment, DEPLOYMENT)
    {
        return Cow::Borrowed(entry);
    }
    let mut entry = entry.clone();
    let cut = |text: &mut SmolStr, most: usize| {
        if !fits(text, most) {
            *text = shortened(text, most);
        }
    };
    let names = [
        &mut entry.call_id,
        &mut entry.session_id,
        &mut entry.key,
        &mut entry.user,
        &mut entry.team,
        &mut entry.organization,
        &mut entry.project,
        &mut entry.end_user,
        &mut entry.model,
    ];
    names.into_iter().chain(&mut entry.tags).for_each(|text| cut(text, NAME));
    cut(&mut entry.vendor, VENDOR);
    cut(&mut entry.deployment, DEPLOYMENT);
    Cow::Owned(entry)
}

/// Labels of an entry, each once.
pub(super) fn tags(entry: &Entry) -> impl Iterator<Item = &str> {
    let before = |at: usize| entry.tags.iter().take(at);
    let tags = entry.tags.iter().map(|tag| &**tag).enumerate();
    tags.filter(move |(at, tag)| !tag.is_empty() && !before(*at).any(|it| **it == **tag)).map(|(_, tag)| tag)
}

/// How long it took, in milliseconds.
pub(super) fn duration_ms(entry: &Entry) -> i64 {
    i64::try_from(entry.ended.since(entry.started)).unwrap_or(i64::MAX)
}

/// The values of the key.
pub(super) fn key(id: LegId) -> [Value; 3] {
    [id.request.at().0.into(), id.request.uuid().as_bytes().to_vec().into(), i64::from(id.leg).into()]
}

/// Adds the values of all columns.
pub(super) fn push(values: &mut Values, entry: &Entry, kin: Kin) -> Result<()> {
    let text = |text: &str| Value::from(text);
    let after = |at: UnixMs| at.0.wrapping_sub(entry.at().0);
    let rest = Rest {
        tags: Cow::Borrowed(&entry.tags),
        reserved: entry.reserved.nanos(),
        started: after(entry.started),
        ended: after(entry.ended),
        head: entry.head.map(after),
        http_status: entry.http_status,
        error: Cow::Borrowed(&entry.error),
        client: Cow::Borrowed(&entry.client),
        details: Cow::Borrowed(&entry.details),
    };
    let mut written = Vec::with_capacity(REST);
    serde_json::to_writer(&mut written, &rest).map_err(|error| absent(&error.to_string()))?;
    let rest = String::from_utf8(written).map_err(|error| absent(&error.to_string()))?;
    values.extend(key(entry.id));
    values.extend([
        kin.account.into(),
        kin.target.into(),
        kin.terms.into(),
        text(entry.status.label()),
        i64::from(entry.flags.0).into(),
        text(&entry.call_id),
        text(&entry.session_id),
        text(&entry.end_user),
        entry.tokens.prompt.into(),
        entry.tokens.completion.into(),
        entry.tokens.cache_read.into(),
        entry.tokens.cache_write.into(),
        entry.tokens.reasoning.into(),
        entry.cost.nanos().into(),
        entry.list_cost.nanos().into(),
        duration_ms(entry).into(),
        rest.into(),
    ]);
    Ok(())
}

/// Asks for entries.
pub(super) fn select() -> SelectStatement {
    let shared = ACCOUNTS.fresh.iter().chain(TARGETS.fresh).chain(&[TERMS]);
    let columns = KEY.iter().chain(&OWN).chain(shared);
    let columns = columns.map(|column| (Alias::new(TABLE), Alias::new(*column)));
    Query::select().columns(columns).from(Alias::new(TABLE)).to_owned()
}

/// That a column has one of these texts.
pub(super) fn is_among(name: &'static str, texts: &[String]) -> Condition {
    let column = || Expr::col((Alias::new(TABLE), Alias::new(name)));
    let texts = askable(texts);
    let mut all = Condition::all();
    if !texts.contains("") {
        all = all.add(is_said(column()));
    }
    all.add(column().is_in(texts))
}

/// That a text is not empty, in the words of the indexes that leave out those that are.
pub(super) fn is_said(column: Expr) -> Expr {
    column.ne(Expr::cust("''"))
}

/// Which entry a row is.
pub(super) fn read_key(row: &QueryResult) -> Result<LegId> {
    let request: Vec<u8> = row.try_get("", "request_id")?;
    let request = Uuid::from_slice(&request).map_err(|error| absent(&error.to_string()))?;
    let leg: i64 = row.try_get("", "leg")?;
    let leg = u32::try_from(leg).map_err(|error| absent(&error.to_string()))?;
    Ok(LegId { request: RequestId::new(request), leg })
}

/// The terms of a row.
pub(super) fn read_terms(row: &QueryResult) -> Result<Terms> {
    // What was deleted with its day is not told any more.
    let terms = row.try_get::<Option<String>>("", TERMS)?.map(|terms| serde_json::from_str(&terms));
    Ok(terms.transpose().map_err(|error| absent(&error.to_string()))?.unwrap_or_default())
}

/// The entry of a row.
pub(super) fn read(row: &QueryResult) -> Result<Entry> {
    let number = |column: &str| row.try_get::<i64>("", column);
    let text = |column: &str| row.try_get::<String>("", column).map(SmolStr::from);
    let id = read_key(row)?;
    let status: String = row.try_get("", "status")?;
    let known = Status::ALL.into_iter().find(|known| known.label() == status);
    let rest: String = row.try_get("", "rest")?;
    let rest: Rest<'_> = serde_json::from_str(&rest).map_err(|error| absent(&error.to_string()))?;
    let terms = read_terms(row)?;
    let after = |ms: i64| UnixMs(id.request.at().0.wrapping_add(ms));
    Ok(Entry {
        id,
        status: known.ok_or_else(|| absent(&format!("the status {status:?}")))?,
        flags: Flags(u32::try_from(number("flags")?).unwrap_or_default()),
        reason: terms.reason,
        call_id: text("call_id")?,
        session_id: text("session_id")?,
        route: terms.route,
        key: text("key_id")?,
        key_alias: terms.key_alias,
        user: text("user_id")?,
        team: text("team_id")?,
        organization: text("organization_id")?,
        project: text("project_id")?,
        end_user: text("end_user_id")?,
        tags: rest.tags.into_owned(),
        model: text("model")?,
        deployment: text("deployment")?,
        vendor: text("vendor")?,
        vendor_model: terms.vendor_model,
        tokens: Tokens {
            prompt: number("prompt_tokens")?,
            completion: number("completion_tokens")?,
            cache_read: number("cache_read_tokens")?,
            cache_write: number("cache_write_tokens")?,
            reasoning: number("reasoning_tokens")?,
        },
        cost: Usd::from_nanos(number("spend_nanos")?),
        list_cost: Usd::from_nanos(number("list_nanos")?),
        reserved: Usd::from_nanos(rest.reserved),
        started: after(rest.started),
        ended: after(rest.ended),
        head: rest.head.map(after),
        http_status: rest.http_status,
        error: rest.error.into(),
        client: rest.client.into(),
        charges: terms.charges,
        details: rest.details.into(),
    })
}
