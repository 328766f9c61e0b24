"""Files of replies: what is refused, whose files may go out again, and that their bytes outlast the commit. On SQLite and on
PostgreSQL."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from connectors.abilities import Limits
from desk.asking import Desk
from desk.files import FileRules, ReplyFile
from desk.refusals import RefusalReason, Refused
from desk.replies import Channels, Reply
from normalizer.inbound import Reply as Allowed
from storage import endings, erased, outgoing_files, removal
from storage.blobs import BlobMissing, Blobs
from storage.database import Database
from storage.endings import ENDED, ENDING
from storage.outgoing_files import FileRow
from storage.restored import named_blobs
from storage.schema import attachments, customers, events, handles, messages
from tests.answered import store
from tests.contacts import START, email
from tests.erasing.planted import row

NOW = int(START.timestamp() * 1000)
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 20
PDF = b"%PDF-1.7 a label for the parcel"
FORMS = ("text", "image", "document")
PICTURE = ReplyFile(content=PNG, filename="foto.png")
LABEL = ReplyFile(content=PDF, filename="etichetta.pdf", content_type="application/pdf")
RULES = FileRules(
    most=3,
    each=400,
    together=600,
    limits={
        "mail": Limits(text=1000, files={"image": 500, "file": 300}, uploads=True),
        "chat": Limits(text=1000, files={"image": 500}),
    },
)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return made(database, tmp_path)


def made(database: Database, folder: Path, **rules: Any) -> Desk:
    files = FileRules(most=RULES.most, each=RULES.each, together=RULES.together, limits=RULES.limits, **rules)
    channels = Channels(can_send=lambda _: True, own=lambda _: False, files=files)
    return Desk(database, channels, Blobs.local(folder / "blobs"))


async def wrote(desk: Desk, name: str = "m1", **more: Any) -> str:
    return await store(desk.database, name, email(), reply=Allowed(allowed=FORMS), **more)


def reply(message: str, *files: ReplyFile, text: str = "Ecco", **more: Any) -> Reply:
    return Reply(message_id=message, text=text, author="giulia", files=files, **more)


async def refusal(desk: Desk, wanted: Reply) -> tuple[RefusalReason, int | None]:
    with pytest.raises(Refused) as refused:
        await desk.reply(wanted, NOW)
    return refused.value.reason, refused.value.file


async def files_of(desk: Desk, id_: str) -> tuple[FileRow, ...]:
    found = await desk.database.read(lambda connection: outgoing_files.of(connection, [id_]))
    return found.get(id_, ())


async def test_files_are_named_and_stored(desk: Desk) -> None:
    queued = await desk.reply(reply(await wrote(desk), PICTURE, LABEL, text=""), NOW)
    files = await files_of(desk, queued.id)
    assert [(one.filename, one.content_type, one.size) for one in files] == [
        ("foto.png", "image/png", len(PNG)),
        ("etichetta.pdf", "application/pdf", len(PDF)),
    ]
    assert [await desk.blobs.get(one.sha256) for one in files] == [PNG, PDF]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ((PICTURE,) * 4, ("too_many_files", None)),
        ((PICTURE, ReplyFile(filename="foto.png")), ("bad_base64", 2)),
        ((ReplyFile(content=b"", filename="leer.txt"),), ("empty_file", 1)),
        ((ReplyFile(content=PDF, filename=" ../ "),), ("bad_filename", 1)),
        ((ReplyFile(content=PDF),), ("bad_filename", 1)),
        ((PICTURE, ReplyFile(content=b"x" * 401, filename="a.txt")), ("file_too_large", 2)),
        ((ReplyFile(content=PDF * 10, filename="a.pdf"),), ("file_too_large", 1)),
        ((replace(PICTURE, content=PNG * 3), replace(LABEL, content=PDF * 9)), ("files_too_large", None)),
        ((ReplyFile(content=b"ID3" + b"x" * 20, filename="a.mp3"),), ("files_not_taken", 1)),
        ((ReplyFile(id="att_x"),), ("unknown_attachment", 1)),
    ],
)
async def test_what_is_refused(desk: Desk, files: tuple[ReplyFile, ...], expected: tuple[RefusalReason, int | None]) -> None:
    assert await refusal(desk, reply(await wrote(desk), *files)) == expected
    told = await desk.database.read(lambda one: one.execute(select(events.c.body)).scalars().all())
    assert len(told) == 1
    assert f'"reason":"{expected[0]}"'.encode() in bytes(told[0])
    assert ((f'"file":{expected[1]}').encode() in bytes(told[0])) == (expected[1] is not None)


async def test_a_channel_that_loads_files_needs_an_address(database: Database, tmp_path: Path) -> None:
    without = made(database, tmp_path, address=False)
    assert await refusal(without, reply(await wrote(without, connector="chat"), PICTURE)) == ("no_public_url", 1)
    assert (await made(database, tmp_path).reply(reply(await wrote(without, "m2", connector="chat"), PICTURE), NOW)).id


async def test_the_limits_of_the_channel_count_where_there_are_more_than_the_envelope_says(desk: Desk) -> None:
    assert await refusal(desk, reply(await wrote(desk, connector="chat"), LABEL)) == ("file_too_large", 1)


async def test_a_name_is_made_safe(desk: Desk) -> None:
    wild = ReplyFile(content=PDF, filename="C:\\Users\\giulia\\..\\eti\x00chetta.pdf")
    (file,) = await files_of(desk, (await desk.reply(reply(await wrote(desk), wild), NOW)).id)
    assert file.filename == "eti_chetta.pdf"


async def test_the_bytes_say_what_a_file_is(desk: Desk) -> None:
    passed_off = ReplyFile(content=PNG, filename="foto.pdf", content_type="application/pdf")
    (file,) = await files_of(desk, (await desk.reply(reply(await wrote(desk), passed_off), NOW)).id)
    assert file.content_type == "image/png"


async def test_other_files_are_another_reply(desk: Desk) -> None:
    message = await wrote(desk)
    first = await desk.reply(reply(message, PICTURE, key="T-1"), NOW)
    assert (await desk.reply(reply(message, PICTURE, key="T-1"), NOW)) == type(first)(
        id=first.id, message=first.message, conversation=first.conversation, repeat=True
    )
    for files in ((LABEL,), (), (PICTURE, LABEL), (ReplyFile(content=PNG, filename="altra.png"),)):
        assert await refusal(desk, reply(message, *files, key="T-1")) == ("key_used", None)


# Files that are stored already.


async def sent_in(desk: Desk, message: str, *, content: bytes = PNG) -> str:
    """A file of a stored contact."""
    blob, id_ = await desk.blobs.put(content), f"att_{message}"
    values = row(attachments, id=id_, message_id=message, sha256=blob.sha256, size=blob.size, content_type="image/png")
    await desk.database.write(lambda one: one.execute(insert(attachments), [values | {"filename": "mia.png"}]))
    return id_


async def owned(desk: Desk, **owners: str) -> None:
    """Which link of which stored message belongs to which customer; `a_b` is a customer `b` below `a`."""

    def work(connection: Connection) -> None:
        for message, owner in owners.items():
            root = owner.partition("_")[0]
            link, this = f"hdl_{message}", messages.c.external_id == message
            connection.execute(update(messages).where(this).values(handle_id=link))
            connection.execute(insert(handles), [row(handles, id=link, customer_id=owner)])
            if not connection.execute(select(customers.c.id).where(customers.c.id == owner)).scalar_one_or_none():
                json = {"tags": "[]", "facts": "{}", "history": "[]"}
                connection.execute(insert(customers), [row(customers, id=owner, root_id=root, **json)])

    await desk.database.write(work)


@pytest.mark.parametrize(
    ("owners", "taken"),
    [
        ({"m1": "anna", "m2": "anna"}, True),
        ({"m1": "anna", "m2": "anna_below"}, True),
        ({"m1": "anna", "m2": "bruno"}, False),
        ({"m1": "anna"}, False),
        ({}, False),
    ],
)
async def test_whose_file_may_go_out_again(desk: Desk, owners: Mapping[str, str], *, taken: bool) -> None:
    message, other = await wrote(desk), await wrote(desk, "m2")
    file = await sent_in(desk, other)
    await owned(desk, **owners)
    wanted = reply(message, ReplyFile(id=file))
    if not taken:
        assert await refusal(desk, wanted) == ("unknown_attachment", 1)
        return
    (found,) = await files_of(desk, (await desk.reply(wanted, NOW)).id)
    assert (found.filename, found.content_type, found.sha256) == ("mia.png", "image/png", sha256(PNG).hexdigest())


async def test_it_outlasts_the_message_it_came_with(desk: Desk) -> None:
    message = await wrote(desk)
    queued = await desk.reply(reply(message, ReplyFile(id=await sent_in(desk, message))), NOW)
    await desk.database.write(lambda connection: removal.remove_attachments(connection, [message], NOW))
    assert await deleted(desk) == 0
    (file,) = await files_of(desk, queued.id)
    assert await desk.blobs.get(file.sha256) == PNG


# The end of their bytes.


async def deleted(desk: Desk) -> int:
    """As the runner of retention does; how many went."""
    unused = await desk.database.write(lambda one: endings.unused(one, endings.waiting(one, 100)))
    return await desk.database.write(lambda one: endings.delete_unused(one, unused, desk.blobs.delete_now))


async def test_a_backup_has_them(desk: Desk) -> None:
    await desk.reply(reply(await wrote(desk), PICTURE), NOW)
    assert sha256(PNG).hexdigest() in await desk.database.read(lambda one: list(named_blobs(one)))


async def test_they_end_with_the_reply(desk: Desk) -> None:
    queued = await desk.reply(reply(await wrote(desk), PICTURE), NOW)
    await desk.database.write(lambda connection: removal.forget_outgoing(connection, [queued.id], NOW))
    assert await deleted(desk) == 1
    with pytest.raises(BlobMissing):
        await desk.blobs.get(sha256(PNG).hexdigest())


async def test_what_was_put_in_vain_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contact is erased between the first look and the commit."""
    message, put = await wrote(desk), desk.blobs.put_many

    async def slow(contents: Any) -> Any:
        done = await put(contents)
        await desk.database.write(lambda one: one.execute(messages.delete()))
        await desk.database.write(lambda one: erased.add(one, "message", [message], NOW))
        return done

    monkeypatch.setattr(desk.blobs, "put_many", slow)
    assert await refusal(desk, reply(message, PICTURE)) == ("gone", None)
    assert await deleted(desk) == 1


