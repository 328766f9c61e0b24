"""A mailbox on a real Dovecot: every mail comes once, in order, byte for byte, and nothing is touched too early."""

import asyncio
import re
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Polled
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.email import EmailConnector, EmailSettings, imap, imap_folder, imap_idle
from connectors.email.imap import ImapSession, ImapSource
from connectors.email.imap_cursor import Place
from connectors.email.settings import ImapSettings
from connectors.errors import SourceFailed
from connectors.exchange import HttpResponse
from tests.servers.dovecot import DovecotServer
from tests.servers.process import free_port

LARGE = 100_000
"""`max_body` in these tests."""


def mail(name: str, size: int = 0) -> bytes:
    body = b"x" * 70 + b"\r\n"
    return b"From: Anna <anna@example.it>\r\nSubject: " + name.encode() + b"\r\n\r\n" + body * (size // len(body))


def subjects(polled: Polled | None) -> list[str]:
    assert polled is not None
    return [re.findall(rb"Subject: (.*)\r\n", request.body)[0].decode() for request in polled.requests]


class Mailbox:
    """What a test does with one user's mailbox."""

    def __init__(self, server: DovecotServer, user: str) -> None:
        self.server, self.user = server, user

    def deliver(self, *names: str, folder: str = "INBOX") -> None:
        self.server.deliver_many(self.user, [mail(name) for name in names], folder)

    def source(self, folder: str = "INBOX", *, since: date | None = None, **changed: Any) -> ImapSource:
        settings: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.server.port,
            "tls": "none",
            "user": self.user,
            "password": self.server.password,
            "start": "all",
        }
        settings = {name: value for name, value in (settings | changed).items() if value is not None}
        return ImapSource(folder, ImapSettings.model_validate(settings), LARGE, since=since)

    @asynccontextmanager
    async def session(self, folder: str = "INBOX", **changed: Any) -> AsyncIterator[ImapSession]:
        session = await self.source(folder, **changed).open(FakeHttp())
        try:
            yield session
        finally:
            await session.close()

    async def fails(self, folder: str = "INBOX", **changed: Any) -> SourceFailed:
        with pytest.raises(SourceFailed) as failed:
            await self.source(folder, **changed).open(FakeHttp())
        assert self.user not in str(failed.value)
        return failed.value

    def flags(self, folder: str = "INBOX") -> list[set[str]]:
        return [set(one.flags) for one in self.server.mails(self.user, folder)]

    def names(self, folder: str = "INBOX") -> list[str]:
        return [re.findall(rb"Subject: (.*)\r\n", one.raw)[0].decode() for one in self.server.mails(self.user, folder)]


@pytest.fixture
def box(dovecot: DovecotServer, mail_user: str) -> Mailbox:
    return Mailbox(dovecot, mail_user)


async def look(session: ImapSession) -> None:
    """A server need not tell of new mail before it is asked something other than a search."""
    await session._link.ask(session._link.protocol.simple_command("NOOP"))


async def everything(session: ImapSession, cursor: str | None = None) -> tuple[list[str], str]:
    """The subjects of all that comes after `cursor`, settled step by step, and the place at the end."""
    names: list[str] = []
    while (polled := await session.next(cursor)) is not None:
        names += subjects(polled)
        await session.settle(polled)
        assert polled.cursor != cursor
        cursor = polled.cursor
    assert cursor is not None
    return names, cursor


# -- opening


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_every_kind_of_connection(box: Mailbox, tls: str, host: str) -> None:
    box.deliver("one")
    port = box.server.imaps_port if tls == "implicit" else box.server.port
    async with box.session(tls=tls, port=port, host=host, ca_file=box.server.certificates.ca_file) as session:
        assert subjects(await session.next(None)) == ["one"]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_nobody_vouches_for(box: Mailbox, tls: str) -> None:
    port = box.server.imaps_port if tls == "implicit" else box.server.port
    failed = await box.fails(tls=tls, port=port)
    assert failed.reason == "tls_failed"
    assert "certificate is not accepted" in failed.detail


