"""`regia demo`: what it sends is what the channels really take, and what goes wrong is said in words."""

import json
import socket
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner

from connectors.web_form import WebForm, WebFormSettings
from regia.cli.main import app
from regia.compose import Configured, configure
from regia.demo.posts import Post
from regia.demo.send import NoGateway, send
from regia.demo.story import plan
from regia.demo.texts import CAPTIONS, LANGUAGES, TEXTS, TOPICS
from tests.servers.process import ServerProcess, exchange, free_port

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "config" / "examples" / "demo" / "regia.yaml"


@pytest.fixture
def demo(tmp_path: Path) -> Configured:
    return configure(DEMO, {"REGIA__DATA__PATH": str(tmp_path / "data")})


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A port the gateway of this test's environment is configured for."""
    chosen = free_port()
    monkeypatch.setenv("REGIA__SERVER__PORT", str(chosen))
    monkeypatch.setenv("REGIA__DATA__PATH", str(tmp_path / "data"))
    return chosen


@pytest.mark.parametrize("topic", TOPICS)
def test_every_text_is_routed_to_its_topic(demo: Configured, topic: str) -> None:
    texts = [text for language in LANGUAGES for text in TEXTS[topic][language]]  # type: ignore[index]
    texts += CAPTIONS.values() if topic == "warranty" else ()
    went = {
        text: demo.rules.of("demo").route({"channel": "whatsapp", "text": text.format(order="IT-1234")}).category
        for text in texts
    }
    assert went == dict.fromkeys(texts, topic)


def test_every_post_is_taken_by_its_connector(demo: Configured) -> None:
    story = plan(demo.connectors.values(), count=200, rate=20, seed=1)
    assert story.notes == ()
    assert len(story.posts) == 200
    for post in story.posts:
        connector = demo.connectors[post.path.rpartition("/")[2]]
        request = post.as_received(datetime.now(UTC))
        connector.verify(request)
        parsed = connector.parse(request)
        assert len(parsed.messages) + len(parsed.statuses) == 1
        assert not parsed.unreadable


def test_a_story_has_everything(demo: Configured) -> None:
    messages = received(demo, plan(demo.connectors.values(), count=120, rate=20, seed=2).posts)
    channels = defaultdict(set)
    for _, message in messages:
        channels[message.sender.name].add(message.channel)
    kinds = {message.kind for _, message in messages}
    assert {"text", "media", "reaction", "form"} <= kinds
    assert {message.channel for _, message in messages} == {"whatsapp", "web_form", "desk", "phone", "app"}
    assert sum(len(used) > 1 for used in channels.values()) >= 5
    assert any(item.content for _, message in messages for item in message.attachments)
    assert any(message.sender.handle.kind != "phone" and message.channel == "whatsapp" for _, message in messages)
    keys = [(name, message.event_key) for name, message in messages]
    assert len(set(keys)) < len(keys)


def test_the_same_seed_sends_the_same_events(demo: Configured) -> None:
    first, second, other = (
        {(name, message.event_key) for name, message in received(demo, plan(demo.connectors.values(), **how).posts)}
        for how in (
            {"count": 60, "rate": 20, "seed": 3},
            {"count": 60, "rate": 20, "seed": 3},
            {"count": 60, "rate": 20, "seed": 4},
        )
    )
    assert first == second
    assert not first & other


@pytest.mark.parametrize("seconds", [10, 60])
def test_a_form_gets_no_more_than_it_takes(seconds: int) -> None:
    form = web_form(rate={"count": 3, "seconds": seconds})
    story = plan([form], count=40, rate=1, seed=1)
    assert len(story.posts) == 3 * -(-40 // seconds)
    assert "left out" in story.notes[0]


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        pytest.param({"when": {"type": "date", "required": True}}, None, id="date"),
        pytest.param(
            {"total": {"type": "number", "required": True, "minimum": 2.5, "maximum": 3.5}}, None, id="number in bounds"
        ),
        pytest.param({"below": {"type": "number", "required": True, "maximum": -5}}, None, id="number below zero"),
        pytest.param({"privacy": {"type": "boolean", "required": True}}, None, id="box to tick"),
        pytest.param({"shop": {"type": "choice", "required": True, "choices": ["milan", "rome"]}}, None, id="choice"),
        pytest.param({"other": {"type": "email", "required": True}}, None, id="another address"),
        pytest.param({"note": {"required": True, "max_length": 3}}, None, id="short text"),
        pytest.param({"vat": {"pattern": "IT[0-9]{11}"}}, None, id="pattern that may stay empty"),
        pytest.param({"vat": {"required": True, "pattern": "IT[0-9]{11}"}}, "vat", id="pattern nobody can invent"),
    ],
)
def test_a_form_is_filled_in_by_its_types(fields: dict[str, object], left_out: str | None) -> None:
    form = web_form(fields={**BASE, **fields})
    story = plan([form], count=4, rate=1, seed=1)
    if left_out is not None:
        assert story.posts == ()
        assert story.notes == (f"shop is left out: the demo cannot invent what it asks for ({left_out})",)
        return
    assert len(story.posts) == 4
    for post in story.posts:
        form.parse(post.as_received(datetime.now(UTC)))


