"""One address, whatever channel wrote it."""

import pytest

from identity.handles import known_as
from normalizer.inbound import Handle
from storage.database import Database
from tests.contacts import message, phone
from tests.identity.batches import identify, ids


@pytest.mark.parametrize(
    ("kind", "given", "known"),
    [
        ("phone", "+5215512345678", "+525512345678"),
        ("phone", "+525512345678", "+525512345678"),
        ("phone", "+5491123456789", "+541123456789"),
        ("phone", "+541123456789", "+541123456789"),
        ("phone", "+551187654321", "+5511987654321"),
        ("phone", "+5511987654321", "+5511987654321"),
        ("phone", "+551133334444", "+551133334444"),  # a landline
        ("phone", "+393331234567", "+393331234567"),
        ("phone", "+5212345", "+5212345"),
        ("phone", "4915112345678", "4915112345678"),
        ("email", "anna@xn--mller-kva.example", "anna@xn--mller-kva.example"),
        ("email", "anna@müller.example", "anna@xn--mller-kva.example"),
        ("email", "anna@MÜLLER.example", "anna@xn--mller-kva.example"),
        ("email", "anna@straße.example", "anna@xn--strae-oqa.example"),
        ("email", "anna@strasse.example", "anna@strasse.example"),
        ("email", "anna+shop@gmail.com", "anna+shop@gmail.com"),
        ("email", "an.na@gmail.com", "an.na@gmail.com"),
        ("email", f"anna@{'x' * 64}.example", f"anna@{'x' * 64}.example"),
        ("email", "nobody", "nobody"),
        ("email", "anna@a..ü", "anna@a..ü"),
        ("telegram_user", "7000000001:5215512345678", "7000000001:5215512345678"),
    ],
)
def test_the_spelling_it_is_known_by(kind: str, given: str, known: str) -> None:
    assert known_as(Handle(kind, given, "verified")) == Handle(kind, known, "verified")
    assert known_as(Handle(kind, known, "claimed")).value == known


@pytest.mark.parametrize(
    ("one", "other"),
    [("+5215512345678", "+525512345678"), ("+5491123456789", "+541123456789"), ("+551187654321", "+5511987654321")],
)
async def test_one_person_on_two_channels(database: Database, one: str, other: str) -> None:
    """WhatsApp and SMS write the same number in two ways; answers go to each as it was written."""
    first, second = await identify(database, message("m1", phone(one)), message("m2", phone(other), connector="sms"))
    assert first.customer.id == second.customer.id
    (third,) = await identify(database, message("m3", phone(other)))
    assert ids([third]) == [first.customer.id]
    assert [handle.value for handle in third.customer.handles] == [one]
