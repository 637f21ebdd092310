"""The two vendors' wires: answers as each vendor documents them, and what its requests say.

Sources: OpenAI API reference, "Chat Completions" and "Streaming events"; Anthropic API reference, "Messages",
"Streaming messages" and "Errors"; read 2026-11.
"""

import base64
import json
from dataclasses import dataclass, field


@dataclass
class Call:
    """A call of a tool."""

    id: str
    name: str
    arguments: dict


@dataclass
class Usage:
    """Tokens; `read` holds every token of the prompt, those of the cache included."""

    read: int = 12
    written: int = 5
    cached: int = 0
    cache_write: int = 0
    thinking: int = 0


@dataclass
class Said:
    """What a model says, whoever's wire it goes over."""

    text: str = ""
    calls: list[Call] = field(default_factory=list)
    stop: str = "stop"
    usage: Usage = field(default_factory=Usage)
    thoughts: str = ""
    signature: str = ""


@dataclass
class Asked:
    """What a vendor was asked, in words that hold for both."""

    system: str
    texts: list[str]
    images: list[str]
    documents: list[str]
    tools: dict[str, dict]
    calls: list[Call]
    results: dict[str, str]
    thoughts: list[str] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    schema: dict | None = None


def sse(*events: tuple[str | None, dict | str]) -> str:
    """Events as a stream writes them."""
    out = []
    for name, data in events:
        data = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
        out.append((f"event: {name}\n" if name else "") + f"data: {data}\n\n")
    return "".join(out)


def exchange(
    path: str,
    body: dict | str | bytes,
    *,
    status: int = 200,
    headers: dict | None = None,
    chunk_bytes: int | None = None,
    content_type: str = "text/event-stream; charset=utf-8",
):
    """An exchange for the mock to replay: JSON as one body, text and bytes as a stream."""
    response = {"status": status, "headers": headers or {}}
    if isinstance(body, str):
        response |= {"content_type": content_type, "body_text": body}
    elif isinstance(body, bytes):
        response |= {"content_type": content_type, "body_base64": base64.b64encode(body).decode()}
    else:
        response |= {"body": body}
    if chunk_bytes:
        response["chunk_bytes"] = chunk_bytes
    return {"path": path, "response": response}


def pieces(text: str, size: int = 7) -> list[str]:
    """A text as a stream cuts it."""
    return [text[at : at + size] for at in range(0, len(text), size)]


