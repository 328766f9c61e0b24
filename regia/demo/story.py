"""A day of traffic: who writes what on which channel, and what comes twice. The same seed tells the same story."""

import random
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.api import Api
from connectors.base import Connector
from connectors.web_form import WebForm
from connectors.whatsapp import WhatsApp
from regia.demo.desk import DeskSender
from regia.demo.forms import FormSender, refusal
from regia.demo.people import Person, cast
from regia.demo.picture import png
from regia.demo.posts import Contact, Post, Sender
from regia.demo.texts import CAPTIONS, TEXTS, TOPICS, Topic
from regia.demo.whatsapp import WhatsAppSender

_DAY: Final = timedelta(hours=24)
_REPEAT, _REACTION, _STATUS, _PHOTO = (8, 13), (11, 17), (7, 19), (3, 11)
"""(first, every): at which places of the story something else than words comes."""
_RECENT: Final = 12
_SHARES: Final[Mapping[type, int]] = {WhatsAppSender: 6, FormSender: 2, DeskSender: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be sent, in order, and in words what was left out and why."""

    posts: tuple[Post, ...]
    notes: tuple[str, ...]


def plan(connectors: Iterable[Connector], *, count: int, rate: float, seed: int) -> Plan:
    """At most `count` requests for those of the connectors that the demo can speak for, at `rate` a second."""
    return _Story(connectors, count, rate, seed).told()


class _Story:
    def __init__(self, connectors: Iterable[Connector], count: int, rate: float, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311  # a story, not a secret
        self._seed = seed
        self._count = count
        self._notes: list[str] = []
        self._people = cast(count, self._rng)
        self._windows: dict[str, _Window] = {}
        self._senders = [sender for sender in map(self._sender, connectors) if sender is not None]
        for connector in connectors:
            if isinstance(connector, WebForm):
                limit = connector.settings.rate
                self._windows[connector.name] = _Window(limit.count, limit.seconds * rate)
        self._written: deque[tuple[Contact, Post]] = deque(maxlen=_RECENT)
        self._chatted: deque[Contact] = deque(maxlen=_RECENT)

    def told(self) -> Plan:
        posts = [post for number in range(self._count) if (post := self._at(number)) is not None] if self._senders else []
        left_out = self._count - len(posts)
        if left_out and self._senders:
            self._notes.append(f"{left_out} contacts left out: the forms take no more in this time (rate: of each form)")
        return Plan(posts=tuple(posts), notes=tuple(self._notes))

    def _sender(self, connector: Connector) -> Sender | None:
        if isinstance(connector, WhatsApp):
            return WhatsAppSender(connector, self._rng)
        if isinstance(connector, Api) and connector.settings.tokens:
            return DeskSender(connector, self._rng)
        if not isinstance(connector, WebForm):
            return None
        form = FormSender(connector, self._rng)
        trial = form.post(self._contact(0, self._people[0], "general"))
        if refused := refusal(connector, trial):
            self._notes.append(f"{connector.name} is left out: the demo cannot invent what it asks for ({refused})")
            return None
        return form

    def _at(self, number: int) -> Post | None:
        """What comes at this place of the story."""
        if _due(number, _REPEAT) and (post := self._again(number)):
            return post
        chats = [sender for sender in self._senders if isinstance(sender, WhatsAppSender)]
        if chats and self._chatted and _due(number, _REACTION):
            about = self._rng.choice(self._chatted)
            contact = self._contact(number, about.person, about.topic)
            return self._rng.choice(chats).reaction(contact, about.token)
        if chats and _due(number, _STATUS):
            return self._rng.choice(chats).status(self._rng.choice(self._people), self._token(number), self._time(number))
        return self._words(number)

    def _words(self, number: int) -> Post | None:
        open_ones = [one for one in self._senders if self._windows.get(one.name, _OPEN).open_at(number)]
        with_photo = [one for one in open_ones if one.takes_photos] if _due(number, _PHOTO) else []
        choice = with_photo or open_ones
        if not choice:
            return None
        sender = self._rng.choices(choice, [_SHARES[type(one)] for one in choice])[0]
        contact = self._contact(number, self._rng.choice(self._people), self._rng.choice(TOPICS))
        if with_photo:
            caption = CAPTIONS[contact.person.language]
            contact = replace(contact, topic="warranty", text=caption, photo=png(self._rng))
        post = sender.post(contact)
        self._count_in(sender.name, number)
        self._written.append((contact, post))
        if isinstance(sender, WhatsAppSender):
            self._chatted.append(contact)
        return post

    def _again(self, number: int) -> Post | None:
        """Something that was sent a moment ago, byte for byte: providers and impatient people do that."""
        able = [post for _, post in self._written if self._windows.get(_name(post), _OPEN).open_at(number)]
        if not able:
            return None
        post = self._rng.choice(able)
        self._count_in(_name(post), number)
        return replace(post, what="repeats")

    def _count_in(self, name: str, number: int) -> None:
        if name in self._windows:
            self._windows[name].add(number)

    def _contact(self, number: int, person: Person, topic: Topic) -> Contact:
        text = self._rng.choice(TEXTS[topic][person.language]).format(order=person.order)
        return Contact(person=person, topic=topic, text=text, at=self._time(number), token=self._token(number))

    def _token(self, number: int) -> str:
        return f"{self._seed:x}-{number}"

    def _time(self, number: int) -> datetime:
        return datetime.now(UTC) - _DAY * (1 - (number + 1) / self._count)


class _Window:
    """Where in the story a form still takes a post: `most` within `places`."""

    def __init__(self, most: float, places: float) -> None:
        self._most = most
        self._places = places
        self._taken: deque[int] = deque()

    def open_at(self, number: int) -> bool:
        while self._taken and self._taken[0] <= number - self._places:
            self._taken.popleft()
        return len(self._taken) < self._most

    def add(self, number: int) -> None:
        self._taken.append(number)


_OPEN: Final = _Window(float("inf"), 1)


def _due(number: int, when: tuple[int, int]) -> bool:
    first, every = when
    return number % every == first


def _name(post: Post) -> str:
    return post.path.rpartition("/")[2]
