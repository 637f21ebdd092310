//! Chat: OpenAI's wire at the router and at dedicated servers, or TGI's own where the address says so.

use std::sync::Arc;

use http::Request;
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, Interpret, Outbox, Payload, SseEvent, StreamDecoder,
    Translator, UpstreamError,
};
use llm_provider_openai::ChatInterpret;
use llm_types::{ChatChunk, ChatRequest, ChatResponse};

use crate::place::{self, ChatPlace};
use crate::{HuggingFace, error, tgi};

impl Translator<Chat> for HuggingFace {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        match place::chat(call) {
            ChatPlace::OpenAi(base) => {
                let model = place::model(call);
                let call = Call { base_url: Some(&base), model: &model, ..call.clone() };
                let mut encoded = self.chat.encode(request, &call)?;
                place::bill_to(&call, encoded.request.headers_mut())?;
                Ok(encoded)
            }
            ChatPlace::Tgi(base) => {
                let (wire, notes) = tgi::encode(request, call)?;
                let end = if request.streams() { "generate_stream" } else { "generate" };
                let (root, query) =
                    base.split_once('?').map_or((&*base, None), |(root, query)| (root, Some(query)));
                let query = query.map(|query| format!("?{query}")).unwrap_or_default();
                let parts = place::head(&format!("{root}/{end}{query}"), call)?;
                let body =
                    serde_json::to_vec(&wire).map_err(|why| EncodeError::invalid("", why.to_string()))?;
                Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes })
            }
        }
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response, &self.options));
        }
        match tgi::decode(response.body()) {
            Some(answer) => Ok(Decoded::Answer(answer)),
            None => self.chat.decode(response),
        }
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        let open = ChatInterpret::new(Arc::clone(&self.options));
        Box::new(StreamDecoder::sse(Either { open, tgi: tgi::TgiInterpret::default() }))
    }
}

/// Reads a stream in whichever form it comes: TGI's events have a `token`, OpenAI's have none.
struct Either {
    open: ChatInterpret,
    tgi: tgi::TgiInterpret,
}

impl Interpret for Either {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        if !self.tgi.event(event, out) {
            self.open.event(event, out);
        }
    }

    fn is_complete(&self) -> bool {
        self.tgi.is_complete() || self.open.is_complete()
    }
}
