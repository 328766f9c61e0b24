"""Sending over SMTP: what each failure means, against servers that fail, and a whole round against real ones."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any
from uuid import uuid4

import pytest

from connectors.base import Request
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.email import EmailConnector, EmailSettings, plus, smtp
from connectors.email.smtp_answers import LONGEST_WORDS, Phase, failed
from connectors.errors import SendFailed
from connectors.exchange import Outgoing, OutgoingFile, Sent
from normalizer.inbound import Handle
from tests.connectors.smtp_faults import faulty
from tests.servers.dovecot import DovecotServer
from tests.servers.process import free_port
from tests.servers.smtp import SmtpServer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:aiosmtpd")

CONVERSATION = "con_06H019417Z8DPK0N6WZF42HRW0"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONNECT_SECONDS", "COMMAND_SECONDS", "CONTENT_SECONDS"):
        monkeypatch.setattr(smtp, name, 0.3)


@pytest.fixture(autouse=True)
def limiters() -> Iterator[None]:
    yield
    smtp._LIMITERS.clear()


def connector(port: int, address: str = "help@demo.example", **settings: Any) -> EmailConnector:
    server = {"host": "127.0.0.1", "port": port, "tls": "none", "per_minute": 60_000} | settings
    known: Any = {"brand": "demo", "address": address, "thread_key": "key", "smtp": server}
    return EmailConnector("mail", EmailSettings(**known))


def outgoing(to: str = "anna@example.it", **more: Any) -> Outgoing:
    fields: dict[str, Any] = {
        "to": Handle("email", to, "claimed"),
        "text": "Buongiorno\n.\n..due punti",
        "account": "help@demo.example",
        "in_reply_to": "m1@example.it",
        "token": str(uuid4()),
        "subject": "Padella rotta",
        "conversation": CONVERSATION,
    }
    return Outgoing(**(fields | more))


async def send(port: int, message: Outgoing | None = None, **settings: Any) -> Sent:
    return await connector(port, **settings).send(message or outgoing(), FakeHttp())


async def failure(port: int, message: Outgoing | None = None, **settings: Any) -> SendFailed:
    with pytest.raises(SendFailed) as caught:
        await send(port, message, **settings)
    return caught.value


async def test_a_mail_is_handed_over() -> None:
    async with faulty() as server:
        message = outgoing()
        sent = await send(server.port, message)
        [taken] = server.taken
    mark = plus.mark(CONVERSATION, b"key")
    assert (taken.sender, taken.recipients) == (f"help+{mark}@demo.example", ["anna@example.it"])
    assert [option.partition("=")[0] for option in taken.options] == ["SIZE"]
    mail = message_from_bytes(taken.raw, policy=policy.default)
    assert sent.external_ids == (str(mail["Message-ID"]).strip("<>"),)
    assert connector(server.port).outgoing_id(message) == sent.external_ids[0]
    assert mail.get_content().split() == ["Buongiorno", ".", "..due", "punti"]


async def test_without_a_server_nothing_is_sent() -> None:
    settings: Any = {"brand": "demo", "address": "help@demo.example"}
    with pytest.raises(SendFailed, match=r"^unsupported: .*smtp"):
        await EmailConnector("mail", EmailSettings(**settings)).send(outgoing(), FakeHttp())


REFUSALS: list[tuple[dict[str, str], str, str]] = [
    ({"mail": "451 4.7.1 greylisted, come again"}, "retryable", "451 4.7.1"),
    ({"rcpt": "450 4.2.0 <anna@example.it>: try later"}, "retryable", "450 4.2.0"),
    ({"data": "421 4.3.2 going down"}, "retryable", "421 4.3.2"),
    ({"content": "452 4.3.1 disk full"}, "retryable", "452 4.3.1"),
    ({"rcpt": "450 4.2.1 receiving mail at a rate that prevents more"}, "rate_limited", "450 4.2.1"),
    ({"content": "421 4.7.28 unusual rate of mail"}, "rate_limited", "421 4.7.28"),
    ({"mail": "451 too many messages from you"}, "rate_limited", "451"),
    ({"mail": "550 5.7.1 sender not yours"}, "auth", "550 5.7.1"),
    ({"mail": "530 5.7.0 log in first"}, "auth", "530 5.7.0"),
    ({"mail": "552 5.3.4 too big"}, "too_large", "552 5.3.4"),
    ({"mail": "555 5.5.4 option unknown"}, "unsupported", "555 5.5.4"),
    ({"rcpt": "550 5.1.1 no such user"}, "invalid_recipient", "550 5.1.1"),
    ({"rcpt": "550 no such user"}, "invalid_recipient", "550"),
    ({"rcpt": "553 5.1.3 bad address"}, "invalid_recipient", "553 5.1.3"),
    ({"rcpt": "552 5.2.2 mailbox full"}, "invalid_recipient", "552 5.2.2"),
    ({"rcpt": "550 5.7.1 you are blocked"}, "blocked_by_user", "550 5.7.1"),
    ({"rcpt": "554 5.7.1 relay access denied"}, "auth", "554 5.7.1"),
    ({"data": "503 5.5.1 what"}, "unsupported", "503 5.5.1"),
    ({"content": "554 5.7.1 looks like spam"}, "blocked_by_user", "554 5.7.1"),
    ({"content": "554 no"}, "blocked_by_user", "554"),
    ({"content": "552 too much"}, "too_large", "552"),
    ({"content": "554 5.6.1 cannot convert"}, "unsupported", "554 5.6.1"),
]


@pytest.mark.parametrize(("faults", "code", "provider_code"), REFUSALS)
async def test_what_a_refusal_means(faults: dict[str, str], code: str, provider_code: str) -> None:
    async with faulty(**faults) as server:
        error = await failure(server.port)
    assert (error.code, error.provider_code) == (code, provider_code)
    said = next(iter(faults.values())).partition(" ")[2]
    assert error.detail == f"the server said: {said}"


@pytest.mark.parametrize(
    ("phase", "number", "words", "code"),
    [
        ("connect", 554, "no service for you", "unsupported"),
        ("connect", 421, "too many connections from you", "rate_limited"),
        ("login", 535, "5.7.8 wrong", "auth"),
        ("login", 454, "4.7.0 temporary", "retryable"),
        ("login", 534, "5.7.9 application password needed", "auth"),
        ("recipient", 556, "5.1.10 null MX", "invalid_recipient"),
        ("recipient", 550, "4.1.1 a number that does not fit", "invalid_recipient"),
        ("content", 550, "5.9.9 unheard of", "blocked_by_user"),
    ],
)
def test_what_a_number_means_in_its_phase(phase: Phase, number: int, words: str, code: str) -> None:
    assert failed(phase, number, words).code == code


def test_the_server_s_words_are_short_and_on_one_line() -> None:
    error = failed("content", 554, "5.7.1 no\nand no\x1b[31m\r\n" + "x" * 500 + "\ud83d")
    said = error.detail.removeprefix("the server said: ")
    assert len(said) == LONGEST_WORDS
    assert said.startswith("5.7.1 no and no?[31m xxx")
    assert said.isprintable()


BIG = OutgoingFile(filename="a.bin", content_type="application/octet-stream", content=bytes(12_000_000))


@pytest.mark.parametrize(
    ("faults", "files", "code"),
    [
        ({"drop": "mail"}, (), "retryable"),
        ({"drop": "rcpt"}, (), "retryable"),
        ({"drop": "data"}, (BIG,), "retryable"),
        ({"drop": "content"}, (), "unknown"),
        ({"silent": "mail"}, (), "retryable"),
        ({"silent": "rcpt"}, (), "retryable"),
        ({"silent": "content"}, (), "unknown"),
        ({"content": "999999"}, (), "unknown"),
        ({"content": "354 go on"}, (), "unknown"),
        ({"content": "nonsense"}, (), "unknown"),
        ({"mail": "nonsense"}, (), "retryable"),
    ],
)
@pytest.mark.usefixtures("quick")
async def test_a_connection_that_is_lost(faults: dict[str, str], files: tuple[OutgoingFile, ...], code: str) -> None:
    async with faulty(**faults) as server:
        began = time.monotonic()
        error = await failure(server.port, outgoing(files=files))
        assert time.monotonic() - began < 3
        taken = len(server.taken)
    assert error.code == code
    assert taken == (code == "unknown"), "retryable is only what the server cannot have"


@pytest.mark.usefixtures("quick")
async def test_nobody_listens_or_nobody_speaks() -> None:
    error = await failure(free_port())
    assert (error.code, "ConnectionRefusedError" in error.detail) == ("retryable", True)

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    async with server:
        error = await failure(server.sockets[0].getsockname()[1])
        await asyncio.sleep(0.02)
    assert error.code == "retryable"


@pytest.mark.usefixtures("quick")
async def test_a_server_that_reads_no_mail_keeps_nobody() -> None:
    over = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx\r\n")
        for reply in (b"250 mx", b"250 ok", b"250 ok", b"354 go on"):
            await reader.readline()
            writer.write(reply + b"\r\n")
        await over.wait()
        writer.transport.abort()
        over.clear()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    async with server:
        began = time.monotonic()
        error = await failure(server.sockets[0].getsockname()[1], outgoing(files=(BIG,)))
        assert error.code == "retryable"
        assert time.monotonic() - began < 3
        over.set()
        while over.is_set():
            await asyncio.sleep(0.01)


async def test_foreign_letters_need_a_server_for_them() -> None:
    message = outgoing("jörg@münchen.de")
    async with faulty(options={"enable_SMTPUTF8": False}) as server:
        error = await failure(server.port, message)
        assert (error.code, server.taken) == ("unsupported", [])
    async with faulty() as server:
        await send(server.port, message)
        [taken] = server.taken
    assert taken.recipients == ["jörg@xn--mnchen-3ya.de"]
    assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(taken.options)


@pytest.mark.parametrize("mechanisms", [(), ("PLAIN",), ("LOGIN",)])
async def test_logins(mechanisms: tuple[str, ...]) -> None:
    excluded = [one for one in ("PLAIN", "LOGIN") if mechanisms and one not in mechanisms]
    options = {"auth_required": True, "auth_require_tls": False, "auth_exclude_mechanism": excluded}
    async with faulty(options=options) as server:
        await send(server.port, user="desk", password="secret")
        assert server.commands[0] == f"auth {(mechanisms or ('PLAIN',))[0]}"
        error = await failure(server.port, user="desk", password="wrong")
        assert (error.code, error.provider_code) == ("auth", "535 5.7.8")
        assert len(server.taken) == 1
        error = await failure(server.port)
        assert (error.code, error.provider_code) == ("auth", "530 5.7.0")


@pytest.mark.parametrize(
    ("refusal", "code"), [("535 5.7.8 no", "auth"), ("454 4.7.0 later", "retryable"), ("421 too many logins", "rate_limited")]
)
async def test_a_login_that_is_refused(refusal: str, code: str) -> None:
    async with faulty(auth=refusal, options={"auth_require_tls": False}) as server:
        assert (await failure(server.port, user="desk", password="secret")).code == code
        assert server.commands == ["auth PLAIN"], "one try: several would lock the account"


async def test_a_password_never_leaves_for_a_server_without_what_is_asked_for() -> None:
    async with faulty(options={"auth_require_tls": False}) as server:
        error = await failure(server.port, tls="starttls", user="desk", password="secret")
        assert (error.code, "STARTTLS" in error.detail) == ("retryable", True)
        assert server.commands == []
    async with faulty(hidden=("AUTH",)) as server:
        assert (await failure(server.port, user="desk", password="secret")).code == "auth"
        assert server.commands == []


async def test_an_account_keeps_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "_TURN_SECONDS", 0.05)
    async with faulty() as server:
        await send(server.port, per_minute=60)
        error = await failure(server.port, per_minute=60)
        assert (error.code, error.retry_after) == ("rate_limited", 0.05)
        assert len(server.taken) == 1


async def test_the_mails_of_an_account_leave_evenly() -> None:
    async with faulty() as server:
        began = time.monotonic()
        await asyncio.gather(*(send(server.port, per_minute=300) for _ in range(4)))
        assert time.monotonic() - began >= 0.59, "three pauses of a fifth of a second"


@pytest.mark.parametrize(
    ("more", "shared"),
    [
        ({}, True),
        ({"sender_name": "Reclami"}, True),
        ({"per_minute": 6000}, True),
        ({"user": "other", "password": "secret"}, False),
        ({"host": "localhost"}, False),
    ],
)
async def test_connectors_of_one_account_share_its_rate(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], shared: bool
) -> None:
    monkeypatch.setattr(smtp, "_TURN_SECONDS", 0.02)
    first = connector(free_port(), per_minute=1).settings.smtp
    assert first is not None
    second = first.model_copy(update=more)
    await smtp._turn(first)
    if not shared:
        await smtp._turn(second)
        return
    with pytest.raises(SendFailed, match="rate_limited"):
        await smtp._turn(second)


# ── against a real Exim and a real Dovecot ──────────────────────────────────────────────────────────────────────────


def parsed(desk: EmailConnector, raw: bytes) -> Any:
    return desk.parse(Request(method="POST", url="", headers={}, query={}, body=raw, received_at=datetime.now(UTC)))


def real(server: SmtpServer, mailbox: str, **settings: Any) -> EmailConnector:
    login = {"tls": "implicit", "ca_file": server.certificates.ca_file, "user": mailbox, "password": server.password}
    return connector(settings.pop("port", server.smtps_port), mailbox, **(login | settings))


async def test_a_reply_threads_in_the_mailbox_and_its_answer_finds_back(
    smtp_server: SmtpServer, dovecot: DovecotServer
) -> None:
    desk, anna = dovecot.new_user("desk"), dovecot.new_user("anna")
    mailbox = real(smtp_server, desk, sender_name="Müller, Assistenza")
    ids = "Message-ID: <q2@x.it>\r\nReferences: <q1@x.it>"
    question = f"From: Anna <{anna}>\r\nTo: {desk}\r\nSubject: Padella\r\n{ids}\r\n\r\nRotta\r\n"
    [contact] = parsed(mailbox, question.encode()).messages
    message = outgoing(
        contact.sender.handle.value,
        in_reply_to=contact.external_id,
        references=contact.thread.references,
        subject=contact.subject,
        html="<p>Mi dispiace</p>",
        files=(OutgoingFile(filename="ricevuta è.pdf", content_type="application/pdf", content=b"%PDF-1.7\r\n.\r\n"),),
    )
    sent = await mailbox.send(message, FakeHttp())
    [stored] = await asyncio.to_thread(dovecot.wait_for_mails, anna, 1)
    mail = message_from_bytes(stored.raw, policy=policy.default)
    assert (mail["In-Reply-To"], mail["References"], mail["Subject"]) == ("<q2@x.it>", "<q1@x.it> <q2@x.it>", "Re: Padella")
    assert mail["Message-ID"] == f"<{sent.external_ids[0]}>"
    assert mail["From"].addresses[0].display_name == "Müller, Assistenza"
    assert mail["Return-Path"] == mail["Reply-To"] if "<" in mail["Reply-To"] else f"<{mail['Reply-To']}>"
    [file] = list(mail.iter_attachments())
    assert (file.get_filename(), file.get_content()) == ("ricevuta è.pdf", b"%PDF-1.7\r\n.\r\n")
    back = f"From: {anna}\r\nTo: {mail['Reply-To']}\r\nSubject: {mail['Subject']}\r\nMessage-ID: <q3@x.it>\r\n\r\nGrazie\r\n"
    dovecot.deliver(desk, back.encode())
    [answered] = await asyncio.to_thread(dovecot.wait_for_mails, desk, 1)
    [contact] = parsed(mailbox, answered.raw).messages
    assert contact.thread.conversation == CONVERSATION


async def test_an_unknown_user_comes_back_as_a_status_of_the_mail(smtp_server: SmtpServer, dovecot: DovecotServer) -> None:
    desk = dovecot.new_user("desk")
    mailbox = real(smtp_server, desk)
    sent = await mailbox.send(outgoing("nobody@regia.test"), FakeHttp())
    [stored] = await asyncio.to_thread(dovecot.wait_for_mails, desk, 1)
    found = parsed(mailbox, stored.raw)
    assert found.messages == ()
    [status] = found.statuses
    assert (status.state, status.external_id, status.recipient) == ("failed", sent.external_ids[0], "nobody@regia.test")


async def test_a_user_refused_at_once(smtp_server: SmtpServer, dovecot: DovecotServer) -> None:
    mailbox = real(smtp_server, dovecot.new_user("desk"))
    with pytest.raises(SendFailed) as caught:
        await mailbox.send(outgoing(f"nobody@{smtp_server.strict_domain}"), FakeHttp())
    assert (caught.value.code, caught.value.provider_code) == ("invalid_recipient", "550 5.1.1")


async def test_every_way_to_log_in(smtp_server: SmtpServer, dovecot: DovecotServer) -> None:
    desk, anna = dovecot.new_user("desk"), dovecot.new_user("anna")
    starttls = {"tls": "starttls", "port": smtp_server.submission_port}
    oauth = {"provider": "other", "client_id": "x", "refresh_token": "y", "token_url": "https://tokens.test/"}
    dovecot.accept_token(desk, "token-2")
    tokens = FakeHttp(*(answer({"access_token": name, "expires_in": 3600}) for name in ("token-1", "token-2")))
    await real(smtp_server, desk).send(outgoing(anna), FakeHttp())
    await real(smtp_server, desk, **starttls).send(outgoing(anna), FakeHttp())
    by_token = real(smtp_server, desk, password=None, oauth=oauth, **starttls)
    await by_token.send(outgoing(anna), tokens)
    assert len(await asyncio.to_thread(dovecot.wait_for_mails, anna, 3)) == 3
    assert len(tokens.calls) == 2, "the first token was refused, and another asked for"
    dovecot.revoke_token("token-2")
    with pytest.raises(SendFailed, match=r"^auth"):
        await by_token.send(outgoing(anna), FakeHttp(answer({"access_token": "token-3"})))
    with pytest.raises(SendFailed, match=r"^auth: invalid_grant"):
        await real(smtp_server, desk, password=None, oauth=oauth | {"client_id": "z"}).send(
            outgoing(anna), FakeHttp(answer({"error": "invalid_grant"}, status=400))
        )
    for wrong in ({"password": "wrong"}, {"user": None, "password": None}):
        with pytest.raises(SendFailed, match=r"^auth"):
            await real(smtp_server, desk, **wrong).send(outgoing(anna), FakeHttp())


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_certificate_nobody_vouches_for(smtp_server: SmtpServer, dovecot: DovecotServer, tls: str) -> None:
    ports = {"implicit": smtp_server.smtps_port, "starttls": smtp_server.submission_port}
    desk, anna = dovecot.new_user("desk"), dovecot.new_user("anna")
    with pytest.raises(SendFailed, match=r"^retryable: .*certificate.*SSLCertVerificationError"):
        await real(smtp_server, desk, tls=tls, port=ports[tls], ca_file=None).send(outgoing(anna), FakeHttp())
    assert dovecot.mails(anna) == []


async def test_foreign_letters_go_through_a_real_server(smtp_server: SmtpServer, dovecot: DovecotServer) -> None:
    desk, anna = dovecot.new_user("desk"), dovecot.new_user("jörg")
    await real(smtp_server, desk).send(outgoing(anna), FakeHttp())
    [stored] = await asyncio.to_thread(dovecot.wait_for_mails, anna, 1)
    assert f"To: <{anna}>".encode() in stored.raw
