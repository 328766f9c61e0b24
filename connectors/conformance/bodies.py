"""Bodies that are almost those of a sample: a wrong type at every place, fields gone, repeated or renamed.

JSON is changed value by value, a form field by field, everything else byte by byte.
"""

import copy
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

FORM: Final = "application/x-www-form-urlencoded"
WRONG: Final[tuple[Any, ...]] = (None, True, 0, -1.5, 10**30, "", "x", "\ud83d", [], [None], {}, {"x": []})
"""Values of every type, for places where another is expected."""
WRONG_TEXTS: Final = ("", "x", "\x00", "-1", "a" * 5000, "\ufffd\u202e", "{}", "%", "9" * 40)
NOT_OURS: Final[tuple[bytes, ...]] = (
    b"",
    b" ",
    b"\xff\xfe",
    b"null",
    b"17",
    b'"text"',
    b"[]",
    b"[[]]",
    b"{}",
    b'{"object":',
    b"hub.mode=subscribe&x=1",
    b"<xml>",
    b"[" * 5000,
    b'{"a":' * 3000 + b"1" + b"}" * 3000,
    b'{"a":NaN}',
    b'{"a":1e999}',
)
"""What a signed body may be that is none of the provider's."""
Way = tuple[Any, ...]
_HIGHEST_BIT: Final = 7
_BY_MEANING: Final = 0.95
"""Share of the changes that keep the format whole."""
_LEAF: Final = re.compile(rb"<(\w+)>([^<]*|<!\[CDATA\[.*?\]\]>)</\1>", re.DOTALL)


def is_json(body: bytes) -> bool:
    return _document(body) is not None


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def ways(value: Any, at: Way = ()) -> Iterator[Way]:
    """The way to every value inside a JSON value, itself included."""
    yield at
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from ways(part, (*at, key))


def at(value: Any, way: Way) -> Any:
    for key in way:
        value = value[key]
    return value


def put(value: Any, way: Way, new: Any) -> Any:
    """A copy of `value` with `new` at `way`."""
    if not way:
        return new
    changed = copy.copy(value)
    changed[way[0]] = put(value[way[0]], way[1:], new)
    return changed


def without(value: Any, way: Way) -> Any:
    """A copy of `value` in which nothing stands at `way`."""
    changed = copy.copy(value)
    if len(way) == 1:
        del changed[way[0]]
    else:
        changed[way[0]] = without(value[way[0]], way[1:])
    return changed


def dump(document: Any) -> bytes:
    return json.dumps(document).encode()


Write = Callable[[str], bytes]
"""The body with another text in one place."""


def texts(body: bytes, content_type: str) -> Iterator[tuple[str, Write]]:
    """Every text of a body, and how it is written anew there: values of JSON, fields of a form, elements of XML."""
    document = _document(body)
    if isinstance(document, dict | list):
        for way in ways(document):
            if isinstance(value := at(document, way), str):
                yield value, lambda new, way=way: dump(put(document, way, new))  # type: ignore[misc]  # mypy: no default there
    elif content_type == FORM:
        fields = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True)
        for number, (name, value) in enumerate(fields):
            yield value, lambda new, i=number, name=name: urlencode([*fields[:i], (name, new), *fields[i + 1 :]]).encode()  # type: ignore[misc]
    else:
        for leaf in _LEAF.finditer(body):
            value = leaf[2].removeprefix(b"<![CDATA[").removesuffix(b"]]>").decode("utf-8", "replace")
            start, end = leaf.span(2)
            yield value, lambda new, a=start, z=end: b"%s<![CDATA[%s]]>%s" % (body[:a], new.encode(), body[z:])  # type: ignore[misc]


def renamed(body: bytes, content_type: str, names: Mapping[str, str]) -> bytes:
    """The body with every value that is one of the texts, as a text, a number or a key, written as the other."""
    document = _document(body)
    if isinstance(document, dict | list):
        return dump(_renamed(document, names))
    for old, new in names.items():
        while write := next((write for value, write in texts(body, content_type) if value == old), None):
            body = write(new)
    return body


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, names) for part in value]
    if isinstance(value, str):
        return names.get(value, value)
    whole = isinstance(value, int) and not isinstance(value, bool) and str(value) in names
    return int(names[str(value)]) if whole else value


