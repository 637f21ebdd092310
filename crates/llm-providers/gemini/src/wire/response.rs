//! What is answered.

use llm_types::open_enum;
use serde_json::{Number, Value};

use super::Content;
use super::object::object;

object! {
    /// An answer; in a stream, a piece of it.
    pub struct GenerateContentResponse {
        /// One for each answer asked for.
        candidates: Vec<Candidate>,
        /// What is said of the prompt: why it was blocked.
        prompt_feedback: Value,
        /// What it took. In a stream, so far.
        usage_metadata: UsageMetadata,
        /// The model that answered.
        model_version: String,
        /// Google's name for this answer.
        response_id: String,
    }
}

object! {
    /// One of the answers.
    pub struct Candidate {
        /// What is said.
        content: Content,
        /// Why the model stopped.
        finish_reason: FinishReason,
        /// The same in words.
        finish_message: String,
        /// Which one, counted from 0.
        index: u32,
        /// How harmful it may be.
        safety_ratings: Value,
        /// What it was taken from.
        citation_metadata: Value,
        /// What it rests on.
        grounding_metadata: Value,
        /// Pages that were read.
        url_context_metadata: Value,
        /// Log probabilities.
        logprobs_result: Value,
        /// Their mean.
        avg_logprobs: Number,
    }
}

open_enum! {
    /// Why the model stopped.
    pub enum FinishReason {
        /// Nobody said.
        Unspecified = "FINISH_REASON_UNSPECIFIED",
        /// It was done, or met a stop sequence.
        Stop = "STOP",
        /// The limit of tokens was reached.
        MaxTokens = "MAX_TOKENS",
        /// The answer is to be gone on with by another request.
        Continuation = "CONTINUATION",
        /// It may be harmful.
        Safety = "SAFETY",
        /// It was recited.
        Recitation = "RECITATION",
        /// It is in a language that the model does not speak.
        Language = "LANGUAGE",
        /// For another reason.
        Unnamed = "OTHER",
        /// It holds forbidden words.
        Blocklist = "BLOCKLIST",
        /// It is forbidden.
        ProhibitedContent = "PROHIBITED_CONTENT",
        /// It may hold what identifies people.
        Spii = "SPII",
        /// The call of a function is malformed.
        MalformedFunctionCall = "MALFORMED_FUNCTION_CALL",
        /// The picture may be harmful.
        ImageSafety = "IMAGE_SAFETY",
        /// The picture is forbidden.
        ImageProhibitedContent = "IMAGE_PROHIBITED_CONTENT",
        /// The picture was withheld for another reason.
        ImageOther = "IMAGE_OTHER",
        /// A picture was expected and none made.
        NoImage = "NO_IMAGE",
        /// The picture was recited.
        ImageRecitation = "IMAGE_RECITATION",
        /// A tool was called although none may be.
        UnexpectedToolCall = "UNEXPECTED_TOOL_CALL",
        /// Too many tools were called in a row.
        TooManyToolCalls = "TOO_MANY_TOOL_CALLS",
        /// The request lacks a signature of thought.
        MissingThoughtSignature = "MISSING_THOUGHT_SIGNATURE",
        /// The answer is malformed.
        MalformedResponse = "MALFORMED_RESPONSE",
        /// Model Armor, on Vertex AI, withheld it.
        ModelArmor = "MODEL_ARMOR",
    }
}

object! {
    /// What an answer took. Thoughts stand beside the candidates' tokens, cached tokens inside of the prompt's.
    pub struct UsageMetadata {
        /// Tokens read, cached ones included.
        prompt_token_count: Number,
        /// Of these, read from a cache.
        cached_content_token_count: Number,
        /// Tokens written, without thoughts.
        candidates_token_count: Number,
        /// Tokens that tools which ran at Google gave to the model.
        tool_use_prompt_token_count: Number,
        /// Tokens of thinking.
        thoughts_token_count: Number,
        /// All of them.
        total_token_count: Number,
        /// Tokens read, by kind.
        prompt_tokens_details: Vec<ModalityCount>,
        /// Tokens from a cache, by kind.
        cache_tokens_details: Vec<ModalityCount>,
        /// Tokens written, by kind.
        candidates_tokens_details: Vec<ModalityCount>,
        /// Tokens that tools gave, by kind.
        tool_use_prompt_tokens_details: Vec<ModalityCount>,
        /// Which kind of capacity, on Vertex AI.
        traffic_type: String,
        /// The class of service it got.
        service_tier: String,
    }
}

object! {
    /// Tokens of one kind.
    pub struct ModalityCount {
        /// `TEXT`, `IMAGE`, `AUDIO`, `VIDEO`, `DOCUMENT`.
        modality: String,
        /// How many.
        token_count: Number,
    }
}

object! {
    /// A count.
    pub struct CountTokensResponse {
        /// Tokens.
        total_tokens: u64,
        /// Of these, in a cache.
        cached_content_token_count: u64,
    }
}

object! {
    /// An error as a whole body: `google.rpc.Status`.
    pub struct ErrorResponse {
        /// What happened.
        error: ErrorBody,
    }
}

object! {
    /// What happened.
    pub struct ErrorBody {
        /// The status of HTTP.
        code: u16,
        /// In words.
        message: String,
        /// The status of gRPC, such as `INVALID_ARGUMENT`.
        status: String,
        /// More, each with an `@type`.
        details: Vec<Value>,
    }
}
