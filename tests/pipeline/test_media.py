"""Files: they hold up only their own sender, and what cannot be had says why."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Fetched
from connectors.errors import MediaReason, MediaUnavailable
from normalizer.inbound import InboundAttachment
from regia.pipeline import media, prepare, worker
from regia.pipeline.media import sniff
from regia.pipeline.prepared import Ready
from storage.blobs import BlobsUnavailable
from storage.schema import attachments, messages
from tests.contacts import inbound, phone
from tests.pipeline.conftest import LINKS, Line

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(30)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


def photo(reference: str = "media-1", **more: Any) -> InboundAttachment:
    return InboundAttachment(reference=reference, content_type="image/png", **more)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "_RETRY_AFTER", (0.01, 0.01))


async def shown(line: Line, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await line.envelopes())[name]["data"]["attachments"]
    return found


async def test_a_file_is_stored_and_linked(line: Line) -> None:
    line.channel.fetches = lambda reference: Fetched(content=PNG, content_type="image/png", filename="foto.png")
    line.start()
    await line.accept(inbound("m1", kind="media", attachments=(photo(caption="Rotta", content_id="c1"),)))
    await line.idle()
    (one,) = await shown(line, "m1")
    digest = hashlib.sha256(PNG).hexdigest()
    assert (one["state"], one["sha256"], one["size"], one["reason"]) == ("stored", digest, len(PNG), None)
    assert (one["filename"], one["content_type"], one["caption"], one["content_id"]) == ("foto.png", "image/png", "Rotta", "c1")
    assert await line.blobs.get(digest) == PNG
    (row,) = await line.rows(attachments)
    assert (row["id"], row["sha256"], row["size"]) == (one["id"], digest, len(PNG))
    assert one["url"].startswith(f"https://regia.example/attachments/{one['id']}?expires=")
    assert "reference" not in one


async def test_a_slow_file_holds_up_only_its_sender(line: Line) -> None:
    go_on = asyncio.Event()

    async def slow(reference: str) -> Fetched:
        await go_on.wait()
        return Fetched(content=PDF)

    line.channel.fetches = slow
    line.start()
    anna, eva = phone("+3931"), phone("+3932")
    await line.accept(inbound("a1", anna), inbound("a2", anna, attachments=(photo(),)), inbound("e1", eva), inbound("a3", anna))
    await line.until(lambda: {one.envelope_id for one in line.queues.seen} != set())
    await line.accept(inbound("a4", anna), inbound("e2", eva), inbound("e3", eva))
    async with asyncio.timeout(20):
        while not {"e1", "e2", "e3"} <= set(await line.envelopes()):
            await asyncio.sleep(0.01)
    assert not {"a2", "a3", "a4"} & set(await line.envelopes())
    assert not line.pipeline.idle
    go_on.set()
    await line.idle()
    sequences = {row["external_id"]: row["sequence"] for row in await line.rows(messages)}
    assert sequences == {"a1": 1, "a2": 2, "a3": 3, "a4": 4, "e1": 1, "e2": 2, "e3": 3}


async def test_many_slow_senders_at_once(line: Line) -> None:
    """More files than are fetched at once, and none of their senders waits for all the others."""
    running = most = 0

    async def slow(reference: str) -> Fetched:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return Fetched(content=PDF)

    line.channel.fetches = slow
    line.start()
    await line.accept(*(inbound(f"m{n}", phone(f"+39{n}"), attachments=(photo(f"r{n}"),)) for n in range(150)))
    await line.idle()
    assert len(await line.rows(attachments)) == 150
    assert 32 <= most <= 64


@pytest.mark.parametrize("limit", ["_SLOW_ROWS", "_SLOW_SENDERS"])
async def test_a_full_lane_holds_up_only_senders_with_files(line: Line, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(worker, limit, 2)
    go_on = asyncio.Event()

    async def slow(reference: str) -> Fetched:
        await go_on.wait()
        return Fetched(content=PDF)

    line.channel.fetches = slow
    line.start()
    await line.accept(*(inbound(f"f{n}", phone(f"+40{n}"), attachments=(photo(f"r{n}"),)) for n in range(9)))
    await line.until(lambda: len(line.channel.asked) == 2)
    await line.accept(*(inbound(f"t{n}", phone(f"+50{n}")) for n in range(9)))
    async with asyncio.timeout(20):
        while len(await line.envelopes()) < 9:
            await asyncio.sleep(0.01)
    assert (set(await line.envelopes()), len(line.channel.asked)) == ({f"t{n}" for n in range(9)}, 2)
    go_on.set()
    await line.idle()
    assert len(await line.rows(attachments)) == 9
    assert (await line.books()).balance


async def test_the_rows_of_the_lane_are_counted(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sender with many files is as much as many senders."""
    monkeypatch.setattr(worker, "_SLOW_ROWS", 6)
    line.channel.fetches = lambda reference: asyncio.sleep(30)
    for who in range(4):
        await line.accept(*(inbound(f"f{who}{n}", phone(f"+40{who}"), attachments=(photo(f"{who}"),)) for n in range(3)))
    line.start()
    await line.until(lambda: len(line.channel.asked) == 2)
    await asyncio.sleep(0.1)
    assert line.channel.asked == ["0", "1"]


