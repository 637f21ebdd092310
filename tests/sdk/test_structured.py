"""Structured output, citations, counting, lists of models: what only one of the SDKs has words for."""

import json

import pytest
from pydantic import BaseModel

from wires import AnthropicWire, OpenAIWire, Said, exchange

MESSAGES = [{"role": "user", "content": "Alice and Bob go to a fair on Friday."}]
EVENT = {"name": "Fair", "participants": ["Alice", "Bob"]}


class Event(BaseModel):
    """An event of a calendar."""

    name: str
    participants: list[str]


def complete(client, streamed, **request):
    """The SDK's own helpers: what it makes of an answer, streamed or whole."""
    if not streamed:
        return client.chat.completions.parse(**request)
    with client.chat.completions.stream(**request) as stream:
        stream.until_done()
        return stream.get_final_completion()


def test_parse(mock, openai_client, wire):
    """The SDK makes a schema of a class, and an object of the answer."""
    mock.replay(wire.says(Said(json.dumps(EVENT)), False))
    completion = openai_client.chat.completions.parse(model=wire.model, messages=MESSAGES, response_format=Event)
    assert completion.choices[0].message.parsed == Event(**EVENT)
    body = mock.last().body
    if wire.name == "openai":
        schema = body["response_format"]["json_schema"]
        assert (schema["name"], schema["strict"]) == ("Event", True)
        schema = schema["schema"]
    else:
        assert body["output_config"]["format"]["type"] == "json_schema"
        schema = body["output_config"]["format"]["schema"]
    assert schema["required"] == ["name", "participants"] and schema["additionalProperties"] is False


def test_parse_a_stream(mock, openai_client, wire):
    mock.replay(wire.says(Said(json.dumps(EVENT)), True))
    request = {"model": wire.model, "messages": MESSAGES, "response_format": Event}
    with openai_client.chat.completions.stream(**request) as stream:
        kinds = {event.type for event in stream}
        completion = stream.get_final_completion()
    assert completion.choices[0].message.parsed == Event(**EVENT)
    assert {"chunk", "content.delta", "content.done"} <= kinds


def test_a_schema_for_a_model_without_structured_output(mock, openai_client, streamed):
    """Older models answer by calling a tool; the client sees text all the same."""
    wire = AnthropicWire()
    call = {"type": "tool_use", "id": "toolu_01", "name": "json_tool_call", "input": EVENT}
    body = wire.stream([call], "tool_use") if streamed else wire.whole([call], "tool_use")
    mock.replay(exchange(wire.path, body))
    model = "anthropic/claude-3-5-sonnet-20241022"
    completion = complete(openai_client, streamed, model=model, messages=MESSAGES, response_format=Event)
    choice = completion.choices[0]
    assert (choice.message.parsed, choice.finish_reason) == (Event(**EVENT), "stop")
    assert not choice.message.tool_calls
    assert mock.last().body["tools"][0]["name"] == "json_tool_call"


def test_anthropics_own_structured_output(mock, anthropic_client, wire):
    mock.replay(wire.says(Said(json.dumps(EVENT)), False))
    message = anthropic_client.messages.parse(
        model=wire.model, messages=MESSAGES, max_tokens=99, output_format=Event
    )
    assert message.parsed_output == Event(**EVENT)
    body = mock.last().body
    if wire.name == "openai":
        schema = body["response_format"]["json_schema"]["schema"]
    else:
        schema = body["output_config"]["format"]["schema"]
    assert schema["required"] == ["name", "participants"]


CITATION = {
    "type": "char_location",
    "cited_text": "The grass is green.",
    "document_index": 0,
    "document_title": "Facts",
    "start_char_index": 0,
    "end_char_index": 19,
    "file_id": None,
}
CITED = {"type": "text", "text": "Grass is green", "citations": [CITATION]}


def test_citations_reach_both_sdks(mock, openai_client, anthropic_client, streamed):
    wire = AnthropicWire()
    blocks = [{"type": "text", "text": "They say: "}, CITED, {"type": "text", "text": "."}]
    body = wire.stream(blocks) if streamed else wire.whole(blocks)
    mock.replay(*[exchange(wire.path, body)] * 3)
    source = {"type": "text", "media_type": "text/plain", "data": "The grass is green."}
    document = {"type": "document", "source": source, "title": "Facts", "citations": {"enabled": True}}
    content = [document, {"type": "text", "text": "What colour?"}]
    request = {"model": "claude", "messages": [{"role": "user", "content": content}], "max_tokens": 99}
    if streamed:
        with anthropic_client.messages.stream(**request) as stream:
            message = stream.get_final_message()
    else:
        message = anthropic_client.messages.create(**request)
    assert message.content[1].citations[0].cited_text == CITATION["cited_text"]
    assert mock.last().body["messages"][0]["content"] == content

    completion = complete(openai_client, streamed, model="claude", messages=MESSAGES)
    message = completion.choices[0].message
    assert message.content == "They say: Grass is green."
    assert message.provider_specific_fields["citations"] == [[CITATION]]

    # Sent back as the SDK gave it, the vendor gets its own blocks.
    history = [*MESSAGES, message.model_dump(exclude_none=True, exclude={"parsed"}), *MESSAGES]
    openai_client.chat.completions.create(model="claude", messages=history, stream=streamed)
    returned = mock.requests()[2].body["messages"][1]["content"]
    assert returned[1]["citations"][0]["cited_text"] == CITATION["cited_text"]


