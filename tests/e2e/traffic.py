"""Mixed traffic by a seed: webhooks, forms and API posts of many kinds, repeats of all of them, and bad requests."""

import base64
import dataclasses
import json
import random
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from tests.e2e.ledger import Event, Post
from tests.e2e.people import Person, Words, crowd
from tests.e2e.refusals import JSON, bad_requests
from tests.e2e.whatsapp import WhatsApp, signed, webhook

_REPEATS: Final = 0.05
_BAD: Final = 0.04
_FILE: Final = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


class Traffic:
    """`posts(n)` makes posts with at least `n` messages in them. `secret` reads the gateway's secrets by name."""

    def __init__(self, seed: int, secret: Callable[[str], str], *, stamp: str = "T") -> None:
        self._random = random.Random(seed)  # noqa: S311  # chance, not a secret
        self._words = Words(self._random)
        self._whatsapp = WhatsApp(self._random, self._words, stamp)
        self._people = crowd(self._random, 40)
        self._secret = secret
        self._stamp = stamp
        self._number = 0

    def posts(self, messages: int) -> list[Post]:
        made: list[Post] = []
        count = 0
        makers = (self.webhook, self.form, self.api)
        while count < messages:
            post = self._random.choices(makers, weights=(5, 3, 4))[0]()
            count += sum(event.fate == "message" for event in post.events)
            made.append(post)
            if self._random.random() < _BAD:
                made.append(self.bad())
            if post.repeatable and self._random.random() < _REPEATS:
                # Later in the row, so that a repeat comes while the first is on its way, or long after.
                self._insert(made, dataclasses.replace(post, label=f"repeated {post.label}"))
        return made

    def _insert(self, posts: list[Post], post: Post) -> None:
        posts.insert(self._random.randint(max(0, len(posts) - 40), len(posts)), post)

    def _marker(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number:06d}"

    def _person(self) -> Person:
        return self._random.choice(self._people)

    def webhook(self) -> Post:
        """One to four elements; sometimes one that cannot be read, alone, so that its exact bytes are known."""
        if self._random.random() < 0.02:
            return self._unreadable()
        brand = self._random.choices(["demo", "acme"], weights=[4, 1])[0]
        count = self._random.choices([1, 2, 3, 4], weights=[6, 2, 1, 1])[0]
        pieces = [self._whatsapp.message(self._person(), brand) for _ in range(count)]
        pieces += [self._whatsapp.signal(brand) for _ in range(self._random.choice([0, 0, 0, 1, 2]))]
        changes, events = [], [piece.event for piece in pieces]
        if self._random.random() < 0.05:
            change, event = self._whatsapp.change(brand)
            changes.append(change)
            events.append(event)
        return self.delivery(webhook(brand, pieces, changes), tuple(events))

    def delivery(self, body: bytes, events: tuple[Event, ...], label: str = "webhook") -> Post:
        headers = signed(body, self._secret("whatsapp-app-secret"))
        return Post(label=label, path="/webhooks/whatsapp", headers=headers, body=body, events=events, repeatable=True)

    def _unreadable(self) -> Post:
        """Authentic and not to be understood: it is acknowledged, and kept byte for byte."""
        marker = self._marker("q")
        piece = self._whatsapp.message(self._person(), "demo", "text")
        bodies = (
            b'{"object": "whatsapp_business_account", broken ' + marker.encode(),
            webhook("demo", [piece], []).replace(b"100200300400500", b"999000999000999"),
            webhook("demo", [piece], []).replace(b'"text": {"body"', b'"text": {"bodies"'),
        )
        body = self._random.choice(bodies)
        event = Event(marker=marker, connector="whatsapp", fate="quarantine", raw=body)
        return self.delivery(body, (event,), "unreadable webhook")

    def form(self) -> Post:
        """A contact over the form: JSON, form-encoded, or multipart with a file; now and then a robot's."""
        person, marker = self._person(), self._marker("f")
        said = self._words.say(person.language, marker)
        event = Event(
            marker=marker,
            connector="site-form",
            fate="message",
            channel="web_form",
            kind="form",
            text=said.text,
            queue=said.queue,
            copies=said.copies,
            sender=person.email,
        )
        values = {"name": person.name, "email": person.email, "message": said.text, "order": f"IT-{self._number}"}
        if self._random.random() < 0.1:
            values["reason"] = "return"
            event.queue = "recovery" if said.queue == "recovery" else "returns"
        if self._random.random() < 0.04:
            values["website"], event.fate = "https://spam.example", "discarded"
        token = f"{self._stamp}-{marker}" if self._random.random() < 0.8 else None
        return self._form_post(values, event, token)

    def _form_post(self, values: dict[str, str], event: Event, token: str | None) -> Post:
        kind = self._random.choice(["json", "urlencoded", "multipart"])
        headers: dict[str, str] = {}
        if token and kind != "json":
            values["submission"] = token
        elif token:
            headers["Idempotency-Key"] = token
        if kind == "json":
            headers |= JSON
            body = json.dumps(values).encode()
        elif kind == "urlencoded":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(values).encode()
        else:
            headers["Content-Type"] = "multipart/form-data; boundary=e2eBoundary"
            body = _multipart(values)
        page = kind != "json" and self._random.random() < 0.3
        headers |= {"Accept": "text/html"} if page else {}
        return Post(
            label=f"form {kind}",
            path="/forms/site-form",
            headers=headers,
            body=body,
            events=(event,),
            tells_id=not page,
            repeatable=token is not None,
        )

    def api(self) -> Post:
        """A contact from a program: texts, calls, visits, places, forms and files."""
        person, marker = self._person(), self._marker("a")
        said = self._words.say(person.language, marker)
        brand = self._random.choices(["demo", "acme"], weights=[4, 1])[0]
        channel = self._random.choice(["desk", "phone", "app"])
        kind = self._random.choices(["text", "call", "visit", "location", "form", "media", "comment"], weights=[6, *[1] * 6])[0]
        body: dict[str, Any] = {"kind": kind, "brand": brand, "channel": channel, "text": said.text, **_EXTRAS.get(kind, {})}
        body["sender"] = {"handle": {"kind": "email", "value": person.email}, "name": person.name}
        event = Event(
            marker=marker,
            connector="desk",
            fate="message",
            brand=brand,
            channel=channel,
            kind=kind,
            text=said.text,
            queue=said.queue,
            copies=said.copies,
            sender=person.email,
        )
        return self.api_post(body, event, key=f"{self._stamp}-{marker}" if self._random.random() < 0.8 else None)

    def api_post(self, body: dict[str, Any], event: Event, *, key: str | None) -> Post:
        headers = {**JSON, "Authorization": f"Bearer {self._secret('desk-token')}"}
        headers |= {"Idempotency-Key": key} if key else {}
        return Post(
            label=f"api {body.get('kind', 'text')}",
            path="/v1/messages/desk",
            headers=headers,
            body=json.dumps(body).encode(),
            events=(event,),
            tells_id=True,
            repeatable=key is not None,
        )

    def text(self, text: str = "", *, key: str = "") -> Post:
        """A plain API post of one text of its own."""
        marker = self._marker("t")
        words = f"{text} [{marker}]".strip()
        event = Event(marker=marker, connector="desk", fate="message", channel="desk", kind="text", text=words)
        body = {"sender": {"handle": {"kind": "email", "value": "one@example.it"}}, "text": words}
        return self.api_post(body, event, key=key or f"{self._stamp}-{marker}")

    def bad(self) -> Post:
        """A request that must be refused, of a kind by chance."""
        body = webhook("demo", [self._whatsapp.message(self._person(), "demo", "text")], [])
        return self._random.choice(bad_requests(body, self._secret))


