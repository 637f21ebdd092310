"""Whether a body has the shape that a vendor has published: in its SDK's types, or in its description of the service.

Each checker gives the places where a body is not of the shape, and nothing when it is. Members that a shape does not
know count as well: what is sent must be known to whom it is sent.
"""

import base64
import binascii
import collections.abc
import functools
import inspect
import json
import os
import types
import typing
from importlib import resources

import anthropic.types
import botocore.session
import botocore.validate
import cohere
import ollama._types
import openai.types.chat.completion_create_params as openai_chat
import openai.types.responses.response_create_params as openai_responses
import pydantic
import typing_extensions

Problems = list[str]


def of_type(value, kind, place: str = "") -> Problems:
    """Against a type as SDKs write them: typed dictionaries, pydantic's models, unions, lists and so on."""
    origin, arguments = typing_extensions.get_origin(kind), typing_extensions.get_args(kind)
    if origin in (typing.Annotated, typing_extensions.Required, typing_extensions.NotRequired):
        return of_type(value, arguments[0], place)
    if kind in (typing.Any, object):
        return []
    if origin in (typing.Union, types.UnionType):
        tried = [of_type(value, argument, place) for argument in arguments]
        # The nearest of them: least is wrong, or what is wrong lies deepest.
        return min(tried, key=lambda problems: (bool(problems), -depth(problems), len(problems)))
    if origin is typing.Literal:
        return [] if value in arguments else [f"{place}: {value!r} is none of {list(arguments)}"]
    if origin in (dict, collections.abc.Mapping):
        if not isinstance(value, dict):
            return [f"{place}: no object"]
        return [one for name, item in value.items() for one in of_type(item, arguments[1], f"{place}.{name}")]
    if origin in (list, collections.abc.Iterable, collections.abc.Sequence):
        if not isinstance(value, list):
            return [f"{place}: no list"]
        return [one for index, item in enumerate(value) for one in of_type(item, arguments[0], f"{place}[{index}]")]
    if typing_extensions.is_typeddict(kind):
        return of_members(value, members_of_dict(kind), place)
    if inspect.isclass(kind) and issubclass(kind, pydantic.BaseModel):
        return of_members(value, members_of_model(kind), place)
    return of_plain(value, kind, place)


def depth(problems: Problems) -> int:
    return max((problem.partition(":")[0].count(".") + problem.partition(":")[0].count("[") for problem in problems), default=0)


def of_plain(value, kind, place: str) -> Problems:
    taken = {float: (int, float), dict: dict, list: list}.get(kind, kind)
    if typing_extensions.get_origin(kind) in (typing.IO, os.PathLike) or kind in (typing.IO[bytes], os.PathLike):
        return [f"{place}: {value!r} is no file"]
    if not inspect.isclass(kind):
        raise TypeError(f"{place}: the checker does not know {kind}")
    if isinstance(value, bool) and kind is not bool or not isinstance(value, taken):
        return [f"{place}: {value!r} is no {kind.__name__}"]
    return []


Members = dict[str, tuple[object, bool]]


@functools.cache
def members_of_dict(kind) -> Members:
    hints = typing_extensions.get_type_hints(kind, include_extras=True)
    return {name: (hint, name in kind.__required_keys__) for name, hint in hints.items()}


@functools.cache
def members_of_model(kind: type[pydantic.BaseModel]) -> Members:
    fields = kind.model_fields.items()
    return {field.alias or name: (field.annotation, field.is_required()) for name, field in fields}


def of_members(value, members: Members, place: str) -> Problems:
    if not isinstance(value, dict):
        return [f"{place}: no object"]
    problems = [f"{place}.{name}: missing" for name, (_, required) in members.items() if required and name not in value]
    for name, item in value.items():
        if name in members:
            problems += of_type(item, members[name][0], f"{place}.{name}")
        else:
            problems.append(f"{place}.{name}: unknown")
    return problems


def of_openai_chat(body: dict) -> Problems:
    return of_type(body, openai_chat.CompletionCreateParams)


