"""One contact of the demo as the HTTP request its channel would really make."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from connectors.base import Request
from regia.demo.people import Person
from regia.demo.texts import Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What somebody says and when. `token` makes it one event: the same token again is a repeat."""

    person: Person
    topic: Topic
    text: str
    at: datetime
    token: str
    photo: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A request to the gateway. `path` is below its base address; `what` is the line of the summary it counts on."""

    what: str
    path: str
    body: bytes
    headers: Mapping[str, str] = field(repr=False)
    """Some hold a token or a signature."""

    def as_received(self, at: datetime) -> Request:
        """As a connector would get it, to see beforehand whether it takes it."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(method="POST", url=self.path, headers=headers, query={}, body=self.body, received_at=at)


class Sender(Protocol):
    """Writes the requests of one connector. `takes_photos` says whether `Contact.photo` can go along."""

    name: str
    takes_photos: bool

    def post(self, contact: Contact) -> Post:
        """The contact as this connector's channel sends it."""
        ...
