"""One address of the console: who may use it, what answers, and what is written down of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aiohttp import web

from desk.staff.roles import Role
from web.console.frame import Words

if TYPE_CHECKING:
    from regia.http.console.visit import Visit

Handler = Callable[["Visit"], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Entry:
    """`path` is within `/console`. `role` is the least that may; `anyone` needs no login. `audit`: the act in the audit log, of
    which every change has one, and a view only where looking is an act (a customer)."""

    method: Literal["GET", "POST"]
    path: str
    role: Role | Literal["anyone"]
    handler: Handler
    audit: str | None = None
    nav: Words | None = None
    """Its name in the navigation, where it stands there: in the order of the table."""
    frames: bool = False
    """Whether the page holds a frame of our own."""
    quiet: bool = False
    """A page asks for it by itself: it does not count as use of a login."""
    first: bool = False
    """Open also to whoever has to choose a password before anything else."""
    largest: int = 64 * 1024
    """Bytes of a form."""
