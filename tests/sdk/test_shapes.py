"""Every request of the shared corpus, as it is sent to each vendor, against the vendor's own published shapes."""

import json
import subprocess

import pytest

import shapes
from harness import ROOT, binary

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


@pytest.mark.parametrize("target", TARGETS)
def test_requests_have_the_published_shape(target):
    wrong = {}
    for file in CORPUS:
        command = [str(binary()), "translate", "--from", "openai", "--to", target, "--body"]
        if target.startswith("azure/"):
            command += ["--api-base", "https://example.openai.azure.com"]
        done = subprocess.run([*command, str(file)], capture_output=True, text=True)
        if done.returncode:
            wrong[file.stem] = done.stderr.strip().splitlines()[-1:]
        elif problems := TARGETS[target](json.loads(done.stdout)):
            wrong[file.stem] = problems
    assert not wrong, json.dumps(wrong, indent=1)
