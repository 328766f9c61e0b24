"""The part of Zammad's search (Elasticsearch query strings) that a client of the ticket search may use.

docs "Advanced Search" of Zammad's user documentation and "Query string query" of Elasticsearch's: `field:value`,
`field:"phrase"`, `field:[from TO to]`, `field:>=value`, NOT, AND, OR. Text is analysed: a quoted value finds every text in
which its words follow one another, so `"m-1"` finds `m-1-2` too. `field.keyword` compares the whole value.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.trackers.base import parse_time

RESERVED = re.compile(r'(?<!\\)[:/(){}\[\]^"~!]')
_CLAUSE = re.compile(r"(?P<not>NOT |-|!)?(?:(?P<field>[\w.]+):)?(?P<value>.+)", re.DOTALL)
_RANGE = re.compile(r"(?P<open>[\[{])(?P<low>\S+) TO (?P<high>[^\s\]}]+)(?P<close>[\]}])")
_BOUND = re.compile(r"(?P<sign>>=|<=|>|<)(?P<value>\S+)")

Test = Callable[[Mapping[str, Any]], bool]


class BadQuery(ValueError):
    """Elasticsearch refuses the query string."""


def compiled(query: str) -> Test:
    """What decides whether a flat document of a ticket (`title`, `state.name`, `article.body`, …) is found."""
    if query.strip() in ("", "*"):
        return lambda document: True
    ways = [[_clause(part) for part in _split(way, "AND")] for way in _split(query.strip(), "OR")]
    return lambda document: any(all(clause(document) for clause in way) for way in ways)


def _split(text: str, word: str) -> list[str]:
    """Splits at AND or OR outside quotation marks."""
    parts, quoted, depth = [""], False, 0
    for piece in re.split(rf'("|[\[{{]|[\]}}]| {word} )', text):
        quoted = quoted != (piece == '"')
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(piece, 0) if not quoted else 0
        if piece.strip() == word and not quoted and not depth:
            parts.append("")
        else:
            parts[-1] += piece
    if quoted or depth:
        raise BadQuery(f"unbalanced: {text}")
    return [part.strip() for part in parts]


def _clause(text: str) -> Test:
    match = _CLAUSE.fullmatch(text)
    if match is None:
        raise BadQuery(f"empty clause in {text!r}")
    test = _value(match["value"].strip())
    field, wanted = match["field"], match["not"] is None
    fields = [field] if field else ["title", "number", "article.body", "article.subject", "customer.email"]
    exact = bool(field) and field.endswith(".keyword")
    names = [name.removesuffix(".keyword") for name in fields]
    return lambda document: any(test(item, exact) for name in names for item in _values(document.get(name))) == wanted


def _values(held: Any) -> list[str]:
    return [str(item) for item in (held if isinstance(held, list) else [held]) if item is not None]


def _value(text: str) -> Callable[[str, bool], bool]:
    if match := _RANGE.fullmatch(text):
        low, high = _bound(match["low"]), _bound(match["high"])
        above = {"[": operator.ge, "{": operator.gt}[match["open"]]
        below = {"]": operator.le, "}": operator.lt}[match["close"]]
        return lambda held, exact: (low is None or above(_point(held), low)) and (high is None or below(_point(held), high))
    if match := _BOUND.fullmatch(text):
        limit = _point(match["value"].strip('"'))
        compare = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}[match["sign"]]
        return lambda held, exact: bool(compare(_point(held), limit))
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    plain = text[1:-1] if quoted else text
    if RESERVED.search(plain):
        raise BadQuery(f"reserved character, not escaped, in {text!r}")
    plain = re.sub(r"\\(.)", r"\1", plain)
    if not quoted and " " in plain:
        raise BadQuery(f"words without AND or OR between them: {text!r}")
    return lambda held, exact: held == plain if exact else _contains(_words(held), _words(plain))


def _contains(held: list[str], wanted: list[str]) -> bool:
    width = len(wanted)
    if wanted and wanted[-1] == "*":
        return any(one.startswith(wanted[0]) for one in held)
    return width > 0 and any(held[at : at + width] == wanted for at in range(len(held) - width + 1))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|\*", text.lower())


def _bound(text: str) -> float | None:
    return None if text == "*" else _point(text.strip('"').replace("\\", ""))


def _point(text: str) -> float:
    """A number or a time as something to compare."""
    text = text.replace("\\", "")
    moment = parse_time(text)
    if moment is not None:
        return float(moment)
    try:
        return float(text)
    except ValueError:
        raise BadQuery(f"neither number nor time: {text!r}") from None
