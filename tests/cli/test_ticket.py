"""`regia ticket`, without a running gateway."""

import asyncio
import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import Connection, select
from typer.testing import CliRunner, Result

from identity.tickets import EVENTS
from regia.cli import ticket
from storage.database import Database
from storage.schema import conversations, ticket_events
from tests.contacts import message
from tests.databases import migrated_sqlite
from tests.identity.batches import resolve

__all__ = ["migrated_sqlite"]

CONFIG = """
links_key: ${KEY}
rules: [rules.yaml]
connectors:
  desk: {type: api, brand: demo, tokens: ["${KEY}"]}
"""
RULES = "categories: {general: {label: All}}\ndefault: general\n"
ID = str(message("m1").id)
SENT = datetime(2025, 11, 21, 18, 0, tzinfo=UTC)

Run = Callable[..., Result]


def on_database(work: Callable[[Connection], Any]) -> Any:
    async def do() -> Any:
        database = Database("sqlite:///data/regia.sqlite")
        try:
            return await database.write(work)
        finally:
            await database.close()

    return asyncio.run(do())


@pytest.fixture
def run(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "data").mkdir()
    shutil.copy(migrated_sqlite, tmp_path / "data" / "regia.sqlite")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", "a-secret-of-the-tests")
    on_database(lambda connection: resolve(connection, [message("m1", backlog=True, sent_at=SENT)]))
    app = typer.Typer()
    app.command()(ticket.ticket)
    return lambda *arguments: CliRunner().invoke(app, [*arguments])


def stored() -> list[dict[str, Any]]:
    return on_database(lambda connection: [dict(row) for row in connection.execute(select(ticket_events)).mappings()])  # type: ignore[no-any-return]


def test_from_opened_to_closed(run: Run) -> None:
    opened = run("opened", "T-1", "--message", ID, "--agent", "giulia ", "--product", "PAN-28", "--reason", "two\nlines")
    assert opened.exit_code == 0, opened.stderr
    assert re.fullmatch(r"T-1 opened: con_\w{26}\n", opened.stdout)
    at = datetime.now(timezone(timedelta(hours=1))).replace(microsecond=0) + timedelta(seconds=2)
    closed = run("closed", "T-1", "--json", "--answered", "--at", at.isoformat(), "--url", "https://tickets.example/1")
    told = json.loads(closed.stdout)
    assert (told["brand"], told["event"]) == ("demo", "closed")
    assert told["at"] == at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    rows = stored()
    assert [(row["event"], row["actor"]) for row in rows] == [("opened", "command line"), ("closed", "command line")]
    assert [row["answered"] for row in rows] == [False, True]
    assert [rows[0][name] for name in ("agent", "product", "reason")] == ["giulia", "PAN-28", "two lines"]
    talk = on_database(lambda connection: connection.execute(select(conversations.c.ticket, conversations.c.open)).one())
    assert tuple(talk) == ("T-1", False)


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_by_the_conversation(run: Run, event: str) -> None:
    talk = on_database(lambda connection: connection.execute(select(conversations.c.id)).scalar_one())
    for _ in range(2):
        assert run(event, "T-1", "--conversation", talk, "--brand", "demo").stdout == f"T-1 {event}: {talk}\n"
    assert len(stored()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("closed", "T-1"), "not done, unknown_ticket: nothing was told of this ticket yet"),
        (("opened", "T-1", "--conversation", "con_x"), "not done, unknown_conversation: "),
        (("opened", "T-1", "--message", ID, "--brand", "other"), "not done, unknown_message: "),
        (("opened", "T-1", "--message", ID, "--conversation", "con_x"), "name either the conversation or a message of it"),
        (("opened", "anna@example.it", "--message", ID), "TICKET: does not have the expected form"),
        (("opened", "T-1", "--message", ID, "--reason", ""), "--reason: "),
        (("opened", "T-1", "--message", ID, "--agent", "\udcff"), "--agent: "),
        (("opened", "T-1", "--message", ID, "--at", "2026-11-22"), "--at: "),
        (("opened", "T-1", "--message", ID, "--at", "2099-11-22T00:00:00Z", "--url", "x"), "--url: does not have"),
    ],
)
def test_what_is_refused(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"regia: {said}")
    assert stored() == []


def test_another_event(run: Run) -> None:
    assert run("deleted", "T-1", "--message", ID).exit_code == 2
