//! What vendors and dialects say in other words. Each is a claim that is checked.

use llm_providers::core::Dialect;
use llm_testkit::laws::Equivalence;

/// What asks for nothing but what every vendor does, and what every answer tells anyway.
const NOTHING: &[Equivalence] = &[
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::of("stream", "false", ""),
    Equivalence::of("frequency_penalty", "0.0", ""),
    Equivalence::of("presence_penalty", "0.0", ""),
    Equivalence::of("n", "1", ""),
    Equivalence::of("store", "false", ""),
    Equivalence::of("parallel_tool_calls", "true", ""),
    Equivalence::of("tool_choice", "auto", ""),
    Equivalence::of("function_call", "auto", ""),
    Equivalence::of("messages[*].content[*].image_url.detail", "auto", ""),
    Equivalence::of("tools[*].function.strict", "false", ""),
    // The name of a schema that nobody named.
    Equivalence::of("response_format.json_schema.name", "answer", ""),
    // Every marker lives as long, unless it says otherwise.
    Equivalence::of("messages[*].cache_control.ttl", "5m", ""),
    Equivalence::of("messages[*].content[*].cache_control.ttl", "5m", ""),
    Equivalence::of("tools[*].cache_control.ttl", "5m", ""),
    Equivalence::of("cache_control.ttl", "5m", ""),
    // What the vendor of an answer said of it, which is no part of the conversation.
    Equivalence::any("messages[*].provider_specific_fields.stop_reason", ""),
];

const ANTHROPIC: &[Equivalence] = &[
    Equivalence::of("stream", "true", "\"stream\":true"),
    Equivalence::of("modalities", "text", ""),
    Equivalence::of("parallel_tool_calls", "false", "\"disable_parallel_tool_use\":true"),
    Equivalence::of("tool_choice", "required", "\"tool_choice\":{\"type\":\"any\""),
    Equivalence::of("tool_choice.allowed_tools.mode", "required", "\"tool_choice\":{\"type\":\"any\""),
    Equivalence::of("tool_choice", "none", "\"tool_choice\":{\"type\":\"none\""),
    Equivalence::of("function_call", "none", "\"tool_choice\":{\"type\":\"none\""),
    // The form of the answer is then the only tool that may be called.
    Equivalence::of("tool_choice", "none", "\"name\":\"json_tool_call\""),
    Equivalence::of("function_call", "none", "\"name\":\"json_tool_call\""),
    Equivalence::of("reasoning_effort", "none", ""),
    // A budget that is worth as much; another effort is told.
    Equivalence::any("reasoning_effort", "\"budget_tokens\":"),
    Equivalence::any("response_format.json_schema.strict", "\"output_config\":{"),
    Equivalence::any("messages[*].function_call.name", "\"type\":\"tool_use\""),
    Equivalence::any("messages[*].name", "\"type\":\"tool_result\""),
    Equivalence::any("messages[*].is_error", "\"is_error\":true"),
    // Where the model's own blocks were kept, they say it all.
    Equivalence::any(
        "messages[*].provider_specific_fields.content_blocks",
        "\"role\":\"assistant\",\"content\":[",
    ),
];

const GEMINI: &[Equivalence] = &[
    // The address says so.
    Equivalence::any("stream", ""),
    Equivalence::of("tool_choice", "none", "\"mode\":\"NONE\""),
    Equivalence::of("function_call", "none", "\"mode\":\"NONE\""),
    Equivalence::of("tool_choice", "required", "\"mode\":\"ANY\""),
    Equivalence::of("tool_choice.allowed_tools.mode", "required", "\"mode\":\"ANY\""),
    Equivalence::of("reasoning_effort", "none", "\"thinkingBudget\":0"),
    Equivalence::of("logprobs", "true", "\"responseLogprobs\":true"),
    Equivalence::any("response_format.json_schema.strict", "\"responseMimeType\":\"application/json\""),
    Equivalence::any("messages[*].name", "\"functionResponse\""),
    Equivalence::any("messages[*].is_error", "{\"error\":"),
    Equivalence::of("modalities[*]", "text", "\"responseModalities\":[\"TEXT\""),
    Equivalence::of("modalities[*]", "image", "\"IMAGE\""),
    Equivalence::of("modalities[*]", "audio", "\"AUDIO\""),
    Equivalence::of("audio.format", "pcm16", ""),
    // Names made for calls that the model gave none are not sent back to it.
    Equivalence::of("messages[*].tool_call_id", "gcall_*", ""),
    Equivalence::of("messages[*].tool_calls[*].id", "gcall_*", ""),
    // Where the model's own parts were kept, they say it all.
    Equivalence::any("messages[*].provider_specific_fields.parts", "\"role\":\"model\",\"parts\":["),
];

