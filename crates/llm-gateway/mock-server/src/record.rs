//! The record of what was served, and how it ended.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, request::Parts};
use llm_provider_mock::Reported;
use serde::{Serialize, Serializer, ser::SerializeMap};
use tokio::sync::Notify;

/// Bytes of request bodies kept over all records; the oldest records go first.
const MAX_RECORDED_BYTES: usize = 64 << 20;
/// Headers whose values are shown by their last four characters only.
const SECRET_HEADERS: [&str; 6] =
    ["authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"];

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not ended yet.
    Open,
    /// The whole answer was handed to the connection.
    Complete,
    /// The client was gone before the answer was complete, or the server was stopped.
    ClientClosed,
    /// The script cut the connection.
    Cut,
}

/// One request, and what became of it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Record {
    /// Number of the request since the start or the last clearing, from 0.
    pub sequence: u64,
    /// When its body had been read, in Unix milliseconds.
    pub at_ms: i64,
    /// HTTP method.
    pub method: String,
    /// Path, without the query.
    pub path: String,
    /// Query, without the question mark.
    pub query: Option<String>,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// Headers; keys and cookies reduced to their last four characters.
    #[serde(serialize_with = "headers_as_map")]
    pub headers: HeaderMap,
    /// The body as text, each byte that is not UTF-8 replaced. Empty where bodies are not recorded.
    #[serde(serialize_with = "bytes_as_text")]
    pub body: Bytes,
    /// Status answered; absent until then.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    /// Pieces of the body handed to the connection; of a stream, its events.
    pub frames: u64,
    /// Tokens that the answer reports if it gets to its end; absent where it is no answer of a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Reported>,
}

/// A bounded list of records, shared by the server's connections.
#[derive(Debug)]
pub(crate) struct Records {
    capacity: usize,
    bodies: bool,
    kept: Mutex<Kept>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    next: u64,
    /// Grows with each clearing, so that an old ticket does not write into a new record.
    era: u64,
    bytes: usize,
    list: VecDeque<Record>,
}

impl Records {
    pub(crate) fn new(capacity: usize, bodies: bool) -> Self {
        Self { capacity, bodies, kept: Mutex::default(), changed: Notify::new() }
    }

    /// Notes a request. The ticket, dropped unused, says that the client went away.
    pub(crate) fn open(self: &Arc<Self>, at_ms: i64, parts: &Parts, body: &Bytes) -> Ticket {
        if self.capacity == 0 {
            return Ticket(None);
        }
        let body = if self.bodies { body.clone() } else { Bytes::new() };
        let mut record = Record {
            sequence: 0,
            at_ms,
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            version: format!("{:?}", parts.version),
            headers: masked(&parts.headers),
            body,
            status: None,
            outcome: Outcome::Open,
            frames: 0,
            usage: None,
        };
        let mut kept = self.lock();
        record.sequence = kept.next;
        let ticket = Open { records: Arc::clone(self), era: kept.era, sequence: kept.next, frames: 0 };
        kept.next += 1;
        kept.bytes += record.body.len();
        kept.list.push_back(record);
        while kept.list.len() > self.capacity || (kept.bytes > MAX_RECORDED_BYTES && kept.list.len() > 1) {
            let gone = kept.list.pop_front().map_or(0, |record| record.body.len());
            kept.bytes -= gone;
        }
        drop(kept);
        self.changed.notify_waiters();
        Ticket(Some(ticket))
    }

    pub(crate) fn list(&self) -> Vec<Record> {
        self.lock().list.iter().cloned().collect()
    }

    /// At most so many records from this number on.
    pub(crate) fn list_from(&self, sequence: u64, most: usize) -> Vec<Record> {
        let kept = self.lock();
        let first = kept.list.front().map_or(0, |record| record.sequence);
        let skipped = usize::try_from(sequence.saturating_sub(first)).unwrap_or(usize::MAX);
        kept.list.iter().skip(skipped).take(most).cloned().collect()
    }

    /// The records, as soon as they are what is waited for.
    pub(crate) async fn list_when(&self, ready: impl Fn(&[Record]) -> bool) -> Vec<Record> {
        loop {
            let mut changed = pin!(self.changed.notified());
            // Listen before looking, or a change in between is missed.
            changed.as_mut().enable();
            let list = self.list();
            if ready(&list) {
                return list;
            }
            changed.await;
        }
    }

    /// Requests seen since the start or the last clearing, those no longer kept included.
    pub(crate) fn total(&self) -> u64 {
        self.lock().next
    }

