"""What a mail is as a contact: who is proved and who only claimed, which conversation it names, what it invites to."""

from datetime import UTC, datetime

import pytest

from connectors.base import Request
from connectors.email import EmailConnector, EmailSettings, plus
from normalizer.inbound import Handle, InboundMessage, envelope_id
from normalizer.message import normalise

KEY = "a key of the shop"
CONVERSATION = "con_01J0ZQ3V5Y8A7B6C5D4E3F2G1H"
MARK = plus.mark(CONVERSATION, KEY.encode())
FORGED = plus.mark(CONVERSATION, b"another")
OURS = plus.marked_id(MARK, "0f" * 16, "casalinghi.example", KEY.encode())
PASS = "Authentication-Results: mx.regia.example; dmarc=pass header.from=example.it"
FORWARD = "---------- Forwarded message ---------\nFrom: x <{}>\nSubject: x\n\nRotta"
RECEIVED = datetime(2024, 6, 3, 12, tzinfo=UTC)
SETTINGS = {
    "type": "email",
    "brand": "demo",
    "address": "assistenza@casalinghi.example",
    "aliases": ("ordini@casalinghi.example",),
    "trusted_servers": ("mx.regia.example",),
    "thread_key": KEY,
}


def read(raw: bytes, **more: object) -> InboundMessage:
    connector = EmailConnector("mail", EmailSettings.model_validate(SETTINGS | more))
    request = Request(method="POST", url="mail:", headers={}, query={}, body=raw, received_at=RECEIVED)
    (found,) = connector.parse(request).messages
    return found


def mail(*headers: str, text: str = "Buongiorno") -> bytes:
    return "\r\n".join((*headers, "Subject: Reso", "Message-ID: <a@example.it>", "", text.replace("\n", "\r\n"))).encode()


def claims(found: InboundMessage) -> list[str]:
    assert all((claim.kind, claim.proof) == ("email", "claimed") for claim in found.sender.claims)
    return [claim.value for claim in found.sender.claims]


@pytest.mark.parametrize(
    ("headers", "trusted", "proof"),
    [
        ((PASS, "From: Anna <anna@example.it>"), True, "verified"),
        ((PASS, "From: Anna <anna@example.it>"), False, "claimed"),
        ((PASS.replace("mx.regia", "mx.evil"), "From: Anna <anna@example.it>"), True, "claimed"),
        ((PASS.replace("pass", "fail"), PASS, "From: Anna <anna@example.it>"), True, "claimed"),
        ((PASS, "From: Anna <anna@evil.example>"), True, "claimed"),
        ((PASS, "From: anna@example.it", "From: ceo@example.it"), True, "claimed"),
        (("From: Anna <anna@example.it>",), True, "claimed"),
    ],
)
def test_proof(headers: tuple[str, ...], trusted: bool, proof: str) -> None:
    found = read(mail(*headers), **({} if trusted else {"trusted_servers": ()}))
    assert found.sender.handle.proof == proof
    assert found.order_key == found.sender.handle.value


def test_what_is_proved_about_from_proves_nothing_else() -> None:
    found = read(mail(PASS, "From: anna@example.it", "Reply-To: anna.home@example.it"))
    assert found.sender.handle == Handle("email", "anna@example.it", "verified")
    assert claims(found) == ["anna.home@example.it"]
    assert found.reply.via == Handle("email", "anna.home@example.it", "claimed")


@pytest.mark.parametrize(
    ("headers", "text", "expected"),
    [
        (("From: anna@example.it",), "Ciao", []),
        (("From: anna@example.it", "Reply-To: Anna <ANNA@example.it>"), "Ciao", []),
        (("From: anna@example.it, marco@example.it",), "Ciao", ["marco@example.it"]),
        (("From: anna@example.it", "From: marco@example.it"), "Ciao", ["marco@example.it"]),
        (
            ("From: anna@example.it", "Reply-To: marco@example.it, eva@example.it"),
            "Ciao",
            ["marco@example.it", "eva@example.it"],
        ),
        (("From: anna@example.it", "Reply-To: ordini@casalinghi.example"), "Ciao", []),
        (("From: anna@example.it", f"Reply-To: assistenza+{MARK}@casalinghi.example"), "Ciao", []),
        (("From: anna@example.it",), FORWARD.format("eva@example.it"), ["eva@example.it"]),
        (("From: anna@example.it",), FORWARD.format("ordini@casalinghi.example"), []),
        (("From: anna@example.it",), FORWARD.format("anna@example.it"), []),
        (("From: anna@example.it",), "Sì.\n\nOn Mon, 3 Jun 2024 at 10:30, Eva <eva@example.it> wrote:\n> Rotta?", []),
    ],
)
def test_claims(headers: tuple[str, ...], text: str, expected: list[str]) -> None:
    assert claims(read(mail(*headers, text=text))) == expected