const BEDROCK: &[Equivalence] = &[
    // The address says so.
    Equivalence::any("stream", ""),
    Equivalence::of("modalities[*]", "text", ""),
    Equivalence::of("parallel_tool_calls", "false", "\"disable_parallel_tool_use\":true"),
    Equivalence::of("tool_choice", "required", "\"toolChoice\":{\"any\":{}"),
    Equivalence::of("tool_choice.allowed_tools.mode", "required", "\"toolChoice\":{\"any\":{}"),
    Equivalence::of("messages[*].content[*].file.format", "application/pdf", "\"format\":\"pdf\""),
    // The tools are left out then, which a note says.
    Equivalence::of("tool_choice", "none", ""),
    Equivalence::of("function_call", "none", ""),
    Equivalence::of("reasoning_effort", "none", ""),
    Equivalence::any("response_format.json_schema.strict", "\"outputConfig\":{"),
    Equivalence::any("messages[*].function_call.name", "\"toolUse\":{"),
    Equivalence::any("messages[*].name", "\"toolResult\":{"),
    Equivalence::of("messages[*].is_error", "true", "\"status\":\"error\""),
    Equivalence::any("messages[*].annotations", "\"citationsContent\":{"),
    // Where the model's own blocks were kept, they say it all.
    Equivalence::any("messages[*].provider_specific_fields.converse_content", "\"content\":["),
];

const COHERE: &[Equivalence] = &[
    Equivalence::of("modalities[*]", "text", ""),
    Equivalence::of("stream", "true", "\"stream\":true"),
    Equivalence::of("service_tier", "auto", ""),
    Equivalence::of("service_tier", "default", ""),
    Equivalence::of("tool_choice", "required", "\"tool_choice\":\"REQUIRED\""),
    Equivalence::of("tool_choice", "none", "\"tool_choice\":\"NONE\""),
    Equivalence::of("function_call", "none", "\"tool_choice\":\"NONE\""),
    Equivalence::any("response_format.json_schema.strict", "\"json_schema\":{"),
    Equivalence::of("tools[*].function.strict", "true", "\"strict_tools\":true"),
    Equivalence::any("messages[*].function_call.name", "\"tool_calls\""),
    Equivalence::any("messages[*].name", "\"role\":\"tool\""),
    // What told documents in words is documents again.
    Equivalence::of("messages[*].content", "Answer on the basis of these documents.*", "\"documents\":["),
];

const MISTRAL: &[Equivalence] = &[Equivalence::of("tool_choice", "required", "\"tool_choice\":\"any\"")];

const OLLAMA: &[Equivalence] = &[
    Equivalence::of("stream", "true", "\"stream\":true"),
    Equivalence::of("modalities[*]", "text", ""),
    Equivalence::of("service_tier", "auto", ""),
    Equivalence::of("service_tier", "default", ""),
    Equivalence::any("response_format.json_schema.strict", "\"format\":{"),
    Equivalence::any("messages[*].function_call.name", "\"tool_calls\""),
];

const OCI: &[Equivalence] = &[
    Equivalence::any("messages[*].name", "\"toolCallId\""),
    Equivalence::any("tool_choice", "\"toolChoice\":{\"type\":"),
    Equivalence::any("reasoning_effort", "\"reasoningEffort\":"),
    Equivalence::any("verbosity", "\"verbosity\":"),
    Equivalence::of("messages[*].content[*].image_url.detail", "low", "\"detail\":\"LOW\""),
    Equivalence::of("messages[*].content[*].image_url.detail", "high", "\"detail\":\"HIGH\""),
    Equivalence::of("response_format.type", "text", "\"type\":\"TEXT\""),
];

const GIGACHAT: &[Equivalence] = &[
    Equivalence::any("response_format.json_schema.name", "\"json_schema\""),
    Equivalence::any("response_format.json_schema.description", "\"json_schema\""),
];

/// The call tells the function's name.
const NAMED_BY_CALL: &[Equivalence] = &[
    Equivalence::any("messages[*].name", "\"role\":\"function\""),
    Equivalence::any("messages[*].name", "\"toolResults\":"),
];

const SAP: &[Equivalence] = &[Equivalence::of("stream", "true", "\"enabled\":true")];

