//! What a message says: a string, or a list of typed parts.

use std::fmt;

use serde::de::{SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::open_enum::any_of_schema;
use crate::tagged::tagged_enum;
use crate::{Extra, wire_struct};

/// The content of a message: text, or a list of parts.
#[derive(Debug, Clone, PartialEq)]
pub enum MessageContent {
    /// Plain text.
    Text(String),
    /// Typed parts, in order.
    Parts(Vec<ContentPart>),
}

impl MessageContent {
    /// All text of it, parts joined without a separator; other parts are passed over.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Parts(parts) => {
                let mut texts = parts.iter().filter_map(|part| match part {
                    ContentPart::Text(part) => Some(part.text.as_str()),
                    _ => None,
                });
                match (texts.next(), texts.next()) {
                    (None, _) => "".into(),
                    (Some(only), None) => only.into(),
                    (Some(first), Some(second)) => {
                        let mut all = String::from(first) + second;
                        all.extend(texts);
                        all.into()
                    }
                }
            }
        }
    }

    /// Whether it holds nothing: an empty string or no parts.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Parts(parts) => parts.is_empty(),
        }
    }
}

impl From<&str> for MessageContent {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for MessageContent {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Serialize for MessageContent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Parts(parts) => parts.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for MessageContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringOrParts;
        impl<'de> Visitor<'de> for StringOrParts {
            type Value = MessageContent;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of content parts")
            }

            fn visit_str<E>(self, text: &str) -> Result<MessageContent, E> {
                Ok(MessageContent::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<MessageContent, E> {
                Ok(MessageContent::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<MessageContent, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = seq.next_element()? {
                    parts.push(part);
                }
                Ok(MessageContent::Parts(parts))
            }
        }
        deserializer.deserialize_any(StringOrParts)
    }
}

any_of_schema!(MessageContent: String, Vec<ContentPart>);

/// One part of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum ContentPart {
    /// `text`
    Text(TextPart),
    /// `image_url`
    ImageUrl(ImagePart),
    /// `input_audio`
    InputAudio(AudioPart),
    /// `file`
    File(FilePart),
    /// `refusal`: an assistant's own words of refusal.
    Refusal(RefusalPart),
    /// A part this version does not know, whole.
    Unknown(Extra),
}

tagged_enum!(ContentPart, "a content part (an object with a `type`)", {
    "text" => Text,
    "image_url" => ImageUrl,
    "input_audio" => InputAudio,
    "file" => File,
    "refusal" => Refusal,
});
any_of_schema!(ContentPart: TextPart, ImagePart, AudioPart, FilePart, RefusalPart, Extra);

impl ContentPart {
    /// A text part.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(TextPart { text: text.into(), cache_control: Default::default(), extra: Extra::new() })
    }

    /// An image by URL or `data:` URL.
    pub fn image(url: impl Into<String>) -> Self {
        Self::ImageUrl(ImagePart {
            image_url: ImageSource::Url(ImageUrl {
                url: url.into(),
                detail: Default::default(),
                format: Default::default(),
                extra: Extra::new(),
            }),
            cache_control: Default::default(),
            extra: Extra::new(),
        })
    }

    /// The value of `type`.
    pub fn kind(&self) -> &str {
        match self {
            Self::Text(_) => "text",
            Self::ImageUrl(_) => "image_url",
            Self::InputAudio(_) => "input_audio",
            Self::File(_) => "file",
            Self::Refusal(_) => "refusal",
            Self::Unknown(map) => map.get("type").and_then(serde_json::Value::as_str).unwrap_or(""),
        }
    }

    /// The prompt-cache marker on this part.
    pub fn cache_control(&self) -> Option<&CacheControl> {
        match self {
            Self::Text(part) => part.cache_control.get(),
            Self::ImageUrl(part) => part.cache_control.get(),
            Self::InputAudio(part) => part.cache_control.get(),
            Self::File(part) => part.cache_control.get(),
            Self::Refusal(_) | Self::Unknown(_) => None,
        }
    }
}

wire_struct! {
    /// A prompt-cache marker: what precedes it may be kept by the vendor and read again at a lower price.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct CacheControl {
        required {
            /// `ephemeral` is the only kind known.
            r#type: String,
        }
        optional {
            /// How long it lives: `5m` (default) or `1h`.
            ttl: String,
        }
    }
}

wire_struct! {
    /// Text.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct TextPart {
        required {
            /// The text.
            text: String,
        }
        optional {
            /// A prompt-cache marker after this part.
            cache_control: CacheControl,
        }
    }
}

wire_struct! {
    /// An image.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct ImagePart {
        required {
            /// Where it is.
            image_url: ImageSource,
        }
        optional {
            /// A prompt-cache marker after this part.
            cache_control: CacheControl,
        }
    }
}

/// Where an image is: an object as OpenAI has it, or the bare URL that many clients send.
#[derive(Debug, Clone, PartialEq)]
pub enum ImageSource {
    /// `{"url": …, "detail": …}`
    Url(ImageUrl),
    /// `"https://…"`
    Bare(String),
}

impl ImageSource {
    /// The URL, `https:` or `data:`.
    pub fn url(&self) -> &str {
        match self {
            Self::Url(image) => &image.url,
            Self::Bare(url) => url,
        }
    }
}

impl Serialize for ImageSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Url(image) => image.serialize(serializer),
            Self::Bare(url) => serializer.serialize_str(url),
        }
    }
}

impl<'de> Deserialize<'de> for ImageSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UrlOrObject;
        impl<'de> Visitor<'de> for UrlOrObject {
            type Value = ImageSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL or an object with a `url`")
            }

            fn visit_str<E>(self, url: &str) -> Result<ImageSource, E> {
                Ok(ImageSource::Bare(url.to_owned()))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<ImageSource, A::Error> {
                ImageUrl::deserialize(MapAccessDeserializer::new(map)).map(ImageSource::Url)
            }
        }
        deserializer.deserialize_any(UrlOrObject)
    }
}

any_of_schema!(ImageSource: ImageUrl, String);

wire_struct! {
    /// An image's address.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct ImageUrl {
        required {
            /// `https:` or `data:` URL.
            url: String,
        }
        optional {
            /// `auto`, `low` or `high`.
            detail: String,
            /// Media type, where the URL does not tell it.
            format: String,
        }
    }
}

wire_struct! {
    /// Sound.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct AudioPart {
        required {
            /// The sound itself.
            input_audio: InputAudio,
        }
        optional {
            /// A prompt-cache marker after this part.
            cache_control: CacheControl,
        }
    }
}

wire_struct! {
    /// Encoded sound.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct InputAudio {
        required {
            /// Base64.
            data: String,
            /// `wav` or `mp3`.
            format: String,
        }
        optional {}
    }
}

wire_struct! {
    /// A file.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct FilePart {
        required {
            /// The file itself.
            file: FileData,
        }
        optional {
            /// A prompt-cache marker after this part.
            cache_control: CacheControl,
        }
    }
}

wire_struct! {
    /// A file by id, by value or by address.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct FileData {
        required {}
        optional {
            /// Name of an uploaded file at the vendor.
            file_id: String,
            /// `data:` URL with base64, or plain base64.
            file_data: String,
            /// An `https:` address, for vendors that fetch files themselves.
            file_url: String,
            /// The file's name.
            filename: String,
            /// Media type, where the data does not tell it.
            format: String,
        }
    }
}

wire_struct! {
    /// Words of refusal.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct RefusalPart {
        required {
            /// The words.
            refusal: String,
        }
        optional {}
    }
}
