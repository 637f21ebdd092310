//! Journals of other processes: one that holds the folder, one that is killed, one whose disk is full.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use llm_ledger::{FullCause, Journal, JournalError, Status};

use crate::full::{fill, settle_all};
use crate::support::{SEGMENT, answered, id, intent, open, options, waiting};

const FOLDER: &str = "LLM_LEDGER_TEST_FOLDER";

/// This program again, to run one of the tests that are not run by themselves.
fn again(test: &str, folder: &Path) -> Vec<String> {
    let program = std::env::current_exe().unwrap();
    let program = program.to_str().unwrap();
    let test = format!("process::{test}");
    let folder = format!("{FOLDER}={}", folder.display());
    ["env", &folder, program, &test, "--exact", "--ignored", "--nocapture"].map(str::to_owned).into()
}

#[expect(clippy::disallowed_methods, reason = "how a test is told where to work by the test that starts it")]
fn folder() -> std::path::PathBuf {
    std::env::var_os(FOLDER).expect("started by another test").into()
}

#[test]
fn a_folder_has_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let error = Journal::open(options(folder.path())).unwrap_err();
    let wanted = format!("journal {} is in use by another process", folder.path().display());
    assert_eq!(error.to_string(), wanted);
    let command = again("is_refused", folder.path());
    assert!(Command::new(&command[0]).args(&command[1..]).status().unwrap().success());
    drop(journal);
    drop(open(folder.path()));
}

#[test]
#[ignore = "started by another test"]
fn is_refused() {
    assert!(matches!(Journal::open(options(&folder())), Err(JournalError::InUse { .. })));
}

#[test]
fn a_killed_process_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let command = again("is_killed", folder.path());
    let mut child = Command::new(&command[0]).args(&command[1..]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "written"));
    child.kill().unwrap();
    child.wait().unwrap();
    let (journal, recovered) = Journal::open(options(folder.path())).unwrap();
    assert_eq!((recovered.interrupted, recovered.waiting, recovered.torn), (2, 3, 0));
    let entries = waiting(&journal);
    assert_eq!(entries[&id(1)], answered(&intent(1)));
    assert_eq!(entries.values().filter(|entry| entry.status == Status::Interrupted).count(), 2);
}

#[test]
#[ignore = "started by another test"]
fn is_killed() {
    let journal = open(&folder());
    let legs: Vec<_> = (0..3).map(|number| journal.intend(&intent(number)).unwrap()).collect();
    let [_first, second, _third] = <[_; 3]>::try_from(legs).unwrap();
    journal.settle(second, answered(&intent(1))).unwrap();
    println!("\nwritten");
    std::io::stdout().flush().unwrap();
    std::thread::park();
}

/// A disk with space for two segments: a small file system if the system lets us have one, else a limit of the process.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_takes_nothing_from_legs_that_were_taken() {
    let folder = tempfile::tempdir().unwrap();
    let command = again("fills_the_disk", folder.path());
    let script = format!("mount -t tmpfs -o size=700k none '{}' && exec \"$@\"", folder.path().display());
    let mounts = ["unshare", "--user", "--map-root-user", "--mount"];
    let can_mount = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if can_mount {
        let status = Command::new(mounts[0])
            .args(&mounts[1..])
            .args(["sh", "-c", &script, "sh"])
            .args(&command)
            .status()
            .unwrap();
        assert!(status.success());
    }
    // In kilobytes or half of them, as the shell counts: less than a segment in any case.
    let limited = |test| {
        let script = ["-c", "ulimit -f 100 && exec \"$@\"", "sh"];
        let status = Command::new("sh").args(script).args(again(test, folder.path())).status().unwrap();
        assert!(status.success(), "it is no reason to die: {status}");
    };
    limited("may_write_no_segment");
    drop(open(folder.path()).intend(&intent(1)).unwrap());
    limited("may_write_part_of_a_segment");
}

#[test]
#[ignore = "started by another test"]
fn fills_the_disk() {
    let mut options = options(&folder());
    options.max_bytes = 100 * SEGMENT;
    let (journal, _) = Journal::open(options.clone()).unwrap();
    let (legs, error) = fill(&journal, 0);
    assert!(matches!(error, JournalError::Full { cause: FullCause::Disk, .. }), "{error}");
    assert_eq!(journal.state().segments, 2);
    // Not a byte is left.
    let mut rest = std::fs::File::create(folder().join("rest")).unwrap();
    while rest.write(&[1; 4096]).is_ok_and(|bytes| bytes > 0) {}

    let mut legs = legs;
    let lost = legs.split_off(legs.len() / 2);
    let wanted: Vec<_> = lost.iter().map(|(intent, _)| intent.interrupted(None)).collect();
    let mut settled = settle_all(&journal, legs);
    assert_eq!(journal.state().segments, 2);
    drop((lost, journal));
    let (journal, recovered) = Journal::open(options).unwrap();
    assert_eq!(recovered.interrupted, wanted.len() as u64);
    settled.extend(wanted);
    assert_eq!(waiting(&journal).into_values().collect::<Vec<_>>(), settled);

    // What is acknowledged makes room, on a full disk as well.
    crate::support::drain(&journal);
    let (legs, _) = fill(&journal, 20_000);
    assert!(!legs.is_empty());
    settle_all(&journal, legs);
}

#[test]
#[ignore = "started by another test"]
fn may_write_no_segment() {
    let journal = open(&folder());
    let error = journal.intend(&intent(1)).unwrap_err();
    assert!(matches!(error, JournalError::Full { cause: FullCause::Disk, .. }), "{error}");
    assert!(journal.state().is_full);
    assert_eq!(crate::support::files(&folder(), "new").len(), 0);
}

#[test]
#[ignore = "started by another test"]
fn may_write_part_of_a_segment() {
    let (journal, recovered) = Journal::open(options(&folder())).unwrap();
    assert_eq!(recovered.interrupted, 1);
    let (legs, error) = fill(&journal, 2);
    assert!(matches!(error, JournalError::Full { cause: FullCause::Disk, .. }), "{error}");
    assert!(legs.len() > 5, "{}", legs.len());
    let count = legs.len() + 1;
    settle_all(&journal, legs);
    assert_eq!(waiting(&journal).len(), count);
}
