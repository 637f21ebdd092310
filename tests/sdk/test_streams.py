"""Streams that go wrong: told in-band, in the client's dialect, and never as an answer that ended well."""

import json

import pytest

from speakers import Prompt
from wires import Said

HELLO = Prompt("Hello")
BROKEN = {"text": "one two three four five six", "error": {"status": 500, "message": "The vendor broke."}}


def events(response) -> list[dict | str]:
    """The data of each event of a stream."""
    found = []
    for line in response.text.splitlines():
        if line.startswith("data: "):
            data = line.removeprefix("data: ")
            found.append(data if data == "[DONE]" else json.loads(data))
    return found


def request(model: str, **more) -> dict:
    return {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9, "stream": True} | more


def test_an_error_in_mid_stream(mock, speaker, wire):
    mock.script(BROKEN | {"error_in_stream_after_chunks": 3})
    with pytest.raises(speaker.errors.APIError) as raised:
        speaker.ask(wire.model, HELLO, True)
    assert "The vendor broke." in str(raised.value.body)


def test_an_error_before_the_first_chunk_is_a_status(mock, speaker, wire):
    """Nothing has been told yet, so the client gets a plain refusal, which its retries understand."""
    mock.script({"error": {"status": 429, "message": "Not now.", "retry_after_s": 3}})
    with pytest.raises(speaker.errors.RateLimitError) as raised:
        speaker.ask(wire.model, HELLO, True)
    assert raised.value.response.headers["retry-after"] == "3"


def test_an_error_event_before_any_text_is_a_status(mock, speaker):
    """The vendor says 200 and then fails at once: still no stream for the client."""
    failure = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    raw = {"content_type": "text/event-stream", "body": f"event: error\ndata: {json.dumps(failure)}\n\n"}
    mock.script({"raw": raw})
    with pytest.raises(speaker.errors.APIStatusError) as raised:
        speaker.ask("claude", HELLO, True)
    assert raised.value.status_code in (503, 529)
    assert "Overloaded" in raised.value.message


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_cut_stream_ends_in_an_error(mock, http, wire, path):
    mock.script({"text": "one two three four five six", "cut_after_chunks": 3})
    response = http.post(path, json=request(wire.model))
    assert response.status_code == 200
    told = events(response)
    assert "one" in response.text
    if path == "/v1/messages":
        assert told[-1]["type"] == "error"
        assert not any(event["type"] in ("message_stop", "message_delta") for event in told)
    else:
        assert told[-1]["error"]["message"]
        assert "[DONE]" not in told
        assert not any(choice["finish_reason"] for event in told[:-1] for choice in event["choices"])
    assert mock.outcomes() == ["cut"]


def test_a_stream_without_its_end(mock, speaker, wire):
    """A clean end of the connection without the vendor's last event is no end of the answer."""
    answer = wire.says(Said("one two three four"), True)
    text = answer["response"]["body_text"]
    last = "event: message_delta" if wire.name == "anthropic" else 'data: {"id"'
    answer["response"]["body_text"] = text[: text.rindex(last)]
    if wire.name == "openai":
        # Finish reason and usage are gone, and `[DONE]` with them.
        cut = answer["response"]["body_text"]
        answer["response"]["body_text"] = cut[: cut.rindex(last)]
    mock.replay(answer)
    with pytest.raises(speaker.errors.APIError):
        speaker.ask(wire.model, HELLO, True)


def test_a_silent_vendor_in_mid_stream(mock, speaker, wire):
    mock.script({"text": "one two three four", "stall_after_chunks": 2})
    with pytest.raises(speaker.errors.APIError) as raised:
        speaker.ask(wire.model, HELLO, True, extra_headers={"x-litellm-timeout": "0.4"})
    assert not isinstance(raised.value, speaker.errors.APITimeoutError)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_broken_event(mock, http, wire, path):
    first, _, rest = wire.says(Said("one two"), True)["response"]["body_text"].partition("\n\n")
    body = f"{first}\n\ndata: {{broken\n\n{rest}"
    mock.script({"raw": {"content_type": "text/event-stream", "body": body}})
    options = {"stream_options": {"include_usage": True}} if path.endswith("completions") else {}
    response = http.post(path, json=request(wire.model, **options))
    if path == wire.path:
        # Bytes pass through: what they are worth is between the client and the vendor.
        assert response.text == body
    elif response.status_code == 200:
        last = events(response)[-1]
        assert last != "[DONE]" and "error" in last and "two" not in response.text
    else:
        # Nothing had been told yet.
        assert response.status_code == 502


def test_closing_a_stream_early(mock, openai_client, anthropic_client):
    """A client that has heard enough hangs up; the vendor is told."""
    for model in ("openai/endless", "anthropic/endless"):
        stream = openai_client.chat.completions.create(**request(model))
        next(iter(stream))
        stream.close()
        stream = anthropic_client.messages.create(**request(model))
        next(iter(stream))
        stream.close()
    assert mock.outcomes() == ["client_closed"] * 4


def test_every_event_is_passed_on_at_once(mock, openai_client, anthropic_client, wire):
    """The first words arrive while the vendor still thinks about the next."""
    mock.script({"text": "one two", "stall_after_chunks": 1})
    with openai_client.chat.completions.create(**request(wire.model)) as stream:
        assert any(chunk.choices and chunk.choices[0].delta.content == "one" for chunk in stream)
    with anthropic_client.messages.create(**request(wire.model)) as stream:
        assert any(event.type == "content_block_delta" and event.delta.text == "one" for event in stream)
