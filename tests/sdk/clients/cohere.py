"""The `cohere` package."""

import json

import cohere
from cohere.core.api_error import ApiError

from speakers import Heard, Prompt
from vendors.vendor import CACHED, IDS, IMAGES, SCHEMA, THINKS
from wires import Call, Usage

from .client import Client, Refused


class Cohere(Client):
    """`ClientV2.chat` and `chat_stream`."""

    name = "cohere"
    can = frozenset({IDS, THINKS, IMAGES, SCHEMA})
    tells = frozenset({CACHED})
    exception = ApiError
    stops = {"COMPLETE": "stop", "TOOL_CALL": "tools", "MAX_TOKENS": "length"}
    once = {"max_retries": 0}

    def __init__(self, url: str, key: str, timeout_s: float = 10):
        self.client = cohere.ClientV2(api_key=key, base_url=url, timeout=timeout_s)

    def ask(self, model: str, prompt: Prompt, streamed: bool) -> Heard:
        return self.send(model, self.messages(prompt), prompt, streamed)

    def go_on(self, model: str, prompt: Prompt, heard: Heard, results: list[str], streamed: bool) -> Heard:
        told = [
            {"role": "tool", "tool_call_id": call.id, "content": text}
            for call, text in zip(heard.calls, results, strict=True)
        ]
        return self.send(model, [*self.messages(prompt), heard.native, *told], prompt, streamed)

    def reply(self, model: str, prompt: Prompt, heard: Heard, text: str, streamed: bool) -> Heard:
        messages = [*self.messages(prompt), heard.native, {"role": "user", "content": text}]
        return self.send(model, messages, prompt, streamed)

    def send(self, model: str, messages: list[dict], prompt: Prompt, streamed: bool) -> Heard:
        request = {"model": model, "messages": messages, "max_tokens": prompt.limit, "request_options": self.once}
        if prompt.tools:
            request["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool["name"],
                        "description": tool["description"],
                        "parameters": tool["schema"],
                    },
                }
                for tool in prompt.tools
            ]
        if prompt.schema:
            request["response_format"] = {"type": "json_object", "json_schema": prompt.schema}
        if streamed:
            return self.heard(*self.assembled(self.client.chat_stream(**request)))
        answer = self.client.chat(**request)
        return self.heard(answer.message.model_dump(exclude_none=True), answer.finish_reason, answer.usage)

    @staticmethod
    def assembled(events) -> tuple[dict, str, object]:
        """A message from its events; the SDK has no helper for that."""
        message = {"role": "assistant"}
        contents, calls, plan, end = {}, {}, "", None
        for event in events:
            match event.type:
                case "content-start":
                    contents[event.index] = event.delta.message.content.model_dump(exclude_none=True)
                case "content-delta":
                    for name, piece in event.delta.message.content.model_dump(exclude_none=True).items():
                        if name in ("text", "thinking"):
                            contents[event.index][name] += piece
                case "tool-plan-delta":
                    plan += event.delta.message.tool_plan
                case "tool-call-start":
                    calls[event.index] = event.delta.message.tool_calls.model_dump(exclude_none=True)
                case "tool-call-delta":
                    calls[event.index]["function"]["arguments"] += event.delta.message.tool_calls.function.arguments
                case "message-end":
                    end = event.delta
        if contents:
            message["content"] = [contents[index] for index in sorted(contents)]
        if plan:
            message["tool_plan"] = plan
        if calls:
            assert list(calls) == list(range(len(calls)))
            message["tool_calls"] = list(calls.values())
        return message, end.finish_reason, end.usage

    def heard(self, message: dict, stop: str, usage) -> Heard:
        parts = message.get("content") or []
        text = "".join(part["text"] for part in parts if part["type"] == "text")
        thoughts = "".join(part["thinking"] for part in parts if part["type"] == "thinking")
        calls = [
            Call(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
            for call in message.get("tool_calls") or []
        ]
        counted = Usage(0, 0)
        if usage and usage.tokens:
            counted = Usage(
                read=int(usage.tokens.input_tokens),
                written=int(usage.tokens.output_tokens),
                cached=int(usage.cached_tokens or 0),
            )
        # Beside calls, Cohere's plan is where words stand.
        text += message.get("tool_plan") or ""
        return Heard(text, calls, self.stops[stop], counted, message, thoughts)

    @staticmethod
    def messages(prompt: Prompt) -> list[dict]:
        parts = [
            {"type": "image_url", "image_url": {"url": f"data:{media};base64,{data}"}} for media, data in prompt.images
        ]
        content = [{"type": "text", "text": prompt.text}, *parts] if parts else prompt.text
        system = [{"role": "system", "content": prompt.system}] if prompt.system else []
        return [*system, {"role": "user", "content": content}]

    def refused(self, exception) -> Refused:
        body = exception.body
        return Refused(exception.status_code, body["message"] if isinstance(body, dict) else str(body), body)

    def embed(self, model: str, texts: list[str]) -> list[list[float]]:
        answer = self.client.embed(
            model=model, texts=texts, input_type="search_query", embedding_types=["float"], request_options=self.once
        )
        return answer.embeddings.float_