def wrong_everywhere(body: bytes, content_type: str) -> Iterator[tuple[str, bytes]]:
    """Every body with one wrong value, and where that is."""
    document = _document(body)
    if document is not None:
        for way in ways(document):
            for wrong in WRONG:
                yield f"{wrong!r:.20} at {_path(way)}", dump(put(document, way, wrong))
    elif content_type == FORM:
        fields = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True)
        for number, (name, _) in enumerate(fields):
            for wrong in WRONG_TEXTS:
                changed = [(name, wrong) if index == number else field for index, field in enumerate(fields)]
                yield f"{wrong!r:.20} at {name}", urlencode(changed).encode()
            yield f"without {name}", urlencode(fields[:number] + fields[number + 1 :]).encode()
            yield f"{name} twice", urlencode([*fields, (name, "x")]).encode()
    else:
        step = max(len(body) // 200, 1)
        for start in range(0, len(body), step):
            yield f"cut at {start}", body[:start]
            yield f"without bytes {start} to {start + step}", body[:start] + body[start + step :]


def _path(way: Way) -> str:
    return ".".join(map(str, way)) or "the body"


class Mutants:
    """An endless supply of damaged bodies, the same for the same seed."""

    def __init__(self, bodies: list[bytes], content_type: str, seed: int) -> None:
        self._bodies = bodies
        self._content_type = content_type
        self._random = random.Random(seed)  # noqa: S311  # to repeat a run, not to keep a secret

    def one(self) -> bytes:
        """A body with one to four changes."""
        body = self._random.choice(self._bodies)
        for _ in range(self._random.randint(1, 4)):
            body = self._changed(body)
        return body

    def _changed(self, body: bytes) -> bytes:
        if self._random.random() > _BY_MEANING:
            return self._of_bytes(body)
        document = _document(body)
        if document is not None:
            return self._of_json(document)
        if self._content_type == FORM:
            return self._of_form(body)
        return self._of_xml(body)

    def _of_json(self, document: Any) -> bytes:
        way = self._random.choice(list(ways(document)))
        choices = [lambda: put(document, way, self._random.choice(WRONG + WRONG_TEXTS))]
        if way:
            other = self._random.choice(list(ways(document)))
            choices += [lambda: without(document, way), lambda: put(document, way, at(document, other))]
        inner = at(document, way)
        if isinstance(inner, list) and inner:
            choices.append(lambda: put(document, way, inner + [self._random.choice(inner)] * 3))
        return dump(self._random.choice(choices)())

    def _of_form(self, body: bytes) -> bytes:
        fields = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True) or [("x", "")]
        number = self._random.randrange(len(fields))
        name, value = fields[number]
        choices = [
            [*fields[:number], (name, self._random.choice(WRONG_TEXTS)), *fields[number + 1 :]],
            fields[:number] + fields[number + 1 :],
            [*fields, (name, value)],
            [*fields[:number], (self._random.choice(fields)[0], value), *fields[number + 1 :]],
        ]
        return urlencode(self._random.choice(choices)).encode()

    def _of_xml(self, body: bytes) -> bytes:
        """An element's content changed, the element gone, repeated or renamed; by bytes where there is none."""
        found = list(_LEAF.finditer(body))
        if not found:
            return self._of_bytes(body)
        leaf = self._random.choice(found)
        name, content = leaf[1], self._random.choice([text.encode("utf-8", "replace") for text in WRONG_TEXTS])
        choices = [
            b"<%s><![CDATA[%s]]></%s>" % (name, content, name),
            b"",
            leaf[0] * 2,
            b"<%s>%s</%s>" % (self._random.choice(found)[1], leaf[2], name),
            b"<%s>%s</%s>" % (name, self._random.choice(found)[0], name),
        ]
        return body[: leaf.start()] + self._random.choice(choices) + body[leaf.end() :]

    def _of_bytes(self, body: bytes) -> bytes:
        if not body:
            return bytes([self._random.randrange(256)])
        place = self._random.randrange(len(body))
        length = self._random.randint(1, 16)
        choices = [
            body[:place],
            body[:place] + body[place + length :],
            body[:place] + self._random.randbytes(length) + body[place + length :],
            body[:place] + bytes([body[place] ^ 1 << self._random.randint(0, _HIGHEST_BIT)]) + body[place + 1 :],
            body[:place] + body[place : place + length] * 3 + body[place:],
        ]
        return self._random.choice(choices)
