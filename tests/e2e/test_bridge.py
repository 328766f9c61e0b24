"""A customer writes a mail, which becomes an issue of a real Roundup; an agent answers in it, and the customer gets a mail."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from tests.e2e.fixtures import MakeGateway, graph, make_gateway, mode
from tests.e2e.gateway import REGIA, Gateway, Mode
from tests.e2e.test_mailbox import CONFIG, QUEUE, RULES, mail
from tests.servers.dovecot import DovecotServer
from tests.servers.process import ServerProcess
from tests.servers.roundup import PASSWORD, RoundupServer
from tests.servers.smtp import SmtpServer

__all__ = ["graph", "make_gateway", "mode"]

SECONDS = 60.0
TAKEOVER = 150.0
"""The lease of what was killed lasts for 25 seconds, and RabbitMQ has its messages until it knows."""
SCOPES = 'tokens: [{{name: consumer, token: "file:consumer-token", scopes: [messages, queues, events]}}]'
BRIDGE = f"""
bridges:
  helpdesk:
    type: roundup
    queues: [{QUEUE}]
    url: ${{TRACKER}}
    user: regia
    password: ${{TRACKER_PASSWORD}}
    answers: all
    mark: "@internal"
    every_seconds: 1
"""


class Support:
    """A mailbox of the brand, its tracker, and a customer with a mailbox."""

    def __init__(self, gateway: Gateway, dovecot: DovecotServer, tracker: RoundupServer, address: str) -> None:
        self.gateway = gateway
        self.dovecot = dovecot
        self.tracker = tracker
        self.address = address
        self.customer = dovecot.new_user("anna")

    def write(self, number: int, **headers: str) -> None:
        self.dovecot.deliver(self.address, mail(number, self.customer, self.address, **headers))

    def until(self, is_so: Callable[[], Any], seconds: float = SECONDS) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := is_so()):
            assert time.monotonic() < deadline, (self.tracker.issues(), self.gateway.tail())
            time.sleep(0.2)
        return found

    def texts(self, count: int, issue: int = 0) -> list[str]:
        """The texts of an issue that has so many messages."""

        def are_there() -> list[str] | None:
            issues = self.tracker.issues()
            texts = issues[issue]["texts"] if len(issues) > issue else []
            return texts if len(texts) >= count else None

        found: list[str] = self.until(are_there)
        assert len(found) == count
        return found

    def all_texts(self, count: int) -> list[str] | None:
        """The texts of all issues together, once there are so many."""
        texts = [text for issue in self.tracker.issues() for text in issue["texts"]]
        return texts if len(texts) >= count else None

    def mail(self, number: int) -> EmailMessage:
        """The last of so many mails that the customer has got."""
        stored = self.dovecot.wait_for_mails(self.customer, number, seconds=SECONDS)
        assert len(stored) == number
        found = message_from_bytes(stored[-1].raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    def events(self, *types: str) -> list[dict[str, Any]]:
        page = self.gateway.request("GET", "/v1/events?limit=1000", headers=self.gateway.consumer()).json()
        return [one for one in page["events"] if one["type"] in {f"regia.{type_}.v1" for type_ in types}]


@pytest.fixture
def support(
    make_gateway: MakeGateway,
    mode: Mode,
    dovecot: DovecotServer,
    smtp_server: SmtpServer,
    roundup: RoundupServer,
) -> Support:
    tmp_path = roundup.folder.parent
    address = dovecot.new_user("support")
    servers = {"imap_port": dovecot.port, "smtp_port": smtp_server.submission_port, "ca_file": dovecot.ca_file}
    lines = (SCOPES if line.startswith("tokens:") else line for line in CONFIG.splitlines())
    config = tmp_path / "regia.yaml"
    mailbox = "\n".join(lines).format(address=address, **servers).replace("[INBOX, Reclami]", "[INBOX]")
    config.write_text(mailbox + BRIDGE)
    (tmp_path / "rules.yaml").write_text(RULES)
    given = {"MAIL_PASSWORD": dovecot.password, "TRACKER": roundup.url, "TRACKER_PASSWORD": PASSWORD}
    gateway = make_gateway(mode, config=config, **given)
    gateway.start()
    return Support(gateway, dovecot, roundup, address)


@pytest.mark.timeout(300)
def test_there_and_back(support: Support) -> None:
    support.write(1)
    (first,) = support.texts(1)
    assert "From: " in first
    (opened,) = support.until(lambda: support.events("ticket.opened"))
    assert opened["data"]["ticket"] == "helpdesk/issue1"

    support.tracker.answer("giulia", "issue1", "@internal forse è un difetto di serie")
    support.tracker.answer("giulia", "issue1", "Buongiorno, la sostituiamo.", assignedto="4")
    answer = support.mail(1)
    assert "la sostituiamo" in answer.get_content()
    assert "difetto di serie" not in answer.get_content()

    support.write(2, **{"In-Reply-To": str(answer["Message-ID"])})
    support.texts(4)
    assert len(support.tracker.issues()) == 1

    support.tracker.change("giulia", "issue1", status="8")
    support.until(lambda: support.events("ticket.closed"))
    support.write(3, **{"In-Reply-To": str(answer["Message-ID"])})
    support.texts(5)
    (issue,) = support.tracker.issues()
    assert issue["status"]["name"] == "chatting"
    support.until(lambda: support.events("ticket.reopened"))
    told = [
        one["type"].split(".")[2]
        for one in support.events("ticket.opened", "ticket.assigned", "ticket.closed", "ticket.reopened")
    ]
    assert told == ["opened", "assigned", "closed", "reopened"]


SURVEY = """
surveys:
  closed: {delay_minutes: 0, link: never}
