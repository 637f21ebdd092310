"""Every request of the shared corpus, as it is sent to each vendor, against the vendor's own published shapes."""

import json
import re
import subprocess

import pytest

import shapes
from asked import DIALECTS
from harness import ROOT, binary
from vendors import VENDORS
from wires import Said

CORPUS = sorted((ROOT / "crates/llm-providers/testkit/corpus/request").glob("*.json"))

# vendor/model -> the shape of what is sent to it.
TARGETS = {
    "openai/gpt-4.1": shapes.of_openai_chat,
    "openai/gpt-5.1": shapes.of_openai_chat,
    "openai/responses/gpt-5.1": shapes.of_openai_responses,
    "azure/gpt-4.1": shapes.of_openai_chat,
    "anthropic/claude-sonnet-4-5": shapes.of_anthropic,
    "anthropic/claude-opus-4-6": shapes.of_anthropic,
    "gemini/gemini-2.5-flash": shapes.of_gemini,
    "gemini/gemini-3-pro-preview": shapes.of_gemini,
    "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0": shapes.of_converse,
    "bedrock/us.amazon.nova-2-lite-v1:0": shapes.of_converse,
    "cohere/command-a-03-2025": shapes.of_cohere,
    "ollama/qwen3:4b": shapes.of_ollama,
}


OPEN = "a member that nobody knows goes where it may be understood, and the vendor answers for it"
STRANGE = "the vendor is asked as the client asked; its refusal names what it does not know"
OLDER = "for models from before Claude 5; the SDK's types know the newest only"
BYTES = "the gateway fetches it before; `translate` has no network"

# Where a body is not of the published shape: target, request, problem (each a pattern), and why it is right so.
LISTED = [
    (r"(?!bedrock).*", r"unknown_members", r".*: unknown", OPEN),
    (r"(?!bedrock|ollama).*", r"sampling_all", r"\.min_p: unknown", OPEN),
    (r"(openai|azure)/.*", r"unknown_(part|tool|values)", r".*", STRANGE),
    (r"(openai|azure)/.*", r"nulls_everywhere", r".*", "a null said is a null sent; the API takes it, the SDK omits it"),
    (r"(openai|azure)/gpt.*", r"annotations_history", r".*annotations: unknown", "OpenAI's own answers, sent back as they came"),
    (r"openai/responses/.*", r"audio_in", r".*input_audio.*", "no type in the SDK yet; OpenAI says so itself where a model takes no sound"),
    (r"anthropic/.*", r"sampling_all|temperature_high", r"\.(temperature|top_p|top_k): unknown", OLDER),
    (r"gemini/gemini-3.*", r".*", r".*thinkingLevel: '\w+' is none of .*", "AI Studio's pages write levels in small letters"),
    (r"gemini/.*", r"server_tools_openai", r".*\.fileSearch: unknown", "AI Studio has it, Vertex AI (whose description this is) has not"),
    (r"gemini/.*", r"service_tier", r"\.serviceTier: unknown", "AI Studio has it, Vertex AI (whose description this is) has not"),
    (r"bedrock/.*", r"empty_content", r"refused: .*hold nothing.*", "Converse refuses a conversation without content"),
    (r"(bedrock|ollama)/.*", r"images_(bare_)?url", r"refused: .*", BYTES),
    (r"ollama/.*", r".*", r".*parameters\.additionalProperties: unknown", "Ollama hands schemas on to the model's template"),
]


