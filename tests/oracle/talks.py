"""Which conversation a contact is in, and what its envelope shows: the model's part of `docs/identity.md` called
"Conversations and repeats"."""

from dataclasses import replace

from tests.oracle.facts import Facts, Message, Reply
from tests.oracle.terms import DAY_MS, HISTORY, HOUR_MS, Contact, Customer, TalkName


class Talks(Facts):
    """A conversation is the messages in it: whose it is, since when, and on which channels can be read from these."""

    def talks(self) -> list[TalkName]:
        return list(dict.fromkeys(message.talk for message in self.messages))

    def words_in(self, talk: TalkName) -> list[Message]:
        return [message for message in self.messages if message.talk == talk]

    def owners(self, talk: TalkName) -> set[Customer]:
        """Whose words are in it."""
        return {self.top(message.home) for message in self.words_in(talk)}

    def is_open(self, talk: TalkName) -> bool:
        return talk not in self.split

    def known(self, customer: Customer, *, many: bool) -> tuple[int, int, tuple[str, ...]]:
        """How many it wrote until now, how many of these wait, and the last of them; of many nothing is shown."""
        written = self.written(customer)
        if many:
            return len(written), 0, ()
        self.happened["more than an envelope shows"] += len(written) > HISTORY
        return len(written), sum(one.waits for one in written), self.shown(customer)

    def shown(self, customer: Customer) -> tuple[str, ...]:
        """The last messages and the last replies, by their times (docs/envelope.md)."""
        heard = self.heard(customer)
        self.happened["a reply is shown"] += bool(heard)
        both = [*self.written(customer)[-HISTORY:], *heard[-HISTORY:]]
        return tuple(one.id for one in sorted(both, key=lambda one: one.at_ms))

    def heard(self, customer: Customer) -> list[Reply]:
        """The replies to what its links have written."""
        written = {message.id for message in self.written(customer)}
        return [reply for reply in self.replies if reply.to in written]

    def reply(self, reply: Reply) -> None:
        """A person's reply to a message has left: what its writer wrote in that conversation waits no longer."""
        (answered,) = [one for one in self.messages if one.id == reply.to]
        writer = self.top(answered.home)
        theirs = {one.id for one in self.written(writer) if one.talk == answered.talk}
        self.happened["a reply in a conversation of two"] += len(self.owners(answered.talk)) > 1
        self.happened["a reply to somebody merged"] += len(self.tree(writer)) > 1
        self.messages = [replace(one, waits=one.waits and one.id not in theirs) for one in self.messages]
        self.replies.append(reply)

    def _joins(self, contact: Contact, customer: Customer, *, many: bool) -> tuple[TalkName, str | None]:
        """The conversation of a contact, and which message it repeats."""
        repeated = None if many else self._repeated(contact, customer)
        repeat_of = repeated.id if repeated else None
        for talk, how in self._answers(contact):
            if self._goes_on(talk, customer):
                self.happened[f"joins by {how}"] += 1
                self.happened["joins by its answer, of many"] += many
                return talk, repeat_of
            self.happened[f"no stranger joins by {how}"] += self.owners(talk) != {customer}
            self.happened["nobody joins a split one"] += talk in self.split
        if many:
            return contact.id, None
        if repeated and self._goes_on(repeated.talk, customer):
            self.happened["joins what it repeats"] += 1
            return repeated.talk, repeat_of
        return self._open_one(contact, customer) or contact.id, repeat_of

    def _answers(self, contact: Contact) -> list[tuple[TalkName, str]]:
        """What it says it answers: by our mark, then by the message it refers to; as far as they are known."""
        marked = self.marks.get(contact.mark or "")
        found = [(marked, "our mark")] if marked in self.talks() else []
        return found + [(one.talk, "a reference") for one in self.messages if one.id == contact.reply_to]

    def _goes_on(self, talk: TalkName, customer: Customer) -> bool:
        return self.owners(talk) == {customer} and talk not in self.split

    def _repeated(self, contact: Contact, customer: Customer) -> Message | None:
        """The first message of the last day and of the last ten with the same words, on another channel."""
        found = [
            message
            for message in self.written(customer)[-HISTORY:]
            if contact.words is not None
            and message.words == contact.words
            and message.channel != contact.channel
            and contact.at_ms - message.at_ms <= DAY_MS
        ]
        self.happened["repeats"] += bool(found)
        return next(iter(found), None)

    def _open_one(self, contact: Contact, customer: Customer) -> TalkName | None:
        """The customer's last one, if it may go on in it."""
        last = [one.talk for one in self.written(customer) if self._goes_on(one.talk, customer)][-1:]
        if not last or not self.is_open(last[0]):
            return None
        silent_ms = contact.at_ms - max(one.at_ms for one in self.words_in(last[0]))
        if silent_ms > self.rules.window_hours * HOUR_MS:
            self.happened["its last one is over"] += 1
            return None
        self.happened["goes on"] += 1
        return last[0]

    def _split(self, whole: set[TalkName]) -> None:
        """After an unmerge: of those that were one customer's, which are two's now."""
        split = {talk for talk in whole if len(self.owners(talk)) > 1}
        self.happened["a conversation is split"] += len(split)
        self.split |= split
