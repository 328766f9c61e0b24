"""Names, types and ids of every channel, made safe in one place."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from normalizer import names
from normalizer.inbound import Button, Handle, InboundMessage, Reply, Sender, Thread
from normalizer.message import Attachment, Message, normalise

LONG = "x" * 100_000
SHORTENED = "x" * 900 + sha256(LONG.encode()).hexdigest()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("foto.jpg", "foto.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\anna\\fattura.pdf", "fattura.pdf"),
        ("..hidden", "hidden"),
        ("a\x00b\n.pdf", "a_b_.pdf"),
        ("gpj\u202efdp.exe", "gpj_fdp.exe"),
        ("  spazi  .txt ", "spazi .txt"),
        ("è" * 300 + ".pdf", "è" * 125 + ".pdf"),
        ("../../a\r\nSet-Cookie: x=1", "a__Set-Cookie_ x=1"),
        ("\u2066foto\u2069\ud800.jpg", "_foto__.jpg"),
        ("...", None),
        ("dir/", None),
        ("", None),
    ],
)
def test_filenames(given: str, expected: str | None) -> None:
    assert names.filename(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("audio/ogg; codecs=opus", "audio/ogg; codecs=opus"),
        ("Image/JPEG", "image/jpeg"),
        ('text/plain;charset="utf-8"', 'text/plain;charset="utf-8"'),
        ("text/html; charset", "text/html"),
        ("text/html\r\nX:1", None),
        ("text/plain; a=b\r\nSet-Cookie: x=1", "text/plain"),
        ("text/html\n", None),
        ("photo", None),
        ("a/" + "b" * 200, None),
        ("a/b" + "; c=d" * 100, None),
        ("", None),
    ],
)
def test_media_types(given: str, expected: str | None) -> None:
    assert names.media_type(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("wamid.HBgM", "wamid.HBgM"),
        ("wamid.\x00H\x9fB\ud800gM\r\n", "wamid.HBgM"),
        ("x" * 998, "x" * 998),
        (LONG, SHORTENED),
        ("\x00", sha256(b"\x00").hexdigest()),
    ],
)
def test_ids(given: str, expected: str) -> None:
    assert names.identifier(given) == expected
    assert names.identifier(expected) == expected


def test_long_ids_stay_different() -> None:
    assert names.identifier(LONG + "a") != names.identifier(LONG + "b")
    assert len(names.identifier(LONG, names.HANDLE_LIMIT)) <= names.HANDLE_LIMIT


def cleaned(*attachments: Attachment, **more: Any) -> Message:
    handle = Handle("whatsapp_user", "IT\x00.1", "verified")
    contact: dict[str, Any] = {
        "event_key": "m1",
        "external_id": "m\x001",
        "brand": "demo",
        "channel": "whatsapp",
        "account": "+39\x00",
        "kind": "text",
        "sender": Sender(handle=handle, aliases=(Handle("ph\x00one", LONG, "claimed"),), claims=(handle,)),
        "order_key": "m1",
        "raw": b"{}",
        "raw_content_type": "application/json",
        **more,
    }
    received = datetime(2026, 11, 21, tzinfo=UTC)
    return normalise(UUID(int=1), "whatsapp", received, InboundMessage(**contact), attachments=attachments, languages=("it",))


def test_every_id_of_a_contact_can_be_stored_anywhere() -> None:
    found = cleaned(
        refers_to=LONG,
        thread=Thread(in_reply_to="\x00a", references=("b\x00", "", LONG)),
        button=Button(id="b\x00", title="S\x00ì"),
        reply=Reply(via=Handle("phone", "+39\x00333", "claimed")),
    ).inbound
    handle = Handle("whatsapp_user", "IT.1", "verified")
    assert (found.external_id, found.account, found.refers_to) == ("m1", "+39", SHORTENED)
    assert (found.sender.handle, found.sender.claims) == (handle, (handle,))
    (alias,) = found.sender.aliases
    assert (alias.kind, len(alias.value) <= names.HANDLE_LIMIT) == ("phone", True)
    assert found.thread == Thread(in_reply_to="a", references=("b", SHORTENED))
    assert found.button == Button(id="b", title="S ì")
    assert found.reply.via == Handle("phone", "+39333", "claimed")
    assert found.reply.allowed == ("text",)


@pytest.mark.parametrize("state", ["stored", "unavailable", "referenced"])
def test_files_of_every_state_have_clean_names(state: Any) -> None:
    (found,) = cleaned(
        Attachment(
            id="att_1",
            state=state,
            filename="../../a\r\nb.jpg",
            content_type="text/html\r\nX:1",
            caption="uno\r\ndue\x00",
            content_id=LONG,
            reason="expired",
        )
    ).attachments
    assert found == Attachment(
        id="att_1", state=state, filename="a__b.jpg", caption="uno due", content_id=SHORTENED, reason="expired"
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("con_01J0ZQ3V5Y8A7B6C5D4E3F2G1H", "con_01J0ZQ3V5Y8A7B6C5D4E3F2G1H"),
        ("con_01j0zq3v5y8a7b6c5d4e3f2g1h", None),
        ("con_01J0ZQ3V5Y8A7B6C5D4E3F2G1H\n", None),
        ("cus_01J0ZQ3V5Y8A7B6C5D4E3F2G1H", None),
        ("con_", None),
        ("", None),
        (None, None),
    ],
)
def test_a_named_conversation_is_an_id_or_nothing(given: str | None, expected: str | None) -> None:
    found = cleaned(thread=Thread(in_reply_to="a", references=("b",), conversation=given))
    assert found.inbound.thread == Thread(in_reply_to="a", references=("b",), conversation=expected)
