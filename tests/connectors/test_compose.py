"""Mails we write, read back by another reader: threading, names, encodings, and no header that somebody else put there."""

import email
import re
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.email import EmailSettings, plus
from connectors.email.compose import Composed, compose, message_id
from connectors.errors import SendFailed
from connectors.exchange import Outgoing, OutgoingFile
from normalizer import mail as reader
from normalizer.inbound import Handle

NOW = datetime(2026, 11, 21, 18, 2, 11, tzinfo=UTC)
TOKEN = "0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10"
CONVERSATION = "con_06H019417Z8DPK0N6WZF42HRW0"
MARK = plus.mark(CONVERSATION, b"key")
OURS = plus.marked_id(MARK, UUID(TOKEN).hex, "demo.example", b"key")


def settings(address: str = "help@demo.example", name: str | None = "Assistenza Demo") -> EmailSettings:
    smtp: Any = {"host": "127.0.0.1", "tls": "none", "sender_name": name}
    return EmailSettings(brand="demo", address=address, thread_key="key", smtp=smtp)  # type: ignore[arg-type]


def outgoing(to: str = "anna@example.it", **more: Any) -> Outgoing:
    fields: dict[str, Any] = {
        "to": Handle("email", to, "claimed"),
        "text": "Buongiorno",
        "account": "help@demo.example",
        "in_reply_to": "m1@example.it",
        "token": TOKEN,
        "subject": "Padella rotta",
        "conversation": CONVERSATION,
    }
    return Outgoing(**(fields | more))


def written(message: Outgoing, **more: Any) -> Composed:
    return compose(message, settings(**more), NOW)


def read(raw: bytes) -> EmailMessage:
    """By the standard library, which reads better than it writes."""
    return email.message_from_bytes(raw, policy=policy.default)


def headers(raw: bytes) -> list[str]:
    """Names of the headers as they stand, of all parts."""
    return re.findall(rb"(?m)^([A-Za-z-]+):", raw)  # type: ignore[return-value]


def test_a_reply_has_what_its_answer_needs() -> None:
    composed = written(outgoing(references=("m0@example.it",)))
    mail = read(composed.raw)
    assert {name: str(value) for name, value in mail.items()} == {
        "From": "Assistenza Demo <help@demo.example>",
        "To": "anna@example.it",
        "Reply-To": f"help+{MARK}@demo.example",
        "Subject": "Re: Padella rotta",
        "Date": "Sat, 21 Nov 2026 18:02:11 +0000",
        "Message-ID": f"<{OURS}>",
        "In-Reply-To": "<m1@example.it>",
        "References": "<m0@example.it> <m1@example.it>",
        "X-Regia-Id": TOKEN,
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
    }
    assert (composed.sender, composed.recipient) == (f"help+{MARK}@demo.example", "anna@example.it")
    assert (composed.message_id, composed.utf8) == (OURS, False)
    assert message_id(outgoing(), settings()) == OURS
    assert plus.of_id(composed.message_id, b"key") == CONVERSATION


@pytest.mark.parametrize(("answers", "word"), [({}, "auto-replied"), ({"in_reply_to": None}, "auto-generated")])
def test_an_automatic_one_says_so(answers: dict[str, None], word: str) -> None:
    mail = read(written(outgoing(automatic=True, **answers)).raw)
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == (word, "All")


def test_without_a_conversation_there_is_no_mark() -> None:
    composed = written(outgoing(conversation=None))
    assert composed.sender == "help@demo.example"
    assert re.fullmatch(rf"regia\.{UUID(TOKEN).hex}-[a-z2-7]{{10}}@demo\.example", composed.message_id)
    assert plus.is_ours(composed.message_id, frozenset(("help@demo.example",)), b"key")
    assert plus.of_id(composed.message_id, b"key") is None


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Padella rotta", "Re: Padella rotta"),
        ("Re: Padella rotta", "Re: Padella rotta"),
        ("RE: Padella rotta", "RE: Padella rotta"),
        ("re:Padella", "re:Padella"),
        ("AW: Pfanne", "AW: Pfanne"),
        ("R: Padella", "R: Padella"),
        ("RIF: Padella", "RIF: Padella"),
        ("SV: Stekpanna", "SV: Stekpanna"),
        ("Odp: Patelnia", "Odp: Patelnia"),
        ("Re[2]: Pan", "Re[2]: Pan"),
        ("Re : Poêle", "Re : Poêle"),
        ("Fwd: Pan", "Re: Fwd: Pan"),
        ("Reso: padella", "Re: Reso: padella"),
        ("Rückgabe 😀", "Re: Rückgabe 😀"),
        ("", "Re:"),
        (None, "Re:"),
        ("ordine " * 40, "Re: " + ("ordine " * 40).strip()),
        ("x" * 500, "Re: " + "x" * 500),
        ("=?utf-8?q?a=0D=0ABcc:_x@y.it?=", "Re: =?utf-8?q?a=0D=0ABcc:_x@y.it?="),
        ("a\tb", "Re: a b"),
    ],
)
def test_re_stands_before_a_subject_once(theirs: str | None, ours: str) -> None:
    raw = written(outgoing(subject=theirs)).raw
    assert read(raw)["Subject"] == ours
    assert max(map(len, raw.split(b"\r\n"))) < 120
    known = reader.read(raw)
    assert isinstance(known, reader.Mail)
    assert known.subject == ours