async def test_certificates_that_cannot_be_read(box: Mailbox, tmp_path: Any) -> None:
    """They were there when the settings were read."""
    path = tmp_path / "ca.pem"
    path.write_bytes(box.server.ca_file.read_bytes())
    source = box.source(tls="starttls", ca_file=path)
    for spoil in (lambda: path.write_text("no certificate"), path.unlink):
        spoil()
        with pytest.raises(SourceFailed) as failed:
            await source.open(FakeHttp())
        assert (failed.value.reason, "ca_file" in failed.value.detail) == ("tls_failed", True)


async def test_tls_to_a_port_without(box: Mailbox) -> None:
    assert (await box.fails(tls="implicit")).reason == "tls_failed"


async def test_nobody_there(box: Mailbox) -> None:
    assert (await box.fails(port=free_port())).reason == "unreachable"


async def test_a_wrong_password(box: Mailbox) -> None:
    failed = await box.fails(password='wrong"\\')
    assert failed.reason == "login_refused"
    assert "wrong" not in str(failed)


@pytest.mark.parametrize("character", ["\r", "\n", "\0"])
async def test_a_login_of_several_lines(box: Mailbox, character: str) -> None:
    for changed in ({"password": f"a{character}b"}, {"user": f"{box.user}{character}a1 LOGOUT"}):
        assert (await box.fails(**changed)).reason == "login_refused"


async def test_a_folder_that_is_not_there(box: Mailbox) -> None:
    assert (await box.fails("Nirgends")).reason == "folder_missing"


async def test_without_the_library(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aioimaplib", None)
    failed = await box.fails()
    assert failed.reason == "not_installed"
    assert "pip install 'regia[email]'" in failed.detail


@pytest.mark.parametrize("folder", ["Gelöscht & mehr", 'Ein "Ordner" \\ hier', "台北/日本語"])
async def test_names_of_folders(box: Mailbox, folder: str) -> None:
    box.deliver("one", folder=folder)
    async with box.session(folder, afterwards="move", move_to="Fertig/Erledigt ✓") as session:
        assert await everything(session) == (["one"], session_cursor(session, 1))
    assert box.names(folder) == []
    assert box.names("Fertig/Erledigt ✓") == ["one"]


def session_cursor(session: ImapSession, uid: int) -> str:
    """The place behind the mail with this UID, where there was none after it when the folder was opened."""
    folder = session._folder
    return Place.first("all", folder.uidvalidity, folder.highest, datetime.now(UTC)).at(uid).text


def test_one_source_for_each_folder() -> None:
    settings: dict[str, Any] = {"brand": "demo", "address": "help@shop.example"}
    login = {"host": "mail.example", "user": "u", "password": "p", "folders": ["INBOX", "Resi"]}
    connector = EmailConnector("mail", EmailSettings.model_validate({**settings, "imap": login}))
    assert [source.name for source in connector.sources()] == ["INBOX", "Resi"]
    assert EmailConnector("mail", EmailSettings.model_validate(settings)).sources() == ()


# -- OAuth


def grant_of(box: Mailbox) -> dict[str, str]:
    return {"provider": "other", "client_id": box.user, "refresh_token": "r", "token_url": "https://id.example/token"}


def token_of(box: Mailbox, number: int) -> HttpResponse:
    return answer({"access_token": f"{box.user}-{number}", "expires_in": 3600})


async def test_tokens_are_kept_and_dropped_when_refused(box: Mailbox) -> None:
    """One that was kept is replaced at once and tried once more; one that was just given is not."""
    grant = grant_of(box)
    box.deliver("one")
    http = FakeHttp(*(token_of(box, number) for number in (1, 2, 3)))
    box.server.accept_token(box.user, f"{box.user}-1")
    source = box.source(password=None, oauth=grant)
    for _ in range(2):
        session = await source.open(http)
        assert subjects(await session.next(None)) == ["one"]
        await session.close()
    assert len(http.calls) == 1
    box.server.revoke_token(f"{box.user}-1")
    with pytest.raises(SourceFailed) as failed:
        await source.open(http)
    assert failed.value.reason == "login_refused"
    assert box.user not in str(failed.value)
    assert len(http.calls) == 2
    box.server.accept_token(box.user, f"{box.user}-3")
    await (await source.open(http)).close()
    assert len(http.calls) == 3


async def test_a_kept_token_that_was_withdrawn(box: Mailbox) -> None:
    box.deliver("one")
    http = FakeHttp(token_of(box, 1), token_of(box, 2))
    source = box.source(password=None, oauth=grant_of(box))
    for number in (1, 2):
        box.server.accept_token(box.user, f"{box.user}-{number}")
        session = await source.open(http)
        assert subjects(await session.next(None)) == ["one"]
        await session.close()
        box.server.revoke_token(f"{box.user}-{number}")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (answer({"error": "invalid_grant"}, status=400), "consent_gone"),
        (answer(b"<html>", status=502), "token_unavailable"),
    ],
)
async def test_a_kept_token_that_nothing_follows(box: Mailbox, said: HttpResponse, reason: str) -> None:
    """The token server's reason is told at the first attempt."""
    http = FakeHttp(token_of(box, 1), said)
    box.server.accept_token(box.user, f"{box.user}-1")
    source = box.source(password=None, oauth=grant_of(box))
    await (await source.open(http)).close()
    box.server.revoke_token(f"{box.user}-1")
    with pytest.raises(SourceFailed) as failed:
        await source.open(http)
    assert failed.value.reason == reason


