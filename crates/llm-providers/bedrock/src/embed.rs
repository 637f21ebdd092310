//! Vectors: by InvokeModel, each family in its own words.
//!
//! Source: Amazon Bedrock User Guide, "Amazon Titan Embeddings G1 - Text", "Amazon Titan Multimodal Embeddings G1", "Cohere
//! Embed v3", "Cohere Embed v4", "TwelveLabs Marengo Embed 3.0"; Amazon Nova User Guide, "Amazon Nova Multimodal
//! Embeddings", read 2026-11.

mod read;

use http::HeaderMap;
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, NeverStreams, Note, NoteKind, OnUnsupported,
    StreamDecoder, Translator, UpstreamError, header_text,
};
use llm_types::{EmbeddingInput, EmbeddingRequest, EmbeddingResponse, EncodingFormat, Extra, Nullable};
use serde_json::{Map, Value, json};

use crate::converse::encode::to_bytes;
use crate::head::{self, Endpoint};
use crate::model::Model;
use crate::{Bedrock, error};

/// Whose vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// The first: one text and nothing else.
    Titan1,
    Titan2,
    TitanImage,
    Cohere3,
    Cohere4,
    Nova,
    Marengo,
}

impl Family {
    fn of(model: &str) -> Self {
        let has = |part: &str| model.contains(part);
        if has("titan-embed-image") {
            Self::TitanImage
        } else if has("titan-embed-text-v1") || has("titan-embed-g1") {
            Self::Titan1
        } else if has("nova") {
            Self::Nova
        } else if has("embed-v4") {
            Self::Cohere4
        } else if has("cohere") {
            Self::Cohere3
        } else if has("marengo") || has("twelvelabs") {
            Self::Marengo
        } else {
            Self::Titan2
        }
    }
}

/// How many inputs one request holds.
pub(crate) fn most_inputs(model: &str) -> usize {
    match Family::of(model) {
        Family::Cohere3 | Family::Cohere4 => 96,
        _ => 1,
    }
}

impl Translator<Embeddings> for Bedrock {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let model = Model::of(call.model);
        let mut writer = Writer { call, notes: Vec::new() };
        let body = writer.body(request, Family::of(model.id))?;
        let sent = head::request(Endpoint::Invoke, &model, call, &HeaderMap::new(), to_bytes(&body)?)?;
        Ok(Encoded { request: sent, notes: writer.notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response));
        }
        let unreadable = |why: String| UpstreamError::unreadable(response.status(), response.body(), why);
        let body: Value =
            serde_json::from_slice(response.body()).map_err(|error| unreadable(error.to_string()))?;
        let told = header_text(response.headers(), "x-amzn-bedrock-input-token-count");
        let tokens = told.and_then(|count| count.parse().ok());
        let mut answer =
            read::answer(body, tokens).ok_or_else(|| unreadable("there are no vectors in it".to_owned()))?;
        if !answer.id.is_value() {
            answer.id = error::request_id(response.headers()).into();
        }
        Ok(Decoded::Answer(answer))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

struct Writer<'a> {
    call: &'a Call<'a>,
    notes: Vec<Note>,
}

