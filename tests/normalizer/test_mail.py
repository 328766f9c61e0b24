"""Single properties of reading a mail, and the traps of the standard library."""

import time
from datetime import UTC, datetime

import pytest

from normalizer import mail
from normalizer.mail.addresses import addresses
from normalizer.mail.charsets import decode
from normalizer.mail.flowed import unflow
from normalizer.mail.headers import date, message_id, message_ids
from normalizer.mail.words import base64_bytes, decode_words

HEAD = b"From: anna@example.it\r\nSubject: Reso\r\nDate: Mon, 3 Jun 2024 10:30:00 +0200\r\nMessage-ID: <a@example.it>\r\n"


def read(raw: bytes) -> mail.Mail:
    found = mail.read(raw)
    assert isinstance(found, mail.Mail)
    return found


# --- traps ------------------------------------------------------------------------------------------------------------

NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000))
EMBEDDED = b"Content-Type: message/rfc822\r\n\r\n" * 1000
TRAPS = {
    "subject of encoded words, 560 KB": (b"Subject: " + b"=?utf-8?q?aaaaaaa?= \r\n " * 25_000 + b"\r\n\r\nciao", "headers_cut"),
    "subject of one open word": (b"Subject: " + b"=?utf-8?q?" * 56_000 + b"\r\n\r\nciao", "headers_cut"),
    "100,000 parts": (
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 100_000 + b"--x--",
        "too_many_parts",
    ),
    "1,000 nested multiparts": (NESTED + b"\r\nciao", "too_deep"),
    "1,000 nested mails": (EMBEDDED + b"\r\nciao", None),
    "100,000 headers": (b"To: x@y.it\r\n" * 100_000 + b"\r\nciao", "headers_cut"),
    "a header of 2 MB": (b"X-A: " + b"y\r\n " * 500_000 + b"\r\n\r\nciao", "headers_cut"),
    "a name of 5 MB": (b"X" * 5_000_000 + b": a\r\n\r\nciao", None),
    "parameters": (b"Content-Type: text/plain; " + b"a*0=b;" * 20_000 + b"\r\n\r\nciao", "headers_cut"),
    "quote and semicolons": (b'Content-Type: text/plain; "' + b";" * 20_000 + b"\r\n\r\nciao", "headers_cut"),
    "a section number of 5,000 digits": (b"Content-Type: multipart/mixed; boundary*" + b"9" * 5000 + b'="x"\r\n\r\nciao', None),
    "blank lines": (b"\r\n" + b"\n" * 500_000 + b"ciao", None),
    "blanks": (b"\r\na" + b" " * 2_000_000 + b"b", None),
    "flowed": (b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \n" * 500_000, None),
    "utf-7": (b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + b"+AAA" * 500_000, "charset_repaired"),
}


@pytest.mark.parametrize(("rest", "defect"), TRAPS.values(), ids=TRAPS.keys())
def test_traps_take_less_than_five_seconds(rest: bytes, defect: str | None) -> None:
    started = time.perf_counter()
    found = read(HEAD + rest)
    assert time.perf_counter() - started < 5
    assert found.sender == mail.Address("anna@example.it")
    assert defect is None or defect in found.defects


@pytest.mark.parametrize("value", [b"(", b"<", b'"', b"@", b"a@", b"a:b;", b"a@[", b"\\(", b"=?", b",", b"\0", b"\xff"])
def test_broken_senders_neither_raise_nor_run_away(value: bytes) -> None:
    started = time.perf_counter()
    found = read(
        b"Subject: x\r\n" + b"".join(b"%s: %s\r\n" % (name, value * 8000) for name in (b"From", b"To", b"Cc")) + b"\r\nx"
    )
    assert time.perf_counter() - started < 5
    assert found.sender is None or "@" in found.sender.email


def test_headers_of_the_customer_survive_those_of_relays() -> None:
    relays = b"".join(b"Received: from relay%d by relay%d; %s\r\n" % (n, n, b"x" * 200) for n in range(500))
    found = read(relays + HEAD + b"Subject: second\r\n\r\nciao")
    assert (found.subject, found.message_id, found.sender) == ("Reso", "a@example.it", mail.Address("anna@example.it"))
    assert "headers_cut" in found.defects


def test_a_path_in_a_file_name_is_gone() -> None:
    found = read(HEAD + b'Content-Type: image/png\r\nContent-Disposition: attachment; filename*0="../../etc/passwd"\r\n\r\nx')
    assert [part.filename for part in found.attachments] == ["passwd"]


# --- headers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?Perch=C3=A9_no?=", "Perché no"),
        ("=?UTF-8?B?UGVyY2jDqQ==?= =?UTF-8?B?IG5v?=", "Perché no"),
        ("=?utf-8?B?4pyT4py?= =?utf-8?B?k3g?=", "✓✓x"),  # no padding, and cut within a character
        ("=?utf-8?q?a=C3?= =?utf-8?q?=A9?=", "aé"),
        ("=?iso-8859-1?q?caf=E9?= =?utf-8?q?_=C3=A8?=", "café è"),
        ("=?utf-8*it?q?ciao?=", "ciao"),
        ("=?utf-8?Q?con spazi dentro?=", "con spazi dentro"),
        ("=?iso-2022-jp?B?GyRCQ21KOBsoQg==?=", "注文"),
        ("=?unknown?q?caf=E9?=", "café"),
        ("=?utf-8?x?a?= =?utf-8?q?", "=?utf-8?x?a?= =?utf-8?q?"),
        ("Re: =?utf-8?q?a?= b =?utf-8?q?c?=", "Re: a b c"),
    ],
)
def test_encoded_words(given: str, expected: str) -> None:
    assert decode_words(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Anna Bianchi <Anna@Example.IT>", [("anna@example.it", "Anna Bianchi")]),
        ('"Bianchi, Anna" <a@b.it>, c@d.it', [("a@b.it", "Bianchi, Anna"), ("c@d.it", None)]),
        ("=?utf-8?q?Nicol=C3=B2?= =?utf-8?q?_P?= <a@b.it>", [("a@b.it", "Nicolò P")]),
        ('"=?utf-8?q?Nicol=C3=B2?=" <a@b.it>', [("a@b.it", "Nicolò")]),
        (
            "=?utf-8?q?ceo=40bank.example_=3Cceo=40bank.example=3E?= <a@b.it>",
            [("a@b.it", "ceo@bank.example <ceo@bank.example>")],
        ),
        ("=?utf-8?q?x=22_=3Cceo=40bank.example=3E=2C?= <a@b.it>", [("a@b.it", 'x" <ceo@bank.example>,')]),
        ("Gruppo: a@b.it, c@d.it;", [("a@b.it", None), ("c@d.it", None)]),
        ("anna..b@docomo.example", [("anna..b@docomo.example", None)]),
        ("Anna Bianchi a@b.it", [("a@b.it", None)]),
        ("Anna [Shop] <a@b.it>", [("a@b.it", "Anna [Shop]")]),
        ("=?utf-8?q?Anna_=3Ca=40b.it=3E?=", []),
        ("a@b.it (Anna Bianchi)", [("a@b.it", "Anna Bianchi")]),
        ("a@b.it (=?utf-8?q?Nicol=C3=B2?=)", [("a@b.it", "Nicolò")]),
        ("a@b.it (Anna), c@d.it (Carla)", [("a@b.it", "Anna"), ("c@d.it", "Carla")]),
        ('"a@good.example"@bad.example', [('"a@good.example"@bad.example', None)]),
        ('Anna <"a@good.example"@bad.example>', [('"a@good.example"@bad.example', "Anna")]),
        ('"anna bianchi"@b.it', [('"anna bianchi"@b.it', None)]),
        ('"anna"@b.it', [("anna@b.it", None)]),
        ('"a@good.example" <>', []),
        ('"Anna <a@good.example>" bad', []),
        ("Anna <a@good.example@bad.example>", []),
        ("a@good.example@bad.example", []),
        ("=?utf-8?q?a=40good=2Eexample?= nobody", []),
        ("Anna (a@good.example) <nobody>", []),
        ("Nicolò <a@b.it>", [("a@b.it", "Nicolò")]),
        ("(commento) a@b.it (altro)", [("a@b.it", None)]),
        ("<>", []),
        ("Anna", []),
        ("undisclosed-recipients:;", []),
        ("@", []),
        ("", []),
    ],
)
def test_addresses(given: str, expected: list[tuple[str, str | None]]) -> None:
    assert [(each.email, each.name) for each in addresses((given,))] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("<a@b> <c@d>", ("a@b", "c@d")),
        ("<a@b>\t<a@b>", ("a@b",)),
        ("< a@b >", ("a@b",)),
        ("a@b", ("a@b",)),
        ("Your message of Monday <A@b> (x)", ("A@b",)),
        ("=?utf-8?q?=3Ca=40b=3E?=", ("a@b",)),
        ("junk", ()),
        (None, ()),
    ],
)
def test_message_ids(given: str | None, expected: tuple[str, ...]) -> None:
    assert message_ids(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [("<a@b>", "a@b"), ("abc", "abc"), ("<abc>", "abc"), ("", None), ("<>", None), ("x" * 600, None), ("a b", None)],
)
def test_message_id(given: str, expected: str | None) -> None:
    assert message_id(given) == expected