# -- reading


async def test_bytes_and_arrival(box: Mailbox) -> None:
    raw = b"From: a@b.example\r\nSubject: \xff\xfe\r\n\r\n* 1 FETCH (UID 9 {3}\r\n)\r\n\x00+ x\r\n" + bytes(range(1, 256))
    raw = raw.replace(b"\x00", b"").replace(b"\r", b"").replace(b"\n", b"\r\n")
    box.server.deliver(box.user, raw)
    async with box.session() as session:
        polled = await session.next(None)
        assert polled is not None
        (request,) = polled.requests
    assert (request.method, request.url, request.body, request.content_type) == ("POST", "", raw, "message/rfc822")
    arrived = datetime.fromisoformat(request.headers["x-regia-arrived-at"])
    assert timedelta() <= request.received_at - arrived < timedelta(minutes=1)
    assert box.flags() == [set()]


async def test_an_empty_folder_has_a_beginning(box: Mailbox) -> None:
    async with box.session() as session:
        names, cursor = await everything(session)
        assert names == []
        box.deliver("one")
        await look(session)
        names, later = await everything(session, cursor)
    assert names == ["one"]
    async with box.session() as session:
        assert await session.next(later) is None


@pytest.mark.parametrize(
    ("start", "expected"),
    [("new", ["new 1", "new 2"]), ("unseen", ["b", "c", "new 1", "new 2"]), ("all", ["a", "b", "c", "new 1", "new 2"])],
)
async def test_where_it_starts(box: Mailbox, start: str, expected: list[str]) -> None:
    box.deliver("a", "b", "c")
    async with box.session(afterwards="flag") as session:
        polled = await session.next(None)
        assert polled is not None
        await session._folder.flag([1], r"(\Seen)")
    if start != "new":
        box.deliver("new 1")
    async with box.session(start=start) as session:
        names, cursor = await everything(session)
        box.deliver(*(["new 1", "new 2"] if start == "new" else ["new 2"]))
        await look(session)
        assert [*names, *(await everything(session, cursor))[0]] == expected


async def test_a_place_is_kept_from_the_first_look(box: Mailbox) -> None:
    """With `start: new` what comes between the first session and the second is new."""
    box.deliver("old")
    async with box.session(start="new") as session:
        first = await session.next(None)
        assert first is not None
        assert first.requests == ()
    box.deliver("between")
    async with box.session(start="new") as session:
        assert subjects(await session.next(first.cursor)) == ["between"]


