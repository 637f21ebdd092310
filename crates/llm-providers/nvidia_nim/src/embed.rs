//! Vectors: OpenAI's form, with what a text is for, and with images.
//!
//! Source: NVIDIA "NeMo Retriever Text Embedding NIM" API reference
//! (docs.nvidia.com/nim/nemo-retriever/text-embedding/latest/reference.html) and "NV-CLIP"
//! (docs.nvidia.com/nim/nvclip/latest/getting-started.html), read 2026-11: models that tell queries from passages demand
//! `input_type`, unless their name ends in `-query` or `-passage`.

use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, Note, NoteKind, Translator, UpstreamError,
};
use llm_provider_openai_compat::{InputPiece, InputPurpose, input_pieces};
use llm_types::{EmbeddingInput, EmbeddingRequest, EmbeddingResponse, Nullable};
use serde_json::{Value, json};

use crate::NvidiaNim;
use crate::wire::EMBEDDINGS;

/// What texts are for, where nobody says: to be found later.
const DEFAULT_INPUT_TYPE: &str = "passage";

impl Translator<Embeddings> for NvidiaNim {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut request = request.clone();
        let mut notes = Vec::new();
        purpose(&mut request, call.model, &mut notes);
        modalities(&mut request, &mut notes)?;
        let mut encoded = EMBEDDINGS.encode(&request, call)?;
        notes.append(&mut encoded.notes);
        Ok(Encoded { notes, ..encoded })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        EMBEDDINGS.decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        EMBEDDINGS.decoder()
    }
}

/// Says what the inputs are for in NVIDIA's words.
fn purpose(request: &mut EmbeddingRequest, model: &str, notes: &mut Vec<Note>) {
    let Some(given) = request.input_type.get() else {
        if !model.ends_with("-query") && !model.ends_with("-passage") {
            notes.push(Note::new(NoteKind::Defaulted, "input_type", DEFAULT_INPUT_TYPE));
            request.input_type = Nullable::Value(DEFAULT_INPUT_TYPE.to_owned());
        }
        return;
    };
    let word = match InputPurpose::of(given) {
        Some(InputPurpose::Query) => "query",
        Some(InputPurpose::Document) => "passage",
        None => given,
    };
    if word != given {
        notes.push(Note::new(NoteKind::Renamed, "input_type", word));
        request.input_type = Nullable::Value(word.to_owned());
    }
}

/// Images stand among the texts as `data:` URLs, and `modality` says which is which.
fn modalities(request: &mut EmbeddingRequest, notes: &mut Vec<Note>) -> Result<(), EncodeError> {
    let given: Vec<Value> = match &request.input {
        EmbeddingInput::Parts(parts) => parts.clone(),
        EmbeddingInput::Text(text) if text.starts_with("data:image/") => vec![json!(text)],
        EmbeddingInput::Texts(texts) if texts.iter().any(|text| text.starts_with("data:image/")) => {
            texts.iter().map(|text| json!(text)).collect()
        }
        _ => return Ok(()),
    };
    let mut texts = Vec::with_capacity(given.len());
    let mut kinds = Vec::with_capacity(given.len());
    for (index, input) in given.iter().enumerate() {
        let (kind, text) = match input_pieces(input).as_slice() {
            [InputPiece::Text(text)] => ("text", *text),
            [InputPiece::Image(image)] => ("image", *image),
            [] | [InputPiece::Other(_)] => {
                return Err(EncodeError::invalid(format!("input[{index}]"), "has neither text nor image"));
            }
            [..] => {
                let reason = "an input is one text or one image";
                return Err(EncodeError::unsupported(format!("input[{index}]"), reason));
            }
        };
        texts.push(text.to_owned());
        kinds.push(kind);
    }
    if kinds.contains(&"image") && !request.extra.contains_key("modality") {
        notes.push(Note::new(NoteKind::Defaulted, "modality", "told by the inputs"));
        request.extra.insert("modality".to_owned(), json!(kinds));
    }
    request.input = EmbeddingInput::Texts(texts);
    Ok(())
}
