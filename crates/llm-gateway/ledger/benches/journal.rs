//! What a leg costs: `cargo bench -p llm-ledger`. Set `TMPDIR` to a memory file system to leave the disk out.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use divan::{Bencher, black_box};
use llm_ledger::{
    Charge, Entry, Flag, Intent, Journal, JournalOptions, LegId, RequestId, Status, Tokens, Usd,
};
use llm_types::UnixMs;
use tempfile::TempDir;

fn main() {
    divan::main();
}

/// A leg with a key, a team, a user, an organisation and a tag, each with a budget.
fn intent() -> Intent {
    let request: RequestId = "019aa2f0-0000-7000-8000-000000000001".parse().unwrap();
    let mut entry = Entry::new(LegId { request, leg: 0 });
    entry.reason = "first".into();
    entry.route = "/v1/chat/completions".into();
    entry.key = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b".into();
    entry.key_alias = "production".into();
    (entry.user, entry.team) = ("anna@example.org".into(), "6f1c1c5e-research".into());
    entry.organization = "example".into();
    entry.tags = vec!["production".into(), "summaries".into()];
    (entry.model, entry.vendor_model) = ("gpt-4o".into(), "gpt-4o-2024-08-06".into());
    (entry.deployment, entry.vendor) = ("openai/gpt-4o/0".into(), "openai".into());
    entry.client = "10.1.2.3".into();
    entry.started = UnixMs(1_763_700_000_000);
    entry.reserved = Usd::from_nanos(41_250_000);
    let accounts =
        ["key/88dc28d0f030c55ed4ab77ed8faf0981", "team/6f1c1c5e", "user/anna", "org/example", "tag/x"];
    let charge = |whose| Charge { account: format!("usd:30d:{whose}").into(), window: 1_762_000_000_000 };
    entry.charges = accounts.into_iter().map(charge).collect();
    Intent { entry, prompt_tokens: 812, input_rate: 2_500_000_000, output_rate: 10_000_000_000 }
}

fn settled(intent: &Intent) -> Entry {
    let mut entry = intent.entry.clone();
    entry.status = Status::Answered;
    entry.flags = entry.flags.with(Flag::Streamed);
    entry.tokens = Tokens { prompt: 800, completion: 350, cache_read: 512, ..Tokens::default() };
    (entry.cost, entry.list_cost) = (Usd::from_nanos(4_860_000), Usd::from_nanos(4_860_000));
    entry.ended = UnixMs(1_763_700_002_345);
    (entry.head, entry.http_status) = (Some(UnixMs(1_763_700_000_400)), 200);
    entry
}

fn journal() -> (TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(JournalOptions::new(folder.path())).unwrap();
    (folder, journal)
}

/// Acknowledges so much at once that it does not show.
struct Drained<'a>(&'a Journal);

impl Drained<'_> {
    fn leg(&self, intent: &Intent, entry: &Entry) {
        let leg = self.0.intend(black_box(intent));
        let leg = leg.unwrap_or_else(|_| {
            let mut reader = self.0.reader();
            while let Ok(batch) = reader.next_batch(10_000, 8 << 20)
                && !batch.entries.is_empty()
            {
                self.0.acknowledge(&batch.position).unwrap();
            }
            self.0.intend(intent).unwrap()
        });
        self.0.settle(leg, black_box(entry.clone())).unwrap();
    }
}

/// An intent and its settlement, two writes.
#[divan::bench(threads = [1, 2], sample_count = 200, sample_size = 100)]
fn leg(bencher: Bencher<'_, '_>) {
    let (_folder, journal) = journal();
    let (intent, journal) = (intent(), Drained(&journal));
    let entry = settled(&intent);
    bencher.bench(|| journal.leg(&intent, &entry));
}

/// How far a stream has come.
#[divan::bench(sample_count = 200, sample_size = 100)]
fn checkpoint(bencher: Bencher<'_, '_>) {
    let (_folder, journal) = journal();
    let leg = journal.intend(&intent()).unwrap();
    bencher.bench_local(|| black_box(journal.checkpoint(&leg, 350, UnixMs(1_763_700_001_000))));
}

/// What of a leg is JSON: the least that any journal of it costs.
#[divan::bench]
fn json_of_a_leg(bencher: Bencher<'_, '_>) {
    let intent = intent();
    let entry = settled(&intent);
    let mut buffer = Vec::new();
    bencher.bench_local(|| {
        buffer.clear();
        serde_json::to_writer(&mut buffer, black_box(&intent)).unwrap();
        serde_json::to_writer(&mut buffer, black_box(&entry)).unwrap();
        buffer.len()
    });
}

/// The same two writes with nothing around them.
#[divan::bench(sample_count = 200, sample_size = 100)]
fn two_writes(bencher: Bencher<'_, '_>) {
    use std::io::{Seek, Write};
    let intent = intent();
    let (first, second) =
        (serde_json::to_vec(&intent).unwrap(), serde_json::to_vec(&settled(&intent)).unwrap());
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&vec![0; 64 << 20]).unwrap();
    file.rewind().unwrap();
    bencher.bench_local(|| {
        file.write_all(black_box(&first)).unwrap();
        file.write_all(black_box(&second)).unwrap();
    });
}

/// A thousand entries read from the files.
#[divan::bench(sample_count = 20)]
fn read_a_thousand(bencher: Bencher<'_, '_>) {
    let (_folder, journal) = journal();
    let intent = intent();
    let entry = settled(&intent);
    for _ in 0..1_000 {
        let leg = journal.intend(&intent).unwrap();
        journal.settle(leg, entry.clone()).unwrap();
    }
    bencher.bench_local(|| journal.reader().next_batch(1_000, usize::MAX).unwrap());
}
