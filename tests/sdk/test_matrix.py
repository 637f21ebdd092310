"""Every dialect's SDK against every vendor: what is asked arrives in the vendor's words, what is said in the client's."""

import base64
import json
from dataclasses import replace

import pytest

from speakers import WEATHER, Prompt
from vendors import VENDORS
from vendors.vendor import CACHE_WRITE, CACHED, IDS, IMAGES, REFUSES, SCHEMA, SIGNS, THINKING, THINKS
from wires import Call, Said, Usage, exchange, sse

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
TIME = {"name": "get_time", "description": "The time in a city.", "schema": WEATHER["schema"]}
# Nine letters and digits: a form that no vendor refuses, so that nothing is renamed.
CALLS = [Call("calltoo01", "get_weather", {"city": "Köln"}), Call("calltoo02", "get_time", {"city": "Oslo"})]
SIGNATURE = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds+/abc/==" * 3
THOUGHTS = 'Let me look at "Köln".\n\tFirst…'
SCHEMA_OF_CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "size": {"type": "integer"}},
    "required": ["city", "size"],
    "additionalProperties": False,
}


# What is called instead of an answer in a given form, where the vendor has no word for that.
FORM_TOOL = "json_tool_call"


def both(client, vendor, *what: str) -> bool:
    return all(one in client.can and one in vendor.can for one in what)


def told(client, vendor, usage: Usage) -> Usage:
    """The counts that this vendor tells and this client is told."""
    silent = {name: 0 for name in (CACHED, CACHE_WRITE, THINKING) if name not in client.tells & vendor.tells}
    return replace(usage, **silent)


def names(calls: list[Call]) -> list[tuple[str, dict]]:
    return [(call.name, call.arguments) for call in calls]


def test_text(mock, client, vendor, streamed):
    said = Said('Grüße 🌍 from "far" away.\n', usage=Usage(read=21, written=9))
    mock.replay(vendor.says(said, streamed))
    heard = client.ask(vendor.model, Prompt("Say \\ hello", system="Speak as a pirate."), streamed)
    assert (heard.text, heard.calls, heard.stop, heard.thoughts) == (said.text, [], "stop", "")
    assert heard.usage == said.usage
    seen = mock.last()
    vendor.check_head(seen, streamed)
    asked = vendor.read(seen.body)
    assert (asked.system, asked.texts) == ("Speak as a pirate.", ["Say \\ hello"])


def test_a_stream_cut_anywhere(mock, client, vendor):
    said = Said("Grüße 🌍 in pieces.", CALLS[:1], "tools")
    for chunk_bytes in (1, 7, 100):
        mock.replay(vendor.says(said, True, chunk_bytes=chunk_bytes))
        heard = client.ask(vendor.model, Prompt("Hello", tools=[WEATHER]), True)
        assert (heard.text, names(heard.calls), heard.stop) == (said.text, names(said.calls), "tools"), chunk_bytes


@pytest.mark.parametrize("count", [1, 2], ids=["one_call", "parallel_calls"])
def test_tools_and_their_results(mock, client, vendor, streamed, count):
    calls = CALLS[:count]
    prompt = Prompt("How is it there?", tools=[WEATHER, TIME])
    mock.replay(vendor.says(Said(calls=calls, stop="tools"), streamed), vendor.says(Said("Fine."), streamed))

    heard = client.ask(vendor.model, prompt, streamed)
    assert (heard.text, heard.stop) == ("", "tools")
    assert names(heard.calls) == names(calls)
    if both(client, vendor, IDS):
        assert heard.calls == calls
    elif IDS in client.can:
        # Made by the gateway, where the vendor gives none.
        assert len({call.id for call in heard.calls if call.id}) == count
    tools = vendor.read(mock.last().body).tools
    assert list(tools) == ["get_weather", "get_time"]
    assert tools["get_time"]["properties"] == WEATHER["schema"]["properties"]
    assert tools["get_time"]["required"] == ["city"]

    results = [f"result of {call.name}" for call in calls]
    assert client.go_on(vendor.model, prompt, heard, results, streamed).text == "Fine."
    seen = mock.last()
    vendor.check_head(seen, streamed)
    asked = vendor.read(seen.body)
    assert names(asked.calls) == names(calls)
    for call, text in zip(asked.calls, results, strict=True):
        assert text in asked.results[call.id]
    if both(client, vendor, IDS):
        assert [call.id for call in asked.calls] == [call.id for call in calls]
    assert asked.texts == ["How is it there?"]


