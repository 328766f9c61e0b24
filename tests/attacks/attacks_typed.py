"""What a stranger types: forms and chats prove nothing, whatever stands in them."""

from collections.abc import Mapping
from typing import Any, Final

from normalizer.inbound import Handle
from tests.attacks import channels, voice
from tests.attacks.attacks_mail import Attack
from tests.attacks.persons import Person, in_ascii
from tests.attacks.scene import Scene
from tests.attacks.truth import Contact
from tests.attacks.world import Steps


def _said(scene: Scene, contact: Contact | None) -> Steps:
    if contact is not None:
        yield from scene.say(contact)


def _words(scene: Scene, victim: Person) -> str:
    """The victim's own words, where there are any."""
    known = [text for heard in scene.of(victim) if (text := heard.contact.inbound.text)]
    return scene.rng.choice(known) if known else scene.text()


def _typed_mail(scene: Scene, stranger: Person, victim: Person) -> Steps:
    kind = "form with the victim's e-mail"
    yield from _said(
        scene, voice.form(scene, scene.text(), by=stranger.cluster, kind=kind, email=victim.email, name=victim.name)
    )


def _typed_phone(scene: Scene, stranger: Person, victim: Person) -> Steps:
    kind = "form with the victim's phone"
    spelling = scene.rng.choice(victim.spellings)
    written = scene.rng.choice((spelling, spelling.replace("+", "00"), f"{spelling[:5]} {spelling[5:]}"))
    yield from _said(scene, voice.form(scene, scene.text(), by=stranger.cluster, kind=kind, phone=written, name=victim.name))


def _odd_mail(scene: Scene, stranger: Person, victim: Person) -> Steps:
    local, _, domain = victim.email.rpartition("@")
    address = scene.rng.choice(
        (
            victim.email.upper(),
            in_ascii(victim.email),
            f"{local}+x@{domain}",
            f"{local}@{domain}.",
            f" {victim.email}\u0000",
            f"{local}\u200d@{domain}",
            f"{local.replace('e', 'е')}@{domain}",  # noqa: RUF001  # Cyrillic
            f"{local.replace('k', chr(0x212A))}@{domain}",
            f"{local}@{domain.replace('.', chr(0x3002))}",
            f"{local}{'a' * 400}@{domain}",
            f'"{local}"@{domain}',
            f"{victim.email}\r\nBcc: {stranger.email}",
        )
    )
    kind = "form with an odd spelling"
    contact = voice.form(
        scene, _words(scene, victim), by=stranger.cluster, kind=kind, email=address, name=f"{victim.name}\u202e\x00"
    )
    yield from _said(scene, contact)


def _all_of_it(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """Everything the stranger knows: words, order, name, both addresses, the customer's id."""
    heard = scene.of(victim)
    values = {"email": stranger.email, "phone": victim.phone, "name": victim.name, "order": f"IT-{victim.app_user}"}
    if heard:
        values["customer"] = scene.rng.choice(heard).envelope.customer
    kind = "form with all that is known"
    yield from _said(scene, voice.form(scene, _words(scene, victim), by=stranger.cluster, kind=kind, **values))


def _known(one: Person) -> list[Handle]:
    """What strangers may know of somebody, as forms take it."""
    spelled = {*one.private, *one.spellings} - {one.dialled}
    return [handle for handle in one.handles if handle.value not in spelled]


def _chat(scene: Scene, stranger: Person, victim: Person) -> Steps:
    heard = scene.of(victim)
    customer = scene.rng.choice(heard).envelope.customer if heard else "cus_unknown"
    claims = [{"kind": handle.kind, "value": handle.value} for handle in _known(victim)]
    claims += [{"kind": "crm", "value": customer}, {"kind": "customer", "value": customer}]
    sender: dict[str, Any] = {"claims": scene.rng.sample(claims, k=scene.rng.choice((1, 3, 6))), "name": victim.name}
    if scene.rng.random() < _AS_THE_VICTIM:
        one = scene.rng.choice(claims[:-2])
        sender["handle"] = one
    contact = voice.chat(
        scene,
        _words(scene, victim),
        by=stranger.cluster,
        kind="chat with typed claims",
        sender=sender,
        fields={"customer": customer, "order": f"IT-{victim.app_user}"},
    )
    yield from _said(scene, contact)


_AS_THE_VICTIM: Final = 0.4


def _masses(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """Suggestions by the dozen: own contacts that name everybody there is."""
    for _ in range(2):
        claims = [{"kind": handle.kind, "value": handle.value} for one in scene.honest for handle in _known(one)]
        sender = {"claims": scene.rng.sample(claims, k=min(10, len(claims))), "name": victim.name}
        body = {"text": _words(scene, victim), "sender": sender}
        token, kind = channels.user_token(stranger.app_user, scene.now), "suggestions in masses"
        parsed = scene.refused(kind, lambda: channels.api(channels.APP, token, body, scene.now))  # noqa: B023  # called at once
        if parsed is not None:
            contact = scene.contact(stranger.cluster, kind, "app", channels.only(parsed), stranger.handles[-1])
            yield from scene.say(contact)


def _repeated(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """The victim's words again, on own channels."""
    text, kind = _words(scene, victim), "the victim's words again"
    ways = [
        voice.whatsapp(scene, stranger, text, kind=kind),
        voice.mail(scene, stranger, text, kind=kind),
        voice.app(scene, stranger, text, kind=kind),
    ]
    yield from scene.say(*scene.rng.sample(ways, k=2))


TYPED: Final[Mapping[str, Attack]] = {
    "form with the victim's e-mail": _typed_mail,
    "form with the victim's phone": _typed_phone,
    "form with an odd spelling": _odd_mail,
    "form with all that is known": _all_of_it,
    "chat with typed claims": _chat,
    "suggestions in masses": _masses,
    "the victim's words again": _repeated,
}
