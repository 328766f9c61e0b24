"""Proof of a claimed address: something secret is sent there, and whoever has it comes back with it.

A code is typed by the customer, so it is short: it holds by its few attempts and its short life. The database keeps an
HMAC of it under a key that is not in the database. A slow hash would not do: a million codes are tried within the life
of one, and the time it takes would be ours, inside the only writing transaction. With the key nothing can be tried by
whoever has a copy of the database alone. A link carries 256 bits of chance and is kept in the same way.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, RowMapping

from identity.acts import Action, Acts
from identity.handles import reaching
from identity.ids import new_id
from identity.people import Customer
from identity.proof_refusals import AnswerRefusal, ProofRefused
from normalizer.inbound import Handle
from storage import challenges
from storage.automatic import hold

Method = Literal["code", "link"]

PROVABLE: Final = frozenset({"email", "phone"})
"""Kinds of handles that something can be sent to without having heard from there."""
_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,100}")
"""Of what is no id the database is not asked: not every text can be."""
_CODES: Final = 10**6
_TOKEN_BYTES: Final = 32
_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`key` is what secrets are kept under. Lives are in milliseconds. The limits are on what is asked: nobody may fill an
    address, the guesses at one are few, and sending costs money."""

    key: bytes
    code_ms: int = 10 * _MINUTE
    link_ms: int = _DAY
    attempts: int = 5
    an_hour_to_an_address: int = 3
    a_day_to_an_address: int = 10
    a_day_of_a_customer: int = 10
    an_hour_of_a_space: int = 300

    def life_ms(self, method: Method) -> int:
        return self.code_ms if method == "code" else self.link_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`secret` is for the address alone. `language` is the customer's, where it is known."""

    id: str
    secret: str
    created_ms: int
    expires_ms: int
    space: str
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A challenge that was met: the address is that of the customer it was asked for."""

    challenge_id: str
    customer_id: str
    handle: Handle
    actor: str

    @property
    def evidence(self) -> str:
        return f"challenge/{self.challenge_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a link is about, and why it proves nothing any more, None while it does."""

    handle: Handle
    space: str
    refusal: AnswerRefusal | None


def ask(
    connection: Connection, customer_id: str, handle: Handle, method: Method, *, actor: str, now_ms: int, rules: Rules
) -> Asked:
    """A new challenge, inside the caller's transaction; it must be sent in the same one. Whether anybody knows the address is
    not looked at. Raises `ProofRefused`: `unknown_customer`, `cannot_send`, `too_many_asked`."""
    if handle.kind not in PROVABLE:
        raise ProofRefused("cannot_send")
    customer = challenges.asker(connection, customer_id) if _ID.fullmatch(customer_id) else None
    if customer is None:
        raise ProofRefused("unknown_customer")
    id_, secret = new_id("chl"), _secret(method)
    row = {
        "id": id_,
        "customer_id": customer["root_id"],
        "home_id": customer_id,
        "space": customer["space"],
        "handle_kind": handle.kind,
        "handle_value": handle.value,
        "address": reaching(handle),
        "method": method,
        "secret": _kept(id_, secret, rules),
        "actor": actor,
        "created_ms": now_ms,
        "expires_ms": now_ms + rules.life_ms(method),
    }
    _within(connection, row, rules)
    challenges.add(connection, row)
    _note(connection, "asked", row, now_ms)
    return Asked(
        id=id_,
        secret=secret,
        created_ms=now_ms,
        expires_ms=now_ms + rules.life_ms(method),
        space=customer["space"],
        language=customer["language"],
    )


def answer(
    connection: Connection, challenge_id: str, secret: str, method: Method, *, now_ms: int, rules: Rules
) -> Proven | AnswerRefusal:
    """Judge one answer inside the caller's transaction, and count it. A refusal is given back and not raised, since the
    transaction must be kept: otherwise a wrong answer would not be counted. One challenge proves once, however many
    answers come at the same time."""
    row = _found(connection, challenge_id, hold=True)
    if row is None or row["method"] != method:
        return "unknown_challenge"
    if (refusal := _closed(row, now_ms)) is not None:
        if refusal == "expired" and row["state"] == challenges.OPEN:
            challenges.settle(connection, row["id"], challenges.EXPIRED, row["attempts"])
        return refusal
    attempts = row["attempts"] + 1
    if not _fits(row, secret, rules):
        spent = attempts >= rules.attempts
        challenges.settle(connection, row["id"], challenges.FAILED if spent else challenges.OPEN, attempts)
        return "wrong_code"
    challenges.settle(connection, row["id"], challenges.PROVEN, attempts)
    _note(connection, "proven", dict(row), now_ms)
    handle = Handle(row["handle_kind"], row["handle_value"], "verified")
    return Proven(challenge_id=row["id"], customer_id=row["home_id"], handle=handle, actor=row["actor"])


def look(connection: Connection, challenge_id: str, secret: str, *, now_ms: int, rules: Rules) -> Shown | None:
    """What a link is about, for whoever has it; nothing is counted and nothing proven. Never for codes: they could be tried
    here without end."""
    row = _found(connection, challenge_id)
    if row is None or row["method"] != "link" or not _fits(row, secret, rules):
        return None
    handle = Handle(row["handle_kind"], row["handle_value"], "claimed")
    return Shown(handle=handle, space=row["space"], refusal=_closed(row, now_ms))


def _found(connection: Connection, challenge_id: str, *, hold: bool = False) -> RowMapping | None:
    return challenges.find(connection, challenge_id, hold=hold) if _ID.fullmatch(challenge_id) else None


def _closed(row: RowMapping, now_ms: int) -> AnswerRefusal | None:
    if row["state"] == challenges.PROVEN:
        return "already_used"
    if row["state"] == challenges.FAILED:
        return "too_many_attempts"
    return "expired" if row["state"] == challenges.EXPIRED or now_ms >= row["expires_ms"] else None


def _within(connection: Connection, row: Mapping[str, Any], rules: Rules) -> None:
    """Count what was asked. Whoever asks at the same time waits until this transaction ends, and then counts its row."""
    hold(connection, *(f"proof {column} {row[column]}" for column in ("address", "customer_id", "space")))
    limits = (
        ("address", _HOUR, rules.an_hour_to_an_address),
        ("address", _DAY, rules.a_day_to_an_address),
        ("customer_id", _DAY, rules.a_day_of_a_customer),
        ("space", _HOUR, rules.an_hour_of_a_space),
    )
    for column, span_ms, most in limits:
        asked = challenges.latest(connection, column, row[column], row["created_ms"] - span_ms, most)
        if len(asked) >= most:
            raise ProofRefused("too_many_asked", retry_ms=asked[-1] + span_ms - row["created_ms"])


def _note(connection: Connection, action: Action, row: Mapping[str, Any], now_ms: int) -> None:
    customer = Customer(row["home_id"], row["space"], "claimed", first_seen_ms=now_ms, last_seen_ms=now_ms)
    acts = Acts()
    acts.note(action, row["actor"], now_ms, customer, detail={"challenge": row["id"], "method": row["method"]})
    acts.save(connection)


def _secret(method: Method) -> str:
    return f"{secrets.randbelow(_CODES):06d}" if method == "code" else secrets.token_urlsafe(_TOKEN_BYTES)


def _kept(challenge_id: str, secret: str, rules: Rules) -> str:
    """The challenge's id, of which 80 bits are chance, is the salt."""
    return hmac.new(rules.key, f"{challenge_id}\n{secret}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _fits(row: RowMapping, secret: str, rules: Rules) -> bool:
    return hmac.compare_digest(_kept(row["id"], secret, rules), row["secret"])
