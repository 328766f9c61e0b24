"""One sequence: honest lives, and strangers who do 3 to 12 things in between."""

from collections.abc import Generator, Mapping
from typing import Any, Final

from tests.attacks import voice
from tests.attacks.attacks_codes import CODES
from tests.attacks.attacks_desk import DESK, answered
from tests.attacks.attacks_mail import MAIL, Attack
from tests.attacks.attacks_numbers import NUMBERS, reassigned, recycled
from tests.attacks.attacks_tokens import TOKENS
from tests.attacks.attacks_typed import TYPED
from tests.attacks.honest import life
from tests.attacks.persons import Person
from tests.attacks.scene import Heard, Scene, Tally
from tests.attacks.world import Step, Steps, World

ATTACKS: Final[Mapping[str, Attack]] = {**MAIL, **TYPED, **TOKENS, **CODES, **NUMBERS, **DESK}
_OFTEN: Final = tuple(kind for kind in ATTACKS for _ in range(1 if kind in DESK or kind in CODES else 3))
"""What people of the shop do takes the database much longer than a contact."""
_LOSES_THE_NUMBER: Final = 0.25


def sequence(number: int, seed: object, world: World, tally: Tally) -> Steps:
    """All of it, as steps; the same for the same number and seed, but for who stands beside whom in a batch."""
    scene = Scene(number, seed, world, tally)
    parts: list[Steps] = [life(scene, one) for one in scene.honest]
    parts += [_attack(scene, stranger) for stranger in scene.strangers]
    yield from _mixed(scene, parts)
    if scene.rng.random() < _LOSES_THE_NUMBER:
        yield from _number_lost(scene)
    if heard := scene.of(scene.rng.choice((*scene.honest, *scene.strangers))):
        yield from answered(scene, scene.rng.choice(heard))
    tally.sequences += 1


def _attack(scene: Scene, stranger: Person) -> Steps:
    count = scene.rng.randint(3, 12) if stranger is scene.strangers[0] else scene.rng.randint(0, 3)
    for _ in range(count):
        kind = scene.rng.choice(_OFTEN)
        scene.tally.attacks[kind] += 1
        yield from ATTACKS[kind](scene, stranger, scene.rng.choice(scene.honest))


def _number_lost(scene: Scene) -> Steps:
    """Of somebody whose number nothing but WhatsApp has shown: the shop's tokens may say for years what was true once."""
    quiet = [one for one in scene.honest if not any(map(_shows_a_number, scene.of(one)))]
    if quiet:
        victim = scene.rng.choice(quiet)
        yield from scene.say(voice.whatsapp(scene, victim, scene.text()))
        yield from scene.rng.choice((recycled, reassigned))(scene, scene.strangers[0], victim)


def _shows_a_number(heard: Heard) -> bool:
    sender = heard.contact.inbound.sender
    return heard.contact.connector == "app" and any(alias.kind == "phone" for alias in sender.aliases)


def _mixed(scene: Scene, parts: list[Steps]) -> Generator[Step, Any, None]:
    """One after the other has its turn, by chance."""
    going = dict.fromkeys(parts)
    while going:
        part = scene.rng.choice(list(going))
        try:
            step = part.send(going[part])
        except StopIteration:
            del going[part]
            continue
        going[part] = yield step
