"""Runs a sequence on the model and on the real one, compares them after every step, and makes a failing one short."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any, Final, Protocol

from tests.oracle.customers import Customers
from tests.oracle.facts import Reply
from tests.oracle.operations import Contacts, Operation, described
from tests.oracle.states import Names, State, differences, state_of, unasked, words
from tests.oracle.terms import Answer, Contact, Given, Key, LinkName, Refused, Rules


class Side(Protocol):
    """What is compared with the model. Customers and links go by its own ids; what cannot be done raises `Refused`."""

    async def contacts(self, batch: tuple[Contact, ...]) -> list[Answer]: ...

    async def reply(self, reply: Reply) -> None: ...

    async def merge(self, one: str, other: str, top: str | None, now_ms: int) -> None: ...

    async def unmerge(self, customer: str, now_ms: int) -> None: ...

    async def release(self, link: str, now_ms: int) -> None: ...

    async def changed(self, old: Key, new: Key, now_ms: int) -> None: ...

    async def set_fact(self, customer: str, given: Given, now_ms: int) -> None: ...

    async def erase(self, customer: str, now_ms: int) -> None: ...

    async def state(self) -> State: ...


class Differs(Exception):
    """The real one did something else than the model: `operations` up to there, and `what` differs."""

    def __init__(self, operations: tuple[Operation, ...], what: list[str]) -> None:
        super().__init__(f"after\n{described(operations)}\n  " + "\n  ".join(what))
        self.operations = operations
        self.what = what


class Run:
    """One sequence, side by side."""

    def __init__(self, rules: Rules, real: Side) -> None:
        self.model = Customers(rules)
        self.real = real
        self.names = Names()
        self.before = State()

    async def step(self, operation: Operation) -> list[str]:
        """Do it on both sides; what differs then, nothing if all is well."""
        call = operation.on(self.model)
        if call is None:
            return []
        self.model.begin()
        expected = self._expected(*call)
        try:
            found = await self._found(*call)
            self.before = await self.real.state()
        except Exception as error:  # noqa: BLE001 - whatever it is, the sequence that leads there is what helps
            return [f"{call[0]} failed: {error!r}"]
        wrong = list(differences(state_of(self.model), self.before, self.names))
        wrong += unasked(self.model, self.before, self.names)
        if expected is None or found is None:
            return wrong if expected is found else [f"refused: expected {expected is None}, found {found is None}", *wrong]
        found = [replace(one, customer=self.names.back(one.customer), talk=self.names.back(one.talk)) for one in found]
        pairs = zip(expected, found, strict=True)
        return wrong + [
            f"answer: expected {words(one, other)}, found {words(other, one)}" for one, other in pairs if one != other
        ]

    def _expected(self, method: str, given: tuple[Any, ...]) -> list[Answer] | None:
        """What the model answers, None where it refuses."""
        try:
            return getattr(self.model, method)(*given) or []
        except Refused:
            return None

    async def _found(self, method: str, given: tuple[Any, ...]) -> list[Answer] | None:
        """What the real one answers to the same, said with its own ids."""
        try:
            return await getattr(self.real, method)(*(self._real(one) for one in given)) or []
        except Refused:
            return None

    def _real(self, given: Any) -> Any:
        if isinstance(given, LinkName):  # the model's place counts links that are gone
            live = (name for name, link in self.before.links.items() if name.key == given.key and link.ended is None)
            return self.before.link_ids[next(live)]
        return self.names.real[given] if isinstance(given, str) else given


async def check(operations: tuple[Operation, ...], rules: Rules, real: Side) -> Customers:
    """Run all of them; the model at the end. Raises `Differs` at the first step after which the two are not the same."""
    run = Run(rules, real)
    for number, operation in enumerate(operations, 1):
        if wrong := await run.step(operation):
            raise Differs(operations[:number], wrong)
    return run.model


async def check_short(operations: tuple[Operation, ...], rules: Rules, fresh: Callable[[], Awaitable[Side]]) -> Customers:
    """The same, on an empty real one; what it raises is as short as leaving out operations and contacts makes it."""
    try:
        return await check(operations, rules, await fresh())
    except Differs as error:
        shortest = error
    shorter = True
    while shorter:
        shorter = False
        for candidate in _shorter(shortest.operations):
            try:
                await check(candidate, rules, await fresh())
            except Differs as error:
                shortest, shorter = error, True
                break
    raise shortest


EXTRAS: Final = ("claims", "name", "order", "words", "recorded", "channel", "reply_to", "mark", "many", "language")
"""What can be left out of a contact."""


def _shorter(operations: tuple[Operation, ...]) -> Iterator[tuple[Operation, ...]]:
    """The sequence without each one of its operations, contacts, and things that a contact names."""
    for place in reversed(range(len(operations))):
        yield operations[:place] + operations[place + 1 :]
    for place, one in enumerate(operations):
        if isinstance(one, Contacts):
            for part in _parts(one):
                yield (*operations[:place], part, *operations[place + 1 :])


def _parts(contacts: Contacts) -> Iterator[Contacts]:
    batch = contacts.batch
    for place, one in enumerate(batch):
        rest = batch[:place], batch[place + 1 :]
        if len(batch) > 1:
            yield Contacts((*rest[0], *rest[1]))
        smaller = [replace(one, aliases=tuple(left for left in one.aliases if left != alias)) for alias in one.aliases]
        plain = Contact(one.id, one.at_ms, one.space, one.sender)
        smaller += [replace(one, **{name: getattr(plain, name)}) for name in EXTRAS]
        yield from (Contacts((*rest[0], each, *rest[1])) for each in smaller if each != one)
