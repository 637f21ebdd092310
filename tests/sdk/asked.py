"""Requests in the dialects other than OpenAI's chat: for each dialect a plain one, and what may be said beside it.

Every member that the dialects' SDKs have types for stands here once. Sources: Anthropic API reference, "Messages"; Gemini
API reference, "generateContent"; Amazon Bedrock API reference, "Converse"; Cohere API reference, "Chat API (v2)"; Ollama
API reference, "Generate a chat message"; OpenAI API reference, "Responses"; read 2026-11.
"""

import copy
import json

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKJcOkw7zDtsOfCg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEA"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": PARAMETERS}}


class Dialect:
    """A dialect's address, its plain request, and variations: where in the request something is put, and what."""

    def __init__(self, path: str, plain: dict, variations: dict[str, list[tuple[str, object]]]):
        self.path, self.plain, self.variations = path, plain, variations

    def request(self, variation: str, model: str) -> tuple[str, dict]:
        body = copy.deepcopy(self.plain)
        for place, value in self.variations.get(variation, []):
            put(body, place, value)
        if "{model}" in self.path:
            return self.path.format(model=model), body
        return self.path, body | {"model": model}


def put(body, place: str, value):
    """Puts a value at a place such as `tools.0.strict`; one past the end of a list adds to it."""
    *way, last = place.split(".")
    for step in way:
        body = body[int(step)] if isinstance(body, list) else body.setdefault(step, {})
    if isinstance(body, list) and int(last) == len(body):
        body.append(value)
    else:
        body[int(last) if isinstance(body, list) else last] = value


def each(prefix: str = "", **members) -> dict[str, list[tuple[str, object]]]:
    return {name: [(prefix + name, value)] for name, value in members.items()}


def turns(*between: dict, place: str, text) -> list[tuple[str, object]]:
    return [(place, [text("Where?"), *between, text("And now?")])]


# Anthropic's Messages.


def claude(*content) -> dict:
    return {"role": "assistant", "content": list(content)}


def to_claude(*content) -> dict:
    return {"role": "user", "content": list(content)}


def with_claude(*between) -> list[tuple[str, object]]:
    return turns(*between, place="messages", text=lambda words: {"role": "user", "content": words})


def beside_words(block: dict) -> list[tuple[str, object]]:
    return [("messages.0.content", [{"type": "text", "text": "Look."}, block])]


CLAUDES_CALL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"city": "Oslo"}}


def claudes_result(**more) -> list[tuple[str, object]]:
    return with_claude(claude(CLAUDES_CALL), to_claude({"type": "tool_result", "tool_use_id": "toolu_1", **more}))


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
DOCUMENT = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}
FOUND = {
    "type": "search_result",
    "source": "https://sea.example",
    "title": "Tides",
    "content": [{"type": "text", "text": "High at noon."}],
    "citations": {"enabled": True},
}