def test_long_threads_keep_their_first_and_their_last_messages() -> None:
    ids = message_ids(" ".join(f"<{n}@x>" for n in range(300)))
    assert (len(ids), ids[0], ids[-1]) == (100, "0@x", "299@x")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Mon, 3 Jun 2024 10:30:00 +0200", datetime(2024, 6, 3, 8, 30, tzinfo=UTC)),
        ("3 Jun 24 10:30 GMT", datetime(2024, 6, 3, 10, 30, tzinfo=UTC)),
        ("Mon, 3 Jun 2024 10:30:00 -0000", datetime(2024, 6, 3, 10, 30, tzinfo=UTC)),
        ("Mon, 3 Jun 2024 10:30:00 +9900", None),
        ("Mon, 33 Jun 2024 10:30:00 +0000", None),
        ("Mon, 3 Jun 9999 23:59:59 -2359", None),
        ("ieri", None),
        ("", None),
    ],
)
def test_dates(given: str, expected: datetime | None) -> None:
    assert date(given) == expected


# --- bytes to text ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "label", "expected"),
    [
        ("perché".encode(), "utf-8", ("perché", False)),
        ("perché".encode("latin-1"), "iso-8859-1", ("perché", False)),
        ("costa 5 €".encode("cp1252"), "iso-8859-1", ("costa 5 €", False)),
        ("costa 5 €".encode("iso-8859-15"), "ISO-8859-15", ("costa 5 €", False)),
        ("perché".encode(), "iso-8859-1", ("perché", True)),
        ("perché".encode(), None, ("perché", False)),
        ("perché".encode("cp1252"), None, ("perché", True)),
        ("perché".encode("cp1252"), "utf-8", ("perché", True)),
        ("перчатка".encode("mac_cyrillic"), "x-mac-cyrillic", ("перчатка", False)),
        ("한국어".encode("cp949"), "ks_c_5601-1987", ("한국어", False)),
        ("注文".encode("iso-2022-jp"), None, ("注文", False)),
        ("shalom שלום".encode("iso-8859-8"), "iso-8859-8-i", ("shalom שלום", False)),
        (b"ciao", "rot13", ("ciao", False)),
        (b"ciao", "idna", ("ciao", False)),
        (b"ciao", "../../x", ("ciao", False)),
        (b"ciao", "utf-16", ("ciao", True)),
        (b"\xff\xfe", "utf-16", ("", False)),
        (b"", None, ("", False)),
    ],
)
def test_charsets(data: bytes, label: str | None, expected: tuple[str, bool]) -> None:
    assert decode(data, label) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b"Y2lhbw==", b"ciao"),
        (b"Y2lhbw", b"ciao"),
        (b"Y2l\r\nhbw==\r\n", b"ciao"),
        (b"Y2l*hbw==!", b"ciao"),
        (b"Y2lhb", b"cia"),
        (b"Y2lh\r\nYw==\r\nY2lh\r\n", b"ciaccia"),
        (b"Y2lhbw==\r\n\r\nA list footer is here\r\n", b"ciao"),
        (b"", b""),
        (b"=", b""),
        (b"A", b""),
    ],
)
def test_base64(given: bytes, expected: bytes) -> None:
    assert base64_bytes(given) == expected


