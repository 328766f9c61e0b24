"""What people of the shop are led to do: answers, and a merge that should not have been."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Connection

from desk.refusals import Refused
from desk.replies import Channels, Reply, queue
from identity import merges
from identity.refusals import NotPossible
from normalizer.inbound import Handle
from storage import outgoing
from tests.attacks import voice
from tests.attacks.attacks_mail import Attack
from tests.attacks.honest import customer_of
from tests.attacks.persons import Person
from tests.attacks.scene import Heard, Scene
from tests.attacks.world import POLICY, Steps

CHANNELS: Final = Channels(can_send=lambda connector: True, own=lambda handle: handle.value.endswith("@demo.test"))


def _answers(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """Answers to what both have written go to who wrote, or where that very contact asks for them."""
    everything = [*scene.of(stranger), *scene.of(victim)]
    for heard in scene.rng.sample(everything, k=min(2, len(everything))):
        yield from answered(scene, heard)


def answered(scene: Scene, heard: Heard) -> Steps:
    """Queue an answer to one contact, and look where it goes."""

    def answer(connection: Connection, now_ms: int) -> Any:
        id_ = queue(connection, Reply(message_id=heard.envelope.id, text="Buongiorno", author="giulia"), CHANNELS, now_ms).id
        return outgoing.find(connection, id_)

    row = yield from scene.do(answer, Refused)
    if isinstance(row, Refused):
        scene.tally.answers[f"refused: {row.reason}"] += 1
        return
    scene.tally.answers["queued"] += 1
    wanted = heard.contact.answers
    if (row["handle_kind"], row["handle_value"], row["connector"]) != (wanted.kind, wanted.value, heard.contact.connector):
        scene.tally.answers["wrong recipient"] += 1
        scene.problem(f"{heard.contact.kind}: an answer goes to another address")


def _mistake(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """A colleague takes the stranger for the victim, and takes it back later: then nobody has anything of the other."""
    kind = "a mistaken merge, undone"
    if {stranger.cluster, victim.cluster} & scene.held:
        return
    scene.held |= {stranger.cluster, victim.cluster}
    yield from scene.say(voice.mail(scene, victim, scene.text()), voice.whatsapp(scene, stranger, scene.text(), kind=kind))
    one = yield from customer_of(scene, _mail(victim))
    other = yield from customer_of(scene, stranger.handles[0])
    scene.world.truth.join(victim.cluster, stranger.cluster)
    done = yield from scene.do(_merge(one, other), NotPossible)
    if not isinstance(done, NotPossible):
        yield from scene.say(
            voice.mail(scene, victim, scene.text()),
            voice.whatsapp(scene, stranger, scene.text(), kind=kind),
        )
        yield from _taken_back(scene, one, other, victim)
    scene.world.truth.part(victim.cluster, stranger.cluster)
    scene.held -= {stranger.cluster, victim.cluster}
    yield from answered(scene, scene.of(scene.rng.choice((stranger, victim)))[-1])
    yield from scene.say(voice.whatsapp(scene, stranger, scene.text(), kind=kind), voice.mail(scene, victim, scene.text()))


def _merge(one: str, other: str) -> Callable[[Connection, int], str]:
    """A person of the shop says that two customers are one."""

    def merge(connection: Connection, now_ms: int) -> str:
        return merges.merge(connection, one, other, actor="agent:giulia", now_ms=now_ms, policy=POLICY)

    return merge


def _taken_back(scene: Scene, one: str, other: str, victim: Person) -> Steps:
    top = yield from customer_of(scene, _mail(victim))
    below = one if top == other else other

    def unmerge(connection: Connection, now_ms: int) -> str:
        return merges.unmerge(connection, below, actor="agent:giulia", now_ms=now_ms, policy=POLICY)

    yield from scene.do(unmerge)


def _mail(one: Person) -> Handle:
    return Handle("email", one.email, "verified")


DESK: Final[Mapping[str, Attack]] = {"answers": _answers, "a mistaken merge, undone": _mistake}