ANTHROPIC = Dialect(
    "/v1/messages",
    {
        "max_tokens": 3000,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Hello"}],
        "tools": [{"name": "look", "description": "Looks.", "input_schema": PARAMETERS}],
    },
    each(
        cache_control={"type": "ephemeral"},
        container="container_1",
        diagnostics={"previous_message_id": "msg_1"},
        inference_geo="us",
        metadata={"user_id": "u1"},
        output_config={"effort": "low"},
        service_tier="standard_only",
        speed="fast",
        stop_sequences=["END"],
        thinking={"type": "enabled", "budget_tokens": 1500},
        tool_choice={"type": "any"},
        user_profile_id="uprof_1",
        workspace_id="wrkspc_1",
    )
    | each(
        "tools.0.",
        allowed_callers=["code_execution_20250825"],
        cache_control={"type": "ephemeral"},
        defer_loading=True,
        eager_input_streaming=True,
        input_examples=[{"city": "Oslo"}],
        strict=True,
    )
    | {
        "schema": [("output_config.format", {"type": "json_schema", "schema": SCHEMA})],
        "thinking off": [("thinking", {"type": "disabled"})],
        "thinking by itself": [("thinking", {"type": "adaptive", "display": "summarized"})],
        "one call at a time": [("tool_choice", {"type": "auto", "disable_parallel_tool_use": True})],
        "this tool": [("tool_choice", {"type": "tool", "name": "look"})],
        "search": [("tools.1", {"type": "web_search_20250305", "name": "web_search", "max_uses": 3})],
        "shell": [("tools.1", {"type": "bash_20250124", "name": "bash"})],
        "image": beside_words(IMAGE),
        "image of an upload": beside_words({"type": "image", "source": {"type": "file", "file_id": "file_1"}}),
        "document": beside_words(DOCUMENT | {"title": "Log", "context": "At sea.", "citations": {"enabled": True}}),
        "document of words": beside_words(
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Calm."}}
        ),
        "document in pieces": beside_words(
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "Calm."}]}}
        ),
        "search result": beside_words(FOUND),
        "upload": beside_words({"type": "container_upload", "file_id": "file_1"}),
        "marked": beside_words({"type": "text", "text": "Here.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}),
        "cited instructions": [
            (
                "system",
                [
                    {
                        "type": "text",
                        "text": "Be brief.",
                        "citations": [
                            {
                                "type": "char_location",
                                "cited_text": "x",
                                "document_index": 0,
                                "document_title": "Log",
                                "start_char_index": 0,
                                "end_char_index": 1,
                            }
                        ],
                    }
                ],
            )
        ],
        "result": claudes_result(content="Rain."),
        "failed result": claudes_result(content="No such city.", is_error=True),
        "no result": claudes_result(),
        "image as a result": claudes_result(content=[{"type": "text", "text": "See:"}, IMAGE]),
        "document as a result": claudes_result(content=[DOCUMENT]),
        "search result as a result": claudes_result(content=[FOUND]),
        "tool as a result": claudes_result(content=[{"type": "tool_reference", "tool_name": "look"}]),
        "thoughts": with_claude(
            claude({"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}, {"type": "text", "text": "Here."})
        ),
        "hidden thoughts": with_claude(
            claude({"type": "redacted_thinking", "data": "ZW5j"}, {"type": "text", "text": "Here."})
        ),
    },
)

# Gemini's generateContent.


def model(*parts) -> dict:
    return {"role": "model", "parts": list(parts)}


def to_model(*parts) -> dict:
    return {"role": "user", "parts": list(parts)}


def with_gemini(*between) -> list[tuple[str, object]]:
    return turns(*between, place="contents", text=lambda words: to_model({"text": words}))


GEMINIS_CALL = {"functionCall": {"id": "fc1", "name": "look", "args": {"city": "Oslo"}}}


def geminis_result(**more) -> list[tuple[str, object]]:
    return with_gemini(model(GEMINIS_CALL), to_model({"functionResponse": {"id": "fc1", "name": "look", **more}}))


def inline(mime_type: str, data: str, **more) -> dict:
    return {"inlineData": {"mimeType": mime_type, "data": data, **more}}


GEMINI = Dialect(
    "/v1beta/models/{model}:generateContent",
    {
        "contents": [to_model({"text": "Hello"})],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "tools": [{"functionDeclarations": [{"name": "look", "description": "Looks.", "parameters": PARAMETERS}]}],
        "generationConfig": {"maxOutputTokens": 3000},
    },
    each(
        "generationConfig.",
        audioTimestamp=True,
        candidateCount=2,
        enableEnhancedCivicAnswers=True,
        frequencyPenalty=0.2,
        imageConfig={"aspectRatio": "16:9"},
        mediaResolution="MEDIA_RESOLUTION_LOW",
        modelSelectionConfig={"featureSelectionPreference": "BALANCED"},
        presencePenalty=0.3,
        responseLogprobs=True,
        responseMimeType="application/json",
        routingConfig={"manualMode": {"modelName": "other"}},
        seed=7,
        stopSequences=["END"],
        topK=5,
    )
    | each(
        cachedContent="cachedContents/1",
        labels={"team": "sea"},
        modelArmorConfig={"promptTemplateName": "strict"},
        safetySettings=[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        store=True,
    )
    | each("tools.0.functionDeclarations.0.", behavior="NON_BLOCKING", response={"type": "OBJECT"})
    | {
        "schema": [
            ("generationConfig.responseMimeType", "application/json"),
            ("generationConfig.responseJsonSchema", SCHEMA),
        ],
        "one of several words": [
            ("generationConfig.responseMimeType", "text/x.enum"),
            ("generationConfig.responseSchema", {"type": "STRING", "enum": ["A", "B"]}),
        ],
        "thinking level": [("generationConfig.thinkingConfig", {"thinkingLevel": "LOW"})],
        "thinking off": [("generationConfig.thinkingConfig", {"thinkingBudget": 0})],
        "thinking by itself": [("generationConfig.thinkingConfig", {"thinkingBudget": -1})],
        "shown thoughts": [("generationConfig.thinkingConfig", {"includeThoughts": True})],
        "budget": [("generationConfig.thinkingConfig", {"includeThoughts": True, "thinkingBudget": 1500})],
        "validated calls": [("toolConfig.functionCallingConfig.mode", "VALIDATED")],
        "this tool": [("toolConfig.functionCallingConfig", {"mode": "ANY", "allowedFunctionNames": ["look"]})],
        "place": [("toolConfig.retrievalConfig", {"languageCode": "en"})],
        "search": [("tools.1", {"googleSearch": {}})],
        "maps": [("tools.1", {"googleMaps": {}})],
        "image": [("contents.0.parts.1", inline("image/png", PNG))],
        "named image": [("contents.0.parts.1", inline("image/png", PNG, displayName="dot.png"))],
        "document": [("contents.0.parts.1", inline("application/pdf", PDF))],
        "named document": [("contents.0.parts.1", inline("application/pdf", PDF, displayName="log.pdf"))],
        "sound": [("contents.0.parts.1", inline("audio/wav", WAV))],
        "closely": [("contents.0.parts.1", inline("image/png", PNG) | {"mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}})],
        "result": geminis_result(response={"rain": True}),
        "failed result": geminis_result(response={"error": "No such city."}),
        "image as a result": geminis_result(
            response={"see": {"$ref": "dot"}}, parts=[inline("image/png", PNG, displayName="dot")]
        ),
        "result for later": geminis_result(response={"rain": True}, scheduling="SILENT"),
        "thoughts": with_gemini(model({"text": "Hm.", "thought": True}, {"text": "Here.", "thoughtSignature": "c2ln"})),
        "code": with_gemini(
            model(
                {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
                {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
                {"text": "One."},
            )
        ),
        "image of the model": with_gemini(model(inline("image/png", PNG))),
    },
)

# Bedrock's Converse.


def converses(*content) -> dict:
    return {"role": "assistant", "content": list(content)}


def to_converse(*content) -> dict:
    return {"role": "user", "content": list(content)}


def with_converse(*between) -> list[tuple[str, object]]:
    return turns(*between, place="messages", text=lambda words: to_converse({"text": words}))


CONVERSES_CALL = {"toolUse": {"toolUseId": "tooluse_1", "name": "look", "input": {"city": "Oslo"}}}


def converses_result(*content, **more) -> list[tuple[str, object]]:
    result = {"toolUseId": "tooluse_1", "content": list(content), **more}
    return with_converse(converses(CONVERSES_CALL), to_converse({"toolResult": result}))


def next_block(block: dict) -> list[tuple[str, object]]:
    return [("messages.0.content.1", block)]


PICTURE = {"image": {"format": "png", "source": {"bytes": PNG}}}
PAPER = {"document": {"format": "pdf", "name": "Log", "source": {"bytes": PDF}}}
HIT = {"searchResult": {"source": "https://sea.example", "title": "Tides", "content": [{"text": "High at noon."}]}}

CONVERSE = Dialect(
    "/model/{model}/converse",
    {
        "system": [{"text": "Be brief."}],
        "messages": [to_converse({"text": "Hello"})],
        "inferenceConfig": {"maxTokens": 3000},
        "toolConfig": {"tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": PARAMETERS}}}]},
    },
    each("inferenceConfig.", stopSequences=["END"])
    | each(
        additionalModelResponseFieldPaths=["/stop_sequence"],
        guardrailConfig={"guardrailIdentifier": "g", "guardrailVersion": "1"},
        outputConfig={"effort": "low"},
        performanceConfig={"latency": "optimized"},
        promptVariables={"a": {"text": "x"}},
        requestMetadata={"team": "sea"},
        serviceTier={"type": "flex"},
    )
    | {
        "schema": [
            (
                "outputConfig.textFormat",
                {
                    "type": "json_schema",
                    "structure": {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "city", "description": "One."}},
                },
            )
        ],
        "thinking": [("additionalModelRequestFields.thinking", {"type": "enabled", "budget_tokens": 1500})],
        "any tool": [("toolConfig.toolChoice", {"any": {}})],
        "this tool": [("toolConfig.toolChoice", {"tool": {"name": "look"}})],
        "strict": [("toolConfig.tools.0.toolSpec.strict", True)],
        "marked tools": [("toolConfig.tools.1", {"cachePoint": {"type": "default"}})],
        "marked instructions": [("system.1", {"cachePoint": {"type": "default", "ttl": "1h"}})],
        "guarded instructions": [("system.1", {"guardContent": {"text": {"text": "Be kind."}}})],
        "image": next_block(PICTURE),
        "document": next_block(PAPER),
        "document of words": next_block({"document": {"format": "txt", "name": "Log", "source": {"text": "Calm."}}}),
        "document in pieces": next_block({"document": {"name": "Log", "source": {"content": [{"text": "Calm."}]}}}),
        "cited document": next_block(
            {"document": PAPER["document"] | {"context": "At sea.", "citations": {"enabled": True}}}
        ),
        "sound": next_block({"audio": {"format": "wav", "source": {"bytes": WAV}}}),
        "guarded": next_block({"guardContent": {"text": {"text": "Look.", "qualifiers": ["query"]}}}),
        "mark": next_block({"cachePoint": {"type": "default"}}),
        "search result": next_block({"searchResult": HIT["searchResult"] | {"citations": {"enabled": True}}}),
        "result": converses_result({"text": "Rain."}, status="success"),
        "result in JSON": converses_result({"json": {"rain": True}}),
        "failed result": converses_result({"text": "No such city."}, status="error"),
        "image as a result": converses_result({"text": "See:"}, PICTURE),
        "document as a result": converses_result(PAPER),
        "search result as a result": converses_result(HIT),
        "thoughts": with_converse(
            converses({"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}, {"text": "Here."})
        ),
        "cited": with_converse(
            converses(
                {
                    "citationsContent": {
                        "content": [{"text": "Here."}],
                        "citations": [
                            {"title": "Log", "location": {"documentChar": {"documentIndex": 0, "start": 0, "end": 2}}}
                        ],
                    }
                }
            )
        ),
        "later instructions": with_converse(
            converses({"text": "Here."}), {"role": "system", "content": [{"text": "Be kind."}]}
        ),
        "tool for later": with_converse(
            converses({"text": "Here."}),
            {"role": "system", "content": [{"toolAddition": {"tool": {"type": "tool_reference", "name": "look"}}}]},
        ),
    },
)

# Cohere's chat, and Ollama's.

HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"city": "Oslo"}'}}


def with_model(*between) -> list[tuple[str, object]]:
    return turns(*between, place="messages", text=lambda words: {"role": "user", "content": words})


COHERE = Dialect(
    "/v2/chat",
    {"messages": HELLO, "tools": [FUNCTION], "max_tokens": 3000},
    each(
        citation_options={"mode": "FAST"},
        documents=[{"id": "d1", "data": {"text": "Calm."}}],
        frequency_penalty=0.2,
        k=5,
        p=0.7,
        priority=3,
        response_format={"type": "json_object", "json_schema": SCHEMA},
        safety_mode="STRICT",
        seed=7,
        stop_sequences=["END"],
        strict_tools=True,
        thinking={"type": "enabled", "token_budget": 1500},
        tool_choice="REQUIRED",
    )
    | {
        "thinking off": [("thinking", {"type": "disabled"})],
        "result": with_model(
            {"role": "assistant", "tool_plan": "I look.", "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "document", "document": {"data": {"rain": "yes"}}}]},
        ),
        "thoughts": with_model(
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Here."}]}
        ),
    },
)

OLLAMA = Dialect(
    "/api/chat",
    {"messages": HELLO, "tools": [FUNCTION], "stream": False, "options": {"num_predict": 3000}},
    each(format=SCHEMA, keep_alive="5m", think=True)
    | each("options.", min_p=0.1, num_ctx=4096, repeat_penalty=1.1, seed=7, stop=["END"], top_k=5)
    | {
        "any JSON": [("format", "json")],
        "thinking off": [("think", False)],
        "image": [("messages.1.images", [PNG])],
        "result": with_model(
            {"role": "assistant", "tool_calls": [{"function": {"name": "look", "arguments": {"city": "Oslo"}}}]},
            {"role": "tool", "tool_name": "look", "content": "Rain."},
        ),
        "thoughts": with_model({"role": "assistant", "content": "Here.", "thinking": "Hm."}),
    },
)

# OpenAI's Responses.


def item(**members) -> dict:
    return members


RESPONSES = Dialect(
    "/v1/responses",
    {
        "input": "Hello",
        "instructions": "Be brief.",
        "max_output_tokens": 3000,
        "tools": [{"type": "function", "name": "look", "parameters": PARAMETERS, "strict": False}],
    },
    each(
        include=["reasoning.encrypted_content"],
        max_tool_calls=3,
        metadata={"team": "sea"},
        parallel_tool_calls=False,
        prompt_cache_key="key",
        reasoning={"effort": "low", "summary": "detailed"},
        safety_identifier="u1",
        store=False,
        text={"verbosity": "low"},
        tool_choice="required",
        truncation="auto",
    )
    | {
        "schema": [("text.format", {"type": "json_schema", "name": "city", "schema": SCHEMA, "strict": True})],
        "this tool": [("tool_choice", {"type": "function", "name": "look"})],
        "free text": [("tools.1", {"type": "custom", "name": "write", "description": "Writes."})],
        "image": [("input", [{"role": "user", "content": [{"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "low"}]}])],
        "result": with_model(
            item(type="function_call", call_id="call_1", name="look", arguments='{"city": "Oslo"}'),
            item(type="function_call_output", call_id="call_1", output="Rain."),
        ),
        "refusal": with_model(item(type="message", role="assistant", content=[{"type": "refusal", "refusal": "No."}])),
        "thoughts": with_model(
            item(type="reasoning", id="rs_1", summary=[{"type": "summary_text", "text": "Hm."}]),
            item(role="assistant", content="Here."),
        ),
    },
)
for name in ("result", "refusal", "thoughts"):
    RESPONSES.variations[name] = [("input", value) for _, value in RESPONSES.variations[name]]

DIALECTS = {
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "converse": CONVERSE,
    "cohere": COHERE,
    "ollama": OLLAMA,
    "responses": RESPONSES,
}
