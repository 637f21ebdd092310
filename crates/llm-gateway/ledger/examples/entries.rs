//! Prints the entries of a journal's folder as lines of JSON, whoever has the journal open; what is open or damaged
//! goes to the error output: `cargo run -p llm-ledger --example entries -- FOLDER`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the command line")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use llm_ledger::{JournalError, Record, read_folder};

fn main() -> Result<(), JournalError> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: entries FOLDER");
        std::process::exit(2);
    };
    let mut open = BTreeMap::new();
    let damaged = read_folder(&folder, |segment, record| match record {
        Record::Intent(intent) => {
            open.insert(intent.entry.id, segment);
        }
        Record::Settlement(entry) => {
            open.remove(&entry.id);
            match serde_json::to_string(&entry) {
                Ok(line) => println!("{line}"),
                Err(error) => eprintln!("leg {} of {}: {error}", entry.id.leg, entry.id.request),
            }
        }
        _ => {}
    })?;
    for (id, segment) in open {
        eprintln!("segment {segment}: leg {} of {} is open", id.leg, id.request);
    }
    for damage in damaged {
        eprintln!("segment {}: {} bytes at {} are damaged", damage.segment, damage.bytes, damage.offset);
    }
    Ok(())
}
