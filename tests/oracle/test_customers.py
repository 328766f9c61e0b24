"""The model itself, on stories whose ends follow from DESIGN §7 and `docs/identity.md`: each names the sentence it is about."""

from collections.abc import Sequence

import pytest

from tests.oracle.customers import Customers
from tests.oracle.terms import DAY_MS, Answer, Contact, Customer, Key, Refused, Rules, Said

ANNA, MARCO, THIRD = Said("phone", "+391"), Said("phone", "+392"), Said("phone", "+393")
ANNA_ID, MARCO_ID, THIRD_ID = Said("whatsapp_user", "IT.1"), Said("whatsapp_user", "IT.2"), Said("whatsapp_user", "IT.3")
MAIL, TYPED_MAIL = Said("email", "anna@uno.it"), Said("email", "anna@uno.it", "claimed")
OFFICE = Said("email", "info@uno.it")
HOUR_MS = DAY_MS // 24


class Story:
    """Contacts and acts an hour apart."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.model = Customers(rules or Rules())
        self._now_ms = 0

    def after(self, days: float) -> "Story":
        self._now_ms += int(days * DAY_MS)
        return self

    def write(
        self, sender: Said, *aliases: Said, claims: Sequence[Said] = (), name: str | None = None, space: str = "demo"
    ) -> Answer:
        self.after(1 / 24)
        id_ = f"m{len(self.model.given) + 1}"
        answer = self.model.contact(Contact(id_, self._now_ms, space, sender, aliases, tuple(claims), name))
        return Answer(answer.customer, answer.match, answer.sequence)

    def merge(self, one: Customer, other: Customer, top: Customer | None = None) -> None:
        self.after(1 / 24)
        self.model.merge(one, other, top, self._now_ms)

    def unmerge(self, customer: Customer) -> None:
        self.model.unmerge(customer, self._now_ms)

    def release(self, said: Said) -> None:
        link = self.model.live(_key(said))
        assert link is not None
        self.model.release(link.name, self._now_ms)

    def changed(self, old: Said, new: Said) -> None:
        self.after(1 / 24)
        self.model.changed(_key(old), _key(new), self._now_ms)

    def owner(self, said: Said) -> Customer | None:
        link = self.model.live(_key(said))
        return None if link is None else self.model.top(link.home)

    def timeline(self, customer: Customer) -> list[str]:
        return [message.id for message in self.model.written(customer)]


def _key(said: Said) -> Key:
    return Key("demo", said.proof, said.kind, said.value)


def _two(rules: Rules | None = None) -> tuple[Story, Customer, Customer]:
    """Anna and Marco have written once each, from their phones."""
    story = Story(rules)
    return story, story.write(ANNA).customer, story.write(MARCO).customer


def test_a_handle_that_nobody_owns_gets_a_customer_and_keeps_it() -> None:
    story = Story()
    first = story.write(ANNA)
    assert first == Answer("demo/verified/phone:+391#1", "new", 1)
    assert story.write(ANNA) == Answer(first.customer, "verified", 2)
    assert story.write(ANNA, space="other").match == "new", "customers are scoped by brand"


def test_an_alias_is_linked_to_the_owner_of_the_first_own_handle_that_has_one() -> None:
    story, anna, _ = _two()
    assert story.write(ANNA_ID, ANNA) == Answer(anna, "verified", 2), "the sender was nobody's, its alias was hers"
    assert story.owner(ANNA_ID) == anna


def test_two_proven_handles_of_one_contact_merge_their_owners_and_the_earlier_one_is_on_top() -> None:
    story = Story()
    anna = story.write(ANNA)
    other = story.write(ANNA_ID)
    both = story.write(ANNA_ID, ANNA)
    assert (both.customer, both.match, both.sequence) == (anna.customer, "verified", 2)
    assert story.model.above(other.customer) == anna.customer
    assert story.timeline(anna.customer) == ["m1", "m2", "m3"]


def test_claims_never_merge_nor_link() -> None:
    """Everything else a contact names makes suggestions and nothing else; a claimed sender has no other own handle."""
    story, anna, marco = _two()
    story.write(MARCO, claims=[ANNA, MAIL])
    story.write(MARCO, Said("phone", "+391", "claimed"))
    typed = story.write(TYPED_MAIL, ANNA, MARCO_ID)
    assert (typed.match, typed.sequence) == ("claimed", 1)
    assert story.owner(ANNA) == anna
    assert story.owner(MARCO) == marco
    assert story.owner(MAIL) is None
    assert story.owner(MARCO_ID) is None
    assert story.model.merges == []


def test_a_verified_handle_and_the_same_address_claimed_have_two_customers() -> None:
    story = Story()
    typed = story.write(TYPED_MAIL)
    proven = story.write(MAIL)
    assert typed.customer != proven.customer
    assert proven.match == "new"
    assert story.write(TYPED_MAIL) == Answer(typed.customer, "claimed", 2)
    assert story.timeline(typed.customer) == ["m1", "m3"], "its history holds only its own messages"


def test_a_verified_customer_comes_out_on_top_and_ends_the_claims() -> None:
    story = Story()
    typed = story.write(TYPED_MAIL)
    proven = story.write(ANNA)
    story.merge(typed.customer, proven.customer)
    assert story.owner(ANNA) == proven.customer
    assert story.model.top(typed.customer) == proven.customer
    again = story.write(TYPED_MAIL)
    assert again.customer not in (typed.customer, proven.customer)
    assert again.match == "claimed"
    assert story.write(ANNA) == Answer(proven.customer, "verified", 2)


def test_a_claim_goes_on_after_an_unmerge_unless_somebody_has_claimed_the_address_since() -> None:
    story = Story()
    typed, proven = story.write(TYPED_MAIL), story.write(ANNA)
    story.merge(typed.customer, proven.customer)
    story.unmerge(typed.customer)
    assert story.write(TYPED_MAIL) == Answer(typed.customer, "claimed", 2)
    story.merge(typed.customer, proven.customer)
    another = story.write(TYPED_MAIL).customer
    story.unmerge(typed.customer)
    assert story.write(TYPED_MAIL) == Answer(another, "claimed", 2)


def test_who_has_a_crm_id_comes_out_on_top_of_who_came_earlier() -> None:
    story, anna, _ = _two()
    known = story.write(THIRD, Said("crm", "C-1")).customer
    story.merge(anna, known)
    assert story.owner(ANNA) == known


def test_a_person_may_say_who_comes_out_on_top() -> None:
    story, anna, marco = _two()
    story.merge(anna, marco, marco)
    assert story.owner(ANNA) == marco


def test_what_cannot_be_merged_or_unmerged_is_refused() -> None:
    """Only customers at the top can be merged, and only within one brand."""
    story, anna, marco = _two()
    third = story.write(THIRD).customer
    foreign = story.write(ANNA, space="other").customer
    story.merge(anna, marco)
    for one, other in ((marco, third), (third, marco), (anna, anna), (anna, foreign)):
        with pytest.raises(Refused):
            story.merge(one, other)
    with pytest.raises(Refused):
        story.unmerge(anna)


def test_unmerge_gives_both_sides_their_own_back() -> None:
    story, anna, marco = _two()
    story.merge(anna, marco)
    story.unmerge(marco)
    assert (story.owner(ANNA), story.owner(MARCO)) == (anna, marco)
    assert story.write(ANNA) == Answer(anna, "verified", 2), "as if that merge had never been"
    assert story.write(MARCO) == Answer(marco, "verified", 2)


def test_a_link_that_came_during_a_merge_beside_the_lower_ones_handle_goes_with_it() -> None:
    story, anna, marco = _two()
    story.merge(anna, marco)
    meanwhile = story.write(MARCO, MARCO_ID)
    assert meanwhile == Answer(anna, "verified", 2)
    story.write(ANNA, ANNA_ID)
    story.unmerge(marco)
    assert story.owner(MARCO_ID) == marco
    assert story.owner(ANNA_ID) == anna
    assert story.timeline(marco) == ["m2", "m3"], "what was written meanwhile follows its handle"


def test_numbers_are_the_customers_and_none_is_given_twice() -> None:
    """It grows by one with each message of a customer; what was written meanwhile keeps the number it was given."""
    story, anna, marco = _two()
    story.merge(anna, marco)
    assert [story.write(MARCO).sequence, story.write(MARCO).sequence] == [2, 3]
    story.unmerge(marco)
    assert story.write(ANNA) == Answer(anna, "verified", 4), "two and three were given, whoever has those messages now"
    assert story.write(MARCO) == Answer(marco, "verified", 2), "his own numbers are as if that merge had never been"
    assert [message.sequence for message in story.model.written(marco)] == [1, 2, 3, 2]


def test_unmerge_of_the_middle_of_a_nested_merge_takes_those_below_along() -> None:
    story, anna, marco = _two()
    third = story.write(THIRD).customer
    story.merge(marco, third)
    story.merge(anna, marco)
    assert story.write(THIRD).customer == anna
    story.unmerge(marco)
    assert story.owner(ANNA) == anna
    assert (story.owner(MARCO), story.owner(THIRD)) == (marco, marco)


def test_unmerge_of_the_lowest_of_a_nested_merge_leaves_the_rest_merged() -> None:
    story, anna, marco = _two()
    third = story.write(THIRD).customer
    story.merge(marco, third)
    story.merge(anna, marco)
    story.unmerge(third)
    assert story.owner(THIRD) == third
    assert story.owner(MARCO) == anna
    story.unmerge(marco)
    assert story.owner(MARCO) == marco
    assert story.owner(THIRD) == third


def test_merges_can_be_undone_in_any_order() -> None:
    story, anna, marco = _two()
    third = story.write(THIRD).customer
    story.merge(anna, marco)
    story.merge(anna, third)
    story.unmerge(marco)
    assert (story.owner(MARCO), story.owner(THIRD)) == (marco, anna)


@pytest.mark.parametrize(
    ("guard", "rules"),
    [("handle_cap", Rules(caps={"phone": 1})), ("names_differ", Rules()), ("crm_conflict", Rules()), ("merge_cap", Rules())],
)
def test_a_guard_stops_a_merge_and_the_contact_is_the_senders(guard: str, rules: Rules) -> None:
    story, anna, marco = _two(rules)
    if guard == "names_differ":
        story.write(ANNA, name="Anna Bianchi")
        story.write(MARCO, name="Marco Verdi")
    if guard == "crm_conflict":
        story.write(ANNA, Said("crm", "C-1"))
        story.write(MARCO, Said("crm", "C-2"))
    if guard == "merge_cap":
        for number in range(3):
            story.merge(anna, story.write(Said("email", f"anna{number}@uno.it")).customer)
    story.write(MARCO, MARCO_ID)
    stopped = story.write(ANNA, MARCO_ID)
    assert (stopped.customer, stopped.match) == (anna, "ambiguous")
    assert story.owner(MARCO_ID) == marco
    assert story.model.happened[f"guard {guard}"] == 1


def test_merges_of_the_day_before_and_undone_ones_do_not_count_for_the_cap() -> None:
    story, anna, marco = _two(Rules(merges_per_day=1))
    third = story.write(THIRD).customer
    story.merge(anna, third)
    story.unmerge(third)
    story.write(ANNA, MARCO)
    assert story.model.above(marco) == anna
    fourth = story.write(THIRD_ID).customer
    assert story.write(ANNA, THIRD_ID).match == "ambiguous"
    story.after(1).write(ANNA, THIRD_ID)
    assert story.model.above(fourth) == anna


def test_whom_a_person_took_apart_is_not_merged_by_itself_again() -> None:
    """Also not through whom one of the two stands below by then."""
    story, anna, marco = _two()
    story.write(ANNA, MARCO)
    story.unmerge(marco)
    assert story.write(ANNA, MARCO) == Answer(anna, "ambiguous", 3)
    third = story.write(THIRD).customer
    story.merge(third, anna, third)
    assert story.write(THIRD, MARCO).match == "ambiguous"
    story.merge(third, marco)
    assert story.owner(MARCO) == third, "a person may put them together again"


def test_a_handle_that_is_one_too_many_gets_a_customer_of_its_own() -> None:
    story = Story(Rules(caps={"phone": 1}))
    anna = story.write(ANNA, ANNA_ID).customer
    assert story.write(ANNA_ID, MARCO) == Answer(anna, "ambiguous", 2)
    marco = story.owner(MARCO)
    assert marco not in (None, anna)
    other = story.write(THIRD, ANNA_ID)
    assert (other.match, other.sequence) == ("ambiguous", 1), "it is the sender's, and that one is nobody else's"
    assert other.customer not in (anna, marco)


def test_a_shared_handle_is_no_alias_and_links_nothing() -> None:
    story, anna, _ = _two()
    assert story.write(ANNA, OFFICE) == Answer(anna, "verified", 2)
    assert story.owner(OFFICE) is None
    office = story.write(OFFICE, ANNA, MARCO_ID)
    assert office.match == "new"
    assert story.owner(ANNA) == anna
    assert story.owner(MARCO_ID) is None


def test_a_released_handle_is_anybodys_and_what_was_written_stays() -> None:
    story, anna, marco = _two()
    story.release(ANNA)
    again = story.write(ANNA)
    assert again.match == "new"
    assert again.customer != anna
    assert story.timeline(anna) == ["m1"]
    story.merge(anna, marco)
    assert story.timeline(anna) == ["m1", "m2"], "an ended link goes with its home"


def test_a_number_that_was_silent_for_a_year_is_another_customers() -> None:
    story, anna, _ = _two()
    story.write(ANNA_ID)
    again = story.after(366).write(ANNA)
    assert again.match == "new"
    assert story.owner(ANNA) == again.customer != anna
    assert story.write(ANNA_ID).match == "verified", "only numbers are given out again"


def test_an_alias_that_its_owner_owns_keeps_a_silent_number() -> None:
    story = Story()
    anna = story.write(ANNA, ANNA_ID).customer
    assert story.after(400).write(ANNA, ANNA_ID) == Answer(anna, "verified", 2)


def test_another_alias_of_a_kind_its_owner_has_ends_a_number_sooner() -> None:
    story = Story()
    anna = story.write(ANNA, ANNA_ID).customer
    assert story.after(44).write(ANNA, THIRD_ID).customer == anna
    marco = story.write(MARCO, MARCO_ID).customer
    again = story.after(46).write(MARCO, Said("whatsapp_user", "IT.9"))
    assert again.match == "new"
    assert story.owner(MARCO_ID) == marco


def test_a_change_of_number_links_the_new_one_where_the_old_one_was_proven() -> None:
    story, anna, marco = _two()
    story.merge(anna, marco)
    story.changed(MARCO, THIRD)
    assert story.owner(MARCO) is None
    assert story.owner(THIRD) == anna
    story.unmerge(marco)
    assert story.owner(THIRD) == marco


def test_a_change_to_somebodys_number_merges_or_by_a_guard_does_not_or_ends_a_silent_link() -> None:
    story, anna, marco = _two()
    story.changed(ANNA, MARCO)
    assert story.owner(MARCO) == anna
    assert story.model.above(marco) == anna

    story, anna, marco = _two(Rules(merges_per_day=0))
    story.changed(ANNA, MARCO)
    assert (story.owner(ANNA), story.owner(MARCO)) == (None, marco)

    story, anna, marco = _two()
    story.after(46).write(ANNA)
    story.changed(ANNA, MARCO)
    assert story.owner(MARCO) == anna
    assert story.timeline(marco) == ["m2"]


def test_erase_leaves_nothing_of_a_customer_and_those_below_it() -> None:
    story, anna, marco = _two()
    third = story.write(THIRD).customer
    story.merge(anna, marco)
    story.model.erase(anna, 0)
    assert set(story.model.first_seen) == {third}
    assert [message.id for message in story.model.messages] == ["m3"]
    again = story.write(MARCO)
    assert (again.match, again.sequence) == ("new", 1)
    assert again.customer != marco
