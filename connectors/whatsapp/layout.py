"""Lays a webhook's body out flat: entries, changes and arrays become one list of elements.

The shape of the request is judged here, what an element says elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from connectors.reading import Misshapen, Part, encode
from connectors.whatsapp.people import Contacts, contact_of, contacts_of

OBJECT: Final = "whatsapp_business_account"
_LISTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"messages": ("messages", "statuses"), "smb_message_echoes": ("message_echoes",), "calls": ("calls", "statuses")}
)
"""Which arrays of a change's `value` hold elements, by its `field`. Changes of other fields are one event each."""
_WRITTEN: Final = ("messages", "calls")
"""What customers send, and `contacts` are about."""
_ELEMENT_KEYS: Final = frozenset(key for keys in _LISTS.values() for key in keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One thing a request held, with what it hung on. `key` is the array it stood in, None for a whole change."""

    path: str
    entry: Any
    change: Any = None
    key: str | None = None
    item: Any = None
    contacts: Contacts = field(default_factory=Contacts)
    problem: Misshapen | None = None

    @property
    def value(self) -> Part:
        return Part(self.change).hints("value")


def elements(root: Part) -> Iterator[Element]:
    """The elements of a request, each with its own problem where its shape is wrong. Raises `Misshapen` for the whole."""
    if root.text("object") != OBJECT:
        raise Misshapen(root.at("object"), OBJECT)
    for index, entry in enumerate(root.array("entry")):
        path = f"entry[{index}]"
        try:
            changes = Part.of(entry, path).array("changes")
        except Misshapen as problem:
            yield Element(path=path, entry=entry, problem=problem)
            continue
        for number, change in enumerate(changes):
            yield from _of_change(entry, change, f"{path}.changes[{number}]")


def _of_change(entry: Any, change: Any, path: str) -> Iterator[Element]:
    try:
        part = Part.of(change, path)
        keys = _LISTS.get(part.ident("field"), ())
        value = part.part("value") if keys else part.hints("value")
        arrays = {key: value.array(key) for key in keys if value.data.get(key) is not None}
    except Misshapen as problem:
        yield Element(path=path, entry=entry, change=change, problem=problem)
        return
    if not any(arrays.values()):
        yield Element(path=path, entry=entry, change=change)
        return
    contacts = contacts_of(value, [item for key, items in arrays.items() if key in _WRITTEN for item in items])
    for key, items in arrays.items():
        for index, item in enumerate(items):
            where = f"{path}.value.{key}[{index}]"
            yield Element(path=where, entry=entry, change=change, key=key, item=item, contacts=contacts)


def raw_of(element: Element, *, only: bool, body: bytes) -> bytes:
    """The body as it came for the `only` element, else the smallest request that holds this one, encoded anew."""
    return body if only else encode(_alone(element)) or body


def _alone(element: Element) -> dict[str, Any]:
    """The smallest request that holds only this element."""
    entry, change = element.entry, element.change
    if element.key is not None:
        value = {key: part for key, part in change["value"].items() if key != "contacts" and key not in _ELEMENT_KEYS}
        contact = contact_of(Part(element.item), element.contacts).data if isinstance(element.item, dict) else {}
        value |= {"contacts": [contact]} if contact else {}
        change = {**change, "value": value | {element.key: [element.item]}}
    if isinstance(entry, dict) and element.change is not None:
        entry = {**entry, "changes": [change]}
    return {"object": OBJECT, "entry": [entry]}
