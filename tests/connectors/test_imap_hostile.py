"""Servers that are broken, or somebody else: every session ends in time, under its name, and leaves nothing behind."""

import asyncio
import base64
import contextlib
import gc
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Polled
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.email import imap_folder, imap_idle, imap_link
from connectors.email.imap import ImapSession, ImapSource
from connectors.email.settings import ImapSettings
from connectors.errors import SourceFailed
from tests.connectors.scripted_imap import CAPABILITY, Conversation, Reaction, ScriptedServer
from tests.servers.certificates import Certificates, write_certificates
from tests.servers.unprivileged import Account

USER, PASSWORD, TOKEN = "desk@shop.example", "se cret", "ya29.TOKEN"
GRANT = {"provider": "other", "client_id": "app", "refresh_token": "r", "token_url": "https://id.example/token"}
LARGE = 1000
MAIL = b"From: a@b.example\r\n\r\nhello"


@pytest.fixture(autouse=True)
def short_times(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a server is expected to say nothing, what takes seconds in life takes tenths."""
    given = getattr(request.node, "callspec", None)
    if given is not None and any(value in ("too_slow", xoauth2_failure_and_silence) for value in given.params.values()):
        shorten(monkeypatch)


def shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (imap_link, imap_idle, imap_folder):
        for name, value in (("COMMAND", 0.3), ("DATA", 0.6), ("SILENT", 0.3), ("GOODBYE", 0.2), ("LONGEST", 0.3)):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, value)
    for method in (imap_link.Link.call, imap_link.Link.ask):
        monkeypatch.setattr(method, "__kwdefaults__", {**method.__kwdefaults__, "seconds": 0.3})


@pytest.fixture(autouse=True)
async def nothing_left_behind() -> Any:
    """No task, and no exception or socket that only the garbage collector would tell of."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    yield
    for _ in range(20):
        if asyncio.all_tasks() == {asyncio.current_task()}:
            break
        await asyncio.sleep(0.01)
    gc.collect(1)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert told == []


def source(server: ScriptedServer, **changed: Any) -> ImapSource:
    settings: dict[str, Any] = {"host": "127.0.0.1", "port": server.port, "tls": "none", "user": USER, "password": PASSWORD}
    settings = {name: value for name, value in (settings | {"start": "all"} | changed).items() if value is not None}
    return ImapSource("INBOX", ImapSettings.model_validate(settings), LARGE)


async def failure(work: Awaitable[object], seconds: float = 2.0) -> SourceFailed:
    """What it fails with, in time, and without a word of the server's or a secret of ours."""
    with pytest.raises(SourceFailed) as failed:
        await asyncio.wait_for(work, seconds)
    for word in (USER, PASSWORD, TOKEN, "SERVER WORDS", base64.b64encode(PASSWORD.encode()).decode()):
        assert word not in str(failed.value)
    return failed.value


async def outcome(reactions: Mapping[str, Reaction], work: Callable[[ImapSession], Awaitable[Any]], **changed: Any) -> Any:
    """What `work` gives or fails with on a session with a server of these reactions."""
    async with ScriptedServer.serving(reactions) as server:
        session = await source(server, **changed).open(FakeHttp())
        try:
            return await asyncio.wait_for(work(session), 3)
        except SourceFailed as failed:
            reason, said = failed.reason, str(failed)
        finally:
            await asyncio.wait_for(session.close(), 1)
        assert "SERVER WORDS" not in said
        assert (await failure(session.next(None))).reason == reason
        return reason


async def once(session: ImapSession) -> Polled | None:
    return await session.next(None)


def sizes(*uids: int, size: int = len(MAIL)) -> bytes:
    return b"\r\n".join(b"* %d FETCH (UID %d RFC822.SIZE %d)" % (uid, uid, size) for uid in uids)


def bodies(*uids: int, raw: bytes = MAIL) -> bytes:
    return b"\r\n".join(b"* %d FETCH (UID %d BODY[] {%d}\r\n%b)" % (uid, uid, len(raw), raw) for uid in uids)


def fetching(found: bytes, mails: bytes) -> Reaction:
    """Sizes first, then mails."""

    async def react(conversation: Conversation, tag: str) -> None:
        asked = conversation.heard[-1]
        conversation.ok(tag, found if "RFC822.SIZE" in asked else mails)

    return react


async def silent(conversation: Conversation, tag: str) -> None:
    await conversation.until_gone()


async def hang_up(conversation: Conversation, tag: str) -> None:
    conversation.writer.close()


def says(*lines: bytes) -> Reaction:
    """Exactly these lines, `TAG` standing for the command's."""

    async def react(conversation: Conversation, tag: str) -> None:
        conversation.send(*(line.replace(b"TAG", tag.encode()) for line in lines))

    return react


# -- before the login


@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        (None, "too_slow"),
        (b"* BYE SERVER WORDS", "closed"),
        (b"* PREAUTH welcome", "protocol_error"),
        (b"220 mail.example ESMTP SERVER WORDS", "protocol_error"),
        (b"SSH-2.0-OpenSSH_9.2", "protocol_error"),
        (b"\x16\x03\x01\x02\x00\xff\xfe", "protocol_error"),
        (b"", "protocol_error"),
        (b"x" * (1 << 21), "protocol_error"),
    ],
)
@pytest.mark.parametrize("tls", ["none", "starttls"])
async def test_greetings(greeting: bytes | None, reason: str, tls: str) -> None:
    async with ScriptedServer.serving(greeting=greeting) as server:
        assert (await failure(source(server, tls=tls).open(FakeHttp()))).reason == reason