def test_a_new_mail_is_no_answer() -> None:
    mail = read(written(outgoing(in_reply_to=None, references=("m0@example.it",))).raw)
    assert (mail["Subject"], mail["In-Reply-To"], mail["References"]) == ("Padella rotta", None, None)


@pytest.mark.parametrize(
    ("references", "answered", "expected"),
    [
        ((), "m1@x.it", ["m1@x.it"]),
        (("m0@x.it", "m1@x.it"), "m1@x.it", ["m0@x.it", "m1@x.it"]),
        (("a@x", "b@x", "a@x"), "c@x", ["a@x", "b@x", "c@x"]),
        (tuple(f"{n}@x" for n in range(50)), "50@x", ["0@x", *(f"{n}@x" for n in range(31, 51))]),
        (("not an id", "<a@x>", "ü@x.it", "b@x"), "c@x", ["b@x", "c@x"]),
        (("y" * 300 + "@x",), "z" * 300 + "@x", ["y" * 300 + "@x", "z" * 300 + "@x"]),
        (("b@x",), "sha256:" + "0" * 64, []),
    ],
)
def test_the_chain_of_references(references: tuple[str, ...], answered: str, expected: list[str]) -> None:
    raw = written(outgoing(references=references, in_reply_to=answered)).raw
    found = re.findall(r"<([^>]+)>", read(raw)["References"] or "")
    assert found == expected
    assert b"=?" not in raw
    assert ([answered] if expected else []) == found[-1:]


BREAKS = ["a\r\nBcc: x@y.it", "a\nBcc: x@y.it", "a\rBcc: x@y.it", "a\0b", "a\x1bb", "a\u2028b", "a\x85b"]
FIELDS: list[dict[str, Any]] = [
    {"subject": "{}"},
    {"in_reply_to": "{}"},
    {"references": ("{}",)},
    {"files": (OutgoingFile(filename="{}", content_type="text/plain", content=b""),)},
    {"files": (OutgoingFile(filename="a", content_type="{}", content=b""),)},
    {"token": "{}"},
    {"conversation": "{}"},
]


@pytest.mark.parametrize("break_", BREAKS)
@pytest.mark.parametrize("fields", FIELDS, ids="-".join)
def test_a_line_break_in_a_header_is_refused(fields: dict[str, Any], break_: str) -> None:
    def put(value: Any) -> Any:
        if isinstance(value, str):
            return break_ if value == "{}" else value
        if isinstance(value, OutgoingFile):
            names = {name: put(getattr(value, name)) for name in ("filename", "content_type")}
            return OutgoingFile(**names, content=b"")
        return tuple(map(put, value))

    with pytest.raises(SendFailed, match=r"^unsupported") as failed:
        written(outgoing(**{name: put(value) for name, value in fields.items()}))
    assert "y.it" not in str(failed.value)


@pytest.mark.parametrize("break_", BREAKS)
def test_a_line_break_in_an_address_or_our_name_is_refused(break_: str) -> None:
    with pytest.raises(SendFailed):
        written(outgoing(to=f"{break_}@example.it"))
    with pytest.raises(SendFailed):
        written(outgoing(to=f"anna@example.it{break_}"))
    with pytest.raises(SendFailed, match=r"^unsupported"):
        written(outgoing(), name=break_)


@pytest.mark.parametrize(
    ("address", "recipient", "utf8"),
    [
        ("anna@example.it", "anna@example.it", False),
        ("anna..b@docomo.ne.jp", "anna..b@docomo.ne.jp", False),
        ("o'neil+x/y=z@example.it", "o'neil+x/y=z@example.it", False),
        ("anna@münchen.de", "anna@xn--mnchen-3ya.de", False),
        ("anna@straße.de", "anna@xn--strae-oqa.de", False),
        ("jörg@münchen.de", "jörg@xn--mnchen-3ya.de", True),
        ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v", True),
        ("anna@[127.0.0.1]", "anna@[127.0.0.1]", False),
    ],
)
def test_addresses_of_all_kinds(address: str, recipient: str, utf8: bool) -> None:
    composed = written(outgoing(to=address))
    assert (composed.recipient, composed.utf8) == (recipient, utf8)
    assert f"\r\nTo: <{recipient}>\r\n".encode() in composed.raw
    assert composed.raw.isascii() is not utf8


@pytest.mark.parametrize(
    "handle",
    [
        Handle("phone", "+393331234567", "verified"),
        Handle("unknown_sender", "unknown:1", "claimed"),
        *(
            Handle("email", text, "claimed")
            for text in ("anna", "a,b@x.it", 'a"b@x.it', "a@b,c@x.it", "a b@x.it", "<a@x.it>", "a@x y", "@x.it", "a@", "a@-ü-.")
        ),
    ],
)
def test_what_is_no_address_is_refused(handle: Handle) -> None:
    with pytest.raises(SendFailed, match=r"^invalid_recipient"):
        written(outgoing(to=handle.value) if handle.kind == "email" else Outgoing(**_with(handle)))


