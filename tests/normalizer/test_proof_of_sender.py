"""Mails that show two readers two senders: the server checked one, the customer's name may not be given to the other."""

import re
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from normalizer import mail

OURS = "mx.regia.example"
PASS = f"Authentication-Results: {OURS}; dmarc=pass header.from=gmail.com\r\n".encode()
TAIL = b"To: shop@casalinghi.example\r\nSubject: Reso\r\nDate: Mon, 3 Jun 2024 10:00:00 +0000\r\n\r\nBuongiorno\r\n"
VICTIM, ATTACKER = b"From: victim@gmail.com\r\n", b"From: attacker@gmail.com\r\n"
BEHIND_BLANKS = b"From: victim@gmail.com%s<attacker@gmail.com>\r\n"


def proved(raw: bytes) -> bool:
    found = mail.read(raw)
    assert isinstance(found, mail.Mail)
    return mail.proved(found, (OURS,))


PLAIN = {
    "CRLF": PASS + ATTACKER + TAIL,
    "LF": (PASS + ATTACKER + TAIL).replace(b"\r\n", b"\n"),
    "folded": PASS.replace(b"; ", b";\r\n\t") + b"From: Anna\r\n <attacker@gmail.com>\r\n" + TAIL,
    "headers only": PASS + ATTACKER,
    "out of an mbox": b"From attacker@gmail.com Mon Jun  3 10:00:00 2024\r\n" + PASS + ATTACKER + TAIL,
    "a blank line in a folded header": PASS + b"X-A: b\r\n \r\n c\r\n" + ATTACKER + TAIL,
    "letters above 127 elsewhere": PASS
    + "X-A: Però\r\n".encode("latin-1")
    + "From: Nicolò <attacker@gmail.com>\r\n".encode()
    + TAIL,
    "a name in Latin-1": PASS + "From: Nicolò <attacker@gmail.com>\r\n".encode("latin-1") + TAIL,
    "Japanese as it was sent": PASS + "Subject: 注文\r\n".encode("iso-2022-jp") + ATTACKER + TAIL,
    "odd lines in the body": PASS + ATTACKER + TAIL + b"From: victim@gmail.com\rx\0\n",
    "a name of a thousand letters": PASS + b"From: " + b"x" * 1000 + b" <attacker@gmail.com>\r\n" + TAIL,
}


@pytest.mark.parametrize("raw", PLAIN.values(), ids=PLAIN.keys())
def test_what_has_one_reading_is_proved(raw: bytes) -> None:
    assert proved(raw)


TWO_READINGS = {
    "behind 8 KB of blanks": PASS + BEHIND_BLANKS % (b" " * 8300) + TAIL,
    "behind 3 KB of blanks": PASS + BEHIND_BLANKS % (b" " * 3000) + TAIL,
    "behind 8 KB of folds": PASS + BEHIND_BLANKS % ((b"\r\n " + b" " * 900) * 10) + TAIL,
    "a second one behind blanks": PASS + b"From: victim@gmail.com" + b" " * 8300 + b", attacker@gmail.com\r\n" + TAIL,
    "blanks alone": PASS + b"From: victim@gmail.com" + b" " * 2500 + b"\r\n" + TAIL,
    "blanks before": PASS + b"From: " + b" " * 2500 + b"victim@gmail.com\r\n" + TAIL,
    "a lone CR": PASS + b"X-A: b\rFrom: victim@gmail.com\rgarbage\r\n" + ATTACKER + TAIL,
    "a lone CR in the first header": b"X-A: b\r" + VICTIM + PASS + TAIL,
    "CR CR LF": PASS + b"X-A: b\rFrom: victim@gmail.com\r\r\n" + ATTACKER + TAIL,
    "an end by CR CR LF": PASS + VICTIM + b"X-A: b\r\r\n\r\r\n" + ATTACKER + TAIL,
    "a lone CR makes the result": b"X-A: a\r" + PASS + VICTIM + TAIL,
    "a lone CR between results": b"X-A: a\r" + PASS + PASS.replace(b"pass", b"fail") + VICTIM + TAIL,
    "NUL": PASS + b"From: victim@gmail.com\0<attacker@gmail.com>\r\n" + TAIL,
    "NUL elsewhere": PASS + b"X-A: \0\r\n" + VICTIM + TAIL,
    "a line that is no field": PASS + VICTIM + b"foo bar\r\n" + ATTACKER + TAIL,
    "a name above 127": PASS + VICTIM + b"X-\xe4: y\r\n" + ATTACKER + TAIL,
    "no name": PASS + VICTIM + b": y\r\n" + ATTACKER + TAIL,
    "an envelope line": PASS + VICTIM + b"From attacker\r\n" + ATTACKER + TAIL,
    "an envelope line at the end": PASS + VICTIM + b"From attacker\r\n\r\n" + ATTACKER + TAIL,
    "an envelope line goes on": b"From a\r\n" + b" b\r\n" + PASS + VICTIM + TAIL,
    "a fold at the top": b" x\r\n" + PASS + VICTIM + TAIL,
    "a blank before the colon": PASS + b"From : victim@gmail.com\r\n" + TAIL,
    "many blanks before the colon": PASS + b"From" + b" " * 40 + b": victim@gmail.com\r\n" + ATTACKER + TAIL,
    "a blank before the result's colon": PASS.replace(b":", b" :", 1) + VICTIM + TAIL,
    "mixed line ends": PASS + b"X-A: b\nFrom: victim@gmail.com\n\nx\r\n" + ATTACKER + TAIL,
    "mixed line ends hide one": PASS + VICTIM + b"X-A: b\nX-B: c\r\n" + TAIL,
    "letters of an unknown set": PASS + b"From: vic\xebtim@gmail.com\r\n" + TAIL,
    "a blank of Latin-1": PASS + b"From: \xa0victim@gmail.com\r\n" + TAIL,
    "results of 8 KB": PASS + b"Authentication-Results: x; none" + b" " * 9000 + b"y\r\n" + VICTIM + TAIL,
    "a head of a megabyte": PASS + VICTIM + b"X-A: b\r\n" * (1 << 17) + TAIL,
}


