"""Owners hear of contacts: `regia run`, a form, a real Exim and Dovecot; on embedded and on shared stores."""

import json
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.fixtures import MakeGateway, graph, make_gateway, mode
from tests.e2e.gateway import Gateway, Mode
from tests.servers.dovecot import DovecotServer
from tests.servers.smtp import SmtpServer

__all__ = ["graph", "make_gateway", "mode"]

CONFIG: Final = """
data: {{make_secrets: true}}
links_key: file:links-key
languages: [it, en]
rules: [rules.yaml]
tokens: [{{name: consumer, token: "file:consumer-token", scopes: [messages, queues]}}]
notices:
  timezone: Europe/Rome
  link: https://desk.example/c/{{conversation}}
  owners: {{by: mail, when: at_once}}
connectors:
  form:
    type: web_form
    brand: demo
    fields: {{name: {{type: text}}, email: {{type: email}}, message: {{type: text}}}}
  mail:
    type: email
    brand: demo
    address: {address}
    thread_key: file:thread-key
    smtp:
      host: localhost
      port: {port}
      tls: starttls
      ca_file: {ca_file}
      user: {address}
      password: ${{MAIL_PASSWORD}}
"""
RULES: Final = """
categories: {{returns: {{label: Resi, owners: ["{owner}"]}}, general: {{}}}}
default: general
rules:
  - {{name: returns, when: {{text: {{words: reso}}}}, then: {{category: returns}}}}
"""
ENDED: Final = ("sent", "unknown")


class Shop:
    """A running gateway, and whoever is told."""

    def __init__(self, gateway: Gateway, dovecot: DovecotServer, owner: str) -> None:
        self.gateway, self.dovecot, self.owner = gateway, dovecot, owner

    def write(self, text: str, number: int = 0) -> None:
        body = json.dumps({"name": "Anna", "email": f"anna{number}@example.it", "message": text}).encode()
        answer = self.gateway.request("POST", "/forms/form", body, {"Content-Type": "application/json"})
        assert answer.status == 202, answer.body

    def outgoing(self) -> list[str]:
        """What left or is to leave, newest first."""
        return self.gateway.cli("outgoing", "list").stdout.splitlines()

    def inbox(self, user: str, count: int, seconds: float = 30) -> EmailMessage:
        stored = self.dovecot.wait_for_mails(user, count, seconds=seconds)
        found = message_from_bytes(stored[-1].raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


@pytest.fixture
def shop(
    make_gateway: MakeGateway, mode: Mode, dovecot: DovecotServer, smtp_server: SmtpServer, tmp_path: Path
) -> Iterator[Shop]:
    address, owner = (dovecot.new_user(name) for name in ("support", "owner"))
    places = {"address": address, "port": smtp_server.submission_port, "ca_file": dovecot.ca_file}
    (tmp_path / "regia.yaml").write_text(CONFIG.format(**places))
    (tmp_path / "rules.yaml").write_text(RULES.format(owner=owner))
    gateway = make_gateway(mode, config=tmp_path / "regia.yaml", MAIL_PASSWORD=dovecot.password)
    gateway.start()
    yield Shop(gateway, dovecot, owner)
    assert gateway.defects() == []


def part_of(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_owners_get_mails_and_each_contact_once(shop: Shop) -> None:
    shop.write("Vorrei un reso")
    mail = shop.inbox(shop.owner, 1)
    assert mail["Subject"].startswith("Nuovo contatto: Resi, web_form (R-")
    assert (mail["To"], mail["Auto-Submitted"], mail["In-Reply-To"]) == (shop.owner, "auto-generated", None)
    for kind in ("plain", "html"):
        assert "https://desk.example/c/con_" in part_of(mail, kind)
        assert "Vorrei" not in part_of(mail, kind)
    figures = shop.gateway.request("GET", "/metrics").body.decode()
    assert 'regia_notices_total{list="owners",outcome="single"} 1.0' in figures

    # Killed when the contact is accepted, and started again.
    shop.write("Vorrei un reso", 1)
    shop.gateway.kill()
    shop.gateway.start()
    deadline = time.monotonic() + 60
    while not any(line.split()[2] in ENDED for line in shop.outgoing()[:-1]):
        assert time.monotonic() < deadline, shop.gateway.tail()
        time.sleep(0.5)
    states = [line.split()[2] for line in shop.outgoing()]
    assert len(states) == 2
    assert states.count("sent") <= len(shop.dovecot.mails(shop.owner)) <= 2
