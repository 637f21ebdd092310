"""Where the client's dialect is the vendor's, bytes pass through: a closed list of edits, and nothing else."""

import json

import pytest

from harness import ANTHROPIC_KEY, MASTER_KEY, OPENAI_KEY
from vendors.openai import Mistral
from wires import AnthropicWire, OpenAIWire, Said, Usage, exchange

PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}

# Odd spaces, odd order, escapes, unknown members, numbers no float can hold: none of it is ours to change.
ODD = (
    '{ "zz_unknown" :\t[1.10, 1e3, 12345678901234567890, {"a":null}],\n'
    ' "messages" : [ {"content":"\\u00e9\\/ü ☃", "role":"user", "x_mine": true } ],'
    '"temperature":0.70,  "model": "MODEL" , "metadata":{"k":"v"}, "max_tokens" : 5 }\n'
)


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
def test_a_body_arrives_byte_for_byte(mock, http, vendor):
    json_type = {"content-type": "application/json"}
    body = ODD.replace("MODEL", f"{vendor}/hello")
    http.post(PATHS[vendor], content=body, headers=json_type).raise_for_status()
    assert mock.last().text == ODD.replace("MODEL", "hello")


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
def test_an_answer_comes_back_byte_for_byte(mock, http, vendor):
    wire = OpenAIWire() if vendor == "openai" else AnthropicWire()
    whole = wire.whole(Said("Hi")) if vendor == "openai" else wire.whole([{"type": "text", "text": "Hi"}])
    whole["zz_unknown"] = {"n": 1.5, "é": "☃"}
    request = {"model": f"{vendor}/hello", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5}
    mock.replay(exchange(wire.path, whole))
    told = http.post(wire.path, json=request)
    # httpx and the mock write JSON alike: without spaces, characters as they are.
    assert told.text == json.dumps(whole, separators=(",", ":"), ensure_ascii=False)

    odd = "event: zz_future\ndata: {\"type\":\"zz_future\"}\n\n: a comment\n\n" if vendor == "anthropic" else ""
    answer = wire.says(Said("Hi there"), True, chunk_bytes=11)
    answer["response"]["body_text"] = odd + answer["response"]["body_text"]
    mock.replay(answer)
    options = {"stream_options": {"include_usage": True}} if vendor == "openai" else {}
    told = http.post(wire.path, json=request | {"stream": True} | options)
    assert told.text == answer["response"]["body_text"]


def test_the_model_in_the_path(mock, http):
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    http.post("/openai/deployments/gpt/chat/completions?api-version=2024-10-21", json=body).raise_for_status()
    seen = mock.last()
    assert (seen.path, seen.query) == ("/v1/chat/completions", None)
    assert seen.body == body | {"model": "gpt-4.1"}


def test_gateway_only_members_are_removed(mock, http):
    gateway_only = {"num_retries": 2, "fallbacks": [], "tags": ["a"], "litellm_session_id": "s", "cache": {}}
    body = {"model": "gpt", "messages": [{"role": "user", "content": "Hi"}]}
    answer = http.post("/v1/chat/completions", json=body | gateway_only)
    assert mock.last().body == body | {"model": "gpt-4.1"}
    # What the gateway would have had to do and does not is told; what is for its books is not.
    notes = answer.headers["x-llm-gateway-notes"]
    assert notes == "dropped cache"


def test_members_that_only_anthropic_knows_stay_there(mock, http):
    """What an agent says to Anthropic alone would be refused by others as unknown."""
    own = {
        "top_k": 5,
        "speed": "fast",
        "container": "container_1",
        "inference_geo": "us",
        "mcp_servers": [],
        "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]},
        "cache_control": {"type": "ephemeral"},
    }
    body = {"model": "gpt", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9}
    answer = http.post("/v1/messages", json=body | own)
    assert answer.status_code == 200
    assert mock.last().body == body | {"model": "gpt-4.1"}
    notes = answer.headers["x-llm-gateway-notes"]
    assert all(f"dropped {name}" in notes for name in own)
    http.post("/v1/messages", json=body | own | {"model": "claude"})
    assert mock.last().body == body | own | {"model": "claude-sonnet-4-5"}


