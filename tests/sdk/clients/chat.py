"""The `openai` package with chat completions, and the `anthropic` package."""

import anthropic
import openai

from speakers import AnthropicSpeaker, Heard, OpenAISpeaker, Prompt
from vendors.vendor import CACHE_WRITE, CACHED, IDS, IMAGES, REFUSES, SCHEMA, SIGNS, THINKING, THINKS
from wires import Usage

from .client import Client, Refused


class OpenAIChat(OpenAISpeaker, Client):
    """Chat completions."""

    can = frozenset({IDS, THINKS, SIGNS, IMAGES, SCHEMA, REFUSES})
    tells = frozenset({CACHED, CACHE_WRITE, THINKING})
    exception = openai.APIStatusError

    def __init__(self, url: str, key: str, timeout_s: float = 10):
        super().__init__(openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=timeout_s))

    def go_on(self, model: str, prompt: Prompt, heard: Heard, results: list[str], streamed: bool) -> Heard:
        told = {call.id: text for call, text in zip(heard.calls, results, strict=True)}
        return super().go_on(model, prompt, heard, told, streamed)

    def reply(self, model: str, prompt: Prompt, heard: Heard, text: str, streamed: bool) -> Heard:
        messages = [*self.messages(prompt), heard.native, {"role": "user", "content": text}]
        return self.send(streamed, model=model, messages=messages, **self.options(prompt))

    def stream(self, request: dict) -> Heard:
        """The helper takes an answer that was cut for a failure, and tells of it what there was."""
        text = ""
        with self.client.chat.completions.stream(**request, stream_options={"include_usage": True}) as stream:
            try:
                for event in stream:
                    if event.type == "content.delta":
                        text += event.delta
                return self.whole(stream.get_final_completion())
            except openai.LengthFinishReasonError as cut:
                return self.whole(cut.completion)
            except openai.ContentFilterFinishReasonError:
                return Heard(text, [], "refused", Usage(), {"role": "assistant", "content": text})

    def refused(self, exception) -> Refused:
        return Refused(exception.status_code, exception.message, exception.body)

    def embed(self, model: str, texts: list[str]) -> list[list[float]]:
        data = self.client.embeddings.create(model=model, input=texts).data
        assert [one.index for one in data] == list(range(len(texts)))
        return [one.embedding for one in data]


class AnthropicMessages(AnthropicSpeaker, Client):
    """Messages."""

    can = frozenset({IDS, THINKS, SIGNS, IMAGES, SCHEMA, REFUSES})
    tells = frozenset({CACHED, CACHE_WRITE, THINKING})
    exception = anthropic.APIStatusError

    def __init__(self, url: str, key: str, timeout_s: float = 10):
        super().__init__(anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=timeout_s))

    def go_on(self, model: str, prompt: Prompt, heard: Heard, results: list[str], streamed: bool) -> Heard:
        told = {call.id: text for call, text in zip(heard.calls, results, strict=True)}
        return super().go_on(model, prompt, heard, told, streamed)

    def reply(self, model: str, prompt: Prompt, heard: Heard, text: str, streamed: bool) -> Heard:
        answer = {"role": "assistant", "content": heard.native}
        messages = [*self.messages(prompt), answer, {"role": "user", "content": text}]
        return self.send(streamed, model=model, messages=messages, **self.options(prompt))

    def refused(self, exception) -> Refused:
        return Refused(exception.status_code, exception.message, exception.body)
