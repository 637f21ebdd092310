"""Failures: each becomes the exception that the client's SDK has for it, in the vendor's own words."""

import time

import anthropic
import httpx
import openai
import pytest

from harness import MASTER_KEY
from speakers import AnthropicSpeaker, OpenAISpeaker, Prompt
from wires import AnthropicWire, OpenAIWire, exchange

HELLO = Prompt("Hello")

# status and Anthropic's type -> the status told, and the exceptions of both SDKs
STATUSES = [
    (400, "invalid_request_error", 400, "BadRequestError"),
    (401, "authentication_error", 401, "AuthenticationError"),
    (403, "permission_error", 403, "PermissionDeniedError"),
    (404, "not_found_error", 404, "NotFoundError"),
    (409, "conflict_error", 409, "ConflictError"),
    (422, "invalid_request_error", 422, "UnprocessableEntityError"),
    (429, "rate_limit_error", 429, "RateLimitError"),
    (500, "api_error", 500, "InternalServerError"),
    (503, "api_error", 503, "InternalServerError"),
]


def vendor_error(wire, kind: str, message: str, **more) -> dict:
    if wire.name == "openai":
        return wire.error(message, kind, **more)
    return wire.error(message, kind)


@pytest.mark.parametrize("status, kind, told, exception", STATUSES)
def test_statuses(mock, speaker, wire, streamed, status, kind, told, exception):
    message = f"The vendor's own words on {status}."
    mock.replay(exchange(wire.path, vendor_error(wire, kind, message), status=status))
    with pytest.raises(getattr(speaker.errors, exception)) as raised:
        speaker.ask(wire.model, HELLO, streamed)
    error = raised.value
    assert error.status_code == told
    assert message in error.message
    assert error.response.headers["x-llm-gateway-layer"] == "provider"
    assert error.response.headers["x-llm-gateway-provider"] == wire.name
    assert error.response.headers["x-request-id"]


def test_overload_is_overload(mock, anthropic_client, openai_client):
    """529 is Anthropic's; its own clients get it, others what they know."""
    wire = AnthropicWire()
    overloaded = exchange(wire.path, wire.error("Overloaded", "overloaded_error"), status=529)
    mock.replay(overloaded, overloaded)
    with pytest.raises(anthropic.InternalServerError) as raised:
        AnthropicSpeaker(anthropic_client).ask("claude", HELLO)
    assert raised.value.status_code == 529
    assert raised.value.body["error"]["type"] == "overloaded_error"
    with pytest.raises(openai.InternalServerError) as raised:
        OpenAISpeaker(openai_client).ask("claude", HELLO)
    assert raised.value.status_code == 503


def test_retry_after_is_kept(mock, speaker, wire):
    body = vendor_error(wire, "rate_limit_error", "Slow down.")
    mock.replay(exchange(wire.path, body, status=429, headers={"retry-after": "17"}))
    with pytest.raises(speaker.errors.RateLimitError) as raised:
        speaker.ask(wire.model, HELLO)
    assert raised.value.response.headers["retry-after"] == "17"


def test_the_context_window(mock, speaker, wire):
    """OpenAI's clients look at the code, Anthropic's at the words."""
    if wire.name == "openai":
        message = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
        body = wire.error(message, code="context_length_exceeded", param="messages")
    else:
        message = "prompt is too long: 210000 tokens > 200000 maximum"
        body = wire.error(message)
    mock.replay(exchange(wire.path, body, status=400))
    with pytest.raises(speaker.errors.BadRequestError) as raised:
        speaker.ask(wire.model, HELLO)
    assert message in raised.value.message
    if speaker.name == "openai":
        assert raised.value.code == "context_length_exceeded"
    else:
        assert "prompt is too long" in raised.value.body["error"]["message"]


def test_content_policy_and_quota(mock, openai_client):
    wire = OpenAIWire()
    policy = wire.error("Rejected as a result of our safety system.", code="content_policy_violation")
    quota = wire.error("You exceeded your current quota.", "insufficient_quota", "insufficient_quota")
    mock.replay(exchange(wire.path, policy, status=400), exchange(wire.path, quota, status=429))
    speaker = OpenAISpeaker(openai_client)
    with pytest.raises(openai.BadRequestError) as raised:
        speaker.ask("gpt", HELLO)
    assert raised.value.code == "content_policy_violation"
    with pytest.raises(openai.RateLimitError) as raised:
        speaker.ask("gpt", HELLO)
    assert (raised.value.code, raised.value.type) == ("insufficient_quota", "insufficient_quota")


