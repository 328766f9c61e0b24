"""The part of JQL that a client of the search may use ("Advanced search reference - JQL fields", "… - JQL operators").

Points in time are to the minute and in the time zone of whoever asks, or relative (`-5m`), or milliseconds as a number. An
entity property can be asked for only where an app has it indexed ("Issue entity properties"): a plain token cannot.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>\(|\)|,|!=|>=|<=|!~|=|>|<|~)|(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<word>[^\s()=!<>~,"']+))"""
)
_TIMES = ("created", "updated", "resolved")
_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
FIELDS = frozenset(
    {
        *("project", "key", "issuekey", "id", "status", "statuscategory", "reporter", "assignee", "labels", "issuetype"),
        *("summary", "description", "text", "request type", *_TIMES),
    }
)
Test = Callable[[Mapping[str, Any]], bool]


class BadJql(ValueError):
    """What Jira answers as the first of `errorMessages`."""


@dataclass(frozen=True)
class Scope:
    """What a query is read against: the time, the time zone of the asking user and the indexed properties."""

    now_ms: int
    zone: str
    properties: Collection[str] = ()
    custom: Collection[str] = ()


@dataclass(frozen=True)
class Token:
    text: str
    quoted: bool = False

    def is_word(self, *words: str) -> bool:
        return not self.quoted and self.text.upper() in words


def compiled(jql: str, scope: Scope) -> tuple[Test, list[tuple[str, bool]]]:
    """The test for a flat issue, and the order: field and whether descending. An unbounded query is refused."""
    tokens, order = _tokens(jql), []
    for at, token in enumerate(tokens):
        if token.is_word("ORDER") and tokens[at + 1 : at + 2] and tokens[at + 1].is_word("BY"):
            order = _order(tokens[at + 2 :])
            tokens = tokens[:at]
            break
    if not tokens:
        raise BadJql("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
    reader = _Reader(tokens, scope)
    test = reader.either()
    if reader.tokens:
        raise BadJql(f"Error in the JQL Query: Expecting either 'OR' or 'AND' but got '{reader.tokens[0].text}'.")
    return test, order


def _tokens(jql: str) -> list[Token]:
    found, at, text = [], 0, jql.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadJql(f"Error in the JQL Query: not understood at {text[at : at + 20]!r}.")
        quoted = match["quoted"]
        found.append(Token(re.sub(r"\\(.)", r"\1", quoted[1:-1]), True) if quoted else Token(match["mark"] or match["word"]))
        at = match.end()
    return found


def _order(tokens: list[Token]) -> list[tuple[str, bool]]:
    parts = " ".join(token.text for token in tokens).split(",")
    words = [part.split() for part in parts]
    if not all(0 < len(one) <= 2 and one[-1].upper() in ("ASC", "DESC", one[0].upper()) for one in words):
        raise BadJql("Error in the JQL Query: the ORDER BY clause is not valid.")
    return [(one[0].lower(), one[-1].upper() == "DESC") for one in words]


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[Token], scope: Scope) -> None:
        self.tokens = list(tokens)
        self.scope = scope

    def either(self) -> Test:
        ways = [self._both()]
        while self.tokens and self.tokens[0].is_word("OR"):
            self.tokens.pop(0)
            ways.append(self._both())
        return lambda issue: any(way(issue) for way in ways)

    def _both(self) -> Test:
        parts = [self._one()]
        while self.tokens and self.tokens[0].is_word("AND"):
            self.tokens.pop(0)
            parts.append(self._one())
        return lambda issue: all(part(issue) for part in parts)

    def _one(self) -> Test:
        token = self._next()
        if token.is_word("NOT"):
            inner = self._one()
            return lambda issue: not inner(issue)
        if token.is_word("("):
            inner = self.either()
            self._expect(")")
            return inner
        return self._clause(token.text)

    def _clause(self, name: str) -> Test:
        field = self._field(name)
        operator = self._next().text.upper()
        if operator == "IS":
            wanted = not (self.tokens and self.tokens[0].is_word("NOT") and self._next())
            self._expect("EMPTY", "NULL")
            return lambda issue: (issue.get(field) in (None, "", [])) == wanted
        if operator in ("IN", "NOT"):
            if operator == "NOT":
                self._expect("IN")
            values = self._list()
            return lambda issue: any(_equal(issue.get(field), value) for value in values) == (operator == "IN")
        value = self._next()
        if value.is_word("(", ")", ",", "AND", "OR"):
            raise BadJql(f"Error in the JQL Query: a value is missing after '{name} {operator}'.")
        return self._compared(field, operator, value.text)

    def _compared(self, field: str, operator: str, value: str) -> Test:
        if operator in ("=", "!=") and field not in _TIMES:
            return lambda issue: _equal(issue.get(field), value) == (operator == "=")
        if operator in ("~", "!~") and field not in _TIMES:
            return lambda issue: _contains(issue.get(field), value) == (operator == "~")
        if field in _TIMES and operator in (">", ">=", "<", "<=", "=", "!="):
            limit = self._moment(field, value)
            return lambda issue: _timed(issue[field], operator, limit)
        raise BadJql(f"The operator '{operator}' is not supported by the '{field}' field.")

    def _moment(self, field: str, value: str) -> int:
        if match := re.fullmatch(r"([+-]?)(\d+)([mhdw])", value):
            step = int(match[2]) * _UNITS[match[3]]
            return self.scope.now_ms - step if match[1] == "-" else self.scope.now_ms + step
        if value.isdecimal() and len(value) > 8:
            return int(value)
        for form in ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d"):
            try:
                return int(datetime.strptime(value, form).replace(tzinfo=ZoneInfo(self.scope.zone)).timestamp() * 1000)
            except ValueError:
                continue
        raise BadJql(
            f"Date value '{value}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
            "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
        )

    def _field(self, name: str) -> str:
        lowered = name.lower()
        known = lowered in FIELDS or name in self.scope.properties or name in self.scope.custom
        if not known:
            raise BadJql(f"Field '{name}' does not exist or you do not have permission to view it.")
        return name if name in self.scope.properties or name in self.scope.custom else {"issuekey": "key"}.get(lowered, lowered)

    def _list(self) -> list[str]:
        self._expect("(")
        values = [self._next().text]
        while self.tokens and self.tokens[0].is_word(","):
            self.tokens.pop(0)
            values.append(self._next().text)
        self._expect(")")
        return values

    def _next(self) -> Token:
        if not self.tokens:
            raise BadJql("Error in the JQL Query: the query ends too early.")
        return self.tokens.pop(0)

    def _expect(self, *words: str) -> None:
        if not self._next().is_word(*words):
            raise BadJql(f"Error in the JQL Query: Expecting {' or '.join(words)}.")


def _equal(held: Any, value: str) -> bool:
    return any(str(one).lower() == value.lower() for one in (held if isinstance(held, list) else [held]) if one is not None)


def _contains(held: Any, value: str) -> bool:
    words = re.findall(r"\w+", str(held or "").lower())
    return all(word in words for word in re.findall(r"\w+", value.lower()))


def _timed(held_ms: int | None, operator: str, limit: int) -> bool:
    if held_ms is None:
        return False
    results = {">": held_ms > limit, ">=": held_ms >= limit, "<": held_ms < limit, "<=": held_ms <= limit}
    results |= {"=": limit <= held_ms < limit + 60_000, "!=": not limit <= held_ms < limit + 60_000}
    return results[operator]
