"""A mailbox on a real Dovecot, answers through a real Exim, and `regia run` as users start it."""

import json
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTP
from typing import Any

import pytest

from tests.e2e.fixtures import MakeGateway, graph, make_gateway
from tests.e2e.gateway import Gateway
from tests.servers.dovecot import DovecotServer
from tests.servers.smtp import SmtpServer

__all__ = ["graph", "make_gateway"]

CONFIG = """
data: {{make_secrets: true}}
links_key: file:links-key
languages: [it, en]
rules: [rules.yaml]
tokens: [{{name: consumer, token: "file:consumer-token", scopes: [messages, queues]}}]
connectors:
  mail:
    type: email
    brand: demo
    address: {address}
    thread_key: file:thread-key
    imap:
      host: localhost
      port: {imap_port}
      tls: starttls
      ca_file: {ca_file}
      user: {address}
      password: ${{MAIL_PASSWORD}}
      folders: [INBOX, Reclami]
      afterwards: flag
    smtp:
      host: localhost
      port: {smtp_port}
      tls: starttls
      ca_file: {ca_file}
      user: {address}
      password: ${{MAIL_PASSWORD}}
      sender_name: Assistenza Casalinghi
"""
RULES = "categories: {general: {label: All}}\ndefault: general\n"
QUEUE = "demo.general"
SECONDS = 30.0


class Desk:
    """A gateway with a mailbox, the servers it uses, and a customer who has a mailbox on the same one."""

    def __init__(self, gateway: Gateway, dovecot: DovecotServer, smtp: SmtpServer, address: str) -> None:
        self.gateway = gateway
        self.dovecot = dovecot
        self.smtp = smtp
        self.address = address
        self.customer = dovecot.new_user("anna")

    def deliver(self, number: int, folder: str = "INBOX", **headers: str) -> None:
        """A customer's mail straight into the folder."""
        self.dovecot.deliver(self.address, mail(number, self.customer, self.address, **headers), folder)

    def send(self, message: bytes, to: str) -> None:
        """What a customer's own mail program does."""
        with SMTP("127.0.0.1", self.smtp.port, timeout=20) as client:
            client.sendmail(self.customer, [to], message)

    def envelopes(self, number: int) -> list[dict[str, Any]]:
        """The next envelopes of the queue, in their order, once there are so many."""
        found: list[dict[str, Any]] = []

        def taken() -> bool:
            answer = self.gateway.request("POST", f"/v1/queues/{QUEUE}/take", b'{"limit": 50}', self._headers)
            for one in answer.json()["messages"]:
                found.append(one["envelope"])
                self.gateway.request("POST", f"/v1/queues/receipts/{one['receipt']}/ack", headers=self._headers)
            return len(found) >= number

        self.until(taken)
        return found

    @property
    def _headers(self) -> dict[str, str]:
        return {**self.gateway.consumer(), "Content-Type": "application/json"}

    def until(self, there: Callable[[], bool], seconds: float = SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not there():
            assert time.monotonic() < deadline, f"it did not come within {seconds} s\n{self.gateway.tail()}"
            time.sleep(0.05)

    @property
    def sources(self) -> dict[str, str]:
        return dict(json.loads(self.gateway.request("GET", "/health/ready").body)["sources"])

    def is_read(self) -> None:
        """Wait until every folder is."""
        self.until(lambda: set(self.sources.values()) == {"ok"}, 60)


def mail(number: int, sender: str, to: str, text: str = "La padella numero {} è arrivata rotta.", **headers: str) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = f"Anna Bianchi <{sender}>"
    message["To"] = to
    message["Subject"] = f"Ordine {number}"
    message["Message-ID"] = f"<{number}.{sender}>"
    message["Date"] = "Sat, 21 Nov 2026 18:00:00 +0100"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text.format(number))
    return message.as_bytes()


@pytest.fixture
def desk(make_gateway: MakeGateway, dovecot: DovecotServer, smtp_server: SmtpServer, tmp_path: Path) -> Iterator[Desk]:
    address = dovecot.new_user("support")
    config = tmp_path / "regia.yaml"
    filled = CONFIG.format(
        address=address, imap_port=dovecot.port, smtp_port=smtp_server.submission_port, ca_file=dovecot.ca_file
    )
    config.write_text(filled)
    (tmp_path / "rules.yaml").write_text(RULES)
    gateway = make_gateway(config=config, MAIL_PASSWORD=dovecot.password)
    desk = Desk(gateway, dovecot, smtp_server, address)
    desk.deliver(0, "Reclami")
    gateway.start()
    desk.is_read()
    assert len(desk.envelopes(1)) == 1
    yield desk
    assert gateway.settle()["balance"] is True
    gateway.stop()


