//! One request's stream: its body going up and its answer coming down.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{RecvStream, SendStream};

use super::links::Ticket;
use crate::error::TransportError;

/// What is left to send. Advanced by whoever waits for the answer.
pub(super) struct Upload {
    stream: SendStream<Bytes>,
    rest: Bytes,
    done: bool,
}

impl Upload {
    pub(super) fn new(mut stream: SendStream<Bytes>, body: Bytes) -> Self {
        let done = body.is_empty();
        if !done {
            stream.reserve_capacity(body.len());
        }
        Self { stream, rest: body, done }
    }

    /// Sends as much as the peer's window takes. A failure here ends the upload only: the answer tells why.
    pub(super) fn advance(&mut self, cx: &mut Context<'_>) {
        while !self.done {
            match self.stream.poll_capacity(cx) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(0))) => {}
                Poll::Ready(Some(Ok(room))) => {
                    let piece = self.rest.split_to(room.min(self.rest.len()));
                    self.done = self.rest.is_empty();
                    self.done |= self.stream.send_data(piece, self.rest.is_empty()).is_err();
                }
                Poll::Ready(None | Some(Err(_))) => self.done = true,
            }
        }
    }
}

/// An answer's body. Its ticket is given back when it ends or is dropped; dropped early, h2 resets the stream.
pub(crate) struct Http2Body {
    received: RecvStream,
    upload: Upload,
    ticket: Option<Ticket>,
}

impl Http2Body {
    pub(super) const fn new(received: RecvStream, upload: Upload, ticket: Ticket) -> Self {
        Self { received, upload, ticket: Some(ticket) }
    }

    pub(crate) fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.upload.advance(cx);
        match ready!(self.received.poll_data(cx)) {
            Some(Ok(data)) => {
                // The window reopens as the reader reads: this is the back-pressure. It fails on a finished stream,
                // which needs no window.
                let _finished = self.received.flow_control().release_capacity(data.len());
                Poll::Ready(Some(Ok(data)))
            }
            None => {
                self.ticket = None;
                Poll::Ready(None)
            }
            // Whatever the reason: after a complete answer h2 passes over a reset and gives `None`.
            Some(Err(error)) => {
                self.ticket = None;
                Poll::Ready(Some(Err(TransportError::from_h2(error))))
            }
        }
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.received.is_end_stream()
    }
}
