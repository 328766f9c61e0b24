"""Proofs of customers' addresses, for programs: asked for, answered, or decided by a person."""

import time
from collections.abc import Callable
from typing import TypeVar

from aiohttp import web
from sqlalchemy import Connection

from connectors.api_body import AddressBody
from connectors.api_document import refusal
from connectors.errors import Rejected
from desk import proofs
from desk.proofs import Decided, Proofs, Wanted
from identity.links import Proved
from identity.proof_refusals import PROOF_REFUSALS, AnswerRefusal, ProofRefusal, ProofRefused
from identity.refusals import NotPossible
from normalizer.envelope_data import from_ms
from normalizer.inbound import Handle, Proof
from normalizer.values import Invalid
from regia.http.access import require
from regia.http.asked import unless_erased
from regia.http.bodies import AnswerBody, LinkBody, ProofBody, read_json
from regia.http.requests import GATEWAY, json_answer
from regia.proving import address
from regia.settings import Token
from regia.watch.metrics import PROOFS

T = TypeVar("T")

Step = Callable[[Connection, Proofs, int], T]
"""What is done in one transaction; the number is the time, in milliseconds."""


async def ask(request: web.Request) -> web.Response:
    """`POST /v1/customers/{id}/proofs`: send a code or a link to an address. The secret is in the message alone."""
    token = require(request, "customers")
    body = await read_json(request, ProofBody)
    wanted = Wanted(
        customer_id=_id(request),
        handle=_handle(body.handle, "claimed"),
        method=body.method,
        actor=_actor(token),
        language=body.language,
    )
    try:
        asked = await step(request, lambda connection, known, now_ms: proofs.begin(connection, wanted, known, now_ms))
    except ProofRefused as refused:
        PROOFS.labels(body.method, refused.reason).inc()
        if refused.reason == "unknown_customer":
            raise await unless_erased(request, refused.reason, PROOF_REFUSALS[refused.reason]) from None
        raise refuse(refused.reason, refused.retry_ms) from None
    PROOFS.labels(body.method, "asked").inc()
    return json_answer({"id": asked.id, "expires_at": from_ms(asked.expires_ms)}, status=202)


async def answer(request: web.Request) -> web.Response:
    """`POST /v1/proofs/{id}`: the code that the customer typed."""
    require(request, "customers")
    body = await read_json(request, AnswerBody)
    id_ = _id(request)
    done = await step(request, lambda connection, known, now_ms: proofs.answer(connection, id_, body.code, known, now_ms))
    return _told(judged("code", done))


async def link(request: web.Request) -> web.Response:
    """`POST /v1/customers/{id}/links`: a person says whose an address is."""
    token = require(request, "customers")
    body = await read_json(request, LinkBody)
    decided = Decided(
        customer_id=_id(request),
        handle=_handle(body.handle, "agent"),
        actor=_actor(token),
        reason=body.reason,
    )
    done = await step(request, lambda connection, known, now_ms: proofs.decide(connection, decided, known, now_ms))
    return _told(judged("agent", done))


async def step(request: web.Request, work: Step[T]) -> T:
    """One step of a proof, in a transaction of its own. Raises `Rejected` for what identity does not do, and `ProofRefused`."""
    gateway = request.app[GATEWAY]
    now_ms = time.time_ns() // 1_000_000
    try:
        return await gateway.stores.database.write(lambda connection: work(connection, gateway.proofs, now_ms))
    except NotPossible as error:
        raise await unless_erased(request, error.reason, str(error)) from None


def judged(method: str, done: Proved | AnswerRefusal) -> Proved:
    """What a proof did, counted. Raises `Rejected` where it proved nothing."""
    PROOFS.labels(method, done.outcome if isinstance(done, Proved) else done).inc()
    if not isinstance(done, Proved):
        raise refuse(done)
    return done


def refuse(reason: ProofRefusal, retry_ms: int | None = None) -> Rejected:
    """The rejection that names the reason."""
    return Rejected(reason, PROOF_REFUSALS[reason], retry_after=None if retry_ms is None else -(-retry_ms // 1000))


def _told(done: Proved) -> web.Response:
    return json_answer({"customer": done.customer_id, "link": done.link_id, "outcome": done.outcome, "guard": done.guard})


def _id(request: web.Request) -> str:
    """The id of the address. PostgreSQL refuses texts with NUL, and ours have none."""
    return request.match_info["id"].replace("\0", "")


def _handle(body: AddressBody, proof: Proof) -> Handle:
    try:
        return address(body.kind, body.value, proof)
    except Invalid as invalid:
        problem = invalid.problem.advice()
    raise refusal({"handle.value": problem})


def _actor(token: Token) -> str:
    return f"token/{token.name}"
