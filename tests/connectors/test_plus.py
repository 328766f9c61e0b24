"""The signed mark of a conversation: what comes back is believed when the signature is right, and never otherwise."""

import re

import pytest

from connectors.email import plus
from identity.ids import new_id

KEY = b"a key of the shop"
NAME = "con_01J0ZQ3V5Y8A7B6C5D4E3F2G1H"
MARK = plus.mark(NAME, KEY)
OURS = frozenset(("assistenza@casalinghi.example", "ordini@casalinghi.example"))
TOKEN = "0f" * 16
OTHER = "con_01J0ZQ3V5Y8A7B6C5D4E3F2G1J"
OUR_ID = plus.marked_id(MARK, TOKEN, "casalinghi.example", KEY)


def test_a_mark_is_always_the_same_and_fits_an_address() -> None:
    assert plus.mark(NAME, KEY) == MARK
    assert re.fullmatch(r"[a-z0-9-]{37}", MARK)
    assert plus.conversation(MARK, KEY) == NAME
    assert len(plus.marked_address("a" * 20 + "@x.example", MARK).partition("@")[0]) <= 64


def test_every_id_of_ours_can_be_marked() -> None:
    names = [new_id("con") for _ in range(200)]
    assert [plus.conversation(plus.mark(name, KEY), KEY) for name in names] == names


@pytest.mark.parametrize(
    "name", ["", "con_", "cus_01J0ZQ3V5Y8A7B6C5D4E3F2G1H", NAME[:-1], NAME + "A", "con_" + "Ü" * 26, NAME[4:]]
)
def test_only_a_conversation_can_be_marked(name: str) -> None:
    with pytest.raises(ValueError, match="no id of a conversation"):
        plus.mark(name, KEY)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "-",
        MARK[:-1],
        MARK + "a",
        MARK.replace("-", ""),
        MARK[:-1] + ("a" if MARK[-1] != "a" else "b"),
        ("1" if MARK[0] != "1" else "2") + MARK[1:],
        plus.mark(NAME, b"another key"),
        "é" * 37,
        "x" * 10_000,
    ],
)
def test_what_is_not_signed_by_us_names_nothing(given: str) -> None:
    assert plus.conversation(given, KEY) is None


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (f"assistenza+{MARK}@casalinghi.example", True),
        (f"ordini+{MARK}@casalinghi.example", True),
        (f"assistenza+{MARK.upper()}@casalinghi.example", True),  # systems that write local parts in capitals
        ("assistenza@casalinghi.example", False),
        (f"assistenza+{MARK}@evil.example", False),
        (f"other+{MARK}@casalinghi.example", False),
        (f"assistenza+x+{MARK}@casalinghi.example", False),
        (f"assistenza+{plus.mark(NAME, b'another')}@casalinghi.example", False),
        ("", False),
        ("+", False),
    ],
)
def test_addresses(address: str, found: bool) -> None:
    assert plus.in_addresses(("anna@example.it", address), OURS, KEY) == (NAME if found else None)


@pytest.mark.parametrize(
    ("message_id", "found"),
    [
        (OUR_ID, True),
        (OUR_ID.upper(), True),
        (OUR_ID.replace(TOKEN, "0e" * 16), False),  # the mark is right, the mail is invented
        (OUR_ID.replace(TOKEN, "0f" * 15), False),
        (OUR_ID.replace("casalinghi", "evil"), False),
        (OUR_ID.replace(MARK, plus.mark(OTHER, KEY)), False),
        (OUR_ID.replace(f"{MARK}.", ""), False),
        (f"regia.{MARK}.{TOKEN}@casalinghi.example", False),
        (f"regia.{MARK}.{TOKEN}-{'a' * 10}@casalinghi.example", False),
        (f"regia.{MARK}.{TOKEN}-{MARK[-10:]}@casalinghi.example", False),
        (f"regia.{MARK}@casalinghi.example", False),
        (f"x.{OUR_ID}", False),
        (f"regia.{MARK[:-1]}.{TOKEN}@casalinghi.example", False),
        (plus.marked_id(MARK, TOKEN, "casalinghi.example", b"another"), False),
        (plus.marked_id(plus.mark(NAME, b"another"), TOKEN, "casalinghi.example", KEY), False),
        (plus.marked_id(None, TOKEN, "casalinghi.example", KEY), False),
        ("abc@gmail.example", False),
    ],
)
def test_message_ids(message_id: str, found: bool) -> None:
    assert plus.of_id(message_id, KEY) == (NAME if found else None)
    assert plus.in_ids(("first@gmail.example", message_id), KEY) == (NAME if found else None)


@pytest.mark.parametrize(
    ("message_id", "expected"),
    [
        (OUR_ID, True),
        (plus.marked_id(None, TOKEN, "casalinghi.example", KEY), True),
        (plus.marked_id(None, TOKEN, "casalinghi.example", KEY).upper(), True),
        (plus.marked_id(None, TOKEN, "xn--bcher-kva.example", KEY), True),
        (plus.marked_id(None, TOKEN, "casalinghi.example", KEY).replace(TOKEN, "0e" * 16), False),
        (plus.marked_id(None, TOKEN, "casalinghi.example", b"another"), False),
        (plus.marked_id(None, TOKEN, "evil.example", KEY), False),  # signed by us, for another mailbox
        (plus.marked_id(MARK, TOKEN, "evil.example", KEY), False),
        (f"regia.{TOKEN}@casalinghi.example", False),
        (f"regia.{MARK}.{TOKEN}@casalinghi.example", False),
        ("", False),
    ],
)
def test_ids_of_our_mails(message_id: str, expected: bool) -> None:
    assert plus.is_ours(message_id, OURS | {"hilfe@bücher.example"}, KEY) is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ordini@casalinghi.example", True),
        ("ordini+irgendwas@casalinghi.example", True),
        ("ordini@evil.example", False),
        ("xordini@casalinghi.example", False),
    ],
)
def test_own_addresses(address: str, expected: bool) -> None:
    assert plus.own(address, OURS) is expected
