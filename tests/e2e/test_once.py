"""The same event is one envelope, one customer and one conversation, however often and whenever it comes."""

import json
import threading
from typing import Any

from tests.e2e.consumers import consumer_of
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Answer, Gateway, Mode
from tests.e2e.ledger import Post
from tests.e2e.people import Person
from tests.e2e.traffic import Traffic
from tests.e2e.whatsapp import WhatsApp, webhook

ANNA = Person("Anna Bianchi", "it", "393331234567", "IT.13491208655302741918")


def _at_once(gateway: Gateway, post: Post, times: int) -> list[Answer]:
    answers: list[Answer] = []
    together = threading.Barrier(times)

    def send() -> None:
        together.wait()
        answers.append(gateway.request("POST", post.path, post.body, post.headers))

    threads = [threading.Thread(target=send) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _posts(gateway: Gateway) -> tuple[Post, Post, Post]:
    """A webhook; another message of the same customer; the first message again, in other company."""
    traffic = Traffic(1, gateway.secret)
    make: WhatsApp = traffic._whatsapp
    first, second, third = (make.message(ANNA, "demo", "text") for _ in range(3))
    alone = traffic.delivery(webhook("demo", [first], []), (first.event,))
    later = traffic.delivery(webhook("demo", [second], []), (second.event,))
    together = traffic.delivery(webhook("demo", [first, third], []), (first.event, third.event))
    return alone, later, together


def _stored(gateway: Gateway, envelope_id: str | None) -> Any:
    answer = gateway.get(f"/v1/messages/{envelope_id}")
    assert answer.status == 200, answer.body
    return answer.json()["envelope"]["data"]


def test_three_at_once_and_again_later_are_one(make_gateway: MakeGateway, mode: Mode) -> None:
    gateway = make_gateway(mode)
    gateway.start()
    post, later, together = _posts(gateway)
    assert [answer.status for answer in _at_once(gateway, post, 3)] == [200, 200, 200]
    gateway.settle()
    consumer = consumer_of(gateway)
    consumer.drain()
    assert [delivery.envelope_id for delivery in consumer.deliveries] == [post.events[0].id]
    # Everything is published and consumed: the same again, and in another webhook.
    assert [answer.status for answer in _at_once(gateway, post, 3)] == [200, 200, 200]
    assert gateway.request("POST", later.path, later.body, later.headers).status == 200
    gateway.stop()
    gateway.start()
    assert gateway.request("POST", post.path, post.body, post.headers).status == 200
    assert gateway.request("POST", together.path, together.body, together.headers).status == 200
    books = gateway.settle()
    consumer.drain()
    ids = [event.id for event in (post.events[0], later.events[0], together.events[1])]
    assert sorted(delivery.envelope_id for delivery in consumer.deliveries) == sorted(map(str, ids))
    assert (books["accepted"], books["published"], books["duplicate"]) == (10, 3, 7)
    one, two, three = (_stored(gateway, envelope_id) for envelope_id in ids)
    assert one["customer"]["id"] == two["customer"]["id"] == three["customer"]["id"]
    assert one["conversation"]["id"] == two["conversation"]["id"] == three["conversation"]["id"]
    assert [data["customer"]["sequence"] for data in (one, two, three)] == [1, 2, 3]
    assert [data["conversation"]["messages"] for data in (one, two, three)] == [1, 2, 3]
    assert [data["customer"]["match"] for data in (one, two, three)] == ["new", "verified", "verified"]
    assert json.loads(consumer.deliveries[0].body)["data"] == one
    gateway.stop()


def test_an_idempotency_key_makes_an_api_post_one_contact(make_gateway: MakeGateway) -> None:
    gateway = make_gateway()
    gateway.start()
    post = Traffic(2, gateway.secret).text("Quando arriva il pacco?")
    answers = _at_once(gateway, post, 3)
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.status for answer in answers) == [200, 200, 202]
    assert sorted(answer.json()["repeat"] for answer in answers) == [False, True, True]
    gateway.settle()
    consumer = consumer_of(gateway)
    consumer.drain()
    assert len(consumer.deliveries) == 1
    gateway.stop()
