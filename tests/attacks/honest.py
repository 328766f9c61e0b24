"""Honest people: they write on several channels, prove that they are one, and then must be known by their history."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, select

from identity import decisions, links
from identity.challenges import Asked
from identity.facts import Given
from identity.people import handle_key, standing
from identity.profile import Value
from identity.profiles import set_facts
from identity.refusals import NotPossible
from normalizer.inbound import Handle
from storage.schema import handles, messages, suggestions
from tests.attacks import voice
from tests.attacks.persons import Person
from tests.attacks.proving import answer, ask
from tests.attacks.scene import Scene
from tests.attacks.truth import Contact, claim
from tests.attacks.world import POLICY, Envelope, Steps

Speak: TypeAlias = Callable[[str], Contact]
"""Says a text on one channel."""


def life(scene: Scene, one: Person) -> Steps:
    """Some contacts, and most often a way to prove that they are of one person."""
    if one is scene.honest[0] or scene.rng.random() < _PROVES:
        yield from _prove(scene, one, scene.rng.choice(_OFTEN))
    else:
        ways = (voice.mail, voice.whatsapp, voice.counter)
        yield from scene.say(*(way(scene, one, scene.text()) for way in ways))
    if scene.rng.random() < _SHARED:
        yield from _from_the_office(scene, one)


_PROVES: Final = 0.25
_SHARED: Final = 0.15


def _prove(scene: Scene, one: Person, way: str) -> Steps:
    first, second, proof = WAYS[way](scene, one)
    (before,) = yield from scene.say(first(text := scene.text()))
    yield from scene.turn()
    yield from scene.say(second(scene.text()))
    while one.cluster in scene.held:
        yield from scene.turn()
    scene.held.add(one.cluster)
    if scene.rng.random() < _KNOWN_WELL:
        yield from _known_well(scene, one, before)
    yield from proof()
    scene.held.discard(one.cluster)
    scene.tally.pairs[way] += 1
    said = [heard.envelope for heard in scene.of(one)]
    (again,) = yield from scene.say(second(text if scene.rng.random() < _AGAIN else scene.text()))
    linked = yield from _one_owner(scene, before, again)
    scene.tally.linked[way] += linked
    scene.tally.shown[way] += _shows_the_other(again, said)


_AGAIN: Final = 0.3
_KNOWN_WELL: Final = 0.4


def _shows_the_other(envelope: Envelope, said: Sequence[Envelope]) -> bool:
    """Whether the history of a contact holds one that came by another handle or channel of the same person."""
    others = {one.id for one in said if _way(one) != _way(envelope)}
    return any(one["id"] in others for one in envelope.data["history"])


def _way(envelope: Envelope) -> tuple[str, str]:
    return envelope.data["channel"], envelope.data["sender"]["handle"]["value"]


def _one_owner(scene: Scene, *said: Envelope) -> Any:
    """Whether the addresses by which these were said, each another one, have one owner."""
    query = select(handles.c.id, handles.c.customer_id).join(messages, messages.c.handle_id == handles.c.id)
    query = query.where(messages.c.id.in_([one.id for one in said]))
    found = yield from scene.do(lambda connection, now_ms: connection.execute(query).all())
    return len({link for link, _ in found}) == len(said) and len({owner for _, owner in found}) == 1


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

    def proof() -> Steps:
        customer = yield from customer_of(scene, Handle("phone", one.phone, "verified"))
        asked = yield from ask(scene, customer, Handle("email", one.email, "claimed"), "code")
        if isinstance(asked, Asked):
            yield from answer(scene, asked.id, asked.secret)

    return (
        lambda text: voice.whatsapp(scene, one, text, ids="phone"),
        lambda text: voice.mail(scene, one, text),
        proof,
    )


def _number_changed(scene: Scene, one: Person) -> tuple[Speak, Speak, Callable[[], Steps]]:
    """WhatsApp tells that the number is another now, from which the person has written already."""
    space, evidence, new = "demo", "whatsapp/news", replace(one, phone=one.next_phone, spellings=(one.next_phone,))

    def proof() -> Steps:
        moved = voice.changed(scene, one)

        def change(connection: Connection, now_ms: int) -> Any:
            return links.changed(connection, space, moved.old, moved.new, evidence=evidence, now_ms=now_ms, policy=POLICY)

        yield from scene.do(change)

    return (
        lambda text: voice.whatsapp(scene, one, text, ids="phone"),
        lambda text: voice.whatsapp(scene, new, text, ids="phone"),
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
        scene.world.truth.join(one.cluster, claim(typed))
        yield from scene.do(_accept(claimed), NotPossible)

    return post, lambda text: voice.mail(scene, one, text, address=one.private_email), proof


def _accept(claimed: str) -> Callable[[Connection, int], Any]:
    """A person accepts the suggestion that whoever has typed an address is its owner."""
    this = select(suggestions.c.id).where(suggestions.c.customer_id == claimed, suggestions.c.reason == "same_claim")

    def accept(connection: Connection, now_ms: int) -> Any:
        suggestion = connection.execute(this).scalar_one()
        return decisions.accept(connection, suggestion, actor="agent:giulia", now_ms=now_ms, policy=POLICY)

    return accept


def _known_well(scene: Scene, one: Person, said: Envelope) -> Steps:
    """The shop says what it knows of a customer."""
    facts: Mapping[Given, Value] = {"tier": one.tier, "tags": list(one.tags)}
    owner = select(handles.c.customer_id).join(messages, messages.c.handle_id == handles.c.id).where(messages.c.id == said.id)

    def say(connection: Connection, now_ms: int) -> Any:
        customer = connection.execute(owner).scalar_one()
        return set_facts(connection, customer, "agent", facts, actor="agent:giulia", now_ms=now_ms, policy=POLICY)

    yield from scene.do(say)


WAYS: Final[Mapping[str, Way]] = {
    "alias": _alias,
    "token with e-mail": _token_with_mail,
    "token with phone": _token_with_phone,
    "code": _code,
    "number changed": _number_changed,
    "agent": _agent,
}


_OFTEN: Final = (*WAYS, *(way for way in WAYS if way not in ("agent", "code", "number changed")))
"""What people of the shop do takes the database much longer than a contact."""


def _from_the_office(scene: Scene, one: Person) -> Steps:
    """The mailbox of a company, which several people write from and nobody owns."""
    address = office(scene)
    cluster = f"mailbox:{address}"
    scene.world.truth.belongs(Handle("email", address, "verified"), cluster)
    contact = voice.mail(scene, one, scene.text(), address=address)
    yield from scene.say(scene.contact(cluster, voice.HONEST, "mail", contact.inbound, Handle("email", address, "claimed")))


def office(scene: Scene) -> str:
    return f"info@{scene.honest[0].email.partition('@')[0].partition('.')[2]}.test"
