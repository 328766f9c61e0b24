"""Who there is, and what they write from: people with their phones, mailboxes and accounts, and which of these they share."""

import random
from collections.abc import Iterator, Sequence
from typing import Final

from bench.people_addresses import Addresses
from bench.people_names import name, shown
from bench.people_rates import Rates
from bench.people_things import Account, Given, Line, Mailbox, Person

BRANDS: Final = ("one", "two")
DAY_MS: Final = 86_400_000
_YEAR_DAYS: Final = 365.25
_LAST_DAYS: Final = 10
"""Nobody writes for the first time later than this before the end."""
_MANY: Final = 8
"""Numbers of somebody who keeps changing them, twice what identity takes for one person's."""
_MUCH: Final = 15
"""How many times as much as others such a person writes, so that most of the numbers are seen."""


class Town:
    """`people` of them, by `rates`. Shares are exact: each group is a slice of the people, whose order says nothing."""

    def __init__(self, people: int, rates: Rates, rng: random.Random) -> None:
        self._rates, self._rng = rates, rng
        self._span_ms = rates.days * DAY_MS
        self._addresses = Addresses(rng)
        self._things = iter(range(2**62))
        self.people = [self._person(number) for number in range(people)]
        left = iter(self.people)
        self._share_phones(_pairs(left, rates.family_phone / 2 * people))
        self._share_mailboxes(_pairs(left, rates.family_mailbox / 2 * people))
        self._recycle(_pairs(left, rates.recycled * people))
        self._give_firms([next(left) for _ in range(round(rates.firm * people))])
        many = [next(left) for _ in range(round(rates.many_phones * people))]
        self._keep_changing(many)
        for person in self.people:
            self._equip(person)
        for person in many:
            person.account = self._account(person, person.mailboxes, phone="verified")
        self._open_till_accounts([next(left) for _ in range(round(rates.till_account * people))])

    def _person(self, number: int) -> Person:
        rates, rng = self._rates, self._rng
        country = rng.choices(list(rates.countries), list(rates.countries.values()))[0]
        first_ms = int(rng.random() * (self._span_ms - _LAST_DAYS * DAY_MS))
        brands = ("two",) if self._happens(rates.second_brand) else ("one",)
        return Person(
            number=number,
            name=name(country, rng),
            country=country,
            brands=BRANDS if self._happens(rates.both_brands) else brands,
            weight=rng.lognormvariate(0, rates.activity),
            first_ms=first_ms,
            last_ms=self._last(first_ms),
        )

    def _last(self, first_ms: int) -> int:
        stay = (1 + self._rng.expovariate(1 / self._rates.stay_days)) * DAY_MS
        return min(self._span_ms, first_ms + int(stay))

    def _share_phones(self, families: Sequence[tuple[Person, Person]]) -> None:
        """One uses nothing else, the other may have a number of their own besides."""
        for one, other in families:
            self._relate(one, other, alike=self._happens(self._rates.alike_in_family))
            line = self._line(one, holders=frozenset((one.number, other.number)))
            one.lines = [(0, line)]
            other.lines = [(0, line)]
            if self._happens(0.5):
                other.lines, other.more_lines = [(0, self._line(other))], [line]

    def _share_mailboxes(self, families: Sequence[tuple[Person, Person]]) -> None:
        for one, other in families:
            self._relate(one, other, alike=False)
            mailbox = self._mailbox(one, holders=frozenset((one.number, other.number)))
            if self._happens(1 / 3):
                mailbox.profile = f"Famiglia {one.name.last}"
            one.mailboxes.append(mailbox)
            other.mailboxes.append(mailbox)

    def _relate(self, one: Person, other: Person, *, alike: bool) -> None:
        other.country, other.brands = one.country, one.brands
        other.name = one.name if alike else name(one.country, self._rng, last=one.name.last)

    def _recycle(self, pairs: Sequence[tuple[Person, Person]]) -> None:
        """The number of one, who goes away or takes another, comes to the other after a silence."""
        for before, after in pairs:
            given_up = int(self._span_ms * self._rng.uniform(0.05, 0.3))
            soon = self._happens(self._rates.recycled_soon)
            silent = self._rng.uniform(60, 360) if soon else 366 + self._rng.expovariate(1 / 60)
            before.hands_on = True
            before.first_ms = int(given_up * self._rng.uniform(0, 0.8))
            before.lines, before.last_ms = [(0, self._line(before))], given_up - 1
            if self._happens(0.5):
                before.lines.append((given_up, self._line(before)))
                before.last_ms = self._last(given_up)
            after.country = before.country
            after.first_ms = min(given_up + int(silent * DAY_MS), self._span_ms - _LAST_DAYS * DAY_MS)
            after.last_ms = self._last(after.first_ms)
            after.lines = [(0, self._line(after, value=before.lines[0][1].value))]

    def _give_firms(self, staff: Sequence[Person]) -> None:
        left = list(staff)
        while left:
            size = self._rng.randint(2, 4)
            people, left = left[:size], left[size:]
            listed = not self._happens(self._rates.firm_unlisted)
            mailbox = self._mailbox(people[0], holders=frozenset(one.number for one in people), firm=listed)
            mailbox.post = True
            for one in people:
                one.mailboxes.append(mailbox)

    def _keep_changing(self, people: Sequence[Person]) -> None:
        """All the time there, and writing much."""
        for person in people:
            person.first_ms, person.last_ms = 0, self._span_ms
            person.weight *= _MUCH
            person.lines = [(self._span_ms * number // _MANY, self._line(person)) for number in range(_MANY)]

    def _equip(self, person: Person) -> None:
        """What is each person's own."""
        rates, rng = self._rates, self._rng
        shared = list(person.mailboxes)
        person.mailboxes.insert(0, self._mailbox(person))
        if self._happens(rates.second_email):
            person.mailboxes.append(self._mailbox(person))
        if not person.lines:
            person.lines = [(0, self._line(person)), *self._changes(person)]
        if self._happens(rates.second_phone):
            person.more_lines.append(self._line(person))
        if self._happens(rates.app):
            use_shared = bool(shared) and self._happens(rates.shared_account)
            person.account = self._account(person, shared if use_shared else person.mailboxes)
        person.on_telegram = self._happens(rates.telegram)
        person.shows_card = self._happens(rates.telegram_card)
        person.telegram_name = shown(person.name, rng, other=rates.nickname, none=rates.no_name, full=0.4)
        person.app_name = shown(person.name, rng, other=0, none=0, full=0.95)

    def _changes(self, person: Person) -> Iterator[tuple[int, Line]]:
        years = (person.last_ms - person.first_ms) / DAY_MS / _YEAR_DAYS
        if self._happens(self._rates.changed_number * years):
            yield int(self._rng.uniform(person.first_ms, person.last_ms)), self._line(person)

    def _account(self, person: Person, candidates: Sequence[Mailbox], phone: Given | None = None) -> Account:
        rates = self._rates
        verified = rates.app_phone_verified
        proofs: tuple[Given | None, ...] = ("verified", "claimed", None)
        phone = phone or self._rng.choices(proofs, (verified, verified, max(0.0, 1 - 2 * verified)))[0]
        stale = 0 if person.hands_on else int(self._rng.expovariate(1 / rates.stale_days) * DAY_MS)
        mailboxes = [(0, candidates[0])]
        if len(candidates) > 1 and self._happens(rates.changed_email):
            mailboxes.append((int(self._rng.uniform(person.first_ms, person.last_ms)), candidates[-1]))
        confirmed = self._happens(rates.app_email_verified)
        return Account(mailboxes=mailboxes, confirmed=confirmed, phone=phone, stale_ms=stale)

    def _open_till_accounts(self, people: Sequence[Person]) -> None:
        """With placeholders as their address: every other one on no list."""
        everybody = frozenset(one.number for one in people)
        values = ("noreply@negozio.example", "cassa@negozio.example")
        tills = [self._post(value, everybody) for value in values]
        for number, person in enumerate(people):
            person.account = Account(mailboxes=[(0, tills[number % 2])], confirmed=True, phone=None, stale_ms=0)

    def _post(self, value: str, holders: frozenset[int]) -> Mailbox:
        return Mailbox(id=next(self._things), value=value, written=value, holders=holders, profile=None, dmarc=False, post=True)

    def _line(self, person: Person, *, holders: frozenset[int] | None = None, value: str | None = None) -> Line:
        rates, rng = self._rates, self._rng
        number = value or self._addresses.phone(person.country)
        hides = self._happens(rates.hidden_number)
        hidden = rng.uniform(rates.ids_after, 1) if hides else 2.0
        return Line(
            id=next(self._things),
            value=number,
            on_whatsapp=self._addresses.on_whatsapp(number, old=self._happens(rates.old_spelling)),
            holders=holders or frozenset((person.number,)),
            profile=shown(person.name, rng, other=rates.nickname, none=rates.no_name, full=0.55),
            hidden_ms=int(hidden * self._span_ms),
        )

    def _mailbox(self, person: Person, *, holders: frozenset[int] | None = None, firm: bool | None = None) -> Mailbox:
        rates, rng = self._rates, self._rng
        value = self._addresses.email(person.name, person.country) if firm is None else self._addresses.post(listed=firm)
        return Mailbox(
            id=next(self._things),
            value=value,
            written=self._addresses.in_mails(value),
            holders=holders or frozenset((person.number,)),
            profile=shown(person.name, rng, other=rates.nickname / 4, none=rates.no_name, full=0.85),
            dmarc=self._happens(rates.dmarc),
        )

    def _happens(self, share: float) -> bool:
        return self._rng.random() < share


def _pairs(people: Iterator[Person], number: float) -> list[tuple[Person, Person]]:
    return [(next(people), next(people)) for _ in range(round(number))]
