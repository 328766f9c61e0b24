"""Texts with `{placeholders}`: alone, and anywhere inside a JSON value that is to be sent.

Values are put in as values. Nothing is ever glued into JSON, and a URL gets them percent-encoded.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from string import Formatter
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from connectors.errors import SendFailed

_NUMBER: Final = "number"
_HTML: Final = "html"
_WAYS: Final = (None, "", _NUMBER, _HTML)
_ABSENT: Final = object()
_WHOLE: Final = re.compile("0|[1-9][0-9]{0,19}")
_LARGEST: Final = 2**64 - 1
Values: TypeAlias = Mapping[str, Any]


class Template:
    """A text with placeholders. ValueError where one is not closed; `{{` and `}}` are braces."""

    __slots__ = ("parts", "source")

    def __init__(self, text: str) -> None:
        self.source = text
        try:
            found = list(Formatter().parse(text))
        except ValueError:
            raise ValueError("has a brace without its other half: write {{ or }} for a brace itself") from None
        if any(spec not in _WAYS or conversion for _, _, spec, conversion in found):
            raise ValueError("after the colon of a placeholder only `number` or `html` may stand")
        self.parts = tuple((literal, name, spec or "") for literal, name, spec, _ in found)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(), serialization=core_schema.to_string_ser_schema()
        )

    def __str__(self) -> str:
        return self.source

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for _, name, _ in self.parts if name is not None)

    def text(self, values: Values, write: Callable[[str], str] = str) -> str:
        """The text with its values, each written by `write`; one without a value is empty."""
        return "".join(literal + (write(_written(values, name, way)) if name else "") for literal, name, way in self.parts)

    def value(self, values: Values) -> Any:
        """As `text`; a template that is one placeholder gives its value as it is, or `_ABSENT`. Raises `SendFailed`."""
        if len(self.parts) != 1 or self.parts[0][0] or self.parts[0][1] is None:
            return self.text(values)
        _, name, way = self.parts[0]
        value = values.get(name or "")
        if value is None:
            return _ABSENT
        if way == _HTML:
            return _as_html(str(value))
        return _number(value) if way == _NUMBER else value


def _written(values: Values, name: str, way: str) -> str:
    value = values.get(name)
    text = "" if value is None else str(value)
    return _as_html(text) if way == _HTML else text


def _as_html(text: str) -> str:
    """The text as markup that shows it as it is, line by line."""
    return escape(text).replace("\n", "<br>")


def _number(value: Any) -> int:
    """Every digit as it was, within what JSON is written with."""
    if isinstance(value, str) and _WHOLE.fullmatch(value) and int(value) <= _LARGEST:
        return int(value)
    raise SendFailed("unsupported", "the provider wants a number where this message has none")


class Shape:
    """A JSON value whose texts are templates. ValueError as of `Template`."""

    __slots__ = ("_made", "source")
    keyed = False
    """Whether keys are templates too."""

    def __init__(self, value: Any) -> None:
        self.source = value
        self._made = _made(value, keyed=self.keyed)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        as_written = core_schema.plain_serializer_function_ser_schema(lambda shape: shape.source)
        return core_schema.no_info_after_validator_function(cls, core_schema.any_schema(), serialization=as_written)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(_names(self._made))

    @property
    def templates(self) -> Iterator[tuple[tuple[str | int, ...], Template]]:
        """Every text, with the way to it."""
        return _templates(self._made, ())

    @property
    def is_text(self) -> bool:
        return isinstance(self._made, Template)

    @property
    def is_flat(self) -> bool:
        """Whether it is a mapping of nothing but single values, as a form is."""
        return isinstance(self._made, dict) and not any(isinstance(item, dict | list) for item in self._made.values())

    def value(self, values: Values) -> Any:
        """The JSON value. A key whose placeholder has no value is left out, and so is such an item. Raises `SendFailed`."""
        filled = _filled(self._made, values)
        return None if filled is _ABSENT else filled


class KeyedShape(Shape):
    """One whose keys are templates too; a mapping that has no key left is left out itself."""

    __slots__ = ()
    keyed = True


def _made(value: Any, *, keyed: bool) -> Any:
    if isinstance(value, str):
        return Template(value)
    if isinstance(value, dict):
        return {Template(key) if keyed else key: _made(item, keyed=keyed) for key, item in value.items()}
    return [_made(item, keyed=keyed) for item in value] if isinstance(value, list) else value


def _names(made: Any) -> frozenset[str]:
    if isinstance(made, Template):
        return made.names
    items = (*made, *made.values()) if isinstance(made, dict) else made if isinstance(made, list) else ()
    return frozenset(name for item in items for name in _names(item))


def _templates(made: Any, way: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Template]]:
    if isinstance(made, Template):
        yield way, made
    elif isinstance(made, dict):
        for key, item in made.items():
            if isinstance(key, Template):
                yield (*way, str(key)), key
            yield from _templates(item, (*way, str(key)))
    elif isinstance(made, list):
        for place, item in enumerate(made):
            yield from _templates(item, (*way, place))


def _filled(made: Any, values: Values) -> Any:
    if isinstance(made, Template):
        return made.value(values)
    if isinstance(made, dict):
        filled = {_key(key, values): _filled(item, values) for key, item in made.items()}
        left = {key: item for key, item in filled.items() if item is not _ABSENT}
        is_keyed = any(isinstance(key, Template) for key in made)
        return _ABSENT if is_keyed and not left else left
    if isinstance(made, list):
        return [item for item in (_filled(item, values) for item in made) if item is not _ABSENT]
    return made


def _key(key: str | Template, values: Values) -> str:
    return key.text(values) if isinstance(key, Template) else key


def knows(*names: str) -> AfterValidator:
    """Marks a `Template` or a `Shape` with these placeholders, and no other."""

    def check(template: Template | Shape) -> Template | Shape:
        if not template.names <= frozenset(names):
            raise ValueError(f"has a placeholder that is not known here; known are: {', '.join(names)}")
        return template

    return AfterValidator(check)


_SENDING: Final = ("api", "to", "text", "subject", "account", "in_reply_to", "token", "message_id")
SignedText = Annotated[Template, knows("body", "timestamp", "url", "method")]
SendUrl = Annotated[Template, knows("api", "to", "account", "in_reply_to", "token", "message_id")]
SendHeader = Annotated[Template, knows("token", "account", "message_id")]
MediaHeader = Annotated[Template, knows("token")]
SendBody = Annotated[Shape, knows(*_SENDING, "buttons")]
ButtonBody = Annotated[Shape, knows("id", "title")]
ChallengeBody = Annotated[Shape, knows("challenge")]
FixedBody = Annotated[Shape, knows()]
