"""Codes and links as the shop sends them to an address that is to be proven."""

from typing import Any, Final

from sqlalchemy import Connection

from desk import proofs
from desk.proof_words import WORDS
from desk.proofs import BrandProofs, Proofs, Wanted, Way
from identity.challenges import Asked, Method, Rules
from identity.proof_refusals import ProofRefused
from identity.refusals import NotPossible
from normalizer.inbound import Handle
from tests.attacks.scene import Scene
from tests.attacks.world import POLICY

_WAYS: Final = {"email": Way(connector="mail"), "phone": Way(connector="sms", account="+390212345678")}
PROOFS: Final = Proofs(
    rules=Rules(key=b"a-key-that-is-not-in-the-database", code_ms=86_400_000, an_hour_of_a_space=1_000_000),
    policy=POLICY,
    brand=lambda space: BrandProofs(name=space, ways=_WAYS, words=WORDS),
    link=lambda token: f"https://regia.test/proof/{token}",
    language="it",
)
"""Of all sequences together more is asked than of one shop, and time goes by for each while the others have their turn."""


def ask(scene: Scene, customer: str, handle: Handle, method: Method) -> Any:
    """Send a code or a link to an address for a customer: the challenge with its secret, or why not."""
    wanted = Wanted(customer_id=customer, handle=handle, method=method, actor="token/site")

    def begin(connection: Connection, now_ms: int) -> Asked:
        return proofs.begin(connection, wanted, PROOFS, now_ms)

    return (yield from scene.do(begin, ProofRefused, NotPossible))


def answer(scene: Scene, challenge: str, typed: str) -> Any:
    """What became of a code that somebody typed."""
    return (
        yield from scene.do(lambda connection, now_ms: proofs.answer(connection, challenge, typed, PROOFS, now_ms), NotPossible)
    )


def confirm(scene: Scene, token: str) -> Any:
    """What became of a link that somebody followed and confirmed."""
    return (yield from scene.do(lambda connection, now_ms: proofs.confirm(connection, token, PROOFS, now_ms), NotPossible))
