"""Every way in which one address is written is found from every other."""

import pytest

from identity.spellings import spellings
from normalizer.inbound import Handle


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("phone", ["+393331234567"], {"393331234567"}),
        ("phone", ["+5215512345678", "+525512345678"], {"5215512345678", "525512345678"}),
        ("phone", ["+5491123456789", "+541123456789"], {"5491123456789", "541123456789"}),
        ("phone", ["+5511987654321", "+551187654321"], {"5511987654321", "551187654321"}),
        ("phone", ["+551123456789"], {"551123456789"}),  # a landline has one spelling
        ("email", ["anna@example.it"], {"anna@example.it"}),
        ("email", ["anna@müller.example", "anna@xn--mller-kva.example"], {"anna@müller.example", "anna@xn--mller-kva.example"}),
        ("email", ["anna@xn--.example"], {"anna@xn--.example"}),
        ("telegram_user", ["12345678:87654321"], {"12345678:87654321", "87654321"}),
        ("telegram_business", ["bot1:conn7:4455667"], {"bot1:conn7:4455667", "conn7:4455667", "4455667"}),
        ("crm", ["C-10"], set()),  # too short to be told from anything else
        ("telegram_user", ["bot:77"], {"bot:77"}),
    ],
)
def test_all_of_them(kind: str, values: list[str], expected: set[str]) -> None:
    for value in values:
        assert spellings(Handle(kind, value, "verified")) == expected, value