def test_an_answer_never_goes_to_ourselves() -> None:
    found = read(mail("From: anna@example.it", "Reply-To: ordini@casalinghi.example, anna@home.example"))
    assert found.reply.via == Handle("email", "anna@home.example", "claimed")
    assert read(mail("From: anna@example.it", "Reply-To: ordini@casalinghi.example")).reply.via is None


@pytest.mark.parametrize(
    "sender", ["assistenza@casalinghi.example", "Ordini@casalinghi.example", f"ordini+{MARK}@casalinghi.example"]
)
def test_mail_from_ourselves_is_known(sender: str) -> None:
    assert read(mail(f"From: {sender}")).automated == "own"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"To: Shop <assistenza+{MARK}@casalinghi.example>", True),
        (f"To: eva@example.it\r\nCc: x@y.example, ordini+{MARK.upper()}@casalinghi.example", True),
        (f"Delivered-To: assistenza+{MARK}@casalinghi.example", True),
        (f"X-Original-To: assistenza+{MARK}@casalinghi.example", True),
        (f"Envelope-To: assistenza+{MARK}@casalinghi.example", True),
        (f"In-Reply-To: <{OURS}>", True),
        (f"References: <first@example.it>\r\n <{OURS}> <last@example.it>", True),
        (f"To: assistenza+{FORGED}@casalinghi.example", False),
        (f"To: assistenza+{MARK}@evil.example", False),
        (f"In-Reply-To: <{OURS.replace(MARK, FORGED)}>", False),
        (f"In-Reply-To: <{OURS.replace('0f' * 16, '0e' * 16)}>", False),
        (f"Reply-To: assistenza+{MARK}@casalinghi.example", False),
        (f"X-Other: assistenza+{MARK}@casalinghi.example", False),
    ],
)
def test_our_mark_names_the_conversation(header: str, found: bool) -> None:
    raw = mail("From: anna@example.it", header)
    assert read(raw).thread.conversation == (CONVERSATION if found else None)
    assert read(raw, thread_key=None).thread.conversation is None
    assert read(raw, thread_key="another key").thread.conversation != CONVERSATION


def test_the_mark_survives_the_normaliser() -> None:
    found = read(mail("From: anna@example.it", f"In-Reply-To: <{OURS}>"))
    name = envelope_id("mail", found.event_key)
    assert normalise(name, "mail", RECEIVED, found, attachments=(), languages=("it",)).inbound.thread == found.thread


ANNA = "From: Anna <anna@example.it>"
HOME = "Reply-To: anna@home.example"
FORM = "From: Shop <ordini@casalinghi.example>"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((PASS, ANNA), ("Received: from b", "Delivered-To: b@x.example", PASS, "From: ANNA@example.it"), True),
        ((ANNA,), ("From: Eva <eva@example.it>",), False),
        ((ANNA,), (PASS, ANNA), False),
        ((PASS, ANNA), (PASS.replace("mx.regia", "mx.evil"), ANNA), False),
        ((ANNA,), (ANNA, HOME), False),
        ((ANNA, HOME), ("Received: from b", ANNA, HOME, "Subject: Fwd"), True),
        ((ANNA,), (ANNA, "Reply-To: ordini@casalinghi.example"), True),
        ((FORM, HOME), (PASS.replace("example.it", "casalinghi.example"), FORM, HOME), True),
        ((FORM, HOME), (FORM, "Reply-To: eva@example.it"), False),
        ((FORM, HOME), ("From: anna@home.example",), True),
        ((), ("Received: from b",), True),
        ((), (HOME,), False),
        ((), (ANNA,), False),
        (("From: Anna",), ("From: Eva",), False),
    ],
)
def test_a_mail_of_somebody_else_is_no_repeat(one: tuple[str, ...], other: tuple[str, ...], same: bool) -> None:
    """With one Message-ID and one body, which everybody knows who was sent a copy."""
    first, second = read(mail(*one)), read(mail(*other))
    assert first.external_id == second.external_id == "a@example.it"
    assert (first.event_key == second.event_key) is same


def test_what_is_read_again_is_the_same_while_the_same_servers_are_trusted() -> None:
    raw = mail(PASS, ANNA)
    connector = EmailConnector("mail", EmailSettings.model_validate(SETTINGS))
    (again,) = connector.reread(raw, "message/rfc822", RECEIVED).messages
    assert again.event_key == read(raw).event_key != read(raw, trusted_servers=()).event_key