_EXTRAS: Final[dict[str, dict[str, Any]]] = {
    "call": {"call": {"state": "answered", "duration": 74}},
    "visit": {"page": {"url": "https://shop.example/pans", "title": "Pans"}},
    "location": {"location": {"latitude": 45.46, "longitude": 9.19}},
    "form": {"fields": {"order": "IT-2231", "total": 899.5}},
    "media": {
        "attachments": [
            {"content": base64.b64encode(_FILE).decode(), "filename": "fattura.pdf", "content_type": "application/pdf"}
        ]
    },
}


def _multipart(values: dict[str, str]) -> bytes:
    parts = [
        f'--e2eBoundary\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in values.items()
    ]
    head = '--e2eBoundary\r\nContent-Disposition: form-data; name="files"; filename="scontrino.pdf"\r\n'
    parts.append(f"{head}Content-Type: application/pdf\r\n\r\n".encode() + _FILE + b"\r\n--e2eBoundary--\r\n")
    return b"".join(parts)


def conflict(post: Post, traffic: Traffic) -> Post:
    """An API post under the key of `post` with other words: refused, and counted as a repeat of it."""
    other = traffic.text("something else", key=post.headers["Idempotency-Key"])
    return dataclasses.replace(
        other, label="conflict", events=post.events, refused=(409, "idempotency_conflict"), conflict=True
    )
