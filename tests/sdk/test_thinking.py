"""Thinking: Anthropic's signatures come back to Anthropic byte for byte, whoever the client is."""

import pytest

from speakers import WEATHER, Prompt
from wires import AnthropicWire, OpenAIWire, exchange

SIGNATURE = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds+/abc/==" * 4
THINKING = {"type": "thinking", "thinking": "Let me look at \"Köln\".\n\tFirst…", "signature": SIGNATURE}
SILENT = {"type": "thinking", "thinking": "", "signature": SIGNATURE[::-1]}
REDACTED = {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpP=="}
CALL = {"type": "tool_use", "id": "toolu_01", "name": "get_weather", "input": {"city": "Köln"}}
SPEECH = {"type": "text", "text": "I shall look."}
WIRE = AnthropicWire()
PROMPT = Prompt("How is it in Köln?", tools=[WEATHER])


def answer(blocks: list[dict], streamed: bool) -> dict:
    body = WIRE.stream(blocks, "tool_use") if streamed else WIRE.whole(blocks, "tool_use")
    return exchange(WIRE.path, body)


@pytest.mark.parametrize(
    "blocks",
    [
        [THINKING, CALL],
        [THINKING, SPEECH, CALL],
        [SILENT, CALL],
        [REDACTED, CALL],
        [THINKING, REDACTED, SILENT, SPEECH, CALL],
        [THINKING, SPEECH, SILENT, CALL],
    ],
    ids=["signed", "with_text", "empty_text", "redacted", "all_kinds", "interleaved"],
)
def test_blocks_survive_a_turn_of_tools(mock, speaker, streamed, blocks):
    mock.replay(answer(blocks, streamed), answer([SPEECH], streamed))
    heard = speaker.ask("claude", PROMPT, streamed)
    assert [call.id for call in heard.calls] == ["toolu_01"]
    speaker.go_on("claude", PROMPT, heard, {"toolu_01": "rain"}, streamed)
    returned = mock.last().body["messages"][1]
    assert returned["role"] == "assistant"
    assert returned["content"] == blocks


def test_thinking_is_told_in_each_clients_words(mock, openai_client, anthropic_client, streamed):
    messages = [{"role": "user", "content": "Hello"}]
    mock.replay(answer([THINKING, SPEECH], streamed), answer([THINKING, SPEECH], streamed))
    if streamed:
        create = openai_client.chat.completions.create
        deltas = [c.choices[0].delta for c in create(model="claude", messages=messages, stream=True) if c.choices]
        told = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
        said = "".join(delta.content or "" for delta in deltas)
    else:
        message = openai_client.chat.completions.create(model="claude", messages=messages).choices[0].message
        told, said = message.reasoning_content, message.content
        assert message.thinking_blocks == [THINKING]
    assert (told, said) == (THINKING["thinking"], SPEECH["text"])

    ask = {"model": "claude", "messages": messages, "max_tokens": 2048}
    if streamed:
        with anthropic_client.messages.stream(**ask) as stream:
            message = stream.get_final_message()
    else:
        message = anthropic_client.messages.create(**ask)
    assert [block.model_dump(exclude_none=True) for block in message.content] == [THINKING, SPEECH]


def test_efforts_and_budgets_reach_the_vendor(mock, openai_client, anthropic_client):
    vendor = OpenAIWire()
    messages = [{"role": "user", "content": "Hello"}]
    create = openai_client.chat.completions.create
    create(model="anthropic/claude-sonnet-4-5", messages=messages, reasoning_effort="low", max_tokens=4000)
    assert mock.last().body["thinking"] == {"type": "enabled", "budget_tokens": 1024}
    create(model="anthropic/claude-opus-4-6", messages=messages, reasoning_effort="high")
    body = mock.last().body
    assert (body["thinking"]["type"], body["output_config"]) == ("adaptive", {"effort": "high"})

    thinking = {"type": "enabled", "budget_tokens": 1024}
    anthropic_client.messages.create(model="openai/o4-mini", messages=messages, max_tokens=4000, thinking=thinking)
    seen = mock.last()
    assert seen.path == vendor.path and "thinking" not in seen.body
    assert (seen.body["reasoning_effort"], seen.body["max_completion_tokens"]) == ("low", 4000)


def test_thinking_of_other_vendors_reaches_anthropics_sdk(mock, anthropic_client, streamed):
    """`reasoning_content`, as vendors like OpenAI's wire have it, becomes a thinking block."""
    request = {"model": "openai/thinking", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2048}
    if streamed:
        with anthropic_client.messages.stream(**request) as stream:
            message = stream.get_final_message()
    else:
        message = anthropic_client.messages.create(**request)
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].thinking and message.content[1].text

    # Sent back, it is not passed off as Anthropic's own: that vendor would refuse it.
    blocks = [block.model_dump(exclude_none=True) for block in message.content]
    history = [*request["messages"], {"role": "assistant", "content": blocks}, {"role": "user", "content": "Go on"}]
    anthropic_client.messages.create(model="openai/hello", messages=history, max_tokens=99)
    assert "thinking_blocks" not in mock.last().text
