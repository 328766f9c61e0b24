"""Templates of the rules that somebody chooses for a reply."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.base import ApprovedTemplate
from desk.refusals import Refused
from normalizer.inbound import FieldValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A template by its name. `fields`: values for `fields.X`, in the order of their names, before those of the message;
    `language`: another than the message's."""

    name: str
    fields: tuple[tuple[str, FieldValue], ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """What came of it. `approved`: what says the same where the channel takes only approved templates any more."""

    text: str
    subject: str | None = None
    approved: ApprovedTemplate | None = None


Render = Callable[[str, Mapping[str, Any], Chosen], Worded]
"""The template for a message, of its id and the `data` of its envelope. Raises `Refused`."""


def no_templates(_message_id: str, _data: Mapping[str, Any], _chosen: Chosen) -> Worded:
    """Where there are no rules."""
    raise Refused("unknown_template")
