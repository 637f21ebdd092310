"""Both SDKs against both vendors: what is asked arrives in the vendor's words, what is said in the client's."""

import pytest

from speakers import WEATHER, Prompt
from wires import Call, Said, Usage

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKJeLjz9MKMSAwIG9iago8PC9UeXBlL0NhdGFsb2c+PgplbmRvYmoK"
PHOTO = "https://example.com/photo.jpg"
TIME = {"name": "get_time", "description": "The time in a city.", "schema": WEATHER["schema"]}


def test_text_both_ways(mock, speaker, wire, streamed):
    said = Said("Grüße 🌍 from \"far\" away.\n", usage=Usage(read=21, written=9))
    mock.replay(wire.says(said, streamed))
    heard = speaker.ask(wire.model, Prompt("Say \\ hello"), streamed)
    assert (heard.text, heard.stop) == (said.text, "stop")
    assert heard.usage == said.usage
    seen = mock.last()
    assert seen.path == wire.path
    assert seen.body["model"] == wire.upstream_model
    assert bool(seen.body.get("stream")) == streamed
    assert wire.read(seen.body).texts == ["Say \\ hello"]


def test_a_stream_cut_anywhere_says_the_same(mock, speaker, wire):
    said = Said("Grüße 🌍 in pieces.", [Call("call_1", "get_weather", {"city": "Köln"})], "tools")
    for chunk_bytes in (1, 7, 100):
        mock.replay(wire.says(said, True, chunk_bytes=chunk_bytes))
        heard = speaker.ask(wire.model, Prompt("Hello", tools=[WEATHER]), True)
        assert (heard.text, heard.calls, heard.stop) == (said.text, said.calls, said.stop), chunk_bytes


def test_system_prompt(mock, speaker, wire):
    mock.replay(wire.says(Said("Aye."), False))
    speaker.ask(wire.model, Prompt("Hello", system="Speak as a pirate."))
    asked = wire.read(mock.last().body)
    assert (asked.system, asked.texts) == ("Speak as a pirate.", ["Hello"])


@pytest.mark.parametrize("count", [1, 2], ids=["one_call", "parallel_calls"])
def test_tools_and_their_results(mock, speaker, wire, streamed, count):
    calls = [Call("call_1", "get_weather", {"city": "Köln"}), Call("call_2", "get_time", {"city": "Oslo"})][:count]
    prompt = Prompt("How is it there?", tools=[WEATHER, TIME])
    mock.replay(wire.says(Said("Let me look.", calls, "tools"), streamed), wire.says(Said("Fine."), streamed))

    heard = speaker.ask(wire.model, prompt, streamed)
    assert (heard.text, heard.calls, heard.stop) == ("Let me look.", calls, "tools")
    tools = wire.read(mock.last().body).tools
    assert tools == {"get_weather": WEATHER["schema"], "get_time": WEATHER["schema"]}

    results = {call.id: f"result of {call.name}" for call in calls}
    assert speaker.go_on(wire.model, prompt, heard, results, streamed).text == "Fine."
    asked = wire.read(mock.last().body)
    assert (asked.calls, asked.results) == (calls, results)


def test_a_call_without_arguments(mock, speaker, wire, streamed):
    nothing = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    tool = {"name": "ping", "description": "Nothing to say.", "schema": nothing}
    mock.replay(wire.says(Said(calls=[Call("call_1", "ping", {})], stop="tools"), streamed))
    heard = speaker.ask(wire.model, Prompt("Ping!", tools=[tool]), streamed)
    assert heard.calls == [Call("call_1", "ping", {})]


def test_images_by_address_and_by_value(mock, speaker, wire):
    mock.replay(wire.says(Said("A dot."), False))
    prompt = Prompt("What is this?", image_urls=[PHOTO], images=[("image/png", PNG)])
    assert speaker.ask(wire.model, prompt).text == "A dot."
    asked = wire.read(mock.last().body)
    assert asked.images == [PHOTO, f"data:image/png;base64,{PNG}"]
    assert asked.texts == ["What is this?"]


def test_pdf(mock, speaker, wire):
    mock.replay(wire.says(Said("A catalogue."), False))
    speaker.ask(wire.model, Prompt("Sum it up", pdfs=[PDF]))
    assert wire.read(mock.last().body).documents == [PDF]


def test_stop_sequences(mock, speaker, wire):
    mock.replay(wire.says(Said("one two"), False))
    speaker.ask(wire.model, Prompt("Count", stop=["three", "END"]))
    body = mock.last().body
    assert body["stop" if wire.name == "openai" else "stop_sequences"] == ["three", "END"]


def test_usage_of_the_prompt_cache_and_of_thinking(mock, speaker, wire, streamed):
    usage = Usage(read=2_100, written=40, cached=2_000, thinking=25)
    if wire.name == "anthropic":
        # OpenAI writes its cache for nothing and tells nothing of it.
        usage.cache_write = 60
    mock.replay(wire.says(Said("Cheap.", usage=usage), streamed))
    assert speaker.ask(wire.model, Prompt("Hello"), streamed).usage == usage


@pytest.mark.parametrize("stop", ["length", "refused"])
def test_other_endings(mock, speaker, wire, stop):
    mock.replay(wire.says(Said("Half a sen", stop=stop), False))
    assert speaker.ask(wire.model, Prompt("Go on")).stop == stop


def test_the_answer_names_the_model_as_the_vendor_does(mock, http, wire):
    mock.replay(wire.says(Said("Hello."), False))
    body = {"model": wire.model, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 9}
    assert http.post("/v1/chat/completions", json=body).json()["model"].startswith(wire.upstream_model)


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
def test_the_mock_vendors_own_tools(mock, speaker, vendor, streamed):
    """A whole agent's loop against the scripted vendor: calls made up from the schemas, then words."""
    model, prompt = f"{vendor}/tools-2", Prompt("How is it there?", tools=[WEATHER, TIME])
    heard = speaker.ask(model, prompt, streamed)
    assert [call.name for call in heard.calls] == ["get_weather", "get_time"]
    assert all(isinstance(call.arguments["city"], str) for call in heard.calls)
    after = speaker.go_on(model, prompt, heard, {call.id: "sunny" for call in heard.calls}, streamed)
    assert "mock vendor" in after.text and after.stop == "stop" and not after.calls
