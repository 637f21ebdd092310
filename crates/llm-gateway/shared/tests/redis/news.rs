//! What one replica tells, the others hear.

use llm_gateway_shared::{Address, Asks, News};
use llm_router::SharedState;

use crate::replica;
use crate::server::Server;

fn told(count: usize) -> Asks {
    let state = SharedState { requests: 7, ..SharedState::default() };
    let deployments = (0..count).map(|number| (format!("d{number}"), state)).collect();
    Asks { news: Some(News { deployments, ..News::default() }), ..Asks::default() }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn every_replica_hears_every_other_once() {
    let server = Server::start();
    let address = Address::single(server.url());
    let (mut a, mut b) = (replica(address.clone(), "a").await, replica(address.clone(), "b").await);
    assert!(a.round(&told(1)).await.unwrap().news.is_empty(), "it heard itself");
    let heard = b.round(&told(450)).await.unwrap().news;
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].0.as_str(), heard[0].1.deployments["d0"].requests), ("a", 7));
    assert!(b.round(&Asks::default()).await.unwrap().news.is_empty(), "it heard it twice");
    // In pieces that are bounded.
    let pieces: Vec<usize> =
        a.round(&Asks::default()).await.unwrap().news.iter().map(|(_, news)| news.len()).collect();
    assert_eq!(pieces, [200, 200, 50]);

    // Whoever comes later hears what was told lately.
    let mut late = replica(address, "late").await;
    let from: Vec<String> =
        late.round(&Asks::default()).await.unwrap().news.into_iter().map(|(from, _)| from).collect();
    assert_eq!(from, ["a", "b", "b", "b"]);
    let kept: i64 = server.ask("PTTL {test}:news").trim_start_matches(':').parse().unwrap();
    assert!((1..=60_000).contains(&kept), "{kept}");
}