async def test_nothing_is_put_for_what_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.blobs, "put_many", None)
    assert await refusal(desk, reply("x", PICTURE)) == ("unknown_message", None)


@pytest.mark.parametrize("state", [ENDING, ENDED])
async def test_a_file_that_was_deleted_meanwhile_is_put_again(desk: Desk, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    """Somebody else's reply with the same file is removed, and its bytes go, after ours were put and before our commit."""
    message, put, count = await wrote(desk), desk.blobs.put_many, 0

    async def slow(contents: Any) -> Any:
        nonlocal count
        done, count = await put(contents), count + 1
        if count == 1:
            await desk.database.write(lambda one: endings.end(one, [sha256(PNG).hexdigest()], NOW))
            if state == ENDED:
                await deleted(desk)
            else:
                ends.append(asyncio.create_task(later()))
        return done

    async def later() -> None:
        await asyncio.sleep(0.1)
        await deleted(desk)

    ends: list[asyncio.Task[None]] = []
    monkeypatch.setattr(desk.blobs, "put_many", slow)
    (file,) = await files_of(desk, (await desk.reply(reply(message, PICTURE), NOW)).id)
    await asyncio.gather(*ends)
    assert await desk.blobs.get(file.sha256) == PNG
    assert count > 1
    assert await deleted(desk) == 0


async def test_a_decision_waits_for_a_reply_that_is_being_queued(postgresql_url: str, tmp_path: Path) -> None:
    """There the two may be transactions at the same time; SQLite has one writer."""
    database = Database(postgresql_url)
    desk = made(database, tmp_path)
    message = await wrote(desk)
    file = await sent_in(desk, message)
    begun, go_on, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()
    add = outgoing_files.add

    def slow(connection: Connection, outgoing_id: str, files: Any) -> None:
        add(connection, outgoing_id, files)
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(outgoing_files, "add", slow)
        asked = asyncio.create_task(desk.reply(reply(message, ReplyFile(id=file)), NOW))
        await begun.wait()
        await database.write_beside(lambda one: removal.remove_attachments(one, [message], NOW))
        decided = asyncio.create_task(database.write_apart(lambda one: endings.unused(one, endings.waiting(one, 10))))
        await asyncio.sleep(0.3)
        waits = not decided.done()
        go_on.set()
        await asked
    assert (waits, await decided) == (True, [])
    await database.close()
