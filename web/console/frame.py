"""What is around every page of the console: who looks at it, in which language and theme, and whether data is masked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from normalizer.advice import Language

Theme = Literal["auto", "light", "dark"]
THEMES: Final[tuple[Theme, ...]] = get_args(Theme)

Words = Mapping[Language, str]
"""One text in every language of the console."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who is logged in. `role` is one of viewer, agent and admin."""

    id: str
    display: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An entry of the navigation."""

    path: str
    name: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """`base` is the path of `server.public_url`: every link begins with it. `csrf` goes into every form. `masked`: what
    customers wrote, and who they are, is shown in part only. `said`: what the last change came to, a key of the texts."""

    language: Language
    theme: Theme = "auto"
    base: str = ""
    csrf: str = ""
    viewer: Viewer | None = None
    places: tuple[Place, ...] = ()
    masked: bool = True
    said: str = ""

    def link(self, path: str) -> str:
        """The address of a page of the console: `/` and what follows, within the console."""
        return f"{self.base}/console{path}"
