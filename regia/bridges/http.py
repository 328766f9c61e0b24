"""Bridges to ticket systems that are described in YAML."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from config.files import FileMark
from config.secrets import Secret
from config.shipped import Shipped
from connectors.exchange import Http
from desk.bridges.described.calling import Caller, Place
from desk.bridges.described.description import Description
from desk.bridges.described.reading import Rules
from desk.bridges.described.system import DescribedSystem
from desk.bridges.marks import Marks
from regia.bridges.common import Address, Bridge, Word
from regia.by_hand import now_ms

SHIPPED: Final = Shipped("bridges", Description)
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Plain = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value)]
"""Ids of groups and the like are often numbers."""


class HttpBridge(Bridge):
    """Any system with an HTTP interface that a description tells of."""

    type: Literal["http"] = Field(description="The ticket system.")
    description: Annotated[
        Description, FileMark(Description), BeforeValidator(SHIPPED.by_name), WithJsonSchema({"type": "string"})
    ] = Field(description="The name of a description that ships with Regia, or the path of one of your own.")
    url: Address = Field(description="What the paths of the description are below.")
    values: dict[Key, Plain] = Field(default={}, description="What the description asks for under settings.values.")
    secrets: dict[Key, Secret] = Field(default={}, description="What it asks for under settings.secrets.")
    closed: tuple[Word, ...] = Field(default=(), description="Statuses of closed tickets, instead of those of the description.")
    reopened: Word = Field(default="", description="The status of a ticket that is open again, instead of the description's.")
    answers: Literal["all", "marked"] | None = Field(
        default=None,
        description="Of a system without private messages, which ones the customer gets: all but those with a line that begins "
        "with `mark`, or those only that begin with it. Of others, which of the public ones.",
    )
    mark: Word = Field(default="@internal", description="That mark; with answers: marked, say @customer.")

    @model_validator(mode="after")
    def _has_what_is_described(self) -> Self:
        described = self.description
        for kind, given in (("values", self.values), ("secrets", self.secrets)):
            known: dict[str, Any] = getattr(described.settings, kind)
            for name in sorted(given.keys() - known.keys()):
                raise ValueError(f"{kind}: the description has no {name}; it has: {', '.join(known) or 'none'}")
            for name, one in known.items():
                if name not in given and getattr(one, "default", None) is None:
                    raise ValueError(f"{kind}: {name} is missing: {one if isinstance(one, str) else one.about}")
        return self

    @model_validator(mode="after")
    def _is_what_the_system_can(self) -> Self:
        described = self.description
        if described.reopen is None and self.when_closed == "reopen" and "when_closed" in self.model_fields_set:
            raise ValueError("when_closed: the description cannot open a closed ticket again: write follow_up")
        if described.written is None and (self.agents or self.answers is not None):
            raise ValueError("agents and answers: the description brings no answers of agents back")
        if described.written is not None and described.written.public is None and self.answers is None:
            raise ValueError("answers is missing: the system has no private messages, so say which ones customers get")
        if self.priorities and not described.asks_for("priority"):
            raise ValueError("priorities: the description has no {priority}")
        if self.reopened and not described.asks_for("reopened"):
            raise ValueError("reopened: the description has no {reopened}")
        return self

    @property
    def place(self) -> Place:
        defaults = {name: one.default for name, one in self.description.settings.values.items()}
        values = {name: value for name, value in (defaults | self.values).items() if value}
        return Place(url=self.url.rstrip("/"), values=values, secrets=self.secrets)


def described(settings: HttpBridge, http: Http) -> DescribedSystem:
    changed: dict[str, Any] = {"closed": settings.closed} if settings.closed else {}
    changed |= {"paused": settings.paused} if settings.paused else {}
    changed |= {"reopened": settings.reopened} if settings.reopened else {}
    marks = None if settings.answers is None else Marks(settings.answers, settings.mark)
    return DescribedSystem(
        Caller(http, settings.description.model_copy(update=changed), settings.place),
        Rules(ways=settings.ways, marks=marks),
        now_ms=now_ms,
    )