async def test_steps_are_bounded(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"mail {number}" for number in range(120)]
    box.deliver(*names)
    async with box.session() as session:
        cursor, steps = None, []
        while (polled := await session.next(cursor)) is not None:
            cursor = polled.cursor
            steps.append(subjects(polled))
        assert [len(step) for step in steps] == [50, 50, 20]
        assert [name for step in steps for name in step] == names
        monkeypatch.setattr(imap, "STEP_BYTES", 200)
        monkeypatch.setattr(imap, "STEP_MAILS", 3)
        assert [len(subjects(await session.next(None))) for _ in range(2)] == [3, 3]
        monkeypatch.setattr(imap, "STEP_BYTES", 1)
        assert len(subjects(await session.next(None))) == 1


async def test_a_step_that_is_not_taken_comes_again(box: Mailbox) -> None:
    box.deliver("a", "b")
    async with box.session() as session:
        first = await session.next(None)
        assert first is not None
        box.deliver("c")
        await look(session)
        assert subjects(await session.next(None)) == ["a", "b"]
        assert subjects(await session.next(first.cursor)) == ["c"]
        assert subjects(await session.next(None)) == ["a", "b"]


async def test_large_folders_are_searched_in_stretches(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"mail {number}" for number in range(60)]
    box.deliver(*names)
    async with box.session() as session:
        await session._folder.flag(range(1, 41), r"(\Seen)")
        await session._folder.move(range(45, 51), "Elsewhere")
    left = names[40:44] + names[50:]
    for name, value in (("FEW", 10), ("NARROW", 4), ("WIDE", 8)):
        monkeypatch.setattr(imap_folder, name, value)
    async with box.session(start="unseen") as session:
        assert await session.count() == len(left)
        names, cursor = await everything(session)
        assert names == left
        box.deliver("new")
        await look(session)
        assert (await everything(session, cursor))[0] == ["new"]
    monkeypatch.setattr(imap, "_SEARCHING", 0.0)
    async with box.session(start="unseen", afterwards="leave") as session:
        passed = await session.next(None)
        assert passed is not None
        assert (passed.requests, Place.read(passed.cursor).last) == ((), 4)


async def test_expunged_in_between(box: Mailbox) -> None:
    box.deliver("a", "b", "c", "d")
    async with box.session() as session, box.session() as other:
        uids, _ = await session._ahead(session._place(None))
        await other._folder.move([2, 4], "Elsewhere")
        assert uids == [1, 2, 3, 4]
        names, cursor = await everything(session)
        assert names == ["a", "c"]
        await other._folder.move([1, 3], "Elsewhere")
        assert await session.next(cursor) is None


async def test_a_mail_that_is_too_large(box: Mailbox) -> None:
    huge = mail("huge", 3 * LARGE)
    box.server.deliver_many(box.user, [mail("a"), huge, mail("b")])
    async with box.session(afterwards="move") as session:
        polled = await session.next(None)
        assert polled is not None
        await session.settle(polled)
    assert subjects(polled) == ["a", "b"]
    (unreadable,) = polled.unreadable
    header, _, _ = huge.partition(b"\r\n\r\n")
    assert (unreadable.reason, unreadable.content_type) == ("too_large", "message/rfc822")
    assert unreadable.raw == huge[: len(header) + 4 + imap.HEAD]
    assert "'INBOX'" in unreadable.detail
    assert "UID 2 " in unreadable.detail
    assert f"{len(huge)} bytes" in unreadable.detail
    assert (box.names(), box.flags()) == (["huge"], [set()])


