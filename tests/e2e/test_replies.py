"""A customer writes a mail, an agent answers in the ticket system, the customer answers that: `regia run`, Exim, Dovecot, and
RabbitMQ or HTTP between the ticket system and the gateway."""

import json
import time
from base64 import b64encode
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pika
import pytest

from tests.e2e.fixtures import MakeGateway, graph, make_gateway, mode
from tests.e2e.gateway import Gateway, Mode
from tests.e2e.test_mailbox import CONFIG, QUEUE, RULES, mail
from tests.servers.dovecot import DovecotServer
from tests.servers.smtp import SmtpServer

__all__ = ["graph", "make_gateway", "mode"]

SCOPES = 'tokens: [{{name: consumer, token: "file:consumer-token", scopes: [messages, queues, events, replies, tickets]}}]'
SECONDS = 40.0


class Helpdesk:
    """A ticket system beside its gateway, the mailbox of the brand, and that of a customer."""

    def __init__(self, gateway: Gateway, dovecot: DovecotServer, address: str) -> None:
        self.gateway = gateway
        self.dovecot = dovecot
        self.address = address
        self.customer = dovecot.new_user("anna")

    def envelope(self) -> dict[str, Any]:
        """Data of the next contact, and its id."""
        deadline = time.monotonic() + SECONDS
        while (whole := self._take()) is None:
            assert time.monotonic() < deadline, self.gateway.tail()
            time.sleep(0.05)
        return {"id": whole["id"], **whole["data"]}

    def _take(self) -> dict[str, Any] | None:
        """The first envelope of the queue, if there is any; it is not given back."""
        if self.gateway.mode.amqp is None:
            path = f"/v1/queues/{QUEUE}/take?limit=1&lease=600"
            taken = self.gateway.request("POST", path, headers=self.gateway.consumer()).json()["messages"]
            return dict(taken[0]["envelope"]) if taken else None
        with pika.BlockingConnection(pika.URLParameters(self.gateway.mode.amqp)) as connection:
            _, _, body = connection.channel().basic_get(QUEUE, auto_ack=True)
            return None if body is None else dict(json.loads(body))

    def answer(self, **body: Any) -> None:
        """As the mode has it."""
        if self.gateway.mode.amqp is None:
            headers = {**self.gateway.consumer(), "Content-Type": "application/json"}
            answer = self.gateway.request("POST", "/v1/replies", json.dumps(body).encode(), headers)
            assert answer.status in (200, 202), answer.body
            return
        connection = pika.BlockingConnection(pika.URLParameters(self.gateway.mode.amqp))
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish(
            "", "regia.replies", json.dumps(body).encode(), pika.BasicProperties(delivery_mode=2), mandatory=True
        )
        connection.close()

    def mail(self, number: int) -> EmailMessage:
        """The last of so many mails that the customer has got."""
        stored = self.dovecot.wait_for_mails(self.customer, number, seconds=SECONDS)
        assert len(stored) == number
        found = message_from_bytes(stored[-1].raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    def heard(self) -> list[tuple[str, str | None]]:
        """What was told of replies: what, and of which key."""
        page = self.gateway.request("GET", "/v1/events?limit=1000", headers=self.gateway.consumer()).json()
        found = [one for one in page["events"] if one["type"].startswith("regia.reply.")]
        return [(one["type"].split(".")[2], one["data"]["key"]) for one in found]

    def hears(self, *expected: tuple[str, str | None]) -> None:
        deadline = time.monotonic() + SECONDS
        while (heard := self.heard()) != list(expected):
            assert time.monotonic() < deadline, (heard, self.gateway.tail())
            time.sleep(0.1)


@pytest.fixture
def helpdesk(
    make_gateway: MakeGateway, mode: Mode, dovecot: DovecotServer, smtp_server: SmtpServer, tmp_path: Path
) -> Helpdesk:
    address = dovecot.new_user("support")
    servers = {"imap_port": dovecot.port, "smtp_port": smtp_server.submission_port, "ca_file": dovecot.ca_file}
    lines = (SCOPES if line.startswith("tokens:") else line for line in CONFIG.splitlines())
    config = tmp_path / "regia.yaml"
    config.write_text("\n".join(lines).format(address=address, **servers).replace("[INBOX, Reclami]", "[INBOX]"))
    (tmp_path / "rules.yaml").write_text(RULES)
    gateway = make_gateway(mode, config=config, MAIL_PASSWORD=dovecot.password)
    gateway.start()
    return Helpdesk(gateway, dovecot, address)


def test_an_agent_answers_and_the_customer_answers_that(helpdesk: Helpdesk) -> None:
    helpdesk.dovecot.deliver(helpdesk.address, mail(1, helpdesk.customer, helpdesk.address))
    first = helpdesk.envelope()
    said = {"message": first["id"], "text": "Buongiorno, la sostituiamo.", "author": "giulia", "key": "T-1/1"}
    helpdesk.answer(**said)
    helpdesk.answer(**said)
    answer = helpdesk.mail(1)
    assert "la sostituiamo" in answer.get_content()
    assert answer["In-Reply-To"] == f"<{first['external_id']}>"
    helpdesk.hears(("queued", "T-1/1"), ("sent", "T-1/1"))

    thanks = mail(2, helpdesk.customer, helpdesk.address, **{"In-Reply-To": str(answer["Message-ID"])})
    helpdesk.dovecot.deliver(helpdesk.address, thanks)
    second = helpdesk.envelope()
    assert second["conversation"]["id"] == first["conversation"]["id"]
    assert second["customer"]["unanswered"] == 0
    assert [one["direction"] for one in second["history"]] == ["inbound", "outbound"]
    assert (second["history"][1]["answers"], second["history"][1]["snippet"]) == (first["id"], "Buongiorno, la sostituiamo.")
    assert len(helpdesk.dovecot.wait_for_mails(helpdesk.customer, 1, seconds=1)) == 1  # asked for twice, sent once


def test_what_cannot_be_answered_is_told(helpdesk: Helpdesk) -> None:
    helpdesk.dovecot.deliver(helpdesk.address, mail(1, helpdesk.customer, helpdesk.address))
    first = helpdesk.envelope()
    if helpdesk.gateway.mode.amqp is None:
        body = json.dumps({"message": "unknown", "text": "Ciao", "key": "T-2"}).encode()
        headers = {**helpdesk.gateway.consumer(), "Content-Type": "application/json"}
        assert helpdesk.gateway.request("POST", "/v1/replies", body, headers).status == 404
    else:
        helpdesk.answer(message="unknown", text="Ciao", key="T-2")
    helpdesk.answer(conversation=first["conversation"]["id"], text="Ciao", key="T-3")
    helpdesk.hears(("rejected", "T-2"), ("queued", "T-3"), ("sent", "T-3"))
    helpdesk.mail(1)


def test_files_go_out_and_one_comes_back(helpdesk: Helpdesk) -> None:
    """A file of the ticket system's own, and one that the customer has sent."""
    photo = b"\x89PNG\r\n\x1a\n" + b"pixels" * 20_000
    wrote = message_from_bytes(mail(1, helpdesk.customer, helpdesk.address), policy=policy.SMTP)
    assert isinstance(wrote, EmailMessage)
    wrote.add_attachment(photo, maintype="image", subtype="png", filename="crepa.png")
    helpdesk.dovecot.deliver(helpdesk.address, wrote.as_bytes())
    first = helpdesk.envelope()
    assert first["reply"]["allowed"] == ["text", "image", "video", "audio", "document"]
    label = b"%PDF-1.7 a label for the parcel"
    files = [
        {"filename": "etichetta.pdf", "content_type": "application/pdf", "content": b64encode(label).decode()},
        {"id": first["attachments"][0]["id"]},
    ]
    helpdesk.answer(message=first["id"], text="Ecco l'etichetta.", attachments=files, key="T-1/1")
    found = [(one.get_filename(), one.get_content_type(), one.get_content()) for one in helpdesk.mail(1).iter_attachments()]
    assert found == [("etichetta.pdf", "application/pdf", label), ("crepa.png", "image/png", photo)]
    helpdesk.hears(("queued", "T-1/1"), ("sent", "T-1/1"))
    helpdesk.answer(message=first["id"], attachments=files[:1], key="T-1/2")
    alone = helpdesk.mail(2)
    assert [one.get_content() for one in alone.iter_attachments()] == [label]
    helpdesk.hears(("queued", "T-1/1"), ("sent", "T-1/1"), ("queued", "T-1/2"), ("sent", "T-1/2"))
