"""Gateways of several names on the same servers, and what is sent to them by name and number."""

import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from tests.e2e.consumers import Delivery
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Gateway, Mode


def start_nodes(make_gateway: MakeGateway, mode: Mode, *names: str, **more: Any) -> list[Gateway]:
    """They run and are ready. Each has a data folder of its own, with the same secrets."""
    nodes = [make_gateway(mode, REGIA__NODE=name, **more) for name in names]
    nodes[0].start()
    for node in nodes[1:]:
        shutil.copytree(nodes[0].data / "secrets", node.data / "secrets")
        node.start()
    return nodes


class Numbered:
    """Contacts of some senders, each with the next number of its sender."""

    def __init__(self, senders: int) -> None:
        self._next = {f"s{number}@example.it": count() for number in range(senders)}
        self.sent = 0

    def post(self, gateway: Gateway, each: int) -> None:
        """So many of each sender, in turn; all of them are accepted."""
        headers = {"Authorization": f"Bearer {gateway.secret('desk-token')}", "Content-Type": "application/json"}
        for _ in range(each):
            for sender, numbers in self._next.items():
                number = next(numbers)
                body = {"sender": {"handle": {"kind": "email", "value": sender}}, "text": f"numero {number}"}
                key = {"Idempotency-Key": f"{sender} {number}"}
                answer = gateway.request("POST", "/v1/messages/desk", json.dumps(body).encode(), headers | key)
                assert answer.status == 202, answer.body
                self.sent += 1


def first_order(deliveries: Iterable[Delivery]) -> dict[tuple[str, str], Sequence[int]]:
    """By queue and sender the numbers in the order in which they came first."""
    seen: set[tuple[str, str]] = set()
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for one in deliveries:
        if (one.queue, one.envelope_id) in seen:
            continue
        seen.add((one.queue, one.envelope_id))
        data = json.loads(one.body)["data"]
        sender = data["sender"]["handle"]["value"]
        found[one.queue, sender].append(int(data["text"].removeprefix("numero ")))
    return dict(found)