@pytest.mark.parametrize(
    ("given", "delsp", "expected"),
    [
        ("uno \ndue\ntre", False, "uno due\ntre"),
        ("uno \r\ndue", False, "uno due"),
        ("u \nno", True, "uno"),
        ("> a \n> b\n> c", False, "> a b\n> c"),
        (">> a \n> b", False, "> > a \n> b"),
        ("fine\n-- \nAnna", False, "fine\n-- \nAnna"),
        (" From qui", False, "From qui"),
    ],
)
def test_flowed(given: str, delsp: bool, expected: str) -> None:
    assert unflow(given, delsp=delsp) == expected


# --- parts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('attachment; filename="a.pdf"', "a.pdf"),
        ("attachment; filename=a.pdf", "a.pdf"),
        ('attachment; filename="a;b.pdf"', "a;b.pdf"),
        ('attachment; filename="=?utf-8?q?perch=C3=A9.pdf?="', "perché.pdf"),
        ("attachment; filename*=utf-8''perch%C3%A9.pdf", "perché.pdf"),
        ("attachment; filename*=iso-8859-1'it'perch%E9.pdf", "perché.pdf"),
        ("attachment; filename*0=per; filename*1*=ch%C3%A9; filename*2=.pdf", "perché.pdf"),
        ("attachment; filename*1=.pdf; filename*0=a", "a.pdf"),
        ("attachment; filename=\"old.pdf\"; filename*=utf-8''new.pdf", "new.pdf"),
        ('attachment; filename="C:\\docs\\a.pdf"', "a.pdf"),
        ('attachment; filename="a\\"b.pdf"', "a_b.pdf"),
        ("attachment; filename=perché.pdf", "perché.pdf"),
        ('attachment; filename="', None),
        ("attachment", None),
    ],
)
def test_file_names(header: str, expected: str | None) -> None:
    found = read(HEAD + f"Content-Type: application/pdf\r\nContent-Disposition: {header}\r\n\r\nx".encode())
    assert [part.filename for part in found.attachments] == [expected]


