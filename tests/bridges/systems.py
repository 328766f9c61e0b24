"""Ticket systems as the tests of all bridges see them: what agents do, and what is in a ticket."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in a ticket."""

    filename: str
    content_type: str
    content: bytes


class System(ABC):
    """`type` is that of the bridge, `waits` the system's word for a ticket that waits for the customer,
    `yaml` its settings without queues, `given` their secrets."""

    type: str
    waits: str
    yaml: str
    given: dict[str, str]

    @abstractmethod
    def answer(self, user: str, ticket: str, text: str) -> None:
        """An agent writes to the customer."""

    @abstractmethod
    def answer_with(self, user: str, ticket: str, text: str, file: Kept) -> None:
        """An agent writes to the customer, with a file."""

    @abstractmethod
    def inner(self, user: str, ticket: str, text: str) -> None:
        """An agent writes to other agents."""

    @abstractmethod
    def texts(self, ticket: str) -> list[str]:
        """What was written into it, oldest first."""

    @abstractmethod
    def numbers(self) -> list[str]:
        """Of all tickets that are there."""

    @abstractmethod
    def close(self, ticket: str) -> None: ...

    @abstractmethod
    def pause(self, ticket: str) -> None:
        """It waits for the customer."""

    @abstractmethod
    def is_closed(self, ticket: str) -> bool: ...

    @abstractmethod
    def assign(self, ticket: str, user: str) -> None: ...

    @abstractmethod
    def remove(self, ticket: str) -> None: ...

    @abstractmethod
    def title(self, ticket: str) -> str: ...

    @abstractmethod
    def priority(self, ticket: str) -> Any: ...

    @abstractmethod
    def files(self, ticket: str) -> list[Kept]: ...

    def filename(self, name: str) -> str:
        """As the system keeps it."""
        return name
