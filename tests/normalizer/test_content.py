"""The content of one part, however it was carried and whatever is said of it."""

import base64

import pytest

from normalizer import mail

SAID = "La padella è arrivata graffiata, e il coperchio manca del tutto. Vorrei un rimborso entro venerdì, grazie."
LINES = base64.encodebytes(SAID.encode()).decode().splitlines()


def read(encoding: str, body: str, kind: str = "text/plain; charset=utf-8", more: str = "") -> mail.Mail:
    head = f"From: Anna <anna@b.example>\r\nSubject: x\r\n{more}MIME-Version: 1.0\r\nContent-Type: {kind}\r\n"
    found = mail.read(f"{head}Content-Transfer-Encoding: {encoding}\r\n\r\n{body}".encode())
    assert isinstance(found, mail.Mail)
    return found


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("BASE64 (as usual)", "\r\n".join(LINES)),
        ('"base64"', "\r\n".join(LINES)),
        ("(of old) Base64;", "\r\n".join(LINES)),
        ("base64", " !\r\n\r\n*".join(LINES)),
        ("base64", "\r\n".join([*LINES, "____________", "Our list of many friends", "to leave it write to us"])),
        ("base64", SAID),
        ("Base64", f"{SAID}\r\n"),
        ("quoted-printable", SAID.replace("e il", "=  \r\ne il")),
        ("quoted-printable", SAID.replace("e il", "=\t\r\ne il").replace("è", "=C3=A8") + "   \r\n"),
        ("QUOTED-PRINTABLE (RFC 2045)", SAID.replace("è", "=C3=A8")),
        ("8bit", SAID),
        ("", SAID),
        ("unknown-thing", SAID),
    ],
)
def test_transfer_encodings(encoding: str, body: str) -> None:
    assert read(encoding, body).text == SAID


def alternative(plain: str, html: str) -> str | None:
    parts = f"--b\r\nContent-Type: text/plain\r\n\r\n{plain}\r\n--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n--b--\r\n"
    return read("7bit", parts, "multipart/alternative; boundary=b").text


@pytest.mark.parametrize(
    "plain",
    [
        "Your email client does not support HTML messages.",
        "This is an HTML message.",
        "Please open this mail in your browser.",
        "Il tuo programma non mostra le mail HTML.",
        "Per leggere questo messaggio aprilo nel browser.",
        "Ihr Programm kann kein HTML. Bitte im Browser lesen.",
        "Votre messagerie ne lit pas le HTML.",
        "Ouvrez ce message dans votre navigateur.",
        "Su programa no admite HTML.",
        "Abra la carta en el navegador.",
        "O seu programa não mostra HTML.",
        "Uw programma toont geen HTML.",
        "Twój program nie obsługuje HTML.",
    ],
)
def test_a_plain_part_that_only_asks_for_html(plain: str) -> None:
    assert alternative(plain, "<p>The hourglass leaks.</p>") == "The hourglass leaks."


@pytest.mark.parametrize("plain", ["The hourglass leaks.", "HTML is fine by me."])
def test_a_plain_part_that_says_the_same(plain: str) -> None:
    assert alternative(plain, f"<p>{plain}</p>") == plain


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('<"12 MAR 26"@vms.example>', '"12 MAR 26"@vms.example'),
        ("<a@b.example>", "a@b.example"),
        ("< a@b.example >", "a@b.example"),
        ('<"open@b.example>', '"open@b.example'),
    ],
)
def test_message_ids(header: str, expected: str) -> None:
    assert read("7bit", "x", more=f"Message-ID: {header}\r\n").message_id == expected