def test_a_second_turn(mock, client, vendor, streamed):
    mock.replay(vendor.says(Said("Hi you"), streamed), vendor.says(Said("Goodbye."), streamed))
    prompt = Prompt("Hello", system="Be polite.")
    heard = client.ask(vendor.model, prompt, streamed)
    assert client.reply(vendor.model, prompt, heard, "I must go.", streamed).text == "Goodbye."
    seen = mock.last()
    asked = vendor.read(seen.body)
    assert (asked.system, asked.texts) == ("Be polite.", ["Hello", "I must go."])
    assert seen.text.index("Hi you") < seen.text.index("I must go.")


def test_text_beside_a_call(mock, client, vendor, streamed):
    mock.replay(vendor.says(Said("Let me look.", CALLS[:1], "tools"), streamed))
    heard = client.ask(vendor.model, Prompt("How is it there?", tools=[WEATHER]), streamed)
    assert (heard.text, names(heard.calls), heard.stop) == ("Let me look.", names(CALLS[:1]), "tools")


def test_a_call_without_arguments(mock, client, vendor, streamed):
    nothing = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    tool = {"name": "ping", "description": "Nothing to say.", "schema": nothing}
    mock.replay(vendor.says(Said(calls=[Call("calltoo01", "ping", {})], stop="tools"), streamed))
    heard = client.ask(vendor.model, Prompt("Ping!", tools=[tool]), streamed)
    assert names(heard.calls) == [("ping", {})]


def test_thinking_through_a_turn_of_tools(mock, client, vendor, streamed):
    """Thoughts are told, and their signature goes back to the vendor as it came, wherever a dialect has room for it."""
    if not both(client, vendor, THINKS):
        pytest.skip("the vendor shows no thoughts")
    signature = SIGNATURE if SIGNS in vendor.can else ""
    first = Said("I look.", CALLS[:1], "tools", Usage(30, 20, thinking=11), THOUGHTS, signature)
    mock.replay(vendor.says(first, streamed), vendor.says(Said("Rain."), streamed))
    prompt = Prompt("How is it in Köln?", tools=[WEATHER])
    heard = client.ask(vendor.model, prompt, streamed)
    assert (heard.thoughts, heard.text, names(heard.calls)) == (THOUGHTS, "I look.", names(CALLS[:1]))
    assert heard.usage == told(client, vendor, first.usage)

    assert client.go_on(vendor.model, prompt, heard, ["rain"], streamed).text == "Rain."
    asked = vendor.read(mock.last().body)
    assert names(asked.calls) == names(CALLS[:1])
    if both(client, vendor, SIGNS):
        assert asked.signatures == [SIGNATURE]
        if asked.thoughts:
            assert "".join(asked.thoughts) == THOUGHTS
    elif SIGNS in vendor.can:
        # A vendor that signs its thoughts refuses them unsigned.
        assert (asked.thoughts, asked.signatures) == ([], [])


GEMINI = next(vendor for vendor in VENDORS if vendor.name == "gemini")


def test_each_call_keeps_its_signature(mock, client, streamed):
    """Gemini may sign every call by itself: each gets its own back, also from clients whose dialect signs no calls."""
    if SIGNS not in client.can:
        pytest.skip("nothing in this dialect comes back unread")
    signatures = [SIGNATURE, SIGNATURE[::-1]]
    parts = [
        {
            "functionCall": {"id": call.id, "name": call.name, "args": call.arguments},
            "thoughtSignature": base64.b64encode(signature.encode()).decode(),
        }
        for call, signature in zip(CALLS, signatures, strict=True)
    ]
    usage = GEMINI.usage(Usage(30, 20))
    pieces = [GEMINI.answer([part], usage, stop) for part, stop in zip(parts, [None, "tools"], strict=True)]
    body = sse(*((None, piece) for piece in pieces)) if streamed else GEMINI.answer(parts, usage, "tools")
    mock.replay(exchange(GEMINI.address(streamed), body), GEMINI.says(Said("Rain."), streamed))
    prompt = Prompt("How is it there?", tools=[WEATHER, TIME])
    heard = client.ask(GEMINI.model, prompt, streamed)
    assert heard.calls == CALLS
    assert client.go_on(GEMINI.model, prompt, heard, ["rain", "noon"], streamed).text == "Rain."
    asked = GEMINI.read(mock.last().body)
    assert (asked.calls, asked.signatures) == (CALLS, signatures)