def test_a_forwarded_mail_is_kept_byte_for_byte() -> None:
    inner = b"From: shop@x\nSubject: =?utf-8?q?Ordine_=C3=A8_4711/2?=\nX-Odd :  1\n\nFrom here\r\nmixed\n"
    part = b"--x\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--x--\r\n"
    (forwarded,) = read(HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + part).attachments
    assert (forwarded.content, forwarded.filename) == (inner, "2.eml")


def test_attachments_say_where_they_belong() -> None:
    parts = (
        b"--x\r\nContent-Type: text/html\r\n\r\n<p>ciao<img src='cid:a@b'></p>\r\n"
        b"--x\r\nContent-Type: image/png\r\nContent-ID: <a@b>\r\nContent-Transfer-Encoding: base64\r\n\r\naQ==\r\n"
        b"--x\r\nContent-Type: text/plain; name=note.txt\r\nContent-Disposition: attachment\r\n\r\nnota\r\n--x--\r\n"
    )
    found = read(HEAD + b"Content-Type: multipart/related; boundary=x\r\n\r\n" + parts)
    assert [(part.filename, part.content_id, part.disposition, part.content) for part in found.attachments] == [
        (None, "a@b", "inline", b"i"),
        ("note.txt", None, "attachment", b"nota"),
    ]
    assert (found.text, found.html) == ("ciao [image]", '<p>ciao<img src="cid:a@b"></p>')


