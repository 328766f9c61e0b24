"""Whose words a forward carries: the layouts of clients in eight languages, and replies, which are none."""

import time

import pytest

from normalizer import mail

ANNA = "anna.bianchi@posta.example"


def read(subject: str, text: str, more: str = "") -> mail.Mail:
    head = f"From: zia@posta.example\r\nTo: shop@casalinghi.example\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
    plain = 'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
    body = plain + text.replace("\n", "\r\n")
    if more:
        body = f'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n{body}\r\n--b\r\n{more}\r\n--b--\r\n'
    found = mail.read((head + body).encode())
    assert isinstance(found, mail.Mail)
    return found


GMAIL = (
    ("Fwd: Pan", "---------- Forwarded message ---------", "From"),
    ("Fwd: Padella", "---------- Messaggio inoltrato ---------", "Da"),
    ("Fwd: Pfanne", "---------- Weitergeleitete Nachricht ---------", "Von"),
    ("Fwd: Poêle", "---------- Message transféré ---------", "De"),
    ("Fwd: Sartén", "---------- Mensaje reenviado ---------", "De"),
    ("Fwd: Frigideira", "---------- Mensagem encaminhada ---------", "De"),
    ("Fwd: Pan", "---------- Doorgestuurd bericht ---------", "Van"),
    ("Fwd: Patelnia", "---------- Wiadomość przekazana ---------", "Od"),
)


@pytest.mark.parametrize(("subject", "mark", "label"), GMAIL, ids=[row[1].strip("- ") for row in GMAIL])
@pytest.mark.parametrize("kept_subject", [True, False])
def test_gmail(subject: str, mark: str, label: str, kept_subject: bool) -> None:
    block = f"{mark}\n{label}: Anna Bianchi <Anna.Bianchi@Posta.example>\nDate: Mon, 3 Jun 2024 at 10:30\nSubject: Pan"
    text = f"See below.\n\n{block}\n\nThe handle broke.\n"
    found = read(subject if kept_subject else "The pan of my niece", text)
    assert found.inner_authors == (ANNA,)
    assert "The handle broke." in (found.text or "")


OUTLOOK = (
    ("FW: Pan", "From", "Sent", "To", "Subject"),
    ("I: Padella", "Da", "Inviato", "A", "Oggetto"),
    ("WG: Pfanne", "Von", "Gesendet", "An", "Betreff"),
    ("TR: Poêle", "De", "Envoyé", "À", "Objet"),
    ("RV: Sartén", "De", "Enviado el", "Para", "Asunto"),
    ("ENC: Frigideira", "De", "Enviada em", "Para", "Assunto"),
    ("FW: Pan", "Van", "Verzonden", "Aan", "Onderwerp"),
    ("PD: Patelnia", "Od", "Wysłano", "Do", "Temat"),
)


@pytest.mark.parametrize(("subject", "labels"), [(row[0], row[1:]) for row in OUTLOOK], ids=[row[0] for row in OUTLOOK])
@pytest.mark.parametrize("form", ["Anna Bianchi <{0}>", "Anna Bianchi [mailto:{0}]", "Anna Bianchi <{0}<mailto:{0}>>", "{0}"])
def test_outlook(subject: str, labels: tuple[str, str, str, str], form: str) -> None:
    who, sent, to, about = labels
    block = (
        f"{who}: {form.format(ANNA)}\n{sent}: 3 June 2024 10:30\n{to}: zia@posta.example\n{about}: Pan\n\nThe handle broke.\n"
    )
    older = block.replace(ANNA, "marco@posta.example")
    assert read(subject, f"See below.\n\n________________________________\n{block}\n{older}").inner_authors == (ANNA,)
    assert read(f"RE: {subject[4:]}", f"Any news?\n\n________________________________\n{block}").inner_authors == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "Thunderbird, Italian",
            f"-------- Messaggio Inoltrato --------\nOggetto: \tA\nData: \t3\nMittente: \tAnna <{ANNA}>\nA: \tzia\n\nRotta.",
        ),
        (
            "Thunderbird, German",
            f"-------- Weitergeleitete Nachricht --------\nBetreff: \tA\nDatum: \t3\nVon: \tAnna <{ANNA}>\nAn: \tzia\n\nAb.",
        ),
        (
            "Thunderbird, Polish",
            f"-------- Przekazana wiadomość --------\nTemat: \tA\nData: \t3\nNadawca: \tAnna <{ANNA}>\nAdresat: "
            f"\tzia\n\nUchwyt.",
        ),
        (
            "Apple Mail",
            f"Begin forwarded message:\n\nFrom: Anna <{ANNA}>\nSubject: Pan\nDate: 3 June\nTo: zia\n\nBroken.",
        ),
        (
            "Apple Mail, quoted, Italian",
            f"Inizio messaggio inoltrato:\n\n> Da: Anna <{ANNA}>\n> Oggetto: Padella\n> Data: 3 giugno 2024\n> \n> Rotta.",
        ),
        ("bold labels", f"---------- Forwarded message ---------\n*From:* Anna <{ANNA}>\n*Subject:* Pan\n\nBroken."),
    ],
)
def test_other_clients(name: str, text: str) -> None:
    assert read("Fwd: x", f"{name}\n\n{text}").inner_authors == (ANNA,)


