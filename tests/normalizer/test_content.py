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


NOTICE = "This message was written in a form that your mail program does not support: HTML. " * 4


@pytest.mark.parametrize("plain", ["Sent from my iPhone", "&nbsp;", "Hi", "\xa0", NOTICE, "Inviato da iPhone\n\n"])
def test_a_plain_part_that_stands_in_for_the_html(plain: str) -> None:
    html = "<p>order 4711 where is it</p><p>Sent from my iPhone</p>"
    assert (alternative(plain, html) or "").startswith("order 4711 where is it")


TAIL = "\r\nContent-Disposition: inline; filename=message.txt"


@pytest.mark.parametrize(
    "kind",
    [
        f"text/plain{TAIL}",
        "text/plain; name=message.txt\r\nContent-Disposition: attachment",
        "text/plain charset=utf-8",
        "text/plain, charset=utf-8",
        "plain/text; charset=utf-8",
        "text/html; charset=utf-8; name=body.html\r\nContent-Disposition: inline",
    ],
)
def test_the_only_part_is_the_body(kind: str) -> None:
    found = read("8bit", SAID, kind)
    assert (found.text, found.attachments) == (SAID, ())


def test_an_inline_file_is_the_body_where_there_is_no_other() -> None:
    image = "--b\r\nContent-Type: image/png; name=a.png\r\n\r\nx\r\n"
    said = f"--b\r\nContent-Type: text/plain{TAIL}\r\n\r\norder 4711\r\n"
    other = said.replace("order 4711", "a list").replace("message.txt", "list.txt")
    found = read("7bit", f"{image}{said}{other}--b--\r\n", "multipart/mixed; boundary=b")
    assert found.text == "order 4711"
    assert [part.filename for part in found.attachments] == ["a.png", "list.txt"]


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