"""


@pytest.mark.timeout(300)
def test_who_was_answered_is_asked_and_answers(support: Support) -> None:
    """From the first contact to what the customer says of it, over the channel it came by."""
    support.gateway.stop()
    support.gateway.config.write_text(support.gateway.config.read_text() + SURVEY)
    support.gateway.start()
    support.write(1)
    support.texts(1)
    support.tracker.answer("giulia", "issue1", "Buongiorno, la sostituiamo.", assignedto="4")
    support.mail(1)
    support.tracker.change("giulia", "issue1", status="8")
    asked = support.mail(2)
    assert "numero da 1 a 5" in asked.get_content()
    assert asked["Auto-Submitted"] == "auto-replied"

    support.write(2, **{"In-Reply-To": str(asked["Message-ID"]), "text": "5"})
    second = support.mail(3)
    assert "fare meglio" in second.get_content()
    support.write(3, **{"In-Reply-To": str(second["Message-ID"]), "text": "Risposte veloci"})
    (told,) = support.until(lambda: support.events("survey.answered"))
    (closed,) = support.events("ticket.closed")
    assert told["data"] | {"survey": ""} == {
        "survey": "",
        "name": "closed",
        "ticket": "helpdesk/issue1",
        "agent": "giulia",
        "category": "general",
        "channel": "email",
        "conversation": closed["data"]["conversation"],
        "customer": closed["data"]["customer"],
        "answers": [{"question": "satisfaction", "value": 5}],
        "words": True,
        "complete": True,
    }
    (issue,) = support.tracker.issues()
    assert len(issue["texts"]) == 2, "the answers to the survey are in no ticket"
    assert support.events("ticket.reopened") == []


APART = {"REGIA__BRIDGES__HELPDESK__INSIDE": "false"}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("mode", ["shared"], indirect=True)
def test_a_bridge_of_its_own_is_killed_and_another_takes_over(support: Support) -> None:
    support.gateway.stop()
    support.gateway.start(**APART)
    with bridge(support.gateway) as first, bridge(support.gateway):
        for number in range(1, 6):
            support.write(number)
        support.until(lambda: support.all_texts(1))
        first.kill()
        support.write(6)
        texts = support.until(lambda: support.all_texts(6), TAKEOVER)
    assert len(texts) == len(set(texts)) == 6


@contextmanager
def bridge(gateway: Gateway) -> Iterator[ServerProcess]:
    """`regia bridge run`, with the gateway's configuration."""
    command = [*REGIA, "bridge", "run", "helpdesk", "-c", str(gateway.config)]
    process = ServerProcess("bridge", command, log=gateway.log, env={**gateway.environ, **APART}, cwd=gateway.folder)
    yield process
    process.kill()
