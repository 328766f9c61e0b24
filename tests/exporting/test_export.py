"""The archive of a customer: everything of theirs, nothing of others, and never the whole of it in memory."""

import asyncio
import hashlib
import io
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import Connection, select, update

from regia.exporting import export as module
from regia.exporting.archive import Archive
from regia.exporting.export import ExportFailed, open_export
from storage.blobs import Blobs, BlobsUnavailable
from storage.database import Database
from storage.schema import attachments, audit, messages, outgoing, signals
from tests.erasing.planted import NOW, Planted, everything, holding


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs.local(tmp_path / "blobs")


async def planted(database: Database, blobs: Blobs, messages_: int = 5) -> tuple[Planted, Planted]:
    anna, bruno = Planted("ANNA", "+393331234567"), Planted("BRUNO", "+393337654321")
    for person in (anna, bruno):
        await blobs.put_many([person.file, person.sent, *(person.large + str(n).encode() for n in range(1, messages_, 2))])
        await database.write(lambda connection, person=person: person.write(connection, messages_))  # type: ignore[misc]
    return anna, bruno


async def exported(database: Database, blobs: Blobs, person: Planted) -> bytes:
    archive = await open_export(database, blobs, person.id, actor="token", now_ms=NOW)
    assert archive.filename == f"{person.id}.zip"
    return b"".join([piece async for piece in archive.pieces])


def unpacked(archive: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(archive)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


async def test_everything_of_one_customer_in_one_order(
    database: Database, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGE", 2)
    monkeypatch.setattr(module, "_ANSWERS", 1)
    anna, bruno = await planted(database, blobs)
    archive, sent_file = await exported(database, blobs, anna), f"sent/fil_ANNA-{anna.tag}.pdf"
    found = unpacked(archive)
    of_messages = [
        name
        for number, id_ in enumerate(anna.messages)
        for name in (f"messages/{id_}.json", f"raw/{id_}", f"attachments/att_ANNA_{number}-{anna.tag}.pdf")
    ]
    assert list(found) == ["README.txt", "customer.json", *of_messages, "outgoing.jsonl", "signals.jsonl", sent_file]
    assert found[sent_file] == anna.sent
    rows = {row[0]: row for row in (await everything(database))["messages"]}
    for number, id_ in enumerate(anna.messages):
        assert found[f"messages/{id_}.json"] in rows[id_]
        assert found[f"raw/{id_}"] == (anna.large + str(number).encode() if number % 2 else f"raw {anna.tag}".encode())
        assert found[f"attachments/att_ANNA_{number}-{anna.tag}.pdf"] == anna.file
    assert not holding({"": [tuple(found.values())]}, *bruno.secrets, bruno.id)
    sent = [json.loads(line) for line in found["outgoing.jsonl"].splitlines()]
    assert [(one["id"], len(one["parts"]), len(one["files"])) for one in sent] == [("out_ANNA_0", 2, 1), ("out_ANNA_1", 0, 0)]
    told = [json.loads(line) for line in found["signals.jsonl"].splitlines()]
    assert {one["error"] for one in told} == {anna.tag}
    assert len(told) == 3
    again = await open_export(database, blobs, anna.id, actor="token", now_ms=NOW)
    assert len(b"".join([piece async for piece in again.pieces])) > len(archive), "the log has one row more"


async def test_what_is_known_of_the_customer(database: Database, blobs: Blobs) -> None:
    anna, _ = await planted(database, blobs)
    about = json.loads(unpacked(await exported(database, blobs, anna))["customer.json"])
    assert {name: len(rows) for name, rows in about.items()} == {
        "customers": 2,
        "handles": 4,
        "conversations": 1,
        "ticket_events": 1,
        "sla_timers": len(anna.messages),
        "surveys": 2,
        "suggestions": 2,
        "challenges": 1,
        "audit": 1,
    }
    top = next(row for row in about["customers"] if row["id"] == anna.id)
    assert (top["name"], top["facts"]["name"], top["tags"]) == (f"Anna {anna.tag}", {"api": [f"Anna {anna.tag}", 1]}, [])
    assert top["history"][0]["snippet"] == f"history of {anna.tag}"
    assert {row["value"] for row in about["handles"]} == {anna.email, anna.phone, f"bot:{anna.user}", f"old{anna.tag}"}
    assert {row["promise"] for row in about["sla_timers"]} == {f"p{number}" for number in range(len(anna.messages))}
    assert "escalation" not in about["sla_timers"][0], "who of ours is told"
    assert [row["answers"] for row in about["surveys"]] == [{"comment": f"words of {anna.tag}"}] * 2
    assert "secret" not in about["challenges"][0], "a hash of a code is ours"
    assert [(row["action"], row["actor"], row["customer_id"]) for row in about["audit"]] == [("exported", "token", anna.id)]


async def test_who_cannot_be_exported(database: Database, blobs: Blobs) -> None:
    anna, _ = await planted(database, blobs)
    for id_, reason, root in (("cus_nobody", "unknown_customer", None), (anna.below, "merged", anna.id)):
        with pytest.raises(ExportFailed) as failed:
            await open_export(database, blobs, id_, actor="token", now_ms=NOW)
        assert (failed.value.reason, failed.value.root_id) == (reason, root)
        assert id_ not in str(failed.value)
    assert await database.read(lambda connection: connection.execute(select(audit)).all()) == []


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("../../etc/passwd", "att_ANNA_0-passwd"),
        ("..\\..\\boot.ini", "att_ANNA_0-boot.ini"),
        ("a\nb\x00c/d:e*?.pdf", "att_ANNA_0-d_e__.pdf"),
        ("\u202efdp.exe", "att_ANNA_0-_fdp.exe"),
        ("...", "att_ANNA_0"),
        ("", "att_ANNA_0"),
        (None, "att_ANNA_0"),
        ("però.pdf", "att_ANNA_0-però.pdf"),
    ],
)
async def test_names_are_safe(database: Database, blobs: Blobs, filename: str | None, shown: str) -> None:
    anna, _ = await planted(database, blobs, 1)
    if not database.is_sqlite and filename is not None:
        filename = filename.replace("\x00", "\x01")
    named = update(attachments).where(attachments.c.id == "att_ANNA_0").values(filename=filename)
    await database.write(lambda connection: connection.execute(named))
    (name,) = [name for name in unpacked(await exported(database, blobs, anna)) if name.startswith("attachments/")]
    assert name == f"attachments/{shown}"


