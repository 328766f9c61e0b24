"""Contacts that are full of injections: visits, calls, mails, what could not be read, figures."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

import orjson
from sqlalchemy import Connection, select, update

from storage.schema import messages
from tests.console.at_work import hold, reject
from tests.console.contacts_in import contact_in, mail_in
from tests.console.scene import Scene, Somebody
from tests.web.injected_figures import counted
from tests.web.injection_words import groups, line
from tests.web.injections import INJECTIONS, Injection

_MAILS: Final = 8
"""Mails of one customer."""


@dataclass(frozen=True, slots=True)
class Hostile:
    """What was sent. `contacts` and `calls`: the id of a message to the injections in it; `mails` to the one in its HTML."""

    scene: Scene
    who: Somebody
    contacts: dict[str, Sequence[Injection]] = field(default_factory=dict)
    calls: dict[str, Sequence[Injection]] = field(default_factory=dict)
    mails: dict[str, Injection] = field(default_factory=dict)

    async def customers(self) -> list[str]:
        def work(connection: Connection) -> list[str]:
            return list(connection.execute(select(messages.c.customer_id).distinct()).scalars())

        return await self.scene.gateway.stores.database.read(work)


async def sent(scene: Scene, who: Somebody) -> Hostile:
    """Every injection in every place of a contact, and each in the HTML of a mail of its own."""
    hostile = Hostile(scene, who)
    for some in groups(INJECTIONS):
        hostile.contacts[await contact(scene, some)] = some
        hostile.calls[await _call(scene, some)] = some
    found = await asyncio.gather(*(mail_in(scene, _mail(one)) for one in INJECTIONS))
    hostile.mails.update(zip(found, INJECTIONS, strict=True))
    await counted(scene)
    await reject(scene)
    await hold(scene, *(one.payload.encode() for one in INJECTIONS))
    return hostile


async def contact(scene: Scene, some: Sequence[Injection]) -> str:
    """A visit: name, address, subject, words, fields, files, page and place."""
    joined = " ".join(map(line, some))
    address = "https://shop.example/" + "".join(joined.split())
    return await contact_in(
        scene,
        sender={
            "handle": {"kind": "nick", "value": joined},
            "name": joined,
            "claims": [{"kind": "nick", "value": f"2 {joined}"}],
        },
        kind="visit",
        subject=joined,
        text="\n".join(one.payload.replace("\x01", "") for one in some),
        visit={"shop": joined, "colleague": joined, "reason": joined, "products": list(map(line, some)), "outcome": joined},
        attachments=[{"filename": f"{line(one)} .txt", "content": "eA==", "content_type": "text/plain"} for one in some[:5]],
        page={"url": address, "title": joined, "referrer": address},
        location={"latitude": 45.1, "longitude": 9.1, "name": joined, "address": joined},
    )


async def _call(scene: Scene, some: Sequence[Injection]) -> str:
    """A telephone that rings."""
    joined = " ".join(map(line, some))
    sender = {"handle": {"kind": "nick", "value": f"3 {joined}"}, "name": joined}
    return await contact_in(scene, sender=sender, kind="call", text=joined, call={"state": "ringing"})


def _mail(one: Injection) -> EmailMessage:
    shown = line(one)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"{_quoted(shown)} <anna{INJECTIONS.index(one) // _MAILS}@example.it>"
    mail["To"], mail["Subject"] = "help@demo.example", shown
    mail["Message-ID"] = f"<{INJECTIONS.index(one)}@example.it>"
    mail.set_content(f"<p>Buongiorno</p>{one.payload}", subtype="html")
    mail.add_attachment(b"x", maintype="application", subtype="pdf", filename=shown)
    return mail


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace("\\", "\\\\").replace('"', '\\"'))


async def unsanitise(hostile: Hostile) -> None:
    """Put the HTML of the mails into their envelopes as it was sent: as if the sanitiser at the way in had let it pass."""

    def work(connection: Connection) -> None:
        for id_, one in hostile.mails.items():
            row = connection.execute(select(messages.c.envelope).where(messages.c.id == id_)).one()
            envelope = orjson.loads(row.envelope)
            envelope["data"]["html"] = f"<p>Buongiorno</p>{one.payload}"
            connection.execute(update(messages).where(messages.c.id == id_).values(envelope=orjson.dumps(envelope)))

    await hostile.scene.gateway.stores.database.write(work)
