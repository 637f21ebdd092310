"""The `openai` package with the Responses API."""

import json

import openai

from speakers import Heard, Prompt
from vendors.vendor import CACHED, IDS, IMAGES, REFUSES, SCHEMA, SIGNS, THINKING, THINKS
from wires import Call, Usage

from .client import Client, Refused


class Responses(Client):
    """`responses.create` and the helper for streams, without stored state."""

    name = "responses"
    can = frozenset({IDS, THINKS, SIGNS, IMAGES, SCHEMA, REFUSES})
    tells = frozenset({CACHED, THINKING})
    exception = openai.APIStatusError

    def __init__(self, url: str, key: str, timeout_s: float = 10):
        self.client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=timeout_s)

    def ask(self, model: str, prompt: Prompt, streamed: bool) -> Heard:
        return self.send(model, self.items(prompt), prompt, streamed)

    def go_on(self, model: str, prompt: Prompt, heard: Heard, results: list[str], streamed: bool) -> Heard:
        told = [
            {"type": "function_call_output", "call_id": call.id, "output": text}
            for call, text in zip(heard.calls, results, strict=True)
        ]
        return self.send(model, [*self.items(prompt), *heard.native, *told], prompt, streamed)

    def reply(self, model: str, prompt: Prompt, heard: Heard, text: str, streamed: bool) -> Heard:
        items = [*self.items(prompt), *heard.native, {"role": "user", "content": text}]
        return self.send(model, items, prompt, streamed)

    def send(self, model: str, items: list[dict], prompt: Prompt, streamed: bool) -> Heard:
        request = {
            "model": model,
            "input": items,
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "max_output_tokens": prompt.limit,
        }
        if prompt.system:
            request["instructions"] = prompt.system
        if prompt.tools:
            request["tools"] = [
                {
                    "type": "function",
                    "name": tool["name"],
                    "description": tool["description"],
                    "parameters": tool["schema"],
                    "strict": True,
                }
                for tool in prompt.tools
            ]
        if prompt.schema:
            request["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": prompt.schema}}
        if not streamed:
            return self.heard(self.client.responses.create(**request))
        # The helper itself checks the order of the events, and fails when one refers to what was not begun.
        with self.client.responses.stream(**request) as stream:
            events = list(stream)
            assert [event.sequence_number for event in events] == list(range(len(events)))
            if events[-1].type == "response.incomplete":
                return self.heard(events[-1].response)
            return self.heard(stream.get_final_response())

    def heard(self, response) -> Heard:
        calls, thoughts = [], ""
        for item in response.output:
            if item.type == "function_call":
                calls.append(Call(item.call_id, item.name, json.loads(item.arguments)))
            elif item.type == "reasoning":
                thoughts += "".join(part.text for part in [*item.summary, *(item.content or [])])
        if response.status == "completed":
            stop = "tools" if calls else "stop"
        else:
            reason = response.incomplete_details.reason
            stop = {"max_output_tokens": "length", "content_filter": "refused"}[reason]
        usage = Usage(
            read=response.usage.input_tokens,
            written=response.usage.output_tokens,
            cached=response.usage.input_tokens_details.cached_tokens,
            thinking=response.usage.output_tokens_details.reasoning_tokens,
        )
        native = [item.model_dump(exclude_none=True) for item in response.output]
        for item in native:
            item.pop("parsed_arguments", None)
            for part in item.get("content", []):
                part.pop("parsed", None)
        return Heard(response.output_text, calls, stop, usage, native, thoughts)

    @staticmethod
    def items(prompt: Prompt) -> list[dict]:
        parts = [
            {"type": "input_image", "image_url": f"data:{media};base64,{data}", "detail": "auto"}
            for media, data in prompt.images
        ]
        content = [*parts, {"type": "input_text", "text": prompt.text}] if parts else prompt.text
        return [{"role": "user", "content": content}]

    def refused(self, exception) -> Refused:
        return Refused(exception.status_code, exception.message, exception.body)