@pytest.mark.parametrize("raw", TWO_READINGS.values(), ids=TWO_READINGS.keys())
def test_what_has_two_readings_proves_nothing(raw: bytes) -> None:
    assert not proved(raw)


def seen_by_a_server(raw: bytes, name: bytes) -> list[bytes]:
    """The fields of one name as a program sees them that knows no line end but LF, unfolded."""
    fields: list[bytes] = []
    for line in raw.split(b"\n"):
        line = line[:-1] if line.endswith(b"\r") else line  # noqa: PLW2901  # the end of the line itself
        if not line:
            break
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] += line
        else:
            fields.append(line)
    split = (field.partition(b":") for field in fields if b":" in field)
    return [value for found, _, value in split if found.rstrip(b" \t").lower() == name]


_MAILBOXES = (
    "victim@gmail.com",
    "attacker@gmail.com",
    "Attacker@GMAIL.com",
    "\u212aate@gmail.com",
    ".victim@gmail.com",
    "x@evil.example",
)
_mailbox = st.sampled_from(_MAILBOXES).map(str.encode)
_end = st.sampled_from((b"\r\n", b"\n", b"\r", b"\r\r\n", b"\r\n \r\n", b"\r\n\r\n", b"\0\r\n", b"\r\n\t", b"\n\r"))
_blanks = st.sampled_from(
    (b"", b" ", b"\r\n ", b" " * 2100, b" " * 8300, (b"\r\n " + b" " * 900) * 10, b",", b"\xa0", b"\0", b"\x0b", b"\r")
)
_name = st.sampled_from(
    (b"From:", b"from: ", b"From :", b"From\t: ", b"FROM: Anna ", b'From: "victim@gmail.com" ', b"From ", b"\xe4From: ")
)
_from = st.tuples(
    _name, st.sampled_from((b"", b"<", b"(x) ", b"'")), _mailbox, st.sampled_from((b"", b">", b" (y)", b"."))
).map(b"".join)
_junk = st.sampled_from(
    (
        b"X-A: b",
        b"foo bar",
        b": y",
        b"X-\xe4: y",
        b" folded",
        b"",
        b"X-F: " + b"x" * 9000,
        PASS.strip(),
        b"Subject: " + b"y" * 70_000,
    )
)
_piece = st.one_of(
    st.tuples(_from, _end),
    st.tuples(_junk, _end),
    st.tuples(_from, _blanks, _mailbox.map(b"<%s>".__mod__), _end),
    st.tuples(_from, _blanks, _end),
).map(b"".join)


@settings(max_examples=400, deadline=None)
@given(
    pieces=st.lists(_piece, max_size=4),
    place=st.integers(0, 4),
    genuine=st.sampled_from((ATTACKER, b"", b"From: Anna <attacker@gmail.com>\r\n")),
)
@example(pieces=[], place=0, genuine=ATTACKER)
@example(pieces=[b"X-A: b\rFrom: victim@gmail.com\rx\r\n"], place=1, genuine=ATTACKER)
def test_only_the_sender_a_server_saw_is_proved(pieces: list[bytes], place: int, genuine: bytes) -> None:
    raw = PASS + b"".join((*pieces[:place], genuine, *pieces[place:])) + TAIL
    found = mail.read(raw)
    if not pieces and genuine:
        assert proved(raw)
    if isinstance(found, mail.NotMail) or not mail.proved(found, (OURS,)):
        return
    assert seen_by_a_server(raw, b"authentication-results")[0].startswith(PASS.strip().partition(b":")[2])
    [value] = seen_by_a_server(raw, b"from")
    mentioned = re.findall(r"[^\s<>()\",;:]+@[^\s<>()\",;:]+", re.sub(r'"[^"]*"', "", value.decode()))
    assert found.sender is not None
    assert [each.encode().lower() for each in mentioned] == [found.sender.email.encode()]
    assert parseaddr(value.decode())[1].encode().lower() == found.sender.email.encode()