INVITATION = (
    "From: Tecnico <tecnico@posta.example>\r\nSubject: Ritiro\r\nMIME-Version: 1.0\r\nContent-Type: "
    'multipart/alternative; boundary="b"'
    "\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nPasso lunedì.\r\n--b\r\nContent-Type: text/calendar; "
    "method={method}\r\n\r\n"
    "BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nSUMMARY:Ritiro "
    "padella\r\nDTSTART;TZID=Europe/Rome:20240603T103000\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n--b--\r\n"
)


def test_a_calendar_invitation() -> None:
    found = read(INVITATION.format(method="REQUEST").encode())
    assert found.fields == {
        "calendar_method": "request",
        "calendar_summary": "Ritiro padella",
        "calendar_start": "2024-06-03T10:30:00",
        "calendar_zone": "Europe/Rome",
    }
    assert [(part.filename, part.content_type) for part in found.attachments] == [("invite.ics", "text/calendar")]
    assert (found.text, found.automated) == ("Passo lunedì.", None)


def test_a_calendar_answer() -> None:
    found = read(INVITATION.format(method="REPLY").encode())
    assert (found.fields["calendar_method"], found.automated) == ("reply", "calendar_reply")


SEALED = {
    "S/MIME, opaque": (
        'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\r\nContent-Transfer-Encoding: '
        "base64\r\n"
        'Content-Disposition: attachment; filename="smime.p7m"\r\n\r\nMIIB',
        None,
        [("smime.p7m", "application/pkcs7-mime")],
    ),
    "S/MIME, detached": (
        'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary="b"\r\n\r\n--b\r\n'
        "Content-Type: text/plain\r\n\r\nCiao\r\n--b\r\n"
        'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n\r\nMIIB\r\n--b--',
        "Ciao",
        [("smime.p7s", "application/pkcs7-signature")],
    ),
    "PGP, encrypted": (
        'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"\r\n\r\n--b\r\n'
        "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\n"
        'Content-Type: application/octet-stream; name="encrypted.asc"\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--b--',
        None,
        [(None, "application/pgp-encrypted"), ("encrypted.asc", "application/octet-stream")],
    ),
    "PGP, signed": (
        'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary="b"\r\n\r\n--b\r\n'
        "Content-Type: text/plain\r\n\r\nCiao\r\n--b\r\n"
        'Content-Type: application/pgp-signature; name="signature.asc"\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n--b--',
        "Ciao",
        [("signature.asc", "application/pgp-signature")],
    ),
    "winmail.dat": (
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nCiao\r\n--b\r\n'
        'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+\r\n--b--',
        "Ciao",
        [("winmail.dat", "application/ms-tnef")],
    ),
}


@pytest.mark.parametrize(("rest", "text", "files"), SEALED.values(), ids=SEALED.keys())
def test_what_we_do_not_open_stays_an_attachment(rest: str, text: str | None, files: list[tuple[str | None, str]]) -> None:
    found = read(f"From: anna@example.it\r\nSubject: Reso\r\nMIME-Version: 1.0\r\n{rest}\r\n".encode())
    assert found.text == text
    assert [(part.filename, part.content_type) for part in found.attachments] == files
    assert all(part.content for part in found.attachments)


def test_pictures_stay_at_their_place() -> None:
    html = (
        '<p>Prima</p><img src="cid:foto@1"><p>dopo</p><img src="cid:altra%401" alt="il manico">'
        '<img src="https://t.example/pixel.gif?a=1" alt="logo"><img src="https://t.example/pixel.gif">'
    )
    picture = "Content-Type: image/png; name={0}.png\r\nContent-ID: <{0}@1>\r\nContent-Disposition: inline\r\n\r\nx"
    raw = (
        'From: anna@example.it\r\nSubject: Reso\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\n'
        f"Content-Type: "
        f"text/html\r\n\r\n{html}\r\n--b\r\n{picture.format('foto')}\r\n--b\r\n{picture.format('altra')}\r\n--b--\r\n"
    )
    found = read(raw.encode())
    assert found.text == "Prima\n\n[image: foto.png]\n\ndopo\n\n[image: il manico] [image: logo]"
    assert [part.content_id for part in found.attachments] == ["foto@1", "altra@1"]
    assert found.html is not None
    assert 'src="cid:foto@1"' in found.html
    assert 'alt="logo"' in found.html
    assert "t.example" not in found.html


def test_text_around_pictures_keeps_its_order() -> None:
    text, picture = "--b\r\nContent-Type: text/plain\r\n\r\n{}\r\n", "--b\r\nContent-Type: image/png; name={}.png\r\n\r\nx\r\n"
    parts = text.format("Prima") + picture.format("a") + text.format("in mezzo") + picture.format("b") + text.format("dopo")
    found = read(
        f'From: anna@example.it\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n{parts}--b--\r\n'.encode()
    )
    assert found.text == "Prima\n\nin mezzo\n\ndopo"
    assert [part.filename for part in found.attachments] == ["a.png", "b.png"]