class OpenAIWire:
    """OpenAI's chat completions."""

    name = "openai"
    model = "gpt"
    upstream_model = "gpt-4.1"
    path = "/v1/chat/completions"
    stops = {"stop": "stop", "tools": "tool_calls", "length": "length", "refused": "content_filter"}

    def says(self, said: Said, streamed: bool, **more) -> dict:
        return exchange(self.path, self.stream(said) if streamed else self.whole(said), **more)

    def usage(self, usage: Usage) -> dict:
        return {
            "prompt_tokens": usage.read,
            "completion_tokens": usage.written,
            "total_tokens": usage.read + usage.written,
            "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": usage.thinking, "audio_tokens": 0},
        }

    def whole(self, said: Said, **message) -> dict:
        calls = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
            for c in said.calls
        ]
        message = {"role": "assistant", "content": said.text or None, "refusal": None, "annotations": []} | message
        if calls:
            message["tool_calls"] = calls
        return {
            "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
            "object": "chat.completion",
            "created": 1741569952,
            "model": "gpt-4.1-2025-04-14",
            "choices": [
                {"index": 0, "message": message, "logprobs": None, "finish_reason": self.stops[said.stop]}
            ],
            "usage": self.usage(said.usage),
            "service_tier": "default",
            "system_fingerprint": "fp_44709d6fcb",
        }

    def chunk(self, choices: list, usage: dict | None = None) -> tuple[None, dict]:
        return None, {
            "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
            "object": "chat.completion.chunk",
            "created": 1741569952,
            "model": "gpt-4.1-2025-04-14",
            "service_tier": "default",
            "system_fingerprint": "fp_44709d6fcb",
            "choices": choices,
            "usage": usage,
        }

    def delta(self, delta: dict, finish: str | None = None) -> tuple[None, dict]:
        return self.chunk([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}])

    def stream(self, said: Said) -> str:
        events = [self.delta({"role": "assistant", "content": None if said.calls else "", "refusal": None})]
        events += [self.delta({"content": piece}) for piece in pieces(said.text)]
        for index, call in enumerate(said.calls):
            function = {"name": call.name, "arguments": ""}
            start = {"index": index, "id": call.id, "type": "function", "function": function}
            events.append(self.delta({"tool_calls": [start]}))
            for piece in pieces(json.dumps(call.arguments)):
                events.append(self.delta({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
        events.append(self.delta({}, self.stops[said.stop]))
        events.append(self.chunk([], self.usage(said.usage)))
        return sse(*events, (None, "[DONE]"))

    def error(self, message: str, kind: str = "invalid_request_error", code: str | None = None, param=None) -> dict:
        return {"error": {"message": message, "type": kind, "param": param, "code": code}}

    def read(self, body: dict) -> Asked:
        asked = Asked("", [], [], [], {}, [], {})
        for message in body["messages"]:
            content = message.get("content") or []
            parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
            texts = [part["text"] for part in parts if part["type"] == "text"]
            if message["role"] in ("system", "developer"):
                asked.system += "".join(texts)
            elif message["role"] == "tool":
                asked.results[message["tool_call_id"]] = "".join(texts)
            elif message["role"] == "assistant":
                if thoughts := message.get("reasoning_content"):
                    asked.thoughts.append(thoughts)
                for call in message.get("tool_calls") or []:
                    function = call["function"]
                    asked.calls.append(Call(call["id"], function["name"], json.loads(function["arguments"])))
            else:
                asked.texts += texts
            asked.images += [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
            files = [part["file"] for part in parts if part["type"] == "file"]
            asked.documents += [file["file_data"].partition("base64,")[2] for file in files]
        for tool in body.get("tools", []):
            asked.tools[tool["function"]["name"]] = tool["function"]["parameters"]
        asked.schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        return asked


class AnthropicWire:
    """Anthropic's Messages."""

    name = "anthropic"
    model = "claude"
    upstream_model = "claude-sonnet-4-5"
    path = "/v1/messages"
    stops = {"stop": "end_turn", "tools": "tool_use", "length": "max_tokens", "refused": "refusal"}

    def says(self, said: Said, streamed: bool, **more) -> dict:
        blocks = self.blocks(said)
        usage = self.usage(said.usage)
        stop = self.stops[said.stop]
        body = self.stream(blocks, stop, usage) if streamed else self.whole(blocks, stop, usage)
        return exchange(self.path, body, **more)

    def blocks(self, said: Said) -> list[dict]:
        blocks = []
        if said.thoughts:
            blocks.append({"type": "thinking", "thinking": said.thoughts, "signature": said.signature})
        if said.text:
            blocks.append({"type": "text", "text": said.text})
        return blocks + [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in said.calls
        ]

    def usage(self, usage: Usage) -> dict:
        counts = {
            "input_tokens": usage.read - usage.cached - usage.cache_write,
            "cache_creation_input_tokens": usage.cache_write,
            "cache_read_input_tokens": usage.cached,
            "cache_creation": {
                "ephemeral_5m_input_tokens": usage.cache_write,
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": usage.written,
            "service_tier": "standard",
        }
        if usage.thinking:
            counts["output_tokens_details"] = {"thinking_tokens": usage.thinking}
        return counts

    def whole(self, blocks: list[dict], stop: str = "end_turn", usage: dict | None = None, **more) -> dict:
        return {
            "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-4-5-20250929",
            "content": blocks,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": usage or self.usage(Usage()),
        } | more

    def stream(self, blocks: list[dict], stop: str = "end_turn", usage: dict | None = None) -> str:
        usage = usage or self.usage(Usage())
        first = self.whole([], usage=usage | {"output_tokens": 1}, stop_reason=None)
        events = [("message_start", {"type": "message_start", "message": first}), ("ping", {"type": "ping"})]
        for index, block in enumerate(blocks):
            opened, deltas = self.opened(block)
            start = {"type": "content_block_start", "index": index, "content_block": opened}
            events.append(("content_block_start", start))
            for delta in deltas:
                event = {"type": "content_block_delta", "index": index, "delta": delta}
                events.append(("content_block_delta", event))
            events.append(("content_block_stop", {"type": "content_block_stop", "index": index}))
        last = {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage}
        return sse(*events, ("message_delta", last), ("message_stop", {"type": "message_stop"}))

    @staticmethod
    def opened(block: dict) -> tuple[dict, list[dict]]:
        """A block as a stream opens it, and the deltas that follow."""
        match block["type"]:
            case "text":
                deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
                cited = block.get("citations") or []
                deltas += [{"type": "citations_delta", "citation": one} for one in cited]
                opened = {"type": "text", "text": ""}
                return (opened | {"citations": []} if cited else opened), deltas
            case "thinking":
                deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
                deltas.append({"type": "signature_delta", "signature": block["signature"]})
                return {"type": "thinking", "thinking": "", "signature": ""}, deltas
            case "tool_use":
                deltas = [
                    {"type": "input_json_delta", "partial_json": piece} for piece in pieces(json.dumps(block["input"]))
                ]
                return block | {"input": {}}, deltas
            case _:
                return block, []

    def error(self, message: str, kind: str = "invalid_request_error") -> dict:
        return {
            "type": "error",
            "error": {"type": kind, "message": message},
            "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy",
        }

    def read(self, body: dict) -> Asked:
        system = body.get("system", "")
        if not isinstance(system, str):
            system = "".join(block["text"] for block in system)
        asked = Asked(system, [], [], [], {}, [], {})
        for message in body["messages"]:
            content = message["content"]
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
            for block in blocks:
                self._block(message["role"], block, asked)
        for tool in body.get("tools", []):
            asked.tools[tool["name"]] = tool["input_schema"]
        asked.schema = body.get("output_config", {}).get("format", {}).get("schema")
        return asked

    @staticmethod
    def _block(role: str, block: dict, asked: Asked):
        match block["type"]:
            case "text" if role == "user":
                asked.texts.append(block["text"])
            case "image":
                source = block["source"]
                inline = f"data:{source.get('media_type')};base64,{source.get('data')}"
                asked.images.append(source["url"] if source["type"] == "url" else inline)
            case "document":
                asked.documents.append(block["source"]["data"])
            case "thinking":
                asked.thoughts.append(block["thinking"])
                asked.signatures.append(block["signature"])
            case "tool_use":
                asked.calls.append(Call(block["id"], block["name"], block["input"]))
            case "tool_result":
                content = block["content"]
                text = content if isinstance(content, str) else "".join(part["text"] for part in content)
                asked.results[block["tool_use_id"]] = text