    pub(crate) fn clear(&self) {
        let mut kept = self.lock();
        *kept = Kept { era: kept.era + 1, ..Kept::default() };
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics while it is held; were it so, the list would still be whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to finish one record. Dropped without an end, it notes that the client went away.
#[derive(Debug)]
pub(crate) struct Ticket(Option<Open>);

#[derive(Debug)]
struct Open {
    records: Arc<Records>,
    era: u64,
    sequence: u64,
    frames: u64,
}

impl Ticket {
    /// A ticket for a request that is not recorded.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn answered(&self, status: u16, usage: Option<Reported>) {
        if let Some(open) = &self.0 {
            open.update(|record| {
                record.status = Some(status);
                record.usage = usage;
            });
        }
    }

    /// A piece of the body was handed over. Told with the end, so that nobody is woken for each piece.
    pub(crate) fn sent(&mut self) {
        if let Some(open) = &mut self.0 {
            open.frames += 1;
        }
    }

    pub(crate) fn end(&mut self, outcome: Outcome) {
        if let Some(open) = self.0.take() {
            open.update(|record| {
                record.outcome = outcome;
                record.frames = open.frames;
            });
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.end(Outcome::ClientClosed);
    }
}

impl Open {
    fn update(&self, change: impl FnOnce(&mut Record)) {
        let mut kept = self.records.lock();
        if kept.era != self.era {
            return;
        }
        let first = kept.list.front().map_or(0, |record| record.sequence);
        let at = self.sequence.checked_sub(first).and_then(|at| usize::try_from(at).ok());
        if let Some(record) = at.and_then(|at| kept.list.get_mut(at)) {
            change(record);
        }
        drop(kept);
        self.records.changed.notify_waiters();
    }
}

fn masked(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in SECRET_HEADERS {
        if let http::header::Entry::Occupied(mut entry) = headers.entry(name) {
            for value in entry.iter_mut() {
                *value = mask(value);
            }
        }
    }
    headers
}

/// Keeps an authentication scheme and the last four characters of anything long enough to afford that.
fn mask(value: &HeaderValue) -> HeaderValue {
    let text = value.to_str().unwrap_or_default();
    let (scheme, secret) = match text.split_once(' ') {
        Some((scheme, secret)) => (format!("{scheme} "), secret),
        None => (String::new(), text),
    };
    let shown =
        secret.len().checked_sub(4).filter(|hidden| *hidden >= 4).and_then(|hidden| secret.get(hidden..));
    HeaderValue::try_from(format!("{scheme}***{}", shown.unwrap_or_default()))
        .unwrap_or(HeaderValue::from_static("***"))
}

/// Headers as a JSON object, repeated ones joined by commas.
fn headers_as_map<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(headers.keys_len()))?;
    for name in headers.keys() {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        map.serialize_entry(name.as_str(), &values.join(", "))?;
    }
    map.end()
}

fn bytes_as_text<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(records: &Arc<Records>, path: &str, body: &str) -> Ticket {
        let request = http::Request::builder()
            .uri(path)
            .header("authorization", "Bearer sk-0123456789abcd")
            .header("x-api-key", "short")
            .header("accept", "a")
            .header("accept", "b")
            .body(())
            .unwrap();
        records.open(7, &request.into_parts().0, &Bytes::from(body.to_owned()))
    }

    #[test]
    fn the_end_is_written_where_it_belongs() {
        let records = Arc::new(Records::new(2, true));
        let mut first = open(&records, "/1", "a");
        let second = open(&records, "/2", "b");
        let mut third = open(&records, "/3", "c");
        third.answered(200, None);
        third.end(Outcome::Complete);
        drop(second);
        first.end(Outcome::Cut);
        let ends: Vec<_> = records.list().into_iter().map(|r| (r.sequence, r.status, r.outcome)).collect();
        assert_eq!(ends, [(1, None, Outcome::ClientClosed), (2, Some(200), Outcome::Complete)]);
        let mut late = open(&records, "/4", "d");
        records.clear();
        let _new = open(&records, "/5", "e");
        late.end(Outcome::Cut);
        assert_eq!(records.list()[0].outcome, Outcome::Open);
        assert_eq!(records.total(), 1);
    }

    #[test]
    fn secrets_are_masked_and_headers_readable() {
        let records = Arc::new(Records::new(1, false));
        let _ticket = open(&records, "/v1/x?beta=true", "hidden");
        let json = serde_json::to_value(&records.list()[0]).unwrap();
        assert_eq!(
            json["headers"],
            serde_json::json!({"authorization": "Bearer ***abcd", "x-api-key": "***", "accept": "a, b"})
        );
        assert_eq!((&json["query"], &json["body"]), (&"beta=true".into(), &"".into()));
    }

    #[test]
    fn recorded_bytes_are_bounded() {
        let records = Arc::new(Records::new(1_000, true));
        let big = "x".repeat(30 << 20);
        for _ in 0..4 {
            open(&records, "/", &big);
        }
        assert_eq!(records.list().len(), 2);
        assert_eq!(records.total(), 4);
    }
}
