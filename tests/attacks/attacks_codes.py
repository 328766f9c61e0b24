"""A stranger asks for a proof of the victim's address, and never sees what is sent there."""

from collections.abc import Mapping
from typing import Any, Final

from identity.challenges import Asked
from identity.links import Proved
from normalizer.inbound import Handle
from tests.attacks import voice
from tests.attacks.attacks_mail import Attack
from tests.attacks.persons import Person
from tests.attacks.proving import answer, ask, confirm
from tests.attacks.scene import Scene
from tests.attacks.world import Steps

_MOST: Final = 6


def _asked(scene: Scene, stranger: Person, one: Person, method: Any) -> Any:
    """A challenge for the stranger's customer about an address; None where the limits forbid it."""
    (envelope,) = yield from scene.say(voice.app(scene, stranger, scene.text(), kind="a code of another"))
    address = scene.rng.choice((Handle("email", one.email, "claimed"), Handle("phone", one.dialled, "claimed")))
    found = yield from ask(scene, envelope.customer, address, method)
    if isinstance(found, Asked):
        return found
    scene.tally.refused[f"a code of another: {found.reason}"] += 1
    return None


def _guessed(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """Codes by chance, until there are no more attempts."""
    asked = yield from _asked(scene, stranger, victim, "code")
    for _ in range(_MOST if asked else 0):
        code = f"{scene.rng.randrange(10**6):06d}"
        if code == asked.secret:
            continue
        yield from _refused(
            scene, (yield from answer(scene, asked.id, scene.rng.choice((code, f" {code[:3]}-{code[3:]}", ""))))
        )


def _of_another_challenge(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """The secret that came to the stranger's own address, for the challenge about the victim's."""
    method = scene.rng.choice(("code", "link"))
    own = yield from _asked(scene, stranger, stranger, method)
    asked = yield from _asked(scene, stranger, victim, method)
    if not (own and asked) or own.secret == asked.secret:
        return
    if method == "code":
        yield from _refused(scene, (yield from answer(scene, asked.id, own.secret)))
    else:
        yield from _refused(scene, (yield from confirm(scene, f"{asked.id.removeprefix('chl_')}.{own.secret}")))


def _refused(scene: Scene, outcome: Any) -> Steps:
    if isinstance(outcome, Proved):
        scene.problem("a code of another proved an address")
    scene.tally.refused[f"a code of another: {outcome}"] += 1
    yield from scene.turn()


CODES: Final[Mapping[str, Attack]] = {"codes, guessed": _guessed, "codes of another challenge": _of_another_challenge}