async def test_the_time_is_for_all_files_of_a_contact_and_the_wait(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "SECONDS", 0.3)
    stage = line.preparer._media
    stage._lanes._shares = asyncio.Semaphore(2)
    line.channel.fetches = lambda reference: asyncio.sleep(30)
    await line.accept(inbound("m1", attachments=tuple(photo(f"r{n}") for n in range(6))))
    (row,) = await line.journal.pending()
    began = asyncio.get_running_loop().time()
    ready = await line.preparer.one(row)
    assert asyncio.get_running_loop().time() - began < 0.6
    assert isinstance(ready, Ready)
    assert [one.reason for one in ready.message.attachments] == ["timeout"] * 6


REASONS: tuple[MediaReason, ...] = get_args(MediaReason)


@pytest.mark.parametrize("reason", REASONS)
async def test_what_cannot_be_had_says_why(line: Line, reason: MediaReason) -> None:
    def refuse(reference: str) -> Fetched:
        raise MediaUnavailable(reason)

    line.channel.fetches = refuse
    line.start()
    await line.accept(inbound("m1", attachments=(photo(filename="foto.png", caption="Rotta"),)))
    await line.idle()
    (one,) = await shown(line, "m1")
    assert (one["state"], one["reason"], one["url"], one["sha256"]) == ("unavailable", reason, None, None)
    assert (one["filename"], one["caption"]) == ("foto.png", "Rotta")
    assert await line.rows(attachments) == []


async def test_a_file_that_never_comes_is_given_up(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "SECONDS", 0.05)
    line.channel.fetches = lambda reference: asyncio.sleep(30)
    line.start()
    await line.accept(inbound("m1", attachments=(photo(),)))
    await line.idle()
    assert [one["reason"] for one in await shown(line, "m1")] == ["timeout"]


@pytest.mark.parametrize(("failures", "stored"), [(1, True), (2, True), (3, False)])
async def test_what_may_pass_is_tried_again(line: Line, failures: int, stored: bool) -> None:
    left = [MediaUnavailable("provider_error", retryable=True)] * failures

    def fetch(reference: str) -> Fetched:
        if left:
            raise left.pop()
        return Fetched(content=PDF)

    line.channel.fetches = fetch
    line.start()
    await line.accept(inbound("m1", attachments=(photo(),)))
    await line.idle()
    assert [one["state"] for one in await shown(line, "m1")] == ["stored" if stored else "unavailable"]
    assert len(line.channel.asked) == min(failures + 1, 3)


def _raise(error: Exception) -> Callable[[str], Fetched]:
    def fetch(reference: str) -> Fetched:
        raise error

    return fetch


@pytest.mark.parametrize("error", [LookupError("x"), TimeoutError(), RecursionError()])
async def test_a_connectors_defect_costs_its_file_only(line: Line, error: Exception) -> None:
    line.channel.fetches = _raise(error)
    line.start()
    await line.accept(inbound("m1", attachments=(photo(), InboundAttachment(content=PDF))))
    await line.idle()
    assert [(one["state"], one["reason"]) for one in await shown(line, "m1")] == [
        ("unavailable", "provider_error"),
        ("stored", None),
    ]


async def test_a_connector_that_is_configured_no_more(line: Line) -> None:
    line.start()
    await line.accept(inbound("m1", attachments=(photo(),)), connector="gone")
    await line.idle()
    assert [one["reason"] for one in await shown(line, "m1")] == ["unsupported"]


async def test_bytes_that_came_with_the_contact_and_reasons_the_channel_knew(line: Line) -> None:
    line.start()
    files = (
        InboundAttachment(content=PDF, filename="fattura.pdf", content_type="text/html; charset=x"),
        InboundAttachment(content=b"", filename="vuoto.txt"),
        InboundAttachment(filename="grande.mov", unavailable="too_large"),
    )
    await line.accept(inbound("m1", attachments=files))
    await line.idle()
    found = await shown(line, "m1")
    assert [(one["state"], one["reason"], one["content_type"]) for one in found] == [
        ("stored", None, "application/pdf"),
        ("stored", None, "application/octet-stream"),
        ("unavailable", "too_large", None),
    ]
    assert len({one["id"] for one in found}) == 3
    assert line.channel.asked == []


