//! An answer that leaves its dialect on the way: what came before went to the client as it was, the rest is translated.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use llm_provider_core::{Ingress, Provider, Reply};

use super::{Fed, Outlet, Pump, RelayPump, TranslatePump};

/// Who tells the rest of an answer.
pub(crate) struct Interpreter {
    /// Whose answer it is.
    pub(crate) provider: Arc<dyn Provider>,
    /// The client's side of the dialect.
    pub(crate) ingress: &'static dyn Ingress,
    /// What the client is told by.
    pub(crate) reply: Reply,
    /// Bytes of the client's request.
    pub(crate) request_bytes: u64,
}

impl RelayPump {
    /// The pump that goes on with this answer, and what it begins with.
    fn interpreted(&mut self) -> Option<(TranslatePump, Bytes)> {
        let foreign = self.foreign.take()?;
        let Interpreter { provider, ingress, reply, request_bytes } = self.interpreter.take()?;
        let outlet = Outlet::Client(ingress.writer(&reply));
        let mut pump = TranslatePump::new(provider.chat()?.decoder(), outlet, request_bytes);
        pump.seen = self.listener.take_seen();
        pump.seen.complete = false;
        pump.begun = self.begun;
        Some((pump, joined(foreign, &self.framer.finish())))
    }
}

impl Pump {
    /// Goes on with an answer by translating it, after what has passed.
    pub(super) fn turn(&mut self, passed: Fed) -> Fed {
        let Self::Relay(relay) = self else { return passed };
        let Some((mut pump, rest)) = relay.interpreted() else { return passed };
        let fed = pump.feed(rest);
        *self = Self::Translate(Box::new(pump));
        Fed { out: joined(passed.out, &fed.out), error: fed.error }
    }

    /// The same of an answer whose last frame it was.
    pub(super) fn turned_at_end(&mut self, passed: Fed) -> Fed {
        let fed = self.turn(passed);
        if fed.error.is_some() {
            return fed;
        }
        let rest = self.finish();
        Fed { out: joined(fed.out, &rest.out), error: rest.error }
    }
}

fn joined(first: Bytes, second: &[u8]) -> Bytes {
    if second.is_empty() {
        return first;
    }
    let mut both = BytesMut::from(&first[..]);
    both.extend_from_slice(second);
    both.freeze()
}
