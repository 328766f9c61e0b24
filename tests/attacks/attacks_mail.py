"""Mails of strangers: anybody can write any header but those that our own server writes on top."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from connectors.email import plus
from normalizer.inbound import Handle, InboundMessage
from tests.attacks import channels, voice
from tests.attacks.channels import BORDER, SHOP, only
from tests.attacks.honest import office
from tests.attacks.persons import Person, in_ascii
from tests.attacks.scene import Scene
from tests.attacks.world import Steps

Attack: TypeAlias = Callable[[Scene, Person, Person], Steps]
"""What a stranger does to a victim."""
Headers: TypeAlias = list[tuple[str, str]]

RESULTS: Final = "Authentication-Results"


def results(scene: Scene, victim: Person, stranger: Person) -> Headers:
    """What stands above a mail that is not the victim's: nothing, or a verdict of ours that proves nothing about them, and
    whatever the stranger has written below it."""
    domain, own = (in_ascii(one.email).rpartition("@")[2] for one in (victim, stranger))
    passed = f"dmarc=pass header.from={domain}"
    ours: Headers = scene.rng.choice(
        (
            [],
            [(RESULTS, f"{BORDER}; none")],
            [(RESULTS, f"{BORDER}; dmarc=fail header.from={domain}")],
            [(RESULTS, f"{BORDER}; dmarc=fail ({passed}) header.from={domain}")],
            [(RESULTS, f'{BORDER}; spf=pass smtp.mailfrom="x; {passed}"; dmarc=none header.from={domain}')],
            [(RESULTS, f"{BORDER}; spf=pass smtp.mailfrom={own}; dkim=pass header.d={own}; dmarc=fail header.from={domain}")],
            [(RESULTS, f"{BORDER}; dmarc=temperror header.from={domain}")],
            [(RESULTS, f"{BORDER}; dmarc=pass header.from={own}.evil.test")],
        )
    )
    forged: Headers = scene.rng.choice(
        (
            [],
            [(RESULTS, f"mx.evil.test; {passed}")],
            [(RESULTS, f"{BORDER}.evil.test; {passed}")],
            [(RESULTS, f"evil; {passed}"), (f"X-{RESULTS}", f"{BORDER}; {passed}")],
            [("ARC-Authentication-Results", f"i=1; {BORDER}; {passed}")],
            [(RESULTS, f"{BORDER}; {passed}")] if ours else [],
        )
    )
    return [*ours, *forged]


def _spoofed(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """The victim in From, an answer elsewhere, the victim's threads: nothing of it is proven."""
    yield from _sent(scene, stranger, victim, "mail with the victim in From", victim.email)


def _sent(
    scene: Scene,
    stranger: Person,
    victim: Person,
    kind: str,
    sender: str,
    *,
    text: str | None = None,
    more: Headers | None = None,
) -> Steps:
    """One mail by the stranger that names somebody else in From."""
    name = scene.rng.choice((victim.name, victim.given, None, f'"{victim.email}"'))
    written = f"{name} <{sender}>" if name else sender
    headers = [
        *results(scene, victim, stranger),
        *voice.envelope_headers(scene, written),
        *threads(scene, victim),
        *(more or []),
    ]
    reply_to = scene.rng.choice((None, stranger.email))
    if reply_to:
        headers.append(("Reply-To", reply_to))
    inbound = only(channels.mail(headers, text or scene.text(), scene.now))
    answers = Handle("email", reply_to, "claimed") if reply_to else inbound.sender.handle
    yield from scene.say(scene.contact(stranger.cluster, kind, "mail", inbound, answers))


def threads(scene: Scene, victim: Person) -> Headers:
    """References to what the victim wrote, where the stranger knows of it."""
    known = [heard.contact.inbound.external_id for heard in scene.of(victim)]
    if not known or scene.rng.random() < _UNKNOWN:
        return []
    one = scene.rng.choice(known)
    return [("In-Reply-To", f"<{one}>"), ("References", " ".join(f"<{id_}>" for id_ in known[-5:]))]


_UNKNOWN: Final = 0.3
_FORWARDED: Final = "---------- Forwarded message ---------"


