"""Codes to phone numbers over real HTTP, through a provider that takes only what Twilio's documents describe."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from connectors.media import GuardedHttp
from desk import proofs
from desk.proof_words import WORDS
from desk.proofs import BrandProofs, Proofs, Wanted, Way
from identity.challenges import Asked, Method, Rules
from identity.links import Proved
from identity.policy import Policy
from normalizer.inbound import Handle
from regia.links import Links
from regia.pipeline.intake import Intake
from regia.runners.loading import Loader
from regia.runners.sending import Sender
from storage.blobs import Blobs
from storage.database import Database
from storage.journal import Journal
from storage.schema import outgoing
from tests.contacts import START
from tests.customers import add_customer
from tests.providers.twilio import TwilioRest, twilio_error
from tests.runners.test_sending import database
from tests.subjects.twilio import NUMBER, SID, SUBJECT, TOKEN

__all__ = ["database"]

WHATSAPP = "whatsapp:+15005550007"
MOBILE = Handle("phone", "+4915112345678", "claimed")
NOW = int(START.timestamp() * 1000)


class Phone:
    """A customer's phone, and what sends to it."""

    def __init__(self, database: Database, provider: TwilioRest, http: GuardedHttp, journal: Journal) -> None:
        self.database = database
        self.provider = provider
        connectors: Any = {"sms": SUBJECT.connector(api_url=provider.url)}
        self.time = START.timestamp()
        loader, clock = Loader(Blobs.memory(), Links("https://gw.example", b"k")), lambda: self.time
        self.sender = Sender(database, connectors, http, Intake(journal), "n1", loader=loader, now=clock, clock=clock)

    async def ask(self, account: str, method: Method = "code") -> tuple[Asked, Proofs]:
        known = Proofs(
            rules=Rules(key=b"k"),
            policy=Policy(),
            brand=lambda name: BrandProofs(name=name, ways={"phone": Way(connector="sms", account=account)}, words=WORDS),
            link=lambda token: f"https://regia.example/proof/{token}",
            language="it",
        )
        wanted = Wanted(customer_id="cus_1", handle=MOBILE, method=method, actor="token/site")
        asked = await self.database.write(lambda connection: proofs.begin(connection, wanted, known, NOW))
        await self.sender.look()
        await self.sender.close()
        return asked, known

    async def row(self) -> Any:
        return await self.database.read(lambda connection: connection.execute(select(outgoing)).mappings().one())


@pytest.fixture
async def phone(database: Database, tmp_path: Path) -> AsyncIterator[Phone]:
    def customer(connection: Connection) -> None:
        add_customer(connection, "cus_1", standing="verified")

    await database.write(customer)
    journal = Journal.open(tmp_path / "journal.sqlite")
    async with TwilioRest(SID, TOKEN) as provider, GuardedHttp(private_hosts=frozenset({"127.0.0.1"})) as http:
        yield Phone(database, provider, http, journal)
    await journal.close()


@pytest.mark.parametrize(("account", "to"), [(NUMBER, "+4915112345678"), (WHATSAPP, "whatsapp:+4915112345678")])
async def test_a_code_arrives_in_one_message_and_proves_the_number(phone: Phone, account: str, to: str) -> None:
    asked, known = await phone.ask(account)
    [message] = phone.provider.accepted
    assert (message.to, phone.provider.refused) == (to, [])
    [code] = re.findall(r"^[0-9]{6}", message.text or "")
    row = await phone.row()
    assert (row["state"], row["text"], row["external_id"]) == ("sent", "", message.id)
    done = await phone.database.write(lambda connection: proofs.answer(connection, asked.id, code, known, NOW + 1))
    assert isinstance(done, Proved)
    assert (done.outcome, done.customer_id) == ("linked", "cus_1")


async def test_a_link_fits_beside_its_words(phone: Phone) -> None:
    await phone.ask(NUMBER, "link")
    [message] = phone.provider.accepted
    assert re.search(r"https://regia\.example/proof/[0-9A-Z]{26}\.[\w-]{43}\n", message.text or "")


async def test_who_has_not_just_written_on_whatsapp_gets_none_and_an_operator_sees_why(phone: Phone) -> None:
    phone.provider.fail(400, twilio_error(63016))
    await phone.ask(WHATSAPP)
    row = await phone.row()
    assert (row["state"], row["provider_code"], row["text"]) == ("failed", "63016", "")
    assert row["error"].startswith("window_closed: ")


async def test_a_provider_that_is_down_is_not_asked_when_the_code_is_over(phone: Phone) -> None:
    phone.provider.fail(503, twilio_error(20503, status=503), times=9)
    await phone.ask(NUMBER)
    assert (await phone.row())["state"] == "queued"
    phone.time += 600
    await phone.sender.look()
    row = await phone.row()
    assert (row["state"], row["attempts"], row["text"]) == ("failed", 1, "")