def sent(target: str, file) -> tuple[dict | None, str]:
    """The body that `translate` prints for a request, or its refusal."""
    command = [str(binary()), "translate", "--from", "openai", "--to", target, "--body", str(file)]
    if target.startswith("azure/"):
        command += ["--api-base", "https://example.openai.azure.com"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return None, done.stderr.strip().splitlines()[-1]
    return json.loads(done.stdout), ""


@pytest.mark.parametrize("target", TARGETS)
def test_requests_have_the_published_shape(target):
    """Each is of the shape, or listed above; and what is listed is so."""
    entries = [entry for entry in LISTED if re.fullmatch(entry[0], target)]
    unused, unlisted = set(entries), []
    for file in CORPUS:
        body, refusal = sent(target, file)
        for problem in [f"refused: {refusal}"] if body is None else TARGETS[target](body):
            listed = [e for e in entries if re.fullmatch(e[1], file.stem) and re.fullmatch(e[2], problem)]
            unused.difference_update(listed)
            if not listed:
                unlisted.append(f"{file.stem}: {problem}")
    assert not unlisted, "\n".join(unlisted)
    assert not unused, "no longer so"


SHAPES = {
    "matrix-openai": shapes.of_openai_chat,
    "matrix-azure": shapes.of_openai_chat,
    "matrix-responses": shapes.of_openai_responses,
    "matrix-anthropic": shapes.of_anthropic,
    "matrix-gemini": shapes.of_gemini,
    "matrix-bedrock": shapes.of_converse,
    "matrix-nova": shapes.of_converse,
    "matrix-cohere": shapes.of_cohere,
    "matrix-ollama": shapes.of_ollama,
}
# Whoever speaks a dialect is sent it as it came.
OWN = {"anthropic": "anthropic", "gemini": "gemini", "converse": "bedrock", "cohere": "cohere", "ollama": "ollama"}

# As above: model, dialect and variation, problem, why.
LISTED_OF_DIALECTS = [
    (r"matrix-anthropic", r".*", r"\.(temperature|top_p|top_k): unknown", OLDER),
    (r"matrix-responses", r".*: sound", r".*input_audio.*", "no type in the SDK yet; OpenAI says so itself where a model takes no sound"),
    (r"matrix-gemini", r".*", r".*\.serviceTier: unknown", "AI Studio has it, Vertex AI (whose description this is) has not"),
    (r"matrix-ollama", r".*", r".*parameters\.additionalProperties: unknown", "Ollama hands schemas on to the model's template"),
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("vendor", [one for one in VENDORS if one.model in SHAPES], ids=lambda one: one.model)
def test_requests_of_other_dialects_have_the_published_shape(mock, http, vendor, dialect):
    """What a vendor has no word for is said in others, or left out with a note; never sent in another vendor's words."""
    if OWN.get(dialect) == vendor.name or dialect == "responses" and vendor.name in ("openai", "azure"):
        pytest.skip("passes as it is")
    problems, silent, plain = [], [], None
    for variation in ["", *DIALECTS[dialect].variations]:
        path, request = DIALECTS[dialect].request(variation, vendor.model)
        mock.replay(vendor.says(Said("Fine."), False))
        answer = http.post(path, json=request, headers={"x-llm-gateway-explain": "notes"})
        assert answer.status_code == 200, f"{variation}: {answer.text}"
        body, notes = mock.last().body, answer.headers.get("x-llm-gateway-notes-json", "[]")
        listed = [e for e in LISTED_OF_DIALECTS if re.fullmatch(e[0], vendor.model) and re.fullmatch(e[1], f"{dialect}: {variation}")]
        problems += [
            f"{variation}: {problem}"
            for problem in SHAPES[vendor.model](body)
            if not any(re.fullmatch(entry[2], problem) for entry in listed)
        ]
        if plain is None:
            plain = (body, notes)
        elif (body, notes) == plain:
            silent.append(variation)
    assert not problems, "\n".join(problems)
    # Nothing is asked by these: vendors are free to do so anyway.
    assert set(silent) <= {"include", "store", "service_tier"}, silent


@pytest.mark.parametrize("vendor", [one for one in VENDORS if one.model in SHAPES], ids=lambda one: one.model)
def test_that_a_tool_did_not_fail_is_no_loss(mock, http, vendor):
    """Amazon's clients say so of every result."""
    mock.replay(vendor.says(Said("Fine."), False))
    path, request = DIALECTS["converse"].request("result", vendor.model)
    answer = http.post(path, json=request, headers={"x-llm-gateway-on-loss": "reject"})
    assert answer.status_code == 200, answer.text
    assert "Rain." in mock.last().text


BAD = {
    shapes.of_openai_chat: ({"model": "m", "messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
    shapes.of_openai_responses: ({"model": "m", "input": "x", "store": "no"}, ".store"),
    shapes.of_anthropic: ({"model": "m", "messages": [], "max_tokens": "9"}, ".max_tokens"),
    shapes.of_gemini: ({"contents": [{"parts": [{"inlineData": {"data": "?"}}]}]}, "inlineData.data"),
    shapes.of_converse: ({"messages": [{"role": "user", "content": [{"txt": "x"}]}]}, "txt"),
    shapes.of_cohere: ({"model": "m"}, ".messages: missing"),
    shapes.of_ollama: ({"model": "m", "messages": [{"role": "user"}], "think": []}, ".think"),
}


@pytest.mark.parametrize("check", BAD, ids=lambda check: check.__name__)
def test_checkers_find_what_is_wrong(check):
    body, place = BAD[check]
    assert any(place in problem for problem in check(body)), check(body)