def test_html_only() -> None:
    raw = (
        "From: zia@posta.example\r\nSubject: Fwd: Padella\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        '<div>Guarda</div><div class="gmail_quote"><div class="gmail_attr">---------- Messaggio inoltrato ---------<br>'
        f'Da: <strong>Anna</strong> <span>&lt;<a href="mailto:{ANNA}">{ANNA}</a>&gt;</span><br>Date: lun 3 giu '
        f"2024<br></div>Rotta</div>"
    )
    found = mail.read(raw.encode())
    assert isinstance(found, mail.Mail)
    assert found.inner_authors == (ANNA,)


ATTACHED = f"Content-Type: message/rfc822\r\n\r\nFrom: Anna <{ANNA}>\r\nTo: zia@posta.example\r\nSubject: Pan\r\n\r\nBroken."


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        ("Fwd: Pan", "See the mail.", (ANNA,)),
        ("Pan", "\n", (ANNA,)),
        ("Pan", "As proof, an older mail.", ()),
        ("Re: Pan", "See.", ()),
    ],
)
def test_a_mail_that_hangs_on_another(subject: str, text: str, expected: tuple[str, ...]) -> None:
    assert read(subject, text, ATTACHED).inner_authors == expected


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: Pan", f"Yes.\n\nOn Mon, 3 Jun 2024 at 10:30, Anna <{ANNA}> wrote:\n> Broken?"),
        (
            "Re: Pan",
            f"Yes.\n\n-----Original Message-----\nFrom: Anna <{ANNA}>\nSent: 3 June 2024 10:30\nSubject: Pan\n\nOh?",
        ),
        ("Re: Pan", f"> ---------- Forwarded message ---------\n> From: Anna <{ANNA}>\n> Subject: Pan\n\nI saw that already."),
        (
            "Re: Fwd: Pan",
            "Thanks.\n\nOn Mon, 3 Jun 2024 at 10:30, Zia <zia@posta.example> wrote:\n\n"
            f"---------- Forwarded message ---------\nFrom: Anna <{ANNA}>\nSubject: Pan\n",
        ),
        ("Pan", f"From: my kitchen\nWrite to {ANNA}, she knows."),
        ("Fwd: Pan", "---------- Forwarded message ---------\nFrom: Anna Bianchi\nDate: 3 June\nSubject: Pan\n\nBroken."),
        ("Fwd: Pan", "---------- Forwarded message ---------"),
        ("Fwd:", ""),
    ],
)
def test_what_names_no_inner_author(subject: str, text: str) -> None:
    assert read(subject, text).inner_authors == ()


def test_never_more_than_three() -> None:
    blocks = "".join(
        f"---------- Forwarded message ---------\nFrom: a{n}@b.example\nSubject: x\n\ntext\n\n" for n in range(200)
    )
    assert read("Fwd: all", blocks).inner_authors == ("a0@b.example", "a1@b.example", "a2@b.example")


@pytest.mark.parametrize(
    "line", ["From: a@b.example\n", "---------- Forwarded message ---------\n", "> " * 100 + "\n", "From: " + "a" * 250 + "\n"]
)
def test_long_ones_take_no_time(line: str) -> None:
    started = time.perf_counter()
    read("Fwd: x", line * (150_000 // len(line)))
    assert time.perf_counter() - started < 5