/// One input, taken apart.
enum Input<'a> {
    Text(&'a str),
    /// Media type and base64.
    Data(&'a str, &'a str),
    /// An object in S3.
    S3(&'a str),
}

impl Writer<'_> {
    fn unsupported(&mut self, path: &str, reason: &str) -> Result<(), EncodeError> {
        match self.call.unsupported {
            OnUnsupported::Reject => Err(EncodeError::unsupported(path, reason)),
            OnUnsupported::Drop => {
                self.notes.push(Note::dropped(path, reason));
                Ok(())
            }
        }
    }

    fn body(&mut self, request: &EmbeddingRequest, family: Family) -> Result<Extra, EncodeError> {
        let inputs = inputs(&request.input)?;
        if inputs.is_empty() || inputs.len() > limit(family) {
            return Err(EncodeError::invalid(
                "input",
                format!("1 to {} inputs make a request", limit(family)),
            ));
        }
        // Vectors come as numbers; who wants base64 gets it from them.
        if let Some(EncodingFormat::Other(other)) = request.encoding_format.get() {
            let reason = format!("`{other}` is no form of OpenAI's");
            self.unsupported("encoding_format", &reason)?;
        }
        if request.user.is_value() {
            self.unsupported("user", "Bedrock is not told who asks")?;
        }
        let mut body = match family {
            Family::Titan1 => {
                if request.dimensions.is_value() {
                    self.unsupported("dimensions", "this model's vectors have one size")?;
                }
                Map::from_iter([("inputText".to_owned(), text(&inputs[0])?.into())])
            }
            Family::Titan2 => titan2(request, &inputs[0])?,
            Family::TitanImage => titan_image(request, &inputs)?,
            Family::Cohere3 | Family::Cohere4 => self.cohere(request, family, &inputs)?,
            Family::Nova => nova(request, &inputs[0])?,
            Family::Marengo => self.marengo(request, &inputs[0])?,
        };
        if request.input_type.is_value()
            && !matches!(family, Family::Cohere3 | Family::Cohere4 | Family::Nova | Family::Marengo)
        {
            self.unsupported("input_type", "this model does not tell purposes apart")?;
        }
        for (name, value) in &request.extra {
            match (body.get_mut(name), value) {
                (Some(Value::Object(there)), Value::Object(more)) => there.extend(more.clone()),
                _ => {
                    body.insert(name.clone(), value.clone());
                }
            }
        }
        Ok(body)
    }

    fn cohere(
        &mut self,
        request: &EmbeddingRequest,
        family: Family,
        inputs: &[Input<'_>],
    ) -> Result<Extra, EncodeError> {
        let mut body = Map::new();
        let is_texts = inputs.iter().all(|input| matches!(input, Input::Text(_)));
        let images: Vec<String> = inputs
            .iter()
            .filter_map(|input| match input {
                Input::Data(media, data) => Some(format!("data:{media};base64,{data}")),
                _ => None,
            })
            .collect();
        if is_texts {
            let texts: Vec<&str> = inputs.iter().map(text).collect::<Result<_, _>>()?;
            body.insert("texts".to_owned(), texts.into());
        } else if images.len() == inputs.len() {
            body.insert("images".to_owned(), images.into());
        } else {
            return Err(EncodeError::invalid(
                "input",
                "this model takes texts or images, not both in one request",
            ));
        }
        let purpose = match request.input_type.as_deref() {
            Some(purpose) => purpose,
            None if is_texts => {
                let detail = "to `search_document`; this model must be told a purpose";
                self.notes.push(Note::new(NoteKind::Defaulted, "input_type", detail));
                "search_document"
            }
            None => "image",
        };
        body.insert("input_type".to_owned(), purpose.into());
        match (request.dimensions.get(), family) {
            (Some(dimensions), Family::Cohere4) => {
                body.insert("output_dimension".to_owned(), (*dimensions).into());
            }
            (Some(_), _) => self.unsupported("dimensions", "this model's vectors have one size")?,
            (None, _) => {}
        }
        // Without this word, the fourth version answers with all kinds.
        if family == Family::Cohere4 && !request.extra.contains_key("embedding_types") {
            body.insert("embedding_types".to_owned(), json!(["float"]));
        }
        Ok(body)
    }

    fn marengo(&mut self, request: &EmbeddingRequest, input: &Input<'_>) -> Result<Extra, EncodeError> {
        if request.dimensions.is_value() {
            self.unsupported("dimensions", "this model's vectors have one size")?;
        }
        let (kind, body) = match input {
            Input::Text(text) => ("text", json!({ "inputText": text })),
            Input::Data(media, data) => {
                let kind = media.split('/').next().unwrap_or("image");
                (kind, json!({ "mediaSource": { "base64String": data } }))
            }
            Input::S3(uri) => ("image", json!({ "mediaSource": { "s3Location": { "uri": uri } } })),
        };
        let kind = request.input_type.as_deref().unwrap_or(kind);
        Ok(Map::from_iter([("inputType".to_owned(), kind.into()), (kind.to_owned(), body)]))
    }
}

const fn limit(family: Family) -> usize {
    match family {
        Family::Cohere3 | Family::Cohere4 => 96,
        // A text and an image make one vector.
        Family::TitanImage => 2,
        _ => 1,
    }
}

fn titan2(request: &EmbeddingRequest, input: &Input<'_>) -> Result<Extra, EncodeError> {
    let mut body = Map::from_iter([("inputText".to_owned(), text(input)?.into())]);
    if let Nullable::Value(dimensions) = request.dimensions {
        body.insert("dimensions".to_owned(), dimensions.into());
    }
    Ok(body)
}

fn titan_image(request: &EmbeddingRequest, inputs: &[Input<'_>]) -> Result<Extra, EncodeError> {
    let mut body = Map::new();
    for input in inputs {
        let (name, value) = match input {
            Input::Text(text) => ("inputText", *text),
            Input::Data(_, data) => ("inputImage", *data),
            Input::S3(_) => return Err(EncodeError::invalid("input", "this model reads nothing from S3")),
        };
        if body.insert(name.to_owned(), value.into()).is_some() {
            return Err(EncodeError::invalid("input", "one text and one image make a vector"));
        }
    }
    if let Nullable::Value(dimensions) = request.dimensions {
        body.insert("embeddingConfig".to_owned(), json!({ "outputEmbeddingLength": dimensions }));
    }
    Ok(body)
}

fn nova(request: &EmbeddingRequest, input: &Input<'_>) -> Result<Extra, EncodeError> {
    let purpose = match request.input_type.as_deref() {
        None | Some("search_document" | "document") => "GENERIC_INDEX",
        Some("search_query" | "query") => "GENERIC_RETRIEVAL",
        Some("classification") => "CLASSIFICATION",
        Some("clustering") => "CLUSTERING",
        Some(own) => own,
    };
    let mut params = Map::from_iter([("embeddingPurpose".to_owned(), Value::from(purpose))]);
    if let Nullable::Value(dimensions) = request.dimensions {
        params.insert("embeddingDimension".to_owned(), dimensions.into());
    }
    let (name, value) = match input {
        Input::Text(text) => ("text", json!({ "truncationMode": "END", "value": text })),
        Input::Data(media, data) => {
            let (kind, format) = media.split_once('/').unwrap_or(("image", "png"));
            let format = if format == "jpg" { "jpeg" } else { format };
            let mut value = json!({ "format": format, "source": { "bytes": data } });
            match kind {
                "video" => {
                    value["embeddingMode"] = "AUDIO_VIDEO_COMBINED".into();
                    ("video", value)
                }
                "audio" => ("audio", value),
                _ => ("image", value),
            }
        }
        Input::S3(uri) => {
            let format = uri.rsplit_once('.').map_or("png", |(_, ending)| ending);
            ("image", json!({ "format": format, "source": { "s3Location": { "uri": uri } } }))
        }
    };
    params.insert(name.to_owned(), value);
    Ok(Map::from_iter([
        ("schemaVersion".to_owned(), "nova-multimodal-embed-v1".into()),
        ("taskType".to_owned(), "SINGLE_EMBEDDING".into()),
        ("singleEmbeddingParams".to_owned(), Value::Object(params)),
    ]))
}

fn text<'a>(input: &Input<'a>) -> Result<&'a str, EncodeError> {
    match input {
        Input::Text(text) => Ok(text),
        Input::Data(..) | Input::S3(_) => Err(EncodeError::invalid("input", "this model reads text only")),
    }
}

