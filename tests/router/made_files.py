"""Rules files made from the JSON Schema, by chance: right ones, and these with something spoilt."""

import copy
import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, Final

POOL: Final = (
    *("", " ", "x", "a b", "ab-c", "A b", "x_1", "X9", "é", "!", "€", "a,b", "a\nb", "default", "category"),
    *("$", "$$", "$$x", "$words", "$Words", "$words!", "$9", "a$b", "\\bIT-[0-9]+", "[a-z]{2}x", "true && backlog"),
    *("4h", "0h", "1h30m", "2d", "90s", "4 h", "+1", "+9", "+10", "-1", "3", "https://x.example", "ftp://x.example"),
    *(
        ">= 2",
        "== 2.5",
        "=3",
        "<1e3",
        "< 1.5e3",
        "!= x",
        "=> 2",
        "1_0",
        ">=2026-01-31",
        "2026-01-31",
        "2026-02-29",
        "2024-02-29",
    ),
    *("2026-12-24..2026-12-26", "2026-12-24 ..2026-12-26", "20261224", "2026-W48-1", "2026-12-25T10:00", "2026-12-25T10:00Z"),
    *("2026-12-25T10:00:30+01:00", "2026-12-25T24:00", "2026-12-25 10:00", "09:00-18:00", " 22:00 - 06:00 ", "09:00-24:00"),
    *(
        "9:00-18:00",
        "09:00-09:00",
        "00:00-24:00",
        "24:00-06:00",
        "mon",
        "mon-fri",
        "sat - mon",
        "mon,wed-fri",
        "monday",
        "mon,",
    ),
    *("text", "number", "email", "image", "open", "closed", "Europe/Rome", "Europe/Roma", "UTC", "IT", "DE", "MI", "BY", "it"),
    *("fields.x", "fields.X9", "hours.x", "date.x", "holiday.x_1", "fields.a-b", "customer.tier", "fields", "customer.new"),
)
"""Texts of all sorts. Where a text has a pattern, those of them that it finds can stand there."""

VALUES: Final = (
    *POOL,
    None,
    True,
    False,
    0,
    3,
    9,
    10,
    -1,
    1.5,
    [],
    {},
    ["x"],
    ["x", 3],
    [None],
    {"x": "x"},
    {"words": "x"},
    [{}],
)


class Maker:
    """Makes values that a schema accepts."""

    def __init__(self, schema: Mapping[str, Any], chance: Random) -> None:
        self._schema = schema
        self._chance = chance

    def file(self) -> Any:
        """A file that the schema accepts. Other mistakes than the schema's are left out where that is easy."""
        data = self._object(self._schema, 0)
        data.setdefault("default", "general")
        data.setdefault("categories", {})["general"] = None
        data["default"] = "general"
        return data

    def spoilt(self, data: Any) -> Any:
        """The file with something else in one place."""
        data = copy.deepcopy(data)
        where, key = self._chance.choice(list(_places(data)))
        todo = self._chance.choice(("replace", "replace", "remove", "rename", "add"))
        if todo == "replace":
            where[key] = copy.deepcopy(self._chance.choice(VALUES))
        elif todo == "remove":
            del where[key]
        elif isinstance(where, list):
            where.append(copy.deepcopy(self._chance.choice(VALUES)))
        elif todo == "add":
            where[self._chance.choice(POOL[1:])] = copy.deepcopy(self._chance.choice(VALUES))
        else:
            where[f"{key}s"] = where.pop(key)
        return data

    def _value(self, shape: Mapping[str, Any], depth: int) -> Any:
        if "$ref" in shape:
            return self._value(self._schema["definitions"][shape["$ref"].rpartition("/")[2]], depth)
        if "allOf" in shape and "$ref" in shape["allOf"][0]:
            return self._value(shape["allOf"][0], depth)
        if "enum" in shape:
            return self._chance.choice(shape["enum"])
        if "anyOf" in shape and "properties" not in shape:
            return self._value(self._chance.choice(shape["anyOf"]), depth)
        kinds = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
        if depth > 9:  # conditions may go on for ever
            kinds = [kind for kind in kinds if kind not in ("array", "object")] or kinds
        return getattr(self, f"_{self._chance.choice(kinds)}")(shape, depth)

    def _null(self, _shape: Mapping[str, Any], _depth: int) -> None:
        return None

    def _boolean(self, _shape: Mapping[str, Any], _depth: int) -> bool:
        return self._chance.random() < 0.5

    def _integer(self, shape: Mapping[str, Any], _depth: int) -> int:
        return self._chance.randint(shape.get("minimum", -3), shape.get("maximum", 99))

    def _number(self, shape: Mapping[str, Any], depth: int) -> float:
        return self._chance.choice((1.5, self._integer(shape, depth)))

    def _string(self, shape: Mapping[str, Any], _depth: int) -> str:
        return self._chance.choice([text for text in POOL if re.search(shape.get("pattern", ""), text)])

    def _array(self, shape: Mapping[str, Any], depth: int) -> list[Any]:
        least = shape.get("minItems", 0)
        return [self._value(shape["items"], depth + 1) for _ in range(self._chance.randint(least, max(least, 3)))]

    def _object(self, shape: Mapping[str, Any], depth: int) -> dict[str, Any]:
        known = shape.get("properties", {})
        simple = [key for key in known if depth <= 6 or key not in ("any", "all", "not")]
        wanted = {*shape.get("required", ()), *self._chance.sample(simple, min(len(simple), self._chance.randint(1, 4)))}
        if "anyOf" in shape and "required" in shape["anyOf"][0]:
            wanted |= set(self._chance.choice(shape["anyOf"])["required"])
        made = {key: self._value(known[key], depth + 1) for key in sorted(wanted)}
        if "if" in shape.get("allOf", [{}])[0]:
            self._conform(shape, made)
        for pattern, inner in shape.get("patternProperties", {}).items():
            made |= {name: self._value(inner, depth + 1) for name in POOL if re.search(pattern, name) and self._seldom()}
        if isinstance(inner := shape.get("additionalProperties"), dict):
            pattern = shape.get("propertyNames", {}).get("pattern", "")
            names = [name for name in POOL if re.search(pattern, name) and name.strip()]
            made |= {name: self._value(inner, depth + 1) for name in self._chance.sample(names, min(2, len(names)))}
        if shape.get("not") and all(value == [] for value in made.values()):
            made["sun"] = "09:00-18:00"
        return made

    def _conform(self, shape: Mapping[str, Any], made: dict[str, Any]) -> None:
        """A region of the country that was chosen, or none."""
        for one in shape["allOf"]:
            if made["country"] in one["if"]["properties"]["country"]["enum"]:
                region = one["then"]["properties"]["region"]
                made.pop("region", None)
                if "enum" in region:
                    made["region"] = self._chance.choice(region["enum"])

    def _seldom(self) -> bool:
        return self._chance.random() < 0.1


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, inner in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)
