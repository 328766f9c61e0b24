"""The model's conversations, repeats and history, on stories whose ends follow from `docs/identity.md`."""

from typing import Any

from tests.oracle.customers import Customers
from tests.oracle.facts import Reply
from tests.oracle.terms import HOUR_MS, Answer, Contact, Customer, Rules, Said

ANNA, MARCO = Said("phone", "+391"), Said("phone", "+392")
ANNA_ID = Said("whatsapp_user", "IT.1")
WORDS = "Dov'è la padella che ho ordinato?"


class Story:
    """Contacts and acts, at an hour each."""

    def __init__(self) -> None:
        self.model = Customers(Rules(window_hours=5))

    def write(self, id_: str, sender: Said, hours: float, **more: Any) -> Answer:
        (answer,) = self.model.contacts([Contact(id_, int(hours * HOUR_MS), "demo", sender, **more)])
        return answer

    def merge(self, one: Customer, other: Customer) -> None:
        self.model.merge(one, other, one, 0)

    def unmerge(self, customer: Customer) -> None:
        self.model.unmerge(customer, 0)


def test_the_open_one_is_gone_on_with_while_its_last_word_is_young() -> None:
    story = Story()
    found = [
        story.write(f"m{hours}", ANNA, hours, channel=channel).talk
        for hours, channel in ((0, "app"), (5, "email"), (10.1, "app"))
    ]
    assert found == ["m0", "m0", "m10.1"]


def test_an_answer_joins_by_our_mark_then_by_its_reference() -> None:
    story = Story()
    story.write("m1", ANNA, 0)
    story.write("m2", ANNA, 10)
    assert story.write("m3", ANNA, 20, reply_to="m1").talk == "m1"
    assert story.write("m4", ANNA, 40, reply_to="m1", mark="m2").talk == "m2"
    assert story.write("m5", ANNA, 60, reply_to="m1", mark="m9").talk == "m1", "an unknown mark says nothing"


def test_a_strangers_reference_joins_nothing() -> None:
    story = Story()
    story.write("m1", ANNA, 0)
    answer = story.write("m2", MARCO, 1, reply_to="m1", mark="m1")
    assert (answer.talk, answer.history, answer.earlier) == ("m2", (), 0)


def test_the_same_words_on_another_channel_join_the_first_that_had_them() -> None:
    story = Story()
    first = story.write("m1", ANNA, 0, words=WORDS)
    story.write("m2", ANNA, 10)
    again = story.write("m3", ANNA, 11, words=WORDS, channel="email")
    assert (again.talk, again.repeat_of) == (first.talk, "m1")
    assert story.write("m4", ANNA, 12, words=WORDS, channel="app").repeat_of == "m1"
    assert story.write("m5", ANNA, 12, words=WORDS).repeat_of == "m3", "not of the same channel"
    assert story.write("m6", ANNA, 24.1, words=WORDS, channel="email").repeat_of == "m4", "not after a day"
    assert story.write("m7", MARCO, 13, words=WORDS, channel="email").repeat_of is None


def test_a_contact_of_many_goes_on_in_nothing_but_what_it_answers() -> None:
    story = Story()
    story.write("m1", ANNA, 0, words=WORDS)
    alone = story.write("m2", ANNA, 1, words=WORDS, channel="email", many="program")
    assert (alone.talk, alone.repeat_of, alone.history, alone.unanswered, alone.earlier) == ("m2", None, (), 0, 1)
    assert story.write("m3", ANNA, 2, many="list", reply_to="m1").talk == "m1"
    later = story.write("m4", ANNA, 3)
    assert (later.history, later.unanswered) == (("m1", "m2", "m3"), 2), (
        "what many wrote is the customer's; lists wait for nobody"
    )


def test_merged_they_have_one_history_and_unmerged_their_own_and_words_of_both_are_split() -> None:
    story = Story()
    anna, other = story.write("m1", ANNA, 0), story.write("m2", ANNA_ID, 1)
    story.merge(anna.customer, other.customer)
    both = story.write("m3", ANNA, 2)
    assert (both.talk, both.history) == ("m2", ("m1", "m2"))
    story.unmerge(other.customer)
    assert story.model.split == {"m2"}
    alone = story.write("m4", ANNA_ID, 3, reply_to="m2", mark="m2")
    assert (alone.talk, alone.history) == ("m4", ("m2",))
    hers = story.write("m5", ANNA, 3)
    assert (hers.talk, hers.history) == ("m1", ("m1", "m3")), "the last of those that are hers alone"


def test_a_reply_goes_with_its_message_and_is_for_its_writer() -> None:
    story = Story()
    anna, other = story.write("m1", ANNA, 0), story.write("m2", ANNA_ID, 1)
    story.merge(anna.customer, other.customer)
    story.write("m3", ANNA, 2)
    story.model.reply(Reply("r1", "m2", 3 * HOUR_MS))
    both = story.write("m4", ANNA, 4)
    assert (both.history, both.unanswered) == (("m1", "m2", "m3", "r1"), 1), "m1 is in another conversation"
    story.unmerge(other.customer)
    hers, theirs = story.write("m5", ANNA, 5), story.write("m6", ANNA_ID, 6)
    assert (hers.history, theirs.history) == (("m1", "m3", "m4"), ("m2", "r1"))
    story.model.reply(Reply("r2", "m3", 7 * HOUR_MS))
    assert [one.id for one in story.model.messages if one.waits] == ["m1", "m5", "m6"]


def test_a_split_one_stays_split() -> None:
    story = Story()
    anna, other = story.write("m1", ANNA, 0), story.write("m2", ANNA_ID, 1)
    story.merge(anna.customer, other.customer)
    story.write("m3", ANNA, 2)
    story.unmerge(other.customer)
    story.merge(anna.customer, other.customer)
    assert story.write("m4", ANNA, 3, reply_to="m3").talk == "m1"
