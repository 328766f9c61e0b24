"""A person who writes by a channel of their own, as honest people do: what platforms and servers prove is true."""

from typing import Any, Final

from connectors.base import Parsed
from connectors.exchange import Moved
from normalizer.inbound import Handle
from tests.attacks import channels
from tests.attacks.channels import BORDER, SHOP, only
from tests.attacks.persons import Person, in_ascii
from tests.attacks.scene import Scene
from tests.attacks.truth import Contact

HONEST: Final = "honest"


def whatsapp(scene: Scene, one: Person, text: str, *, ids: str = "both", kind: str = HONEST, **message: Any) -> Contact:
    """`ids`: whether WhatsApp tells the number (`phone`), the user id (`user`) or both."""
    digits = one.phone.removeprefix("+")
    said = {"id": f"wamid.{scene.id()}", "type": "text", "text": {"body": text}, **message}
    contact: dict[str, Any] = {}
    if name := one.shown_name(scene.rng):
        contact["profile"] = {"name": name}
    if ids in ("both", "phone"):
        said["from"] = contact["wa_id"] = digits
    if ids in ("both", "user"):
        said["from_user_id"] = contact["user_id"] = one.user
    own = Handle("phone", one.phone, "verified") if "from" in said else one.handles[len(one.spellings) + 1]
    return scene.contact(one.cluster, kind, "whatsapp", only(channels.whatsapp(said, contact, scene.now)), own)


def changed(scene: Scene, one: Person) -> Moved:
    """What WhatsApp tells of a number that has changed."""
    old, new = one.phone.removeprefix("+"), one.next_phone.removeprefix("+")
    news = {"id": f"wamid.{scene.id()}", "type": "system", "from": old, "system": {"type": "user_changed_number", "wa_id": new}}
    (event,) = channels.whatsapp(news, {"wa_id": old}, scene.now).events
    assert event.moved is not None
    return event.moved


def passed(address: str) -> tuple[str, str]:
    """What our own server writes above a mail of which it has checked the domain."""
    domain = in_ascii(address).rpartition("@")[2]
    return "Authentication-Results", f"{BORDER}; spf=pass smtp.mailfrom={domain}; dmarc=pass header.from={domain}"


def mail(scene: Scene, one: Person, text: str, *, kind: str = HONEST, address: str | None = None, **more: str) -> Contact:
    """A mail that our server has checked. `more` are further headers, `_` for `-`."""
    name, address = one.shown_name(scene.rng), address or one.email
    sender = f'"{name}" <{address}>' if name else address
    others = [(key.replace("_", "-"), value) for key, value in more.items()]
    headers = [passed(address), *envelope_headers(scene, sender), *others]
    answers = Handle("email", more.get("Reply_To", address), "claimed")
    return scene.contact(one.cluster, kind, "mail", only(channels.mail(headers, text, scene.now)), answers)


def envelope_headers(scene: Scene, sender: str, to: str = SHOP) -> list[tuple[str, str]]:
    return [
        ("From", sender),
        ("To", to),
        ("Subject", "La mia padella"),
        ("Message-ID", f"<{scene.id()}@mail.test>"),
        ("Date", scene.now.strftime("%a, %d %b %Y %H:%M:%S +0000")),
    ]


def app(
    scene: Scene, one: Person, text: str, *, kind: str = HONEST, body: dict[str, Any] | None = None, **claims: Any
) -> Contact:
    """From the app, with a token that the shop's server has signed for this user."""
    token = channels.user_token(one.app_user, scene.now, **claims)
    parsed = channels.api(channels.APP, token, {"text": text, **(body or {})}, scene.now)
    return scene.contact(one.cluster, kind, "app", only(parsed), one.handles[-1])


def counter(scene: Scene, one: Person, text: str, *, kind: str = HONEST) -> Contact:
    """A colleague at the phone desk, who knows the person and says so."""
    sender = {"handle": {"kind": "phone", "value": one.dialled, "proof": "agent"}, "name": one.name}
    parsed = channels.api(channels.COUNTER, channels.DESK, {"text": text, "sender": sender}, scene.now)
    return scene.contact(one.cluster, kind, "counter", only(parsed), Handle("phone", one.dialled, "agent"))


def form(scene: Scene, text: str, *, by: str, kind: str = HONEST, **values: str) -> Contact | None:
    """The web form; None where it refuses what was typed."""

    def post() -> Parsed:
        return channels.form(scene.now, message=text, submission=scene.id(), **values)

    parsed = scene.refused(kind, post)
    if parsed is None:
        return None
    inbound = only(parsed)
    return scene.contact(by, kind, "form", inbound, inbound.sender.handle)


def chat(scene: Scene, text: str, *, by: str, kind: str = HONEST, **body: Any) -> Contact | None:
    """The chat of the shop's site, handed on by a program that knows nobody; None where it is refused."""
    sender = {"handle": {"kind": "visitor", "value": f"visitor-{scene.id()}"}, **body.pop("sender", {})}

    def post() -> Parsed:
        return channels.api(channels.CHAT, channels.PROGRAM, {"text": text, "sender": sender, **body}, scene.now)

    parsed = scene.refused(kind, post)
    return None if parsed is None else scene.contact(by, kind, "chat", only(parsed))
