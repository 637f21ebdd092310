"""Streams that go wrong: told in-band, in the client's dialect, and never as an answer that ended well."""

import json

import pytest

from speakers import Prompt
from vendors import VENDORS
from wires import AnthropicWire, Said, exchange

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


def broken_after(wire, word: str) -> str:
    """A stream with an event that cannot be read after the one with this word."""
    text = wire.says(Said("one two three four five six"), True)["response"]["body_text"]
    end = text.index("\n\n", text.index(word)) + 2
    return f"{text[:end]}data: {{broken\n\n{text[end:]}"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_broken_event(mock, http, wire, path):
    body = broken_after(wire, "one")
    mock.script({"raw": {"content_type": "text/event-stream", "body": body}})
    options = {"stream_options": {"include_usage": True}} if path.endswith("completions") else {}
    response = http.post(path, json=request(wire.model, **options))
    assert response.status_code == 200
    if path == wire.path:
        # Bytes pass through: what they are worth is between the client and the vendor.
        assert response.text == body
    else:
        last = events(response)[-1]
        assert last != "[DONE]" and "error" in last and "six" not in response.text


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_broken_event_before_the_first_word(mock, http, wire, path):
    """Nothing has been told yet: another deployment could still be asked."""
    body = broken_after(wire, "{")
    mock.script({"raw": {"content_type": "text/event-stream", "body": body}})
    assert http.post(path, json=request(wire.model)).status_code == 502


class Accumulated:
    """What the SDK's own helper makes of a stream."""

    def __init__(self, client, model: str):
        request = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 99}
        with client.chat.completions.stream(**request, stream_options={"include_usage": True}) as stream:
            stream.until_done()
            self.completion = stream.get_final_completion()
        self.message = self.completion.choices[0].message
        self.beside = self.message.provider_specific_fields


def test_web_searches_accumulate(mock, openai_client):
    """Searches of a vendor's own come one after the other, with lists inside: the SDK puts them together."""
    page = {"type": "web_search_result", "url": "https://example.com", "title": "E", "encrypted_content": "EqgfCioIARgB"}
    blocks = []
    for number in range(2):
        use = {"type": "server_tool_use", "id": f"srvtoolu_{number}", "name": "web_search", "input": {"query": "q"}}
        result = {"type": "web_search_tool_result", "tool_use_id": use["id"], "content": [page, page]}
        source = {"type": "web_search_result_location", "cited_text": "c", "encrypted_index": "E", "title": "E"}
        text = {"type": "text", "text": f"Found {number}. ", "citations": [source | {"url": "https://example.com"}] * 2}
        blocks += [use, result, text]
    wire = AnthropicWire()
    mock.replay(exchange(wire.path, wire.stream(blocks)))
    told = Accumulated(openai_client, "claude")
    assert told.message.content == "Found 0. Found 1. "
    assert [len(citations) for citations in told.beside["citations"]] == [2, 2]
    assert told.beside["content_blocks"] == blocks
    in_turn = told.beside["content_block"]
    assert [block["type"] for block in in_turn if block["type"] != "text"] == [
        block["type"] for block in blocks if block["type"] != "text"
    ]
    assert [len(block["content"]) for block in in_turn if block["type"] == "web_search_tool_result"] == [2, 2]
    assert len(told.message.annotations) == 4


def test_what_vendors_say_beside_the_words_accumulates(mock, openai_client):
    """Parts, sources, images and safety of Gemini; sources of Cohere and Bedrock, each twice in a stream."""
    gemini = next(one for one in VENDORS if one.model == "matrix-gemini")
    rating = {"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"}
    parts = [
        [{"text": "I compute."}],
        [{"executableCode": {"language": "PYTHON", "code": "print(6*7)"}}],
        [{"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "42"}}],
        [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}],
        [{"inlineData": {"mimeType": "image/png", "data": "BBBB"}}],
    ]
    pieces = [{"candidates": [{"content": {"role": "model", "parts": one}, "safetyRatings": [rating]}]} for one in parts]
    pieces[-1]["candidates"][0]["finishReason"] = "STOP"
    body = "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces)
    mock.replay(exchange(gemini.address(True), body))
    told = Accumulated(openai_client, gemini.model)
    assert [list(part)[0] for part in told.beside["part"]] == ["executableCode", "codeExecutionResult"]
    assert [image["image_url"]["url"][-4:] for image in told.message.images] == ["AAAA", "BBBB"]
    assert told.beside["safety_ratings"] == [rating]
    usage = told.completion.usage
    assert usage.estimated and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0

    cohere = next(one for one in VENDORS if one.model == "matrix-cohere")
    document = {"type": "document", "id": "1", "document": {"id": "1", "title": "T"}}
    citation = {"start": 0, "end": 3, "text": "The", "sources": [document, document], "type": "TEXT_CONTENT"}
    text = cohere.says(Said("The sky is blue."), True)["response"]["body_text"]
    cited = {"type": "citation-start", "index": 0, "delta": {"message": {"citations": citation}}}
    event = f"event: citation-start\ndata: {json.dumps(cited)}\n\n"
    head, end, tail = text.rpartition("event: message-end")
    mock.replay(exchange(cohere.address(True), head + event + event + end + tail))
    told = Accumulated(openai_client, cohere.model)
    assert len(told.beside["citations"]) == 2
    assert told.message.content == "The sky is blue."


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
