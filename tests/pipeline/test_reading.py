"""Readings that take too much, die, or answer nonsense: each costs only itself, and none of its bytes."""

import asyncio
import base64
import hashlib
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from config.secrets import Secret
from connectors.base import Parsed, Request
from connectors.email import CONTENT_TYPE, EmailConnector, EmailSettings
from connectors.email.settings import ImapSettings, SmtpSettings
from connectors.errors import Rejected
from connectors.form_settings import WebFormSettings
from connectors.registry import find
from connectors.web_form import WebForm
from regia.pipeline import reading_environment, reading_slot
from regia.pipeline.reading import Reader
from regia.pipeline.reading_jobs import Recipe
from regia.settings import Reading
from regia.watch.metrics import READER_KILLED, READING
from storage.journal import Journal
from tests import trap
from tests.pipeline import gateway_to_kill

HEAD = b"From: Anna <anna@example.it>\r\nTo: support@example.com\r\nMessage-ID: <1@example.it>\r\nSubject: Reso\r\n"
MAILBOX = EmailSettings(brand="demo", address="support@example.com")


def request(body: bytes, content_type: str = CONTENT_TYPE) -> Request:
    headers = {"content-type": content_type}
    return Request(method="POST", url="", headers=headers, query={}, body=body, received_at=datetime.now(UTC))


@asynccontextmanager
async def reading(folder: Path, **limits: Any) -> AsyncIterator[tuple[Reader, trap.Trap, EmailConnector]]:
    """A reader for traps and mails, its processes up."""
    settings = trap.TrapSettings(folder=folder)
    traps, mails = trap.Trap("traps", settings), EmailConnector("mails", MAILBOX)
    channels = {"traps": find("trap"), "mails": find("email")}
    reader = Reader({"traps": traps, "mails": mails}, channels, Reading(**{"workers": 1, "seconds": 5, **limits}))
    try:
        await reader.warm()
        yield reader, traps, mails
    finally:
        await reader.close()


