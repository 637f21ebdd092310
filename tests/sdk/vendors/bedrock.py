"""Amazon Bedrock: Converse, and ConverseStream in the framing of AWS event streams.

Sources: Amazon Bedrock API reference, "Converse", "ConverseStream" and "Common errors"; Amazon Transcribe developer
guide, "Event stream encoding" (the framing that all of AWS has in common); read 2026-11.
"""

import json
import struct
import zlib

from harness import Seen
from wires import Asked, Call, Said, Usage, exchange, pieces

from .vendor import CACHE_WRITE, CACHED, IDS, IMAGES, MATRIX_KEY, REFUSES, SCHEMA, SIGNS, THINKS
from .vendor import Refusal, Vendor


def frame(event: str, payload: dict, kind: str = "event") -> bytes:
    """A message of an event stream: a prelude with its checksum, headers, payload, and a checksum of all."""
    headers = b""
    for name, value in [(f":{kind}-type", event), (":content-type", "application/json"), (":message-type", kind)]:
        headers += struct.pack("!B", len(name)) + name.encode()
        headers += struct.pack("!BH", 7, len(value)) + value.encode()
    data = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(data), len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + data
    return message + struct.pack("!I", zlib.crc32(message))


class Bedrock(Vendor):
    """Claude by Converse, with requests that are signed."""

    name = "bedrock"
    model = "matrix-bedrock"
    upstream = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    can = frozenset({IDS, THINKS, SIGNS, IMAGES, SCHEMA, REFUSES})
    tells = frozenset({CACHED, CACHE_WRITE})
    flagged = False
    stops = {"stop": "end_turn", "tools": "tool_use", "length": "max_tokens", "refused": "content_filtered"}

    def deployment(self, mock_url: str) -> dict:
        return {
            "model": f"bedrock/{self.upstream}",
            "api_base": mock_url,
            "aws_access_key_id": "AKIDEXAMPLE",
            "aws_secret_access_key": MATRIX_KEY,
            "aws_region_name": "eu-central-1",
        }

    def address(self, streamed: bool) -> str:
        model = self.upstream.replace(":", "%3A")
        return f"/model/{model}/converse{'-stream' if streamed else ''}"

    def check_head(self, seen: Seen, streamed: bool):
        assert seen.path == self.address(streamed) and seen.query is None
        # The mock keeps the scheme and the end of the signature.
        assert seen.headers["authorization"].startswith("AWS4-HMAC-SHA256 ***")
        assert seen.headers["x-amz-date"].endswith("Z")
        assert seen.headers["content-type"] == "application/json"
        assert not {"stream", "modelId", "model"} & set(seen.body)

    def says(self, said: Said, streamed: bool, **more) -> dict:
        if not streamed:
            return exchange(self.address(False), self.whole(said), **more)
        kind = "application/vnd.amazon.eventstream"
        return exchange(self.address(True), self.stream(said), content_type=kind, **more)

    def usage(self, usage: Usage) -> dict:
        return {
            "inputTokens": usage.read - usage.cached - usage.cache_write,
            "outputTokens": usage.written,
            "totalTokens": usage.read + usage.written,
            "cacheReadInputTokens": usage.cached,
            "cacheWriteInputTokens": usage.cache_write,
        }

    def whole(self, said: Said) -> dict:
        content = []
        if said.thoughts:
            reasoning = {"text": said.thoughts} | ({"signature": said.signature} if said.signature else {})
            content.append({"reasoningContent": {"reasoningText": reasoning}})
        if said.text:
            content.append({"text": said.text})
        for call in said.calls:
            content.append({"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments}})
        return {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": self.stops[said.stop],
            "usage": self.usage(said.usage),
            "metrics": {"latencyMs": 1175},
        }

    def stream(self, said: Said) -> bytes:
        frames = [frame("messageStart", {"role": "assistant", "p": "abcd"})]
        index = 0

        def block(deltas: list[dict], start: dict | None = None):
            nonlocal index
            if start:
                frames.append(frame("contentBlockStart", {"contentBlockIndex": index, "start": start}))
            for delta in deltas:
                frames.append(frame("contentBlockDelta", {"contentBlockIndex": index, "delta": delta, "p": "ab"}))
            frames.append(frame("contentBlockStop", {"contentBlockIndex": index}))
            index += 1

        if said.thoughts:
            deltas = [{"reasoningContent": {"text": piece}} for piece in pieces(said.thoughts)]
            if said.signature:
                deltas.append({"reasoningContent": {"signature": said.signature}})
            block(deltas)
        if said.text:
            block([{"text": piece} for piece in pieces(said.text)])
        for call in said.calls:
            start = {"toolUse": {"toolUseId": call.id, "name": call.name}}
            block([{"toolUse": {"input": piece}} for piece in pieces(json.dumps(call.arguments))], start)
        frames.append(frame("messageStop", {"stopReason": self.stops[said.stop]}))
        frames.append(frame("metadata", {"usage": self.usage(said.usage), "metrics": {"latencyMs": 1175}}))
        return b"".join(frames)

    def read(self, body: dict) -> Asked:
        system = "".join(block["text"] for block in body.get("system", []))
        asked = Asked(system, [], [], [], {}, [], {})
        for message in body["messages"]:
            for block in message["content"]:
                self._block(message["role"], block, asked)
        if form := body.get("outputConfig", {}).get("textFormat"):
            asked.schema = json.loads(form["structure"]["jsonSchema"]["schema"])
        for tool in body.get("toolConfig", {}).get("tools", []):
            spec = tool["toolSpec"]
            asked.tools[spec["name"]] = spec["inputSchema"]["json"]
        return asked

    @staticmethod
    def _block(role: str, block: dict, asked: Asked):
        match block:
            case {"text": text} if role == "user":
                asked.texts.append(text)
            case {"image": {"format": form, "source": {"bytes": data}}}:
                asked.images.append(f"data:image/{form};base64,{data}")
            case {"document": {"source": {"bytes": data}}}:
                asked.documents.append(data)
            case {"reasoningContent": {"reasoningText": reasoning}}:
                asked.thoughts.append(reasoning["text"])
                if "signature" in reasoning:
                    asked.signatures.append(reasoning["signature"])
            case {"toolUse": use}:
                asked.calls.append(Call(use["toolUseId"], use["name"], use["input"]))
            case {"toolResult": result}:
                asked.results[result["toolUseId"]] = "".join(part["text"] for part in result["content"])

    def refusal(self, kind: str) -> Refusal:
        status, message, word = {
            "key": (403, "The security token included in the request is invalid.", "UnrecognizedClientException"),
            "model": (404, "Could not resolve the foundation model from the provided model identifier.", "ResourceNotFoundException"),
            "rate": (429, "Too many requests, please wait before trying again.", "ThrottlingException"),
            "window": (400, "Input is too long for requested model.", "ValidationException"),
        }[kind]
        return Refusal(status, message, {"message": message}, {"x-amzn-errortype": word})


class BedrockNova(Bedrock):
    """An Amazon model with a Bedrock API key, and thinking without signatures."""

    model = "matrix-nova"
    upstream = "us.amazon.nova-2-lite-v1:0"
    can = frozenset({IDS, THINKS, IMAGES, SCHEMA, REFUSES})
    form = "tool"

    def deployment(self, mock_url: str) -> dict:
        params = {"model": f"bedrock/{self.upstream}", "api_base": mock_url, "api_key": MATRIX_KEY}
        return params | {"aws_region_name": "us-east-1"}

    def check_head(self, seen: Seen, streamed: bool):
        Vendor.check_head(self, seen, streamed)
