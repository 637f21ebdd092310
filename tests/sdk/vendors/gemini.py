"""Gemini, as AI Studio has it.

Sources: Gemini API reference, "Generating content", "Thinking" (thought signatures), "Function calling" and
"Troubleshooting"; read 2026-11.
"""

import base64
import re

from wires import Asked, Call, Said, Usage, exchange, pieces, sse

from .vendor import CACHED, IDS, IMAGES, MATRIX_KEY, REFUSES, SCHEMA, SIGNS, THINKING, THINKS, Refusal, Vendor


def unpacked(text: str) -> bytes:
    """Bytes in either alphabet of base64: JSON of protocol buffers takes both, and Google's SDK writes the second."""
    return base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_"))


# What follows these is the user's own.
OPAQUE = {"args", "response", "parametersJsonSchema", "responseJsonSchema", "parameters", "responseSchema"}


def spelled(value):
    """A message with its members in one spelling: both are taken, and Google's SDK mixes them."""
    if isinstance(value, list):
        return [spelled(one) for one in value]
    if not isinstance(value, dict):
        return value
    camel = {re.sub(r"_(.)", lambda found: found[1].upper(), name): one for name, one in value.items()}
    return {name: one if name in OPAQUE else spelled(one) for name, one in camel.items()}


def either(message: dict, *names: str):
    """The first of these members that is there."""
    return next((message[name] for name in names if name in message), None)


class Gemini(Vendor):
    """`generateContent` and `streamGenerateContent`."""

    name = "gemini"
    model = "matrix-gemini"
    can = frozenset({IDS, THINKS, SIGNS, IMAGES, SCHEMA, REFUSES})
    tells = frozenset({CACHED, THINKING})
    flagged = False
    key_header = ("x-goog-api-key", f"***{MATRIX_KEY[-4:]}")
    # A model that calls tools stops like any other.
    stops = {"stop": "STOP", "tools": "STOP", "length": "MAX_TOKENS", "refused": "SAFETY"}

    def deployment(self, mock_url: str) -> dict:
        return {"model": "gemini/gemini-2.5-flash", "api_base": f"{mock_url}/v1beta", "api_key": MATRIX_KEY}

    def address(self, streamed: bool) -> str:
        operation = "streamGenerateContent?alt=sse" if streamed else "generateContent"
        return f"/v1beta/models/gemini-2.5-flash:{operation}"

    def says(self, said: Said, streamed: bool, **more) -> dict:
        return exchange(self.address(streamed), self.stream(said) if streamed else self.whole(said), **more)

    def usage(self, usage: Usage) -> dict:
        counts = {
            "promptTokenCount": usage.read,
            "candidatesTokenCount": usage.written - usage.thinking,
            "totalTokenCount": usage.read + usage.written,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": usage.read}],
        }
        if usage.cached:
            counts["cachedContentTokenCount"] = usage.cached
            counts["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": usage.cached}]
        return counts | ({"thoughtsTokenCount": usage.thinking} if usage.thinking else {})

    @staticmethod
    def parts(said: Said, size: int) -> list[dict]:
        """The signature of thoughts is on the first call, or on the first of the text."""
        parts = [{"text": piece, "thought": True} for piece in pieces(said.thoughts, size)]
        spoken = [{"text": piece} for piece in pieces(said.text, size)]
        calls = [{"functionCall": {"id": call.id, "name": call.name, "args": call.arguments}} for call in said.calls]
        if said.signature:
            (calls or spoken)[0]["thoughtSignature"] = base64.b64encode(said.signature.encode()).decode()
        return parts + spoken + calls

    def answer(self, parts: list[dict], usage: dict, stop: str | None) -> dict:
        candidate = {"content": {"parts": parts, "role": "model"}, "index": 0}
        if stop:
            candidate["finishReason"] = self.stops[stop]
        return {
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": "gemini-2.5-flash",
            "responseId": "bXwSaaf2EJWm1MkPxrOIkQM",
        }

    def whole(self, said: Said) -> dict:
        return self.answer(self.parts(said, 1 << 20), self.usage(said.usage), said.stop)

    def stream(self, said: Said) -> str:
        """Every event tells the usage so far."""
        early = self.usage(Usage(read=said.usage.read, written=0))
        events = [self.answer([part], early, None) for part in self.parts(said, 7)]
        events.append(self.answer([{"text": ""}], self.usage(said.usage), said.stop))
        return sse(*((None, event) for event in events))

    def read(self, body: dict) -> Asked:
        body = spelled(body)
        system = "".join(part["text"] for part in body.get("systemInstruction", {}).get("parts", []))
        asked = Asked(system, [], [], [], {}, [], {})
        for content in body["contents"]:
            for part in content["parts"]:
                self._part(content["role"], part, asked)
        for tool in body.get("tools", []):
            for function in tool["functionDeclarations"]:
                asked.tools[function["name"]] = either(function, "parametersJsonSchema", "parameters")
        config = body.get("generationConfig", {})
        asked.schema = either(config, "responseJsonSchema", "responseSchema")
        return asked

    @staticmethod
    def _part(role: str, part: dict, asked: Asked):
        if signature := part.get("thoughtSignature"):
            asked.signatures.append(unpacked(signature).decode())
        match part:
            case {"thought": True}:
                asked.thoughts.append(part["text"])
            case {"functionCall": call}:
                asked.calls.append(Call(call.get("id", call["name"]), call["name"], call.get("args", {})))
            case {"functionResponse": response}:
                words = " ".join(str(value) for value in response["response"].values())
                asked.results[response.get("id", response["name"])] = words
            case {"inlineData": {"mimeType": "application/pdf", "data": data}}:
                asked.documents.append(data)
            case {"inlineData": {"mimeType": media, "data": data}}:
                asked.images.append(f"data:{media};base64,{base64.b64encode(unpacked(data)).decode()}")
            case {"text": text} if role == "user":
                asked.texts.append(text)

    def refusal(self, kind: str) -> Refusal:
        status, message, word = {
            "key": (401, "API key not valid. Please pass a valid API key.", "UNAUTHENTICATED"),
            "model": (404, "models/gemini-2.5-flash is not found for API version v1beta.", "NOT_FOUND"),
            "rate": (429, "You exceeded your current quota, please check your plan.", "RESOURCE_EXHAUSTED"),
            "window": (
                400,
                "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
                "INVALID_ARGUMENT",
            ),
        }[kind]
        details = []
        if kind == "rate":
            details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}]
        error = {"code": status, "message": message, "status": word, "details": details}
        return Refusal(status, message, {"error": error}, {})
