"""How parameters reach the Bot API: query, form, multipart or JSON, with nested values as JSON text in the first three.

Sources: core.telegram.org/bots/api "Making requests" and "Sending files"; CHANNELS 2 (what python-telegram-bot sends).
"""

import json
import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from aiohttp import web
from aiohttp.web_request import FileField
from multidict import MultiMapping

from tests.providers.shapes import BOOL, Schema
from tests.providers.telegram_shapes import FILE, Method

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z-]*)(\s[^<>]*)?>")
TAGS = frozenset(
    {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "span", "blockquote"}
    | {"tg-spoiler", "tg-emoji"}
)
ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#[0-9]+|#x[0-9A-Fa-f]+);")


class BadParameters(ValueError):
    """The text is what follows "Bad Request: "."""


@dataclass(frozen=True)
class Parameters:
    """Values by name, and the uploads by name of their part. An upload given directly stands as `attach://<name>`."""

    values: dict[str, Any]
    uploads: dict[str, tuple[str, bytes]]


async def parameters_of(request: web.Request, method: Method) -> Parameters:
    """The parameters in the types of `method`'s table; BadParameters when they cannot be read."""
    if request.method == "GET":
        return _from_form(request.query, method)
    if request.query:
        raise BadParameters("parameters in the query of a POST")
    if request.content_type == "application/json":
        return Parameters(_json_object(await request.text()), {})
    if request.content_type in FORMS:
        return _from_form(await request.post(), method)
    if await request.read():
        raise BadParameters(f"unsupported content type {request.content_type}")
    return Parameters({}, {})


def _json_object(body: str) -> dict[str, Any]:
    try:
        values = json.loads(body)
    except ValueError as error:
        raise BadParameters(f"can't parse JSON: {error}") from None
    if not isinstance(values, dict):
        raise BadParameters("JSON body is not an object")
    return values


def _from_form(form: MultiMapping[Any], method: Method) -> Parameters:
    names = list(form.keys())
    if repeated := {name for name in names if names.count(name) > 1}:
        raise BadParameters(f"repeated parameters {sorted(repeated)}")
    known = {**method.required, **method.optional}
    values: dict[str, Any] = {}
    uploads: dict[str, tuple[str, bytes]] = {}
    for name, value in form.items():
        if isinstance(value, FileField):
            uploads[name] = (value.filename, value.file.read())
        else:
            values[name] = _typed(name, value, known.get(name, {}))
    values |= {name: f"attach://{name}" for name in uploads if known.get(name) == FILE}
    return Parameters(values, uploads)


def _typed(name: str, value: object, schema: Schema) -> Any:
    """Text stays text; what the table has as another type is read as JSON, a chat id as a number when it is one."""
    if not isinstance(value, str):
        raise BadParameters(f"parameter {name} is a file part without a name")
    if "anyOf" in schema:
        return int(value) if value.lstrip("-").isdecimal() else value
    if schema.get("type") == "string" or "enum" in schema or not schema:
        return value
    try:
        return BOOLEANS[value.lower()] if schema == BOOL else json.loads(value)
    except (KeyError, ValueError):
        raise BadParameters(f"can't parse {name} as JSON") from None


def plain(words: str, parse_mode: str | None) -> str:
    """The text after parsing of entities, which is what the limits count. "HTML style": known tags, nested, `<` escaped."""
    if parse_mode is None:
        return words
    opened: list[str] = []
    rest = TAG.sub(lambda match: _tag(opened, match[2].lower(), closing=bool(match[1])), words)
    if "<" in rest:
        raise BadParameters("can't parse entities: Unsupported start tag")
    if opened:
        raise BadParameters(f"can't parse entities: Can't find end tag corresponding to start tag \"{opened[-1]}\"")
    return ENTITY.sub(lambda match: unescape(match[0]), rest)


def _tag(opened: list[str], name: str, *, closing: bool) -> str:
    if name not in TAGS:
        raise BadParameters(f'can\'t parse entities: Unsupported start tag "{name}"')
    if not closing:
        opened.append(name)
    elif not opened or opened.pop() != name:
        raise BadParameters(f'can\'t parse entities: Unmatched end tag "{name}"')
    return ""
