//! What is said, by either side: contents made of parts.

use llm_types::{Extra, Nullable};
use serde_json::Value;

use super::object::object;

object! {
    /// A turn.
    pub struct Content {
        /// `user` or `model`.
        role: String,
        /// What is said, in order.
        parts: Vec<Part>,
    }
}

impl Content {
    /// A turn of `role`.
    pub fn new(role: &str, parts: Vec<Part>) -> Self {
        Self { role: Nullable::Value(role.to_owned()), parts: Nullable::Value(parts), extra: Extra::new() }
    }

    /// Its parts, none if the member is absent.
    pub fn parts(&self) -> &[Part] {
        self.parts.as_deref().unwrap_or_default()
    }
}

object! {
    /// A piece of a turn: one of the kinds below, and what is said of it.
    pub struct Part {
        /// Text.
        text: String,
        /// Whether it is a thought.
        thought: bool,
        /// Bytes.
        inline_data: Blob,
        /// Bytes that lie elsewhere.
        file_data: FileData,
        /// A call of one of the client's functions.
        function_call: FunctionCall,
        /// The result of such a call.
        function_response: FunctionResponse,
        /// Code that ran at Google.
        executable_code: Value,
        /// What came of it.
        code_execution_result: Value,
        /// Which part of a video, and how many pictures a second.
        video_metadata: Value,
        /// How closely it is looked at: `{"level": …}`.
        media_resolution: Value,
        /// Gemini's signature over its state of thinking; base64, sent back unchanged.
        thought_signature: String,
    }
}

impl Part {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Nullable::Value(text.into()), ..Self::default() }
    }

    /// Bytes.
    pub fn inline(mime_type: impl Into<String>, data: impl Into<String>) -> Self {
        let blob = Blob {
            mime_type: Nullable::Value(mime_type.into()),
            data: Nullable::Value(data.into()),
            ..Blob::default()
        };
        Self { inline_data: Nullable::Value(blob), ..Self::default() }
    }

    /// Whether it is a thought.
    pub fn is_thought(&self) -> bool {
        self.thought.get() == Some(&true)
    }
}

object! {
    /// Bytes.
    pub struct Blob {
        /// Their type.
        mime_type: String,
        /// Base64.
        data: String,
        /// A name for them, in results of functions.
        display_name: String,
    }
}

object! {
    /// Bytes that lie elsewhere.
    pub struct FileData {
        /// Their type.
        mime_type: String,
        /// Where: the Files API, Cloud Storage, a video on YouTube, the web.
        file_uri: String,
        /// A name for them, in results of functions.
        display_name: String,
    }
}

object! {
    /// A call of one of the client's functions.
    pub struct FunctionCall {
        /// A name for the call, where the model gives one.
        id: String,
        /// Which function.
        name: String,
        /// Its arguments, an object.
        args: Value,
        /// In a stream of arguments: pieces of them.
        partial_args: Vec<Value>,
        /// In a stream of arguments: whether more comes.
        will_continue: bool,
    }
}

object! {
    /// The result of a call.
    pub struct FunctionResponse {
        /// Of which call.
        id: String,
        /// Of which function.
        name: String,
        /// The result, an object.
        response: Value,
        /// Bytes that belong to the result.
        parts: Vec<Part>,
    }
}
