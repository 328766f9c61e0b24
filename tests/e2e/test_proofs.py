"""A customer proves an address: `regia run`, a real Exim and Dovecot, and what is left of a secret when it was used."""

import json
import re
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import jwt
import psycopg
import pytest

from tests.e2e.fixtures import MakeGateway, graph, make_gateway, mode
from tests.e2e.gateway import Answer, Gateway, Mode
from tests.servers.dovecot import DovecotServer
from tests.servers.smtp import SmtpServer

__all__ = ["graph", "make_gateway", "mode"]

CONFIG = """
data: {{make_secrets: true}}
server: {{public_url: https://regia.example}}
links_key: file:links-key
languages: [it, en]
rules: [rules.yaml]
tokens:
  - {{name: consumer, token: "file:consumer-token", scopes: [messages, queues]}}
  - {{name: site, token: "file:site-token", scopes: [customers]}}
identity:
  codes: {{email: mail, name: Casalinghi}}
connectors:
  app:
    type: api
    brand: demo
    users: {{algorithms: [HS256], secrets: "file:app-key", audience: regia, direct: true}}
  mail:
    type: email
    brand: demo
    address: {address}
    thread_key: file:thread-key
    smtp:
      host: localhost
      port: {smtp_port}
      tls: starttls
      ca_file: {ca_file}
      user: {address}
      password: ${{MAIL_PASSWORD}}
"""
RULES = "categories: {general: {label: All}}\ndefault: general\n"


class Shop:
    """A gateway, and the shop's own server that knows who is logged in."""

    def __init__(self, gateway: Gateway, dovecot: DovecotServer) -> None:
        self.gateway = gateway
        self.dovecot = dovecot

    def write(self, user: str) -> str:
        """A logged-in user of the app writes; the customer's id."""
        claims = {"sub": user, "aud": "regia", "exp": int(time.time()) + 600}
        token = jwt.encode(claims, self.gateway.secret("app-key"), "HS256")
        sent = self._post("/v1/messages/app", {"text": "Ciao"}, f"Bearer {token}")
        path = sent.headers["location"]
        deadline = time.monotonic() + 30
        while (found := self.gateway.get(path)).status != 200:
            assert time.monotonic() < deadline, self.gateway.tail()
            time.sleep(0.05)
        customer: str = found.json()["envelope"]["data"]["customer"]["id"]
        return customer

    def ask(self, customer: str, address: str, method: str = "code") -> str:
        body = {"handle": {"kind": "email", "value": address}, "method": method}
        asked = self.site(f"/v1/customers/{customer}/proofs", body)
        assert asked.status == 202, asked.body
        id_: str = asked.json()["id"]
        return id_

    def site(self, path: str, body: dict[str, Any]) -> Answer:
        return self._post(path, body, f"Bearer {self.gateway.secret('site-token')}")

    def inbox(self, user: str, count: int) -> EmailMessage:
        """The last of so many mails that a customer has got."""
        stored = self.dovecot.wait_for_mails(user, count, seconds=30)
        found = message_from_bytes(stored[-1].raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    def _post(self, path: str, body: dict[str, Any], authorization: str) -> Answer:
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        return self.gateway.request("POST", path, json.dumps(body).encode(), headers)


@pytest.fixture
def shop(
    make_gateway: MakeGateway, mode: Mode, dovecot: DovecotServer, smtp_server: SmtpServer, tmp_path: Path
) -> Iterator[Shop]:
    config = tmp_path / "regia.yaml"
    config.write_text(
        CONFIG.format(address=dovecot.new_user("support"), smtp_port=smtp_server.submission_port, ca_file=dovecot.ca_file)
    )
    (tmp_path / "rules.yaml").write_text(RULES)
    gateway = make_gateway(mode, config=config, MAIL_PASSWORD=dovecot.password)
    gateway.start()
    yield Shop(gateway, dovecot)
    assert gateway.defects() == []


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_codes_and_links_from_the_app_to_the_mailbox_and_back(shop: Shop, mode: Mode) -> None:
    anna, eva = shop.dovecot.new_user("anna"), shop.dovecot.new_user("eva")
    customer = shop.write("u-1")

    # A code, typed into the app.
    asked = shop.ask(customer, anna)
    mail = shop.inbox(anna, 1)
    assert (mail["To"], mail["Auto-Submitted"], mail["In-Reply-To"]) == (anna, "auto-generated", None)
    assert mail["Subject"] == "Casalinghi: conferma il tuo indirizzo"
    [code] = re.findall(r"^([0-9]{6}) è il tuo codice per Casalinghi\. Vale 10 minuti\.", text_of(mail))
    assert code not in str(mail["Subject"])
    wrong = shop.site(f"/v1/proofs/{asked}", {"code": f"{(int(code) + 1) % 10**6:06d}"})
    assert (wrong.status, wrong.json()["error"]) == (403, "wrong_code")
    done = shop.site(f"/v1/proofs/{asked}", {"code": code})
    assert (done.status, done.json()["customer"], done.json()["outcome"]) == (200, customer, "linked")

    # A link, opened by what guards the mailbox and then by its owner.
    shop.ask(customer, eva, "link")
    [path] = re.findall(r"https://regia\.example(/proof/\S+)", text_of(shop.inbox(eva, 1)))
    opened = shop.gateway.request("GET", path)
    assert (opened.status, eva.encode() in opened.body) == (200, False)
    other = shop.write("u-2")
    seen = shop.ask(other, anna)
    [again] = re.findall(r"^[0-9]{6}", text_of(shop.inbox(anna, 2)))
    merged = shop.site(f"/v1/proofs/{seen}", {"code": again}).json()
    assert (merged["customer"], merged["outcome"]) == (customer, "merged"), "both have proven the same address"
    confirmed = shop.gateway.request("POST", path)
    assert (confirmed.status, b"confermato" in confirmed.body) == (200, True)
    assert shop.write("u-2") == customer

    # Nothing went anywhere else, and nothing of a secret is left.
    assert [len(shop.dovecot.mails(user)) for user in (anna, eva)] == [2, 1]
    listed = shop.gateway.cli("outgoing", "list").stdout.splitlines()
    assert [line.split()[2] for line in listed] == ["sent"] * 3
    shown = "".join(shop.gateway.cli("outgoing", "show", line.split()[0]).stdout for line in listed)
    figures = shop.gateway.request("GET", "/metrics").body.decode()
    assert shop.gateway.settle()["balance"] is True
    shop.gateway.stop()
    token = path.rpartition("/")[2]
    said = [shown, figures, shop.gateway.log.read_text()]
    said += _rows(mode) if mode.environ else []
    for secret in (f"{code} è", f"{again} è", "tuo codice per", token, token.rpartition(".")[2]):
        assert not any(secret in one for one in said)
        kept = [file for file in shop.gateway.data.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]
        assert kept == []
    assert not any(word in one for one in said[1:3] for word in (anna, eva, customer))


def _rows(mode: Mode) -> list[str]:
    """Every row of every table of PostgreSQL, as text."""
    with psycopg.connect(mode.environ["REGIA__DATABASE__URL"]) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        tables = [connection.execute(f'SELECT t::text FROM "{name}" t').fetchall() for (name,) in names]  # type: ignore[arg-type]  # noqa: S608  # names of our own schema
    return [row[0] for rows in tables for row in rows]
