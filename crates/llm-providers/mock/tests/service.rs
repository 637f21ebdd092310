//! The vendor behind the transport's seam, on a paused clock.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use llm_provider_mock::{Mock, MockService, Script};
use llm_transport::{CallOptions, HttpService, Timeouts, TransportError, TransportErrorKind};
use tokio::time::Instant;

fn request(model: &str) -> Request<Bytes> {
    let body =
        format!(r#"{{"model":"{model}","stream":true,"messages":[{{"role":"user","content":"Hi"}}]}}"#);
    Request::post(format!("{}/chat/completions", Mock::BASE_URL)).body(body.into()).unwrap()
}

async fn call(
    service: &MockService,
    model: &str,
    timeouts: Timeouts,
) -> (Option<u16>, Result<Bytes, TransportError>) {
    match service.call(request(model), CallOptions { timeouts, ..CallOptions::default() }).await {
        Ok(response) => (Some(response.status().as_u16()), response.into_body().collect(1 << 20).await),
        Err(error) => (None, Err(error)),
    }
}

#[tokio::test(start_paused = true)]
async fn answers_carry_the_given_time() {
    let service = MockService::new(Some(Script::saying("Hello.")), Arc::new(|| 42));
    let (status, body) = call(&service, "m", Timeouts::NONE).await;
    let body = String::from_utf8(body.unwrap().to_vec()).unwrap();
    assert_eq!(status, Some(200));
    assert!(body.contains("\"created\":42,") && body.contains("\"content\":\"Hello.\""), "{body}");
}

#[tokio::test(start_paused = true)]
async fn faults_are_what_a_socket_would_give() {
    let service = MockService::default();
    let kind = async |model: &str, timeouts| {
        let started = Instant::now();
        let (status, body) = call(&service, model, timeouts).await;
        (status, body.unwrap_err().kind(), started.elapsed().as_secs())
    };
    let limits = Timeouts {
        connect: None,
        first_byte: Some(Duration::from_secs(5)),
        idle: Some(Duration::from_secs(7)),
        total: Some(Duration::from_secs(60)),
    };
    assert_eq!(kind("cut", limits).await, (Some(200), TransportErrorKind::Closed, 0));
    assert_eq!(kind("stall", limits).await, (Some(200), TransportErrorKind::IdleTimeout, 7));
    let hurried = Timeouts { total: Some(Duration::from_secs(3)), ..limits };
    assert_eq!(kind("stall", hurried).await, (Some(200), TransportErrorKind::TotalTimeout, 3));
    let late = MockService::new(Some(Script { delay_ms: 10_000, ..Script::default() }), Arc::new(|| 0));
    let error = |timeouts| call(&late, "m", timeouts);
    assert_eq!(error(limits).await.1.unwrap_err().kind(), TransportErrorKind::FirstByteTimeout);
    assert_eq!(error(hurried).await.1.unwrap_err().kind(), TransportErrorKind::TotalTimeout);
    assert_eq!(error(Timeouts::NONE).await.0, Some(200));
}

#[tokio::test(start_paused = true)]
async fn first_requests_fail_by_service() {
    let service = MockService::new(Some(Script { fail_first: Some(1), ..Script::default() }), Arc::new(|| 0));
    let twin = service.clone();
    assert_eq!(call(&service, "m1", Timeouts::NONE).await.0, Some(500));
    assert_eq!(call(&twin, "m2", Timeouts::NONE).await.0, Some(200));
}