@pytest.mark.parametrize(
    ("command", "reaction", "reason"),
    [
        ("CAPABILITY", silent, "too_slow"),
        ("CAPABILITY", hang_up, "closed"),
        ("CAPABILITY", says(b"TAG BAD SERVER WORDS"), "protocol_error"),
        ("CAPABILITY", says(b"* CAPABILITY \xff", b"TAG OK"), "protocol_error"),
        ("CAPABILITY", says(b"* CAPABILITY NOTHING", b"TAG OK done"), "protocol_error"),
        ("CAPABILITY", says(b"WRONG OK done"), "protocol_error"),
        ("AUTHENTICATE", silent, "too_slow"),
        ("AUTHENTICATE", hang_up, "closed"),
        ("AUTHENTICATE", says(b"* BYE SERVER WORDS"), "closed"),
        ("AUTHENTICATE", says(b"TAG NO [AUTHENTICATIONFAILED] SERVER WORDS"), "login_refused"),
        ("AUTHENTICATE", says(b"TAG NO [UNAVAILABLE] SERVER WORDS"), "closed"),
        ("AUTHENTICATE", says(b"TAG BAD SERVER WORDS"), "protocol_error"),
        ("SELECT", silent, "too_slow"),
        ("SELECT", hang_up, "closed"),
        ("SELECT", says(b"TAG NO [NONEXISTENT] SERVER WORDS"), "folder_missing"),
        ("SELECT", says(b"TAG NO [INUSE] SERVER WORDS"), "closed"),
        ("SELECT", says(b"* 3 EXISTS", b"TAG OK done"), "protocol_error"),
    ],
)
async def test_ways_not_to_let_us_in(command: str, reaction: Reaction, reason: str) -> None:
    async with ScriptedServer.serving({command: reaction}) as server:
        assert (await failure(source(server).open(FakeHttp()))).reason == reason


async def test_no_way_to_log_in() -> None:
    async with ScriptedServer.serving({"CAPABILITY": b"* CAPABILITY IMAP4rev1 LOGINDISABLED"}) as server:
        assert (await failure(source(server).open(FakeHttp()))).reason == "login_refused"
    assert not any("LOGIN" in line for line in server.heard)


