"""`FakeOsTicket` takes what the documentation shows, and nothing else exists."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.providers.asking import Answer, call
from tests.trackers.osticket import FakeOsTicket

PATH = "/api/tickets.json"
TICKET = {"name": "Ada", "email": "ada@example.org", "subject": "Parcel missing", "message": "Where is it?"}


@pytest.fixture
async def osticket() -> AsyncIterator[FakeOsTicket]:
    async with FakeOsTicket() as fake:
        yield fake


async def ask(fake: FakeOsTicket, body: Any, method: str = "POST", path: str = PATH, key: str = "") -> Answer:
    return await call(method, fake.url + path, body, {"X-API-Key": key or fake.key})


async def test_a_ticket_is_made(osticket: FakeOsTicket) -> None:
    photo = {"a.png": "data:image/png;base64," + b64encode(b"png").decode()}
    files = [{"file.txt": "data:text/plain;charset=utf-8,two%20words"}, photo]
    answer = await ask(
        osticket, {**TICKET, "message": "data:text/html,<b>Where</b>", "attachments": files, "autorespond": False}
    )
    number = answer.json.decode()
    ticket = osticket.tickets[number]
    assert (answer.status, answer.headers["Content-Type"].split(";")[0], number.isdecimal()) == (201, "text/html", True)
    assert (ticket.thread, ticket.files) == ([("Ada", "message", "<b>Where</b>")], {"file.txt": b"two words", "a.png": b"png"})
    assert (osticket.mails, osticket.violations) == ([], [])


async def test_the_agent_writes_mails(osticket: FakeOsTicket) -> None:
    number = (await ask(osticket, TICKET)).json.decode()
    osticket.agent_answers(number, "On its way")
    osticket.agent_notes(number, "Ask the depot")
    osticket.assigns(number)
    osticket.closes(number)
    assert [(to, f"[#{number}]" in subject) for to, subject, _ in osticket.mails] == [("ada@example.org", True)] * 2
    assert (osticket.tickets[number].status, osticket.tickets[number].staff) == ("closed", "Ada Agent")
    osticket.reopens(number)
    assert (osticket.tickets[number].status, len(osticket.tickets[number].thread)) == ("open", 3)


@pytest.mark.parametrize(
    "body",
    [
        {key: TICKET[key] for key in ("name", "email", "subject")},
        {**TICKET, "message": ""},
        {**TICKET, "name": 7},
        {**TICKET, "source": "regia"},
        {**TICKET, "alert": "false"},
        {**TICKET, "attachments": [{"name": "a.txt", "type": "text/plain", "data": "YQ=="}]},
        {**TICKET, "attachments": [{"a.txt": "YQ=="}]},
        {},
        [TICKET],
        b'{"name": "Ada",}',
    ],
)
async def test_refuses(osticket: FakeOsTicket, body: Any) -> None:
    answer = await ask(osticket, body if isinstance(body, bytes) else json.dumps(body).encode())
    assert (answer.status, len(osticket.violations), osticket.tickets) == (400, 1, {})


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("GET", "/api/tickets/1"), ("POST", "/api/tickets/1/reply")])
async def test_nothing_else_exists(osticket: FakeOsTicket, method: str, path: str) -> None:
    answer = await ask(osticket, None, method, path)
    assert (answer.status, answer.json, len(osticket.violations)) == (400, b"URL not supported", 1)


async def test_what_is_left_out_is_noted(osticket: FakeOsTicket) -> None:
    osticket.fields.add("order")
    number = (
        await ask(
            osticket, {**TICKET, "order": "4711", "colour": "red", "attachments": [{"a.png": "data:image/png;base64,%%"}]}
        )
    ).json.decode()
    ticket = osticket.tickets[number]
    assert (ticket.values["order"], "colour" in ticket.values, ticket.files, len(osticket.violations)) == ("4711", False, {}, 2)


async def test_what_depends_on_the_desk_is_no_violation(osticket: FakeOsTicket) -> None:
    osticket.banned.add("eve@example.org")
    bodies = ({**TICKET, "email": "Eve@example.org"}, {**TICKET, "topicId": 9}, {**TICKET, "email": "nobody"})
    answers = [await ask(osticket, body) for body in bodies] + [await ask(osticket, TICKET, key="other")]
    osticket.address = "192.0.2.1"
    answers.append(await ask(osticket, TICKET))
    assert ([answer.status for answer in answers], osticket.violations) == ([403, 400, 400, 401, 401], [])
    assert (len(osticket.refused), osticket.tickets) == (5, {})


async def test_faults(osticket: FakeOsTicket) -> None:
    osticket.refuse_next(503)
    osticket.drop_after_next()
    assert (await ask(osticket, TICKET)).status == 503
    with pytest.raises(aiohttp.ClientError):
        await ask(osticket, TICKET)
    assert (len(osticket.tickets), osticket.violations) == (1, [])
