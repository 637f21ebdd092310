//! A request's life ends once.

use std::sync::Mutex;

use llm_types::UnixMs;

use super::*;
use crate::limits::Gauge;
use crate::runtime::{Clock, Runtime};

#[derive(Default)]
struct Ticks(Mutex<u64>);

impl Clock for Ticks {
    fn now(&self) -> UnixMs {
        UnixMs(0)
    }

    /// A millisecond more each time.
    fn elapsed(&self) -> Duration {
        let mut ticks = self.0.lock().unwrap();
        *ticks += 1;
        Duration::from_millis(*ticks)
    }
}

#[derive(Clone, Default)]
struct Books(Arc<Mutex<Vec<(Outcome, Stage)>>>);

impl Sink for Books {
    fn record(&self, record: &Record) {
        self.0.lock().unwrap().push((record.outcome.clone(), record.stage));
    }
}

fn begin() -> (Exchange, Books, Arc<Finaliser>) {
    let books = Books::default();
    let runtime = Runtime::new(Arc::new(Ticks::default()), Arc::new(|_| None), 1);
    let name = Name::new(&runtime, Some("id"));
    let finaliser = Finaliser::new(runtime, vec![Box::new(books.clone())], None);
    (Exchange::begin(&finaliser, name, "/", 1), books, finaliser)
}

fn ended(books: &Books) -> Vec<(Outcome, Stage)> {
    books.0.lock().unwrap().clone()
}

#[test]
fn it_ends_once_and_gives_back_what_it_held() {
    let (mut exchange, books, _) = begin();
    let gauge = Arc::new(Gauge::default());
    exchange.hold(gauge.try_add(1, 1).unwrap());
    exchange.enter(Stage::Router);
    assert_eq!((gauge.get(), ended(&books).len()), (1, 0));
    exchange.end(Outcome::Answered);
    assert_eq!(ended(&books), [(Outcome::Answered, Stage::Finaliser)]);
    assert_eq!(gauge.get(), 0);
}

#[test]
fn whatever_drops_it_is_told() {
    let (mut exchange, books, _) = begin();
    exchange.enter(Stage::Limits);
    drop(exchange);
    assert_eq!(ended(&books), [(Outcome::HungUp, Stage::Limits)]);

    let (exchange, books, finaliser) = begin();
    finaliser.cut_off();
    drop(exchange);
    assert_eq!(ended(&books), [(Outcome::Drained, Stage::Auth)]);

    let (exchange, books, finaliser) = begin();
    finaliser.cut_off();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _dropped_while_unwinding = exchange;
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert_eq!(ended(&books), [(Outcome::Panicked, Stage::Auth)]);
}

#[test]
fn overhead_is_the_time_without_waiting() {
    let (mut exchange, _, _) = begin();
    let leg = |sent_at, head_at: Option<u64>| Leg {
        sent_at: Duration::from_millis(sent_at),
        head_at: head_at.map(Duration::from_millis),
        ..Leg::sample()
    };
    let record = exchange.record_mut();
    record.legs = vec![leg(2, Some(10)), leg(12, None)];
    record.duration = Duration::from_millis(20);
    assert_eq!(record.overhead(), Duration::from_millis(4), "20 less 8 and 8");
    record.first_byte_at = Some(Duration::from_millis(15));
    assert_eq!(record.overhead(), Duration::from_millis(4), "15 less 8 and 3");
}
