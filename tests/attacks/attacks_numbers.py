"""Numbers that change hands, and what WhatsApp hands on of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tests.attacks import channels, voice
from tests.attacks.attacks_mail import Attack
from tests.attacks.persons import Person
from tests.attacks.scene import Scene
from tests.attacks.world import A_YEAR, WEEKS, Sleep, Steps


def _change_forged(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """That the victim's number is the stranger's now, without WhatsApp's signature."""
    kind = "number change, forged"
    news = {"id": f"wamid.{scene.id()}", "type": "system", "from": victim.phone.removeprefix("+")}
    news["system"] = {"type": "user_changed_number", "wa_id": stranger.phone.removeprefix("+")}
    contact = {"wa_id": victim.phone.removeprefix("+")}
    secret = scene.rng.choice(("", "another-apps-secret"))
    if scene.refused(kind, lambda: channels.whatsapp(news, contact, scene.now, secret=secret)) is not None:
        scene.problem("a number change without signature was taken")
    yield from scene.turn()


def _about_others(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """A reaction, an edit, a deletion, an answer: of what the victim wrote, by the stranger's own number."""
    heard = scene.of(victim)
    about = scene.rng.choice(heard).contact.inbound.external_id if heard else "wamid.unknown"
    message: dict[str, Any] = scene.rng.choice(
        (
            {"type": "reaction", "reaction": {"message_id": about, "emoji": "👍"}},
            {
                "type": "edit",
                "edit": {"original_message_id": about, "message": {"type": "text", "text": {"body": scene.text()}}},
            },
            {"type": "revoke", "revoke": {"original_message_id": about}},
            {"context": {"id": about}},
        )
    )
    contact = voice.whatsapp(scene, stranger, scene.text(), kind="about the victim's message", **message)
    yield from scene.say(contact)


def _card(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """The victim's card, shared by the stranger."""
    card = {
        "name": {"formatted_name": victim.name},
        "phones": [{"phone": victim.phone, "wa_id": victim.phone.removeprefix("+")}],
    }
    message = {"type": "contacts", "contacts": [{**card, "emails": [{"email": victim.email}]}]}
    yield from scene.say(voice.whatsapp(scene, stranger, "", kind="the victim's card", **message))


NUMBERS: Final[Mapping[str, Attack]] = {
    "number change, forged": _change_forged,
    "about the victim's message": _about_others,
    "the victim's card": _card,
}


def recycled(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """The victim's number, in the stranger's hands after a year of silence."""
    yield from _handed_on(scene, stranger, victim, "recycled number", scene.rng.choice(("phone", "both")))


def reassigned(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """The same after some weeks: WhatsApp shows the number beside another user than before."""
    yield from scene.say(voice.whatsapp(scene, victim, scene.text()))
    yield from _handed_on(scene, stranger, victim, "reassigned number", "both")


def _handed_on(scene: Scene, stranger: Person, victim: Person, kind: str, ids: str) -> Steps:
    yield Sleep(A_YEAR if kind == "recycled number" else WEEKS)
    new = replace(stranger, phone=victim.phone, spellings=victim.spellings)
    for handle in victim.handles:
        if handle.kind == "phone":
            scene.world.truth.handed_on(handle, stranger.cluster, scene.world.now_ms)
    for _ in range(2):
        scene.tally.attacks[kind] += 1
        yield from scene.say(voice.whatsapp(scene, new, scene.text(), ids=ids, kind=kind))
        yield from scene.say(
            voice.mail(scene, victim, scene.text()),
            voice.whatsapp(scene, victim, scene.text(), ids="user"),
            voice.app(scene, new, scene.text(), kind=kind, phone_number=new.dialled, phone_number_verified=True),
        )
