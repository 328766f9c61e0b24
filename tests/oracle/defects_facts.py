"""Models with one defect each in what is said of customers, and in who is suggested."""

from typing import Final

from tests.oracle.customers import Customers
from tests.oracle.facts import Fact
from tests.oracle.terms import Answer, Contact, Customer, Field, Given, Source


class LatestWins(Customers):
    """Whoever spoke last is believed, whichever source it is."""

    def fact(self, customer: Customer, field: Field) -> str | None:
        tree = self.tree(customer)
        return next((one.given.value for one in reversed(self.facts) if one.of in tree and one.given.field == field), None)


class OtherAuthority(Customers):
    """An import is believed before an API."""

    def fact(self, customer: Customer, field: Field) -> str | None:
        order: tuple[Source, ...] = ("agent", "import", "api", "connector")
        return next((value for by in order if (value := self.by_source(self.tree(customer), field, by))), None)


class NothingIsTakenBack(Customers):
    """None says nothing."""

    def set_fact(self, customer: Customer, given: Given, now_ms: int) -> None:
        if given.value:
            super().set_fact(customer, given, now_ms)


class SaidOfTheTop(Customers):
    """What is said of one below stays with the one above."""

    def set_fact(self, customer: Customer, given: Given, now_ms: int) -> None:
        super().set_fact(self.top(customer), given, now_ms)


class FactsStayApart(Customers):
    """Merged, only what was said of the one at the top counts."""

    def fact(self, customer: Customer, field: Field) -> str | None:
        return next((value for by in self.rules.authority if (value := self.by_source({customer}, field, by))), None)


class TagsOfTheTop(Customers):
    """Merged, only the tags of the one at the top count."""

    def tags(self, customer: Customer) -> set[str]:
        each = (self.by_source({customer}, "tags", source) for source in self.rules.authority)
        return set(next(([tag] for tag in each if tag), []))


class TagsOfAllSources(Customers):
    """The tags of all sources together."""

    def tags(self, customer: Customer) -> set[str]:
        each = (self.by_source({one}, "tags", source) for source in self.rules.authority for one in self.tree(customer))
        return {tag for tag in each if tag}


class ChannelsTeachNoLanguage(Customers):
    """Only people and programs say which language a customer speaks."""

    def contact(self, contact: Contact) -> Answer:
        answer = super().contact(contact)
        self.facts = [one for one in self.facts if (one.given.field, one.given.source) != ("language", "connector")]
        return answer


class ManyTeach(Customers):
    """A contact of many teaches its customer a name."""

    def contact(self, contact: Contact) -> Answer:
        answer = super().contact(contact)
        if contact.many and contact.name:
            self.facts.append(Fact(self.messages[-1].home, Given("connector", "name", contact.name)))
        return answer


class GuardsAskNobody(Customers):
    """What a guard stopped makes no suggestion."""

    def _ask(self, one: Customer, other: Customer, reason: str) -> None:
        if reason == "same_claim":
            super()._ask(one, other, reason)


class ClaimsAskNobody(Customers):
    """Whoever names another's address makes no suggestion."""

    def _ask(self, one: Customer, other: Customer, reason: str) -> None:
        if reason != "same_claim":
            super()._ask(one, other, reason)


FACTS: Final = (
    LatestWins,
    OtherAuthority,
    NothingIsTakenBack,
    SaidOfTheTop,
    FactsStayApart,
    TagsOfTheTop,
    TagsOfAllSources,
    ChannelsTeachNoLanguage,
    ManyTeach,
    GuardsAskNobody,
    ClaimsAskNobody,
)
