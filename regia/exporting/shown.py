"""Rows as JSON for a person: columns of JSON as what they hold, bytes as text where they are text."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

import orjson

_JSON: Final = frozenset({"tags", "facts", "own_facts", "history", "channels", "detail", "answers"})
"""Columns that hold JSON as text."""


def as_json(tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of several tables."""
    return {name: [_row(row) for row in rows] for name, rows in tables.items()}


def line(row: Mapping[str, Any]) -> bytes:
    """One row as a line."""
    return orjson.dumps(_row(row), option=orjson.OPT_APPEND_NEWLINE)


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return _text(bytes(value))
    if name in _JSON and isinstance(value, str):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _text(content: bytes) -> str | dict[str, str]:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(content).decode()}
