//! Several gateways with one Redis: they know the same, keep to limits together, and do not need it to answer requests.

#[path = "../../crates/llm-gateway/shared/tests/redis/server.rs"]
mod server;

pub(crate) mod agreement;
mod limits;
mod outages;
mod priorities;

use llm_mock_server::Handle;
use serde_json::{Value, json};

use crate::faults::asked::{Dialect, named};
use crate::process::Gateway;
use server::Server;

/// Two gateways with the same models, and the Redis that they share.
struct Two {
    redis: Server,
    gateways: [Gateway; 2],
}

impl Two {
    fn start(models: &Value, router: &Value) -> Self {
        let redis = Server::start();
        let mut router = router.clone();
        router["redis_url"] = redis.url().into();
        let config = json!({"model_list": models, "router_settings": router});
        Self { gateways: [Gateway::start(&config), Gateway::start(&config)], redis }
    }
}

/// A deployment of the group `main`.
fn deployment(id: &str, vendor: &Handle, more: &Value) -> Value {
    named(Dialect::OpenAi.deployment("main", id, &vendor.url(), more), id)
}
