"""Tokens of the app's users: forged, stale, of another, stolen."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from normalizer.inbound import Handle
from tests.attacks import channels, voice
from tests.attacks.attacks_mail import Attack
from tests.attacks.channels import APP, only, user_token
from tests.attacks.persons import Person
from tests.attacks.scene import Scene
from tests.attacks.world import Steps
from tests.connectors.app_users import part


def _forged(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """A token of the victim that the shop's server has not signed, or not for this time and place. Each is refused."""
    now = int(scene.now.timestamp())
    claims = {"sub": victim.app_user, "aud": channels.AUDIENCE, "exp": now + 600}
    good = user_token(victim.app_user, scene.now)
    head, body, signature = good.split(".")
    kind, token = scene.rng.choice(
        (
            ("token, expired", user_token(victim.app_user, scene.now - timedelta(hours=2))),
            ("token for another audience", user_token(victim.app_user, scene.now, aud="shop")),
            ("token by another key", user_token(victim.app_user, scene.now, key="another-secret-of-at-least-32-bytes")),
            ("token, unsigned", f"{part({'alg': 'none'})}.{part(claims)}."),
            ("token, unsigned", f"{part({'alg': 'nOnE', 'typ': 'JWT'})}.{body}.{signature}"),
            ("token, changed", f"{head}.{part({**claims, 'email': victim.email, 'email_verified': True})}.{signature}"),
            ("token for ever", user_token(victim.app_user, scene.now, exp=now + 10**8)),
        )
    )
    alone = scene.rng.random() < _ALONE
    token, headers = (token, {}) if alone else (channels.PROGRAM, {"user-token": token})
    if scene.refused(kind, lambda: channels.api(APP, token, {"text": scene.text()}, scene.now, **headers)) is not None:
        scene.problem(f"{kind} was taken")
    yield from scene.turn()


_ALONE: Final = 0.7


def _claims_of_another(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """The stranger's own token, in which the shop says of the victim's addresses that nobody has confirmed them."""
    unconfirmed: Any = scene.rng.choice((False, None, "true", 1, "yes", [True]))
    claims: dict[str, Any] = {"email": victim.email, "phone_number": scene.rng.choice(victim.spellings), "name": victim.name}
    claims |= {"email_verified": unconfirmed, "phone_number_verified": unconfirmed}
    yield from scene.say(voice.app(scene, stranger, scene.text(), kind="token with another's addresses", **claims))


def _said_in_the_body(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """An own token, and in the body what only a program may say: it is refused, or a claim."""
    mail, app = {"kind": "email", "value": victim.email}, {"kind": "app_user", "value": victim.app_user}
    sender = scene.rng.choice(
        (
            {"aliases": [{**mail, "proof": "agent"}]},
            {"handle": app},
            {"handle": {**app, "proof": "agent"}},
            {"handle": mail},
            {"aliases": [mail, app]},
            {"claims": [mail, app]},
        )
    )
    kind = "token with another in the body"
    token = user_token(stranger.app_user, scene.now)
    parsed = scene.refused(kind, lambda: channels.api(APP, token, {"text": scene.text(), "sender": sender}, scene.now))
    if parsed is not None:
        yield from scene.say(scene.contact(stranger.cluster, kind, "app", only(parsed), stranger.handles[-1]))


def _same_key(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """The victim's `external_id` or Idempotency-Key, used before and after the victim uses it: each user has own ones."""
    key, kind = f"order-{scene.id()}", "token with another's key"
    first, second = scene.rng.choice(((stranger, victim), (victim, stranger)))
    contacts = []
    for one in (first, second):
        body = {"external_id": key} if scene.rng.random() < _ALONE else {}
        headers = {} if body else {"idempotency-key": key}
        parsed = channels.api(APP, user_token(one.app_user, scene.now), {"text": scene.text(), **body}, scene.now, **headers)
        contacts.append(scene.contact(one.cluster, kind, "app", only(parsed), one.handles[-1]))
    envelopes = yield from scene.say(*contacts)
    if len(envelopes) != len(contacts):
        scene.problem("a stranger's key made a repeat of the victim's contact")


def _replayed(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """A stolen token that is still good, after its user has logged out. docs/channels/api.md, "What a stolen phone can do":
    until its `exp` it writes as its user, and names where the answer goes. It reads nothing."""
    token = user_token(victim.app_user, scene.now)
    at = scene.now + timedelta(minutes=5)
    body = {
        "text": scene.text(),
        "sender": {"claims": [{"kind": "email", "value": stranger.email}]},
        "reply_via": {"kind": "email", "value": stranger.email},
    }
    inbound = only(channels.api(APP, token, body, at))
    contact = scene.contact(
        victim.cluster, "token, replayed while good", "app", inbound, Handle("email", stranger.email, "claimed")
    )
    yield from scene.say(contact)


TOKENS: Final[Mapping[str, Attack]] = {
    "token, forged": _forged,
    "token with another's addresses": _claims_of_another,
    "token with another in the body": _said_in_the_body,
    "token with another's key": _same_key,
    "token, replayed while good": _replayed,
}
