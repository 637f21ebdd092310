"""The `google-genai` package."""

import base64

from google import genai
from google.genai import errors, types

from speakers import Heard, Prompt
from vendors.vendor import CACHED, IDS, IMAGES, REFUSES, SCHEMA, SIGNS, THINKING, THINKS
from wires import Call, Usage

from .client import Client, Refused


class Gemini(Client):
    """`generate_content`, whole and streamed."""

    name = "gemini"
    can = frozenset({IDS, THINKS, SIGNS, IMAGES, SCHEMA, REFUSES})
    tells = frozenset({CACHED, THINKING})
    exception = errors.APIError

    def __init__(self, url: str, key: str, timeout_s: float = 10):
        options = types.HttpOptions(base_url=url, timeout=int(timeout_s * 1000))
        self.client = genai.Client(api_key=key, http_options=options)

    def ask(self, model: str, prompt: Prompt, streamed: bool) -> Heard:
        return self.send(model, [self.content(prompt)], prompt, streamed)

    def go_on(self, model: str, prompt: Prompt, heard: Heard, results: list[str], streamed: bool) -> Heard:
        parts = [
            types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"result": text}))
            for call, text in zip(heard.calls, results, strict=True)
        ]
        told = types.Content(role="user", parts=parts)
        return self.send(model, [self.content(prompt), heard.native, told], prompt, streamed)

    def reply(self, model: str, prompt: Prompt, heard: Heard, text: str, streamed: bool) -> Heard:
        said = types.Content(role="user", parts=[types.Part(text=text)])
        return self.send(model, [self.content(prompt), heard.native, said], prompt, streamed)

    def send(self, model: str, contents: list, prompt: Prompt, streamed: bool) -> Heard:
        functions = [
            types.FunctionDeclaration(
                name=tool["name"], description=tool["description"], parameters_json_schema=tool["schema"]
            )
            for tool in prompt.tools
        ]
        config = types.GenerateContentConfig(
            system_instruction=prompt.system,
            max_output_tokens=prompt.limit,
            tools=[types.Tool(function_declarations=functions)] if functions else None,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )
        if prompt.schema:
            config.response_mime_type = "application/json"
            config.response_json_schema = prompt.schema
        request = {"model": model, "contents": contents, "config": config}
        if streamed:
            return self.heard(list(self.client.models.generate_content_stream(**request)))
        return self.heard([self.client.models.generate_content(**request)])

    def heard(self, answers: list) -> Heard:
        parts, stop, counted = [], None, None
        for answer in answers:
            assert not stop or not answer.candidates, "nothing follows the reason to stop"
            for candidate in answer.candidates or []:
                parts += (candidate.content.parts or []) if candidate.content else []
                stop = candidate.finish_reason or stop
            counted = answer.usage_metadata or counted
        counted = counted or types.GenerateContentResponseUsageMetadata(prompt_token_count=0, total_token_count=0)
        calls = [
            Call(part.function_call.id or "", part.function_call.name, part.function_call.args or {})
            for part in parts
            if part.function_call
        ]
        thinking = counted.thoughts_token_count or 0
        usage = Usage(
            read=counted.prompt_token_count,
            written=(counted.candidates_token_count or 0) + thinking,
            cached=counted.cached_content_token_count or 0,
            thinking=thinking,
        )
        assert counted.total_token_count == usage.read + usage.written
        text = "".join(part.text for part in parts if part.text and not part.thought)
        thoughts = "".join(part.text for part in parts if part.text and part.thought)
        stop = {"STOP": "tools" if calls else "stop", "MAX_TOKENS": "length", "SAFETY": "refused"}[stop.value]
        return Heard(text, calls, stop, usage, types.Content(role="model", parts=parts), thoughts)

    @staticmethod
    def content(prompt: Prompt) -> types.Content:
        parts = [
            types.Part.from_bytes(data=base64.b64decode(data), mime_type=media) for media, data in prompt.images
        ]
        return types.Content(role="user", parts=[*parts, types.Part(text=prompt.text)])

    def refused(self, exception) -> Refused:
        return Refused(exception.code, exception.message, exception.details)

    def embed(self, model: str, texts: list[str]) -> list[list[float]]:
        return [one.values for one in self.client.models.embed_content(model=model, contents=texts).embeddings]
