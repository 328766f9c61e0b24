"""What of agents' messages customers get."""

import pytest

from desk.bridges.marks import Marks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Buongiorno.", "Buongiorno."),
        ("@internal difetto?", None),
        ("@Internal: difetto?", None),
        ("\ufeff@INTERNAL", None),
        ("\u200b @internal difetto?", None),
        ("Anna scrive:\n> ciao\n@internal difetto?", None),
        ("@internals sono i difetti", "@internals sono i difetti"),
        ("scrivi a rossi@internal.example", "scrivi a rossi@internal.example"),
        ("a\x00b\x07", "ab"),
        ("  \n", ""),
    ],
)
def test_all_but_what_is_marked(text: str, expected: str | None) -> None:
    assert Marks("all", "@internal").for_the_customer(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Buongiorno.", None),
        ("@customer Buongiorno.", "Buongiorno."),
        ("@Customer: Buongiorno.\nA presto", "Buongiorno.\nA presto"),
        ("\n\n@customer\nBuongiorno.", "Buongiorno."),
        ("\ufeff@customer Buongiorno.", "Buongiorno."),
        ("@customers like this one are liars", None),
        ("@customer-service: look", None),
        ("Buongiorno.\n@customer A presto", None),
        ("@customer", ""),
        ("", None),
    ],
)
def test_only_what_is_marked(text: str, expected: str | None) -> None:
    assert Marks("marked", "@customer").for_the_customer(text) == expected