def test_web_search_and_its_results_come_back_whole(mock, openai_client, anthropic_client):
    """Server tools: what the vendor ran itself is kept for the next turn, by both SDKs."""
    wire = AnthropicWire()
    page = {"type": "web_search_result", "url": "https://example.com", "title": "E", "encrypted_content": "EqgfCioIARgB"}
    blocks = [
        {"type": "server_tool_use", "id": "srvtoolu_01", "name": "web_search", "input": {"query": "colour"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_01", "content": [page]},
        {"type": "text", "text": "Green."},
    ]
    mock.replay(*[exchange(wire.path, wire.whole(blocks))] * 4)
    message = openai_client.chat.completions.create(model="claude", messages=MESSAGES, web_search_options={})
    tools = mock.last().body["tools"]
    assert tools[0]["name"] == "web_search" and tools[0]["type"].startswith("web_search_")
    message = message.choices[0].message
    history = [*MESSAGES, message.model_dump(exclude_none=True), *MESSAGES]
    openai_client.chat.completions.create(model="claude", messages=history)
    assert mock.last().body["messages"][1]["content"] == blocks

    request = {"model": "claude", "max_tokens": 99}
    message = anthropic_client.messages.create(messages=MESSAGES, **request)
    content = [block.model_dump(exclude_none=True) for block in message.content]
    anthropic_client.messages.create(messages=[*MESSAGES, {"role": "assistant", "content": content}, *MESSAGES], **request)
    assert mock.last().body["messages"][1]["content"] == blocks


def test_prompt_cache_marks(mock, openai_client, anthropic_client):
    """`cache_control` reaches Anthropic from both SDKs, and nobody else."""
    mark = {"type": "ephemeral", "ttl": "1h"}
    part = {"type": "text", "text": "A long book.", "cache_control": mark}
    messages = [{"role": "system", "content": [part]}, *MESSAGES]
    openai_client.chat.completions.create(model="anthropic/hello", messages=messages)
    assert mock.last().body["system"] == [part]
    openai_client.chat.completions.create(model="openai/hello", messages=messages)
    assert "cache_control" not in mock.last().text

    request = {"messages": MESSAGES, "system": [part], "max_tokens": 99}
    anthropic_client.messages.create(model="anthropic/hello", **request)
    assert mock.last().body["system"] == [part]
    anthropic_client.messages.create(model="openai/hello", **request)
    assert "cache_control" not in mock.last().text


def test_usage_of_both_lives_of_the_cache(mock, openai_client, anthropic_client):
    wire = AnthropicWire()
    lives = {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200}
    usage = {
        "input_tokens": 7,
        "cache_creation_input_tokens": 300,
        "cache_read_input_tokens": 50,
        "cache_creation": lives,
        "output_tokens": 3,
    }
    mock.replay(*[exchange(wire.path, wire.whole([{"type": "text", "text": "Hi"}], usage=usage))] * 2)
    told = openai_client.chat.completions.create(model="claude", messages=MESSAGES).usage
    assert (told.prompt_tokens, told.completion_tokens, told.total_tokens) == (357, 3, 360)
    details = told.prompt_tokens_details
    assert (details.cached_tokens, details.cache_creation_token_details) == (50, lives)
    told = anthropic_client.messages.create(model="claude", messages=MESSAGES, max_tokens=9).usage
    assert told.cache_creation.model_dump() == lives


@pytest.mark.parametrize("model, counted_by", [("anthropic/hello", "vendor"), ("openai/hello", "gateway")])
def test_count_tokens(mock, anthropic_client, model, counted_by):
    answer = anthropic_client.messages.with_raw_response.count_tokens(
        model=model, messages=[{"role": "user", "content": "one two three four five six"}], system="seven eight"
    )
    count = answer.parse().input_tokens
    if counted_by == "vendor":
        assert count == 8  # The mock vendor counts words.
        assert mock.last().path == "/v1/messages/count_tokens"
    else:
        assert 5 <= count <= 40 and not mock.requests()
        assert "input_tokens" in answer.headers["x-llm-gateway-notes"]


def test_lists_of_models(openai_client, anthropic_client):
    ids = {model.id: model.owned_by for model in openai_client.models.list()}
    assert ids["gpt"] == "openai" and ids["claude"] == "anthropic"
    assert openai_client.models.retrieve("claude").id == "claude"
    listed = list(anthropic_client.models.list())
    assert [model.id for model in listed] == list(ids) and listed[0].type == "model"
    assert listed[0].created_at.year >= 2023
    assert anthropic_client.models.retrieve("gpt").id == "gpt"
    assert openai_client.models.retrieve("openai/gpt-4o-mini").id == "openai/gpt-4o-mini"


def test_several_choices_and_logprobs_of_openai(mock, openai_client, anthropic_client):
    """What passes through as bytes keeps everything; what a Messages answer cannot hold is noted."""
    wire = OpenAIWire()
    body = wire.whole(Said("One"))
    second = json.loads(json.dumps(body["choices"][0])) | {"index": 1}
    second["message"]["content"] = "Two"
    token = {"token": "One", "logprob": -0.1, "bytes": [79], "top_logprobs": []}
    body["choices"][0]["logprobs"] = {"content": [token], "refusal": None}
    body["choices"].append(second)
    mock.replay(exchange(wire.path, body), exchange(wire.path, body))
    completion = openai_client.chat.completions.create(model="gpt", messages=MESSAGES, n=2, logprobs=True)
    assert [choice.message.content for choice in completion.choices] == ["One", "Two"]
    assert completion.choices[0].logprobs.content[0].logprob == -0.1

    raw = anthropic_client.messages.with_raw_response.create(model="gpt", messages=MESSAGES, max_tokens=9)
    assert raw.parse().content[0].text == "One"
    assert "dropped choices[1..]" in raw.headers["x-llm-gateway-notes"]

