"""OpenAI's Responses API as a vendor's wire: what thinks there is signed by encryption.

Sources: OpenAI API reference, "Responses" and "Streaming events"; OpenAI docs, "Reasoning models" (encrypted
reasoning items); read 2026-11.
"""

import json

from wires import Asked, Call, Said, Usage, exchange, pieces, sse

from .openai import Azure, OpenAI
from .vendor import SIGNS, THINKS


class OpenAIResponses(OpenAI):
    """A model that is asked by the Responses API, whatever the client speaks."""

    model = "matrix-responses"
    can = OpenAI.can | {THINKS, SIGNS}

    def deployment(self, mock_url: str) -> dict:
        return super().deployment(mock_url) | {"model": "openai/responses/gpt-4.1"}

    def address(self, streamed: bool) -> str:
        return "/v1/responses"

    def says(self, said: Said, streamed: bool, **more) -> dict:
        return exchange(self.address(streamed), self.stream(said) if streamed else self.answer(said), **more)

    def counts(self, usage: Usage) -> dict:
        return {
            "input_tokens": usage.read,
            "input_tokens_details": {"cached_tokens": usage.cached},
            "output_tokens": usage.written,
            "output_tokens_details": {"reasoning_tokens": usage.thinking},
            "total_tokens": usage.read + usage.written,
        }

    @staticmethod
    def items(said: Said) -> list[dict]:
        items = []
        if said.thoughts:
            summary = [{"type": "summary_text", "text": said.thoughts}]
            items.append({"id": "rs_1", "type": "reasoning", "summary": summary, "encrypted_content": said.signature})
        if said.text:
            part = {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
            status = "incomplete" if said.stop in ("length", "refused") else "completed"
            items.append({"id": "msg_1", "type": "message", "status": status, "role": "assistant", "content": [part]})
        for index, call in enumerate(said.calls):
            item = {"id": f"fc_{index}", "type": "function_call", "status": "completed", "call_id": call.id}
            items.append(item | {"name": call.name, "arguments": json.dumps(call.arguments)})
        return items

    def answer(self, said: Said, items: list[dict] | None = None, status: str | None = None) -> dict:
        reason = {"length": "max_output_tokens", "refused": "content_filter"}.get(said.stop)
        done = status is None
        return {
            "id": "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
            "object": "response",
            "created_at": 1741476542,
            "status": status or ("incomplete" if reason else "completed"),
            "error": None,
            "incomplete_details": {"reason": reason} if reason and done else None,
            "instructions": None,
            "max_output_tokens": 1024,
            "model": "gpt-4.1-2025-04-14",
            "output": self.items(said) if items is None else items,
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "store": False,
            "temperature": 1.0,
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": self.counts(said.usage) if done else None,
            "user": None,
            "metadata": {},
        }

    def stream(self, said: Said) -> str:
        events = [
            {"type": "response.created", "response": self.answer(said, [], "in_progress")},
            {"type": "response.in_progress", "response": self.answer(said, [], "in_progress")},
        ]
        for index, item in enumerate(self.items(said)):
            where = {"output_index": index, "item_id": item["id"]}
            match item["type"]:
                case "reasoning":
                    opened = item | {"summary": []}
                    inner = self.part(where | {"summary_index": 0}, "reasoning_summary", item["summary"][0])
                case "message":
                    opened = item | {"status": "in_progress", "content": []}
                    inner = self.part(where | {"content_index": 0}, "output", item["content"][0])
                case _:
                    opened = item | {"status": "in_progress", "arguments": ""}
                    name = "response.function_call_arguments"
                    inner = [{"type": f"{name}.delta", "delta": cut} | where for cut in pieces(item["arguments"])]
                    inner.append({"type": f"{name}.done", "arguments": item["arguments"], "name": item["name"]} | where)
            events.append({"type": "response.output_item.added", "output_index": index, "item": opened})
            events += inner
            events.append({"type": "response.output_item.done", "output_index": index, "item": item})
        last = self.answer(said)
        events.append({"type": f"response.{last['status']}", "response": last})
        numbered = [event | {"sequence_number": number} for number, event in enumerate(events)]
        return sse(*((event["type"], event) for event in numbered))

    @staticmethod
    def part(where: dict, kind: str, part: dict) -> list[dict]:
        """The events of a part: of a text, or of a summary of thoughts."""
        frame = "response.content_part" if kind == "output" else f"response.{kind}_part"
        more = {"logprobs": []} if kind == "output" else {}
        return [
            {"type": f"{frame}.added", "part": part | {"text": ""}} | where,
            *({"type": f"response.{kind}_text.delta", "delta": cut} | where | more for cut in pieces(part["text"])),
            {"type": f"response.{kind}_text.done", "text": part["text"]} | where | more,
            {"type": f"{frame}.done", "part": part} | where,
        ]

    def read(self, body: dict) -> Asked:
        asked = Asked(body.get("instructions") or "", [], [], [], {}, [], {})
        items = body["input"]
        for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
            match item.get("type", "message"):
                case "message":
                    self._message(item, asked)
                case "reasoning":
                    asked.thoughts += [part["text"] for part in item.get("summary", [])]
                    asked.signatures += [item["encrypted_content"]] if item.get("encrypted_content") else []
                case "function_call":
                    asked.calls.append(Call(item["call_id"], item["name"], json.loads(item["arguments"])))
                case "function_call_output":
                    output = item["output"]
                    text = output if isinstance(output, str) else "".join(part["text"] for part in output)
                    asked.results[item["call_id"]] = text
        for tool in body.get("tools", []):
            asked.tools[tool["name"]] = tool["parameters"]
        asked.schema = body.get("text", {}).get("format", {}).get("schema")
        return asked

    @staticmethod
    def _message(item: dict, asked: Asked):
        content = item["content"]
        for part in [{"type": "input_text", "text": content}] if isinstance(content, str) else content:
            if part["type"] == "input_image":
                asked.images.append(part["image_url"])
            elif item["role"] in ("system", "developer"):
                asked.system += part["text"]
            elif item["role"] == "user":
                asked.texts.append(part["text"])


class OpenAIPassed(OpenAIResponses):
    """OpenAI as it is asked by clients that speak the Responses API themselves: what they say passes as it is."""

    model = OpenAI.model


class AzurePassed(OpenAIPassed):
    """The same for Azure, which has this API at its undated address alone."""

    name = Azure.name
    model = Azure.model
    key_header = Azure.key_header

    def address(self, streamed: bool) -> str:
        return "/openai/v1/responses"
