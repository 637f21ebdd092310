"""Anthropic.

Sources: Anthropic API reference, "Messages", "Streaming messages" and "Errors"; read 2026-11.
"""

from wires import AnthropicWire, Said

from .vendor import CACHE_WRITE, CACHED, IDS, IMAGES, MATRIX_KEY, REFUSES, SCHEMA, SIGNS, THINKING, THINKS
from .vendor import Refusal, Vendor


class Anthropic(AnthropicWire, Vendor):
    """Anthropic itself."""

    model = "matrix-anthropic"
    can = frozenset({IDS, THINKS, SIGNS, IMAGES, SCHEMA, REFUSES})
    tells = frozenset({CACHED, CACHE_WRITE, THINKING})
    key_header = ("x-api-key", f"***{MATRIX_KEY[-4:]}")

    def deployment(self, mock_url: str) -> dict:
        return {"model": "anthropic/claude-sonnet-4-5", "api_base": mock_url, "api_key": MATRIX_KEY}

    def address(self, streamed: bool) -> str:
        return "/v1/messages"

    def refusal(self, kind: str) -> Refusal:
        status, message, type_ = {
            "key": (401, "invalid x-api-key", "authentication_error"),
            "model": (404, "model: claude-sonnet-4-5", "not_found_error"),
            "rate": (429, "This request would exceed your organization's rate limit.", "rate_limit_error"),
            "window": (400, "prompt is too long: 210000 tokens > 200000 maximum", "invalid_request_error"),
        }[kind]
        headers = {"retry-after": "17"} if kind == "rate" else {}
        return Refusal(status, message, self.error(message, type_), headers)
