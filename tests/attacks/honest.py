"""Honest people: they write on several channels, prove that they are one, and then must be known by their history."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, select

from identity import links, merges
from identity.people import handle_key, standing
from identity.refusals import NotPossible
from normalizer.inbound import Handle
from storage.schema import handles
from tests.attacks import voice
from tests.attacks.persons import Person
from tests.attacks.scene import Scene
from tests.attacks.truth import Contact, claim
from tests.attacks.world import POLICY, Envelope, Steps

Speak: TypeAlias = Callable[[str], Contact]
"""Says a text on one channel."""


def life(scene: Scene, one: Person) -> Steps:
    """Some contacts, and most often a way to prove that they are of one person."""
    if one is scene.honest[0] or scene.rng.random() < _PROVES:
        yield from _prove(scene, one, scene.rng.choice(list(WAYS)))
    else:
        yield from scene.say(voice.mail(scene, one, scene.text()), voice.whatsapp(scene, one, scene.text()))
    if scene.rng.random() < _SHARED:
        yield from _from_the_office(scene, one)


_PROVES: Final = 0.4
_SHARED: Final = 0.15


def _prove(scene: Scene, one: Person, way: str) -> Steps:
    first, second, proof = WAYS[way](scene, one)
    before = first(text := scene.text())
    yield from scene.say(before)
    yield from scene.turn()
    yield from scene.say(second(scene.text()))
    while one.cluster in scene.held:
        yield from scene.turn()
    yield from proof()
    scene.tally.pairs[way] += 1
    said = [heard.envelope for heard in scene.of(one)]
    again = second(text if scene.rng.random() < _AGAIN else scene.text())
    envelopes = yield from scene.say(again)
    linked = yield from _one_customer(scene, before, again)
    scene.tally.linked[way] += linked
    scene.tally.shown[way] += _shows_the_other(envelopes[0], said)


_AGAIN: Final = 0.3


def _shows_the_other(envelope: Envelope, said: Sequence[Envelope]) -> bool:
    """Whether the history of a contact holds one that came by another handle or channel of the same person."""
    others = {one.id for one in said if _way(one) != _way(envelope)}
    return any(one["id"] in others for one in envelope.data["history"])


def _way(envelope: Envelope) -> tuple[str, str]:
    return envelope.data["channel"], envelope.data["sender"]["handle"]["value"]


def _one_customer(scene: Scene, *contacts: Contact) -> Any:
    """Whether the senders of these contacts have one owner."""
    keys = {handle_key("demo", standing(handle), handle) for handle in (one.inbound.sender.handle for one in contacts)}

    def owners(connection: Connection, now_ms: int) -> list[str]:
        return list(connection.execute(select(handles.c.customer_id).where(handles.c.key.in_(keys))).scalars())

    found = yield from scene.do(owners)
    return len(found) == len(keys) > 1 and len(set(found)) == 1


def customer_of(scene: Scene, handle: Handle) -> Any:
    """Who owns an address now; None where nobody does."""
    key = handle_key("demo", standing(handle), handle)

    def owner(connection: Connection, now_ms: int) -> str | None:
        return connection.execute(select(handles.c.customer_id).where(handles.c.key == key)).scalar_one_or_none()

    return (yield from scene.do(owner))


Way: TypeAlias = Callable[[Scene, Person], tuple[Speak, Speak, Callable[[], Steps]]]


def _alias(scene: Scene, one: Person) -> tuple[Speak, Speak, Callable[[], Steps]]:
    """WhatsApp names number and user id together."""

    def proof() -> Steps:
        yield from scene.say(voice.whatsapp(scene, one, scene.text()))

    return (
        lambda text: voice.whatsapp(scene, one, text, ids="phone"),
        lambda text: voice.whatsapp(scene, one, text, ids="user"),
        proof,
    )


def _token_with_mail(scene: Scene, one: Person) -> tuple[Speak, Speak, Callable[[], Steps]]:
    def proof() -> Steps:
        yield from scene.say(voice.app(scene, one, scene.text(), email=one.email, email_verified=True))

    return lambda text: voice.mail(scene, one, text), lambda text: voice.app(scene, one, text), proof


def _token_with_phone(scene: Scene, one: Person) -> tuple[Speak, Speak, Callable[[], Steps]]:
    def proof() -> Steps:
        claims = {"phone_number": one.dialled, "phone_number_verified": True}
        yield from scene.say(voice.app(scene, one, scene.text(), **claims))

    return lambda text: voice.app(scene, one, text), lambda text: voice.whatsapp(scene, one, text, ids="phone"), proof


def _code(scene: Scene, one: Person) -> tuple[Speak, Speak, Callable[[], Steps]]:
    """A code that was sent to the mail address is typed on WhatsApp."""
    address = Handle("email", one.email, "verified")

    def proof() -> Steps:
        customer = yield from customer_of(scene, Handle("phone", one.phone, "verified"))

        def prove(connection: Connection, now_ms: int) -> Any:
            return links.prove(
                connection, customer, address, proof="verified", evidence="code", actor="code", now_ms=now_ms, policy=POLICY
            )

        yield from scene.do(prove, NotPossible)

    return (
        lambda text: voice.whatsapp(scene, one, text, ids="phone"),
        lambda text: voice.mail(scene, one, text),
        proof,
    )


def _agent(scene: Scene, one: Person) -> tuple[Speak, Speak, Callable[[], Steps]]:
    """A colleague accepts what was suggested: the form names the address of the mail."""
    typed = Handle("email", one.private_email, "claimed")

    def post(text: str) -> Contact:
        contact = voice.form(scene, text, by=one.cluster, email=one.private_email, name=one.name)
        assert contact is not None
        return contact

    def proof() -> Steps:
        claimed = yield from customer_of(scene, typed)
        proven = yield from customer_of(scene, Handle("email", one.private_email, "verified"))
        scene.world.truth.join(one.cluster, claim(typed))
        yield from scene.do(accept(claimed, proven), NotPossible)

    return post, lambda text: voice.mail(scene, one, text, address=one.private_email), proof


def accept(one: str, other: str) -> Callable[[Connection, int], Any]:
    """A person of the shop says that two customers are one."""

    def merge(connection: Connection, now_ms: int) -> str:
        return merges.merge(connection, one, other, actor="agent:giulia", now_ms=now_ms, policy=POLICY)

    return merge


WAYS: Final[Mapping[str, Way]] = {
    "alias": _alias,
    "token with e-mail": _token_with_mail,
    "token with phone": _token_with_phone,
    "code": _code,
    "agent": _agent,
}


def _from_the_office(scene: Scene, one: Person) -> Steps:
    """The mailbox of a company, which several people write from and nobody owns."""
    address = office(scene)
    cluster = f"mailbox:{address}"
    scene.world.truth.belongs(Handle("email", address, "verified"), cluster)
    contact = voice.mail(scene, one, scene.text(), address=address)
    yield from scene.say(scene.contact(cluster, voice.HONEST, "mail", contact.inbound, Handle("email", address, "claimed")))


def office(scene: Scene) -> str:
    return f"info@{scene.honest[0].email.partition('@')[0].partition('.')[2]}.test"
