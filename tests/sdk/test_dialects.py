"""What only some of the dialects have words for: vectors, rankings, counts, lists, typed answers, knobs of thinking."""

import pytest
from pydantic import BaseModel

import clients
from speakers import Prompt
from vendors import VENDORS
from vendors.gemini import spelled
from vendors.vectors import EMBEDDERS, RANKERS
from vendors.vendor import SCHEMA
from wires import Said, Usage

VECTORS = [[0.5, -0.25, 0.125], [1.0, 0.0, -2.0]]
BY_MODEL = {vendor.model: vendor for vendor in VENDORS}
THREE = ["matrix-openai", "matrix-anthropic", "matrix-gemini", "matrix-bedrock", "matrix-cohere"]


@pytest.fixture(params=THREE, ids=lambda name: name.removeprefix("matrix-"))
def some_vendor(request):
    return BY_MODEL[request.param]


# What speaks the Responses API itself is asked otherwise by one of the clients; `matrix-responses` stands for it.
WITH_SCHEMAS = [
    one
    for one in VENDORS
    if SCHEMA in one.can and one.form == "word" and one.model not in ("matrix-openai", "matrix-azure")
]


@pytest.fixture(params=WITH_SCHEMAS, ids=lambda vendor: vendor.model.removeprefix("matrix-"))
def vendor_of_schemas(request):
    return request.param


@pytest.fixture(params=[clients.OpenAIChat, clients.Gemini, clients.Cohere, clients.Ollama], ids=lambda kind: kind.name)
def embedding_client(request, all_clients):
    return all_clients[request.param]


@pytest.mark.parametrize("embedder", EMBEDDERS, ids=lambda one: one.model)
def test_vectors(mock, embedding_client, embedder):
    mock.replay(embedder.embeds(VECTORS, 7))
    assert embedding_client.embed(embedder.model, ["one", "two words"]) == VECTORS
    seen = mock.last()
    assert seen.path == embedder.path
    assert embedder.texts(seen.body) == ["one", "two words"]


@pytest.mark.parametrize("embedder", EMBEDDERS, ids=lambda one: one.model)
def test_vectors_as_numbers_and_their_usage(mock, openai_client, embedder):
    mock.replay(embedder.embeds(VECTORS, 7))
    answer = openai_client.embeddings.create(model=embedder.model, input=["one", "two"], encoding_format="float")
    assert [one.embedding for one in answer.data] == VECTORS
    if embedder.counts:
        assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (7, 7)


@pytest.mark.parametrize("ranker", RANKERS, ids=lambda one: one.model)
def test_rankings(mock, all_clients, ranker):
    mock.replay(ranker.ranks([(1, 0.75), (0, 0.25)]))
    cohere = all_clients[clients.Cohere].client
    answer = cohere.rerank(model=ranker.model, query="What?", documents=["no", "yes"], top_n=2)
    assert [(one.index, one.relevance_score) for one in answer.results] == [(1, 0.75), (0, 0.25)]
    seen = mock.last()
    assert seen.path == ranker.path
    assert (seen.body["query"], seen.body["documents"], seen.body[ranker.count]) == ("What?", ["no", "yes"], 2)


class Place(BaseModel):
    """A city."""

    city: str
    size: int


def test_typed_answers_of_the_responses_api(mock, all_clients, vendor_of_schemas):
    mock.replay(vendor_of_schemas.says(Said('{"city": "Köln", "size": 9}'), False))
    openai = all_clients[clients.Responses].client
    response = openai.responses.parse(model=vendor_of_schemas.model, input="Which city?", text_format=Place)
    assert response.output_parsed == Place(city="Köln", size=9)
    assert set(vendor_of_schemas.read(mock.last().body).schema["properties"]) == {"city", "size"}


def test_typed_answers_of_gemini(mock, all_clients, vendor_of_schemas):
    mock.replay(vendor_of_schemas.says(Said('{"city": "Köln", "size": 9}'), False))
    gemini = all_clients[clients.Gemini].client
    config = {"response_mime_type": "application/json", "response_schema": Place}
    response = gemini.models.generate_content(model=vendor_of_schemas.model, contents="Which city?", config=config)
    assert response.parsed == Place(city="Köln", size=9)
    schema = vendor_of_schemas.read(mock.last().body).schema
    assert set(schema["properties"]) == {"city", "size"}
    # Gemini's own words for types are not passed on to others.
    assert vendor_of_schemas.name == "gemini" or schema["properties"]["size"]["type"] == "integer"


