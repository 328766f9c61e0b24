"""Models with one defect each in conversations, repeats and what an envelope shows."""

from dataclasses import replace
from typing import Final

from tests.oracle.customers import Customers
from tests.oracle.facts import Message, Reply
from tests.oracle.terms import DAY_MS, HISTORY, Contact, Customer, TalkName


class StrangersJoin(Customers):
    """Whoever refers to a message is in its conversation."""

    def _goes_on(self, talk: TalkName, customer: Customer) -> bool:
        return talk not in self.split


class SplitOnesGoOn(Customers):
    """A conversation with words of two is gone on with by whoever wrote in it last."""

    def _goes_on(self, talk: TalkName, customer: Customer) -> bool:
        return self.top(self.words_in(talk)[-1].home) == customer


class NothingIsSplit(Customers):
    """Words of two stay one conversation, until one of them is merged again or erased."""

    def _split(self, whole: set[TalkName]) -> None:
        pass


class MarksCountForNothing(Customers):
    """Our mark says nothing."""

    def _answers(self, contact: Contact) -> list[tuple[TalkName, str]]:
        return super()._answers(replace(contact, mark=None))


class ReferencesCountForNothing(Customers):
    """The message that one refers to says nothing."""

    def _answers(self, contact: Contact) -> list[tuple[TalkName, str]]:
        return super()._answers(replace(contact, reply_to=None))


class ReferencesBeforeMarks(Customers):
    """The message that one refers to counts before our mark."""

    def _answers(self, contact: Contact) -> list[tuple[TalkName, str]]:
        return super()._answers(contact)[::-1]


class NoWindow(Customers):
    """The last conversation is gone on with for ever."""

    def _open_one(self, contact: Contact, customer: Customer) -> TalkName | None:
        return super()._open_one(replace(contact, at_ms=0), customer)


class WindowFromTheFirstWord(Customers):
    """The window counts from when the conversation was opened."""

    def words_in(self, talk: TalkName) -> list[Message]:
        return super().words_in(talk)[:1] if self._looking else super().words_in(talk)

    def _open_one(self, contact: Contact, customer: Customer) -> TalkName | None:
        self._looking = True
        found = super()._open_one(contact, customer)
        self._looking = False
        return found

    _looking = False


class AnyOpenOne(Customers):
    """The first conversation that is open is gone on with, not the last."""

    def _open_one(self, contact: Contact, customer: Customer) -> TalkName | None:
        last = super()._open_one(contact, customer)
        window_ms = self.rules.window_hours * 3_600_000
        own = (talk for talk in self.talks() if self._goes_on(talk, customer) and self.is_open(talk))
        return last and next(talk for talk in own if contact.at_ms - self.words_in(talk)[-1].at_ms <= window_ms)


class RepeatsOnOneChannel(Customers):
    """The same words are a repeat on the same channel too."""

    def _repeated(self, contact: Contact, customer: Customer) -> Message | None:
        return super()._repeated(replace(contact, channel="none"), customer)


class RepeatsForDays(Customers):
    """The same words are a repeat two days later too."""

    def _repeated(self, contact: Contact, customer: Customer) -> Message | None:
        return super()._repeated(replace(contact, at_ms=contact.at_ms - DAY_MS), customer)


class RepeatsOfStrangers(Customers):
    """The same words of anybody in the brand are a repeat."""

    def _repeated(self, contact: Contact, customer: Customer) -> Message | None:
        anybody = (self._repeated_by(contact, one) for one in self.first_seen if self.above(one) is None)
        return next((one for one in anybody if one is not None and one.link.key.space == contact.space), None)

    def _repeated_by(self, contact: Contact, customer: Customer) -> Message | None:
        return super()._repeated(contact, customer)


class ManyGoOn(Customers):
    """A contact of many goes on in what is open."""

    def _joins(self, contact: Contact, customer: Customer, *, many: bool) -> tuple[TalkName, str | None]:
        return super()._joins(contact, customer, many=False)


class ManySeeHistory(Customers):
    """A contact of many shows what was before it."""

    def known(self, customer: Customer, *, many: bool) -> tuple[int, int, tuple[str, ...]]:
        return super().known(customer, many=False)


class ManyAreAliases(Customers):
    """A contact of many links what it names."""

    def _of_many(self, contact: Contact) -> bool:
        return self._shared(contact.sender)


class HistoryStaysBehind(Customers):
    """What was written under a customer is shown by that one only, whoever owns the links by now."""

    def known(self, customer: Customer, *, many: bool) -> tuple[int, int, tuple[str, ...]]:
        earlier, unanswered, history = super().known(customer, many=many)
        under = {one.id for one in self.messages if one.under == customer}
        return earlier, unanswered, tuple(id_ for id_ in history if id_ in under)


class HistoryIsLong(Customers):
    """One more than the last ten are shown."""

    def known(self, customer: Customer, *, many: bool) -> tuple[int, int, tuple[str, ...]]:
        earlier, unanswered, history = super().known(customer, many=many)
        return earlier, unanswered, tuple(one.id for one in self.written(customer)[-11:]) if history else ()


class RepliesStayBehind(Customers):
    """A reply stays with the customer under whom the message was written that it answers."""

    def heard(self, customer: Customer) -> list[Reply]:
        under = {one.id for one in self.messages if one.under == customer}
        return [one for one in super().heard(customer) if one.to in under]


class RepliesTakePlaces(Customers):
    """Messages and replies have ten places together."""

    def shown(self, customer: Customer) -> tuple[str, ...]:
        return super().shown(customer)[-HISTORY:]


class RepliesAreForAll(Customers):
    """What anybody wrote in the conversation is answered."""

    def reply(self, reply: Reply) -> None:
        (talk,) = [one.talk for one in self.messages if one.id == reply.to]
        super().reply(reply)
        self.messages = [replace(one, waits=one.waits and one.talk != talk) for one in self.messages]


class RepliesAreForOne(Customers):
    """Only the very message is answered."""

    def reply(self, reply: Reply) -> None:
        before = {one.id: one.waits for one in self.messages}
        super().reply(reply)
        self.messages = [replace(one, waits=before[one.id] and one.id != reply.to) for one in self.messages]


class ListsWait(Customers):
    """What came by a mailing list waits for an answer."""

    def known(self, customer: Customer, *, many: bool) -> tuple[int, int, tuple[str, ...]]:
        earlier, unanswered, history = super().known(customer, many=many)
        return earlier, unanswered if many else earlier, history


TALKS: Final = (
    StrangersJoin,
    SplitOnesGoOn,
    NothingIsSplit,
    MarksCountForNothing,
    ReferencesCountForNothing,
    ReferencesBeforeMarks,
    NoWindow,
    WindowFromTheFirstWord,
    AnyOpenOne,
    RepeatsOnOneChannel,
    RepeatsForDays,
    RepeatsOfStrangers,
    ManyGoOn,
    ManySeeHistory,
    ManyAreAliases,
    HistoryStaysBehind,
    HistoryIsLong,
    RepliesStayBehind,
    RepliesTakePlaces,
    RepliesAreForAll,
    RepliesAreForOne,
    ListsWait,
)
