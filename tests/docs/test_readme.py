"""README.md is followed to the letter: its commands are run in their order, and print what it shows."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pika
import pytest

from tests.docs.pages import ROOT, RUN, Desk, blocks, matches, python_block, read

README = "README.md"
CONSUMED = 30
POST = ["curl", "-s", "-F", "name=Anna", "-F", "email=anna@example.it", "-F", "message=Vorrei un rimborso"]


def test_make_run_is_the_command_the_tests_start() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "ARGS"}
    told = subprocess.run(["make", "-n", "run"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert [line.strip() for line in told.stdout.splitlines() if "regia run" in line] == [RUN]


def test_it_names_every_word_that_make_has_for_users() -> None:
    words = set(re.findall(r"`make ([a-z]+)`", read(README)))
    assert {"run", "test"} <= words
    assert words <= set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.timeout(240)
def test_its_commands_do_what_it_shows(tmp_path: Path) -> None:
    desk = Desk.make(tmp_path)
    start, *rest = blocks(README, "bash", "console")
    assert start.text == "make run\n"
    with desk.gateway():
        for block in rest:
            desk.run(block)
    welcome = (tmp_path / "gateway.log").read_text()
    for command in re.findall(r"^\$ (curl .*)$", rest[0].text, re.MULTILINE):
        assert desk.local(command).replace("data/", f"{tmp_path}/data/") in welcome


@pytest.mark.timeout(240)
def test_its_consumer_does_each_envelope_once(tmp_path: Path, amqp_url: str) -> None:
    desk = Desk.make(tmp_path, REGIA__QUEUES__URL=amqp_url)
    (tmp_path / "consumer.py").write_text(python_block(README, "consumer.py"))
    with desk.gateway():
        subprocess.run([*POST, f"http://127.0.0.1:{desk.port}/forms/site-form"], check=True, capture_output=True)
        _send_again(amqp_url)
        assert _consumed(tmp_path, amqp_url) == 2
    lines = (tmp_path / "consumed").read_text().splitlines()
    assert len(lines) == 1
    assert matches("cus_… Vorrei un rimborso", lines[0])


def _send_again(amqp_url: str) -> None:
    """Put a copy of the first message behind it, as a publish does whose confirm was lost."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    end = time.monotonic() + CONSUMED
    while (found := channel.basic_get("demo.returns"))[0] is None:
        assert time.monotonic() < end, "nothing was published"
        time.sleep(0.1)
    method, properties, body = found
    assert properties.content_type == "application/cloudevents+json"
    assert properties.headers["envelope-id"] == orjson.loads(body)["id"]
    channel.basic_nack(method.delivery_tag)
    channel.basic_publish("regia.inbound", "demo.returns.web_form", body, properties)
    connection.close()


def _consumed(folder: Path, amqp_url: str) -> int:
    """Run the page's consumer until the queue is empty; how many deliveries it acknowledged."""
    with (folder / "consumed").open("wb") as out:
        consumer = subprocess.Popen(
            [sys.executable, "consumer.py"], cwd=folder, env={**os.environ, "AMQP_URL": amqp_url}, stdout=out
        )
    try:
        connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
        end = time.monotonic() + CONSUMED
        while time.monotonic() < end:
            state = connection.channel().queue_declare("demo.returns", passive=True).method
            if state.consumer_count == 1 and state.message_count == 0 and (folder / "consumed").stat().st_size:
                break
            time.sleep(0.1)
        time.sleep(0.5)  # the acknowledgement of the repeat
    finally:
        consumer.terminate()
        consumer.wait(10)
    left = connection.channel().queue_declare("demo.returns", passive=True).method.message_count
    connection.close()
    return 2 - int(left)