@pytest.mark.parametrize("asked", [None, False, True])
def test_usage_is_asked_for_and_withheld_from_who_did_not_ask(mock, openai_client, asked):
    wire = OpenAIWire()
    mock.replay(wire.says(Said("Hello"), True))
    options = {} if asked is None else {"stream_options": {"include_usage": asked}}
    request = {"model": "gpt", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    chunks = list(openai_client.chat.completions.create(**request, **options))
    assert mock.last().body["stream_options"] == {"include_usage": True}
    told = [chunk.usage for chunk in chunks if chunk.usage]
    if asked:
        assert told[0].total_tokens == Usage().read + Usage().written and not chunks[-1].choices
    else:
        assert not told and all(chunk.choices for chunk in chunks)


@pytest.mark.parametrize("thought", [None, "Hm."])
def test_usage_that_a_vendor_tells_unasked(mock, openai_client, thought):
    """Whether the bytes pass through or, for thinking in the history, are translated."""
    vendor = Mistral()
    mock.replay(vendor.says(Said("Hello"), True))
    said = [{"role": "assistant", "content": "Yes?", "reasoning_content": thought}] if thought else []
    messages = [{"role": "user", "content": "Hi"}, *said, {"role": "user", "content": "Who are you?"}]
    chunks = list(openai_client.chat.completions.create(model=vendor.model, messages=messages, stream=True))
    assert "stream_options" not in mock.last().body
    told = [chunk.usage.total_tokens for chunk in chunks if chunk.usage]
    assert told == [Usage().read + Usage().written]


@pytest.mark.parametrize("stream", [False, True])
def test_keys_and_headers_towards_the_vendor(mock, openai_client, anthropic_client, stream):
    messages = [{"role": "user", "content": "Hi"}]
    betas = {"anthropic-beta": "context-1m-2025-08-07,files-api-2025-04-14"}
    more = {"x-own-header": "mine", "cookie": "session=1", "openai-organization": "org-1", **betas}
    for model in ("openai/hello", "anthropic/hello"):
        told = openai_client.chat.completions.create(model=model, messages=messages, stream=stream, extra_headers=more)
        _ = list(told) if stream else None
        request = {"model": model, "messages": messages, "max_tokens": 9, "stream": stream}
        told = anthropic_client.messages.create(**request, extra_headers=more)
        _ = list(told) if stream else None

    openai_own, anthropic_to_openai, openai_to_anthropic, anthropic_own = mock.requests()
    for seen in (openai_own, anthropic_to_openai):
        assert seen.headers["authorization"] == f"Bearer ***{OPENAI_KEY[-4:]}"
        assert not {"x-api-key", "anthropic-version", "anthropic-beta"} & set(seen.headers)
    for seen in (openai_to_anthropic, anthropic_own):
        assert seen.headers["x-api-key"] == f"***{ANTHROPIC_KEY[-4:]}"
        assert "authorization" not in seen.headers
    # A version is always told: the client's own, where it has one.
    assert openai_to_anthropic.headers["anthropic-version"] == "2023-06-01"
    told = anthropic_client.default_headers["anthropic-version"]
    assert anthropic_own.headers["anthropic-version"] == told
    # A client's word for its own vendor is passed on; nothing else of the client's is.
    assert openai_own.headers["openai-organization"] == "org-1"
    assert anthropic_own.headers["anthropic-beta"] == betas["anthropic-beta"]
    for seen in mock.requests():
        assert not {"x-own-header", "cookie", "x-stainless-lang"} & set(seen.headers)
        assert seen.headers["content-type"] == "application/json"
    record = mock.record()
    assert MASTER_KEY not in record and MASTER_KEY[-4:] not in record
