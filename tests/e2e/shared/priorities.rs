//! What of a model's rates is reserved for whom, at three gateways that count together.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::Server;
use super::agreement::within_a_minute;
use crate::client::CHAT;
use crate::limits::{config, key, post, scripted};
use crate::process::Gateway;

/// Requests that the model takes in a minute.
const RPM: usize = 300;
/// Of those, what `prod` has, and what all have who are neither `prod` nor `dev`.
const OF_PROD: usize = 180;
const OF_OTHERS: usize = 60;
/// Each gateway has so many clients of each priority.
const CLIENTS: usize = 3;
/// By when all gateways know what the others have used, and that what these took ahead and did not use is there again.
const KNOWN: Duration = Duration::from_millis(1_300);

/// The priorities, each with the key that stands for it at every gateway.
const PROD: (&str, &str) = ("prod", "sk-of-prod-0123456789");
const DEV: (&str, &str) = ("dev", "sk-of-dev-0123456789");
const OTHER: (&str, &str) = ("", "sk-of-nobody-0123456789");

struct Three {
    gateways: [Gateway; 3],
    _redis: Server,
}

impl Three {
    async fn start() -> Self {
        let redis = Server::start();
        let reserved = json!({
            "priority_reservation": {"prod": 0.6, "dev": 0.2},
            "priority_reservation_settings": {"default_priority": 0.2, "saturation_threshold": 0.5},
        });
        let shared = json!({"redis_url": redis.url()});
        let mut config = config(&[("litellm_settings", reserved), ("router_settings", shared)]);
        config["model_list"][0]["litellm_params"]["rpm"] = RPM.into();
        let gateways = [(); 3].map(|()| Gateway::start(&config));
        for gateway in &gateways {
            for (priority, text) in [PROD, DEV, OTHER] {
                let mut fields = json!({"key": text});
                if !priority.is_empty() {
                    fields["metadata"] = json!({"priority": priority});
                }
                key(gateway, &fields).await;
            }
        }
        Self { gateways, _redis: redis }
    }

    /// How many of the requests of each of these are answered, when clients of all of them ask all gateways until nobody is
    /// answered any more.
    async fn asked<const N: usize>(&self, who: [(&str, &'static str); N]) -> [usize; N] {
        const LONGEST: usize = 10;
        let mut sums = [0; N];
        for _ in 0..LONGEST {
            let more = self.asked_for(who, KNOWN).await;
            sums = std::array::from_fn(|place| sums[place] + more[place]);
            if more == [0; N] {
                return sums;
            }
        }
        panic!("they are answered on and on: {sums:?}");
    }

    /// The same for so long.
    async fn asked_for<const N: usize>(&self, who: [(&str, &'static str); N], long: Duration) -> [usize; N] {
        let began = Instant::now();
        let mut asking = JoinSet::new();
        for gateway in &self.gateways {
            let address = gateway.address;
            for (place, (_, key)) in who.into_iter().enumerate() {
                for _ in 0..CLIENTS {
                    asking.spawn(async move {
                        let mut answered = 0;
                        while began.elapsed() < long {
                            match ask(address, key).await {
                                200 => answered += 1,
                                429 => sleep(Duration::from_millis(25)).await,
                                other => panic!("{other}"),
                            }
                        }
                        (place, answered)
                    });
                }
            }
        }
        asking.join_all().await.into_iter().fold([0; N], |mut sums, (place, answered)| {
            sums[place] += answered;
            sums
        })
    }
}

async fn ask(address: std::net::SocketAddr, key: &str) -> u16 {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = scripted(&json!({}), &json!({"max_tokens": 1}));
    let mut answer =
        crate::client::send(crate::client::connect(address).await, "POST", CHAT, &headers, &body).await;
    let _read_to_its_end = answer.body().await;
    answer.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn each_priority_has_its_share_at_three_gateways() {
    let three = Three::start().await;
    within_a_minute(Duration::from_secs(30)).await;

    // Nobody else asks: what is not used is lent, until half of all is.
    let [lent] = three.asked([DEV]).await;
    assert!(lent >= RPM / 2, "{lent}");
    let status = post(&three.gateways[0], DEV.1, CHAT, &scripted(&json!({}), &json!({}))).await;
    let told = &status.1["error"];
    assert_eq!(
        (status.0, &told["level"], &told["subject"]),
        (429, &json!("priority"), &json!("dev")),
        "{told}"
    );

    // Whoever has had more than its share stands back now, and takes nobody else's.
    let [prod, dev, other] = three.asked([PROD, DEV, OTHER]).await;
    assert_eq!(dev, 0);
    for (what, answered, share) in [("prod", prod, OF_PROD), ("the others", other, OF_OTHERS)] {
        assert_eq!(answered, share, "{what}");
    }
    for gateway in &three.gateways {
        let (status, refused): (u16, Value) =
            post(gateway, PROD.1, CHAT, &scripted(&json!({}), &json!({}))).await;
        assert_eq!((status, &refused["error"]["subject"]), (429, &json!("prod")), "{refused}");
    }
}
