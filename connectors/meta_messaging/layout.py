"""Lays a webhook's body out flat: entries and their arrays become one list of elements.

Source: Meta for Developers, "Webhooks: Getting started" (entry, changes) and "Messenger Platform: Webhooks" (messaging,
standby).
"""

from collections.abc import Iterator
from typing import Any, Final

from connectors.kit.elements import Element
from connectors.reading import Misshapen, Part

ARRAYS: Final = ("messaging", "standby", "changes")


def lay_out(body: Part, product: str) -> Iterator[Element]:
    """One element for each item of an entry's arrays, and one for each entry or array that is none. Raises `Misshapen`."""
    if body.ident("object") != product:
        raise Misshapen(body.at("object"), f"the word {product}")
    for index, entry in enumerate(body.array("entry")):
        yield from _entry(entry, f"entry[{index}]", product)


def _entry(entry: Any, path: str, product: str) -> Iterator[Element]:
    whole = {"object": product, "entry": [entry]}
    if not isinstance(entry, dict):
        yield Element(value=entry, path=path, alone=whole, problem=Misshapen(path, "an object"))
        return
    frame = {key: value for key, value in entry.items() if key not in ARRAYS}
    words = [word for word in ARRAYS if word in entry]
    if not words:
        yield Element(value=entry, path=path, alone=whole, problem=Misshapen(path, f"one of {', '.join(ARRAYS)}"))
    for word in words:
        yield from _items(entry[word], word, Part(frame, path), product)


def _items(items: Any, word: str, entry: Part, product: str) -> Iterator[Element]:
    def alone(value: Any) -> dict[str, Any]:
        return {"object": product, "entry": [{**entry.data, word: value}]}

    if not isinstance(items, list):
        problem = Misshapen(entry.at(word), "an array")
        yield Element(value=items, path=entry.at(word), alone=alone(items), within=entry, word=word, problem=problem)
        return
    for index, item in enumerate(items):
        yield Element(value=item, path=f"{entry.at(word)}[{index}]", alone=alone([item]), within=entry, word=word)
