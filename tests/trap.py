"""A channel of another distribution whose contacts do to their reader what the worst mails do. Its name is `trap`."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from connectors.abilities import Abilities
from connectors.base import BaseConnector, Channel, ConnectorSettings, Parsed, Request, Unreadable
from connectors.errors import Rejected
from normalizer.inbound import Handle, InboundMessage, Sender

if TYPE_CHECKING:  # every reading process loads this module
    import pytest

_EATEN = 16 * 1024 * 1024
_ENTRY_POINTS = "[regia.connectors]\ntrap = tests.trap:CHANNEL\n"
_METADATA = "Metadata-Version: 2.1\nName: regia-trap\nVersion: 1\n"


def announce(folder: Path, monkeypatch: "pytest.MonkeyPatch") -> None:
    """Install it, as far as this run and the processes it starts are concerned."""
    info = folder / "site" / "regia_trap-1.dist-info"
    info.mkdir(parents=True)
    (info / "entry_points.txt").write_text(_ENTRY_POINTS)
    (info / "METADATA").write_text(_METADATA)
    monkeypatch.syspath_prepend(str(info.parent))


class TrapSettings(ConnectorSettings):
    type: Literal["trap"] = "trap"
    brand: str = "demo"
    folder: Path = Path()
    """Where its contacts leave traces, and where a file `repaired` says that everything can be read."""


class Trap(BaseConnector[TrapSettings]):
    @property
    def brands(self) -> frozenset[str]:
        return frozenset((self.settings.brand,))

    def verify(self, request: Request) -> None:
        """Anybody may."""

    def parse(self, request: Request) -> Parsed:
        word = request.body.split(maxsplit=1)[0].decode()
        if word in _TRAPS and not (self.settings.folder / "repaired").exists():
            return _TRAPS[word](request.body, self.settings.folder)
        return Parsed(messages=(_message(request.body),))


def _message(body: bytes) -> InboundMessage:
    text = body.decode(errors="replace")
    handle = Handle(kind="email", value="anna@example.it", proof="claimed")
    return InboundMessage(
        event_key=text,
        external_id=text,
        brand="demo",
        channel="trap",
        account=None,
        kind="text",
        sender=Sender(handle=handle),
        order_key=handle.value,
        raw=body,
        raw_content_type="text/plain",
        text=f"{text} read by {os.getpid()}",
    )


def _loop(_body: bytes, _folder: Path) -> Parsed:
    """In C, and the interpreter with it: no thread and no handler of this process runs again."""
    re.match(r"(a+)+$", "a" * 60 + "b")
    return Parsed()


def _sleep(_body: bytes, folder: Path) -> Parsed:
    (folder / "begun").touch()
    time.sleep(0.3)
    (folder / "ended").touch()
    return Parsed()


def _eat(_body: bytes, _folder: Path) -> Parsed:
    eaten = []
    while True:
        eaten.append(bytearray(_EATEN))


def _die(_body: bytes, _folder: Path) -> Parsed:
    os._exit(3)


def _crash(_body: bytes, _folder: Path) -> Parsed:
    os.kill(os.getpid(), signal.SIGSEGV)
    return Parsed()


def _die_once(body: bytes, folder: Path) -> Parsed:
    """As when somebody else ends the process."""
    if (folder / "died").exists():
        return Parsed(unreadable=(Unreadable(reason="unreadable", raw=body, content_type="", detail="read after all"),))
    (folder / "died").touch()
    os.kill(os.getpid(), signal.SIGTERM)
    return Parsed()


def _raise(_body: bytes, _folder: Path) -> Parsed:
    raise ValueError("the customer's own words")


def _exit(_body: bytes, _folder: Path) -> Parsed:
    raise SystemExit(4)


def _unpicklable(_body: bytes, _folder: Path) -> Parsed:
    anything: Any = threading.Lock()
    return Parsed(messages=(anything,))


def _reject(_body: bytes, _folder: Path) -> Parsed:
    raise Rejected("invalid_fields", "correct the fields", fields={"email": "no address"}, retry_after=7)


def _half(body: bytes, _folder: Path) -> Parsed:
    return Parsed(unreadable=(Unreadable(reason="unreadable", raw=body, content_type="text/plain", detail="its own"),))


_TRAPS: Mapping[str, Callable[[bytes, Path], Parsed]] = {
    "loop": _loop,
    "sleep": _sleep,
    "eat": _eat,
    "die": _die,
    "crash": _crash,
    "die-once": _die_once,
    "raise": _raise,
    "exit": _exit,
    "unpicklable": _unpicklable,
    "reject": _reject,
    "half": _half,
}

_ABLE = Abilities(kinds=frozenset({"text"}), proof=frozenset({"claimed"}))
CHANNEL = Channel(name="trap", settings=TrapSettings, connector=Trap, abilities=_ABLE, isolated=True)
