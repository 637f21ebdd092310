"""The `ollama` package."""

import ollama

from speakers import Heard, Prompt
from vendors.vendor import IMAGES, SCHEMA, THINKS
from wires import Call, Usage

from .client import Client, Refused


class Ollama(Client):
    """`chat`, whole and streamed. The SDK knows no ids of calls, and no counts but two."""

    name = "ollama"
    can = frozenset({THINKS, IMAGES, SCHEMA})
    tells = frozenset()
    exception = ollama.ResponseError

    def __init__(self, url: str, key: str, timeout_s: float = 10):
        self.client = ollama.Client(host=url, headers={"authorization": f"Bearer {key}"}, timeout=timeout_s)

    def ask(self, model: str, prompt: Prompt, streamed: bool) -> Heard:
        return self.send(model, self.messages(prompt), prompt, streamed)

    def go_on(self, model: str, prompt: Prompt, heard: Heard, results: list[str], streamed: bool) -> Heard:
        told = [
            {"role": "tool", "tool_name": call.name, "content": text}
            for call, text in zip(heard.calls, results, strict=True)
        ]
        return self.send(model, [*self.messages(prompt), heard.native, *told], prompt, streamed)

    def reply(self, model: str, prompt: Prompt, heard: Heard, text: str, streamed: bool) -> Heard:
        messages = [*self.messages(prompt), heard.native, {"role": "user", "content": text}]
        return self.send(model, messages, prompt, streamed)

    def send(self, model: str, messages: list, prompt: Prompt, streamed: bool) -> Heard:
        request = {"model": model, "messages": messages, "options": {"num_predict": prompt.limit}, "format": prompt.schema}
        request["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool["name"],
                    "description": tool["description"],
                    "parameters": tool["schema"],
                },
            }
            for tool in prompt.tools
        ]
        if streamed:
            return self.heard(list(self.client.chat(**request, stream=True)))
        return self.heard([self.client.chat(**request)])

    @staticmethod
    def heard(answers: list) -> Heard:
        text = "".join(answer.message.content or "" for answer in answers)
        thoughts = "".join(answer.message.thinking or "" for answer in answers)
        native = [call for answer in answers for call in answer.message.tool_calls or []]
        calls = [Call("", call.function.name, dict(call.function.arguments)) for call in native]
        last = answers[-1]
        assert [answer.done for answer in answers] == [False] * (len(answers) - 1) + [True]
        stop = "tools" if calls and last.done_reason == "stop" else last.done_reason
        message = ollama.Message(role="assistant", content=text, thinking=thoughts or None, tool_calls=native or None)
        usage = Usage(read=last.prompt_eval_count or 0, written=last.eval_count or 0)
        return Heard(text, calls, stop, usage, message, thoughts)

    @staticmethod
    def messages(prompt: Prompt) -> list[dict]:
        system = [{"role": "system", "content": prompt.system}] if prompt.system else []
        images = [data for _, data in prompt.images]
        return [*system, {"role": "user", "content": prompt.text} | ({"images": images} if images else {})]

    def refused(self, exception) -> Refused:
        return Refused(exception.status_code, exception.error, None)

    def embed(self, model: str, texts: list[str]) -> list[list[float]]:
        return [list(one) for one in self.client.embed(model=model, input=texts).embeddings]