async def test_ids_are_the_same_when_it_is_processed_again(line: Line) -> None:
    """What is fetched again after a crash before the commit has the same ids."""
    await line.accept(inbound("m1", attachments=(photo("a"), photo("b"))))
    rows = await line.journal.pending()
    first, second = [await line.preparer.one(rows[0]) for _ in range(2)]
    assert first == second


async def test_files_are_not_fetched_again_because_a_commit_failed(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    from storage.database import DatabaseUnavailable

    real, failures = line.database.write, [DatabaseUnavailable("away")] * 3

    async def write(work: Any) -> Any:
        if failures:
            raise failures.pop()
        return await real(work)

    monkeypatch.setattr(line.database, "write", write)
    line.start()
    await line.accept(inbound("m1", attachments=(photo(),)))
    await line.idle()
    assert line.channel.asked == ["media-1"]


async def test_blobs_that_are_away_hold_the_contact_back(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = line.blobs.put, [BlobsUnavailable("full")] * 2

    async def put(content: bytes) -> Any:
        if failures:
            raise failures.pop()
        return await real(content)

    monkeypatch.setattr(line.blobs, "put", put)
    line.start()
    await line.accept(inbound("m1", attachments=(photo(),)))
    await line.idle()
    assert [one["state"] for one in await shown(line, "m1")] == ["stored"]


@pytest.mark.parametrize("where", ["media", "normaliser"])
async def test_a_defect_of_ours_is_a_held_contact(line: Line, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def broken(*arguments: object, **more: object) -> None:
        raise LookupError

    if where == "media":
        monkeypatch.setattr(media, "sniff", broken)
    else:
        monkeypatch.setattr(prepare, "normalise", broken)
    line.start()
    await line.accept(inbound("m1", attachments=(photo(),)))
    await line.idle()
    assert await line.held() == [("normalizer_failed", b'{"id":"m1"}')]
    assert (await line.books()).balance


@pytest.mark.parametrize(
    ("content", "declared", "found"),
    [
        (PNG, "text/plain", "image/png"),
        (PDF, None, "application/pdf"),
        (b"ciao", "Text/Plain; charset=utf-8", "text/plain"),
        (b"ciao", None, "application/octet-stream"),
        (b"", "image/png", "image/png"),
        (b"", " ; ", "application/octet-stream"),
    ],
)
def test_sniffing(content: bytes, declared: str | None, found: str) -> None:
    assert sniff(content, declared) == found


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"PK\x03\x04", b"GIF8", b"RIFF", b"\xff\xd8\xff", b"<?xml", b"%PDF", b"{"])
)
def test_sniffing_never_raises(content: bytes, head: bytes) -> None:
    assert "/" in sniff(head + content, None)


def test_sniffing_leaves_nothing_open() -> None:
    for _ in range(20):
        assert "/" in sniff(os.urandom(9_000), None)


@pytest.mark.parametrize("content", [None, PDF])
async def test_of_too_many_files_the_rest_are_named_only(
    line: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    monkeypatch.setattr(media, "SHOWN", 120)
    line.start()
    made = [photo(f"r{n}", filename=f"{n}.png", caption="c", content=content) for n in range(20_000)]
    await line.accept(inbound("m1", attachments=tuple(made)))
    await line.idle()
    found = await shown(line, "m1")
    beyond = ("unavailable", "too_many") if content is None else ("stored", None)  # what came along is there already
    assert [(one["state"], one["reason"]) for one in found] == [("stored", None)] * 100 + [beyond] * 20
    assert (found[119]["filename"], found[119]["caption"]) == ("119.png", "c")
    assert len({one["id"] for one in found}) == 120
    assert len(line.channel.asked) == (100 if content is None else 0)
    [told] = [one.__dict__["files"] for one in caplog.records if one.name == "regia.pipeline.media"]
    assert told == 20_000


async def test_a_link_of_an_envelope_opens_it(line: Line) -> None:
    line.start()
    await line.accept(inbound("m1", attachments=(InboundAttachment(content=PDF),)))
    await line.idle()
    (one,) = await shown(line, "m1")
    expires, signature = one["url"].partition("?expires=")[2].split("&signature=")
    assert LINKS._sign(one["id"], int(expires)) == signature