def test_text_and_everything() -> None:
    found = read(HEAD + b"\r\nS\xc3\xac.\r\n\r\nOn 3 Jun 2024, at 10:30, a@b.it wrote:\r\n> vecchio\r\n> testo\r\n")
    assert found.text == "Sì."
    assert found.text_full == "Sì.\n\nOn 3 Jun 2024, at 10:30, a@b.it wrote:\n> vecchio\n> testo"


# --- programs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ("", None),
        ("Auto-Submitted: no", None),
        ("Auto-Submitted: auto-replied; owner-email=x", "auto_reply"),
        ("Auto-Submitted: auto-generated", "auto_generated"),
        ("Auto-Submitted: auto-notified", "auto_generated"),
        ("X-Autoreply: yes", "auto_reply"),
        ("Precedence: auto_reply", "auto_reply"),
        ("Precedence: Bulk", "bulk"),
        ("Precedence: list", "list"),
        ("List-Unsubscribe: <mailto:x@y>", "list"),
        ("X-Auto-Response-Suppress: All", "auto_generated"),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", None),
        ("X-Auto-Response-Suppress: DR, RN", None),
        ("X-Failed-Recipients: a@b.it", "bounce"),
        ("X-Regia-Id: 1", "own"),
        ("Return-Path: <>", "auto_generated"),
        ("Return-Path: <anna@example.it>", None),
        ("Content-Type: multipart/report; report-type=disposition-notification; boundary=x", "receipt"),
        ("Content-Type: multipart/report; report-type=feedback-report; boundary=x", "feedback_report"),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=x", "bounce"),
    ],
)
def test_marks_of_programs(headers: str, expected: str | None) -> None:
    raw = HEAD + (f"{headers}\r\n" if headers else "").encode() + b"\r\n--x\r\n\r\nciao\r\n--x--\r\n"
    assert read(raw).automated == expected


@pytest.mark.parametrize(
    ("sender", "subject", "expected"),
    [
        ("MAILER-DAEMON@mx.example", "hello", "bounce"),
        ("postmaster@mx.example", "Undeliverable: Reso", "bounce"),
        ("no-reply@shop.example", "x", "no_reply"),
        ("orders-noreply@shop.example", "x", "no_reply"),
        ("do_not_reply@shop.example", "x", "no_reply"),
        ("noreplica@shop.example", "x", None),
        ("anna@example.it", "Automatic reply: Reso", "auto_reply"),
        ("anna@example.it", "Re: Automatic reply: Reso", None),
        ("anna@example.it", "Undelivered parcel", None),
        ("anna@example.it", "Mancato recapito del pacco", None),
        ("anna@example.it", "Out of the office chairs?", None),
    ],
)
def test_senders_and_subjects_of_programs(sender: str, subject: str, expected: str | None) -> None:
    assert read(f"From: {sender}\r\nSubject: {subject}\r\n\r\nciao\r\n".encode()).automated == expected


@pytest.mark.parametrize(("action", "expected"), [("failed", "bounce"), ("delayed", "bounce"), ("delivered", "receipt")])
def test_delivery_reports(action: str, expected: str) -> None:
    status = f"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; a@b\r\nAction: {action}\r\nStatus: 5.1.1\r\n".encode()
    body = b"\r\n--x\r\n\r\ntext\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n" + status + b"\r\n--x--\r\n"
    raw = HEAD + b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n" + body
    assert read(raw).automated == expected
