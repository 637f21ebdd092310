//! What is asked.

use llm_types::Extra;
use serde_json::{Number, Value};

use super::Content;
use super::object::object;

object! {
    /// A request for an answer. The model stands in the address.
    pub struct GenerateContentRequest {
        /// The model, where the request is part of another: `models/…`.
        model: String,
        /// The conversation so far.
        contents: Vec<Content>,
        /// Instructions.
        system_instruction: Content,
        /// What may be called.
        tools: Vec<Tool>,
        /// Whether and which functions are called.
        tool_config: ToolConfig,
        /// What is withheld.
        safety_settings: Value,
        /// How to answer.
        generation_config: GenerationConfig,
        /// A cache that the conversation goes on from.
        cached_content: String,
        /// Labels for the bill, on Vertex AI.
        labels: Extra,
        /// Which class of service.
        service_tier: String,
    }
}

object! {
    /// How to answer.
    pub struct GenerationConfig {
        /// 0 to 2.
        temperature: Number,
        /// 0 to 1.
        top_p: Number,
        /// How many tokens are chosen from.
        top_k: Number,
        /// How many answers.
        candidate_count: u32,
        /// Most tokens to write, thinking included.
        max_output_tokens: u64,
        /// Where to stop; at most five.
        stop_sequences: Vec<String>,
        /// Penalty for what was said at all.
        presence_penalty: Number,
        /// Penalty for what was said often.
        frequency_penalty: Number,
        /// For repeatable sampling.
        seed: i64,
        /// Whether to return log probabilities.
        response_logprobs: bool,
        /// How many log probabilities a token.
        logprobs: u32,
        /// `application/json`, `text/plain`, `text/x.enum`.
        response_mime_type: String,
        /// The form of the answer, in the subset of OpenAPI's schemas.
        response_schema: Value,
        /// The form of the answer, as JSON Schema.
        response_json_schema: Value,
        /// `TEXT`, `IMAGE`, `AUDIO`.
        response_modalities: Vec<String>,
        /// How to speak.
        speech_config: SpeechConfig,
        /// How hard to think.
        thinking_config: ThinkingConfig,
        /// How closely to look.
        media_resolution: String,
        /// The form of pictures.
        image_config: Value,
    }
}

object! {
    /// How hard to think. Level and budget exclude each other.
    pub struct ThinkingConfig {
        /// Whether thoughts are told.
        include_thoughts: bool,
        /// Tokens of thinking; 0 for none, -1 for as many as the model likes.
        thinking_budget: i64,
        /// `MINIMAL`, `LOW`, `MEDIUM`, `HIGH`.
        thinking_level: String,
    }
}

object! {
    /// How to speak.
    pub struct SpeechConfig {
        /// Whose voice.
        voice_config: VoiceConfig,
        /// In which language.
        language_code: String,
    }
}

object! {
    /// Whose voice.
    pub struct VoiceConfig {
        /// One of Google's.
        prebuilt_voice_config: PrebuiltVoiceConfig,
    }
}

object! {
    /// One of Google's voices.
    pub struct PrebuiltVoiceConfig {
        /// Its name.
        voice_name: String,
    }
}

object! {
    /// Tools of one kind: functions of the client's, or, in `extra`, one of Google's own.
    pub struct Tool {
        /// The client's functions.
        function_declarations: Vec<FunctionDeclaration>,
    }
}

object! {
    /// A function.
    pub struct FunctionDeclaration {
        /// Its name.
        name: String,
        /// What it does.
        description: String,
        /// Its arguments, in the subset of OpenAPI's schemas.
        parameters: Value,
        /// Its arguments, as JSON Schema.
        parameters_json_schema: Value,
    }
}

object! {
    /// Whether and which functions are called.
    pub struct ToolConfig {
        /// Whether and which.
        function_calling_config: FunctionCallingConfig,
    }
}

object! {
    /// Whether and which functions are called.
    pub struct FunctionCallingConfig {
        /// `AUTO`, `ANY`, `NONE`, `VALIDATED`.
        mode: String,
        /// Only these, with `ANY` and `VALIDATED`.
        allowed_function_names: Vec<String>,
    }
}

object! {
    /// A request for a count.
    pub struct CountTokensRequest {
        /// A conversation by itself.
        contents: Vec<Content>,
        /// A whole request.
        generate_content_request: GenerateContentRequest,
        /// Instructions, on Vertex AI.
        system_instruction: Content,
        /// What may be called, on Vertex AI.
        tools: Vec<Tool>,
        /// How to answer, on Vertex AI.
        generation_config: GenerationConfig,
    }
}
