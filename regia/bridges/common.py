"""What the settings of every bridge have in common."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from desk.bridges.marks import Marks
from desk.bridges.ways import Ways
from regia.queue_settings import QueueName
from regia.store_settings import Section

Word = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$")]


class Bridge(Section):
    """Queues whose contacts become tickets, whose agents' answers become replies. Each system's own model adds `type`, and how
    it is reached."""

    type: str = Field(description="The ticket system.")
    queues: tuple[QueueName, ...] = Field(min_length=1, description="<brand>.<target>: everything in them goes there.")
    agents: tuple[Word, ...] = Field(
        default=(), description="Users whose messages are answers; if nobody is named, all but the bridge's own."
    )
    closed: tuple[Word, ...] = Field(min_length=1, description="The system's words for tickets that are closed.")
    reopened: Word = Field(description="Its word for a ticket that is open again.")
    when_closed: Literal["reopen", "follow_up"] = Field(
        default="reopen", description="What a contact in the conversation of a closed ticket does: open it, or a new one."
    )
    priorities: dict[int, Word] = Field(
        default={}, description="From which priority of the routing on a ticket gets which of the system's, such as 5: urgent."
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
            raise ValueError(f"reopened: {self.reopened} is one of closed, so no contact could open a ticket again")
        return self

    @property
    def ways(self) -> Ways:
        return Ways(
            agents=frozenset(self.agents),
            closed=frozenset(self.closed),
            reopened=self.reopened,
            priorities=tuple((least, str(one)) for least, one in sorted(self.priorities.items(), reverse=True)),
        )


class Marked(Bridge):
    """Of a system that has one kind of message for customers and for agents."""

    answers: Literal["all", "marked"] = Field(
        description="Which messages of agents the customer gets: all but those with a line that begins with `mark`, or those "
        "only that begin with it."
    )
    mark: Word = Field(default="@internal", description="That mark; with answers: marked, say @customer.")

    @property
    def marks(self) -> Marks:
        return Marks(self.answers, self.mark)
