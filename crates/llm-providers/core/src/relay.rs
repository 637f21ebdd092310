//! Requests passed through as bytes, because client and vendor speak the same dialect.

use bytes::Bytes;
use llm_types::{FinishReason, Usage};

use crate::{Call, Dialect, Edit, EncodeError, Framing, Peek, Sample, UpstreamError};

/// What is asked of a vendor whose dialect the client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelayOperation {
    /// A whole answer.
    Chat,
    /// An answer in pieces.
    ChatStream,
    /// Vectors for texts.
    Embeddings,
    /// Documents in order of relevance.
    Rerank,
    /// The number of tokens only.
    CountTokens,
}

/// A vendor's own dialect, for requests that need no translation.
pub trait Relay: Send + Sync {
    /// Which dialect.
    fn dialect(&self) -> Dialect;

    /// Whether this operation can be passed through; else it is translated.
    fn carries(&self, operation: RelayOperation) -> bool {
        matches!(operation, RelayOperation::Chat | RelayOperation::ChatStream)
    }

    /// Whether the model is a member `model` of the body. If not, it stands in the address.
    fn model_in_body(&self) -> bool {
        true
    }

    /// How streamed answers are cut into frames.
    fn framing(&self) -> Framing {
        Framing::Sse
    }

    /// The changes that the vendor needs in this body, besides the model's name; `None` if a quirk of the
    /// vendor touches the request, so that it must be translated.
    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>>;

    /// Whether the vendor can be asked for a usage chunk at the end of a stream.
    fn takes_include_usage(&self) -> bool;

    /// Method, address and headers of the request; they do not depend on its body.
    ///
    /// # Errors
    /// [`EncodeError::Setup`] if the address or a header is none.
    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<http::request::Parts, EncodeError>;

    /// Adds to the head what depends on the body, which is a signature for those vendors that want one.
    ///
    /// # Errors
    /// [`EncodeError::Setup`] if the request cannot be signed.
    fn sign(
        &self,
        _parts: &mut http::request::Parts,
        _body: &[u8],
        _call: &Call<'_>,
    ) -> Result<(), EncodeError> {
        Ok(())
    }

    /// Reads an answer that is a failure.
    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError;

    /// Listens to one answer.
    fn listener(&self) -> Box<dyn Listener>;
}

/// Listens beside the bytes of an answer for what the gateway must know. It changes nothing.
pub trait Listener: Send {
    /// One frame of a stream.
    fn frame(&mut self, frame: &[u8]) -> Heard;

    /// A whole answer.
    fn body(&mut self, body: &[u8]);

    /// What was heard so far.
    fn seen(&self) -> &Seen;

    /// What was heard, for the books: nothing is listened to after that.
    fn take_seen(&mut self) -> Seen {
        self.seen().clone()
    }

    /// The failure that the vendor reported in mid-stream.
    fn failure(&mut self) -> Option<UpstreamError>;

    /// Whether the answer says something in another form than the dialect's, which its clients do not read. From that
    /// frame on it has to be translated, and a whole answer has to be altogether.
    fn is_foreign(&self) -> bool {
        false
    }

    /// What a stream that is ended here has left open, where its dialect ends each part by itself and repeats it: a frame
    /// that only the dialect's own [`Ingress`](crate::Ingress) reads.
    fn left_open(&self) -> Option<Bytes> {
        None
    }
}

/// What one frame was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A comment, a ping, a beginning.
    Other,
    /// A piece of the answer.
    Content,
    /// Usage and nothing else: the frame that only those get who asked for it.
    UsageOnly,
    /// The vendor's failure in mid-stream.
    Failure,
    /// The vendor's last word.
    End,
}

/// What was heard in an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// What it took.
    pub usage: Option<Usage>,
    /// Why the model stopped.
    pub finish_reason: Option<FinishReason>,
    /// The model that answered.
    pub model: Option<String>,
    /// The answer's own name, where later requests may refer to it.
    pub id: Option<String>,
    /// Bytes of text that the model wrote, for an estimate where no usage comes.
    pub content_bytes: u64,
    /// The beginning of that text, of a streamed answer.
    pub sample: Sample,
    /// Whether the answer came to its end.
    pub complete: bool,
}

impl Seen {
    /// The model went on with this text.
    pub fn wrote(&mut self, text: &[u8]) {
        self.content_bytes += text.len() as u64;
        self.sample.add(text, false);
    }

    /// The model went on with this text, as it stands in JSON without its quotes. Of one answer all text is told so.
    pub fn wrote_escaped(&mut self, text: &[u8]) {
        self.content_bytes += text.len() as u64;
        self.sample.add(text, true);
    }
}
