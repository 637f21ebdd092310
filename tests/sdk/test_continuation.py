"""Streams that break off and go on elsewhere: what the SDKs' own stream helpers make of them."""

import json

import pytest

from speakers import WEATHER, Prompt

GO_ON = {"x-llm-gateway-continue-stream": "true", "x-litellm-num-retries": "2"}
TEXT = "The quick brown fox jumps over the lazy dog, runs down to the river, drinks its fill, and goes home again."
USAGE = {"prompt_tokens": 100, "completion_tokens": 40}
FOX = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "legs": {"type": "integer"}},
    "required": ["name", "legs"],
    "additionalProperties": False,
}


def breaks(mock, script: dict, how: dict):
    """The first request's answer breaks off, the next one's is whole."""
    error = {"error": {"status": 500}} if "error_in_stream_after_chunks" in how else {}
    mock.script(script | how | error, script | {"usage": USAGE})


@pytest.mark.parametrize("how", ["cut_after_chunks", "error_in_stream_after_chunks"])
@pytest.mark.parametrize("after", [5, 9])
def test_a_text(mock, speaker, wire, how, after):
    breaks(mock, {"text": TEXT, "chunks": 10}, {how: after})
    heard = speaker.ask(wire.model, Prompt("Hello"), True, extra_headers=GO_ON)
    assert (heard.text, heard.stop) == (TEXT, "stop")
    assert len(mock.requests()) == 2
    # The second leg's tokens as the vendor says, and an estimate of the first's.
    assert heard.usage.written > USAGE["completion_tokens"]
    assert heard.usage.read > USAGE["prompt_tokens"]


@pytest.mark.parametrize("after", [1, 3, 6])
def test_calls(mock, speaker, wire, after):
    call = {"name": "get_weather", "arguments": {"city": "Saint-Étienne"}}
    breaks(mock, {"tool_calls": [call, call | {"arguments": {"city": "Rome"}}], "chunk_size": 6}, {"cut_after_chunks": after})
    heard = speaker.ask(wire.model, Prompt("Weather?", tools=[WEATHER]), True, extra_headers=GO_ON)
    assert [(call.name, call.arguments["city"]) for call in heard.calls] == [
        ("get_weather", "Saint-Étienne"),
        ("get_weather", "Rome"),
    ]
    assert heard.stop == "tools"
    assert len({call.id for call in heard.calls}) == 2
    # What was heard goes back as the SDK has it.
    mock.script({"text": "Warm."})
    prompt = Prompt("Weather?", tools=[WEATHER])
    results = {call.id: "20 degrees" for call in heard.calls}
    assert speaker.go_on(wire.model, prompt, heard, results, True).text == "Warm."


def test_structured_output(mock, openai_client):
    answer = json.dumps({"name": "Fox", "legs": 4})
    spaced = json.dumps({"name": "Fox", "legs": 4}, indent=1)
    mock.script({"text": answer, "chunk_size": 5, "cut_after_chunks": 3}, {"text": spaced, "chunk_size": 4})
    with openai_client.chat.completions.stream(
        model="gpt",
        messages=[{"role": "user", "content": "A fox."}],
        response_format={"type": "json_schema", "json_schema": {"name": "fox", "schema": FOX, "strict": True}},
        extra_headers=GO_ON,
    ) as stream:
        stream.until_done()
        completion = stream.get_final_completion()
    assert json.loads(completion.choices[0].message.content) == {"name": "Fox", "legs": 4}
    # The whole of it was asked for again.
    again = mock.last().body["messages"]
    assert [message["role"] for message in again] == ["user", "assistant", "user"]


def test_signed_thinking_is_not_gone_on_with(mock, speaker):
    mock.script({"reasoning": "Let me think.", "text": TEXT, "chunks": 10, "cut_after_chunks": 8}, {"text": TEXT})
    with pytest.raises(speaker.errors.APIError):
        speaker.ask("claude", Prompt("Hello"), True, extra_headers=GO_ON)
    assert len(mock.requests()) == 1


def test_it_is_not_done_unasked(mock, speaker, wire):
    breaks(mock, {"text": TEXT, "chunks": 10}, {"cut_after_chunks": 5})
    with pytest.raises(speaker.errors.APIError):
        speaker.ask(wire.model, Prompt("Hello"), True, extra_headers={"x-litellm-num-retries": "2"})
    assert len(mock.requests()) == 1


@pytest.mark.parametrize("model", ["gpt-goes-on", "claude-goes-on"])
class TestEveryClient:
    """Each dialect's own SDK; a group's configuration asks for it."""

    @pytest.fixture(autouse=True)
    def not_kept(self, client, model):
        if client.name == "responses" and model == "gpt-goes-on":
            pytest.skip("the vendor speaks the dialect and keeps the answer: it passes through as bytes")

    @pytest.mark.parametrize("after", [4, 8])
    def test_a_text(self, mock, client, model, after):
        breaks(mock, {"text": TEXT, "chunks": 10}, {"cut_after_chunks": after})
        heard = client.ask(model, Prompt("Hello"), True)
        assert (heard.text, heard.stop) == (TEXT, "stop")
        assert heard.usage.written > USAGE["completion_tokens"]
        assert len(mock.requests()) == 2

    @pytest.mark.parametrize("after", [1, 4])
    def test_calls(self, mock, client, model, after):
        call = {"name": "get_weather", "arguments": {"city": "Saint-Étienne"}}
        script = {"tool_calls": [call, call | {"arguments": {"city": "Rome"}}], "chunk_size": 6}
        breaks(mock, script, {"cut_after_chunks": after})
        heard = client.ask(model, Prompt("Weather?", tools=[WEATHER]), True)
        assert [call.arguments["city"] for call in heard.calls] == ["Saint-Étienne", "Rome"]
        assert heard.stop == "tools"