def test_the_field_at_fault_is_kept(mock, openai_client):
    wire = OpenAIWire()
    mock.replay(exchange(wire.path, wire.error("Invalid type.", param="messages[0].content"), status=400))
    with pytest.raises(openai.BadRequestError) as raised:
        OpenAISpeaker(openai_client).ask("gpt", HELLO)
    assert raised.value.param == "messages[0].content"


@pytest.mark.parametrize("body, content_type", [("<html>Bad gateway</html>", "text/html"), ("", "text/plain")])
def test_errors_that_are_no_json(mock, speaker, wire, body, content_type):
    answer = exchange(wire.path, body, status=502)
    answer["response"]["content_type"] = content_type
    mock.replay(answer)
    with pytest.raises(speaker.errors.InternalServerError) as raised:
        speaker.ask(wire.model, HELLO)
    assert raised.value.status_code == 502 and raised.value.message


def test_an_answer_that_is_none(mock, speaker, wire):
    answer = exchange(wire.path, "surely not JSON")
    answer["response"]["content_type"] = "application/json"
    mock.replay(answer)
    with pytest.raises(speaker.errors.InternalServerError) as raised:
        speaker.ask(wire.model, HELLO)
    assert raised.value.status_code == 502


@pytest.mark.parametrize("key, words", [("sk-wrong", "not known"), ("", "no key")])
def test_keys(gateway, key, words):
    """Wrong and missing keys, in both dialects, for a model and for a list."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(base_url=gateway.url, headers=headers, trust_env=False) as http:
        openai_error = http.post("/v1/chat/completions", json={}).json()["error"]
        assert words in openai_error["message"] and openai_error["type"] == "authentication_error"
        told = http.post("/v1/messages", json={})
        assert told.status_code == 401 and told.headers["x-llm-gateway-layer"] == "auth"
        anthropic_error = told.json()
        assert anthropic_error["type"] == "error"
        assert anthropic_error["error"]["type"] == "authentication_error"
        assert words in anthropic_error["error"]["message"]
        assert http.get("/v1/models").status_code == 401
    if key:
        with pytest.raises(openai.AuthenticationError):
            openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0).models.list()
        with pytest.raises(anthropic.AuthenticationError):
            anthropic.Anthropic(base_url=gateway.url, api_key=key, max_retries=0).models.list()


def test_every_place_for_a_key(gateway):
    for name, value in [
        ("authorization", f"Bearer {MASTER_KEY}"),
        ("x-api-key", MASTER_KEY),
        ("api-key", MASTER_KEY),
        ("x-litellm-api-key", f"Bearer {MASTER_KEY}"),
    ]:
        assert httpx.get(f"{gateway.url}/v1/models", headers={name: value}, trust_env=False).status_code == 200, name


def test_an_unknown_model(mock, speaker):
    with pytest.raises(speaker.errors.NotFoundError) as raised:
        speaker.ask("clude", HELLO)
    assert "did you mean" in raised.value.message and "claude" in raised.value.message
    assert raised.value.response.headers["x-llm-gateway-layer"] == "router"
    assert not mock.requests()


def test_a_timeout_of_the_gateway(mock, speaker, wire, streamed):
    """The client asks the gateway to give up after a while; it does, and says so."""
    mock.script({"delay_ms": 60_000})
    began = time.monotonic()
    with pytest.raises(speaker.errors.APIStatusError) as raised:
        speaker.ask(wire.model, HELLO, streamed, extra_headers={"x-litellm-timeout": "0.3"})
    assert raised.value.status_code == 504
    assert raised.value.response.headers["x-llm-gateway-layer"] == "transport"
    assert 0.3 <= time.monotonic() - began < 5


def test_a_timeout_of_the_client(mock, speaker, wire):
    mock.script({"delay_ms": 60_000})
    with pytest.raises(speaker.errors.APITimeoutError):
        speaker.ask(wire.model, HELLO, timeout=0.3)


def test_retries_of_the_sdk(mock, gateway):
    """The SDKs' own retries work through the gateway: they see the vendor's 429 and its `retry-after`."""
    refusal = {"error": {"status": 429, "retry_after_s": 0}}
    mock.script(refusal, {"text": "At last."})
    client = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=MASTER_KEY, max_retries=2)
    assert OpenAISpeaker(client).ask("claude", HELLO).text == "At last."
    mock.reset()
    mock.script(refusal, {"text": "At last."})
    client = anthropic.Anthropic(base_url=gateway.url, api_key=MASTER_KEY, max_retries=2)
    assert AnthropicSpeaker(client).ask("gpt", HELLO).text == "At last."
    assert len(mock.requests()) == 2