SIGNING = [vendor for vendor in VENDORS if SIGNS in vendor.can]
# Claude's own signatures hold with Bedrock as with Anthropic.
FOREIGN = [
    pytest.param(first, second, id=f"{first.model}-{second.model}".replace("matrix-", ""))
    for first in SIGNING
    for second in SIGNING
    if first is not second and {first.name, second.name} != {"anthropic", "bedrock"}
]


@pytest.mark.parametrize("first, second", FOREIGN)
def test_thoughts_of_one_vendor_are_not_passed_off_as_anothers(mock, client, streamed, first, second):
    """The conversation goes on with another vendor: thoughts that it has not had and signed do not reach it."""
    said = Said("I look.", CALLS[:1], "tools", thoughts=THOUGHTS, signature=SIGNATURE)
    mock.replay(first.says(said, streamed), second.says(Said("Rain."), streamed))
    prompt = Prompt("How is it in Köln?", tools=[WEATHER])
    heard = client.ask(first.model, prompt, streamed)
    assert client.go_on(second.model, prompt, heard, ["rain"], streamed).text == "Rain."
    asked = second.read(mock.last().body)
    assert asked.signatures == []
    # Google's own SDK sends thoughts back with the history, and unsigned they do not matter; others refuse them.
    assert asked.thoughts == [] or second.name == "gemini"
    assert names(asked.calls) == names(CALLS[:1])


def test_usage(mock, client, vendor, streamed):
    usage = Usage(read=2_100, written=40, cached=2_000, thinking=25)
    if CACHE_WRITE in vendor.tells:
        usage.cache_write = 60
    mock.replay(vendor.says(Said("Cheap.", usage=usage), streamed))
    assert client.ask(vendor.model, Prompt("Hello"), streamed).usage == told(client, vendor, usage)


def test_images(mock, client, vendor):
    mock.replay(vendor.says(Said("A dot."), False))
    prompt = Prompt("What is this?", images=[("image/png", PNG)])
    if not both(client, vendor, IMAGES):
        pytest.skip("the vendor sees nothing")
    assert client.ask(vendor.model, prompt, False).text == "A dot."
    asked = vendor.read(mock.last().body)
    assert [image.removeprefix("data:image/png;base64,") for image in asked.images] == [PNG]
    assert asked.texts == ["What is this?"]


def test_structured_output(mock, client, vendor, streamed):
    """A schema reaches the vendor in the word that it has for one, as the input of a tool that it must call, or in the
    prompt; the client hears text all the same.
    """
    city = {"city": "Köln", "size": 9}
    said = Said(json.dumps(city))
    # A request in the vendor's own dialect passes as it is.
    form = "word" if client.name == "converse" and vendor.name == "bedrock" else vendor.form
    if form == "tool":
        said = Said(calls=[Call("calltoo01", FORM_TOOL, city)], stop="tools")
    mock.replay(vendor.says(said, streamed))
    heard = client.ask(vendor.model, Prompt("Which city?", schema=SCHEMA_OF_CITY), streamed)
    assert (json.loads(heard.text), heard.calls, heard.stop) == (city, [], "stop")
    asked = vendor.read(mock.last().body)
    match form:
        case "word":
            schema = asked.schema
        case "tool":
            schema = asked.tools[FORM_TOOL]
        case "prompt":
            _, _, schema = "".join([asked.system, *asked.texts]).partition("{")
            schema, _ = json.JSONDecoder().raw_decode("{" + schema)
            assert mock.last().body["response_format"] == {"type": "json_object"}
    assert schema["properties"] == SCHEMA_OF_CITY["properties"]
    assert schema["required"] == SCHEMA_OF_CITY["required"]


NOTED = {
    "matrix-bedrock": ("moved", "response_format.json_schema.schema", "into a text"),
    "matrix-nova": ("converted", "response_format", f"to the input of a tool, `{FORM_TOOL}`"),
    "matrix-deepseek": ("converted", "response_format", "the schema was told in words"),
}


