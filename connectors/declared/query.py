"""JMESPath expressions of a description, compiled when it is loaded.

Source: the JMESPath specification (jmespath.org). One function is added, `find(list, key, value)`: the first object of a
list whose `key` is `value`, for a choice that is told apart from what could be chosen.
"""

import difflib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import jmespath
from jmespath import exceptions, functions
from pydantic import AfterValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from connectors.reading import Misshapen

_FROM_THE_SAME: Final = frozenset(
    {"comparator", "or_expression", "and_expression", "not_expression", "function_expression", "key_val_pair"}
    | {"multi_select_list", "multi_select_dict"}
)
"""Parts of an expression all of whose children see what the whole sees. Of all others only the first child does."""
_GOES_ON: Final = frozenset({"subexpression", "index_expression"})
"""Parts that go on from what their first child finds."""
_EVERYTHING: Final = frozenset({"current", "identity"})
"""`@`, and what stands before a bracket or a star without anything before it."""
_HEADERS: Final = "headers"


class _Functions(functions.Functions):
    @functions.signature({"types": []}, {"types": ["string"]}, {"types": []})
    def _func_find(self, items: Any, key: str, value: Any) -> Any:
        found = items if isinstance(items, list) else []
        return next((item for item in found if isinstance(item, dict) and item.get(key) == value), None)


_OPTIONS: Final = jmespath.Options(custom_functions=_Functions())


class Query:
    """One expression. ValueError where it is none; no message repeats it."""

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._compiled = jmespath.compile(text)
        except exceptions.ParseError as error:
            raise ValueError(f"is no JMESPath expression: see its character {error.lex_position + 1}") from None
        except exceptions.JMESPathError:
            raise ValueError("is no JMESPath expression: it is empty") from None
        _check_calls(self._compiled.parsed)
        _check_nots(self._compiled.parsed)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(), serialization=core_schema.to_string_ser_schema()
        )

    def value(self, seen: Mapping[str, Any], path: str) -> Any:
        """What it finds, None for nothing. Raises `Misshapen` where a function is given what it does not take."""
        try:
            return self._compiled.search(seen, _OPTIONS)
        except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError):
            raise Misshapen(path, "values that its expression can work with") from None

    def is_true(self, seen: Mapping[str, Any], path: str) -> bool:
        """Whether it finds something: as in JMESPath, an empty text, list or object is nothing. Raises `Misshapen`."""
        return self.value(seen, path) not in (None, False, "", [], {})

    @property
    def ways(self) -> frozenset[tuple[str, ...]]:
        """How it goes into what it sees, each as far as it is a plain path: `("event", "id")`. `@` is all there is."""
        return frozenset(_ways(self._compiled.parsed))

    @property
    def headers(self) -> frozenset[str]:
        """The headers it asks for by name."""
        return frozenset(way[1] for way in self.ways if way[0] == _HEADERS and len(way) > 1)

    @property
    def way(self) -> tuple[str, ...] | None:
        """The keys of a plain path such as `body.messages`, None for any other expression."""
        return _way(self._compiled.parsed)


def sees(*names: str) -> AfterValidator:
    """Marks a `Query` that is asked of these: an expression that begins with anything else would find nothing, ever."""

    def check(query: Query) -> Query:
        if not {way[0] for way in query.ways} <= frozenset(names):
            raise ValueError(f"an expression here begins with one of: {', '.join(names)}")
        if (_HEADERS,) in query.ways:  # they could not be kept for a later reading
            raise ValueError('asks for headers without a name: write headers."x-name"')
        for header in sorted(query.headers):
            if header != header.lower():
                raise ValueError(f'names of headers are in lower case here: write headers."{header.lower()}"')
        return query

    return AfterValidator(check)


OfEvent = Annotated[Query, sees("event", "body", "headers", "key")]
OfBody = Annotated[Query, sees("body", "headers")]
OfAnswer = Annotated[Query, sees("answer", "status", "headers")]


def _check_calls(node: Any) -> None:
    if node["type"] == "function_expression":
        spec = _Functions.FUNCTION_TABLE.get(node["value"])
        if spec is None:
            close = difflib.get_close_matches(node["value"], _Functions.FUNCTION_TABLE, n=1)
            raise ValueError("calls a function that JMESPath does not have" + (f": is {close[0]} meant?" if close else ""))
        wanted, given = spec["signature"], len(node["children"])
        if given < len(wanted) or (given > len(wanted) and not wanted[-1].get("variadic")):
            raise ValueError(f"calls {node['value']} with {given} arguments, it takes {len(wanted)}")
    for child in _children(node):
        _check_calls(child)


def _check_nots(node: Any) -> None:
    """JMESPath reads `!a.b` as `(!a).b`, which finds nothing, ever."""
    children = list(_children(node))
    if node["type"] in _GOES_ON and children and children[0]["type"] == "not_expression":
        raise ValueError("has a ! before a path, which takes its first word alone: write !(a.b)")
    for child in children:
        _check_nots(child)


def _children(node: Any) -> Iterator[Any]:
    yield from (child for child in node.get("children", ()) if isinstance(child, dict))


def _ways(node: Any) -> Iterator[tuple[str, ...]]:
    way = ("@",) if node["type"] in _EVERYTHING else _way(node)
    if way is not None:
        yield way
        return
    children = list(_children(node))
    for child in children if node["type"] in _FROM_THE_SAME else children[:1]:
        if child["type"] != "expref":  # it is asked of the elements of a list
            yield from _ways(child)


def _way(node: Any) -> tuple[str, ...] | None:
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] != "subexpression":
        return None
    ways = [_way(child) for child in node["children"]]
    return tuple(key for way in ways if way for key in way) if all(ways) else None
