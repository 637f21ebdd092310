//! Bodies over a scripted source, in paused time.

use std::collections::VecDeque;

use super::*;
use crate::error::TransportErrorKind::{BodyTooLarge, Closed, IdleTimeout, TotalTimeout};

const SECOND: Duration = Duration::from_secs(1);

/// Yields its pieces, each after a pause, then what `end` says.
struct Script {
    pieces: VecDeque<(Duration, &'static str)>,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
    end: End,
}

enum End {
    Clean,
    Cut,
    Endless,
}

fn script(pieces: &[(u64, &'static str)], end: End) -> Script {
    let pieces =
        pieces.iter().map(|(seconds, text)| (SECOND * u32::try_from(*seconds).unwrap(), *text)).collect();
    Script { pieces, pause: None, end }
}

impl http_body::Body for Script {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let Some((pause, text)) = self.pieces.front().copied() else {
            return match self.end {
                End::Clean => Poll::Ready(None),
                End::Cut => Poll::Ready(Some(Err(TransportError::after_send(Closed)))),
                End::Endless => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"more"))))),
            };
        };
        if !pause.is_zero() {
            let sleep = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
            ready!(sleep.as_mut().poll(cx));
            self.pause = None;
        }
        self.pieces.pop_front();
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
    }
}

fn timed(script: Script, idle: Option<u32>, total: Option<u32>) -> Body {
    let timer = Timer::start(total.map(|seconds| SECOND * seconds));
    Body::wrap(script).timed(timer, idle.map(|seconds| SECOND * seconds))
}

async fn kinds(mut body: Body) -> (Vec<Bytes>, Option<TransportErrorKind>) {
    let mut pieces = Vec::new();
    while let Some(piece) = body.next().await {
        match piece {
            Ok(piece) => pieces.push(piece),
            Err(error) => {
                assert!(body.next().await.is_none(), "an error is the end");
                return (pieces, Some(error.kind()));
            }
        }
    }
    (pieces, None)
}

#[tokio::test(start_paused = true)]
async fn each_piece_renews_the_idle_limit() {
    let pieces = [(4, "a"), (4, "b"), (4, "c"), (6, "late")];
    let begun = Instant::now();
    let (read, error) = kinds(timed(script(&pieces, End::Clean), Some(5), None)).await;
    assert_eq!((read.len(), error), (3, Some(IdleTimeout)));
    assert_eq!(begun.elapsed().as_secs(), 17);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_not_a_slow_upstream() {
    let mut body = timed(script(&[(4, "a"), (4, "b")], End::Clean), Some(5), None);
    assert_eq!(body.next().await.unwrap().unwrap(), "a");
    tokio::time::sleep(SECOND * 1000).await;
    assert_eq!(body.next().await.unwrap().unwrap(), "b");
    assert!(body.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_total_holds_over_waiting_and_over_endless_answers() {
    let (read, error) = kinds(timed(script(&[(4, "a"), (4, "b")], End::Clean), Some(5), Some(6))).await;
    assert_eq!((read.len(), error), (1, Some(TotalTimeout)));

    let mut body = timed(script(&[], End::Endless), None, Some(6));
    assert!(body.next().await.unwrap().is_ok());
    tokio::time::advance(SECOND * 6).await;
    assert_eq!(body.next().await.unwrap().unwrap_err().kind(), TotalTimeout);
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn collect_joins_pieces_and_keeps_errors() {
    let whole = Body::wrap(script(&[(0, "ab"), (0, "cd"), (0, "e")], End::Clean)).collect(5).await.unwrap();
    assert_eq!(whole, "abcde");
    let cut = Body::wrap(script(&[(0, "ab"), (0, "cd")], End::Cut)).collect(99).await.unwrap_err();
    assert_eq!(cut.kind(), Closed);
    assert_eq!(Body::empty().collect(0).await.unwrap(), "");
}

#[tokio::test]
async fn collect_refuses_at_every_piece() {
    for limit in 0..5 {
        let body = Body::wrap(script(&[(0, "ab"), (0, "cd"), (0, "e")], End::Clean));
        assert_eq!(body.collect(limit).await.unwrap_err().kind(), BodyTooLarge, "limit {limit}");
    }
    let announced = Body::from(Bytes::from_static(b"four"));
    assert_eq!(announced.collect(3).await.unwrap_err().kind(), BodyTooLarge);
}
