//! What the kernel says of a process: processor time and memory. Source: proc(5), read 2026-11.

use std::{collections::BTreeMap, fs, time::Duration};

use anyhow::Context as _;

/// One tick of `/proc/PID/stat`; `USER_HZ` is 100 on every architecture that this runs on.
const TICK: Duration = Duration::from_millis(10);

/// Processor time of a process at one moment.
#[derive(Debug, Clone)]
pub(super) struct Cpu {
    /// Nanoseconds of each thread that is alive.
    threads: BTreeMap<String, u64>,
    /// Ticks of all threads, also of those that have ended.
    ticks: u32,
}

impl Cpu {
    pub(super) fn of(pid: u32) -> anyhow::Result<Self> {
        let mut threads = BTreeMap::new();
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let thread = thread?;
            // A thread may end between the two reads.
            let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let nanos = text.split_whitespace().next().and_then(|first| first.parse().ok());
            threads.insert(thread.file_name().to_string_lossy().into_owned(), nanos.context("schedstat")?);
        }
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        Ok(Self { threads, ticks: ticks(&stat).context("an unknown form of /proc/PID/stat")? })
    }

    /// Time used since an earlier moment: to the nanosecond while no thread has ended, else in ticks.
    pub(super) fn since(&self, earlier: &Self) -> Duration {
        if earlier.threads.keys().any(|thread| !self.threads.contains_key(thread)) {
            return TICK * self.ticks.saturating_sub(earlier.ticks);
        }
        let used = self.threads.iter().map(|(thread, now)| {
            now.saturating_sub(earlier.threads.get(thread).copied().unwrap_or_default())
        });
        Duration::from_nanos(used.sum())
    }
}

/// The fields utime and stime; the program's name before them may hold spaces and parentheses.
fn ticks(stat: &str) -> Option<u32> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<u32>().ok()?, fields.next()?.parse::<u32>().ok()?);
    Some(user + system)
}

/// Resident memory now, in KiB.
pub(super) fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    status_kib(pid, "VmRSS:")
}

/// The most resident memory since [`reset_peak`], in KiB.
pub(super) fn peak_kib(pid: u32) -> anyhow::Result<u64> {
    status_kib(pid, "VmHWM:")
}

/// Lets the peak begin anew. Where the kernel refuses, it stays that of the whole run.
pub(super) fn reset_peak(pid: u32) {
    drop(fs::write(format!("/proc/{pid}/clear_refs"), "5"));
}

fn status_kib(pid: u32, field: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value =
        status.lines().find_map(|line| line.strip_prefix(field)?.split_whitespace().next()?.parse().ok());
    value.with_context(|| format!("no {field} in /proc/{pid}/status"))
}

/// How many files this process, and so its children, may have open.
pub(super) fn open_files_limit() -> anyhow::Result<u64> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|rest| rest.split_whitespace().next()).context("no limit of open files")?;
    Ok(soft.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(threads: &[(&str, u64)], ticks: u32) -> Cpu {
        Cpu { threads: threads.iter().map(|(name, nanos)| ((*name).to_owned(), *nanos)).collect(), ticks }
    }

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat =
            "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 31 11 0 0 20 0 3 0 100 1000 100 18446744073709551615";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks("7 (a) S 1"), None);
    }

    #[test]
    fn time_is_exact_until_a_thread_has_ended() {
        let before = cpu(&[("1", 100), ("2", 50)], 10);
        assert_eq!(cpu(&[("1", 150), ("2", 50), ("3", 7)], 20).since(&before), Duration::from_nanos(57));
        assert_eq!(cpu(&[("1", 150)], 13).since(&before), Duration::from_millis(30));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_can_be_read() {
        let pid = std::process::id();
        let cpu = Cpu::of(pid).expect("own processor time");
        assert!(!cpu.threads.is_empty());
        assert!(resident_kib(pid).expect("own memory") > 0);
        assert!(peak_kib(pid).expect("own peak") > 0);
        assert!(open_files_limit().expect("own limit") > 0);
    }
}
