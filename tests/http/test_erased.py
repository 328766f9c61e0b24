"""A customer is erased from a gateway that runs, and what it answers of them afterwards."""

import asyncio
from base64 import b64encode
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select

from regia.erasing.erase import Erased, erase
from regia.erasing.reach import Reach
from regia.gateway import Gateway
from storage import books, removal
from storage.books import Books
from storage.database import Database
from storage.journal_file import inspect
from storage.schema import customers, messages
from tests.erasing.planted import everything, holding
from tests.erasing.searched import in_files
from tests.http.served import ALL, DESK, Client, worked_off
from tests.http.test_endpoints import refusal

FILE = b"%PDF-1.7 PLANTEDfile"
SECRETS = ["planted", "393331112222"]


async def write(client: Client, number: int, who: str = "+393331112222", word: str = "PLANTED") -> str:
    """A contact with strings in many places; its id."""
    sender = {"handle": {"kind": "phone", "value": who}, "name": f"Anna {word}", "claims": []}
    file = {"content": b64encode(FILE.replace(b"PLANTED", word.encode())).decode(), "filename": f"{word}.pdf"}
    body = {
        "sender": sender,
        "text": f"{word} {number} rimborso",
        "subject": f"subject {word}",
        "attachments": [file],
        "external_id": f"{word}-{number}",
    }
    answer = await client.post("/v1/messages/desk", json=body, headers=DESK)
    assert answer.status == 202, await answer.text()
    return str((await answer.json())["id"])


async def owner(database: Database, message_id: str) -> str:
    query = select(customers.c.root_id).join(messages, messages.c.customer_id == customers.c.id)
    found = await database.read(lambda connection: connection.execute(query.where(messages.c.id == message_id)).scalar_one())
    return str(found)


async def balance(gateway: Gateway) -> Books:
    files = [inspect(gateway.journal.path)]
    return await gateway.stores.database.read(lambda connection: books.count(connection, files))


async def test_messages_and_files_are_gone_and_unknown_ones_unknown(client: Client, gateway: Gateway, tmp_path: Path) -> None:
    mine, other = await write(client, 1), await write(client, 1, "+393330000000", "Bruno")
    await worked_off(gateway)
    data = await (await client.get(f"/v1/messages/{mine}", headers=ALL)).json()
    (file,) = data["envelope"]["data"]["attachments"]
    link = file["url"].removeprefix("https://regia.example")
    assert in_files(tmp_path, SECRETS) != []
    done = await erase(Reach.of(gateway), await owner(gateway.stores.database, mine), actor="test", now_ms=5)
    assert done == Erased(customers=1, links=1, messages=1, attachments=1, queued=2, files=1)
    for address in (f"/v1/messages/{mine}", f"/v1/messages/{mine}/raw", f"/v1/attachments/{file['id']}"):
        await refusal(await client.get(address, headers=ALL), 410, "gone")
    await refusal(await client.get(link), 410, "gone")
    await refusal(await client.get("/v1/messages/unknown", headers=ALL), 404, "not_found")
    assert (await client.get(f"/v1/messages/{other}", headers=ALL)).status == 200
    assert in_files(tmp_path, SECRETS) == []
    found = await balance(gateway)
    assert (found.balance, found.removed, found.published) == (True, 1, 1)


async def test_raw_bytes_that_were_not_kept(client: Client, gateway: Gateway) -> None:
    mine = await write(client, 1)
    await worked_off(gateway)
    await gateway.stores.database.write(lambda connection: removal.empty_raw(connection, [mine], 1))
    await refusal(await client.get(f"/v1/messages/{mine}/raw", headers=ALL), 410, "gone")
    assert (await client.get(f"/v1/messages/{mine}", headers=ALL)).status == 200


async def test_a_retry_of_an_erased_contact_revives_nothing(client: Client, gateway: Gateway, tmp_path: Path) -> None:
    mine = await write(client, 1)
    await worked_off(gateway)
    await erase(Reach.of(gateway), await owner(gateway.stores.database, mine), actor="test", now_ms=5)
    body: Any = {"sender": {"handle": {"kind": "phone", "value": "+393331112222"}}, "text": "x", "external_id": "PLANTED-1"}
    assert (await client.post("/v1/messages/desk", json=body, headers=DESK)).status == 409
    await worked_off(gateway)
    assert holding(await everything(gateway.stores.database), *SECRETS) == {}
    assert (await balance(gateway)).balance


async def test_while_they_and_others_go_on_writing(client: Client, gateway: Gateway, tmp_path: Path) -> None:
    """Each erase finds a customer with some contacts, or a new one who began after the erase before."""
    reach, database = Reach.of(gateway), gateway.stores.database
    others = [f"+3933300000{number:02}" for number in range(5)]

    async def traffic(who: str, word: str, count: int) -> list[str]:
        return [await write(client, number, who, word) for number in range(count)]

    writing = [asyncio.create_task(traffic(who, f"w{who[-2:]}", 15)) for who in others]
    writing.append(asyncio.create_task(traffic("+393331112222", "PLANTED", 40)))
    erased = 0
    while not all(task.done() for task in writing):
        await asyncio.sleep(0.05)
        named = await database.read(
            lambda connection: (
                connection.execute(select(customers.c.id).where(customers.c.name == "Anna PLANTED")).scalars().all()
            )
        )
        for customer_id in named:
            erased += (await erase(reach, customer_id, actor="test", now_ms=5)).messages
    written = [await task for task in writing]
    await worked_off(gateway)
    for (customer_id,) in [(await owner(database, written[-1][-1]),)] if erased < 40 else []:
        erased += (await erase(reach, customer_id, actor="test", now_ms=6)).messages
    rows = await everything(database)
    assert (erased, holding(rows, *SECRETS)) == (40, {})
    assert in_files(tmp_path, SECRETS) == []
    assert len(rows["messages"]) == 75
    assert {row[0] for row in rows["messages"]} == {id_ for each in written[:-1] for id_ in each}
    assert await gateway.stores.blobs.exists("0" * 64) is False
    for word in ("w00", "w04"):
        assert len(in_files(tmp_path / "data" / "blobs", [f"{word}file"])) == 1
    found = await balance(gateway)
    assert (found.balance, found.removed) == (True, 40), found.as_data()
    bodies = [orjson.loads(bytes(row[5])) for row in rows["events"] if row[2] == "regia.customer.erased.v1"]
    assert sorted(id_ for body in bodies for id_ in body["data"]["envelopes"]) == sorted(written[-1])
