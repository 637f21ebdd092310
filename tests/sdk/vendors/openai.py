"""OpenAI, and three vendors whose wire is OpenAI's with ways of its own.

Sources: OpenAI API reference, "Chat Completions"; Microsoft Learn, "Azure OpenAI REST API reference"; DeepSeek API
docs, "Create Chat Completion", "Thinking mode" and "Error codes"; Mistral API reference, "Chat Completion" and
"Reasoning"; read 2026-11.
"""

from wires import Asked, OpenAIWire, Said, Usage, sse

from .vendor import CACHED, IDS, IMAGES, MATRIX_KEY, REFUSES, SCHEMA, THINKING, THINKS, Refusal, Vendor


class OpenAI(OpenAIWire, Vendor):
    """OpenAI itself."""

    model = "matrix-openai"
    can = frozenset({IDS, IMAGES, SCHEMA, REFUSES})
    tells = frozenset({CACHED, THINKING})

    def deployment(self, mock_url: str) -> dict:
        return {"model": "openai/gpt-4.1", "api_base": f"{mock_url}/v1", "api_key": MATRIX_KEY}

    def address(self, streamed: bool) -> str:
        return "/v1/chat/completions"

    def says(self, said: Said, streamed: bool, **more) -> dict:
        return super().says(said, streamed, **more) | {"path": self.address(streamed)}

    def refusal(self, kind: str) -> Refusal:
        status, message, type_, code = {
            "key": (401, "Incorrect API key provided: vendor-k****7777.", "invalid_request_error", "invalid_api_key"),
            "model": (404, "The model `gpt-4.1` does not exist.", "invalid_request_error", "model_not_found"),
            "rate": (429, "Rate limit reached for gpt-4.1.", "requests", "rate_limit_exceeded"),
            "window": (
                400,
                "This model's maximum context length is 1047576 tokens. However, your messages resulted in 1050000.",
                "invalid_request_error",
                "context_length_exceeded",
            ),
        }[kind]
        headers = {"retry-after": "17"} if kind == "rate" else {}
        return Refusal(status, message, self.error(message, type_, code), headers)


class Azure(OpenAI):
    """A deployment of Azure's, at an address with a dated version."""

    name = "azure"
    model = "matrix-azure"
    key_header = ("api-key", f"***{MATRIX_KEY[-4:]}")

    def deployment(self, mock_url: str) -> dict:
        params = {"model": "azure/gpt-4.1", "api_base": mock_url, "api_key": MATRIX_KEY}
        return params | {"api_version": "2024-10-21"}

    def address(self, streamed: bool) -> str:
        return "/openai/deployments/gpt-4.1/chat/completions?api-version=2024-10-21"


class DeepSeek(OpenAI):
    """Thinking as `reasoning_content`, and cached tokens in words of its own."""

    name = "deepseek"
    model = "matrix-deepseek"
    can = frozenset({IDS, THINKS, SCHEMA})
    form = "prompt"

    def deployment(self, mock_url: str) -> dict:
        return {"model": "deepseek/deepseek-reasoner", "api_base": mock_url, "api_key": MATRIX_KEY}

    def address(self, streamed: bool) -> str:
        return "/chat/completions"

    def usage(self, usage: Usage) -> dict:
        counts = super().usage(usage)
        counts["prompt_cache_hit_tokens"] = usage.cached
        counts["prompt_cache_miss_tokens"] = usage.read - usage.cached
        return counts

    def whole(self, said: Said, **message) -> dict:
        return super().whole(said, **({"reasoning_content": said.thoughts} if said.thoughts else {}), **message)

    def stream(self, said: Said) -> str:
        thoughts = [self.delta({"content": None, "reasoning_content": said.thoughts})] if said.thoughts else []
        return sse(*thoughts) + super().stream(said)

    def refusal(self, kind: str) -> Refusal:
        status, message, type_ = {
            "key": (401, "Authentication Fails, Your api key: ****7777 is invalid", "authentication_error"),
            "model": (404, "Model Not Exist", "invalid_request_error"),
            "rate": (429, "Rate limit reached", "rate_limit_error"),
            "window": (
                400,
                "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens.",
                "invalid_request_error",
            ),
        }[kind]
        headers = {"retry-after": "17"} if kind == "rate" else {}
        return Refusal(status, message, self.error(message, type_, "invalid_request_error"), headers)


class Mistral(OpenAI):
    """Thinking as parts of the content."""

    name = "mistral"
    model = "matrix-mistral"
    can = frozenset({IDS, THINKS, IMAGES, SCHEMA})
    tells = frozenset({CACHED})
    stops = OpenAIWire.stops | {"length": "length"}

    def deployment(self, mock_url: str) -> dict:
        return {"model": "mistral/magistral-medium-latest", "api_base": f"{mock_url}/v1", "api_key": MATRIX_KEY}

    def usage(self, usage: Usage) -> dict:
        counts = {"prompt_tokens": usage.read, "completion_tokens": usage.written}
        counts["total_tokens"] = usage.read + usage.written
        return counts | ({"prompt_tokens_details": {"cached_tokens": usage.cached}} if usage.cached else {})

    @staticmethod
    def parts(said: Said) -> list[dict]:
        thinking = {"type": "thinking", "thinking": [{"type": "text", "text": said.thoughts}], "closed": True}
        return [thinking, {"type": "text", "text": said.text}] if said.text else [thinking]

    def whole(self, said: Said, **message) -> dict:
        return super().whole(said, **({"content": self.parts(said)} if said.thoughts else {}), **message)

    def stream(self, said: Said) -> str:
        if not said.thoughts:
            return super().stream(said)
        thinking = self.parts(said)[:1]
        return sse(self.delta({"role": "assistant", "content": thinking})) + super().stream(said)

    def read(self, body: dict) -> Asked:
        thoughts = []
        messages = []
        for message in body["messages"]:
            content = message.get("content")
            if isinstance(content, list):
                for part in content:
                    if part["type"] == "thinking":
                        thoughts.append("".join(piece["text"] for piece in part["thinking"]))
                message = message | {"content": [part for part in content if part["type"] != "thinking"]}
                # Mistral takes an image's address as a text as well as an object.
                for part in message["content"]:
                    if part["type"] == "image_url" and isinstance(part["image_url"], str):
                        part["image_url"] = {"url": part["image_url"]}
            messages.append(message)
        asked = super().read(body | {"messages": messages})
        asked.thoughts += thoughts
        return asked

    def refusal(self, kind: str) -> Refusal:
        status, message, body = {
            "key": (401, "Unauthorized", {"detail": "Unauthorized"}),
            "model": (404, "Not Found", {"detail": "Not Found"}),
            "rate": (429, "Requests rate limit exceeded", None),
            "window": (400, "Prompt contains 140000 tokens and 0 draft tokens, too large for model with 131072", None),
        }[kind]
        error = {"object": "error", "message": message, "type": "invalid_request", "param": None, "code": "3051"}
        return Refusal(status, message, body or error, {"retry-after": "17"} if kind == "rate" else {})