SASL = b"\0" + USER.encode() + b"\0" + 'päß\\"wort'.encode()


@pytest.mark.parametrize(
    ("capabilities", "password", "heard"),
    [
        ("AUTH=PLAIN SASL-IR", 'päß\\"wort', ["AUTHENTICATE PLAIN " + base64.b64encode(SASL).decode()]),
        ("auth=plain", 'päß\\"wort', ["AUTHENTICATE PLAIN", base64.b64encode(SASL).decode()]),
        ("", 'a b\\"c', [f'LOGIN "{USER}" "a b\\\\\\"c"']),
        ("", "päß", [f"LOGIN {{{len(USER)}}}", f"{USER} {{5}}", "päß"]),
    ],
)
async def test_every_password(capabilities: str, password: str, heard: list[str]) -> None:
    async def challenge(conversation: Conversation, tag: str) -> None:
        while len(conversation.heard) - begin < len(heard):
            conversation.send(b"+ go on")
            await conversation.line()
        conversation.ok(tag)

    begin = 1
    able = b"* CAPABILITY IMAP4rev1 " + capabilities.encode()
    async with ScriptedServer.serving({"CAPABILITY": able, "AUTHENTICATE": challenge, "LOGIN": challenge}) as server:
        await (await source(server, password=password).open(FakeHttp())).close()
    said = [line.partition(" ")[2] if number == 0 else line for number, line in enumerate(server.heard[1 : 1 + len(heard)])]
    assert said == heard


ERROR = base64.b64encode(b'{"status":"400","schemes":"Bearer","scope":"SERVER WORDS"}')


async def xoauth2_failure(conversation: Conversation, tag: str) -> None:
    conversation.send(b"+ " + ERROR)
    assert await conversation.line() == ""
    conversation.send(tag.encode() + b" NO SERVER WORDS")


async def xoauth2_failure_and_gone(conversation: Conversation, tag: str) -> None:
    conversation.send(b"+ " + ERROR)
    await conversation.line()
    conversation.writer.close()


async def xoauth2_failure_and_silence(conversation: Conversation, tag: str) -> None:
    conversation.send(b"+ " + ERROR)
    await conversation.until_gone()


async def xoauth2_for_ever(conversation: Conversation, tag: str) -> None:
    conversation.send(b"+ " + ERROR)
    while await conversation.line() == "":
        conversation.send(b"+ " + ERROR)


