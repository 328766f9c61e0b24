"""Proofs from beginning to end: asked for and sent, answered, and what a proven address does.

The secret goes to the address that is to be proven and nowhere else. Everything of one step happens in the caller's
transaction: a challenge without its message, or an answer that is counted without its link, does not exist.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import uuid4

from sqlalchemy import Connection

from desk.proof_words import FALLBACK, Words
from identity import challenges
from identity.challenges import Asked, Method, Proven, Rules, Shown
from identity.policy import Policy
from identity.refusals import AnswerRefusal, ProofRefused
from normalizer.inbound import Handle, Proof
from storage import outgoing
from storage.outgoing import NewOutgoing

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_ID: Final = "chl_"
_SEPARATORS: Final = str.maketrans("", "", " -.\u00a0\u202f\u2010\u2011\u2013\t\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """By which connector, and from which of its accounts, something goes to addresses of one kind."""

    connector: str
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandProofs:
    """How one brand proves addresses. `ways` by kind of handle, `words` by language."""

    name: str
    ways: Mapping[str, Way]
    words: Mapping[str, Words]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What is known of the configuration. `link` gives a token's address, `language` is what nobody chose."""

    rules: Rules
    policy: Policy
    brand: Callable[[str], BrandProofs]
    link: Callable[[str], str]
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A proof that is asked for. `language` is what the customer reads, None where that is not known."""

    customer_id: str
    handle: Handle
    method: Method
    actor: str
    language: str | None = None


def begin(connection: Connection, wanted: Wanted, proofs: Proofs, now_ms: int) -> Asked:
    """Ask for a proof and queue its message. Raises `ProofRefused`."""
    asked = challenges.ask(
        connection,
        wanted.customer_id,
        wanted.handle,
        wanted.method,
        actor=wanted.actor,
        now_ms=now_ms,
        rules=proofs.rules,
    )
    brand = proofs.brand(asked.space)
    way = brand.ways.get(wanted.handle.kind)
    if way is None:
        raise ProofRefused("cannot_send")
    outgoing.add(connection, _message(asked, wanted, brand, way, proofs))
    return asked
