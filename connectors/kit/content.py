"""What a customer did, without who, when and where: the value that a channel's table of kinds gives."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from connectors.reading import Part
from normalizer.inbound import (
    Button,
    Call,
    FieldValue,
    InboundAttachment,
    Kind,
    Location,
    Page,
    Reaction,
    SharedContact,
)

NO_FIELDS: Final[Mapping[str, FieldValue]] = MappingProxyType({})


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """`about` is the message an edit or a deletion belongs to, whose id it shares; `refers_to` the one any other content is
    about (a reaction)."""

    kind: Kind
    text: str | None = None
    subject: str | None = None
    about: str | None = None
    refers_to: str | None = None
    attachments: tuple[InboundAttachment, ...] = ()
    location: Location | None = None
    contacts: tuple[SharedContact, ...] = ()
    button: Button | None = None
    reaction: Reaction | None = None
    call: Call | None = None
    fields: Mapping[str, FieldValue] = NO_FIELDS
    page: Page | None = None
    automated: str | None = None
    language: str | None = None


Kinds = Mapping[str, Callable[[Part], Content]]
"""A provider's words for what a message is, each with its reader. Every other word is `unsupported`."""


def read_kind(kinds: Kinds, word: str, part: Part, channel: str) -> Content:
    """The content of `part` by the table; a word that is not in it is shown as such. Raises `Misshapen`."""
    reader = kinds.get(word)
    return unsupported(channel, word) if reader is None else reader(part)


def unsupported(channel: str, word: str | None) -> Content:
    """A kind that this table does not know yet: shown as such, its bytes are in `raw`."""
    return Content(kind="unsupported", fields={f"{channel}_type": word} if word else NO_FIELDS)


def present(**fields: FieldValue) -> dict[str, FieldValue]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [])}


def flat(value: Any, prefix: str) -> dict[str, FieldValue]:
    """The scalars of an object under `prefix_key`, for what has no place of its own in an envelope."""
    found = value if isinstance(value, dict) else {}
    return present(**{f"{prefix}_{key}": item for key, item in found.items() if isinstance(item, str | int | float)})
