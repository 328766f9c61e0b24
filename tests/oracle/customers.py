"""Who is who, told by plain lists: the independent model of DESIGN §7 and `docs/identity.md`, and what can happen to it.

Sections of `docs/identity.md` are named where a rule comes from.
"""

from collections.abc import Sequence

from tests.oracle.facts import Fact, Link, Message
from tests.oracle.merging import Merging
from tests.oracle.terms import DAY_MS, SPOKEN, Answer, Contact, Customer, Field, Given, Key, LinkName, Refused


class Customers(Merging):
    """All customers of all spaces. The operations raise `Refused` where they cannot be done."""

    # Contacts

    def contacts(self, batch: Sequence[Contact]) -> list[Answer]:
        answers = [self.contact(one) for one in batch]
        self.marks |= {message.id: message.talk for message in self.messages}  # nobody answers a batch that is under way
        return answers

    def contact(self, contact: Contact) -> Answer:
        """Whose contact it is, in the steps of that section."""
        keys = self._own(contact)
        self._end_recycled(keys, contact.at_ms)
        owned = self._live(keys)
        home = owned[0].home if owned else self._new_customer(keys[0], contact.at_ms)
        for key in keys:
            if self.live(key) is None:
                self._link_new(key, home, contact.at_ms)
        link, *aliases = self._live(keys)
        for one in (link,) if contact.recorded else (link, *aliases):
            one.seen_ms = contact.at_ms
        stopped = [self._merge_proven((link.home, link.name.key), alias, contact.at_ms) for alias in aliases]
        match = "ambiguous" if any(stopped) else self._match(link)
        self.happened[f"match {match}"] += 1
        return self._write(contact, link, match)

    def _link_new(self, key: Key, home: Customer, now_ms: int) -> None:
        """Link it where it was proven; one too many of its kind to a customer of its own."""
        values = {link.name.key.value for link in self.owned(home) if link.name.key.kind == key.kind}
        if len(values | {key.value}) > self._cap(key.kind):
            self.happened["linked on its own, one too many"] += 1
            home = self._new_customer(key, now_ms)
        self.happened["linked while merged, beside one below"] += self.above(home) is not None
        self._link(key, home, now_ms)

    def _own(self, contact: Contact) -> list[Key]:
        """The sender's handle, and aliases that are as proven as it is. A shared one is no alias, and one of many has none."""
        if contact.sender.proof == "claimed":
            self.happened["claimed sender with proven aliases"] += any(one.proof == "verified" for one in contact.aliases)
            return [Key(contact.space, "claimed", contact.sender.kind, contact.sender.value)]
        said = [one for one in contact.aliases if one.proof == "verified"]
        alone = self._of_many(contact)
        aliases = [one for one in said if not alone and not self._shared(one)]
        self.happened["a shared handle that is no alias"] += len(aliases) < len(said)
        keys = [Key(contact.space, "verified", one.kind, one.value) for one in (contact.sender, *aliases)]
        return list(dict.fromkeys(keys))

    def _end_recycled(self, keys: Sequence[Key], now_ms: int) -> None:
        """Numbers that are given out again, and were silent for long (Life of a link)."""
        ended: list[Link] = []
        for link in self._live(keys):
            key = link.name.key
            if key.standing == "claimed" or key.kind not in self.rules.recycled_kinds:
                continue
            silent_days = (now_ms - link.seen_ms) / DAY_MS
            others = [other for other in keys if other != key]
            if any(self.top(other.home) == self.top(link.home) for other in self._live(others)):
                self.happened["kept after silence, by an alias"] += silent_days > self.rules.reassign_days
                continue  # an alias that its owner owns
            kinds = {one.name.key.kind for one in self.owned(link.home) if one is not link}
            if silent_days > self.rules.recycle_days:
                self.happened["recycled by silence"] += 1
                ended.append(link)
            elif silent_days > self.rules.reassign_days and any(other.kind in kinds for other in others):
                self.happened["recycled by another alias"] += 1
                ended.append(link)
        for link in ended:
            self.end(link, "recycled")

    def _match(self, link: Link) -> str:
        """How sure it is whose contact this is: before it is written."""
        if self.claims_only(link.home):
            return "claimed"
        if not self.written(link.home):
            return "new"
        return "verified"

    def _write(self, contact: Contact, link: Link, match: str) -> Answer:
        many = self._of_many(contact)
        under, number = self.top(link.home), self.next_number(link.home)
        talk, repeat_of = self._joins(contact, under, many=many)
        known = self.known(under, many=many)
        waits = contact.many != "list"  # which is automatic mail
        self._learn(contact, link, many=many)
        if not many:
            self._claim(contact, link, self._own(contact))
        said = (contact.at_ms, contact.channel, contact.words, many, waits)
        self.messages.append(Message(contact.id, link.name, link.home, under, number, talk, *said))
        self.given.append(under)
        return Answer(under, match, number, talk, repeat_of, *known)

    def _learn(self, contact: Contact, link: Link, *, many: bool) -> None:
        """What the channel says of its customer; of one of many nothing."""
        spoken = contact.language or SPOKEN.get(contact.words or "")
        said: tuple[tuple[Field, str | None], ...] = (("name", contact.name), ("language", spoken))
        for field, value in said:
            if value and not many:
                self.facts.append(Fact(link.home, Given("connector", field, value)))

    # Acts

    def set_fact(self, customer: Customer, given: Given, now_ms: int) -> None:
        """A source says something of this very customer, whoever stands above it."""
        self.happened[f"said by {given.source}" if given.value else "taken back"] += 1
        self.happened["said of one below"] += self.above(customer) is not None
        whose = [{customer}] if given.field == "tags" else [{customer}, self.tree(customer)]
        if any(self.by_source(each, given.field, given.source) != given.value for each in whose):
            self.facts.append(Fact(customer, given))  # else it is known, and said nothing new

    def merge(self, one: Customer, other: Customer, top: Customer | None, now_ms: int) -> None:
        """A person's merge: no guard, and the person may say who comes out on top (Merge and unmerge)."""
        spaces = {link.name.key.space for link in self.links if link.home in (one, other)}
        if one == other or len(spaces) > 1 or self.above(one) or self.above(other):
            raise Refused
        self.happened["merge by a person"] += 1
        if top is None:
            top = min(one, other, key=self._rank)
        self._put_below(other if top == one else one, top, now_ms)
        if not self.claims_only(one):
            self._end_claims(one)

    def unmerge(self, customer: Customer, now_ms: int) -> None:
        if self.above(customer) is None:
            raise Refused
        self.happened["unmerge"] += 1
        if self.above(self.above(customer) or ""):
            self.happened["unmerge from the middle of a nested merge"] += 1
        if any(merge.into == customer for merge in self.merges):
            self.happened["unmerge of one with others below it"] += 1
        top = self.top(customer)
        whole = {talk for talk in self.talks() if len(self.owners(talk)) == 1}
        self.apart += [(customer, top), (customer, self.above(customer) or "")]
        self.merges = [merge for merge in self.merges if merge.below != customer]
        self._split(whole)
        self._close(customer, top)
        for side in (customer, top):
            if self.claims_only(side):
                self._begin_claims_again(side)

    def release(self, name: LinkName, now_ms: int) -> None:
        """A person says that it is nobody's any more."""
        for link in self.links:
            if link.name == name and link.ended is None:
                self.happened["released"] += 1
                self.end(link, "released")

    def changed(self, old: Key, new: Key, now_ms: int) -> None:
        """The platform says that the owner of one handle has another now (Life of a link)."""
        link, taken = self.live(old), self.live(new)
        if link is None:
            return
        self.happened["changed"] += 1
        self.end(link, "changed")
        if taken is None:
            self._link(new, link.home, now_ms)
        elif self.top(taken.home) == self.top(link.home):
            self.happened["changed to its own"] += 1
        elif now_ms - taken.seen_ms > self.rules.reassign_days * DAY_MS:
            self.happened["changed to a silent one"] += 1
            self.end(taken, "recycled")
            self._link(new, link.home, now_ms)
        else:
            self.happened["changed to somebody's"] += 1
            self._merge_proven((link.home, old), taken, now_ms)

    def erase(self, customer: Customer, now_ms: int) -> None:
        """Everything of it and of everybody below it is gone."""
        tree = self.tree(customer)
        self.happened["erased"] += 1
        self.happened["erased, merged"] += len(tree) > 1
        self.links = [link for link in self.links if link.home not in tree]
        self.messages = [message for message in self.messages if message.home not in tree]
        left = {message.id for message in self.messages}
        self.replies = [reply for reply in self.replies if reply.to in left]
        self.merges = [merge for merge in self.merges if merge.below not in tree]
        self.facts = [fact for fact in self.facts if fact.of not in tree]
        for one in tree:
            del self.first_seen[one]
        self.apart = [pair for pair in self.apart if not tree & set(pair)]

    # Small parts

    def _of_many(self, contact: Contact) -> bool:
        """Whether many people write under the sender's handle (the end of "Merge by itself")."""
        return contact.many is not None or self._shared(contact.sender)

    def _live(self, keys: Sequence[Key]) -> list[Link]:
        return [link for key in keys if (link := self.live(key)) is not None]

    def _new_customer(self, key: Key, now_ms: int) -> Customer:
        customer = str(LinkName(key, self.made[key] + 1))
        self.first_seen[customer] = now_ms
        return customer

    def _link(self, key: Key, home: Customer, now_ms: int) -> None:
        self.made[key] += 1
        self.links.append(Link(LinkName(key, self.made[key]), home, now_ms))
