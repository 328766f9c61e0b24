"""Freshdesk's `GET /api/v2/search/tickets?query="…"` ("Filter Tickets"): fields, AND, OR, parentheses, `:>` and `:<`."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.trackers.base import parse_time

MOST = 512
FIELDS = frozenset(
    {"agent_id", "group_id", "priority", "status", "tag", "type", "due_by", "fr_due_by", "created_at", "updated_at"}
)
_TOKEN = re.compile(r"\s*(\(|\)|AND\b|OR\b|\w+:[<>]?(?:'[^']*'|[\w.\-]+))")
Test = Callable[[Mapping[str, Any]], bool]


class BadQuery(ValueError):
    """The query is not of the documented form."""


def compiled(query: str, custom: frozenset[str]) -> Test:
    """What decides whether a flat ticket (custom fields beside the others, `tag` a list) is found."""
    if len(query) > MOST or len(query) < 3 or not (query[0] == query[-1] == '"'):
        raise BadQuery(f"the query stands in double quotation marks and has at most {MOST} characters")
    text, tokens, at = query[1:-1].rstrip(), [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadQuery(f"not understood at {text[at : at + 20]!r}")
        tokens.append(match[1])
        at = match.end()
    test, rest = _either(tokens, custom)
    if rest:
        raise BadQuery(f"not expected: {rest[0]}")
    return test


def _either(tokens: list[str], custom: frozenset[str]) -> tuple[Test, list[str]]:
    first, rest = _both(tokens, custom)
    ways = [first]
    while rest and rest[0] == "OR":
        following, rest = _both(rest[1:], custom)
        ways.append(following)
    return (lambda ticket: any(way(ticket) for way in ways)), rest


def _both(tokens: list[str], custom: frozenset[str]) -> tuple[Test, list[str]]:
    first, rest = _one(tokens, custom)
    parts = [first]
    while rest and rest[0] == "AND":
        following, rest = _one(rest[1:], custom)
        parts.append(following)
    return (lambda ticket: all(part(ticket) for part in parts)), rest


def _one(tokens: list[str], custom: frozenset[str]) -> tuple[Test, list[str]]:
    if tokens and tokens[0] == "(":
        test, rest = _either(tokens[1:], custom)
        if not rest or rest[0] != ")":
            raise BadQuery("a parenthesis is not closed")
        return test, rest[1:]
    if not tokens or ":" not in tokens[0]:
        raise BadQuery(f"a field is missing at {tokens[:1]}")
    return _field(tokens[0], custom), tokens[1:]


def _field(token: str, custom: frozenset[str]) -> Test:
    name, _, value = token.partition(":")
    if name not in FIELDS | custom:
        raise BadQuery(f"{name} cannot be searched")
    sign, value = (value[0], value[1:]) if value[0] in "<>" else ("", value)
    plain = value.strip("'")
    if name.endswith(("_at", "_by")):
        if not re.fullmatch(r"'\d{4}-\d\d-\d\d'", value):
            raise BadQuery("dates are written 'YYYY-MM-DD'")
        return lambda ticket: _dated(str(ticket[name]), sign, plain)
    if plain == value and not re.fullmatch(r"\d+|null|true|false", value):
        raise BadQuery(f"text stands in single quotation marks: {value}")
    if value == "null":
        return lambda ticket: ticket.get(name) in (None, "", [])
    return lambda ticket: plain in [str(one) for one in _many(ticket.get(name))]


def _dated(held: str, sign: str, day: str) -> bool:
    """Days compare whole: `:>` takes the day itself too, as "on or after"."""
    moment, start = parse_time(held) or 0, parse_time(f"{day}T00:00:00Z") or 0
    end = start + 86_400_000
    return {">": moment >= start, "<": moment < end, "": start <= moment < end}[sign]


def _many(held: Any) -> list[Any]:
    return held if isinstance(held, list) else [held]
