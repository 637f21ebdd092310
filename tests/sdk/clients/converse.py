"""`boto3` with Bedrock's Converse. The access key id is the gateway's key; the signature is not looked at."""

import base64
import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from speakers import Heard, Prompt
from vendors.vendor import CACHE_WRITE, CACHED, IDS, IMAGES, REFUSES, SCHEMA, SIGNS, THINKS
from wires import Call, Usage

from .client import Client, Refused


class Converse(Client):
    """`converse` and `converse_stream`."""

    name = "converse"
    can = frozenset({IDS, THINKS, SIGNS, IMAGES, SCHEMA, REFUSES})
    tells = frozenset({CACHED, CACHE_WRITE})
    exception = ClientError
    stops = {"end_turn": "stop", "tool_use": "tools", "max_tokens": "length", "content_filtered": "refused"}

    def __init__(self, url: str, key: str, timeout_s: float = 10):
        self.client = boto3.client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id=key,
            aws_secret_access_key="any secret does",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=timeout_s, proxies={}),
        )

    def ask(self, model: str, prompt: Prompt, streamed: bool) -> Heard:
        return self.send(model, [self.message(prompt)], prompt, streamed)

    def go_on(self, model: str, prompt: Prompt, heard: Heard, results: list[str], streamed: bool) -> Heard:
        told = [
            {"toolResult": {"toolUseId": call.id, "content": [{"text": text}], "status": "success"}}
            for call, text in zip(heard.calls, results, strict=True)
        ]
        messages = [self.message(prompt), heard.native, {"role": "user", "content": told}]
        return self.send(model, messages, prompt, streamed)

    def reply(self, model: str, prompt: Prompt, heard: Heard, text: str, streamed: bool) -> Heard:
        messages = [self.message(prompt), heard.native, {"role": "user", "content": [{"text": text}]}]
        return self.send(model, messages, prompt, streamed)

    def send(self, model: str, messages: list[dict], prompt: Prompt, streamed: bool) -> Heard:
        request = {"modelId": model, "messages": messages, "inferenceConfig": {"maxTokens": prompt.limit}}
        if prompt.system:
            request["system"] = [{"text": prompt.system}]
        if prompt.tools:
            tools = [
                {
                    "toolSpec": {
                        "name": tool["name"],
                        "description": tool["description"],
                        "inputSchema": {"json": tool["schema"]},
                    }
                }
                for tool in prompt.tools
            ]
            request["toolConfig"] = {"tools": tools}
        if prompt.schema:
            schema = {"name": "answer", "schema": json.dumps(prompt.schema)}
            request["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
        if streamed:
            return self.heard(*self.assembled(self.client.converse_stream(**request)["stream"]))
        answer = self.client.converse(**request)
        return self.heard(answer["output"]["message"], answer["stopReason"], answer["usage"])

    @staticmethod
    def assembled(events) -> tuple[dict, str, dict]:
        """A message from its events; the SDK has no helper for that."""
        blocks, inputs, stop, usage, role, open_block = {}, {}, None, None, None, None
        for event in events:
            (kind, value), = event.items()
            index = value.get("contentBlockIndex")
            match kind:
                case "messageStart":
                    role = value["role"]
                case "contentBlockStart":
                    blocks[index] = {"toolUse": dict(value["start"]["toolUse"])}
                    inputs[index] = ""
                    open_block = index
                case "contentBlockDelta":
                    assert open_block in (None, index), "one block after the other"
                    open_block = index
                    delta = value["delta"]
                    if "text" in delta:
                        block = blocks.setdefault(index, {"text": ""})
                        block["text"] += delta["text"]
                    elif "toolUse" in delta:
                        inputs[index] += delta["toolUse"]["input"]
                    else:
                        block = blocks.setdefault(index, {"reasoningContent": {"reasoningText": {"text": ""}}})
                        reasoning = block["reasoningContent"]["reasoningText"]
                        for name, piece in delta["reasoningContent"].items():
                            reasoning[name] = reasoning.get(name, "") + piece
                case "contentBlockStop":
                    assert open_block == index
                    open_block = None
                case "messageStop":
                    stop = value["stopReason"]
                case "metadata":
                    usage = value["usage"]
        for index, text in inputs.items():
            blocks[index]["toolUse"]["input"] = json.loads(text or "{}")
        assert list(blocks) == list(range(len(blocks)))
        return {"role": role, "content": list(blocks.values())}, stop, usage

    def heard(self, message: dict, stop: str, usage: dict) -> Heard:
        text, thoughts, calls = "", "", []
        for block in message["content"]:
            match block:
                case {"text": piece}:
                    text += piece
                case {"reasoningContent": {"reasoningText": reasoning}}:
                    thoughts += reasoning["text"]
                case {"toolUse": use}:
                    calls.append(Call(use["toolUseId"], use["name"], use["input"]))
        cached, cache_write = usage.get("cacheReadInputTokens", 0), usage.get("cacheWriteInputTokens", 0)
        counted = Usage(
            read=usage["inputTokens"] + cached + cache_write,
            written=usage["outputTokens"],
            cached=cached,
            cache_write=cache_write,
        )
        assert usage["totalTokens"] == counted.read + counted.written
        return Heard(text, calls, self.stops[stop], counted, message, thoughts)

    @staticmethod
    def message(prompt: Prompt) -> dict:
        content = [
            {"image": {"format": media.removeprefix("image/"), "source": {"bytes": base64.b64decode(data)}}}
            for media, data in prompt.images
        ]
        return {"role": "user", "content": [*content, {"text": prompt.text}]}

    def refused(self, exception) -> Refused:
        answer = exception.response
        return Refused(answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"], answer["Error"])