def _marked(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """Our own mark of the victim's conversation, from a mail that was forwarded to the stranger."""
    heard = scene.of(victim)
    if not heard:
        return
    conversation = scene.rng.choice(heard).envelope.data["conversation"]["id"]
    key = channels.THREAD_KEY.encode()
    mark = plus.mark(conversation, key)
    ours = plus.marked_id(mark, "0" * 32, "demo.test", key)
    more = scene.rng.choice(([("Cc", plus.marked_address(SHOP, mark))], [("In-Reply-To", f"<{ours}>")]))
    if scene.rng.random() < _OWN_NAME:
        contact = voice.mail(
            scene, stranger, scene.text(), kind="mail with a stolen mark", **{more[0][0].replace("-", "_"): more[0][1]}
        )
        assert contact.inbound.thread.conversation == conversation
        yield from scene.say(contact)
    else:
        yield from _sent(scene, stranger, victim, "mail with a stolen mark", victim.email, more=more)


_OWN_NAME: Final = 0.5


def _office(scene: Scene, stranger: Person, victim: Person) -> Steps:
    yield from _sent(scene, stranger, victim, "mail of a shared mailbox", office(scene))


def _site(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """As a form of our own site: from our address, with the victim in Reply-To."""
    headers = [*voice.envelope_headers(scene, SHOP), ("Reply-To", f"{victim.name} <{victim.email}>")]
    inbound = only(channels.mail(headers, scene.text(), scene.now))
    answers = Handle("email", victim.email, "claimed")
    yield from scene.say(scene.contact(stranger.cluster, "mail as a form of our site", "mail", inbound, answers))


def _lookalike(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """An address that looks like the victim's and is the stranger's own mailbox, with a domain that has passed."""
    local, _, domain = victim.email.rpartition("@")
    lookalikes = (
        f"{local.replace('e', 'е')}@{domain}",  # noqa: RUF001  # Cyrillic
        f"{local.replace('k', chr(0x212A)).replace('m', chr(0xFF4D))}@{domain}",
        f"{local}+{scene.id()}@{domain}",
        f".{local}@{domain}",
        f"{local.replace('.', '')}@{domain}",
        f'"{local}"@{domain}',
        f"{local}@{domain.replace('o', 'о')}",  # noqa: RUF001  # Cyrillic
        f"{local}@{domain}.evil.test",
        f"{local}%{domain}@evil.test",
        f"{local}@{domain.replace('ß', 'ss').replace('ü', 'u')}.it",
    )
    address = scene.rng.choice([one for one in lookalikes if one != victim.email])
    headers = [(RESULTS, f"{BORDER}; dmarc=pass header.from={_domain(address)}")]
    headers += [*voice.envelope_headers(scene, address), *threads(scene, victim)]
    inbound = only(channels.mail(headers, scene.text(), scene.now))
    yield from scene.say(scene.contact(_mailbox(scene, stranger, inbound), "mail of a lookalike", "mail", inbound))


def _mailbox(scene: Scene, stranger: Person, inbound: InboundMessage) -> str:
    """Whose a mailbox is that nobody has been seen with: of whoever of the strangers it is, and no honest person's."""
    handle, truth = inbound.sender.handle, scene.world.truth
    if handle.proof == "claimed" or truth.owner(handle) == stranger.cluster:
        return stranger.cluster
    cluster = f"mailbox:{handle.value}"
    if truth.owner(handle) is None:
        truth.belongs(handle, cluster)
    return cluster


def _domain(address: str) -> str:
    try:
        return in_ascii(address).rpartition("@")[2]
    except UnicodeError:
        return address.rpartition("@")[2]


def _odd(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """The victim's address in a form that one reader may take for it and another not."""
    local, _, domain = victim.email.rpartition("@")
    the_victims = (
        victim.email.upper(),
        f"{victim.email}.",
        f"{local}\x00@{domain}",
        f"{local}@{domain}\u200b",
        f"{local}@{in_ascii(victim.email).rpartition('@')[2].upper()}",
        f"{local}@{domain} ({stranger.email})",
        f"Friends: {victim.email};",
        f"{local}\u202e@{domain}",
    )
    the_strangers = (
        f"{local}{'a' * scene.rng.choice((60, 300, 4000))}@{domain}",
        f"{local}@{'a' * 250}.{domain}",
        f"{stranger.email}, {victim.email}",
        f"{victim.email} <{stranger.email}>",
        f"=?utf-8?q?{victim.email.replace('@', '=40')}?= <{stranger.email}>",
        f"<{victim.email}> <{stranger.email}>",
        f"{victim.email}\r\n <{stranger.email}>",
    )
    # Of what is the victim's whoever reads it, a server that both use lets the stranger send nothing.
    address = scene.rng.choice((*the_victims, *the_strangers))
    same = address in the_victims and stranger.provider == victim.provider
    headers = results(scene, victim, stranger) if same else [voice.passed(stranger.email)]
    headers += [*voice.envelope_headers(scene, address), *threads(scene, victim)]
    inbound = only(channels.mail(headers, scene.text(), scene.now))
    yield from scene.say(scene.contact(_mailbox(scene, stranger, inbound), "mail of an odd address", "mail", inbound))


def _own(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """An own, checked mail that names the victim wherever a mail can."""
    words = scene.of(victim)
    text = scene.rng.choice(words).contact.inbound.text if words else None
    contact = voice.mail(
        scene,
        stranger,
        f"{text or scene.text()}\r\n\r\n{_FORWARDED}\r\nFrom: {victim.name} <{victim.email}>\r\n\r\nciao",
        kind="own mail that names the victim",
        Reply_To=victim.email,
        Sender=victim.email,
        **{name.replace("-", "_"): value for name, value in threads(scene, victim)},
    )
    yield from scene.say(contact)


def _two(scene: Scene, stranger: Person, victim: Person) -> Steps:
    """Two From headers, one of which our server has checked."""
    first, second = scene.rng.choice(((victim, stranger), (stranger, victim)))
    headers = [
        voice.passed(scene.rng.choice((stranger, victim) if stranger.provider == victim.provider else (stranger,)).email)
    ]
    headers += [("From", first.email), *voice.envelope_headers(scene, second.email), *threads(scene, victim)]
    inbound = only(channels.mail(headers, scene.text(), scene.now))
    yield from scene.say(scene.contact(stranger.cluster, "mail of two senders", "mail", inbound))


MAIL: Final[Mapping[str, Attack]] = {
    "mail with the victim in From": _spoofed,
    "mail with a stolen mark": _marked,
    "mail of a shared mailbox": _office,
    "mail as a form of our site": _site,
    "mail of a lookalike": _lookalike,
    "mail of an odd address": _odd,
    "own mail that names the victim": _own,
    "mail of two senders": _two,
}