async def test_new_numbers(box: Mailbox) -> None:
    """Whatever came since the first connection comes again, and of what was there before the unread."""
    box.deliver("read", "unread")
    async with box.session(start="unseen", afterwards="leave") as session:
        await session._folder.flag([1], r"(\Seen)")
        names, cursor = await everything(session)
        box.deliver("later")
        await look(session)
        names, cursor = await everything(session, cursor)
        await session._folder.flag([3], r"(\Seen)")
    before = Place.read(cursor)
    server = box.server
    await asyncio.to_thread(server.change_uidvalidity, box.user)
    async with box.session(start="unseen", afterwards="leave") as session:
        names, cursor = await everything(session, cursor)
    assert names == ["read", "unread", "later"]  # all of them came today
    after = Place.read(cursor)
    assert (after.uidvalidity != before.uidvalidity, after.last, after.since) == (True, 3, before.since)
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date()
    old = Place(uidvalidity=1, last=3, until=3, wanted="unseen", since=tomorrow).text
    for start, expected in (("unseen", ["unread"]), ("new", []), ("all", ["read", "unread", "later"])):
        async with box.session(start=start, afterwards="leave") as session:
            assert (await everything(session, old))[0] == expected


# -- afterwards


@pytest.mark.parametrize(
    ("afterwards", "flags", "names", "moved"),
    [
        ("leave", [set()] * 3, ["a", "b", "c"], []),
        ("flag", [{"\\Seen"}] * 3, ["a", "b", "c"], []),
        ("move", [], [], ["a", "b", "c"]),
    ],
)
async def test_afterwards(box: Mailbox, afterwards: str, flags: list[set[str]], names: list[str], moved: list[str]) -> None:
    box.deliver("a", "b", "c")
    async with box.session(afterwards=afterwards) as session:
        polled = await session.next(None)
        assert polled is not None
        assert box.flags() == [set()] * 3
        await session.settle(polled)
        assert await session.next(polled.cursor) is None
    assert (box.flags(), box.names(), box.names("Processed")) == (flags, names, moved)


@pytest.mark.parametrize(
    ("without", "left", "flags"),
    [({"MOVE"}, [], []), ({"MOVE", "UIDPLUS"}, ["a", "b"], [{"\\Seen", "\\Deleted"}, {"\\Seen", "\\Deleted"}])],
)
async def test_moving_without_a_command_for_it(box: Mailbox, without: set[str], left: list[str], flags: list[set[str]]) -> None:
    box.deliver("a", "b")
    async with box.session(afterwards="move", move_to="Deep/Down") as session:
        session._link.protocol.capabilities -= without
        assert (await everything(session))[0] == ["a", "b"]
    assert (box.names(), box.flags(), box.names("Deep/Down")) == (left, flags, ["a", "b"])


async def test_nothing_is_moved_to_where_it_is(box: Mailbox) -> None:
    """Whoever opens a folder other than those of the settings may open the one that mails are moved to."""
    box.deliver("a", "b", folder="Done")
    async with box.session("Done", afterwards="move", move_to="Done") as session:
        names, cursor = await everything(session)
        assert names == ["a", "b"]
        await look(session)
        assert await session.next(cursor) is None
    assert box.flags("Done") == [{"\\Seen"}] * 2


async def test_a_step_of_an_earlier_numbering_settles_nothing(box: Mailbox) -> None:
    box.deliver("a")
    async with box.session(afterwards="move") as session:
        polled = await session.next(None)
        assert polled is not None
        stale = Polled(requests=polled.requests, cursor=polled.cursor, marks=(imap.Mark(1, 1),))
        await session.settle(stale)
    assert (box.names(), box.flags()) == (["a"], [set()])


# -- a backlog


async def test_a_backlog(box: Mailbox) -> None:
    box.deliver("a", "b", "c", folder="Archiv")
    today = datetime.now(UTC).date()
    everyone = ["a", "b", "c"]
    for since, expected in ((None, everyone), (today - timedelta(days=2), everyone), (today + timedelta(days=2), [])):
        settings = box.source()._settings
        source = ImapSource("Archiv", settings, LARGE, start="all", since=since, afterwards="leave")
        session = await source.open(FakeHttp())
        assert await session.count() == len(expected)
        names, cursor = await everything(session)
        assert names == expected
        assert await session.count(cursor) == 0
        await session.close()
    assert box.flags("Archiv") == [set()] * 3