@pytest.mark.parametrize("able", [CAPABILITY, CAPABILITY.replace(b"SASL-IR ", b"")])
@pytest.mark.parametrize("reaction", [xoauth2_failure, xoauth2_failure_and_gone, xoauth2_failure_and_silence, xoauth2_for_ever])
async def test_a_refused_token(able: bytes, reaction: Callable[[Conversation, str], Awaitable[None]]) -> None:
    """The token is dropped: the next attempt asks for another."""
    credentials = base64.b64encode(f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01".encode()).decode()

    async def react(conversation: Conversation, tag: str) -> None:
        if not conversation.heard[-1].endswith(credentials):
            conversation.send(b"+ ")
            assert await conversation.line() == credentials
        await reaction(conversation, tag)

    grant = {**GRANT, "client_id": f"{reaction.__name__} {able!r}"}
    http = FakeHttp(*[answer({"access_token": TOKEN, "expires_in": 3600})] * 2)
    async with ScriptedServer.serving({"CAPABILITY": able, "AUTHENTICATE": react}) as server:
        refused = source(server, password=None, oauth=grant)
        for _ in range(2):
            assert (await failure(refused.open(http))).reason == "login_refused"
    assert len(http.calls) == 2


# -- STARTTLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("tls")

    class Myself:
        def own(self, path: Path) -> None:
            """The files stay ours."""

    account: Any = Myself()
    assert hasattr(Account, "own")
    return write_certificates(folder, account)


STARTTLS = CAPABILITY + b" STARTTLS"


@pytest.mark.parametrize(
    ("reactions", "reason"),
    [
        ({}, "tls_failed"),  # the offer was taken out on its way
        ({"CAPABILITY": b"* CAPABILITY IMAP4rev1 XSTARTTLS"}, "tls_failed"),
        ({"CAPABILITY": STARTTLS, "STARTTLS": says(b"TAG NO SERVER WORDS")}, "tls_failed"),
        ({"CAPABILITY": STARTTLS, "STARTTLS": says(b"TAG OK go", b"* CAPABILITY IMAP4rev1")}, "tls_failed"),
        ({"CAPABILITY": STARTTLS, "STARTTLS": says(b"TAG OK go", b"* OK [CAPABILITY X", b"half a line")}, "tls_failed"),
        ({"CAPABILITY": STARTTLS, "STARTTLS": says(b"* BYE SERVER WORDS")}, "too_slow"),
        ({"CAPABILITY": STARTTLS, "STARTTLS": hang_up}, "closed"),
        ({"CAPABILITY": STARTTLS, "STARTTLS": silent}, "too_slow"),
        ({"CAPABILITY": says(*[b"* CAPABILITY STARTTLS"] * 50)}, "protocol_error"),
    ],
)
async def test_tls_that_is_taken_away(reactions: Mapping[str, Reaction], reason: str) -> None:
    async with ScriptedServer.serving(reactions) as server:
        assert (await failure(source(server, tls="starttls").open(FakeHttp()))).reason == reason
    assert {line.partition(" ")[2] for line in server.heard} <= {"CAPABILITY", "STARTTLS"}


async def test_no_tls_after_starttls() -> None:
    """What follows OK is no handshake."""

    async def react(conversation: Conversation, tag: str) -> None:
        conversation.ok(tag)
        await asyncio.sleep(0.05)
        conversation.send(b"* OK [CAPABILITY IMAP4rev1] SERVER WORDS")

    async with ScriptedServer.serving({"CAPABILITY": STARTTLS, "STARTTLS": react}) as server:
        assert (await failure(source(server, tls="starttls").open(FakeHttp()))).reason == "tls_failed"


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_server_that_stands_still_in_the_handshake(monkeypatch: pytest.MonkeyPatch, tls: str) -> None:
    monkeypatch.setattr(imap_link, "CONNECT", 0.2)

    async def stand_still(conversation: Conversation, tag: str) -> None:
        conversation.ok(tag)
        await conversation.until_gone()

    greeting = b"* OK hello" if tls == "starttls" else None
    async with ScriptedServer.serving({"CAPABILITY": STARTTLS, "STARTTLS": stand_still}, greeting=greeting) as server:
        assert (await failure(source(server, tls=tls).open(FakeHttp()))).reason == "too_slow"


async def test_a_certificate_for_another_name(certificates: Certificates) -> None:
    """It is one the settings trust, but for 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.cert_file, certificates.key_file)

    async def start(conversation: Conversation, tag: str) -> None:
        conversation.ok(tag)
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            await conversation.writer.start_tls(context)

    async with ScriptedServer.serving({"CAPABILITY": STARTTLS, "STARTTLS": start}, host="127.0.0.2") as server:
        stranger = source(server, tls="starttls", host="127.0.0.2", ca_file=certificates.ca_file)
        failed = await failure(stranger.open(FakeHttp()))
    assert (failed.reason, "certificate is not accepted" in failed.detail) == ("tls_failed", True)


async def test_what_was_said_before_tls_is_forgotten(certificates: Certificates) -> None:
    """A stranger offers AUTH=PLAIN and IDLE in clear; the server itself, over TLS, has neither."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.cert_file, certificates.key_file)
    secured: list[bool] = []

    async def able(conversation: Conversation, tag: str) -> None:
        conversation.ok(tag, b"* CAPABILITY IMAP4rev1" if secured else STARTTLS)

    async def start(conversation: Conversation, tag: str) -> None:
        conversation.ok(tag)
        secured.append(True)
        await conversation.writer.start_tls(context)

    async with ScriptedServer.serving({"CAPABILITY": able, "STARTTLS": start}) as server:
        session = await source(server, tls="starttls", ca_file=certificates.ca_file).open(FakeHttp())
        assert not session._link.can("IDLE")
        await session.close()
    said = [line.partition(" ")[2] for line in server.heard]
    assert said[:4] == ["CAPABILITY", "STARTTLS", "CAPABILITY", f'LOGIN "{USER}" "{PASSWORD}"']


# -- reading


@pytest.mark.parametrize(
    ("reactions", "reason"),
    [
        ({"UID SEARCH": silent}, "too_slow"),
        ({"UID SEARCH": hang_up}, "closed"),
        ({"UID SEARCH": says(b"* BYE SERVER WORDS")}, "closed"),
        ({"UID SEARCH": says(b"TAG NO SERVER WORDS")}, "protocol_error"),
        ({"UID SEARCH": says(b"* SEARCH " + b"1 " * (1 << 20))}, "protocol_error"),
        ({"UID SEARCH": says(b"* \xff\xfe 1", b"TAG OK done")}, "protocol_error"),
        ({"UID FETCH": silent}, "too_slow"),
        ({"UID FETCH": says(b"* 1 FETCH (UID 1 RFC822.SIZE 5")}, "too_slow"),
        ({"UID FETCH": fetching(sizes(1, 2, 3), b"* 1 FETCH (UID 1 BODY[] {999999999}")}, "too_slow"),
    ],
)
async def test_ways_to_stop_in_the_middle(reactions: Mapping[str, Reaction], reason: str) -> None:
    assert await outcome(reactions, once) == reason


@pytest.mark.parametrize("polite", [True, False])
async def test_gone_within_a_mail(*, polite: bool) -> None:
    async def react(conversation: Conversation, tag: str) -> None:
        if "RFC822.SIZE" in conversation.heard[-1]:
            conversation.ok(tag, sizes(1, 2, 3, size=500))
            return
        conversation.send(b"* 1 FETCH (UID 1 BODY[] {500}", b"From: a@b.example")
        await conversation.writer.drain()
        if polite:
            conversation.writer.close()
        else:
            conversation.writer.transport.abort()

    assert await outcome({"UID FETCH": react}, once) == "closed"


async def test_more_than_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap_link, "_MUCH", 100_000)
    flood = says(b"* 1 FETCH (FLAGS ())\r\n" * 10_000)
    assert await outcome({"UID FETCH": flood}, once) == "protocol_error"
    lines = says(b"* 1 FETCH (X 1)\r\n" * 5_000)
    assert await outcome({"UID FETCH": lines}, once) == "protocol_error"
    literal = fetching(sizes(1), b"* 1 FETCH (UID 1 BODY[] {400000}\r\n" + b"x" * 400_000 + b")")
    assert await outcome({"UID FETCH": literal}, once) == "protocol_error"


