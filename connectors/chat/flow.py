"""The welcome flow of a chat: what it says, asks and offers, step by step, declared in the settings, interpreted by the widget.

Each step says something and then offers answers to choose, asks for a field, offers articles of the FAQ, or hands over to a
person. From every step a button leads to the first step that is a person's.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from normalizer.advice import Language
from normalizer.fields import FieldName, FieldSpec, Text, localised

StepName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]
AskType = Literal["text", "email", "number", "phone"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


class Choice(BaseModel):
    """An answer as a button. `category` goes along with the message as field `topic`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Slug = Field(description="Its name in the step.")
    label: Text = Field(description="What the button says.")
    category: Slug | None = Field(default=None, description="What the message is about: its field `topic`.")
    next: StepName = Field(description="The step after it.")

    def localised(self, language: Language) -> dict[str, str]:
        """The JSON of the widget."""
        said = {"id": self.id, "label": localised(self.label, language), "category": self.category, "next": self.next}
        return {name: value for name, value in said.items() if value is not None}


class Ask(BaseModel):
    """A question whose answer becomes a declared field of the channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: FieldName = Field(description="One of the chat's `fields`.")
    type: AskType = Field(default="text", description="The same as the field's.")
    optional: bool = Field(default=False, description="Whether there is a button to skip it.")


class Step(BaseModel):
    """What is said, and what comes then: `choices`, or `ask` and `next`, or `articles` and `search`, or `person`.

    A step with `next` alone is a page of a guide; one without anything is an end.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    say: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = Field(
        min_length=1, max_length=10, description="One text, or several, one message each."
    )
    choices: tuple[Choice, ...] = Field(default=(), max_length=12, description="Answers as buttons.")
    ask: Ask | None = Field(default=None, description="A question whose answer is typed.")
    articles: tuple[Slug, ...] = Field(default=(), max_length=8, description="Articles of the FAQ, by their id.")
    search: bool = Field(default=False, description="Whether the FAQ can be searched here.")
    next: StepName | None = Field(default=None, description="The step after it, but for choices.")
    person: bool = Field(default=False, description="Whether a person reads from here on.")

    @property
    def following(self) -> tuple[str, ...]:
        """The steps that may come after this one."""
        return tuple(name for name in (*(choice.next for choice in self.choices), self.next) if name is not None)

    def problems(self) -> Iterator[str]:
        """What in this step does not go together."""
        if self.ask and self.choices:
            yield "asks, and offers choices: one of them"
        if self.ask and not self.next:
            yield "asks, but has no next step for the answer"
        if self.choices and self.next:
            yield "offers choices: each has its own next, the step has none"
        if self.person and (self.ask or self.following):
            yield "is a person's: it ends the flow, and neither asks nor goes on"
        ids = [choice.id for choice in self.choices]
        if len(ids) != len(set(ids)):
            yield "has two choices with one id"
        if not all(_says(text) for text in (*self.say, *(choice.label for choice in self.choices))):
            yield "has an empty text"

    def localised(self, language: Language) -> dict[str, Any]:
        """The JSON of the widget: what is not there is left out."""
        said: dict[str, Any] = {
            "say": [localised(text, language) for text in self.say],
            "choices": [choice.localised(language) for choice in self.choices],
            "ask": self.ask.model_dump() if self.ask else None,
            "articles": list(self.articles),
            "search": self.search,
            "next": self.next,
            "person": self.person,
        }
        return {name: value for name, value in said.items() if value}


class Flow(BaseModel):
    """The steps by name, and the first of them. Every step can be reached, and one at least is a person's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: StepName = Field(description="The first step.")
    steps: dict[StepName, Step] = Field(min_length=1, max_length=100, description="What is said and asked, by name.")

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if problems := list(self._problems()):
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        for name, step in self.steps.items():
            yield from (f"step {name} {problem}" for problem in step.problems())
            yield from (f"step {name} goes on to {to}, which is no step" for to in step.following if to not in self.steps)
        if self.start not in self.steps:
            yield f"start names {self.start}, which is no step"
            return
        if not self._persons:
            yield "no step leads to a person: give one of them person: true"
        unreachable = [name for name in self.steps if name not in self._reached()]
        yield from (f"step {name} is never reached from {self.start}" for name in unreachable)

    @property
    def _persons(self) -> list[str]:
        return [name for name, step in self.steps.items() if step.person]

    def _reached(self) -> set[str]:
        # The button that every step has goes to the first step that is a person's.
        waiting = deque([self.start, *self._persons[:1]])
        reached: set[str] = set()
        while waiting:
            name = waiting.popleft()
            if name in self.steps and name not in reached:
                reached.add(name)
                waiting.extend(self.steps[name].following)
        return reached

    @property
    def needs_faq(self) -> bool:
        """Whether a step offers articles, so that the channel must name an FAQ."""
        return any(step.articles or step.search for step in self.steps.values())

    def check(self, fields: Mapping[str, FieldSpec]) -> None:
        """Raises ValueError where the flow asks for what the channel's `fields` do not declare."""
        if problems := list(self._undeclared(fields)):
            raise ValueError("; ".join(problems))

    def _undeclared(self, fields: Mapping[str, FieldSpec]) -> Iterator[str]:
        for name, step in self.steps.items():
            ask = step.ask
            if ask and ask.field not in fields:
                yield f"step {name} asks for {ask.field}, which is not declared in fields"
            elif ask and fields[ask.field].type != ask.type:
                yield f"step {name} asks for {ask.field} as {ask.type}, which fields declare as {fields[ask.field].type}"

    def localised(self, language: Language) -> dict[str, Any]:
        """The flow in one language, as JSON for the widget."""
        return {"start": self.start, "steps": {name: step.localised(language) for name, step in self.steps.items()}}


def _says(text: Text) -> bool:
    return all(one.strip() for one in ([text] if isinstance(text, str) else text.values())) and bool(text)
