"""Shapes of requests as JSON Schemas, so that what a provider documents is a table and nothing else is let through.

`obj` and its neighbours write the schemas; `violation` says which keyword a value breaks, which a provider maps to its
own error code. Objects are closed: an undocumented key at any level is a violation. `maxBytes` is a keyword of ours for
limits that count UTF-8 bytes (Instagram).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, relevance
from jsonschema.validators import extend

Schema = dict[str, Any]


@dataclass(frozen=True)
class Violation:
    """`rule` is the JSON Schema keyword (`additionalProperties`, `required`, `type`, `maxLength`, `maxItems`, …)."""

    rule: str
    path: str
    """Dotted, `message.quick_replies.0.title`; empty for the whole value."""
    message: str

    def __str__(self) -> str:
        return f"{self.path or 'request'}: {self.message} ({self.rule})"


def obj(required: Schema, optional: Schema | None = None) -> Schema:
    """An object with exactly these keys; those of `optional` may be left out."""
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def text(most: int | None = None, least: int = 1) -> Schema:
    """A string of `least` to `most` characters, counted as code points."""
    return {"type": "string", "minLength": least, **({} if most is None else {"maxLength": most})}


def const(*values: object) -> Schema:
    return {"enum": list(values)}


def many(items: Schema, most: int | None = None, least: int = 1) -> Schema:
    return {"type": "array", "items": items, "minItems": least, **({} if most is None else {"maxItems": most})}


def like(pattern: str, most: int | None = None) -> Schema:
    """A string that matches `pattern` as a whole."""
    return {**text(most), "pattern": f"^(?:{pattern})\\Z"}


def by(key: str, shapes: dict[str, Schema]) -> Schema:
    """An object whose `key` decides which of the shapes holds; each shape lists `key` itself."""
    cases = [{"if": {"properties": {key: {"const": name}}, "required": [key]}, "then": shape} for name, shape in shapes.items()]
    return {"type": "object", "properties": {key: {"enum": list(shapes)}}, "required": [key], "allOf": cases}


BOOL: Schema = {"type": "boolean"}
INT: Schema = {"type": "integer"}
ANY_OBJECT: Schema = {"type": "object"}
LINK: Schema = like(r"https?://\S+", 2048)


def _max_bytes(_: object, most: int, value: object, __: object) -> Iterator[ValidationError]:
    if isinstance(value, str) and len(value.encode()) > most:
        yield ValidationError(f"{len(value.encode())} bytes, the limit is {most}")


_Validator = extend(Draft202012Validator, {"maxBytes": _max_bytes})  # type: ignore[no-untyped-call]  # the stubs leave `extend` bare


def violation(schema: Schema, value: object) -> Violation | None:
    """What is wrong with `value`, the outermost fault first; None when nothing is."""
    errors = sorted(_Validator(schema).iter_errors(value), key=relevance)
    if not errors:
        return None
    error = errors[-1]
    path = ".".join(str(part) for part in error.absolute_path)
    return Violation(str(error.validator), path, error.message[:300])
