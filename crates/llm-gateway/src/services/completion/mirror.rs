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
    let settings = &deployment.settings;
    let of_group = || serving.config.settings.router.mirrors.get(&*group.name);
    let (to, share) = match &settings.silent_model {
        Some(to) => (to.as_str(), settings.silent_share.unwrap_or(1.0)),
        None => of_group().map(|mirror| (mirror.to.as_str(), mirror.share))?,
    };
    is_drawn(&request.reply.request_id, share).then_some(to)
}

/// Whether a request of this name belongs to the share: always the same for the same name.
fn is_drawn(id: &str, share: f64) -> bool {
    // FNV-1a, and the end of SplitMix64, as names made one after the other are alike.
    let hash = id.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((hash ^ (hash >> 31)) >> 11) as f64 / ((1_u64 << 53) as f64) < share
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_share_and_the_same_name_always_belongs_or_never() {
        for share in [0.0, 0.05, 0.3, 1.0] {
            let drawn = (0..100_000).filter(|number| is_drawn(&format!("request-{number}"), share)).count();
            let expected = share * 100_000.0;
            assert!(
                (drawn as f64 - expected).abs() <= 600.0 * share.min(1.0 - share).sqrt(),
                "{share}: {drawn}"
            );
        }
        assert!((0..100).all(|_| is_drawn("a", 0.7) == is_drawn("a", 0.7)));
        // Whoever belongs to a share belongs to every larger one.
        let grows = |id: &str| !is_drawn(id, 0.2) || is_drawn(id, 0.4);
        assert!((0..1_000).all(|number| grows(&number.to_string())));
    }
}