@pytest.mark.parametrize("model", NOTED)
def test_the_note_says_how_a_schema_is_told(mock, http, model):
    vendor = next(one for one in VENDORS if one.model == model)
    mock.replay(vendor.says(Said("{}"), False))
    form = {"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA_OF_CITY}}
    request = {"model": model, "messages": [{"role": "user", "content": "Which city?"}], "response_format": form}
    answer = http.post("/v1/chat/completions", json=request, headers={"x-llm-gateway-explain": "notes"})
    assert answer.status_code == 200
    kind, path, detail = NOTED[model]
    notes = json.loads(answer.headers["x-llm-gateway-notes-json"])
    assert [note for note in notes if (note["kind"], note["path"]) == (kind, path) and detail in note["detail"]], notes


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda one: one.model.removeprefix("matrix-"))
def test_any_json_object(mock, openai_client, vendor, streamed):
    """`json_object` asks for JSON without saying which: by a word that the wire has for it, or in the prompt."""
    mock.replay(vendor.says(Said('{"city": "Köln"}'), streamed))
    request = {"model": vendor.model, "messages": [{"role": "user", "content": "Which city? Answer with JSON."}]}
    answer = openai_client.chat.completions.create(
        **request, max_tokens=99, response_format={"type": "json_object"}, stream=streamed
    )
    if streamed:
        pieces = [chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices]
        text = "".join(pieces)
    else:
        text = answer.choices[0].message.content
    assert json.loads(text) == {"city": "Köln"}
    asked = mock.last().text.lower()
    assert "json_object" in asked or "application/json" in asked or '"format":"json"' in asked or "json object" in asked


@pytest.mark.parametrize("stop", ["length", "refused"])
def test_other_endings(mock, client, vendor, streamed, stop):
    if stop == "refused" and not both(client, vendor, REFUSES):
        pytest.skip("no word for it")
    mock.replay(vendor.says(Said("Half a sen", stop=stop), streamed))
    heard = client.ask(vendor.model, Prompt("Go on"), streamed)
    assert (heard.text, heard.stop) == ("Half a sen", stop)


@pytest.mark.parametrize("kind", ["key", "model", "rate", "window"])
def test_refusals(mock, client, vendor, streamed, kind):
    """Each becomes the exception that the SDK has for it, in the vendor's own words."""
    refusal = vendor.refusal(kind)
    mock.replay(vendor.refuses(kind, streamed))
    with pytest.raises(client.exception) as raised:
        client.ask(vendor.model, Prompt("Hello"), streamed)
    refused = client.refused(raised.value)
    # Which of the two it is for a wrong key is a custom of dialects.
    assert {refused.status, refusal.status} <= ({401, 403} if kind == "key" else {refusal.status})
    assert refusal.message in refused.message


def test_a_wrong_key_of_the_gateways(gateway, client, vendor):
    stranger = type(client)(gateway.url, "sk-wrong")
    with pytest.raises(client.exception) as raised:
        stranger.ask(vendor.model, Prompt("Hello"), False)
    assert stranger.refused(raised.value).status in (401, 403)


def test_a_stream_without_its_end(mock, client, vendor):
    """A clean end of the connection without the vendor's last event is no end of the answer."""
    answer = vendor.says(Said("one two three four five six seven"), True)
    mock.replay(shortened(answer))
    with pytest.raises(Exception) as raised:
        heard = client.ask(vendor.model, Prompt("Hello"), True)
        pytest.fail(f"an answer that looks whole: {heard}")
    assert not isinstance(raised.value, pytest.fail.Exception), raised.value


def shortened(answer: dict) -> dict:
    """The first two pieces of a stream alone."""
    response = answer["response"]
    if "body_base64" in response:
        body = base64.b64decode(response["body_base64"])
        at = 0
        for _ in range(3):
            at += int.from_bytes(body[at : at + 4], "big")
        response["body_base64"] = base64.b64encode(body[:at]).decode()
    else:
        separator = "\n" if "ndjson" in response["content_type"] else "\n\n"
        response["body_text"] = separator.join(response["body_text"].split(separator)[:3]) + separator
    return answer
