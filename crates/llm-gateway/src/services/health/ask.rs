//! One check, and several at a time.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use http::HeaderMap;
use llm_pricing::Usd;
use llm_router::{Check, Reason};
use llm_types::{ApiError, ErrorKind, Layer};

use super::subjects::{Probe, Subject};
use super::{Found, take};
use crate::app::App;
use crate::exchange::{Exchange, Outcome};
use crate::ledger::Name;
use crate::limits::HeldBody;
use crate::services::completion::{self, Ask, Asked, Book, Desk};
use crate::serving::Serving;

/// The route under which checks are known.
const ROUTE: &str = "/health";

/// Checks all of these, so many at a time.
pub(crate) async fn check_all(app: &Arc<App>, serving: &Arc<Serving>, subjects: &[Subject]) {
    let at_a_time = serving.config.settings.health.concurrency.max(1);
    stream::iter(subjects).for_each_concurrent(at_a_time, |subject| check(app, serving, subject)).await;
}

/// Checks a deployment, unless it cannot be, or checks have cost enough.
pub(crate) async fn check(app: &Arc<App>, serving: &Arc<Serving>, subject: &Subject) {
    let Ok(probe) = subject.probe() else { return };
    let most = serving.config.settings.health.max_usd_per_day;
    if !app.checks.may_spend(most, app.runtime.now()) {
        return;
    }
    let began = app.runtime.elapsed();
    let (asked, cost) = match tokio::time::timeout(probe.timeout, ask(app, serving, &probe)).await {
        Ok(result) => result,
        Err(_) => {
            let message = format!("no answer within {} s", probe.timeout.as_secs_f64());
            (Err(ApiError::new(ErrorKind::GatewayTimeout, Layer::Gateway, message)), Usd::ZERO)
        }
    };
    let elapsed = app.runtime.elapsed().saturating_sub(began);
    let now = app.runtime.now();
    let failure = asked.as_ref().err().map(|error| error.kind);
    let found = Found {
        check: Check { at: now, elapsed_ms: elapsed.as_millis() as u64, failure },
        message: asked.err().map(|mut error| {
            completion::hide_key(&mut error, &probe.deployment);
            error.message
        }),
        cost,
    };
    take(app, serving, subject, found, now);
}

/// Asks a deployment, and tells what that cost. It is no request of anybody's: no log and no metric of requests has it.
async fn ask(app: &Arc<App>, serving: &Arc<Serving>, probe: &Probe) -> (Result<(), ApiError>, Usd) {
    let Some(held) = app.held_bytes.try_add(probe.body.len() as u64, u64::MAX) else {
        let message = "there is no bound on these bytes";
        return (Err(ApiError::new(ErrorKind::Internal, Layer::Gateway, message)), Usd::ZERO);
    };
    let ask = Ask {
        dialect: probe.dialect,
        door: probe.door,
        model: None,
        stream: None,
        headers: HeaderMap::new(),
        speaks: false,
        body: HeldBody { bytes: probe.body.clone(), held },
    };
    let name = Name::new(&app.runtime, None);
    let mut exchange = Exchange::begin(&app.finaliser.booked(), name, ROUTE, serving.version);
    let request = match completion::look(serving, &ask, &mut exchange) {
        Ok(request) => request,
        Err(error) => return (Err(error), Usd::ZERO),
    };
    let desk = Desk::new(exchange);
    let mut book = Book::open(&desk, Reason::First);
    let asked = completion::attempt(app, serving, &probe.deployment, &request, &mut book).await;
    book.end(asked.as_ref().map(|_| ()).map_err(|error| error.kind));
    let mut exchange = desk.close();
    let result = asked.map(|asked| {
        if let Asked::Whole { seen, reading, .. } = asked {
            exchange.hear(*seen, reading);
        }
    });
    exchange.price();
    let cost = exchange.record().bill.as_ref().map_or(Usd::ZERO, |bill| bill.cost.total);
    exchange.end(Outcome::Answered);
    (result, cost)
}