async def test_a_long_name_can_be_unpacked(database: Database, blobs: Blobs, tmp_path: Path) -> None:
    anna, _ = await planted(database, blobs, 1)
    named = update(attachments).where(attachments.c.id == "att_ANNA_0").values(filename="è" * 250 + ".pdf")
    await database.write(lambda connection: connection.execute(named))
    with ZipFile(io.BytesIO(await exported(database, blobs, anna))) as archive:
        archive.extractall(tmp_path / "out")
    (name,) = (path.name for path in (tmp_path / "out" / "attachments").iterdir())
    assert name.startswith("att_ANNA_0-è")
    assert name.endswith("è.pdf")


async def test_what_is_not_kept_any_more_is_named(database: Database, blobs: Blobs) -> None:
    anna, _ = await planted(database, blobs, 2)

    def age(connection: Connection) -> None:
        first = messages.c.id == anna.messages[0]
        connection.execute(update(messages).where(first).values(raw=None, raw_sha256=""))

    await database.write(age)
    await blobs.delete(hashlib.sha256(anna.large + b"1").hexdigest())
    found = unpacked(await exported(database, blobs, anna))
    assert found["missing.txt"].decode() == f"raw/{anna.messages[1]}\n"
    assert not [name for name in found if name.startswith("raw/")]


async def test_an_answer_whose_message_is_not_kept_any_more(database: Database, blobs: Blobs) -> None:
    anna, _ = await planted(database, blobs, 2)
    gone = messages.delete().where(messages.c.id == anna.messages[0])
    await database.write(lambda connection: connection.execute(gone))
    found = unpacked(await exported(database, blobs, anna))
    assert [json.loads(line)["id"] for line in found["outgoing.jsonl"].splitlines()] == anna.outgoing
    assert len(found["signals.jsonl"].splitlines()) == 3


async def test_bytes_that_are_no_text(database: Database, blobs: Blobs) -> None:
    anna, _ = await planted(database, blobs, 1)
    binary = update(signals).where(signals.c.external_id == anna.outgoing[0]).values(raw=b"\xff\x00")
    await database.write(lambda connection: connection.execute(binary))
    lines = unpacked(await exported(database, blobs, anna))["signals.jsonl"].splitlines()
    raws = [json.loads(line)["raw"] for line in lines]
    assert {"base64": "/wA="} in raws
    assert sum(isinstance(raw, str) for raw in raws) == 2


async def test_a_store_that_goes_away_ends_the_archive_unfinished(
    database: Database, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, _ = await planted(database, blobs, 1)

    async def away(_: str) -> Any:
        raise BlobsUnavailable("away")

    monkeypatch.setattr(blobs, "open_stream", away)
    archive = await open_export(database, blobs, anna.id, actor="token", now_ms=NOW)
    with pytest.raises(BlobsUnavailable):
        async for _ in archive.pieces:
            pass


async def test_a_large_file_is_never_whole_in_memory(database: Database, blobs: Blobs) -> None:
    anna, _ = await planted(database, blobs, 1)
    large = await blobs.put(os.urandom(48 << 20))
    named = update(attachments).where(attachments.c.id == "att_ANNA_0").values(sha256=large.sha256)
    await database.write(lambda connection: connection.execute(named))
    archive = await open_export(database, blobs, anna.id, actor="token", now_ms=NOW)
    size = largest = 0
    tracemalloc.start()
    async for piece in archive.pieces:
        size, largest = size + len(piece), max(largest, len(piece))
        await asyncio.sleep(0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 48 << 20
    assert largest < 4 << 20
    assert peak < 16 << 20


def test_many_entries_and_pieces_make_one_archive() -> None:
    archive, whole = Archive(), b""
    for number in range(70_000):  # more than an archive without ZIP64 can have
        archive.add(f"{number}", b"")
        whole += archive.take() if number % 1_000 == 0 else b""
    archive.close()
    with ZipFile(io.BytesIO(whole + archive.take())) as found:
        assert len(found.namelist()) == 70_000


def test_the_readme_names_what_there_is() -> None:
    for name in (
        "customer.json",
        "messages/",
        "raw/",
        "attachments/",
        "outgoing.jsonl",
        "sent/",
        "signals.jsonl",
        "missing.txt",
    ):
        assert f"\n{name}" in module.README
    assert outgoing.name in module.README
