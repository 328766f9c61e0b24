"""Bridges: which queues go into which ticket system, and how."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from config.document import Document
from config.problems import Problem
from config.secrets import Secret
from dispatcher.base import Topology
from regia.queue_settings import QueueName, did_you_mean
from regia.store_settings import Section

Word = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
_AT: Final = ("bridges",)


class RoundupBridge(Section):
    """Queues whose contacts become issues of a Roundup tracker, whose agents' answers become replies."""

    type: Literal["roundup"] = Field(description="The ticket system.")
    queues: tuple[QueueName, ...] = Field(min_length=1, description="<brand>.<target>: everything in them goes there.")
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$")] = Field(
        description="The tracker's first page, such as https://help.example/support/."
    )
    user: Word = Field(description="The bridge's own user in the tracker: what it writes is no agent's answer.")
    password: Secret = Field(description="Of that user.")
    answers: Literal["all", "marked"] = Field(
        description="Which messages of agents the customer gets: all but those with a line that begins with `mark`, or those "
        "only that begin with it."
    )
    mark: Word = Field(default="@internal", description="That mark; with answers: marked, say @customer.")
    agents: tuple[Word, ...] = Field(
        default=(), description="Users whose messages are answers; if nobody is named, all but the bridge's own."
    )
    closed: tuple[Word, ...] = Field(default=("resolved",), min_length=1, description="Statuses in which an issue is closed.")
    reopened: Word = Field(default="chatting", description="The status of an issue that is open again.")
    paused: tuple[Word, ...] = Field(default=(), description="Statuses in which an issue waits for the customer.")
    closed_is_answer: bool = Field(
        default=False, description="Whether who closes an issue has answered the customer by a way of the ticket system's own."
    )
    when_closed: Literal["reopen", "follow_up"] = Field(
        default="reopen", description="What a contact in the conversation of a closed issue does: open it, or a new one."
    )
    priorities: dict[int, Word] = Field(
        default={}, description="From which priority of the routing on an issue gets which of the tracker's, such as 5: urgent."
    )
    every_seconds: float = Field(default=5.0, ge=1, le=3600, description="Between two looks at what agents did.")
    max_file_mb: int = Field(default=10, ge=0, le=100, description="Larger files stay links.")
    inside: bool = Field(default=True, description="Whether `regia run` runs it; otherwise `regia bridge run` does.")

    @field_validator("queues")
    @classmethod
    def _once(cls, queues: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(queues)) < len(queues):
            raise ValueError("names a queue twice")
        return queues

    @model_validator(mode="after")
    def _reopened_is_open(self) -> Self:
        if self.reopened in self.closed:
            raise ValueError(f"reopened: {self.reopened} is one of closed, so no contact could open an issue again")
        if both := {self.reopened, *self.closed} & {*self.paused}:
            raise ValueError(f"paused: {min(both)} is a status in which an issue is closed, or open again")
        return self


def unusable(
    bridges: dict[str, RoundupBridge], document: Document, topology: Topology, *, without_redis: bool
) -> list[Problem]:
    """Queues that no rule has, those that two bridges would share, so that each got a part, and bridges that several processes
    would run at once."""
    problems = [
        document.problem((*_AT, name, "inside"), "needs Redis (coordination.url), by which one process of several runs it")
        for name, bridge in bridges.items()
        if without_redis and not bridge.inside
    ]
    owners: dict[str, str] = {}
    for name, bridge in bridges.items():
        for place, queue in enumerate(bridge.queues):
            at = (*_AT, name, "queues", place)
            if queue not in topology.queues:
                hint = did_you_mean(queue, topology.queues) or f"queues: {', '.join(topology.queues)}"
                problems.append(document.problem(at, "no rule has this queue", hint))
            elif (other := owners.setdefault(queue, name)) != name:
                problems.append(document.problem(at, f"bridge {other} takes from this queue too: each would get a part"))
    return problems
