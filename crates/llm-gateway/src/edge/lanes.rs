//! Threads that serve connections, each with a runtime of its own.
//!
//! A connection, its requests, the connections to vendors that they use and the timers of all of them stay on one thread.
//! Where threads share a runtime, each event may have to wake another thread, tasks wander, and what they touch with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// The threads. They end when this is dropped, with whatever they still do.
#[derive(Debug)]
pub struct Lanes {
    lanes: Vec<Lane>,
    over: CancellationToken,
}

#[derive(Debug)]
struct Lane {
    runtime: Handle,
    /// Connections that it has.
    open: Arc<AtomicUsize>,
    /// `None` once it is awaited.
    thread: Option<JoinHandle<()>>,
}

impl Lanes {
    /// Starts so many threads, at least one.
    ///
    /// # Errors
    /// The system's, if it gives no thread, or a runtime cannot have what it needs.
    pub fn start(threads: usize) -> std::io::Result<Self> {
        let mut lanes = Self { lanes: Vec::new(), over: CancellationToken::new() };
        for number in 0..threads.max(1) {
            let lane = Lane::start(number, lanes.over.clone())?;
            lanes.lanes.push(lane);
        }
        Ok(lanes)
    }

    /// Serves a connection where the fewest are.
    pub(super) fn serve(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let Some(lane) = self.lanes.iter().min_by_key(|lane| lane.open.load(Ordering::Relaxed)) else {
            return;
        };
        let open = Open::one_more(&lane.open);
        lane.runtime.spawn(async move {
            connection.await;
            drop(open);
        });
    }
}

impl Lane {
    fn start(number: usize, over: CancellationToken) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let thread = std::thread::Builder::new().name(format!("llm-gateway-{number}")).spawn(move || {
            runtime.block_on(over.cancelled());
            // Nobody waits for what its blocking threads still do.
            runtime.shutdown_background();
        })?;
        Ok(Self { runtime: handle, open: Arc::default(), thread: Some(thread) })
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.over.cancel();
        for thread in self.lanes.iter_mut().filter_map(|lane| lane.thread.take()) {
            // Its panic was told where it happened.
            let _ended = thread.join();
        }
    }
}

/// A connection that is counted for as long as this lives.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn one_more(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(open.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn connections_are_spread_evenly_and_stay_on_their_thread() {
        let lanes = Lanes::start(3).unwrap();
        let (told, threads) = mpsc::channel();
        for _ in 0..30 {
            let told = told.clone();
            lanes.serve(async move {
                let before = std::thread::current().id();
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                told.send((before, std::thread::current().id())).unwrap();
            });
        }
        drop(told);
        let mut counts = HashMap::new();
        for (before, after) in threads {
            assert_eq!(before, after);
            *counts.entry(before).or_insert(0) += 1;
        }
        assert_eq!(counts.into_values().collect::<Vec<_>>(), [10, 10, 10]);
    }

    #[test]
    fn a_lane_whose_connections_end_gets_the_next_ones() {
        let lanes = Lanes::start(2).unwrap();
        let thread_of_next = |wait: bool| {
            let (told, thread) = mpsc::channel();
            lanes.serve(async move {
                told.send(std::thread::current().id()).unwrap();
                if wait {
                    std::future::pending::<()>().await;
                }
            });
            thread.recv().unwrap()
        };
        let busy = thread_of_next(true);
        for _ in 0..5 {
            let other = thread_of_next(false);
            assert_ne!(other, busy);
            while lanes.lanes.iter().map(|lane| lane.open.load(Ordering::Relaxed)).sum::<usize>() > 1 {
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn what_still_runs_ends_with_them() {
        let lanes = Lanes::start(1).unwrap();
        let held = Arc::new(());
        let inside = held.clone();
        let (told, begun) = mpsc::channel();
        lanes.serve(async move {
            told.send(()).unwrap();
            std::future::pending::<()>().await;
            drop(inside);
        });
        begun.recv().unwrap();
        drop(lanes);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