def test_the_whole_round(desk: Desk) -> None:
    desk.deliver(1)
    (first,) = desk.envelopes(1)
    assert (first["data"]["text"], first["data"]["sender"]["name"]) == ("La padella numero 1 è arrivata rotta.", "Anna Bianchi")
    done = desk.gateway.cli("reply", first["id"], "--text", "Ci dispiace. Le mandiamo una padella nuova.")
    outgoing, state = done.stdout.split()
    assert state == "sent"

    (stored,) = desk.dovecot.wait_for_mails(desk.customer, 1)
    answer = message_from_bytes(stored.raw, policy=policy.default)
    assert (answer["In-Reply-To"], answer["References"]) == (f"<1.{desk.customer}>", f"<1.{desk.customer}>")
    assert (answer["Subject"], answer["From"]) == ("Re: Ordine 1", f"Assistenza Casalinghi <{desk.address}>")

    # The customer's program answers to Reply-To and drops the references: the mark finds the conversation.
    back = mail(2, desk.customer, answer["Reply-To"].strip("<>"))
    desk.send(back, answer["Reply-To"].strip("<>"))
    (second,) = desk.envelopes(1)
    conversation = first["data"]["conversation"]["id"]
    assert (second["data"]["conversation"]["id"], second["data"]["conversation"]["messages"]) == (conversation, 3)

    # A stranger who has the address of the answer joins nothing.
    desk.send(mail(3, "eva@stranger.test", answer["Reply-To"].strip("<>"), References=answer["Message-ID"]), desk.address)
    (third,) = desk.envelopes(1)
    assert third["data"]["conversation"]["id"] != conversation
    assert {"\\Seen"} <= set.intersection(*(set(one.flags) for one in desk.dovecot.mails(desk.address)))
    assert "sent" in desk.gateway.cli("outgoing", "show", outgoing).stdout


def test_a_bounce_is_told_of_the_mail_it_is_about(desk: Desk) -> None:
    nobody = "nobody@unknown.test"
    desk.dovecot.deliver(desk.address, mail(1, nobody, desk.address))
    (first,) = desk.envelopes(1)
    outgoing, _ = desk.gateway.cli("reply", first["id"], "--text", "Buongiorno").stdout.split()

    def told() -> bool:
        shown = desk.gateway.cli("outgoing", "show", outgoing).stdout
        return any(line.startswith("status") and " failed " in line for line in shown.splitlines())

    desk.until(told)
    assert desk.gateway.settle()["published"] == 2, "the bounce is no contact"


def test_a_server_that_goes_away_costs_nothing(desk: Desk) -> None:
    server = desk.dovecot

    def killed() -> None:
        server.kill()
        server.start_again()

    def frozen() -> None:
        server.freeze()
        time.sleep(1)
        server.thaw()

    for number, goes_away in enumerate((killed, server.disconnect_all, frozen), start=1):
        goes_away()
        desk.deliver(number)
        started = time.monotonic()
        (envelope,) = desk.envelopes(1)
        assert envelope["data"]["subject"] == f"Ordine {number}"
        assert time.monotonic() - started < 60
        desk.is_read()


def test_new_numbers_and_copies_bring_nothing_twice(desk: Desk) -> None:
    for number in (1, 2, 3):
        desk.deliver(number)
    desk.deliver(3, "Reclami")
    assert sorted(one["data"]["subject"] for one in desk.envelopes(3)) == ["Ordine 1", "Ordine 2", "Ordine 3"]
    desk.dovecot.change_uidvalidity(desk.address, "INBOX")
    desk.deliver(4)
    assert [one["data"]["subject"] for one in desk.envelopes(1)] == ["Ordine 4"]
    books = desk.gateway.settle()
    assert books["published"] == 5
    # One copy and three mails under new numbers; more where a connection broke before a mail was marked.
    assert books["duplicate"] >= 4