def of_openai_responses(body: dict) -> Problems:
    return of_type(body, openai_responses.ResponseCreateParams)


def of_anthropic(body: dict) -> Problems:
    return of_type(body, anthropic.types.message_create_params.MessageCreateParams)


def of_cohere(body: dict) -> Problems:
    """Against the parameters of the SDK's own method, which are the members of the body."""
    parameters = inspect.signature(cohere.ClientV2.chat).parameters.values()
    members = {
        one.name: (one.annotation, one.default is inspect.Parameter.empty)
        for one in parameters
        if one.name not in ("self", "request_options")
    }
    # The SDK has a method for streams and sets this itself.
    return of_members(body, members | {"stream": (bool, False)}, "")


def of_ollama(body: dict) -> Problems:
    return of_members(body, members_of_model(ollama._types.ChatRequest), "")


@functools.cache
def converse():
    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    return model.operation_model("Converse").input_shape


def of_converse(body: dict) -> Problems:
    """Against botocore's model of the service. The model's name is in the address."""
    problems: Problems = []
    decoded = with_blobs(body | {"modelId": "any"}, converse(), "", problems)
    report = botocore.validate.ParamValidator().validate(decoded, converse())
    return problems + (report.generate_report().splitlines() if report.has_errors() else [])


def with_blobs(value, shape, place: str, problems: Problems):
    """The body with bytes where JSON has base64."""
    match shape.type_name:
        case "structure" if isinstance(value, dict) and not getattr(shape, "is_document_type", False):
            return {
                name: with_blobs(item, shape.members[name], f"{place}.{name}", problems)
                if name in shape.members
                else item
                for name, item in value.items()
            }
        case "list" if isinstance(value, list):
            return [with_blobs(item, shape.member, f"{place}[]", problems) for item in value]
        case "blob":
            try:
                return base64.b64decode(value, validate=True)
            except (binascii.Error, TypeError):
                problems.append(f"{place}: {value!r} is no base64")
    return value


@functools.cache
def discovery() -> dict:
    folder = resources.files("googleapiclient") / "discovery_cache/documents"
    return json.loads((folder / "aiplatform.v1beta1.json").read_text())["schemas"]


def of_gemini(body: dict) -> Problems:
    """Against Google's discovery document. AI Studio's own is not shipped any more; this one describes the same wire."""
    return of_schema(body, {"$ref": "GoogleCloudAiplatformV1beta1GenerateContentRequest"}, "")


def of_schema(value, schema: dict, place: str) -> Problems:
    if reference := schema.get("$ref"):
        return of_schema(value, discovery()[reference], place)
    match schema.get("type", "any"):
        case "any":
            return []
        case "object" if not isinstance(value, dict):
            return [f"{place}: no object"]
        case "object":
            problems, known, rest = [], schema.get("properties", {}), schema.get("additionalProperties")
            for name, item in value.items():
                inner = known.get(name, rest)
                problems += of_schema(item, inner, f"{place}.{name}") if inner else [f"{place}.{name}: unknown"]
            return problems
        case "array" if not isinstance(value, list):
            return [f"{place}: no list"]
        case "array":
            items = enumerate(value)
            return [one for at, item in items for one in of_schema(item, schema["items"], f"{place}[{at}]")]
        case kind:
            return of_scalar(value, schema, kind, place)


def of_scalar(value, schema: dict, kind: str, place: str) -> Problems:
    # Numbers of 64 bits are texts in this description; numbers are taken as well.
    long = schema.get("format") in ("int64", "uint64") and isinstance(value, int)
    wanted = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}[kind]
    if not long and (not isinstance(value, wanted) or isinstance(value, bool) and kind != "boolean"):
        return [f"{place}: {value!r} is no {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{place}: {value!r} is none of {schema['enum']}"]
    if schema.get("format") == "byte":
        try:
            base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
        except binascii.Error:
            return [f"{place}: {value!r} is no base64"]
    return []
