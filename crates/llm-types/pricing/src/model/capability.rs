//! What a model can do.

named! {
    /// Something that a model can do, or a way in which it has to be asked.
    Capability {
        /// Tools whose arguments keep to their schema, over Bedrock Converse.
        BedrockConverseSupportsStrictTools = "bedrock_converse_supports_strict_tools",
        /// Only sound in the Live API.
        GeminiAudioOnlyLive = "gemini_audio_only_live",
        /// Sound without a text in between, at Gemini.
        GeminiNativeAudio = "gemini_native_audio",
        /// Thinking as much as it finds right.
        AdaptiveThinking = "supports_adaptive_thinking",
        /// Long conversations shortened by the vendor.
        AnthropicCompaction = "supports_anthropic_compaction",
        /// Anthropic's `thinking` object.
        AnthropicThinkingPayload = "supports_anthropic_thinking_payload",
        /// An answer that begins as the caller wishes.
        AssistantPrefill = "supports_assistant_prefill",
        /// Sound read.
        AudioInput = "supports_audio_input",
        /// Sound written.
        AudioOutput = "supports_audio_output",
        /// Images in results of tools, over Bedrock Converse.
        BedrockConverseToolResultImages = "supports_bedrock_converse_tool_result_images",
        /// Answers by schema, natively over Bedrock.
        BedrockNativeStructuredOutput = "supports_bedrock_native_structured_output",
        /// Thinking within the text, over Bedrock's chat completions.
        BedrockRuntimeChatCompletionsInlineReasoning = "supports_bedrock_runtime_chat_completions_inline_reasoning",
        /// `response_format`, over Bedrock's chat completions.
        BedrockRuntimeChatCompletionsResponseFormat = "supports_bedrock_runtime_chat_completions_response_format",
        /// Tools and thinking together, over Bedrock's chat completions.
        BedrockRuntimeChatCompletionsToolsWithReasoning = "supports_bedrock_runtime_chat_completions_tools_with_reasoning",
        /// Questions about marked parts of an image.
        BoxQuestions = "supports_box_questions",
        /// Use of a computer.
        ComputerUse = "supports_computer_use",
        /// Embeddings of images.
        EmbeddingImageInput = "supports_embedding_image_input",
        /// A fast mode.
        FastMode = "supports_fast_mode",
        /// A tool that has to be called.
        ForcedToolUse = "supports_forced_tool_use",
        /// Tools.
        FunctionCalling = "supports_function_calling",
        /// Images read by a model that makes images.
        ImageInput = "supports_image_input",
        /// A size for images made.
        ImageSize = "supports_image_size",
        /// Thinking with a budget beside adaptive thinking.
        LegacyThinking = "supports_legacy_thinking",
        /// Little thinking.
        LowReasoningEffort = "supports_low_reasoning_effort",
        /// As much thinking as there is.
        MaxReasoningEffort = "supports_max_reasoning_effort",
        /// System messages in the middle of a conversation.
        MidConversationSystem = "supports_mid_conversation_system",
        /// Hardly any thinking.
        MinimalReasoningEffort = "supports_minimal_reasoning_effort",
        /// Embeddings of more than text.
        Multimodal = "supports_multimodal",
        /// Streams from the vendor.
        NativeStreaming = "supports_native_streaming",
        /// Answers by schema, natively.
        NativeStructuredOutput = "supports_native_structured_output",
        /// No thinking.
        NoneReasoningEffort = "supports_none_reasoning_effort",
        /// Nova Canvas' way to edit images.
        NovaCanvasImageEdit = "supports_nova_canvas_image_edit",
        /// Anthropic's `output_config`.
        OutputConfig = "supports_output_config",
        /// Several tools called at once.
        ParallelFunctionCalling = "supports_parallel_function_calling",
        /// A choice whether several tools are called at once.
        ParallelToolUseConfig = "supports_parallel_tool_use_config",
        /// PDF files.
        PdfInput = "supports_pdf_input",
        /// Marks up to which a prompt is cached.
        PromptCacheBreakpoint = "supports_prompt_cache_breakpoint",
        /// Prompt caching.
        PromptCaching = "supports_prompt_caching",
        /// Thinking.
        Reasoning = "supports_reasoning",
        /// Patterns that look around, in schemas.
        RegexLookaround = "supports_regex_lookaround",
        /// Answers by schema.
        ResponseSchema = "supports_response_schema",
        /// `temperature`, `top_p` and the like.
        SamplingParams = "supports_sampling_params",
        /// A choice of speed.
        Speed = "supports_speed",
        /// System messages.
        SystemMessages = "supports_system_messages",
        /// Thinking of earlier turns kept in the cache.
        ThinkingCachePreservation = "supports_thinking_cache_preservation",
        /// A choice of tool.
        ToolChoice = "supports_tool_choice",
        /// Search among tools.
        ToolSearch = "supports_tool_search",
        /// Pages fetched by the vendor.
        UrlContext = "supports_url_context",
        /// Video read.
        VideoInput = "supports_video_input",
        /// Images read.
        Vision = "supports_vision",
        /// Web search by the vendor.
        WebSearch = "supports_web_search",
        /// Very much thinking.
        XhighReasoningEffort = "supports_xhigh_reasoning_effort",
        /// Thinking that cannot be turned off.
        ThinkingAlwaysOn = "thinking_always_on",
        /// Served on OpenAI's Responses path.
        UseOpenaiResponsesPath = "use_openai_responses_path",
        /// Embeddings by `embedContent` of Vertex AI.
        UsesEmbedContent = "uses_embed_content",
    }
}

/// What a model can and cannot do, as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Capabilities {
    pub(crate) known: u64,
    pub(crate) has: u64,
}

impl Capabilities {
    /// Whether the model has it; `None` when that is not known. Unknown is no reason to refuse anything.
    pub const fn get(self, capability: Capability) -> Option<bool> {
        let bit = 1 << capability as u8;
        if self.known & bit == 0 { None } else { Some(self.has & bit != 0) }
    }

    /// Says whether the model has it.
    pub const fn set(&mut self, capability: Capability, has: bool) {
        let bit = 1 << capability as u8;
        self.known |= bit;
        if has {
            self.has |= bit;
        } else {
            self.has &= !bit;
        }
    }

    /// What is known.
    pub fn iter(self) -> impl Iterator<Item = (Capability, bool)> {
        Capability::ALL.iter().filter_map(move |capability| Some((*capability, self.get(*capability)?)))
    }
}
