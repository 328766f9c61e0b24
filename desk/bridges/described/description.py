"""The language in which a ticket system's HTTP interface is described: a pydantic model of one YAML file.

docs/bridges-http.md explains all of it by examples.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from connectors.declared.query import Query
from connectors.declared.schemes import HeaderName
from connectors.declared.template import KeyedShape, Template
from desk.bridges.described import checks
from desk.bridges.described.moments import Times
from desk.bridges.described.requests import (
    AsList,
    Auth,
    ChangedList,
    Find,
    Holds,
    Steps,
    Strict,
    Word,
    Written,
)

Lack = Literal["find", "add", "note", "reopen", "files", "changed", "written"]
LACKS: Final[dict[Lack, str]] = {
    "find": "it cannot be asked for a contact, so one whose answer was lost may be in two tickets",
    "add": "nothing can be put into a ticket that is there, so each contact opens one of its own",
    "note": "nothing can be noted in a ticket, so what did not reach a customer stands in the log alone",
    "reopen": "a closed ticket cannot be opened again, so another follows it",
    "files": "files stay links",
    "changed": "nobody hears what becomes of tickets",
    "written": "answers of agents do not come back",
}
"""What a bridge does without, in words for who runs it."""
_Text = Annotated[
    str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value), StringConstraints(min_length=1)
]
"""Some systems have numbers as statuses."""


class Value(Strict):
    about: str = Field(min_length=1, description="What to write there.")
    default: str | None = Field(default=None, description="Without it the setting is needed; an empty one counts as none.")


class Settings(Strict):
    """What the description leaves to the bridge's settings."""

    values: dict[Word, Value] = Field(default={}, description="Keys of the bridge's `values`: `{set.NAME}`.")
    secrets: dict[Word, str] = Field(default={}, description="Keys of the bridge's `secrets`, `{secret.NAME}`: what each is.")


class Files(Strict):
    """How files come along. `{files}` in the steps of `open` and `add` is the list of what is made of them."""

    upload: Steps | None = Field(
        default=None, description="Done for each file before; `keep: {file: …}` is what `{files}` lists."
    )
    inside: KeyedShape | None = Field(
        default=None, description="A file within JSON, with `{filename}`, `{content_type}` and `{base64}`."
    )
    parts: Literal[True] | None = Field(default=None, description="`{files}` are parts of the multipart body.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.upload, self.inside, self.parts)) != 1:
            raise ValueError("write one of upload, inside and parts")
        return self


class Description(Strict):
    """One ticket system. What it lacks is said."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)] = Field(description="How messages call the system.")
    settings: Settings = Field(default=Settings(), description="What it leaves to the settings of a bridge: see there.")
    auth: Auth = Field(description="How the bridge proves itself.")
    headers: dict[HeaderName, Template] = Field(default={}, description="Headers of every request.")
    times: Times = Field(default=Times(), description="How times are written: see there.")
    behind_seconds: int = Field(
        default=300, ge=0, le=86_400, description="How much older than the last look a change may be that is seen only now."
    )
    sign: Template = Field(
        default="[regia:{mark}]",
        validate_default=True,
        description="How a mark looks in a text: `{sign}`, and `sign` in expressions.",
    )
    text_max: int = Field(default=60_000, ge=1_000, le=10_000_000, description="Characters of a text; what is longer is cut.")
    reason: Query | None = Field(default=None, description="Where an answer says why it refuses.")
    closed: Annotated[tuple[_Text, ...], AsList] = Field(default=(), description="Statuses of a closed ticket.")
    final: Annotated[tuple[_Text, ...], AsList] = Field(
        default=(), description="Statuses of a closed ticket that nothing opens again."
    )
    paused: Annotated[tuple[_Text, ...], AsList] = Field(
        default=(), description="Statuses of a ticket that waits for the customer."
    )
    priority: str | None = Field(default=None, description="`{priority}` where the bridge's `priorities` give none.")
    reopened: str | None = Field(default=None, description="The status of a ticket that is open again: `{reopened}`.")
    lacks: tuple[Lack, ...] = Field(default=(), description="What the system cannot do: each is described, or stands here.")
    url: Template = Field(description="Where an agent reads a ticket, with `{url}` and `{ticket}`.")
    check: Steps = Field(description="Whether it answers and takes our credentials; what it keeps, all others know.")
    open: Steps = Field(description="A new ticket; it keeps `ticket`, its number.")
    find: Annotated[tuple[Find, ...], AsList] | None = Field(
        default=None, description="Tickets with the contact of a mark, which was sent at `{since}` or later."
    )
    find_after_seconds: int = Field(
        default=0, ge=0, le=3_600, description="So long after a contact was sent `find` may not have it yet, and waits."
    )
    holds: Annotated[tuple[Holds, ...], AsList] | None = Field(
        default=None, description="Whether a ticket has the contact or note of a mark, where `find` knows not all of them."
    )
    ticket: Steps | None = Field(default=None, description="Reads a ticket; it may keep `status`.")
    add: Steps | None = Field(default=None, description="Puts a contact into a ticket.")
    note: Steps | None = Field(default=None, description="Tells the agents of a ticket something that customers do not get.")
    reopen: Steps | None = Field(default=None, description="Opens a closed ticket.")
    files: Files | None = Field(default=None, description="How files come along: see there.")
    changed: ChangedList | None = Field(default=None, description="Tickets in which something happened.")
    written: Written | None = Field(default=None, description="What was written into a ticket.")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        """Each problem with its place, so that a file tells its line."""
        problems = checks.problems(self)
        if problems:
            raise ValidationError.from_exception_data(
                "Description",
                [
                    InitErrorDetails(type=PydanticCustomError("described", "{told}", {"told": told}), loc=loc, input=True)
                    for loc, told in problems
                ],
            )
        return self

    def asks_for(self, name: str) -> bool:
        """Whether any text or expression needs this."""
        return checks.asks_for(self, name)

    def shortcomings(self) -> list[str]:
        """What the bridge does without, in words."""
        return [LACKS[lack] for lack in self.lacks]

    @property
    def told(self) -> frozenset[str]:
        """Statuses in which a ticket is closed."""
        return frozenset((*self.closed, *self.final))
