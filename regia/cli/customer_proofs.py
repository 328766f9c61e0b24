"""Proofs of a customer's address on the command line: a code or a link is sent, a code is answered, or a person decides."""

import re
import time
from collections.abc import Callable
from typing import Annotated, Final, Literal, TypeVar

import typer
from sqlalchemy import Connection

from desk import proofs as desk
from desk.proofs import Decided, Proofs, Wanted
from identity.links import Proved
from identity.proof_refusals import PROOF_REFUSALS, ProofRefused
from identity.refusals import NotPossible
from normalizer.envelope_data import from_ms
from normalizer.inbound import Handle, Proof
from normalizer.values import Invalid, clean_line, is_blank
from regia.cli.common import ConfigOption, fail
from regia.cli.standing import standing
from regia.cli.stored import write
from regia.compose import Configured
from regia.links import Links
from regia.proving import address, proofs

T = TypeVar("T")

_ACTOR: Final = "command line"
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")


def prove(
    customer_id: Annotated[str, typer.Argument(metavar="CUSTOMER_ID")],
    *,
    kind: Annotated[str, typer.Option(help="Of the address: email, phone; with --agent any.")],
    value: Annotated[str, typer.Option(help="The address; a phone number with its prefix.")],
    method: Annotated[Literal["code", "link"], typer.Option(help="What is sent to it.")] = "code",
    language: Annotated[str | None, typer.Option(help="Of the message; otherwise what the customer writes.")] = None,
    agent: Annotated[
        bool, typer.Option("--agent", help="Send nothing: a person knows whose it is, and --reason says how.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="One line; it is kept with the link.")] = None,
    config: ConfigOption = None,
) -> None:
    """Have a customer prove an address: a code or a link is sent there. Or link it by a person's word (--agent)."""
    found = standing(config)
    said = clean_line(reason or "")
    if agent != bool(said):
        fail("--agent and --reason go together: a person's word is kept with how the person knows")
    if agent:
        decided = Decided(customer_id=customer_id, handle=_handle(kind, value, "agent"), actor=_ACTOR, reason=said[:200])
        _tell(_step(found, lambda connection, known, now_ms: desk.decide(connection, decided, known, now_ms)))
        return
    handle = _handle(kind, value, "claimed")
    wanted = Wanted(customer_id=customer_id, handle=handle, method=method, actor=_ACTOR, language=language)
    asked = _step(found, lambda connection, known, now_ms: desk.begin(connection, wanted, known, now_ms))
    typer.echo(f"{asked.id} good until {from_ms(asked.expires_ms)}")


def answer(
    challenge_id: Annotated[str, typer.Argument(metavar="PROOF_ID", help="What `prove` printed.")],
    *,
    code: Annotated[str, typer.Option(prompt="Code", help="What the customer reads out; without it you are asked.")],
    config: ConfigOption = None,
) -> None:
    """Answer a proof with the code that was sent to the address. After five wrong ones a new code is needed."""
    found = standing(config)
    done = _step(found, lambda connection, known, now_ms: desk.answer(connection, challenge_id, code, known, now_ms))
    if not isinstance(done, Proved):
        fail(f"not proven, {done}: {PROOF_REFUSALS[done]}")
    _tell(done)


def _step(found: Configured, work: Callable[[Connection, Proofs, int], T]) -> T:
    """One step in a transaction of its own, or the end of the command with the reason."""
    settings, now_ms = found.settings, time.time_ns() // 1_000_000
    known = proofs(settings, Links(settings.server.base_url, settings.links_key.get_secret_value().encode()))
    try:
        return write(settings, lambda connection: work(connection, known, now_ms))
    except (ProofRefused, NotPossible) as refused:
        fail(f"not done, {refused.reason}: {refused}")


def _handle(kind: str, value: str, proof: Proof) -> Handle:
    if not _KIND.fullmatch(kind) or is_blank(value):
        fail("--kind and --value: name a kind of address, such as email or phone, and the address")
    try:
        return address(kind, clean_line(value), proof)
    except Invalid as invalid:
        fail(f"--value: {invalid.problem.advice()}")


def _tell(done: Proved) -> None:
    typer.echo(f"{done.customer_id} {done.outcome}{f' {done.guard}' if done.guard else ''}")
