"""docs/consumers.md shows the files that are run, and its Python example does each message of a real gateway once."""

import ast
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pika
import psycopg
import pytest

from regia_consumer import handling, pausing
from regia_consumer.consumer import HOLD_SECONDS, LONGEST_RECONNECT_SECONDS
from tests.clients.examples import EXAMPLES, TABLES
from tests.clients.test_stores import libpq
from tests.docs.pages import ROOT, Desk, blocks, python_block, read
from tests.docs.test_readme import POST, _send_again
from tests.servers.process import ServerProcess

PAGE = "docs/consumers.md"
MESSAGES = 5


@pytest.mark.parametrize(
    ("language", "name"), [("java", "Consumer.java"), ("php", "consumer.php"), ("javascript", "consumer.mjs")]
)
def test_the_page_shows_the_files_that_are_run(language: str, name: str) -> None:
    (shown,) = blocks(PAGE, language)
    assert shown.text == (EXAMPLES / name).read_text()


def test_the_page_and_the_library_make_the_same_table() -> None:
    from regia_consumer.postgresql import TABLE

    assert TABLES
    shown = re.sub(r"\s+", " ", TABLES[1].partition(";")[0]).replace("( ", "(").replace(" )", ")")
    assert shown == TABLE.replace(" IF NOT EXISTS", "")


def test_the_figures_of_the_page_are_those_of_the_code() -> None:
    page = re.sub(r"\s+", " ", read(PAGE))
    limits = handling.Limits()
    assert f"After {limits.retries} retries (`Limits`)" in page
    assert f"no end within {limits.seconds:.0f} seconds" in page
    assert f"waits grow from {limits.first:.0f} second to {limits.longest:.0f}" in page
    assert f"(at most {handling.LONGEST_RETRY_SECONDS:.0f})" in page
    assert f"with waits up to {pausing.LONGEST_SECONDS:.0f} seconds. Nothing is counted" in page
    assert f"After {HOLD_SECONDS / 60:.0f} minutes what is in hand goes back" in page
    assert f"waited for, for ever, with waits up to {LONGEST_RECONNECT_SECONDS:.0f} seconds." in page


@pytest.mark.timeout(240)
def test_its_python_example_does_each_message_once(tmp_path: Path, amqp_url: str, database_url: str) -> None:
    assert TABLES
    url = libpq(database_url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES[1].encode())
    (tmp_path / "tickets.py").write_text(python_block(PAGE, "tickets.py"))
    desk = Desk.make(tmp_path, REGIA__QUEUES__URL=amqp_url)
    with desk.gateway():
        for _ in range(MESSAGES):
            subprocess.run([*POST, f"http://127.0.0.1:{desk.port}/forms/site-form"], check=True, capture_output=True)
        _send_again(amqp_url)
        environment = {
            **os.environ,
            "AMQP_URL": amqp_url,
            "QUEUE": "demo.returns",
            "DATABASE_URL": url,
            "PYTHONPATH": str(ROOT / "clients/python"),
        }
        log = tmp_path / "tickets.log"
        consumer = ServerProcess("tickets", [sys.executable, "tickets.py"], log=log, env=environment, cwd=tmp_path)
        try:
            consumer.wait_ready(lambda: _left(amqp_url) == 0 and len(_tickets(url)) == MESSAGES)
            consumer.send(signal.SIGTERM)
            end = time.monotonic() + 30
            while consumer.alive:
                assert time.monotonic() < end, consumer.log_tail()
                time.sleep(0.05)
        finally:
            consumer.kill()
    assert _left(amqp_url) == 0, "everything was acknowledged, the repeat too"
    assert [text for text in _tickets(url) if "Vorrei un rimborso" in text] == _tickets(url)
    assert len(_tickets(url)) == MESSAGES


def _left(amqp_url: str) -> int:
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    try:
        return int(connection.channel().queue_declare("demo.returns", passive=True).method.message_count)
    finally:
        connection.close()


def _tickets(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM tickets")]


def test_the_example_of_the_package_is_python() -> None:
    (shown,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "clients/python/README.md").read_text(), re.MULTILINE | re.DOTALL)
    names = {alias.name for node in ast.walk(ast.parse(shown)) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert names == {"Consumer", "Message", "SqliteDedupe"}