Shared = tuple[Reader, trap.Trap, EmailConnector]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shared]:
    """For what leaves its process as it was."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        trap.announce(folder, patch)
        async with reading(folder, seconds=10) as made:
            yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shared]:
    """With little patience and little memory."""
    folder = tmp_path_factory.mktemp("strict")
    with pytest.MonkeyPatch.context() as patch:
        trap.announce(folder, patch)
        async with reading(folder, seconds=1, memory_mb=128) as made:
            yield made


on_shared = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def _announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap.announce(tmp_path, monkeypatch)


def processes(reader: Reader) -> list[int]:
    """The pids of its processes."""
    pools = [slot._pool for slot in reader._slots if slot._pool is not None]
    return [pid for pool in pools for pid in pool._pool_manager.worker_manager.workers]


def killed(connector: str, cause: str) -> float:
    return READER_KILLED.labels(connector, cause)._value.get()


def kept(parsed: Parsed, raw: bytes) -> tuple[str, str]:
    """Reason and detail of the one thing it held, with every byte of it."""
    (one,) = parsed.unreadable
    assert not parsed.messages
    assert hashlib.sha256(one.raw).digest() == hashlib.sha256(raw).digest()
    return one.reason, one.detail


def nested(depth: int) -> bytes:
    levels = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(depth))
    return HEAD + b"".join(levels) + b"Content-Type: text/plain\r\n\r\nhello\r\n"


def encoded(kind: bytes, content: bytes) -> bytes:
    return HEAD + b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content)


MAILS = {
    "a subject of 560 KB of encoded words": b"From: a@example.it\r\nSubject: " + b"=?utf-8?q?a?= " * 40_000 + b"\r\n\r\nx",
    "100,000 parts": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 100_000
    + b"--b--\r\n",
    "1,000 multiparts in each other": nested(1_000),
    "a From of 50,000 brackets": b"From: " + b"(" * 50_000 + b"\r\nSubject: x\r\n\r\nx",
    "a filename that climbs": HEAD
    + b'Content-Type: image/png; name=x\r\nContent-Disposition: attachment; filename*0="../../etc/passwd"\r\n\r\nx',
    "20,000 empty lines": HEAD + b"\r\n" + b"\r\n" * 20_000,
    "HTML that unpacks": encoded(b"text/html", b"<div><table><tr><td>" * 200_000),
    "40 MB": encoded(b"application/octet-stream", bytes(29_000_000)),
    "no mail": b"\x00\xff" * 5_000,
}


@on_shared
@pytest.mark.parametrize("mail", MAILS.values(), ids=MAILS)
async def test_traps_of_mail_cost_little_and_lose_nothing(shared: Shared, mail: bytes) -> None:
    reader, _, mails = shared
    began = time.monotonic()
    parsed = await reader.read(mails, request(mail))
    assert time.monotonic() - began < 10
    if parsed.messages:
        (message,) = parsed.messages
        assert message.raw is mail, "its bytes are not sent back and forth"
        assert all("/" not in (one.filename or "") for one in message.attachments)
    else:
        assert kept(parsed, mail)[0] in ("unreadable", "parser_killed")


@on_shared
@pytest.mark.parametrize(
    ("body", "cause", "detail"),
    [
        (b"loop", "time", "reading it took more than 1 seconds"),
        (b"eat", "memory", "reading it took more than 128 MB"),
        (b"crash", "died", "the process that read it died (signal 11)"),
    ],
)
async def test_what_takes_too_much_or_kills_its_process_is_kept(strict: Shared, body: bytes, cause: str, detail: str) -> None:
    reader, traps, mails = strict
    before = killed("traps", cause)
    reads = READING.labels("traps")._sum.get()
    began = time.monotonic()
    parsed = await reader.read(traps, request(body, "text/x-trap; a=b"))
    assert kept(parsed, body) == ("parser_killed", detail)
    assert parsed.unreadable[0].content_type == "text/x-trap; a=b"
    assert time.monotonic() - began < 10
    assert killed("traps", cause) == before + 1
    assert READING.labels("traps")._sum.get() > reads
    assert (await reader.read(mails, request(HEAD + b"\r\nhello"))).messages[0].text == "hello"


@on_shared
async def test_a_process_that_somebody_else_ended_is_not_the_contacts_fault(strict: Shared) -> None:
    reader, traps, _ = strict
    assert kept(await reader.read(traps, request(b"die-once")), b"die-once")[1] == "read after all"


@on_shared
async def test_a_process_that_ends_while_idle_is_replaced(strict: Shared) -> None:
    reader, traps, _ = strict
    for pid in processes(reader):
        os.kill(pid, signal.SIGKILL)
    assert (await reader.read(traps, request(b"hello"))).messages


async def test_neighbours_are_unharmed(tmp_path: Path) -> None:
    """Many wait, so several go together; what stops one of them stops no other."""
    async with reading(tmp_path, workers=2, seconds=0.3, memory_mb=128) as (reader, traps, _):
        bodies = [f"contact {number}".encode() for number in range(30)]
        bodies[3], bodies[17] = b"loop", b"crash"
        found = await asyncio.gather(*(reader.read(traps, request(body)) for body in bodies))
        for body, parsed in zip(bodies, found, strict=True):
            if body in (b"loop", b"crash"):
                assert kept(parsed, body)[0] == "parser_killed"
            else:
                assert [message.raw for message in parsed.messages] == [body]


@on_shared
@pytest.mark.parametrize(
    ("body", "error"), [(b"raise", "ValueError"), (b"exit", "SystemExit"), (b"unpicklable", "TypeError"), (b"", "IndexError")]
)
async def test_a_defect_is_kept_without_the_customers_words(
    shared: Shared, body: bytes, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    reader, traps, _ = shared
    reason, detail = kept(await reader.read(traps, request(body)), body)
    assert (reason, detail) == ("parser_failed", f"{error}, sha256 {hashlib.sha256(body).hexdigest()[:12]}")
    (record,) = (record for record in caplog.records if record.message == "a connector failed to parse")
    assert vars(record)["error_type"] == error
    assert vars(record)["error_at"]
    assert "own words" not in str(vars(record))


@on_shared
async def test_a_refusal_passes_whole(shared: Shared) -> None:
    reader, traps, _ = shared
    with pytest.raises(Rejected) as refused:
        await reader.read(traps, request(b"reject"))
    error = refused.value
    assert (error.code, error.detail, error.retry_after) == ("invalid_fields", "correct the fields", 7)
    assert error.fields == {"email": "no address"}


@on_shared
async def test_bytes_of_the_quarantine_are_read_as_what_they_are(shared: Shared) -> None:
    reader, traps, mails = shared
    now = datetime.now(UTC)
    assert kept(await reader.reread(traps, b"half", "text/plain", now), b"half") == ("unreadable", "its own")
    mail = HEAD + b"\r\nhello"
    (message,) = (await reader.reread(mails, mail, CONTENT_TYPE, now)).messages
    assert (message.text, message.raw) == ("hello", mail)


@on_shared
async def test_ctrl_c_is_for_the_gateway(shared: Shared) -> None:
    reader, traps, _ = shared
    (pid,) = processes(reader)
    os.kill(pid, signal.SIGINT)
    (message,) = (await reader.read(traps, request(b"hello"))).messages
    assert message.text == f"hello read by {pid}"


async def test_a_caller_that_goes_away_leaves_nothing_behind(tmp_path: Path) -> None:
    async with reading(tmp_path) as (reader, traps, _):
        (pid,) = processes(reader)
        tasks = [asyncio.create_task(reader.read(traps, request(b"sleep"))) for _ in range(3)]
        while not (tmp_path / "begun").exists():
            await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)
        (message,) = (await reader.read(traps, request(b"hello"))).messages
        assert (tmp_path / "ended").exists(), "what was begun is brought to its end"
        assert message.text == f"hello read by {pid}"
        assert not reader._waiting


async def test_closing_ends_what_runs_and_refuses_who_waits(tmp_path: Path) -> None:
    async with reading(tmp_path, seconds=60) as (reader, traps, _):
        (pid,) = processes(reader)
        tasks = [asyncio.create_task(reader.read(traps, request(body))) for body in (b"loop", b"hello")]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await reader.close()
        assert time.monotonic() - began < 5
        for done in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(done, Rejected)
            assert done.code == "unavailable"
        await _until(lambda: not _runs(pid))
        with pytest.raises(Rejected):
            await reader.read(traps, request(b"hello"))


async def test_without_processes_a_contact_is_refused_not_quarantined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(_process: object) -> None:
        raise OSError(11, "no more processes")

    async with reading(tmp_path) as (reader, traps, _):
        for slot in reader._slots:
            await slot.end()
        monkeypatch.setattr(reading_slot._Process, "start", no_more)
        with pytest.raises(Rejected) as refused:
            await reader.read(traps, request(b"hello"))
        assert refused.value.code == "unavailable"
        monkeypatch.undo()
        trap.announce(tmp_path / "again", monkeypatch)
        assert (await reader.read(traps, request(b"hello"))).messages


class TestInPlace:
    @pytest.fixture
    def form(self) -> WebForm:
        return WebForm("form", WebFormSettings(brand="demo"))

    async def test_no_process_is_started(self, form: WebForm) -> None:
        reader = Reader({"form": form}, {"form": find("web_form")}, Reading())
        await reader.warm()
        with pytest.raises(Rejected):
            await reader.read(form, request(b"{}", "application/json"))
        assert not processes(reader)
        await reader.close()

    async def test_a_defect_is_kept(self, form: WebForm, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(_request: Request) -> Parsed:
            raise KeyError("x")

        monkeypatch.setattr(form, "parse", fails)
        reader = Reader({"form": form}, {"form": find("web_form")}, Reading())
        assert kept(await reader.read(form, request(b"{}", "application/json")), b"{}")[0] == "parser_failed"


def test_secrets_stay_in_the_gateway() -> None:
    imap = ImapSettings(host="imap.example.com", user="anna", password=Secret("s3cret-imap"))
    smtp = SmtpSettings(host="smtp.example.com", user="anna", password=Secret("s3cret-smtp"))
    settings = EmailSettings(
        brand="demo",
        address="support@example.com",
        aliases=("shop@example.com",),
        trusted_servers=("mx.example.com",),
        thread_key=Secret("the-key-of-marks"),
        imap=imap,
        smtp=smtp,
    )
    recipe = Recipe.of(find("email"), settings)
    assert b"s3cret" not in recipe.settings
    made = recipe.connector("mails")
    assert isinstance(made, EmailConnector)
    assert (made.settings.imap, made.settings.smtp) == (None, None)
    assert made.settings.thread_key == settings.thread_key
    for name in ("brand", "channel", "address", "aliases", "trusted_servers", "max_body"):
        assert getattr(made.settings, name) == getattr(settings, name)
    for type_, secret in (("mailgun", "signing_key"), ("postmark", "password")):
        channel = find(type_)
        example = channel.settings(**{**channel.example, "type": type_, secret: "s3cret"})
        assert b"s3cret" not in pickle.dumps(example.for_reading())


async def test_processes_hold_nothing_of_the_gateway_and_end_with_it(tmp_path: Path) -> None:
    """One of them idle, one busy in a way that leaves its interpreter no turn. Nor does what multiprocessing starts beside
    them, which says nothing when it cleans up after a gateway that was killed."""
    line = [sys.executable, str(Path(gateway_to_kill.__file__)), str(tmp_path)]
    path = os.pathsep.join([str(tmp_path / "site"), str(Path(__file__).parents[2])])
    environ = {
        **os.environ,
        "PYTHONPATH": path,
        "LC_TIME": "C",
        "IMAP_PASSWORD": "s3cret-imap",
        "REGIA__DATABASE__URL": "s3cret",
    }
    said = tmp_path / "stderr"
    with said.open("wb") as stderr:
        process = await asyncio.to_thread(subprocess.Popen, line, stdout=subprocess.PIPE, stderr=stderr, env=environ)
    try:
        assert process.stdout is not None
        told = json.loads(await asyncio.to_thread(process.stdout.readline))
        started = _children(process.pid)
        assert set(told["processes"]) < started
        for pid in started:
            given = Path(f"/proc/{pid}/environ").read_bytes()
            assert b"s3cret" not in given
            names = {entry.partition(b"=")[0].decode() for entry in given.split(b"\0") if entry}
            assert {"PATH", "PYTHONPATH", "LC_TIME"} <= names
            assert names <= set(reading_environment.environment(environ)) | {"LC_CTYPE"}
        for pid in told["processes"]:
            links = [_link(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
            assert not [link for link in links if link.startswith(("socket:", str(tmp_path)))], links
            assert any(link.startswith("pipe:") for link in links)
        process.kill()
        process.wait(10)
        journal = Journal.open(Path(told["journal"]))
        await journal.close()
        await _until(lambda: not [pid for pid in started if _runs(pid)])
        assert said.read_text() == ""
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    ("name", "handed_on"),
    [
        *((name, True) for name in ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR", "LD_LIBRARY_PATH")),
        *(
            (name, False)
            for name in ("IMAP_PASSWORD", "REGIA__LINKS_KEY", "AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY", "PGPASSWORD")
        ),
    ],
)
def test_what_of_the_environment_is_handed_on(name: str, handed_on: bool) -> None:
    assert (name in reading_environment.environment({name: "x"})) is handed_on


def _children(pid: int) -> set[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return {int(child) for task in tasks for child in (task / "children").read_text().split()}


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except FileNotFoundError:
        return ""


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(3):
        while not condition():
            await asyncio.sleep(0.02)
