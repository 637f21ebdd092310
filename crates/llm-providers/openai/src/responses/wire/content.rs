//! What a message says: a string, or a list of typed parts.

use llm_types::{Extra, Nullable, wire_struct};
use serde_json::{Number, Value};

use super::tagged::{tagged_enum, text_or};

/// A string, or a list of parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// Typed parts, in order.
    Parts(Vec<Part>),
}

text_or!(Content: "a string or a list of content parts", Text, Parts from seq);

tagged_enum! {
    /// One part of a message, of a tool's result or of thinking.
    pub enum Part: "a content part (an object with a `type`)" {
        /// Text for the model.
        InputText(InputTextPart) = "input_text",
        /// An image for the model.
        InputImage(InputImagePart) = "input_image",
        /// A file for the model.
        InputFile(InputFilePart) = "input_file",
        /// Sound for the model.
        InputAudio(InputAudioPart) = "input_audio",
        /// Text by the model.
        OutputText(OutputTextPart) = "output_text",
        /// Words of refusal by the model.
        Refusal(RefusalPart) = "refusal",
        /// Thinking itself.
        ReasoningText(TextPart) = "reasoning_text",
        /// What the thinking was about.
        SummaryText(TextPart) = "summary_text",
        /// Text without a side, as some clients send it.
        Text(TextPart) = "text",
    }
}

impl Part {
    /// Text for the model.
    pub fn input_text(text: impl Into<String>) -> Self {
        Self::InputText(InputTextPart { text: text.into(), extra: Extra::new() })
    }

    /// Text by the model.
    pub fn output_text(text: impl Into<String>, annotations: Vec<Annotation>, logprobs: Vec<Value>) -> Self {
        Self::OutputText(OutputTextPart {
            text: text.into(),
            annotations: Nullable::Value(annotations),
            logprobs: Nullable::Value(logprobs),
            extra: Extra::new(),
        })
    }

    /// A piece of a summary of thinking.
    pub fn summary(text: impl Into<String>) -> Self {
        Self::SummaryText(TextPart { text: text.into(), extra: Extra::new() })
    }

    /// Its words, if it has any.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::InputText(part) => Some(&part.text),
            Self::OutputText(part) => Some(&part.text),
            Self::ReasoningText(part) | Self::SummaryText(part) | Self::Text(part) => Some(&part.text),
            Self::Refusal(part) => Some(&part.refusal),
            Self::InputImage(_) | Self::InputFile(_) | Self::InputAudio(_) | Self::Unknown(_) => None,
        }
    }
}

wire_struct! {
    /// Text for the model.
    pub struct InputTextPart {
        required {
            /// The text.
            text: String,
        }
        optional {}
    }
}

wire_struct! {
    /// Text and nothing else.
    pub struct TextPart {
        required {
            /// The text.
            text: String,
        }
        optional {}
    }
}

wire_struct! {
    /// An image, by address or by the name of an uploaded file.
    pub struct InputImagePart {
        required {}
        optional {
            /// `https:` or `data:` URL.
            image_url: String,
            /// Name of an uploaded file.
            file_id: String,
            /// `auto`, `low`, `high` or `original`.
            detail: String,
        }
    }
}

wire_struct! {
    /// A file, by value, by address or by the name of an uploaded one.
    pub struct InputFilePart {
        required {}
        optional {
            /// `data:` URL, or plain base64.
            file_data: String,
            /// Name of an uploaded file.
            file_id: String,
            /// An `https:` address.
            file_url: String,
            /// The file's name.
            filename: String,
            /// `auto`, `low` or `high`.
            detail: String,
        }
    }
}

wire_struct! {
    /// Sound.
    pub struct InputAudioPart {
        required {
            /// The sound itself.
            input_audio: llm_types::InputAudio,
        }
        optional {}
    }
}

wire_struct! {
    /// Text by the model.
    pub struct OutputTextPart {
        required {
            /// The text.
            text: String,
        }
        optional {
            /// Sources.
            annotations: Vec<Annotation>,
            /// Log probabilities, one an output token.
            logprobs: Vec<Value>,
        }
    }
}

wire_struct! {
    /// Words of refusal.
    pub struct RefusalPart {
        required {
            /// The words.
            refusal: String,
        }
        optional {}
    }
}

tagged_enum! {
    /// A source of a text.
    pub enum Annotation: "an annotation (an object with a `type`)" {
        /// A page.
        Url(UrlCitation) = "url_citation",
        /// An uploaded file.
        File(FileCitation) = "file_citation",
        /// A file in a container.
        ContainerFile(FileCitation) = "container_file_citation",
        /// A file that was made.
        FilePath(FilePath) = "file_path",
    }
}

wire_struct! {
    /// A page that a span of the text rests on.
    pub struct UrlCitation {
        required {}
        optional {
            /// The page.
            url: String,
            /// Its title.
            title: String,
            /// Where the span begins, in letters.
            start_index: Number,
            /// Where it ends.
            end_index: Number,
        }
    }
}

wire_struct! {
    /// A file that the text rests on.
    pub struct FileCitation {
        required {}
        optional {
            /// The file.
            file_id: String,
            /// Its name.
            filename: String,
            /// Where in the list of files.
            index: Number,
            /// The container that holds it.
            container_id: String,
            /// Where the span begins, in letters.
            start_index: Number,
            /// Where it ends.
            end_index: Number,
        }
    }
}

wire_struct! {
    /// A file that was made.
    pub struct FilePath {
        required {}
        optional {
            /// The file.
            file_id: String,
            /// Where in the list of files.
            index: Number,
        }
    }
}
