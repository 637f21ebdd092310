"""Ollama's own API: a line of JSON for each piece.

Sources: Ollama docs, "Generate a chat message", "Thinking", "Tool calling" and "Errors"; read 2026-11.
"""

import json

from wires import Asked, Call, Said, Usage, exchange, pieces

from .vendor import IMAGES, MATRIX_KEY, SCHEMA, THINKS, Refusal, Vendor


class Ollama(Vendor):
    """A server of one's own, behind a proxy that wants a key."""

    name = "ollama"
    model = "matrix-ollama"
    can = frozenset({THINKS, IMAGES, SCHEMA})
    stops = {"stop": "stop", "tools": "stop", "length": "length"}

    def deployment(self, mock_url: str) -> dict:
        return {"model": "ollama/qwen3:4b", "api_base": mock_url, "api_key": MATRIX_KEY}

    def address(self, streamed: bool) -> str:
        return "/api/chat"

    def says(self, said: Said, streamed: bool, **more) -> dict:
        if not streamed:
            return exchange(self.address(False), self.line(self.message(said), said), **more)
        return exchange(self.address(True), self.stream(said), content_type="application/x-ndjson", **more)

    @staticmethod
    def message(said: Said) -> dict:
        message = {"role": "assistant", "content": said.text}
        if said.thoughts:
            message["thinking"] = said.thoughts
        if said.calls:
            calls = [{"function": {"name": call.name, "arguments": call.arguments}} for call in said.calls]
            message["tool_calls"] = calls
        return message

    def line(self, message: dict, last: Said | None = None) -> dict:
        line = {"model": "qwen3:4b", "created_at": "2026-11-02T08:00:00.5Z", "message": message, "done": bool(last)}
        if last:
            line |= {"done_reason": self.stops[last.stop], "total_duration": 900_000_000, "load_duration": 100_000_000}
            line |= {"prompt_eval_count": last.usage.read, "prompt_eval_duration": 50_000_000}
            line |= {"eval_count": last.usage.written, "eval_duration": 250_000_000}
        return line

    def stream(self, said: Said) -> str:
        empty = {"role": "assistant", "content": ""}
        lines = [self.line(empty | {"thinking": piece}) for piece in pieces(said.thoughts)]
        lines += [self.line(empty | {"content": piece}) for piece in pieces(said.text)]
        for call in said.calls:
            lines.append(self.line(empty | {"tool_calls": self.message(Said(calls=[call]))["tool_calls"]}))
        lines.append(self.line(empty, said))
        return "".join(json.dumps(line) + "\n" for line in lines)

    def read(self, body: dict) -> Asked:
        asked = Asked("", [], [], [], {}, [], {})
        for message in body["messages"]:
            match message["role"]:
                case "system":
                    asked.system += message["content"]
                case "user":
                    asked.texts.append(message["content"])
                case "tool":
                    asked.results[message["tool_name"]] = message["content"]
            # Pictures come without their kind.
            asked.images += message.get("images", [])
            if message.get("thinking"):
                asked.thoughts.append(message["thinking"])
            for call in message.get("tool_calls", []):
                function = call["function"]
                asked.calls.append(Call(function["name"], function["name"], function["arguments"]))
        for tool in body.get("tools", []):
            asked.tools[tool["function"]["name"]] = tool["function"]["parameters"]
        asked.schema = body.get("format")
        return asked

    def refusal(self, kind: str) -> Refusal:
        status, message = {
            "key": (401, "unauthorized"),
            "model": (404, "model 'qwen3:4b' not found"),
            "rate": (429, "too many requests"),
            "window": (400, "the prompt exceeds the available context size (40960 tokens)"),
        }[kind]
        return Refusal(status, message, {"error": message}, {})