async def test_thousands_of_lines_in_one_answer() -> None:
    """The library alone recurses over the lines of what it gets, and dies at some 500."""
    noise = b"\r\n".join(b"* %d FETCH (FLAGS (\\Seen))" % number for number in range(3000))
    found = fetching(noise + b"\r\n" + sizes(1, 2, 3), bodies(3, 1) + b"\r\n" + noise + b"\r\n" + bodies(2))
    many = b"\r\n".join(b"* SEARCH %d" % uid for uid in (3, 1, 2)) + b"\r\n* 9 EXPUNGE" * 3000
    polled = await outcome({"UID SEARCH": many, "UID FETCH": found}, once)
    assert isinstance(polled, Polled)
    assert [mark.uid for mark in polled.marks] == [1, 2, 3]
    assert [request.body for request in polled.requests] == [MAIL] * 3


async def test_an_answer_in_single_bytes() -> None:
    async def react(conversation: Conversation, tag: str) -> None:
        sized = "RFC822.SIZE" in conversation.heard[-1]
        said = sizes(1, 2, 3) if sized else bodies(1, 2) + b"\r\n* 4 EXISTS\r\n" + bodies(3, raw=b"A: b\r\n\r\n")
        for byte in said + b"\r\n" + tag.encode() + b" OK done\r\n":
            conversation.writer.write(bytes([byte]))
            await asyncio.sleep(0)

    polled = await outcome({"UID FETCH": react}, once)
    assert [request.body for request in polled.requests] == [MAIL, MAIL, b"A: b\r\n\r\n"]


