"""The contract in plain HTTP: headers, notes, strict mode, bad input, lists, health."""

import json
import re

import pytest

from wires import AnthropicWire, OpenAIWire, Said, exchange

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
USER = [{"role": "user", "content": "Hi"}]


def ask(model: str, **more) -> dict:
    return {"model": model, "messages": USER, "max_tokens": 9} | more


def error_of(response) -> dict:
    """The error, in the dialect of the path that was asked; both shapes are checked."""
    body = response.json()
    if response.request.url.path.startswith(MESSAGES):
        assert body["type"] == "error" and body["request_id"] == response.headers["x-request-id"]
        return body["error"]
    assert set(body["error"]) == {"message", "type", "param", "code"}
    return body["error"]


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("stream", [False, True])
def test_headers_of_an_answer(mock, http, wire, path, stream):
    limits = {"x-ratelimit-remaining-requests": "59", "anthropic-ratelimit-tokens-limit": "100", "set-cookie": "a=b"}
    mock.replay(wire.says(Said("Hello"), stream, headers=limits))
    answer = http.post(path, json=ask(wire.model, stream=stream), headers={"x-request-id": "my-name.1"})
    assert answer.status_code == 200
    headers = answer.headers
    assert headers["x-request-id"] == headers["x-litellm-call-id"] == "my-name.1"
    assert headers["x-litellm-model-group"] == wire.model
    assert headers["x-litellm-model-id"] == headers["x-llm-gateway-deployment"]
    assert headers["x-llm-gateway-provider"] == wire.name
    assert headers["x-litellm-model-api-base"].startswith("http://127.0.0.1")
    assert (headers["x-litellm-attempted-retries"], headers["x-litellm-attempted-fallbacks"]) == ("0", "0")
    assert float(headers["x-litellm-response-duration-ms"]) >= float(headers["x-litellm-overhead-duration-ms"]) >= 0
    assert re.fullmatch(r"\d+\.\d+\.\d+", headers["x-litellm-version"])
    assert headers["x-ratelimit-remaining-requests"] == "59"
    assert headers["llm_provider-anthropic-ratelimit-tokens-limit"] == "100"
    assert "set-cookie" not in headers and "x-llm-gateway-layer" not in headers
    kind = "text/event-stream; charset=utf-8" if stream else "application/json"
    assert headers["content-type"] == kind
    assert "content-encoding" not in headers


@pytest.mark.parametrize("bad", ["", "x" * 129, "with space", 'quo"te', "semi;colon"])
def test_odd_request_names_are_replaced(mock, http, bad):
    answer = http.get("/health/liveliness", headers={"x-request-id": bad})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/health/liveliness", 200),
        ("GET", "/health/liveness", 200),
        ("GET", "/health/readiness", 200),
        ("GET", "/health", 200),
        ("GET", "/metrics", 200),
        ("GET", "/v1/models", 200),
        ("GET", "/v1/models/gpt", 200),
        ("GET", "/v1/models/nothing", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", CHAT, 405),
        ("DELETE", MESSAGES, 405),
        ("POST", CHAT, 400),
    ],
)
def test_every_answer_has_a_name_and_a_version(http, method, path, status):
    answer = http.request(method, path, headers={"x-request-id": "n-1"})
    assert answer.status_code == status
    assert answer.headers["x-request-id"] == answer.headers["x-litellm-call-id"] == "n-1"
    assert "x-litellm-version" in answer.headers
    if status >= 400:
        error = error_of(answer)
        assert error["message"] and answer.headers["x-llm-gateway-layer"] in ("client", "router")


def test_metrics_count_what_happened(mock, http):
    http.post(CHAT, json=ask("claude")).raise_for_status()
    http.post(CHAT, json=ask("nothing"))
    text = http.get("/metrics").text
    assert re.search(r'llm_gateway_requests_total\{[^}]*provider="anthropic"[^}]*outcome="answered"[^}]*\} \d', text)
    assert re.search(r'error_kind="not_found",error_layer="router"', text)
    assert "llm_gateway_in_flight" in text and text.endswith("# EOF\n")


# -- notes and the strict mode


def test_notes_name_what_was_changed(mock, http):
    request = ask("claude", logit_bias={"50256": -100}, seed=7, temperature=1.7)
    answer = http.post(CHAT, json=request)
    notes = answer.headers["x-llm-gateway-notes"].split("; ")
    assert {"dropped logit_bias", "dropped seed", "clamped temperature"} <= set(notes)
    assert "x-llm-gateway-notes-json" not in answer.headers
    body = mock.last().body
    assert body["temperature"] == 1 and not {"logit_bias", "seed"} & set(body)

    answer = http.post(CHAT, json=request, headers={"x-llm-gateway-explain": "notes"})
    told = json.loads(answer.headers["x-llm-gateway-notes-json"])
    assert {"kind": "dropped", "path": "seed", "detail": "Anthropic has no such parameter"} in told


def test_nothing_is_noted_where_nothing_was_changed(mock, http):
    for path, model in ((CHAT, "gpt"), (MESSAGES, "claude"), (CHAT, "claude"), (MESSAGES, "gpt")):
        answer = http.post(path, json=ask(model))
        assert answer.status_code == 200
        assert "x-llm-gateway-notes" not in answer.headers, (path, model, answer.headers)


