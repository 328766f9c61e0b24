"""The requests of a description: what is sent, what of the answer is kept, and what its status means."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from connectors.declared.query import Query
from connectors.declared.schemes import HeaderName
from connectors.declared.template import KeyedShape, Template

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Meaning = Literal["done", "refused", "gone", "closed", "retry", "conflict"]
Status = Annotated[int, Field(ge=100, le=599)]
_BODIES: Final = ("json", "form", "multipart", "raw")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


AsList: Final = BeforeValidator(_listed)
"""One alone stands for a list of one."""


class Bearer(Strict):
    scheme: Literal["bearer"]
    token: Template = Field(description="Such as `{secret.token}`.")


class Basic(Strict):
    scheme: Literal["basic"]
    user: Template = Field(description="Such as `{set.user}`.")
    password: Template = Field(description="Such as `{secret.token}`.")


class Header(Strict):
    scheme: Literal["header"]
    name: HeaderName = Field(description="Of the header.")
    value: Template = Field(description="Such as `token {secret.token}`.")


Auth = Annotated[Bearer | Basic | Header, Field(discriminator="scheme")]


class Outcome(Strict):
    """What an answer means that would mean something else. The first one that fits counts."""

    status: Annotated[tuple[Status, ...], AsList] = Field(min_length=1, description="One, or a list.")
    when: Query | None = Field(default=None, description="Only where this finds something.")
    means: Meaning = Field(
        description="`done`; `refused`: this will never be taken; `gone`: there is no such ticket; `closed`: it can no more be "
        "written to; `retry`: later; `conflict`: the steps are done again from the first."
    )


class Request(Strict):
    """One request. Texts hold placeholders, keys whose placeholder has no value are left out."""

    model_config = ConfigDict(populate_by_name=False)

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(default="GET", description="The HTTP method.")
    path: Template = Field(description="Below the bridge's `url`; values are percent-encoded.")
    query: KeyedShape | None = Field(default=None, description="Parameters of the address.")
    headers: dict[HeaderName, Template] = Field(default={}, description="Beside the common ones.")
    json_: KeyedShape | None = Field(default=None, alias="json", description="The body as JSON.")
    form: KeyedShape | None = Field(default=None, description="The body as a form.")
    multipart: KeyedShape | None = Field(
        default=None, description="The body as multipart/form-data: a list is a field that comes again, a file is a file."
    )
    raw: Template | None = Field(default=None, description="The body is a file: `{file}`.")
    when: Query | None = Field(default=None, description="Only where this finds something the request is made.")
    keep: dict[Word, Query] = Field(default={}, description="What later steps need of the answer: `{kept.NAME}`.")
    maybe: dict[Word, Query] = Field(default={}, description="The same, where finding nothing is fine.")
    outcomes: tuple[Outcome, ...] = Field(default=(), description="What statuses mean, where not what they usually do.")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        bodies = [name for name in _BODIES if getattr(self, name if name != "json" else "json_") is not None]
        if len(bodies) > 1:
            raise ValueError(f"has {' and '.join(bodies)}: a request has one body")
        if bodies and self.method == "GET":
            raise ValueError("is a GET, which has no body")
        if not str(self.path).startswith("/"):
            raise ValueError("path must begin with /")
        for name in ("query", "form"):
            shape: KeyedShape | None = getattr(self, name)
            if shape is not None and not shape.is_flat:
                raise ValueError(f"{name} must be a mapping of texts")
        if self.multipart is not None and not isinstance(self.multipart.source, dict):
            raise ValueError("multipart must be a mapping of names to texts, or to lists of them")
        return self

    @property
    def is_of_a_ticket(self) -> bool:
        return "ticket" in self.path.names


Steps = Annotated[tuple[Request, ...], AsList, Field(min_length=1)]
"""Requests one after the other: one alone may stand without a list."""


class Pages(Strict):
    """How a list goes on that comes in several answers."""

    by: Literal["number", "offset", "cursor", "url", "link"] = Field(
        description="`{page}` counts from 1; `{offset}` counts items from 0; `{cursor}` is what `next` finds; `url`: `next` "
        "finds the address; `link`: the header Link has it, with rel=next."
    )
    size: int = Field(default=100, ge=1, le=10_000, description="Items of a full page: `{size}`. A shorter one is the last.")
    next: Query | None = Field(default=None, description="Where the next cursor or address stands.")
    more: Query | None = Field(default=None, description="Only where this finds something another page is asked for.")

    @model_validator(mode="after")
    def _knows_the_next(self) -> Self:
        if (self.next is not None) != (self.by in ("cursor", "url")):
            raise ValueError("next says where the cursor or the address stands: by cursor and by url need it, the others not")
        return self


class Listing(Request):
    """A request whose answer is a list."""

    first: Steps | None = Field(default=None, description="Requests before it; what they keep, it knows.")
    list_: Query = Field(alias="list", description="Where the list stands; a single object is a list of one.")
    pages: Pages | None = Field(default=None, description="How it goes on; without it there is one answer.")


class Find(Listing):
    where: Query | None = Field(default=None, description="Only those items count for which this finds something.")
    ticket: Query = Field(description="The ticket's number, in an item.")


class Holds(Listing):
    where: Query = Field(description="Finds something in the item that is the contact of this mark.")


class ChangedList(Listing):
    ticket: Query = Field(description="The ticket's number.")
    status: Query = Field(description="The system's word for how it stands, as in `closed` and `final`.")
    agent: Query | None = Field(default=None, description="Who works on it.")
    at: Query = Field(description="When it was changed last.")
    cursor: Query | None = Field(default=None, description="What the next look begins with as `{cursor}`, in the last answer.")


class Written(Listing):
    where: Query | None = Field(default=None, description="Only those items count for which this finds something.")
    id: Query = Field(description="Of the message: the same whenever it is seen, and of no other.")
    at: Query = Field(description="When it was written.")
    author: Query | None = Field(default=None, description="Who wrote it, as customers may read it.")
    own: Query = Field(description="Finds something in what the bridge itself wrote.")
    agent: Query | None = Field(default=None, description="Finds something where an agent wrote it; without it, always.")
    public: Query | None = Field(
        default=None, description="Finds something in what customers get; without it the bridge's `answers` decide."
    )
    text: Query | None = Field(default=None, description="The words.")
    html: Query | None = Field(default=None, description="The words as markup, which is made a text.")
    files: Query | None = Field(default=None, description="How many files hang on it: a number, or the list of them.")
    newest_first: bool = Field(default=False, description="Whether the list begins with the newest: reading then ends early.")

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if (self.text is None) == (self.html is None):
            raise ValueError("write text or html: where the words stand")
        return self