fn inputs(input: &EmbeddingInput) -> Result<Vec<Input<'_>>, EncodeError> {
    if let Some(texts) = input.texts() {
        return texts.into_iter().map(one).collect();
    }
    let EmbeddingInput::Parts(parts) = input else {
        return Err(EncodeError::invalid("input", "Bedrock takes no tokens; it counts in its own"));
    };
    let mut inputs = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let url = |value: &'_ Value| value.as_str().is_some() || value.get("url").is_some();
        let said = part
            .as_str()
            .or_else(|| part.get("text")?.as_str())
            .or_else(|| part.get("image")?.as_str())
            .or_else(|| {
                let image = part.get("image_url").filter(|image| url(image))?;
                image.as_str().or_else(|| image.get("url")?.as_str())
            });
        let said =
            said.ok_or_else(|| EncodeError::invalid(format!("input[{index}]"), "is neither text nor image"))?;
        inputs.push(one(said)?);
    }
    Ok(inputs)
}

fn one(text: &str) -> Result<Input<'_>, EncodeError> {
    if text.starts_with("s3://") {
        return Ok(Input::S3(text));
    }
    let Some(data) = text.strip_prefix("data:") else { return Ok(Input::Text(text)) };
    match data.split_once(";base64,") {
        Some((media, data)) if media.contains('/') && !data.is_empty() => Ok(Input::Data(media, data)),
        // Not everything that begins so is an address.
        _ => Ok(Input::Text(text)),
    }
}
