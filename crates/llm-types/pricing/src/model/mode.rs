//! What a model does.

named! {
    /// What a model does.
    Mode {
        /// Chat.
        Chat = "chat",
        /// Chat, on OpenAI's Responses endpoint only.
        Responses = "responses",
        /// Text that goes on.
        Completion = "completion",
        /// Embeddings.
        Embedding = "embedding",
        /// Images from text.
        ImageGeneration = "image_generation",
        /// Images from images.
        ImageEdit = "image_edit",
        /// Video.
        VideoGeneration = "video_generation",
        /// Text from speech.
        AudioTranscription = "audio_transcription",
        /// Speech from text.
        AudioSpeech = "audio_speech",
        /// Speech both ways at once.
        Realtime = "realtime",
        /// The order of documents.
        Rerank = "rerank",
        /// Web search.
        Search = "search",
        /// Text from pages.
        Ocr = "ocr",
        /// Whether a text is harmful.
        Moderation = "moderation",
        /// Marks for answers.
        Evaluation = "evaluation",
        /// Decisions of agents.
        Decisions = "decisions",
        /// Facts from text.
        Extraction = "extraction",
        /// Rules for prompts and answers.
        Guardrail = "guardrail",
        /// Kept vectors.
        VectorStore = "vector_store",
    }
}

impl Mode {
    /// The mode with this number.
    pub(crate) fn from_index(index: u8) -> Option<Self> {
        Self::ALL.get(usize::from(index)).copied()
    }
}