async def test_a_mail_the_server_keeps_for_itself() -> None:
    """Two of three come: one has been expunged; one is there, but damaged, and must neither block nor vanish."""

    async def found(conversation: Conversation, tag: str) -> None:
        asked = conversation.heard[-1]
        there = b"1 2 4" if "UID 1:3" in asked or "*" in asked else b"2"
        conversation.ok(tag, b"* SEARCH " + there)

    async def react(conversation: Conversation, tag: str) -> None:
        asked = conversation.heard[-1]
        if "RFC822.SIZE" in asked:
            conversation.ok(tag, sizes(1, 2, 4))
            return
        conversation.send(*([bodies(1)] if "1:2" in asked else []))
        conversation.send(tag.encode() + b" NO SERVER WORDS")

    polled = await outcome({"UID SEARCH": found, "UID FETCH": react}, once)
    assert [mark.uid for mark in polled.marks] == [1]
    (unreadable,) = polled.unreadable
    assert (unreadable.reason, "UID 2 " in unreadable.detail) == ("unreadable", True)
    assert b"UID 2 " in unreadable.raw


async def test_a_mail_without_a_size() -> None:
    """The server gives no size of a mail that is there: it is fetched all the same."""
    polled = await outcome({"UID SEARCH": b"* SEARCH 1", "UID FETCH": fetching(b"* 1 FETCH (FLAGS ())", bodies(1))}, once)
    assert [request.body for request in polled.requests] == [MAIL]


async def test_a_mail_larger_than_its_size() -> None:
    raw = b"A: b\r\n\r\n" + b"x" * (2 * LARGE)
    head = b"* 1 FETCH (UID 1 BODY[HEADER]<0> {8}\r\nA: b\r\n\r\n BODY[TEXT]<0> {3}\r\nxxx)"

    async def react(conversation: Conversation, tag: str) -> None:
        asked = conversation.heard[-1]
        said = sizes(1) if "RFC822.SIZE" in asked else head if "HEADER" in asked else bodies(1, raw=raw)
        conversation.ok(tag, said)

    polled = await outcome({"UID SEARCH": b"* SEARCH 1", "UID FETCH": react}, once)
    assert (polled.requests, polled.marks) == ((), ())
    (unreadable,) = polled.unreadable
    assert (unreadable.reason, unreadable.raw) == ("too_large", b"A: b\r\n\r\nxxx")
    assert f"{len(raw)} bytes" in unreadable.detail


async def test_the_last_mail_comes_for_every_search() -> None:
    """`n:*` finds the last mail also below n."""
    reactions: dict[str, Reaction] = {"UID SEARCH": b"* SEARCH 3", "UID FETCH": fetching(sizes(3), bodies(3))}

    async def twice(session: ImapSession) -> object:
        polled = await session.next(None)
        assert polled is not None
        return await session.next(polled.cursor)

    assert await outcome(reactions, twice) is None


async def test_a_server_without_uidnext() -> None:
    selected = b"* 3 EXISTS\r\n* OK [UIDVALIDITY 17] numbers"

    async def found(conversation: Conversation, tag: str) -> None:
        conversation.ok(tag, b"* SEARCH 7")

    async def place(session: ImapSession) -> int:
        return session._folder.highest

    assert await outcome({"SELECT": selected, "UID SEARCH": found}, place, start="new") == 7


