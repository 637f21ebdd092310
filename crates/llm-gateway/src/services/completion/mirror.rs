//! Copies of requests for others: sent beside them, answered to nobody.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use http_body::Body as _;

use super::{Ask, Door, Request, run};
use crate::answer::AnswerBody;
use crate::app::App;
use crate::deployment::Deployment;
use crate::exchange::{Exchange, Outcome, Record};
use crate::ledger::Name;
use crate::limits::HeldBody;
use crate::serving::{Group, Serving};

/// Copies have no hurry, and none goes before another.
const PRIORITY: u8 = u8::MAX;

/// Who gets a copy of a request that goes to this deployment first; `None` if nobody does.
pub(super) fn target<'a>(
    serving: &'a Serving,
    group: &Group,
    deployment: &'a Deployment,
    request: &Request<'_>,
) -> Option<&'a str> {
    if request.is_copy || matches!(request.ask.door, Door::CountTokens(_)) {
        return None;
    }
    let mirror = serving.config.settings.router.mirror_of(&group.name, &deployment.settings)?;
    mirror.draws(&request.reply.request_id).then_some(mirror.to)
}

/// Sends a copy on a task of its own. Whatever becomes of it, the request itself does not notice.
pub(super) fn send(app: &Arc<App>, serving: &Arc<Serving>, ask: &Ask, to: &str, of: &Record) {
    let bytes = ask.body.bytes.clone();
    let held = app.held_bytes.try_add(bytes.len() as u64, serving.bounds.max_held_bytes);
    let Some(held) = held.filter(|_| !app.is_stopping()) else {
        app.metrics.dropped_mirrors.inc();
        return;
    };
    let ask = Ask {
        dialect: ask.dialect,
        door: ask.door,
        model: Some(to.to_owned()),
        stream: ask.stream,
        headers: ask.headers.clone(),
        speaks: ask.speaks,
        body: HeldBody { bytes, held },
    };
    let copy = Copy { serving: serving.clone(), ask, of: of.id.clone(), route: of.route };
    let app = app.clone();
    app.clone().background(async move {
        let given_up = app.copies().clone();
        let waits = async {
            let pass = copy.serving.mirrors.enter(PRIORITY, app.runtime.now()).await;
            pass.inspect_err(|_| {
                app.metrics.dropped_mirrors.inc();
            })
        };
        let pass = tokio::select! {
            // First: whoever is given up makes room for those that wait.
            biased;
            () = given_up.cancelled() => {
                app.metrics.dropped_mirrors.inc();
                return;
            }
            pass = waits => pass,
        };
        if pass.is_ok() {
            // Dropped, its exchange ends as drained.
            tokio::select! {
                biased;
                () = given_up.cancelled() => {}
                () = Box::pin(copy.play(&app)) => {}
            }
        }
    });
}

/// A copy that waits for its turn.
struct Copy {
    serving: Arc<Serving>,
    ask: Ask,
    of: String,
    route: &'static str,
}

impl Copy {
    async fn play(self, app: &Arc<App>) {
        let Self { serving, ask, of, route } = self;
        let name = Name::new(&app.runtime, None);
        let mut exchange = Exchange::begin(&app.finaliser, name, route, serving.version);
        exchange.record_mut().mirror_of = Some(of);
        let mut exchange = Some(exchange);
        match run(app, &serving, ask, &mut exchange).await {
            Ok(response) => read(response.into_body()).await,
            Err(error) => {
                if let Some(mut exchange) = exchange {
                    exchange.record_mut().status = Some(error.status());
                    exchange.end(Outcome::from(&error));
                }
            }
        }
    }
}

/// Reads an answer to its end, and keeps nothing.
async fn read(mut body: AnswerBody) {
    while poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.is_some() {}
}
