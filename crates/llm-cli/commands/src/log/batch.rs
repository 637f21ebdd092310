//! Lines gathered in memory and written by a thread of their own, many at once.
//!
//! A thread that is woken for every line costs more than the line: at tens of thousands of requests a second the
//! wake-ups are the most expensive part of a log. Here a line is a copy into a buffer, and the thread wakes at most a
//! hundred times a second.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use llm_gateway::telemetry::access_log;
use tracing_subscriber::fmt::MakeWriter;

/// How long lines are gathered before they are written.
const GATHER: Duration = Duration::from_millis(10);

/// Bytes that may wait for a slow reader; lines past this are left out, and their number is told.
const MAX_BYTES: usize = 8 << 20;

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    left_out: u64,
    stop: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    some: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes lines.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

/// Writes what still waits when dropped.
pub(crate) struct Flush {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread that writes lines to `out`.
pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<(Lines, Flush)> {
    let shared = Arc::new(Shared::default());
    let theirs = shared.clone();
    let thread =
        std::thread::Builder::new().name("llm-gateway-log".to_owned()).spawn(move || write(&theirs, out))?;
    Ok((Lines(shared.clone()), Flush { shared, thread: Some(thread) }))
}

fn write(shared: &Shared, mut out: impl Write) {
    let mut batch = Vec::new();
    loop {
        let mut waiting = shared.lock();
        while waiting.bytes.is_empty() && waiting.left_out == 0 && !waiting.stop {
            waiting = shared.some.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let stop = waiting.stop;
        if !stop {
            // More lines will come along; the last ones at shutdown need not wait for company.
            waiting = shared.some.wait_timeout(waiting, GATHER).unwrap_or_else(PoisonError::into_inner).0;
        }
        batch.clear();
        std::mem::swap(&mut batch, &mut waiting.bytes);
        let left_out = std::mem::take(&mut waiting.left_out);
        drop(waiting);
        // Nobody is left to be told where standard error is gone.
        let _written = out.write_all(&batch);
        if left_out > 0 {
            let _written = writeln!(
                out,
                "{{\"level\":\"WARN\",\"message\":\"{left_out} log lines were left out: the reader is too slow\"}}"
            );
        }
        let _flushed = out.flush();
        if stop {
            return;
        }
    }
}

impl Lines {
    fn add(&self, line: &[u8]) {
        let mut waiting = self.0.lock();
        if waiting.bytes.len() + line.len() > MAX_BYTES {
            waiting.left_out += 1;
            return;
        }
        let first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        drop(waiting);
        if first {
            self.0.some.notify_one();
        }
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines")
    }
}

impl access_log::Lines for Lines {
    fn line(&self, line: &str) {
        self.add(line.as_bytes());
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.some.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_in_order() {
        let sink = Sink::default();
        let (mut lines, flush) = start(sink.clone()).unwrap();
        let expected: String = (0..10_000).map(|n| format!("line {n}\n")).collect();
        for line in expected.split_inclusive('\n') {
            lines.write_all(line.as_bytes()).unwrap();
        }
        drop(flush);
        assert_eq!(String::from_utf8(sink.0.lock().unwrap().clone()).unwrap(), expected);
    }

    /// A reader that takes nothing until it is told to.
    struct Stalled(mpsc::Receiver<()>, Sink);

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _told = self.0.recv();
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stalled_reader_holds_nobody_and_learns_what_it_missed() {
        let sink = Sink::default();
        let (go, wait) = mpsc::channel();
        let (mut lines, flush) = start(Stalled(wait, sink.clone())).unwrap();
        let line = [b'x'; 1 << 20];
        for _ in 0..40 {
            lines.write_all(&line).unwrap();
        }
        drop(go);
        drop(flush);
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert!(text.len() < 20 << 20);
        assert!(text.contains("log lines were left out"));
    }
}
