"""Both official SDKs behind one face, so that one test drives either. Each speaks in its own words only."""

import json
from dataclasses import dataclass, field

import anthropic
import openai
from openai.types import CompletionUsage

from wires import Call, Usage

WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


@dataclass
class Heard:
    """What a client heard, in words that hold for both SDKs."""

    text: str
    calls: list[Call]
    stop: str
    usage: Usage
    native: object = field(repr=False)
    thoughts: str = ""


@dataclass
class Prompt:
    """What a user says."""

    text: str = ""
    system: str | None = None
    image_urls: list[str] = field(default_factory=list)
    images: list[tuple[str, str]] = field(default_factory=list)
    pdfs: list[str] = field(default_factory=list)
    tools: list[dict] = field(default_factory=list)
    stop: list[str] = field(default_factory=list)
    schema: dict | None = None
    limit: int = 1024


class OpenAISpeaker:
    """The `openai` package."""

    name = "openai"
    errors = openai
    stops = {"stop": "stop", "tool_calls": "tools", "length": "length", "content_filter": "refused"}

    def __init__(self, client: openai.OpenAI):
        self.client = client

    def ask(self, model: str, prompt: Prompt, streamed: bool = False, **more) -> Heard:
        return self.send(streamed, model=model, messages=self.messages(prompt), **self.options(prompt), **more)

    def go_on(self, model: str, prompt: Prompt, heard: Heard, results: dict[str, str], streamed: bool) -> Heard:
        """Sends the answer back as the SDK gave it, and the results of its calls."""
        messages = [*self.messages(prompt), heard.native]
        messages += [{"role": "tool", "tool_call_id": id, "content": text} for id, text in results.items()]
        return self.send(streamed, model=model, messages=messages, **self.options(prompt))

    def send(self, streamed: bool, **request) -> Heard:
        create = self.client.chat.completions.create
        return self.whole(create(**request)) if not streamed else self.stream(request)

    def whole(self, completion) -> Heard:
        choice = completion.choices[0]
        return self.heard(choice.message, choice.finish_reason, completion.usage)

    def stream(self, request: dict) -> Heard:
        options = {"include_usage": True}
        with self.client.chat.completions.stream(**request, stream_options=options) as stream:
            stream.until_done()
            return self.whole(stream.get_final_completion())

    def heard(self, message, finish: str, usage) -> Heard:
        calls = [
            Call(call.id, call.function.name, json.loads(call.function.arguments))
            for call in message.tool_calls or []
        ]
        usage = usage or CompletionUsage(prompt_tokens=0, completion_tokens=0, total_tokens=0)
        prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
        counted = Usage(
            read=usage.prompt_tokens,
            written=usage.completion_tokens,
            cached=(prompt.cached_tokens or 0) if prompt else 0,
            cache_write=(getattr(prompt, "cache_write_tokens", None) or 0) if prompt else 0,
            thinking=(completion.reasoning_tokens or 0) if completion else 0,
        )
        native = message.model_dump(exclude_none=True, exclude={"parsed"})
        for call in native.get("tool_calls", []):
            call["function"].pop("parsed_arguments", None)
        thoughts = getattr(message, "reasoning_content", None) or ""
        return Heard(message.content or "", calls, self.stops[finish], counted, native, thoughts)

    @staticmethod
    def messages(prompt: Prompt) -> list[dict]:
        parts = [{"type": "image_url", "image_url": {"url": url}} for url in prompt.image_urls]
        for media, data in prompt.images:
            parts.append({"type": "image_url", "image_url": {"url": f"data:{media};base64,{data}"}})
        for data in prompt.pdfs:
            file = {"filename": "paper.pdf", "file_data": f"data:application/pdf;base64,{data}"}
            parts.append({"type": "file", "file": file})
        content = [*parts, {"type": "text", "text": prompt.text}] if parts else prompt.text
        system = [{"role": "system", "content": prompt.system}] if prompt.system else []
        return [*system, {"role": "user", "content": content}]

    @staticmethod
    def options(prompt: Prompt) -> dict:
        options = {"max_tokens": prompt.limit}
        if prompt.tools:
            # `strict` is what the SDK's own stream helper demands of tools.
            options["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool["name"],
                        "description": tool["description"],
                        "parameters": tool["schema"],
                        "strict": True,
                    },
                }
                for tool in prompt.tools
            ]
        if prompt.stop:
            options["stop"] = prompt.stop
        if prompt.schema:
            form = {"name": "answer", "strict": True, "schema": prompt.schema}
            options["response_format"] = {"type": "json_schema", "json_schema": form}
        return options


class AnthropicSpeaker:
    """The `anthropic` package."""

    name = "anthropic"
    errors = anthropic
    stops = {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "tool_use": "tools",
        "max_tokens": "length",
        "refusal": "refused",
    }

    def __init__(self, client: anthropic.Anthropic):
        self.client = client

    def ask(self, model: str, prompt: Prompt, streamed: bool = False, **more) -> Heard:
        return self.send(streamed, model=model, messages=self.messages(prompt), **self.options(prompt), **more)

    def go_on(self, model: str, prompt: Prompt, heard: Heard, results: dict[str, str], streamed: bool) -> Heard:
        """Sends the answer back as the SDK gave it, and the results of its calls."""
        told = [{"type": "tool_result", "tool_use_id": id, "content": text} for id, text in results.items()]
        messages = [
            *self.messages(prompt),
            {"role": "assistant", "content": heard.native},
            {"role": "user", "content": told},
        ]
        return self.send(streamed, model=model, messages=messages, **self.options(prompt))

    def send(self, streamed: bool, **request) -> Heard:
        if not streamed:
            return self.heard(self.client.messages.create(**request))
        with self.client.messages.stream(**request) as stream:
            return self.heard(stream.get_final_message())

    def heard(self, message) -> Heard:
        text = "".join(block.text for block in message.content if block.type == "text")
        calls = [Call(block.id, block.name, block.input) for block in message.content if block.type == "tool_use"]
        usage = message.usage
        cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
        details = usage.output_tokens_details
        counted = Usage(
            read=usage.input_tokens + cached + written,
            written=usage.output_tokens,
            cached=cached,
            cache_write=written,
            thinking=(details.thinking_tokens or 0) if details else 0,
        )
        native = [block.model_dump(exclude_none=True) for block in message.content]
        thoughts = "".join(block.thinking for block in message.content if block.type == "thinking")
        return Heard(text, calls, self.stops[message.stop_reason], counted, native, thoughts)

    @staticmethod
    def messages(prompt: Prompt) -> list[dict]:
        blocks = [{"type": "image", "source": {"type": "url", "url": url}} for url in prompt.image_urls]
        for media, data in prompt.images:
            blocks.append({"type": "image", "source": {"type": "base64", "media_type": media, "data": data}})
        for data in prompt.pdfs:
            source = {"type": "base64", "media_type": "application/pdf", "data": data}
            blocks.append({"type": "document", "source": source})
        content = [*blocks, {"type": "text", "text": prompt.text}] if blocks else prompt.text
        return [{"role": "user", "content": content}]

    @staticmethod
    def options(prompt: Prompt) -> dict:
        options = {"max_tokens": prompt.limit}
        if prompt.system:
            options["system"] = prompt.system
        if prompt.tools:
            options["tools"] = [
                {"name": tool["name"], "description": tool["description"], "input_schema": tool["schema"]}
                for tool in prompt.tools
            ]
        if prompt.stop:
            options["stop_sequences"] = prompt.stop
        if prompt.schema:
            options["output_config"] = {"format": {"type": "json_schema", "schema": prompt.schema}}
        return options