# -- waiting


async def seconds_until(work: Any) -> float:
    loop = asyncio.get_running_loop()
    started = loop.time()
    await work
    return loop.time() - started


def soon(work: Callable[[], object], delay: float = 0.2) -> threading.Timer:
    """Do something to the server from another thread, while the test waits."""
    timer = threading.Timer(delay, work)
    timer.start()
    return timer


@pytest.mark.parametrize("idle", [True, False])
async def test_waiting_ends_with_mail(box: Mailbox, monkeypatch: pytest.MonkeyPatch, *, idle: bool) -> None:
    monkeypatch.setattr(imap_idle, "BETWEEN", 0.5)
    async with box.session() as session:
        session._link.protocol.capabilities -= set() if idle else {"IDLE"}
        _, cursor = await everything(session)
        timer = soon(lambda: box.deliver("new"))
        assert await seconds_until(session.wait()) < 5
        timer.join()
        assert subjects(await session.next(cursor)) == ["new"]


async def test_waiting_ends_without_mail(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap_idle, "LONGEST", 0.3)
    async with box.session() as session:
        _, cursor = await everything(session)
        for _ in range(2):
            assert 0.2 < await seconds_until(session.wait()) < 2
        assert await session.next(cursor) is None


async def test_mail_announced_before_is_not_waited_for(box: Mailbox) -> None:
    async with box.session() as session:
        _, cursor = await everything(session)
        box.deliver("new")
        await look(session)
        assert await seconds_until(session.wait()) < 0.2
        assert subjects(await session.next(cursor)) == ["new"]


async def at_its_end(box: Mailbox) -> ImapSession:
    """A session that has read all there is, and would wait."""
    session = await box.source().open(FakeHttp())
    await session.next(None)
    return session


async def ends_with(session: ImapSession, reason: str, work: Any) -> None:
    with pytest.raises(SourceFailed) as failed:
        await work
    assert failed.value.reason == reason
    for later in (session.next(None), session.wait()):
        with pytest.raises(SourceFailed) as failed:
            await later
        assert failed.value.reason == reason
    await session.close()
    assert session._link.wire.transport.is_closing()


async def test_the_server_says_goodbye_in_idle(box: Mailbox) -> None:
    session = await at_its_end(box)
    timer = soon(box.server.disconnect_all)
    assert await seconds_until(ends_with(session, "closed", session.wait())) < 3
    timer.join()


async def test_the_server_is_killed_in_idle(box: Mailbox) -> None:
    session = await at_its_end(box)
    timer = soon(box.server.kill)
    try:
        assert await seconds_until(ends_with(session, "closed", session.wait())) < 2
    finally:
        timer.join()
        await asyncio.to_thread(box.server.start_again)
    async with box.session() as session:
        assert await session.next(None) is not None


async def test_the_server_stands_still(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap_idle, "LONGEST", 0.2)
    monkeypatch.setattr(imap_idle, "COMMAND", 0.3)
    session, other = await at_its_end(box), await at_its_end(box)
    box.server.freeze()
    try:
        assert await seconds_until(ends_with(session, "too_slow", session.wait())) < 2
        monkeypatch.setattr(imap_folder, "DATA", 0.3)
        assert await seconds_until(ends_with(other, "too_slow", other.next(None))) < 2
    finally:
        box.server.thaw()


async def test_cancelled_while_waiting(box: Mailbox) -> None:
    """The runner stops in the middle of IDLE: the session closes at once, and leaves nothing behind."""
    session = await at_its_end(box)
    waiting = asyncio.create_task(session.wait())
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await seconds_until(session.close()) < 0.5
    await session.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_two_sessions_at_a_time_and_ten_one_after_another(box: Mailbox) -> None:
    box.deliver("a")
    async with box.session() as one, box.session() as two:
        assert subjects(await one.next(None)) == subjects(await two.next(None)) == ["a"]
    for _ in range(10):
        async with box.session() as session:
            assert await session.count() == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}
