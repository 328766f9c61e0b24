"""A stand-in for the real one: a second model under random ids."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from tests.oracle.customers import Customers
from tests.oracle.facts import Reply
from tests.oracle.states import CustomerState, LinkState, MessageState, State, TalkState, state_of
from tests.oracle.terms import Answer, Contact, Customer, Given, Key, TalkName

NAMED: Final = ("home", "owner", "under", "into", "top", "talk")


class Twin:
    """A model that answers as the real one does, with ids of its own."""

    def __init__(self, model: Customers) -> None:
        self._model = model
        self._ids: dict[str, str] = {}

    async def contacts(self, batch: Sequence[Contact]) -> list[Answer]:
        answers = self._step().contacts(batch)
        return [replace(one, customer=self._id(one.customer), talk=self._id(one.talk)) for one in answers]

    async def reply(self, reply: Reply) -> None:
        self._step().reply(reply)

    async def merge(self, one: str, other: str, top: str | None, now_ms: int) -> None:
        self._step().merge(self._name(one), self._name(other), self._name(top) if top else None, now_ms)

    async def unmerge(self, customer: str, now_ms: int) -> None:
        self._step().unmerge(self._name(customer), now_ms)

    async def release(self, link: str, now_ms: int) -> None:
        self._step().release(next(one.name for one in self._model.links if str(one.name) == link), now_ms)

    async def changed(self, old: Key, new: Key, now_ms: int) -> None:
        self._step().changed(old, new, now_ms)

    async def set_fact(self, customer: str, given: Given, now_ms: int) -> None:
        self._step().set_fact(self._name(customer), given, now_ms)

    async def erase(self, customer: str, now_ms: int) -> None:
        self._step().erase(self._name(customer), now_ms)

    async def state(self) -> State:
        state = state_of(self._model)
        queue = [(*map(self._id, sorted(pair)), reason, "open") for pair, reason in self._model.asked()]
        return State(
            {name: self._known(one) for name, one in state.links.items()},
            {name: self._known(one) for name, one in state.messages.items()},
            {self._id(name): self._known(one) for name, one in state.talks.items()},
            {self._id(name): self._known(one) for name, one in state.customers.items()},
            state.link_ids,
            queue,
        )

    def _step(self) -> Customers:
        """The model, in another step."""
        self._model.begin()
        return self._model

    def _known(self, state: LinkState | MessageState | TalkState | CustomerState) -> Any:
        """The state with ids for names."""
        parts = vars(state)
        named = {name: self._id(parts[name]) for name in NAMED if parts.get(name)}
        return type(state)(**(parts | named))

    def _id(self, name: Customer | TalkName) -> str:
        return self._ids.setdefault(name, str(uuid4()))

    def _name(self, id_: str) -> Customer:
        return next(name for name, each in self._ids.items() if each == id_)
