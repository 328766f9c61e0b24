"""One contact of one person on one channel, as that channel's connector reads it, and the truth about its verified handles."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bench.people_names import shown
from bench.people_rates import Rates
from bench.people_things import Line, Mailbox, Person, at
from bench.people_town import Town
from bench.score import Holding, Proof
from normalizer.inbound import Handle, Kind, Sender

_ACCOUNTS: Final = MappingProxyType({"one": "390212345678", "two": "390298765432"})
_PLACEHOLDERS: Final = ("test@test.com", "nobody@nowhere.example", "noreply@posta.example", "a@a.example")
_ZEROS: Final = ("+390000000000", "+393333333333")
_SLIPS: Final = (("gmail", "gmial"), ("libero", "libbero"), ("outlook", "outlok"), ("yahoo", "yaho"), ("posta", "psota"))
"""Domains, and what becomes of them."""

Shown = tuple[Handle, Holding | None]
"""A handle as the contact names it, and whose it is where it is verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Who writes and how. `proof`: the holdings of the verified handles, the sender's first; empty for a claimed sender."""

    sender: Sender
    proof: Proof
    kind: Kind = "text"


class Letters:
    """Writes for the people of a town. `span_ms`: the length of the stream."""

    def __init__(self, town: Town, rates: Rates, rng: random.Random, span_ms: int) -> None:
        self._rates, self._rng = rates, rng
        self._ids_from_ms = int(rates.ids_after * span_ms)
        self._town = town
        self._mailboxes = sorted({box.value for person in town.people for box in person.mailboxes if not box.post})
        self._place = {value: place for place, value in enumerate(self._mailboxes)}
        self._holdings: dict[str, Holding] = {}

    def letter(self, person: Person, brand: str, channel: str, at_ms: int) -> Letter:
        return _CHANNELS[channel](self, person, brand, at_ms)

    def whatsapp(self, person: Person, brand: str, at_ms: int) -> Letter:
        """The number, with the user id beside it since there are such ids; of a user who hides the number the id alone."""
        line = self._some_line(person, at_ms)
        number = (Handle("phone", line.on_whatsapp, "verified"), self._holding(brand, "phone", line.id, line.holders))
        user_id = Handle("whatsapp_user", f"{_ACCOUNTS[brand]}:{person.country}.{line.id:015d}", "verified")
        user = (user_id, self._holding(brand, "whatsapp_user", line.id, line.holders))
        if at_ms < self._ids_from_ms:
            return _letter(number, name=line.profile)
        return _letter(user, name=line.profile) if at_ms >= line.hidden_ms else _letter(number, user, name=line.profile)

    def email(self, person: Person, brand: str, at_ms: int) -> Letter:
        mailbox = self._rng.choice(person.mailboxes)
        proven = mailbox.dmarc and not self._happens(self._rates.dmarc_broken)
        own = Handle("email", mailbox.written, "verified" if proven else "claimed")
        return _letter((own, self._of_mailbox(brand, mailbox)), name=mailbox.profile)

    def web_form(self, person: Person, brand: str, at_ms: int) -> Letter:
        """Everything in it is typed."""
        email, phone = self._typed_email(person), self._typed_phone(self._some_line(person, at_ms).value)
        named = [("email", email)] if self._happens(0.4) else [("email", email), ("phone", phone)]
        if self._happens(self._rates.placeholder):
            named = [("email", self._rng.choice(_PLACEHOLDERS)), ("phone", self._rng.choice(_ZEROS))]
        claims = [(Handle(kind, value, "claimed"), None) for kind, value in named]
        name = shown(person.name, self._rng, other=0, none=0, full=0.9)
        return _letter(claims[0], claims=claims[1:], name=name, kind="form")

    def app(self, person: Person, brand: str, at_ms: int) -> Letter:
        """The user of a signed token, with what the account has."""
        account = person.account
        assert account is not None  # noqa: S101  # without an account nobody has this channel
        user = Handle("app_user", f"{brand}-app:{person.number}", "verified")
        named = [self._address(brand, "email", at(account.mailboxes, at_ms), proven=account.confirmed)]
        if account.phone is not None:
            line = person.line(at_ms - account.stale_ms)
            named.append(self._address(brand, "phone", line, proven=account.phone == "verified"))
        own = (user, self._holding(brand, "app_user", person.number, frozenset((person.number,))))
        proven = [one for one in named if one[0].proof == "verified"]
        return _letter(own, *proven, claims=[one for one in named if one not in proven], name=person.app_name)

    def sms(self, person: Person, brand: str, at_ms: int) -> Letter:
        return _letter(self._address(brand, "phone", self._some_line(person, at_ms), proven=True), name=None)

    def telegram(self, person: Person, brand: str, at_ms: int) -> Letter:
        """Now and then with the card that has the own number."""
        user = Handle("telegram_user", f"{7_000_000_000 + len(brand)}:{person.number + 10**9}", "verified")
        own = (user, self._holding(brand, "telegram_user", person.number, frozenset((person.number,))))
        with_card = person.shows_card and self._happens(0.5)
        card = [self._address(brand, "phone", person.line(at_ms), proven=True)] if with_card else []
        return _letter(own, *card, name=person.telegram_name)

    def call(self, person: Person, brand: str, at_ms: int) -> Letter:
        """A caller id proves nobody, and may be hidden."""
        number = Handle("phone", self._some_line(person, at_ms).value, "claimed")
        if self._happens(self._rates.hidden_caller):
            number = Handle("unknown_caller", f"CA{self._rng.getrandbits(128):032x}", "claimed")
        return _letter((number, None), name=None, kind="call")

    def _some_line(self, person: Person, at_ms: int) -> Line:
        return self._rng.choice([person.line(at_ms), *person.more_lines])

    def _address(self, brand: str, kind: str, thing: Line | Mailbox, *, proven: bool) -> Shown:
        post = isinstance(thing, Mailbox) and thing.post
        return Handle(kind, thing.value, "verified" if proven else "claimed"), self._holding(
            brand, kind, thing.id, thing.holders, post=post
        )

    def _of_mailbox(self, brand: str, mailbox: Mailbox) -> Holding:
        return self._holding(brand, "email", mailbox.id, mailbox.holders, post=mailbox.post)

    def _holding(self, brand: str, kind: str, thing: int, holders: frozenset[int], *, post: bool = False) -> Holding:
        id_ = f"{brand}/{kind}/{thing}"
        return self._holdings.setdefault(id_, Holding(id_, holders, post))

    def _typed_email(self, person: Person) -> str:
        right = self._rng.choice(person.mailboxes).value
        if not self._happens(self._rates.typing_error):
            return right
        if self._happens(self._rates.hits_another):
            # The next one in the order of the alphabet is the most likely to differ by a slip.
            return self._mailboxes[(self._place.get(right, 0) + 1) % len(self._mailboxes)]
        for domain, wrong in _SLIPS:
            right = right.replace(f"@{domain}.", f"@{wrong}.")
        return right

    def _typed_phone(self, right: str) -> str:
        if not self._happens(self._rates.typing_error):
            return right
        if self._happens(self._rates.hits_another):
            return self._rng.choice(self._town.people).line(0).value
        place = self._rng.randrange(5, len(right) - 1)
        return f"{right[:place]}{right[place + 1]}{right[place]}{right[place + 2 :]}"

    def _happens(self, share: float) -> bool:
        return self._rng.random() < share


def _letter(own: Shown, *aliases: Shown, name: str | None, claims: Sequence[Shown] = (), kind: Kind = "text") -> Letter:
    proven = (own, *aliases) if own[0].proof == "verified" else ()
    return Letter(
        sender=Sender(
            handle=own[0],
            name=name,
            aliases=tuple(handle for handle, _ in aliases),
            claims=tuple(handle for handle, _ in claims),
        ),
        proof=tuple(holding for _, holding in proven if holding is not None),
        kind=kind,
    )


_CHANNELS: Final[Mapping[str, Callable[[Letters, Person, str, int], Letter]]] = MappingProxyType(
    {
        "whatsapp": Letters.whatsapp,
        "email": Letters.email,
        "web_form": Letters.web_form,
        "app": Letters.app,
        "sms": Letters.sms,
        "telegram": Letters.telegram,
        "call": Letters.call,
    }
)
