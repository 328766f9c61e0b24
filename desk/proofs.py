"""Proofs from beginning to end: asked for and sent, answered, and what a proven address does.

The secret goes to the address that is to be proven and nowhere else. Everything of one step happens in the caller's
transaction: a challenge without its message, or an answer that is counted without its link, does not exist.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection

from desk.proof_words import FALLBACK, Words
from identity import challenges
from identity.challenges import Asked, Method, Proven, Rules, Shown
from identity.links import Proved, prove
from identity.policy import Policy
from identity.proof_refusals import AnswerRefusal, ProofRefused
from identity.refusals import NotPossible
from normalizer.inbound import Handle
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Whose an address is by the word of a person of ours. `reason` is one line."""

    customer_id: str
    handle: Handle
    actor: str
    reason: str


def begin(connection: Connection, wanted: Wanted, proofs: Proofs, now_ms: int) -> Asked:
    """Ask for a proof and queue its message. Raises `ProofRefused`, and `NotPossible` for an address of many people."""
    if proofs.policy.is_shared(wanted.handle):
        raise NotPossible("shared_handle")
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


def answer(connection: Connection, challenge_id: str, typed: str, proofs: Proofs, now_ms: int) -> Proved | AnswerRefusal:
    """What the customer typed as the code, and what came of it. A refusal is given back, since it must be counted. Raises
    `NotPossible` where the proven address cannot be linked: then nothing was kept, and the code is still good."""
    code = unicodedata.normalize("NFKC", typed).translate(_SEPARATORS)
    answered = challenges.answer(connection, challenge_id, code, "code", now_ms=now_ms, rules=proofs.rules)
    return _done(connection, answered, proofs, now_ms)


def confirm(connection: Connection, token: str, proofs: Proofs, now_ms: int) -> Proved | AnswerRefusal:
    """Somebody with the link said that the address is theirs. As `answer`."""
    id_, secret = _parts(token)
    answered = challenges.answer(connection, id_, secret, "link", now_ms=now_ms, rules=proofs.rules)
    return _done(connection, answered, proofs, now_ms)


def look(connection: Connection, token: str, proofs: Proofs, now_ms: int) -> Shown | None:
    """What a link is about. It proves nothing to open one: programs that guard mailboxes open all of them."""
    id_, secret = _parts(token)
    return challenges.look(connection, id_, secret, now_ms=now_ms, rules=proofs.rules)


def decide(connection: Connection, decided: Decided, proofs: Proofs, now_ms: int) -> Proved:
    """What came of a person's word. Raises `NotPossible`."""
    return prove(
        connection,
        decided.customer_id,
        decided.handle,
        proof="agent",
        evidence=f"{decided.actor}: {decided.reason}",
        actor=decided.actor,
        now_ms=now_ms,
        policy=proofs.policy,
    )


def _done(connection: Connection, proven: Proven | AnswerRefusal, proofs: Proofs, now_ms: int) -> Proved | AnswerRefusal:
    if not isinstance(proven, Proven):
        return proven
    return prove(
        connection,
        proven.customer_id,
        proven.handle,
        proof="verified",
        evidence=proven.evidence,
        actor=proven.actor,
        now_ms=now_ms,
        policy=proofs.policy,
    )


def _message(asked: Asked, wanted: Wanted, brand: BrandProofs, way: Way, proofs: Proofs) -> NewOutgoing:
    words = _words(brand, wanted.language, asked.language, proofs.language)
    life_ms = asked.expires_ms - asked.created_ms
    secret = {"code": asked.secret} if wanted.method == "code" else {"link": proofs.link(_token(asked))}
    text = words.code if wanted.method == "code" else words.link
    values = {"brand": brand.name, "minutes": life_ms // _MINUTE_MS, "hours": life_ms // _HOUR_MS, **secret}
    return NewOutgoing(
        id=str(uuid4()),
        connector=way.connector,
        message_id=None,
        conversation_id=None,
        handle_kind=wanted.handle.kind,
        handle_value=wanted.handle.value,
        handle_proof="claimed",
        author=f"challenge/{asked.id}",
        automatic=True,
        subject=words.subject.format(brand=brand.name) if wanted.handle.kind == "email" else None,
        text=text.format_map(values),
        html=None,
        created_ms=asked.created_ms,
        brand=asked.space,
        account=way.account,
        until_ms=asked.expires_ms,
        secret=True,
    )


def _words(brand: BrandProofs, *languages: str | None) -> Words:
    found = (brand.words.get(one) for one in languages if one is not None)
    return next((words for words in found if words is not None), brand.words[FALLBACK])


def _token(asked: Asked) -> str:
    return f"{asked.id.removeprefix(_ID)}.{asked.secret}"


def _parts(token: str) -> tuple[str, str]:
    id_, _, secret = token.partition(".")
    return f"{_ID}{id_}", secret
