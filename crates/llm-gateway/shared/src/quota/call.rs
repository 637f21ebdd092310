//! One call of the script, and its answer.

use deadpool_redis::redis::{RedisError, Script, ScriptInvocation};

use super::mirror::{Caller, Told};
use super::tries::Try;
use crate::link::Link;

/// What a call says and asks of one account.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) told: Told,
    /// Lines of one group get something all of them or none of them.
    pub(crate) group: usize,
    pub(crate) tries: Vec<Try>,
    /// What is booked by the database, and what Redis counted before it was asked.
    pub(crate) seed: Option<(i64, String)>,
}

/// Where keys are, and how long a lease is.
#[derive(Debug, Clone)]
pub(crate) struct Frame<'a> {
    /// What all keys of the bucket begin with.
    pub(crate) bucket: &'a str,
    pub(crate) replica: &'a str,
    pub(crate) lease_ms: u64,
    pub(crate) grace_ms: u64,
    pub(crate) whole: Whole<'a>,
}

/// Whether a replica has told everything that it holds in a bucket, once this call is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole<'a> {
    No,
    /// This call says everything.
    Itself,
    /// Calls before it have, to what began then.
    If(&'a str),
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) how: How,
    pub(crate) since: String,
    pub(crate) now_ms: i64,
    pub(crate) replicas: usize,
    /// For each line in its turn; none if the call was not taken.
    pub(crate) lines: Vec<Answered>,
}

/// How a call was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Ok,
    /// Not heard: the lease has run out.
    Lapsed,
    /// Not heard: a later call was there before.
    Late,
}

/// What came of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    /// What was granted.
    pub(crate) granted: i64,
    /// Nothing is granted before its total is looked up.
    pub(crate) is_unknown: bool,
    /// What is booked and held; nothing where it is unknown.
    pub(crate) total: Option<i64>,
    pub(crate) generation: String,
}

/// Asks.
pub(crate) async fn ask(
    script: &Script,
    mut link: Link,
    frame: &Frame<'_>,
    caller: &Caller,
    lines: &[Line],
) -> Result<Answer, RedisError> {
    let texts: Vec<String> = invocation(script, frame, caller, lines).invoke_async(&mut link).await?;
    read(&texts, lines.len()).ok_or_else(|| {
        RedisError::from(std::io::Error::other("the script for shares of limits answers something else"))
    })
}

fn invocation<'a>(
    script: &'a Script,
    frame: &Frame<'_>,
    caller: &Caller,
    lines: &[Line],
) -> ScriptInvocation<'a> {
    let mut call = script.prepare_invoke();
    call.key(format!("{}:since", frame.bucket)).key(format!("{}:alive", frame.bucket));
    call.key(format!("{}:told", frame.bucket));
    call.arg(frame.replica).arg(caller.seq).arg(frame.lease_ms).arg(frame.grace_ms);
    call.arg(caller.since.as_deref().unwrap_or_default());
    call.arg(match frame.whole {
        Whole::No => "",
        Whole::Itself => "*",
        Whole::If(since) => since,
    });
    let names = caller.roll.as_ref().map(|roll| &*roll.names).unwrap_or_default();
    call.arg(caller.roll.as_ref().map_or("", |roll| &*roll.since)).arg(names.len());
    for name in names {
        call.arg(name);
    }
    for Line { told, group, tries, seed } in lines {
        let (account, window) = &told.place;
        // The window is a number, so that no two accounts come to the same key.
        let own = format!("{window}:{}:{}:{}", account.shelf.len(), account.shelf, account.name);
        call.key(format!("{}:total:{own}", frame.bucket)).key(format!("{}:held:{own}", frame.bucket));
        let (batch, booked) = told.batch.unwrap_or_default();
        call.arg(*group).arg(told.amount).arg(batch).arg(booked).arg(told.limit);
        call.arg(told.until.map(|until| until.plus(super::KEPT_MS).0.to_string()).unwrap_or_default());
        call.arg(u8::from(told.is_booked));
        let (seed, generation) = match seed {
            Some((booked, generation)) => (booked.to_string(), generation.as_str()),
            None => (String::new(), ""),
        };
        call.arg(seed).arg(generation).arg(tries.len());
        for Try { span, amount, is_even } in tries {
            call.arg(*span).arg(span - amount).arg(*amount).arg(u8::from(*is_even));
        }
    }
    call
}

fn read(texts: &[String], lines: usize) -> Option<Answer> {
    let [how, since, now, replicas, rest @ ..] = texts else { return None };
    let how = match how.as_str() {
        "ok" => How::Ok,
        "lapsed" => How::Lapsed,
        "late" => How::Late,
        _ => return None,
    };
    let answered = rest.as_chunks::<3>().0.iter().map(|[granted, total, generation]| {
        let total = if total.is_empty() { None } else { Some(total.parse().ok()?) };
        let is_unknown = granted == "?";
        let granted = if is_unknown { 0 } else { granted.parse().ok()? };
        Some(Answered { granted, is_unknown, total, generation: generation.clone() })
    });
    let answered: Vec<_> = answered.collect::<Option<_>>()?;
    if how == How::Ok && answered.len() != lines {
        return None;
    }
    let (now_ms, replicas) = (now.parse().ok()?, replicas.parse().ok()?);
    Some(Answer { how, since: since.clone(), now_ms, replicas, lines: answered })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn answers_are_read_or_refused_whole() {
        let answer = read(&texts(&["ok", "5", "9", "2", "3", "9223372036854775807", "0"]), 1).unwrap();
        assert_eq!((answer.how, answer.now_ms, answer.replicas), (How::Ok, 9, 2));
        assert_eq!((answer.lines[0].granted, answer.lines[0].total), (3, Some(i64::MAX)));
        let unknown = &read(&texts(&["ok", "5", "9", "2", "?", "", "4"]), 1).unwrap().lines[0];
        assert_eq!((unknown.is_unknown, unknown.total, unknown.granted), (true, None, 0));
        assert_eq!(read(&texts(&["lapsed", "5", "9", "2"]), 1).unwrap().how, How::Lapsed);
        for wrong in [
            &["ok", "5", "9", "2"][..],
            &["what", "5", "9", "2"],
            &["ok"],
            &["ok", "5", "9", "2", "x", "", ""],
        ] {
            assert_eq!(read(&texts(wrong), 1), None, "{wrong:?}");
        }
    }
}
