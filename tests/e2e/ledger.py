"""The sender's own books: what was sent and what was answered, on disk before the gateway can know of it.

They are kept without a look at the gateway's: an event is what the test put into a request, and its fate is what the
contract says of such an event.
"""

import json
import os
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self
from uuid import UUID, uuid5

Fate = Literal["message", "discarded", "signal", "quarantine"]

_NAMESPACE: Final = UUID("6f1c1b5e-4f0e-5d53-9a52-3a5f4b1c7a10")
"""Of envelope ids, as published: they must never change, or consumers would take repeats for new messages."""


def envelope_id(connector: str, event_key: str) -> str:
    return str(uuid5(_NAMESPACE, f"{connector}\n{event_key}"))


@dataclass(slots=True, kw_only=True, eq=False)
class Event:
    """One thing that happened, however often it is sent. `marker` stands in its text and nowhere else."""

    marker: str
    connector: str
    fate: Fate
    brand: str = "demo"
    channel: str = ""
    kind: str = ""
    text: str | None = None
    queue: str | None = None
    """The target a message belongs to; None when only the gateway can tell."""
    copies: tuple[str, ...] = ()
    sender: str | None = None
    id: str | None = None
    """Known beforehand (a provider's id makes it), or told by the first answer."""
    media: str | None = None
    """The media id of its attachment."""
    raw: bytes | None = None
    """For quarantine: the exact bytes that must be kept."""


@dataclass(slots=True, kw_only=True, eq=False)
class Post:
    """One request. `refused` is the status and the code it must be refused with, None when it must be accepted."""

    label: str
    method: str = "POST"
    path: str
    headers: Mapping[str, str]
    body: bytes
    events: tuple[Event, ...] = ()
    refused: tuple[int, str] | None = None
    tells_id: bool = False
    """Whether the answer names the envelope of the one event."""
    repeatable: bool = False
    """Whether the same request again is the same contact again."""
    conflict: bool = False
    """Refused as a repeat with another content: it is counted as a repeat all the same."""


@dataclass(slots=True)
class Tally:
    """What the ledger's file says. Numbers are per event."""

    sent: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    """2xx answers."""

    @property
    def accepted(self) -> int:
        """Events acknowledged, each as often as it was."""
        return self.acknowledged.total()

    @property
    def unanswered(self) -> int:
        return self.sent.total() - self.acknowledged.total()


class Ledger:
    """One file, one line before a request leaves (fsynced) and one after its answer. Safe between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab")
        self._lock = threading.Lock()
        self._numbers = 0
        self.events: dict[str, Event] = {}
        self.answers = 0
        """2xx answers so far."""

    def sending(self, post: Post) -> int:
        """Note that a request is about to leave; its number. Returns after the fsync."""
        with self._lock:
            self._numbers += 1
            number = self._numbers
            for event in post.events:
                self.events[event.marker] = event
            markers = [event.marker for event in post.events]
            self._write({"n": number, "label": post.label, "events": markers, "conflict": post.conflict})
            self._file.flush()
            os.fsync(self._file.fileno())
        return number

    def answered(self, number: int, status: int) -> None:
        with self._lock:
            self._write({"n": number, "status": status})
            self.answers += status < 300

    def _write(self, line: dict[str, object]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")

    def tally(self) -> Tally:
        """Count the file anew. Requests without a final answer are sent and not acknowledged; a 4xx answer other than
        to a conflicting repeat, and a 503, mean that nothing was accepted."""
        with self._lock:
            if not self._file.closed:
                self._file.flush()
        lines = [json.loads(line) for line in self._path.read_bytes().splitlines()]
        statuses = {line["n"]: line["status"] for line in lines if "status" in line}
        tally = Tally()
        for line in lines:
            status = statuses.get(line["n"], 0)
            if "status" in line or (status >= 300 and not line["conflict"]):
                continue
            tally.sent.update(line["events"])
            if status:
                tally.acknowledged.update(line["events"])
        return tally

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
