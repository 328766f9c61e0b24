"""`extract:`: patterns that take values out of a message's texts and make fields of them, before any rule is tried."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from normalizer.fields import FieldSpec, FieldType, read_fields
from router import keys
from router.named import NamedTexts
from router.patterns import Pattern, compile_pattern
from router.reading import Node
from router.vocabulary import Fact, Facts, FactType, Value

EXTRACTORS_MAX: Final = 100
TEXT_MAX: Final = 100_000
"""Characters of a text that are looked at."""
VALUE_MAX: Final = 200
"""Characters of a value. A longer one would have to be cut, and half an order number is another order's."""

_SOURCES: Final = ("subject", "text")

Extracted: TypeAlias = Mapping[str, str | float | bool]
"""Values by the names of fields, without `fields.`."""

_NOTHING: Final[Extracted] = {}


@dataclass(frozen=True, slots=True)
class Extractor:
    """One field, the type it is declared with, the pattern, and the facts it looks into, in order."""

    field: str
    type: FactType
    pattern: str
    sources: tuple[str, ...]


def read_extractors(
    declared: Mapping[str, Node], fields: Mapping[str, FactType], vocabulary: Mapping[str, Fact], texts: NamedTexts
) -> tuple[Extractor, ...]:
    """The extractors of all files, by the field each fills; what is wrong has been reported."""
    found = []
    for name, node in declared.items():
        pattern, sources = _read(node, texts, vocabulary)
        if pattern is not None:
            found.append(Extractor(name, fields[name], pattern, sources))
    for node in list(declared.values())[EXTRACTORS_MAX : EXTRACTORS_MAX + 1]:
        node.fail(f"is one extractor more than {EXTRACTORS_MAX}", "each of them looks into every message", key=True)
    return tuple(found)


def _read(node: Node, texts: NamedTexts, vocabulary: Mapping[str, Fact]) -> tuple[str | None, tuple[str, ...]]:
    if not isinstance(node.value, dict):
        return texts.pattern(node), _SOURCES
    entries = node.mapping(keys.EXTRACTOR)
    if "pattern" not in entries:
        node.fail("must have a pattern", "for example {pattern: 'IT-[0-9]+', from: text}")
        return None, ()
    pattern = texts.pattern(entries["pattern"])
    if "from" not in entries:
        return pattern, _SOURCES
    sources = (_source(item, vocabulary) for item in entries["from"].one_or_many())
    return pattern, tuple(dict.fromkeys(source for source in sources if source is not None))


def _source(node: Node, vocabulary: Mapping[str, Fact]) -> str | None:
    name = node.text()
    fact = vocabulary.get(name or "")
    if fact is not None and fact.type != "text":
        node.fail(f"is a {fact.type}", "only texts can be looked into")
        return None
    texts = [known for known, fact in vocabulary.items() if fact.type == "text"]
    return None if name is None else node.name_in(texts, "text")


class Extractors:
    """Extractors that are ready: every pattern is compiled once. Safe to share between threads."""

    def __init__(self, extractors: Iterable[Extractor]) -> None:
        self._compiled = tuple(
            (one.field, f"fields.{one.field}", {one.field: FieldSpec(type=cast(FieldType, one.type))}, pattern, one.sources)
            for one in extractors
            for pattern in (compile_pattern(one.pattern),)
        )

    def run(self, facts: Facts) -> tuple[Facts, Extracted]:
        """The facts with what was found, and what was found. A field that the message has is left as it is."""
        if not self._compiled:
            return facts, _NOTHING
        encoded: dict[str, bytes] = {}
        found: dict[str, str | float | bool] = {}
        for field, name, spec, pattern, sources in self._compiled:
            if facts.get(name) not in (None, ""):
                continue
            taken = _first(pattern, [_encoded(source, facts.get(source), encoded) for source in sources])
            value = read_fields(spec, {field: taken}, region="")[0].get(field) if taken is not None else None
            if isinstance(value, str | float | bool | int):
                found[field] = value
        if not found:
            return facts, _NOTHING
        return {**facts, **{f"fields.{field}": value for field, value in found.items()}}, found


def _encoded(source: str, value: Value, encoded: dict[str, bytes]) -> bytes:
    """The beginning of a text as UTF-8, made once for all extractors."""
    data = encoded.get(source)
    if data is None:
        text = value[:TEXT_MAX] if isinstance(value, str) else ""
        data = encoded[source] = text.encode("utf-8", "replace")
    return data


def _first(pattern: Pattern, texts: Iterable[bytes]) -> str | None:
    """What the first match gives: its first group that has something, or all of it where the pattern has no groups."""
    match = next((match for text in texts if text and (match := pattern.search(text))), None)
    if match is None:
        return None
    taken = next(filter(None, match.groups()), b"") if pattern.groups else match.group()
    value = taken.decode("utf-8", "replace")  # a pattern may ask for single bytes
    return value if len(value) <= VALUE_MAX else None
