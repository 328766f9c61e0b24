"""Random sequences of what can happen to customers, over so few handles that they meet all the time."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Final

from tests.oracle.customers import Customers
from tests.oracle.facts import Link, Reply
from tests.oracle.operations import Answered, Changed, Contacts, Erase, Merge, Operation, Release, SetFact, Unmerge
from tests.oracle.terms import DAY_MS, ENGLISH, ITALIAN, Contact, Field, Given, Key, Many, Proof, Refused, Rules, Said, Source

RULES: Final = Rules(caps={"phone": 2, "email": 3, "crm": 2}, cap_other=2, merges_per_day=2, shared=("info@*",), window_hours=5)
"""Small, so that every guard has work. Two messages are never near five hours apart, nor near to 24."""

SPACES: Final = ("demo", "demo", "demo", "demo", "demo", "other")
PHONES: Final = ("+393331234501", "+393331234502", "+393331234503", "+393331234504")
EMAILS: Final = ("anna@uno.it", "marco@due.it", "info@tre.it")
USERS: Final = ("IT.81231", "IT.81232", "IT.81233")
CRM: Final = ("C-1", "C-2")
VALUES: Final = {"phone": PHONES, "email": EMAILS, "whatsapp_user": USERS, "crm": CRM}
SENDERS: Final = ("phone", "phone", "email", "whatsapp_user")
ALIASES: Final = ("phone", "phone", "email", "whatsapp_user", "whatsapp_user", "crm", "crm")
NAMES: Final = (None, None, None, None, None, "Anna Bianchi", "Anna Bianchi", "bianchi anna", "A. Bianchi", "Marco Verdi")
WORDS: Final = (ITALIAN, ENGLISH, None, None, None)
SOURCES: Final[tuple[Source, ...]] = ("agent", "api", "import", "connector")
SAID: Final[tuple[tuple[Field, tuple[str, ...]], ...]] = (
    ("name", ("Anna Bianchi", "Marco Verdi", "A. Bianchi")),
    ("language", ("it", "en", "de")),
    ("tier", ("gold", "silver")),
    ("tags", ("vip", "b2b", "new")),
)
CHANNELS: Final = ("whatsapp", "whatsapp", "email", "app")
MANY: Final[tuple[Many, ...]] = ("list", "program")
MINUTE_MS: Final = 60_000
JUMPS_DAYS: Final = (50, 50, 400)
"""Silences around `reassign_days` and `recycle_days`, and no sum of them within two days of either."""


def sequence(seed: str, *, least: int = 5, most: int = 40) -> tuple[Operation, ...]:
    """From `least` to `most` operations, the same for the same `seed`. Message ids begin with the seed."""
    return _Maker(seed).make(least, most)


def happened(seed: str) -> Counter[str]:
    """How often what happens in the sequence of this seed."""
    maker = _Maker(seed)
    maker.make()
    return maker.model.happened


class _Maker:
    def __init__(self, seed: str) -> None:
        self.random = Random(seed)  # noqa: S311 - repeatable on purpose
        self.model = Customers(RULES)  # only so that acts find somebody: every operation means something without it
        self._prefix = seed
        self._now_ms = 0
        self._contacts = 0
        self._replies = 0
        # Some pools are smaller still, so that their few customers meet more often.
        self._pool = {kind: values[: self.random.randint(2, len(values))] for kind, values in VALUES.items()}
        self._long = self.random.random() < 0.5  # only half of them last longer than a few days

    def make(self, least: int = 5, most: int = 40) -> tuple[Operation, ...]:
        return tuple(self._next() for _ in range(self.random.randint(least, most)))

    def _next(self) -> Operation:
        operation = self._operation()
        if (call := operation.on(self.model)) is not None:
            with suppress(Refused):
                getattr(self.model, call[0])(*call[1])
        return operation

    def _operation(self) -> Operation:
        makers = (self._write, self._merge, self._unmerge, self._release, self._change, self._erase, self._say, self._answer)
        maker: Callable[[], Operation] = self.random.choices(makers, weights=(55, 16, 15, 4, 6, 3, 10, 14))[0]
        return maker()

    def _write(self) -> Contacts:
        return Contacts(tuple(self._contact() for _ in range(self.random.choice((1, 1, 1, 2, 4)))))

    def _contact(self) -> Contact:
        self._contacts += 1
        kind = self.random.choice(SENDERS)
        space = self.random.choice(SPACES)
        sender = self._said(kind, claimed=0.35 if kind in ("phone", "email") else 0)
        others = self.random.sample(ALIASES, self.random.choice((0, 0, 1, 1, 2)))
        aliases = {other: self._said(other, claimed=0.1) for other in others if other != kind}
        claims = (self._said(self.random.choice(("phone", "email")), claimed=0.8),) if self.random.random() < 0.3 else ()
        if self.random.random() < 0.35:
            space, sender, aliases = self._meeting() or (space, sender, aliases)
        return Contact(
            id=f"{self._prefix}-m{self._contacts}",
            at_ms=self._later(),
            space=space,
            sender=sender,
            aliases=tuple(aliases.values()),
            claims=claims,
            name=self.random.choice(NAMES),
            order=self.random.choice(("A-1", "A-2", None, None, None)),
            words=self.random.choice(WORDS),
            recorded=self.random.random() < 0.3,
            channel=self.random.choice(CHANNELS),
            reply_to=self._message(space, sender) if self.random.random() < 0.2 else None,
            mark=self._message(space, sender) if self.random.random() < 0.15 else None,
            language=self.random.choice(("it", "en", None, None, None, None)),
            many=self.random.choice(MANY) if self.random.random() < 0.06 else None,
        )

    def _message(self, space: str, sender: Said) -> str | None:
        """One to answer: mostly one of the sender's own, or of this batch, or one of whom it was taken apart from."""
        if self.random.random() < 0.1:
            return f"{self._prefix}-m{self._contacts - 1}"
        link = self.model.live(Key(space, sender.proof, sender.kind, sender.value))
        own = self.model.written(link.home) if link and self.random.random() < 0.75 else []
        split = [one for one in self.model.messages if one.talk in self.model.split]
        found = split if split and self.random.random() < 0.3 else own or self.model.messages
        return self.random.choice(found).id if found else None

    def _meeting(self) -> tuple[str, Said, dict[str, Said]] | None:
        """Handles of two who stand below others each, or whom a person took apart, or a claim that a person has taken for
        somebody's; with their space."""
        accepted = [link.name.key for link in self.model.links if link.ended == "accepted"]
        if accepted and self.random.random() < 0.5:
            key = self.random.choice(accepted)
            return key.space, Said(key.kind, key.value, "claimed"), {}
        if self.random.random() < 0.4 and (pair := self._apart()):
            return pair
        below = {self.model.top(link.home): link.name.key for link in self.model.links if self._is_below(link)}
        if len({key.space for key in below.values()}) != 1 or len(below) < 2:
            return None
        one, other = self.random.sample(sorted(below.values()), 2)
        return one.space, Said(one.kind, one.value), {other.kind: Said(other.kind, other.value)}

    def _apart(self) -> tuple[str, Said, dict[str, Said]] | None:
        """Handles of the very two who were taken apart, the last first, as far as both have one of their own."""
        for pair in reversed(self.model.apart):
            own = [[key for key in self._proven() if self._home(key) == one] for one in pair]
            found = [(one, other) for one in own[0] for other in own[1] if one.kind != other.kind and one.space == other.space]
            if found:
                one, other = self.random.choice(found)
                return one.space, Said(one.kind, one.value), {other.kind: Said(other.kind, other.value)}
        return None

    def _proven(self) -> list[Key]:
        return [link.name.key for link in self.model.links if link.ended is None and link.name.key.standing == "verified"]

    def _home(self, key: Key) -> str | None:
        link = self.model.live(key)
        return link.home if link else None

    def _is_below(self, link: Link) -> bool:
        return link.ended is None and link.name.key.standing == "verified" and self.model.above(link.home) is not None

    def _answer(self) -> Operation:
        """Mostly to the last that was written, sometimes to one in a conversation of two."""
        if not self.model.messages:
            return self._write()
        self._replies += 1
        split = [one for one in self.model.messages if one.talk in self.model.split]
        last = self.model.messages[-3:]
        found = split if split and self.random.random() < 0.3 else last if self.random.random() < 0.7 else self.model.messages
        return Answered(Reply(f"{self._prefix}-r{self._replies}", self.random.choice(found).id, self._later()))

    def _merge(self) -> Merge:
        one, other = self._key(), self._key()
        apart = [link for link in self.model.links if link.ended is None and link.name.key.space == one.space]
        if self.random.random() < 0.9 and apart:
            other = self.random.choice(apart).name.key
        nested = [link.name.key for link in apart if self.model.above(link.home)]
        if self.random.random() < 0.6 and nested:
            one = self.random.choice(nested)
        return Merge(one, other, self.random.choice((None, None, 0, 1)), self.random.random() < 0.15, self._later())

    def _unmerge(self) -> Unmerge:
        model = self.model
        merged = [link for link in model.links if link.ended in (None, "accepted") and model.above(link.home)]
        nested = [link for link in merged if model.above(model.above(link.home) or "")]
        found = nested if nested and self.random.random() < 0.4 else merged
        again = [link for link in merged if link.ended and model.live(link.name.key)]
        found = again if again and self.random.random() < 0.4 else found
        left = [link for link in merged if any(link.home == above for _, above in model.apart)]
        found = left if left and self.random.random() < 0.5 else found
        key = self.random.choice(found).name.key if found and self.random.random() < 0.9 else self._key()
        return Unmerge(key, self.random.choice((0, 0, 0, 1, 2)), self._later())

    def _release(self) -> Release:
        return Release(self._key(), self._later())

    def _change(self) -> Changed:
        kind = self.random.choice(("phone", "phone", "whatsapp_user"))
        old, new = self.random.sample(self._pool[kind], 2)
        space = self.random.choice(SPACES)
        return Changed(Key(space, "verified", kind, old), Key(space, "verified", kind, new), self._later())

    def _erase(self) -> Erase:
        return Erase(self._key(), self._later())

    def _say(self) -> SetFact:
        model = self.model
        merged = [link.name.key for link in model.links if link.ended is None and len(model.tree(link.home)) > 1]
        key = self.random.choice(merged) if merged and self.random.random() < 0.6 else self._key()
        field, values = self.random.choice(SAID)
        value = self.random.choice(values) if self.random.random() < 0.7 else None
        return SetFact(key, self.random.random() < 0.5, Given(self.random.choice(SOURCES), field, value), self._later())

    def _later(self) -> int:
        """Mostly minutes later, so that a day's merges meet their cap; some hours; now and then a long silence."""
        jump = self.random.random()
        if jump < 0.09 and self._long:
            self._now_ms += self.random.choice(JUMPS_DAYS) * DAY_MS
        minutes = self.random.randint(300, 500) if jump > 0.8 else self.random.randint(1, 30)
        self._now_ms += minutes * MINUTE_MS + self.random.randint(1, 59) * 1000
        return self._now_ms

    def _said(self, kind: str, *, claimed: float) -> Said:
        proof: Proof = "claimed" if self.random.random() < claimed else "verified"
        return Said(kind, self.random.choice(self._pool[kind]), proof)

    def _key(self) -> Key:
        """A handle, nearly always one that somebody has."""
        live = [link.name.key for link in self.model.links if link.ended is None]
        if live and self.random.random() < 0.95:
            return self.random.choice(live)
        kind = self.random.choice(SENDERS)
        claimed = kind in ("phone", "email") and self.random.random() < 0.25
        return Key(self.random.choice(SPACES), "claimed" if claimed else "verified", kind, self.random.choice(self._pool[kind]))
