"""What the pages of a customer show beside what identity gives: forms as they were filled, and evidence in words."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from identity.views.profile import Profile

Proof = Literal["message", "challenge", "list", "actor", "words"]
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_LISTED: Final = re.compile(r"import/.*?:(\d+)$")
_ACTOR: Final = re.compile(r"(?:agent|api|import)/((?:staff|token)/.*|command line)$")
REFERENCE: Final = 6
"""The last characters of a customer's id, which people type."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """By what something was proven: a message with its id, an asked proof, a line of a list, what somebody
    set (as logs name them), or a person's words."""

    sort: Proof
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileForm:
    """What was typed, with `wrong` by field. `theirs`: what somebody else has changed meanwhile, by field, with what stands
    there now."""

    values: Mapping[str, str]
    wrong: Mapping[str, str] = field(default_factory=dict)
    theirs: Mapping[str, str] = field(default_factory=dict)


def evidence(text: str) -> Evidence:
    """How identity writes evidence, taken apart."""
    if found := _UUID.search(text):
        return Evidence("message", found[0])
    if text.startswith("challenge/"):
        return Evidence("challenge", text.partition("/")[2])
    if found := _LISTED.match(text):
        return Evidence("list", found[1])
    if found := _ACTOR.match(text):
        return Evidence("actor", found[1])
    return Evidence("words", text)


def shown_values(profile: Profile) -> dict[str, str]:
    """The fields of the profile's form, as they stand now."""
    names = ("name", "language", "tier", "competence", "crm_id")
    return {**{name: getattr(profile, name) or "" for name in names}, "tags": ", ".join(profile.tags)}


def facts_mark(profile: Profile) -> str:
    """Tells two states of a profile apart: the form carries it, so that nobody writes over what they have not seen."""
    return hashlib.sha256(msgspec.json.encode(sorted(shown_values(profile).items()))).hexdigest()[:16]


def reference(customer_id: str) -> str:
    """What people type to say that they mean this customer."""
    return customer_id[-REFERENCE:]
