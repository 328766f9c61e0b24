"""What a defect had held under its own id is driven again beside the gateway that held it: delivered, and once."""

import http.client
import json
import time
from pathlib import Path

from tests.e2e.consumers import consumer_of
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Gateway, Mode
from tests.e2e.people import Person
from tests.e2e.traffic import Traffic
from tests.e2e.whatsapp import WhatsApp, webhook

ANNA = Person("Anna Bianchi", "it", "393331234567", "IT.13491208655302741918")


def _over_http(gateway: Gateway, id_: str) -> None:
    headers = {**gateway.consumer(), "Content-Type": "application/json"}
    answer = gateway.request("POST", "/v1/quarantine/redrive", json.dumps({"ids": [id_]}).encode(), headers)
    assert answer.status == http.client.OK, answer.body
    assert {name: answer.json()[name] for name in ("redriven", "still_held")} == {"redriven": 1, "still_held": 0}


def _by_command(gateway: Gateway, id_: str) -> None:
    assert gateway.cli("quarantine", "redrive", id_).stdout == "1 driven again, 0 still held\n"


def _figures(gateway: Gateway) -> tuple[int, int, int, int]:
    found = gateway.settle()
    return found["accepted"], found["published"], found["duplicate"], found["quarantined"]


def test_delivered_once_and_a_retry_is_a_repeat(make_gateway: MakeGateway, mode: Mode, tmp_path: Path) -> None:
    """The gateway's own journal remembers the ids of the attempts that failed."""
    defect = tmp_path / "defect"
    defect.touch()
    gateway = make_gateway(mode, E2E_DEFECT=str(defect))
    gateway.start()
    traffic = Traffic(1, gateway.secret)
    make: WhatsApp = traffic._whatsapp
    pieces = [make.message(ANNA, "demo", "text") for _ in range(2)]
    posts = [traffic.delivery(webhook("demo", [piece], []), (piece.event,)) for piece in pieces]
    one, two = (piece.event.id for piece in pieces)

    def send() -> None:
        for post in posts:
            assert gateway.request("POST", post.path, post.body, post.headers).status == http.client.OK

    send()
    assert _figures(gateway) == (2, 0, 0, 2)
    held = json.loads(gateway.get("/v1/quarantine").body)["held"]
    assert {(row["id"], row["reason"]) for row in held} == {(one, "normalizer_failed"), (two, "normalizer_failed")}

    defect.unlink()
    _over_http(gateway, one)
    _by_command(gateway, two)
    until = time.monotonic() + 30
    while (found := _figures(gateway)) != (4, 2, 0, 2):
        assert time.monotonic() < until, f"{found}\n{gateway.tail()}"
    send()
    assert _figures(gateway) == (6, 2, 2, 2)
    consumer = consumer_of(gateway)
    consumer.drain()
    assert sorted(delivery.envelope_id for delivery in consumer.deliveries) == sorted((one, two))
