"""What the model asks people, on stories whose ends follow from `docs/identity.md`, and what is seen in a queue."""

from tests.oracle.customers import Customers
from tests.oracle.states import CustomerState, Names, State, unasked
from tests.oracle.suggested import Asked
from tests.oracle.terms import Contact, Rules, Said

ANNA, MARCO = Said("phone", "+391"), Said("phone", "+392")


def _two() -> tuple[Customers, str, str]:
    """Anna and Marco have written, and he has named her number."""
    model = Customers(Rules())
    contacts = [Contact("m1", 0, "demo", ANNA), Contact("m2", 1, "demo", MARCO, claims=(ANNA._replace(proof="claimed"),))]
    one, other = model.contacts(contacts)
    return model, one.customer, other.customer


def _queue(model: Customers, *rows: tuple[str, str, str, str]) -> list[str]:
    """What is wrong with these rows."""
    people = {one: CustomerState(model.above(one), model.top(one)) for one in model.first_seen}
    return list(unasked(model, State(customers=people, suggested=list(rows)), Names()))


def test_who_names_anothers_address_is_suggested_open_or_rejected_before() -> None:
    model, anna, marco = _two()
    assert model.asked() == {Asked(frozenset((anna, marco)), "same_claim")}
    assert [_queue(model, (anna, marco, "same_claim", state)) for state in ("open", "rejected")] == [[], []]
    assert len(_queue(model)) == len(_queue(model, (anna, marco, "same_claim", "accepted"))) == 1


def test_who_is_one_has_nothing_open_and_who_was_taken_apart_neither() -> None:
    model, anna, marco = _two()
    model.merge(anna, marco, anna, 2)
    row = (marco, anna, "same_claim")
    assert [len(_queue(model, (*row, state))) for state in ("open", "accepted")] == [1, 0]
    model.begin()
    model.unmerge(marco, 3)
    assert [len(_queue(model, (*row, state))) for state in ("open", "rejected")] == [1, 0]
    model.begin()
    assert _queue(model, ("nobody", anna, "same_claim", "rejected")) != []
