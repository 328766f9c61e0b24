"""docs/events.md: its example, its tables and its follower are those of the code."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

import jsonschema
import orjson
import pytest

from dispatcher.base import Announcement
from dispatcher.rounds import CONTENT_TYPE
from dispatcher.topology import EVENTS
from normalizer.event import SCHEMA, TYPES, json_schema
from regia.http.openapi import openapi
from tests.docs.pages import Desk, blocks, python_block, read
from tests.e2e.whatsapp import signed

PAGE: Final = "docs/events.md"
HELD: Final = "regia.message.quarantined.v1"


def test_the_example_is_an_event() -> None:
    (example,) = (orjson.loads(block.text) for block in blocks(PAGE, "json"))
    jsonschema.validate(example, json_schema(), format_checker=jsonschema.FormatChecker())
    assert example["dataschema"] == SCHEMA


def test_the_types_are_those_of_the_code() -> None:
    told = dict(re.findall(r"^\| `(regia\.[a-z.0-9]+)` \| ([^|]+) \| [^|]+ \|$", read(PAGE), re.MULTILINE))
    assert told == dict(TYPES)


def test_what_it_says_about_http_and_rabbitmq() -> None:
    page = read(PAGE)
    described = openapi()["paths"]["/v1/events"]["get"]["parameters"]
    assert re.findall(r"^\| `(\w+)` \| ", page.partition("## Over HTTP")[2].partition("##")[0], re.MULTILINE) == [
        one["name"] for one in described
    ]
    for text in (f"exchange `{EVENTS}`", f"`{CONTENT_TYPE}`", "header `number`"):
        assert text in page, text
    assert "number" in Announcement.__dataclass_fields__


@pytest.mark.timeout(240)
def test_its_follower_goes_on_where_it_was(tmp_path: Path) -> None:
    desk = Desk.make(tmp_path)
    (tmp_path / "follow.py").write_text(python_block(PAGE, "follow.py"))
    with desk.gateway():
        seen = [_follow(desk, number, lines=number) for number in (1, 2)]
    assert [len(lines) for lines in seen] == [1, 2]
    assert len({line for lines in seen for line in lines}) == 3
    assert all(re.fullmatch(rf"{HELD} [0-9a-f-]{{36}}", line) for lines in seen for line in lines)


def _follow(desk: Desk, first: int, *, lines: int) -> list[str]:
    """Start it, let that many contacts be held, and kill it when it has told them."""
    told = desk.folder / f"told-{first}"
    cursor = desk.folder / "cursor"
    before = cursor.read_text() if cursor.exists() else ""
    token = (desk.folder / "data/secrets/consumer-token").read_text().strip()
    environment = {**os.environ, "REGIA_URL": f"http://127.0.0.1:{desk.port}", "REGIA_TOKEN": token}
    with told.open("wb") as out:
        follower = subprocess.Popen([sys.executable, "follow.py"], cwd=desk.folder, env=environment, stdout=out)
        try:
            for number in range(lines):
                _hold(desk, first * 10 + number)
            end = time.monotonic() + 30
            while told.read_text().count("\n") < lines or not cursor.exists() or cursor.read_text() in ("", before):
                assert follower.poll() is None, "it ended"
                assert time.monotonic() < end, told.read_text()
                time.sleep(0.05)
            time.sleep(0.2)
        finally:
            follower.kill()
            follower.wait()
    return told.read_text().splitlines()


def _hold(desk: Desk, number: int) -> None:
    """An authentic webhook that cannot be read."""
    body = b'{"object": "whatsapp_business_account", broken %d' % number
    secret = (desk.folder / "data/secrets/whatsapp-app-secret").read_text().strip()
    request = Request(f"http://127.0.0.1:{desk.port}/webhooks/whatsapp", body, signed(body, secret))
    with urlopen(request, timeout=10) as answer:  # noqa: S310  # our own gateway
        assert answer.status == 200
