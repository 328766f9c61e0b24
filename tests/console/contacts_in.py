"""Contacts into a console's gateway: mails, and what programs post."""

from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from connectors.errors import Rejected
from tests.console.scene import Scene
from tests.http.served import DESK, worked_off


def a_mail(
    *, sender: str = "Anna Bianchi <anna@example.it>", subject: str = "Reso", text: str = "Vorrei un rimborso", html: str = ""
) -> EmailMessage:
    """A mail, to be changed further. One of HTML only where there is no text."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "help@demo.example", subject
    mail["Message-ID"] = f"<{abs(hash((sender, subject, text, html)))}@example.it>"
    mail["Date"] = "Fri, 27 Nov 2026 09:12:00 +0100"
    if text:
        mail.set_content(text)
    if html and text:
        mail.add_alternative(html, subtype="html")
    elif html:
        mail.set_content(html, subtype="html")
    return mail


async def mail_in(scene: Scene, mail: EmailMessage | bytes) -> str:
    """Accept a mail; its id. It is on its way then: see `worked_off`."""
    gateway, now = scene.gateway, datetime.now(UTC)
    raw = mail if isinstance(mail, bytes) else mail.as_bytes()
    parsed = await gateway.reader.reread(gateway.configured.connectors["mail"], raw, "message/rfc822", now)
    accepted = await gateway.intake.accept("mail", parsed, now)
    return str(accepted.everything[0].id)


async def contact_in(scene: Scene, connector: str = "desk", **body: Any) -> str:
    """What a program posts; its id."""
    answer = await scene.client.post(f"/v1/messages/{connector}", json=body, headers=DESK)
    if answer.status != 202:
        raise Rejected("malformed", await answer.text())
    return str((await answer.json())["id"])


async def settled(scene: Scene) -> None:
    """Everything that was accepted is in its queues."""
    await worked_off(scene.gateway)