def _with(handle: Handle) -> dict[str, Any]:
    message = outgoing()
    return {name: getattr(message, name) for name in Outgoing.__dataclass_fields__} | {"to": handle}


@pytest.mark.parametrize(
    "name",
    ["Assistenza", "Müller, Anna", 'Anna "la capa" Rossi', "Demo S.r.l. (Nord)", "è" * 150, "a@b.it", "=?utf-8?q?x?=", "\\"],
)
def test_our_name_beside_the_address(name: str) -> None:
    raw = written(outgoing(), name=name).raw
    known = reader.read(raw)
    assert isinstance(known, reader.Mail)
    assert known.sender is not None
    assert (known.sender.email, known.sender.name) == ("help@demo.example", name)


def _lines(part: EmailMessage) -> str:
    text: str = part.get_content()
    return text.replace("\r\n", "\n").rstrip("\n")


TEXTS = [
    "Buongiorno\n\nla padella è rotta.\n-- \nAnna",
    ".\n..\n.x\nFrom here\n",
    "parola " * 400,
    "x" * 5000,
    "è" * 3000,
    "日本語のテキスト 😀\n" * 30,
    "tab\tand trailing space \nend",
    "a\rb\r\nc",
    "\x00\x08bell",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_arrives_as_it_was_written(text: str) -> None:
    raw = written(outgoing(text=text, html=f"<p>{text}</p>")).raw
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", raw)
    mail = read(raw)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert mail.get_content_type() == "multipart/alternative"
    assert plain is not None
    assert html is not None
    expected = re.sub("\r\n|\r", "\n", text)
    assert _lines(plain) == expected.rstrip("\n")
    assert _lines(html) == f"<p>{expected}</p>"


@pytest.mark.parametrize(
    "fields",
    [{"text": " \n"}, {"text": "half \ud83d"}, {"html": "\ude00"}, {"subject": "\ud83d"}],
)
def test_what_is_no_text_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(SendFailed, match=r"^unsupported"):
        written(outgoing(**fields))


NAMES = [
    "padella.pdf",
    "la mia padella.pdf",
    "räksmörgås.pdf",
    'a"b\\c;d.pdf',
    "../../etc/passwd",
    "=?utf-8?q?a=0D=0AX-Evil:_1?=.pdf",
    "😀" * 60 + ".png",
    "a" * 300 + ".pdf",
    "x''y%0d%0a.pdf",
    " padella ",
]


@pytest.mark.parametrize("name", NAMES)
def test_files_keep_name_type_and_bytes(name: str) -> None:
    content = bytes(range(256)) * 20
    files = (
        OutgoingFile(filename=name, content_type="application/pdf", content=content),
        OutgoingFile(filename="b.txt", content_type="text/plain", content=b"\xff\xfe"),
    )
    raw = written(outgoing(files=files, html="<p>x</p>")).raw
    assert max(map(len, raw.split(b"\r\n"))) <= 120
    assert b"X-Evil" not in raw.replace(b"X-Evil%3A", b"")
    mail = read(raw)
    found = [(part.get_filename(), part.get_content_type()) for part in mail.iter_attachments()]
    assert found == [(name.strip(), "application/pdf"), ("b.txt", "text/plain")]
    assert [part.get_payload(decode=True) for part in mail.iter_attachments()] == [content, b"\xff\xfe"]


@pytest.mark.parametrize(
    ("given_", "used"),
    [
        ("image/png", "image/png"),
        ("IMAGE/PNG", "image/png"),
        ("image/svg+xml", "image/svg+xml"),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("text/html; charset=utf-8", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_types_of_files(given_: str, used: str) -> None:
    file = OutgoingFile(filename="a", content_type=given_, content=b"x")
    [part] = read(written(outgoing(files=(file,))).raw).iter_attachments()
    assert part.get_content_type() == used


ANY = st.text(max_size=120)


@given(subject=ANY, name=ANY, filename=ANY, text=ANY)
def test_nothing_written_by_others_becomes_a_header(subject: str, name: str, filename: str, text: str) -> None:
    file = OutgoingFile(filename=filename, content_type="text/plain", content=b"x")
    try:
        raw = written(outgoing(subject=subject, text=f"{text}.", files=(file,)), name=name or None).raw
    except SendFailed:
        return
    head, _, _ = raw.partition(b"\r\n\r\n")
    plain = written(outgoing(files=(OutgoingFile(filename="a", content_type="text/plain", content=b"x"),))).raw
    assert headers(head) == headers(plain.partition(b"\r\n\r\n")[0])
    mail = read(raw)
    parts = list(mail.iter_parts())
    assert len(parts) == 2
    assert [part.get_filename() for part in mail.iter_attachments()] == [filename.replace("\t", " ").strip() or None]
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