def test_generate_of_ollama(mock, all_clients, some_vendor, streamed):
    said = Said("Grüße aus Köln.", usage=Usage(read=9, written=4))
    mock.replay(some_vendor.says(said, streamed))
    ollama = all_clients[clients.Ollama].client
    request = {"model": some_vendor.model, "prompt": "Say hello", "system": "Be brief."}
    answers = list(ollama.generate(**request, stream=True)) if streamed else [ollama.generate(**request)]
    assert "".join(answer.response for answer in answers) == said.text
    last = answers[-1]
    assert (last.done, last.done_reason, last.prompt_eval_count, last.eval_count) == (True, "stop", 9, 4)
    asked = some_vendor.read(mock.last().body)
    assert (asked.system, asked.texts) == ("Be brief.", ["Say hello"])


def test_lists_of_models(all_clients):
    listed = {model.model for model in all_clients[clients.Ollama].client.list().models}
    assert {"matrix-gemini", "gpt", "claude"} <= listed
    listed = {model.name for model in all_clients[clients.Gemini].client.models.list()}
    assert {"models/matrix-cohere", "models/gpt"} <= listed


def test_counts_of_gemini(mock, all_clients):
    """By the vendor that counts, and by the gateway for one that does not."""
    gemini = all_clients[clients.Gemini].client
    path = "/v1beta/models/gemini-2.5-flash:countTokens"
    mock.replay({"path": path, "response": {"body": {"totalTokens": 31}}})
    assert gemini.models.count_tokens(model="matrix-gemini", contents="one two three").total_tokens == 31
    assert mock.last().path == path
    mock.reset()
    assert 1 <= gemini.models.count_tokens(model="matrix-cohere", contents="one two three").total_tokens <= 12
    assert not mock.requests()


# What an OpenAI client's `reasoning_effort` becomes.
EFFORTS = {
    "matrix-openai": {"reasoning_effort": "high"},
    "matrix-responses": {"reasoning": {"effort": "high"}},
    "matrix-anthropic": {"thinking": {"type": "enabled", "budget_tokens": 4096}},
    "matrix-gemini": {"generationConfig": {"thinkingConfig": {"thinkingBudget": 4096, "includeThoughts": True}}},
    "matrix-bedrock": {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 4096}}},
    "matrix-cohere": {"thinking": {"type": "enabled", "token_budget": 4096}},
    "matrix-ollama": {"think": True},
}


@pytest.mark.parametrize("name", EFFORTS)
def test_effort(mock, openai_client, name):
    mock.replay(BY_MODEL[name].says(Said("Hm."), False))
    request = {"model": name, "messages": [{"role": "user", "content": "Think!"}]}
    openai_client.chat.completions.create(**request, reasoning_effort="high")
    assert contains(mock.last().body, EFFORTS[name]), mock.last().text


def contains(body, wanted) -> bool:
    if isinstance(wanted, dict):
        return all(name in body and contains(body[name], one) for name, one in wanted.items())
    return body == wanted


@pytest.mark.parametrize("name", sorted(set(EFFORTS) - {"matrix-openai", "matrix-responses"}))
def test_thinking_is_asked_for_in_other_dialects(mock, all_clients, name):
    """A budget of Anthropic's, Gemini's and Cohere's own reaches each vendor that thinks."""
    vendor = BY_MODEL[name]
    mock.replay(*[vendor.says(Said("Hm."), False)] * 3)
    anthropic = all_clients[clients.AnthropicMessages].client
    thinking = {"type": "enabled", "budget_tokens": 4096}
    messages = [{"role": "user", "content": "Think!"}]
    anthropic.messages.create(model=name, messages=messages, max_tokens=8192, thinking=thinking)
    gemini = all_clients[clients.Gemini].client
    config = {"thinking_config": {"thinking_budget": 4096, "include_thoughts": True}, "max_output_tokens": 8192}
    gemini.models.generate_content(model=name, contents="Think!", config=config)
    cohere = all_clients[clients.Cohere].client
    cohere.chat(model=name, messages=messages, max_tokens=8192, thinking={"type": "enabled", "token_budget": 4096})
    for seen in mock.requests():
        body = spelled(seen.body) if name == "matrix-gemini" else seen.body
        assert contains(body, EFFORTS[name]), seen.text


def test_a_prompt_that_is_no_list(mock, all_clients, some_vendor):
    """Google's SDK takes a text alone; the Responses API too."""
    mock.replay(some_vendor.says(Said("Hi."), False))
    gemini = all_clients[clients.Gemini].client
    assert gemini.models.generate_content(model=some_vendor.model, contents="Hello").text == "Hi."
    assert some_vendor.read(mock.last().body).texts == ["Hello"]


def test_prompts_of_each_client_reach_the_vendor_that_they_name(mock, client):
    """The model stands in the address, in the body, or in both: it is the same deployment."""
    vendor = BY_MODEL["matrix-anthropic"]
    mock.replay(vendor.says(Said("Hi."), False))
    client.ask(vendor.model, Prompt("Hello"), False)
    assert mock.last().body["model"] == vendor.upstream_model