@pytest.mark.parametrize(
    "path, model, lost, field",
    [
        (CHAT, "claude", {"seed": 7}, "seed"),
        (CHAT, "claude", {"n": 2}, "n"),
        (CHAT, "claude", {"temperature": 1.7}, "temperature"),
        (MESSAGES, "gpt", {"top_k": 5}, "top_k"),
    ],
)
def test_strict_mode_refuses_losses(mock, http, path, model, lost, field):
    answer = http.post(path, json=ask(model, **lost), headers={"x-llm-gateway-on-loss": "reject"})
    assert answer.status_code == 400
    error = error_of(answer)
    assert field in error["message"] and error["param"] == field
    assert answer.headers["x-llm-gateway-layer"] == "translation"
    assert not mock.requests()

    answer = http.post(path, json=ask(model), headers={"x-llm-gateway-on-loss": "reject"})
    assert answer.status_code == 200


def test_strict_mode_has_two_words(http):
    answer = http.post(CHAT, json=ask("claude"), headers={"x-llm-gateway-on-loss": "maybe"})
    assert answer.status_code == 400 and "x-llm-gateway-on-loss" in error_of(answer)["message"]


# -- bad input

DEEP = '{"model":"gpt","messages":' + "[" * 200 + "]" * 200 + "}"
BAD = {
    "no_json": ("not JSON", 400, "JSON", None),
    "empty": ("", 400, "empty", None),
    "cut_off": ('{"model":"gpt","messages":[', 400, "JSON", None),
    "a_list": ("[1,2]", 400, "JSON object", None),
    "more_after_it": ('{"model":"gpt","messages":[]} x', 400, "JSON", None),
    "no_model": ('{"messages":[]}', 400, "missing", "model"),
    "model_is_a_number": ('{"model":5,"messages":[]}', 400, "string", "model"),
    "stream_is_a_word": ('{"model":"gpt","messages":[],"stream":"yes"}', 400, "boolean", "stream"),
    "model_twice": ('{"model":"gpt","model":"claude","messages":[]}', 400, "twice", "model"),
    "unknown_model": ('{"model":"nothing-like-it","messages":[]}', 404, "nothing-like-it", "model"),
    "too_deep": (DEEP, 400, "100 levels", None),
    "bad_utf8": (b'{"model":"gpt","messages":[{"role":"user","content":"\xff"}]}', 400, "UTF-8", None),
    "too_large": ('{"model":"gpt","x":"' + "x" * (1 << 20) + '"}', 413, "larger than", None),
}
TYPED = {
    "messages_is_text": ({"messages": "Hi"}, "messages"),
    "a_message_is_text": ({"messages": ["Hi"]}, "messages[0]"),
    "content_is_a_number": ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    "part_without_text": (
        {"messages": [*USER, {"role": "user", "content": [{"type": "text", "text": 1}]}]},
        "messages[1].content[0].text",
    ),
    "max_tokens_is_text": ({"max_tokens": "many"}, "max_tokens"),
    "tools_is_an_object": ({"tools": {}}, "tools"),
}


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("name", BAD)
def test_bad_bodies(mock, http, path, name):
    body, status, words, param = BAD[name]
    answer = http.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    error = error_of(answer)
    assert words in error["message"], error
    assert error.get("param") == param
    assert not mock.requests()


@pytest.mark.parametrize("name", TYPED)
@pytest.mark.parametrize("path, model", [(CHAT, "claude"), (MESSAGES, "gpt")])
def test_wrong_types_name_their_place(mock, http, path, model, name):
    """Where the gateway has to read the request, it says where it is wrong."""
    members, place = TYPED[name]
    answer = http.post(path, json=ask(model) | members)
    assert answer.status_code == 400, answer.text
    error = error_of(answer)
    assert error["param"] == place and place in error["message"]
    assert answer.headers["x-llm-gateway-layer"] == "client"
    assert not mock.requests()


@pytest.mark.parametrize("path, model", [(CHAT, "gpt"), (MESSAGES, "claude")])
def test_what_the_gateway_does_not_read_the_vendor_judges(mock, http, path, model):
    wire = OpenAIWire() if model == "gpt" else AnthropicWire()
    mock.replay(exchange(wire.path, wire.error("messages: wrong, says the vendor"), status=400))
    answer = http.post(path, json=ask(model) | {"messages": "Hi"})
    assert answer.status_code == 400 and "says the vendor" in error_of(answer)["message"]
    assert mock.last().body["messages"] == "Hi"


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("kind, status", [("text/plain", 415), ("multipart/form-data; boundary=x", 415)])
def test_other_content_types(http, path, kind, status):
    answer = http.post(path, content=json.dumps(ask("gpt")), headers={"content-type": kind})
    assert answer.status_code == status
    assert "application/json" in error_of(answer)["message"]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json", None])
def test_content_types_that_are_json(mock, http, kind):
    headers = {"content-type": kind} if kind else {}
    assert http.post(CHAT, content=json.dumps(ask("gpt")).encode(), headers=headers).status_code == 200


@pytest.mark.parametrize("header", ["x-litellm-timeout", "x-litellm-stream-timeout"])
def test_a_timeout_that_is_no_number(http, header):
    answer = http.post(CHAT, json=ask("gpt", stream=True), headers={header: "soon"})
    assert answer.status_code == 400 and header in error_of(answer)["message"]


def test_no_secret_in_the_log(mock, gateway, http):
    """One line for each request, with the facts and without keys or prompts."""
    name = "the-logged-request"
    secret = "a prompt that nobody else may read"
    body = ask("claude", messages=[{"role": "user", "content": secret}])
    http.post(CHAT, json=body, headers={"x-request-id": name}).raise_for_status()
    [line] = [json.loads(line) for line in gateway.logged(name)]
    assert (line["status"], line["model"], line["provider"]) == (200, "claude", "anthropic")
    whole = "".join(gateway.log)
    for text in ("sk-master", "vendor-key", secret):
        assert text not in whole
