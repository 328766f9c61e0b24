"""Events of a running gateway: followed over HTTP and with a queue of one's own, over a kill, and let go when it stops."""

import threading
import time
from pathlib import Path
from typing import Any

import pika

from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Gateway, Mode
from tests.e2e.whatsapp import signed

HELD = "regia.message.quarantined.v1"


class Follower:
    """Somebody who reads on from the cursor it was given last."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._cursor: int | None = None
        self.events: list[dict[str, Any]] = []

    def read(self, wait: int = 0) -> int:
        """Ask once: how many came."""
        after = "" if self._cursor is None else f"&after={self._cursor}"
        answer = self._gateway.get(f"/v1/events?type={HELD}&limit=7&wait={wait}{after}")
        assert answer.status == 200, answer.body
        found = answer.json()
        self._cursor = found["next"]
        self.events += found["events"]
        return len(found["events"])

    def until(self, count: int) -> None:
        deadline = time.monotonic() + 30
        while len(self.events) < count:
            assert time.monotonic() < deadline, f"{len(self.events)} of {count} events came"
            self.read(wait=5)


def _post(gateway: Gateway, number: int) -> bool:
    """An authentic webhook that cannot be read; whether it was taken."""
    body = b'{"object": "whatsapp_business_account", broken %d' % number
    try:
        return (
            gateway.request("POST", "/webhooks/whatsapp", body, signed(body, gateway.secret("whatsapp-app-secret"))).status
            == 200
        )
    except OSError:
        return False


def _bind(url: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.queue_declare("audit", durable=True)
        channel.queue_bind("audit", "regia.events", "regia.message.#")


def _taken(url: str) -> list[tuple[int, str, bytes]]:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel, found = connection.channel(), []
        while (one := channel.basic_get("audit", auto_ack=True))[0] is not None:
            found.append((one[1].headers["number"], one[1].message_id, one[2]))
    return found


def test_events_are_followed_over_a_kill(make_gateway: MakeGateway, mode: Mode, tmp_path: Path) -> None:
    gateway = make_gateway(mode)
    gateway.start()
    if mode.amqp is not None:
        _bind(mode.amqp)
    follower = Follower(gateway)
    assert follower.read() == 0
    for number in range(20):
        assert _post(gateway, number)
    follower.until(20)
    gateway.stop()
    told = tmp_path / "crashed"
    gateway.spawn(E2E_CRASH="before_marking_events:1", E2E_CRASHED=str(told))
    gateway.wait("/health/live")
    number, deadline = 20, time.monotonic() + 60
    while gateway.running:
        assert time.monotonic() < deadline, gateway.tail()
        number += _post(gateway, number)
        time.sleep(0.02)
    assert told.read_text() == "before_marking_events:1"
    gateway.start()
    assert _post(gateway, number), "the one that was not answered, which may be there"
    number += 1
    follower.until(number)
    assert follower.read(wait=1) == 0
    listed = {
        line.split()[0] for line in gateway.cli("quarantine", "list", "--limit", "1000").stdout.splitlines() if "-" in line
    }
    assert len({one["id"] for one in follower.events}) == len(follower.events) == number
    assert {one["data"]["id"] for one in follower.events} <= listed
    if mode.amqp is not None:
        _check_queue(mode.amqp, follower)
    _stops_at_once_for_who_waits(gateway)


def test_a_new_customer_is_told(make_gateway: MakeGateway) -> None:
    gateway = make_gateway()
    gateway.start()
    body = b'{"sender": {"handle": {"kind": "phone", "value": "+393331234567"}}, "text": "Vorrei un rimborso"}'
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {gateway.secret('desk-token')}"}
    taken = gateway.request("POST", "/v1/messages/desk", body, headers)
    assert taken.status == 202, taken.body
    gateway.settle()
    customer = gateway.get(f"/v1/messages/{taken.json()['id']}").json()["envelope"]["subject"]
    told = gateway.get("/v1/events?wait=10").json()["events"]
    assert "regia.customer.created.v1" in {one["type"] for one in told}
    assert {one["subject"] for one in told} == {customer}
    assert b"3331234567" not in gateway.get("/v1/events").body
    gateway.stop()


def _stops_at_once_for_who_waits(gateway: Gateway) -> None:
    last: list[dict[str, Any]] = []
    waiting = threading.Thread(
        target=lambda: last.append(gateway.get("/v1/events?after=1&type=regia.channel.back.v1&wait=25").json())
    )
    waiting.start()
    time.sleep(0.3)
    assert gateway.stop() < 5
    waiting.join(5)
    assert [one["events"] for one in last] == [[]]


def _check_queue(url: str, follower: Follower) -> None:
    """The same events in the same order, some of them again."""
    found, deadline = _taken(url), time.monotonic() + 30
    while len({number for number, _, _ in found}) < len(follower.events):
        assert time.monotonic() < deadline, f"{len(found)} events came"
        time.sleep(0.1)
        found += _taken(url)
    numbers = list(dict.fromkeys(number for number, _, _ in found))
    assert numbers == list(range(1, len(follower.events) + 1))
    assert len(found) > len(numbers), "what was published before the kill comes again"
    by_number = {number: id_ for number, id_, _ in found}
    assert [by_number[number] for number in numbers] == [one["id"] for one in follower.events]
    assert len({(id_, body) for _, id_, body in found}) == len(numbers), "a repeat has the same id and bytes"