/// The address says so.
const STREAM: &[Equivalence] = &[Equivalence::any("stream", "")];

/// What a vendor's wire says in its own words.
pub(crate) fn of_vendor(id: &str) -> Vec<Equivalence> {
    let own: &[&[Equivalence]] = match id {
        "anthropic" | "azure_ai" => &[ANTHROPIC],
        "gemini" => &[GEMINI],
        "vertex_ai" => &[GEMINI, ANTHROPIC, MISTRAL],
        "bedrock" => &[BEDROCK, ANTHROPIC],
        "cohere" => &[COHERE],
        "mistral" | "codestral" => &[MISTRAL],
        "ollama" => &[OLLAMA],
        "oci" => &[OCI, NAMED_BY_CALL],
        "gigachat" => &[GIGACHAT, NAMED_BY_CALL],
        "sap" => &[SAP],
        "fireworks_ai" => &[MISTRAL],
        "watsonx" | "langgraph" | "langflow" | "dify" | "triton" | "sagemaker" => &[STREAM],
        _ => &[],
    };
    [NOTHING, &own.concat()].concat()
}

/// What the canonical form says in its own words.
pub(crate) fn of_dialect(dialect: Dialect) -> Vec<Equivalence> {
    let own: &[Equivalence] = match dialect {
        Dialect::AnthropicMessages => &[
            Equivalence::of("service_tier", "standard_only", "\"service_tier\":\"default\""),
            Equivalence::any("tool_choice.disable_parallel_tool_use", "\"parallel_tool_calls\":"),
        ],
        Dialect::Gemini => &[
            Equivalence::of("serviceTier", "standard", "\"service_tier\":\"default\""),
            // One object where a list stands is a list of one, and told so.
            Equivalence::any("contents.novelty", ""),
            Equivalence::of("toolConfig.functionCallingConfig.mode", "ANY", "\"tool_choice\":"),
            Equivalence::of("toolConfig.functionCallingConfig.mode", "NONE", "\"tool_choice\":\"none\""),
            Equivalence::of("toolConfig.functionCallingConfig.mode", "AUTO", "\"tool_choice\":\"auto\""),
            Equivalence::of("generationConfig.responseMimeType", "application/json", "\"response_format\":"),
            Equivalence::of("generationConfig.responseModalities[*]", "TEXT", "\"modalities\":[\"text\""),
            Equivalence::of("generationConfig.responseModalities[*]", "IMAGE", "\"image\""),
            Equivalence::of("generationConfig.responseModalities[*]", "AUDIO", "\"audio\""),
            Equivalence::of("generationConfig.responseLogprobs", "true", "\"logprobs\":true"),
            Equivalence::any("generationConfig.thinkingConfig.includeThoughts", "\"reasoning_effort\":"),
            Equivalence::of("contents[*].parts[*].inlineData.mimeType", "audio/mp3", "\"format\":\"mp3\""),
            Equivalence::of("contents[*].parts[*].inlineData.mimeType", "audio/wav", "\"format\":\"wav\""),
        ],
        Dialect::BedrockConverse => &[
            Equivalence::of("messages[*].content[*].toolResult.status", "error", "\"is_error\":true"),
            // Every marker lives as long, unless it says otherwise.
            Equivalence::of("messages[*].content[*].cachePoint.ttl", "5m", "\"cache_control\":"),
        ],
        Dialect::OpenAiResponses => &[
            // Nothing is kept, and thinking comes encrypted, whoever asks.
            Equivalence::of("store", "false", ""),
            Equivalence::of("include[*]", "reasoning.encrypted_content", ""),
            Equivalence::of("include[*]", "message.output_text.logprobs", "\"logprobs\":true"),
            Equivalence::of("tool_choice", "auto", ""),
            Equivalence::of("tool_choice", "none", ""),
        ],
        Dialect::OllamaChat => &[
            Equivalence::of("think", "true", "\"reasoning_effort\":\"medium\""),
            Equivalence::of("think", "false", "\"thinking\":{\"type\":\"disabled\""),
            Equivalence::any("messages[*].tool_name", "\"tool_call_id\":"),
        ],
        Dialect::CohereChat => &[
            Equivalence::of("tool_choice", "REQUIRED", "\"tool_choice\":\"required\""),
            Equivalence::of("tool_choice", "NONE", "\"tool_choice\":\"none\""),
            Equivalence::of("strict_tools", "true", "\"strict\":true"),
            Equivalence::of("strict_tools", "false", ""),
        ],
        _ => &[],
    };
    own.to_vec()
}
