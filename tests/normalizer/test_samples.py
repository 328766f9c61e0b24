"""Every mail under `tests/samples/email/<group>/` is read as its `expected.json` says: written from the standards and from
what clients send, without a look at the reader."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from connectors.base import Parsed, Request
from connectors.email import EmailConnector, EmailSettings
from normalizer import mail
from normalizer.inbound import InboundMessage
from normalizer.values import ascii_domain

SAMPLES: Final = Path(__file__).parents[1] / "samples" / "email"
SETTINGS: Final = EmailSettings(brand="shop", address="assistenza@casalinghi.example", trusted_servers=("mx.regia.example",))
CASES: Final[dict[str, tuple[Path, dict[str, Any]]]] = {
    f"{table.parent.name}/{name}": (table.parent / f"{name}.eml", expected)
    for table in sorted(SAMPLES.glob("*/expected.json"))
    for name, expected in json.loads(table.read_bytes()).items()
}


def parse(raw: bytes) -> Parsed:
    request = Request(method="POST", url="mail:", headers={}, query={}, body=raw, received_at=datetime(2024, 6, 3, tzinfo=UTC))
    return EmailConnector("mail", SETTINGS).parse(request)


def squeezed(text: str | None) -> str:
    return " ".join((text or "").split())


def found_in(read: InboundMessage, raw: bytes) -> dict[str, Any]:
    """What was read, in the terms of `expected.json`."""
    handle = read.sender.handle
    whole = mail.read(raw)
    assert isinstance(whole, mail.Mail)
    return {
        "sender": handle.value if handle.kind == "email" else None,
        "sender_name": read.sender.name,
        "subject": read.subject,
        "in_reply_to": read.thread.in_reply_to,
        "references": list(read.thread.references),
        "message_id": None if read.external_id.startswith("sha256:") else read.external_id,
        "automated": read.automated,
        "verified": handle.proof == "verified",
        "claims": sorted(claim.value for claim in read.sender.claims),
        "attachments": [
            {"filename": part.filename, "content_type": part.content_type, "size": len(part.content)}
            | {"inline": part.disposition == "inline"}
            for part in whole.attachments
        ],
    }


def wanted_of(expected: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """What the sample says of the same things; what it leaves open is taken as it was found."""
    wanted: dict[str, Any] = {name: expected.get(name, found[name]) for name in found}
    wanted["verified"] = expected.get("verified", False)
    if "claims" in expected:
        wanted["claims"] = sorted(expected["claims"])
    if "attachments" in expected and len(expected["attachments"]) == len(found["attachments"]):
        wanted["attachments"] = [
            there | part for part, there in zip(expected["attachments"], found["attachments"], strict=True)
        ]
    return wanted


def one_form(said: dict[str, Any]) -> dict[str, Any]:
    """Domains in the form that DNS has: `bücher.example` and `xn--bcher-kva.example` are one (IDNA 2008)."""
    sender = said["sender"]
    if sender is None:
        return said
    local, _, domain = sender.rpartition("@")
    return said | {"sender": f"{local}@{ascii_domain(domain)}"}


@pytest.mark.parametrize(("path", "expected"), CASES.values(), ids=CASES.keys())
def test_a_sample_is_read_as_a_person_would(path: Path, expected: dict[str, Any]) -> None:
    raw = path.read_bytes()
    parsed = parse(raw)
    if expected.get("readable") is False:
        assert [broken.raw for broken in parsed.unreadable] == [raw]
        return
    (read,) = parsed.messages
    found = found_in(read, raw)
    assert one_form(found) == one_form(wanted_of(expected, found))
    text, html = squeezed(read.text), read.html or ""
    if "text" in expected:
        assert text == squeezed(expected["text"])
    assert [words for words in expected.get("text_contains", ()) if squeezed(words) not in text] == []
    assert [words for words in expected.get("text_lacks", ()) if squeezed(words) in text] == []
    assert [piece for piece in expected.get("html_contains", ()) if piece not in html] == []
    assert [piece for piece in expected.get("html_lacks", ()) if piece in html] == []


def test_every_sample_has_an_expectation() -> None:
    files = {f"{path.parent.name}/{path.stem}" for path in SAMPLES.glob("*/*.eml")}
    assert files == set(CASES)