# -- settling


@pytest.mark.parametrize(
    ("reactions", "afterwards", "reason"),
    [
        ({"UID STORE": says(b"TAG NO SERVER WORDS")}, "flag", "protocol_error"),
        ({"UID STORE": silent}, "flag", "too_slow"),
        (
            {"UID MOVE": says(b"TAG NO [TRYCREATE] SERVER WORDS"), "CREATE": says(b"TAG NO SERVER WORDS")},
            "move",
            "protocol_error",
        ),
        ({"UID MOVE": hang_up}, "move", "closed"),
    ],
)
async def test_settling_that_fails(reactions: Mapping[str, Reaction], afterwards: str, reason: str) -> None:
    async def settle(session: ImapSession) -> None:
        polled = await session.next(None)
        assert polled is not None
        await session.settle(polled)

    usual: dict[str, Reaction] = {"UID FETCH": fetching(sizes(1, 2, 3), bodies(1, 2, 3)), "SUBSCRIBE": b""}
    assert await outcome({**usual, **reactions}, settle, afterwards=afterwards) == reason


# -- waiting


async def wait(session: ImapSession) -> None:
    session._link.wire.stirred.clear()
    await session.wait()


async def bye_in_idle(conversation: Conversation, tag: str) -> None:
    conversation.send(b"+ idling", b"* BYE SERVER WORDS")
    await conversation.until_gone()


async def gone_in_idle(conversation: Conversation, tag: str) -> None:
    conversation.send(b"+ idling")
    await conversation.writer.drain()
    conversation.writer.transport.abort()


async def deaf_in_idle(conversation: Conversation, tag: str) -> None:
    conversation.send(b"+ idling")
    await conversation.until_gone()


@pytest.mark.parametrize(
    ("reactions", "reason"),
    [
        ({"IDLE": bye_in_idle}, "closed"),
        ({"IDLE": gone_in_idle}, "closed"),
        ({"IDLE": deaf_in_idle}, "too_slow"),
        ({"IDLE": silent}, "too_slow"),
        ({"IDLE": says(b"TAG NO SERVER WORDS")}, "protocol_error"),
        ({"IDLE": says(b"+ idling", b"\xff\xff", b"TAG OK", b"TAG OK")}, "protocol_error"),
        ({"IDLE": says(b"+ idling", b"* 4 EXISTS", b"TAG OK done"), "NOOP": silent}, "too_slow"),
        ({"CAPABILITY": b"* CAPABILITY IMAP4rev1", "NOOP": hang_up}, "closed"),
    ],
)
async def test_ways_to_break_while_we_wait(
    monkeypatch: pytest.MonkeyPatch, reactions: Mapping[str, Reaction], reason: str
) -> None:
    monkeypatch.setattr(imap_idle, "BETWEEN", 0.1)
    assert await outcome(reactions, wait) == reason


async def test_three_thousand_announcements() -> None:
    flood = b"\r\n".join(b"* %d EXISTS" % number for number in range(3000))
    assert await outcome({"IDLE": says(b"+ idling", flood, b"TAG OK done")}, wait) is None


async def test_a_server_that_never_lets_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """LOGOUT is not answered: the session is closed all the same."""
    shorten(monkeypatch)
    async with ScriptedServer.serving({"LOGOUT": silent}) as server:
        session = await source(server).open(FakeHttp())
        await asyncio.wait_for(session.close(), 1)
        assert session._link.wire.gone.is_set()
        assert (await failure(session.next(None))).reason == "too_slow"


async def test_nothing_of_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The library writes all it sends and gets to its log at level DEBUG."""
    with caplog.at_level(logging.DEBUG):
        assert isinstance(await outcome({"UID FETCH": fetching(sizes(1, 2, 3), bodies(1, 2, 3))}, once), Polled)
    text = caplog.text
    assert not any(word in text for word in (USER, PASSWORD, "a@b.example"))
