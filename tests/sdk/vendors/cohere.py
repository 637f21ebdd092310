"""Cohere's v2 chat.

Sources: Cohere API reference, "Chat V2", "Chat with Streaming" and "Errors"; Cohere docs, "Reasoning"; read 2026-11.
"""

import json

from wires import Asked, OpenAIWire, Said, Usage, exchange, pieces, sse

from .vendor import CACHED, IDS, IMAGES, MATRIX_KEY, SCHEMA, THINKS, Refusal, Vendor


class Cohere(Vendor):
    """Command models."""

    name = "cohere"
    model = "matrix-cohere"
    can = frozenset({IDS, THINKS, IMAGES, SCHEMA})
    tells = frozenset({CACHED})
    stops = {"stop": "COMPLETE", "tools": "TOOL_CALL", "length": "MAX_TOKENS"}

    def deployment(self, mock_url: str) -> dict:
        return {"model": "cohere/command-a-03-2025", "api_base": mock_url, "api_key": MATRIX_KEY}

    def address(self, streamed: bool) -> str:
        return "/v2/chat"

    def says(self, said: Said, streamed: bool, **more) -> dict:
        return exchange(self.address(streamed), self.stream(said) if streamed else self.whole(said), **more)

    def usage(self, usage: Usage) -> dict:
        return {
            "billed_units": {"input_tokens": usage.read - 2, "output_tokens": usage.written},
            "tokens": {"input_tokens": usage.read, "output_tokens": usage.written},
            "cached_tokens": usage.cached,
        }

    @staticmethod
    def call(call) -> dict:
        function = {"name": call.name, "arguments": json.dumps(call.arguments)}
        return {"id": call.id, "type": "function", "function": function}

    def whole(self, said: Said) -> dict:
        content = [{"type": "thinking", "thinking": said.thoughts}] if said.thoughts else []
        content += [{"type": "text", "text": said.text}] if said.text else []
        message = {"role": "assistant"} | ({"content": content} if content else {})
        if said.calls:
            message["tool_calls"] = [self.call(call) for call in said.calls]
        return {
            "id": "c14c80c3-18eb-4519-9460-6c92edd8cfb4",
            "finish_reason": self.stops[said.stop],
            "message": message,
            "usage": self.usage(said.usage),
        }

    def stream(self, said: Said) -> str:
        empty = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        events = [{"type": "message-start", "id": "c14c80c3", "delta": {"message": empty}}]

        def content(index: int, kind: str, text: str):
            start = {"message": {"content": {"type": kind, kind: ""}}}
            events.append({"type": "content-start", "index": index, "delta": start})
            for piece in pieces(text):
                delta = {"message": {"content": {kind: piece}}}
                events.append({"type": "content-delta", "index": index, "delta": delta})
            events.append({"type": "content-end", "index": index})

        if said.thoughts:
            content(0, "thinking", said.thoughts)
        if said.text:
            content(1 if said.thoughts else 0, "text", said.text)
        for index, call in enumerate(said.calls):
            opened = self.call(call)
            opened["function"]["arguments"] = ""
            events.append({"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": opened}}})
            for piece in pieces(json.dumps(call.arguments)):
                delta = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
                events.append({"type": "tool-call-delta", "index": index, "delta": delta})
            events.append({"type": "tool-call-end", "index": index})
        end = {"finish_reason": self.stops[said.stop], "usage": self.usage(said.usage)}
        events.append({"type": "message-end", "delta": end})
        return sse(*((event["type"], event) for event in events))

    def read(self, body: dict) -> Asked:
        """Messages, tools and results are OpenAI's, but for thinking."""
        thoughts = []
        messages = []
        for message in body["messages"]:
            if message.get("tool_plan"):
                thoughts.append(message["tool_plan"])
            content = message.get("content")
            if isinstance(content, list):
                thoughts += [part["thinking"] for part in content if part["type"] == "thinking"]
                content = [part for part in content if part["type"] != "thinking"]
                documents = [part for part in content if part["type"] == "document"]
                content = [part for part in content if part["type"] != "document"]
                words = [str(document["document"]["data"]) for document in documents]
                content += [{"type": "text", "text": text} for text in words]
                message = message | {"content": content}
            messages.append(message)
        asked = OpenAIWire().read(body | {"messages": messages, "response_format": {}})
        asked.thoughts += thoughts
        asked.schema = body.get("response_format", {}).get("json_schema")
        return asked

    def refusal(self, kind: str) -> Refusal:
        status, message = {
            "key": (401, "invalid api token"),
            "model": (404, "model 'command-a-03-2025' not found, make sure the correct model ID was used."),
            "rate": (429, "You are past the per minute request limit, please wait and try again later."),
            "window": (400, "too many tokens: the total number of tokens in the prompt exceeds the limit of 256000."),
        }[kind]
        return Refusal(status, message, {"id": "8f3a", "message": message}, {})