def test_without_a_gateway_it_says_where_it_looked(port: int) -> None:
    result = CliRunner().invoke(app, ["demo", "-c", str(DEMO)])
    assert result.exit_code == 1
    assert f"no gateway answers at http://127.0.0.1:{port}" in result.output
    assert "regia run -c" in result.output


def test_somebody_else_at_the_address_gets_nothing(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as server:
        heard: list[bytes] = []

        def answer() -> None:
            client, _ = server.accept()
            with client:
                heard.append(client.recv(4096))
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")

        thread = threading.Thread(target=answer)
        thread.start()
        result = CliRunner().invoke(app, ["demo", "-c", str(DEMO)])
        thread.join()
    assert result.exit_code == 1
    assert "is not a gateway" in result.output
    assert heard[0].startswith(b"GET /health/live ")


async def test_what_is_refused_is_counted_by_its_code(demo: Configured) -> None:
    answers = iter([(200, b"{}"), (429, b'{"error": "rate_limited"}'), (401, b'{"error": "token_unknown"}'), (502, b"<html>")])

    async def answer(_request: web.Request) -> web.Response:
        status, body = next(answers)
        return web.Response(status=status, body=body)

    stub = web.Application()
    stub.router.add_post("/{path:.*}", answer)
    posts = plan(demo.connectors.values(), count=4, rate=100, seed=1).posts
    heard: list[None] = []
    async with TestServer(stub) as server:
        tally = await send(str(server.make_url("")).rstrip("/"), posts, 100, lambda: heard.append(None))
    assert tally.refused == {"rate_limited": 1, "token_unknown": 1, "502": 1}
    assert (tally.sent.total(), tally.accepted.total(), len(heard)) == (4, 1, 4)


async def test_a_gateway_that_goes_away_is_told(demo: Configured) -> None:
    posts = plan(demo.connectors.values(), count=2, rate=100, seed=1).posts
    with pytest.raises(NoGateway, match=r"stopped answering after 0 accepted posts.*the same --seed"):
        await send(f"http://127.0.0.1:{free_port()}", posts, 100, lambda: None)


def test_too_long_a_demo_is_refused() -> None:
    result = CliRunner().invoke(app, ["demo", "--rate", "1", "--count", "2000"])
    assert result.exit_code == 1
    assert "more than 15 minutes" in result.output


@pytest.fixture
def gateway(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """`regia run` in a process of its own."""
    program = Path(sys.executable).with_name("regia")
    env = {"REGIA__SERVER__PORT": str(port), "REGIA__DATA__PATH": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
    process = ServerProcess("regia", [str(program), "run", "-c", str(DEMO)], log=tmp_path / "run.log", env=env, cwd=tmp_path)
    process.wait_ready(lambda: exchange(port, b"GET /health/ready HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200"))
    yield port
    process.stop()


def test_a_day_of_traffic_arrives_in_the_queues(gateway: int) -> None:
    runner = CliRunner()
    result = runner.invoke(app, ["demo", "-c", str(DEMO), "--count", "80", "--rate", "200", "--seed", "7"])
    assert result.exit_code == 0, result.output
    assert "80 accepted of     80   (seed 7)" in result.output
    assert f"queue peek -c {DEMO}" in result.output
    books = settled(runner)
    repeats = 80 - books["published"] - books["signals"]
    assert books["duplicate"] == repeats > 0
    assert books["signals"] > 0
    assert set(books["published_to"]) == {"demo.returns", "demo.warranty", "demo.delivery", "demo.general"}
    again = runner.invoke(app, ["demo", "-c", str(DEMO), "--count", "80", "--rate", "200", "--seed", "7"])
    assert again.exit_code == 0, again.output
    assert settled(runner)["published"] == books["published"]


def settled(runner: CliRunner) -> dict:  # type: ignore[type-arg]
    """The books once nothing waits any more."""
    while True:
        books = json.loads(runner.invoke(app, ["books", "--json", "-c", str(DEMO)]).output)
        assert books["balance"]
        if not books["waiting"] and not books["pending"]:
            return books  # type: ignore[no-any-return]


def received(demo: Configured, posts: tuple[Post, ...]) -> list:  # type: ignore[type-arg]
    """(connector, message) for every contact of a story, in order."""
    now = datetime.now(UTC)
    names = [(post.path.rpartition("/")[2], post) for post in posts]
    return [(name, message) for name, post in names for message in demo.connectors[name].parse(post.as_received(now)).messages]


BASE = {"email": {"type": "email", "required": True}, "message": {"required": True, "multiline": True}}


def web_form(**settings: object) -> WebForm:
    return WebForm("shop", WebFormSettings.model_validate_json(orjson.dumps({"brand": "demo", **settings})))
