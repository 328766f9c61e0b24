"""Mails as real clients write them, built from tables: every kind of mail in several languages, the same at every run."""

import base64
import quopri
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

CRLF = "\r\n"
SHOP = "assistenza@casalinghi.example"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A mail and what must be read out of it. `snippet` stands in the new words, `absent` does not."""

    name: str
    raw: bytes
    sender: str | None
    subject: str | None
    snippet: str | None
    absent: str | None = None
    attachments: int = 0
    automated: str | None = None


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A customer: who, and what they say in their language. `wrote` is the headline of Gmail, `outlook` of Outlook."""

    language: str
    name: str
    address: str
    subject: str
    words: str
    reply: str
    wrote: str
    outlook: tuple[str, str, str, str]
    mobile: str
    forwarded: str
    away: str
    latin: str
    """A character set of the time before UTF-8 that holds these words."""


OLD = "The pan was shipped on Monday with parcel 4711."

VOICES = (
    Voice(
        language="it",
        name="Nicolò Però",
        address="nicolo.pero@posta.example",
        subject="Perché il mio ordine è in ritardo?",
        words="Buongiorno, la padella è arrivata graffiata e così non posso usarla. Vorrei un rimborso.",
        reply="Sì, la scatola era già aperta quando è arrivata.",
        wrote="Il giorno lun 3 giu 2024 alle ore 10:30 Casalinghi <assistenza@casalinghi.example> ha scritto:",
        outlook=("Da", "Inviato", "A", "Oggetto"),
        mobile="Inviato da iPhone",
        forwarded="---------- Messaggio inoltrato ---------",
        away="Risposta automatica: ",
        latin="iso-8859-15",
    ),
    Voice(
        language="en",
        name="Siobhán O'Brien",
        address="siobhan@mail.example",
        subject="Where is my parcel?",
        words="Hello, the café set I ordered three weeks ago has not arrived. Could you check, please?",
        reply="Thanks, but the tracking page still says nothing.",
        wrote="On Mon, Jun 3, 2024 at 10:30 AM Casalinghi <assistenza@casalinghi.example> wrote:",
        outlook=("From", "Sent", "To", "Subject"),
        mobile="Sent from my iPhone",
        forwarded="---------- Forwarded message ---------",
        away="Automatic reply: ",
        latin="iso-8859-1",
    ),
    Voice(
        language="de",
        name="Jürgen Groß",
        address="juergen.gross@post.example",
        subject="Rückgabe der Bratpfanne",
        words="Guten Tag, die Pfanne gefällt mir nicht und ich möchte sie zurückgeben. Grüße aus Köln.",
        reply="Danke für die schnelle Antwort, das Maß stimmt trotzdem nicht.",
        wrote="Am Mo., 3. Juni 2024 um 10:30 Uhr schrieb Casalinghi <assistenza@casalinghi.example>:",
        outlook=("Von", "Gesendet", "An", "Betreff"),
        mobile="Von meinem iPhone gesendet",
        forwarded="---------- Weitergeleitete Nachricht ---------",
        away="Automatische Antwort: ",
        latin="iso-8859-1",
    ),
    Voice(
        language="fr",
        name="Hélène Françoise",
        address="helene@courriel.example",
        subject="Réclamation : cafetière cassée",
        words="Bonjour, la cafetière que j'ai reçue hier est cassée. J'espère un échange très bientôt.",
        reply="Voilà la référence demandée, merci d'avance.",
        wrote="Le lun. 3 juin 2024 à 10:30, Casalinghi <assistenza@casalinghi.example> a écrit :",
        outlook=("De", "Envoyé", "À", "Objet"),
        mobile="Envoyé de mon iPhone",
        forwarded="---------- Message transféré ---------",
        away="Réponse automatique : ",
        latin="windows-1252",
    ),
    Voice(
        language="es",
        name="Íñigo Muñoz",
        address="inigo@correo.example",
        subject="¿Dónde está mi pedido?",
        words="Hola, todavía no ha llegado la sartén que compré hace un mes. ¿Pueden ayudarme?",
        reply="Sí, mañana por la mañana estaré en casa.",
        wrote="El lun, 3 jun 2024 a las 10:30, Casalinghi (<assistenza@casalinghi.example>) escribió:",
        outlook=("De", "Enviado", "Para", "Asunto"),
        mobile="Enviado desde mi iPhone",
        forwarded="---------- Mensaje reenviado ---------",
        away="Respuesta automática: ",
        latin="iso-8859-1",
    ),
    Voice(
        language="pl",
        name="Łukasz Żółć",
        address="lukasz@poczta.example",
        subject="Zwrot uszkodzonej patelni",
        words="Dzień dobry, patelnia przyszła uszkodzona. Proszę o zwrot pieniędzy na konto.",
        reply="Dziękuję, ale paczka wciąż nie dotarła.",
        wrote="pon., 3 cze 2024 o 10:30 Casalinghi <assistenza@casalinghi.example> napisał(a):",
        outlook=("Od", "Wysłano", "Do", "Temat"),
        mobile="Wysłane z iPhone'a",
        forwarded="---------- Wiadomość przekazana ---------",
        away="Odpowiedź automatyczna: ",
        latin="iso-8859-2",
    ),
    Voice(
        language="nl",
        name="Zoë van Dijk",
        address="zoe@bericht.example",
        subject="Bestelling 4711 beschadigd",
        words="Goedendag, de pan is beschadigd aangekomen. Ik wil graag één nieuwe pan of mijn geld terug.",
        reply="De doos was al geopend, zie de foto's.",
        wrote="Op ma 3 jun 2024 om 10:30 schreef Casalinghi <assistenza@casalinghi.example>:",
        outlook=("Van", "Verzonden", "Aan", "Onderwerp"),
        mobile="Verstuurd vanaf mijn iPhone",
        forwarded="---------- Doorgestuurd bericht ---------",
        away="Automatisch antwoord: ",
        latin="iso-8859-1",
    ),
    Voice(
        language="pt",
        name="João Conceição",
        address="joao@correio.example",
        subject="Devolução da frigideira",
        words="Olá, a frigideira não chegou ainda e já passaram três semanas. Não sei o que fazer.",
        reply="Não, o portão estava fechado e ninguém tocou à campainha.",
        wrote="Em seg., 3 de jun. de 2024 às 10:30, Casalinghi <assistenza@casalinghi.example> escreveu:",
        outlook=("De", "Enviado", "Para", "Assunto"),
        mobile="Enviado do meu iPhone",
        forwarded="---------- Mensagem encaminhada ---------",
        away="Resposta automática: ",
        latin="iso-8859-1",
    ),
)

Builder = Callable[[Voice, int], Sample]


# --- pieces of mails --------------------------------------------------------------------------------------------------


def b64_word(text: str, charset: str = "utf-8") -> str:
    """Encoded words as clients write them: cut after 40 bytes, wherever that falls in a character."""
    data = text.encode(charset)
    pieces = [data[at : at + 40] for at in range(0, len(data), 40)]
    return f"{CRLF} ".join(f"=?{charset}?B?{base64.b64encode(piece).decode()}?=" for piece in pieces)


def q_word(text: str, charset: str = "utf-8") -> str:
    encoded = "".join(
        chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else "_" if byte == 0x20 else f"={byte:02X}"
        for byte in text.encode(charset)
    )
    return f"=?{charset}?Q?{encoded}?="


def headers(voice: Voice, number: int, subject: str | None, **more: str) -> str:
    """The usual headers; `more` adds or, with an empty value, removes (underscores stand for hyphens)."""
    rows = {
        "From": f"{b64_word(voice.name)} <{voice.address}>",
        "To": f"Casalinghi <{SHOP}>",
        "Subject": b64_word(subject) if subject else "",
        "Date": f"Mon, 3 Jun 2024 {number // 60 % 24:02}:{number % 60:02}:00 +0200",
        "Message-ID": f"<{number}.{voice.language}@mail.{voice.address.partition('@')[2]}>",
        "MIME-Version": "1.0",
    }
    rows.update({name.replace("_", "-"): value for name, value in more.items()})
    return "".join(f"{name}: {value}{CRLF}" for name, value in rows.items() if value)


def plain(text: str, charset: str = "utf-8", encoding: str = "quoted-printable", parameters: str = "") -> bytes:
    kind = f"Content-Type: text/plain; charset={charset}{parameters}{CRLF}"
    head = f"{kind}Content-Transfer-Encoding: {encoding}{CRLF}{CRLF}"
    return head.encode() + encode(text, charset, encoding)


def html(text: str, charset: str = "utf-8", encoding: str = "quoted-printable") -> bytes:
    head = f'Content-Type: text/html; charset="{charset}"{CRLF}Content-Transfer-Encoding: {encoding}{CRLF}{CRLF}'
    return head.encode() + encode(text, charset, encoding)


def encode(text: str, charset: str, encoding: str) -> bytes:
    data = text.replace("\r\n", "\n").replace("\n", CRLF).encode(charset)
    if encoding == "base64":
        return base64.encodebytes(data).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return quopri.encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return data


def multipart(kind: str, boundary: str, *parts: bytes, close: bool = True) -> bytes:
    head = f'Content-Type: multipart/{kind};{CRLF} boundary="{boundary}"{CRLF}{CRLF}This is a multi-part message.{CRLF}'
    body = b"".join(f"{CRLF}--{boundary}{CRLF}".encode() + part for part in parts)
    return head.encode() + body + (f"{CRLF}--{boundary}--{CRLF}".encode() if close else b"")


def picture(filename: str = 'filename="foto.jpg"', extra: str = "", disposition: str = "attachment") -> bytes:
    head = (
        f"Content-Type: image/jpeg{CRLF}Content-Transfer-Encoding: base64{CRLF}"
        f"Content-Disposition: {disposition}; {filename}{CRLF}{extra}{CRLF}"
    )
    return head.encode() + base64.encodebytes(b"\xff\xd8\xff\xe0" + b"jpeg" * 40).replace(b"\n", b"\r\n")


def sample(name: str, voice: Voice, head: str, body: bytes, *, snippet: str | None, **more: object) -> Sample:
    fields: dict[str, object] = {"sender": voice.address, "subject": voice.subject, **more}
    return Sample(name=f"{name}-{voice.language}", raw=head.encode() + body, snippet=snippet, **fields)  # type: ignore[arg-type]


# --- plain and HTML ---------------------------------------------------------------------------------------------------


def plain_utf8(voice: Voice, number: int) -> Sample:
    return sample("plain", voice, headers(voice, number, voice.subject), plain(voice.words), snippet=voice.words)


def plain_old_charset(voice: Voice, number: int) -> Sample:
    head = headers(voice, number, None, Subject=q_word(voice.subject, voice.latin))
    return sample("old-charset", voice, head, plain(voice.words, voice.latin, "8bit"), snippet=voice.words)


def plain_base64(voice: Voice, number: int) -> Sample:
    return sample(
        "base64", voice, headers(voice, number, voice.subject), plain(voice.words, "utf-8", "base64"), snippet=voice.words
    )


def html_only_gmail(voice: Voice, number: int) -> Sample:
    body = html(f'<div dir="ltr"><div>{voice.words}</div><div><br></div><div>{voice.name}</div></div>')
    return sample("html-only", voice, headers(voice, number, voice.subject), body, snippet=voice.words)


def html_only_outlook(voice: Voice, number: int) -> Sample:
    page = (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{margin:0cm}</style></head>'
        f'<body lang="{voice.language}"><div class="WordSection1"><p class="MsoNormal">'
        f"<span>{voice.words}<o:p></o:p></span></p>"
        "</div></body></html>"
    )
    return sample(
        "outlook-html", voice, headers(voice, number, voice.subject), html(page), snippet=voice.words, absent="margin"
    )


def alternative(voice: Voice, number: int) -> Sample:
    body = multipart("alternative", f"b{number}", plain(voice.words), html(f"<p>{voice.words}</p>"))
    return sample("alternative", voice, headers(voice, number, voice.subject), body, snippet=voice.words)


def alternative_stub(voice: Voice, number: int) -> Sample:
    stub = "This message needs HTML."
    body = multipart("alternative", f"b{number}", plain(stub), html("".join(f"<p>{voice.words}</p>" for _ in range(6))))
    return sample("stub", voice, headers(voice, number, voice.subject), body, snippet=voice.words, absent=stub)


def flowed(voice: Voice, number: int) -> Sample:
    lines = voice.words.split(" ")
    middle = len(lines) // 2
    text = f"{' '.join(lines[:middle])} \n{' '.join(lines[middle:])}\n\n-- \n{voice.name}\n"
    body = plain(text, parameters="; format=flowed")
    head = headers(voice, number, voice.subject, User_Agent="Mozilla Thunderbird")
    return sample("thunderbird-flowed", voice, head, body, snippet=voice.words, absent="-- ")


# --- attachments ------------------------------------------------------------------------------------------------------


def mixed(voice: Voice, number: int) -> Sample:
    body = multipart("mixed", f"m{number}", plain(voice.words), picture())
    return sample("mixed", voice, headers(voice, number, voice.subject), body, snippet=voice.words, attachments=1)


def mixed_2231(voice: Voice, number: int) -> Sample:
    name = "filename*0*=utf-8''fattura%20n%C2%B0;\r\n filename*1*=%204711;\r\n filename*2=.jpg"
    body = multipart("mixed", f"m{number}", plain(voice.words), picture(name))
    return sample("rfc2231", voice, headers(voice, number, voice.subject), body, snippet=voice.words, attachments=1)


def inline_picture(voice: Voice, number: int) -> Sample:
    page = html(f'<p>{voice.words}</p><img src="cid:foto@1" alt=""><p>{voice.name}</p>')
    related = multipart("related", f"r{number}", page, picture(extra=f"Content-ID: <foto@1>{CRLF}", disposition="inline"))
    body = multipart("alternative", f"a{number}", plain(voice.words), related)
    return sample("inline", voice, headers(voice, number, voice.subject), body, snippet=voice.words, attachments=1)


def apple_mail(voice: Voice, number: int) -> Sample:
    """Text on both sides of a picture: two text parts, both of them the customer's words."""
    body = multipart("mixed", f"Apple-Mail={number}", plain(voice.words), picture(disposition="inline"), plain(voice.reply))
    head = headers(voice, number, voice.subject, X_Mailer="Apple Mail (2.3774)")
    return sample("apple-split", voice, head, body, snippet=voice.reply, attachments=1)


def only_attachment(voice: Voice, number: int) -> Sample:
    return sample("only-attachment", voice, headers(voice, number, voice.subject), picture(), snippet=None, attachments=1)


def forward_as_attachment(voice: Voice, number: int) -> Sample:
    inner = f"From: Shop <{SHOP}>{CRLF}Subject: {OLD}{CRLF}{CRLF}{OLD}{CRLF}".encode()
    part = b'Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename="mail.eml"\r\n\r\n' + inner
    body = multipart("mixed", f"f{number}", plain(voice.words), part)
    head = headers(voice, number, f"Fwd: {voice.subject}")
    return sample(
        "forward-eml", voice, head, body, snippet=voice.words, absent=OLD, subject=f"Fwd: {voice.subject}", attachments=1
    )


def winmail(voice: Voice, number: int) -> Sample:
    tnef = b'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+IgYAAAA=\r\n'
    body = multipart("mixed", f"w{number}", plain(voice.words), tnef)
    return sample("winmail", voice, headers(voice, number, voice.subject), body, snippet=voice.words, attachments=1)


def signed(voice: Voice, number: int) -> Sample:
    part = b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n\r\nMIAG\r\n'
    body = multipart("signed", f"s{number}", plain(voice.words), part)
    return sample("smime", voice, headers(voice, number, voice.subject), body, snippet=voice.words, attachments=1)


def invitation(voice: Voice, number: int) -> Sample:
    event = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    part = f"Content-Type: text/calendar; charset=utf-8; method=REQUEST{CRLF}{CRLF}{event}".encode()
    body = multipart("alternative", f"i{number}", plain(voice.words), html(f"<p>{voice.words}</p>"), part)
    return sample("invitation", voice, headers(voice, number, voice.subject), body, snippet=voice.words, attachments=1)


# --- replies and forwards ---------------------------------------------------------------------------------------------


def answer(voice: Voice) -> str:
    return f"Re: {voice.subject}"


def reply_gmail(voice: Voice, number: int) -> Sample:
    """Gmail breaks the headline before 80 characters."""
    first, _, last = voice.wrote.rpartition(" ")
    headline = f"{first}\n{last}" if len(voice.wrote) > 80 else voice.wrote
    text = f"{voice.reply}\n\n{headline}\n\n> {OLD}\n> Casalinghi\n>\n"
    head = headers(voice, number, answer(voice), In_Reply_To="<out.1@casalinghi.example>")
    return sample("reply-gmail", voice, head, plain(text), snippet=voice.reply, absent=OLD, subject=answer(voice))


def reply_gmail_html(voice: Voice, number: int) -> Sample:
    page = (
        f'<div dir="ltr">{voice.reply}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f"{voice.wrote.replace('<', '&lt;').replace('>', '&gt;')}<br></div>"
        f'<blockquote class="gmail_quote" style="border-left:1px solid"><p>{OLD}</p><p>Casalinghi</p></blockquote></div>'
    )
    head = headers(voice, number, answer(voice))
    return sample("reply-gmail-html", voice, head, html(page), snippet=voice.reply, absent=OLD, subject=answer(voice))


def reply_outlook(voice: Voice, number: int) -> Sample:
    who, when, to, what = voice.outlook
    block = f"{who}: Casalinghi <{SHOP}>\n{when}: 3.6.2024 10:30\n{to}: {voice.name}\n{what}: {voice.subject}"
    text = f"{voice.reply}\n\n{'_' * 32}\n{block}\n\n{OLD}\n"
    head = headers(voice, number, answer(voice), X_Mailer="Microsoft Outlook 16.0")
    return sample("reply-outlook", voice, head, plain(text), snippet=voice.reply, absent=OLD, subject=answer(voice))


def reply_outlook_html(voice: Voice, number: int) -> Sample:
    who, when, to, what = voice.outlook
    page = (
        f'<div class="WordSection1"><p class="MsoNormal">{voice.reply}</p><div><div style="border-top:solid #E1E1E1 1.0pt">'
        f'<p class="MsoNormal"><b>{who}:</b> Casalinghi &lt;{SHOP}&gt; <br><b>{when}:</b> 3.6.2024 10:30<br><b>{to}:</b> '
        f'{voice.name}<br><b>{what}:</b> {voice.subject}</p></div></div><p class="MsoNormal">{OLD}</p></div>'
    )
    head = headers(voice, number, answer(voice))
    return sample("reply-outlook-html", voice, head, html(page), snippet=voice.reply, absent=OLD, subject=answer(voice))


def reply_below(voice: Voice, number: int) -> Sample:
    """Written below the quote, as on mailing lists of old."""
    text = f"{voice.wrote}\n> {OLD}\n> Casalinghi\n\n{voice.reply}\n"
    head = headers(voice, number, answer(voice))
    return sample("reply-below", voice, head, plain(text), snippet=voice.reply, absent=OLD, subject=answer(voice))


def reply_between(voice: Voice, number: int) -> Sample:
    text = f"{voice.wrote}\n> {OLD}\n{voice.reply}\n> Casalinghi\n> Milano\n{voice.words}\n"
    head = headers(voice, number, answer(voice))
    return sample("reply-between", voice, head, plain(text), snippet=voice.words, absent=OLD, subject=answer(voice))


def reply_mobile(voice: Voice, number: int) -> Sample:
    text = f"{voice.reply}\n\n{voice.mobile}\n\n{voice.wrote}\n\n> {OLD}\n> Casalinghi\n"
    head = headers(voice, number, answer(voice), X_Mailer="iPhone Mail (21F90)")
    return sample("reply-mobile", voice, head, plain(text), snippet=voice.reply, absent=voice.mobile, subject=answer(voice))


def forward_inline(voice: Voice, number: int) -> Sample:
    """Somebody else's words are the message here: they stay."""
    text = f"{voice.words}\n\n{voice.forwarded}\n{voice.outlook[0]}: Casalinghi <{SHOP}>\n{voice.outlook[3]}: 4711\n\n{OLD}\n"
    subject = f"Fwd: {voice.subject}"
    return sample("forward", voice, headers(voice, number, subject), plain(text), snippet=OLD, subject=subject)


# --- from programs ----------------------------------------------------------------------------------------------------


def auto_reply(voice: Voice, number: int) -> Sample:
    head = headers(voice, number, answer(voice), Auto_Submitted="auto-replied (vacation)", Return_Path="<>")
    return sample(
        "auto-reply", voice, head, plain(voice.words), snippet=voice.words, subject=answer(voice), automated="auto_reply"
    )


def auto_reply_exchange(voice: Voice, number: int) -> Sample:
    subject = f"{voice.away}{voice.subject}"
    head = headers(voice, number, subject, X_Auto_Response_Suppress="All", Auto_Submitted="auto-generated")
    return sample("oof", voice, head, plain(voice.words), snippet=voice.words, subject=subject, automated="auto_reply")


def mailing_list(voice: Voice, number: int) -> Sample:
    head = headers(voice, number, voice.subject, List_Id="<kitchen.lists.example>", Precedence="list")
    return sample("list", voice, head, plain(voice.words), snippet=voice.words, automated="list")


def bulk(voice: Voice, number: int) -> Sample:
    head = headers(voice, number, voice.subject, Precedence="bulk", Feedback_ID="1:2:3:mailer")
    return sample("bulk", voice, head, plain(voice.words), snippet=voice.words, automated="bulk")


def no_reply(voice: Voice, number: int) -> Sample:
    head = headers(voice, number, voice.subject, From="Corriere <no-reply@corriere.example>")
    return sample(
        "no-reply",
        voice,
        head,
        plain(voice.words),
        snippet=voice.words,
        sender="no-reply@corriere.example",
        automated="no_reply",
    )


def calendar_reply(voice: Voice, number: int) -> Sample:
    part = f"Content-Type: text/calendar; charset=utf-8; method=REPLY{CRLF}{CRLF}BEGIN:VCALENDAR{CRLF}".encode()
    body = multipart("mixed", f"c{number}", plain(voice.reply), part)
    head = headers(voice, number, voice.subject)
    return sample("calendar-reply", voice, head, body, snippet=voice.reply, attachments=1, automated="calendar_reply")


def bounce(voice: Voice, number: int) -> Sample:
    report = "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; x@y.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    body = multipart(
        f"report; report-type=delivery-status{CRLF} ",
        f"d{number}",
        plain("Your message could not be delivered."),
        f"Content-Type: message/delivery-status{CRLF}{CRLF}{report}".encode(),
        b"Content-Type: message/rfc822\r\n\r\nSubject: out\r\nMessage-ID: <out@casalinghi.example>\r\n\r\nx",
    )
    subject = "Undelivered Mail Returned to Sender"
    sender = f"mailer-daemon@{voice.address.partition('@')[2]}"
    head = headers(voice, number, subject, From=f"MAILER-DAEMON <{sender.upper()}>", Return_Path="<>")
    return sample(
        "bounce",
        voice,
        head,
        body,
        snippet="could not be delivered",
        sender=sender,
        subject=subject,
        attachments=2,
        automated="bounce",
    )


# --- broken, odd, hostile ---------------------------------------------------------------------------------------------


def wrong_charset(voice: Voice, number: int) -> Sample:
    """UTF-8 under the label of ISO-8859-1: the most common lie."""
    body = plain(voice.words, "utf-8", "8bit").replace(b"charset=utf-8", b"charset=iso-8859-1")
    return sample("wrong-charset", voice, headers(voice, number, voice.subject), body, snippet=voice.words)


def no_charset(voice: Voice, number: int) -> Sample:
    head = headers(voice, number, None, Subject=voice.subject, From=f'"{voice.name}" <{voice.address}>')
    return sample("raw-8bit", voice, head, f"{CRLF}{voice.words}{CRLF}".encode(), snippet=voice.words)


def unknown_charset(voice: Voice, number: int) -> Sample:
    body = plain(voice.words, "utf-8", "8bit").replace(b"charset=utf-8", b"charset=x-unknown-2000")
    return sample("unknown-charset", voice, headers(voice, number, voice.subject), body, snippet=voice.words)


def utf7(voice: Voice, number: int) -> Sample:
    body = plain(voice.words, "utf-7", "7bit").replace(b"charset=utf-7", b'charset="unicode-1-1-utf-7"')
    return sample("utf-7", voice, headers(voice, number, voice.subject), body, snippet=voice.words)


def broken_base64(voice: Voice, number: int) -> Sample:
    body = plain(voice.words, "utf-8", "base64").rstrip().rstrip(b"=") + b"\r\n!!\r\n"
    return sample("broken-base64", voice, headers(voice, number, voice.subject), body, snippet=voice.words[:40])


def broken_qp(voice: Voice, number: int) -> Sample:
    body = plain(voice.words + " 100%=ZZ sicuro =")
    return sample(
        "broken-qp", voice, headers(voice, number, voice.subject), body.replace(b"=3DZZ", b"=ZZ"), snippet=voice.words[:30]
    )


def unclosed(voice: Voice, number: int) -> Sample:
    body = multipart("mixed", f"u{number}", plain(voice.words), picture(), close=False)
    return sample("unclosed", voice, headers(voice, number, voice.subject), body, snippet=voice.words, attachments=1)


def wrong_boundary(voice: Voice, number: int) -> Sample:
    """The structure cannot be read: the text still is."""
    body = multipart("mixed", f"x{number}", plain(voice.words, "utf-8", "8bit")).replace(f'"x{number}"'.encode(), b'"other"')
    return sample("wrong-boundary", voice, headers(voice, number, voice.subject), body, snippet=voice.words)


def lone_feeds(voice: Voice, number: int) -> Sample:
    built = alternative(voice, number)
    return Sample(**{**vars(built), "name": f"lf-{voice.language}", "raw": built.raw.replace(b"\r\n", b"\n")})


def no_message_id(voice: Voice, number: int) -> Sample:
    head = headers(voice, number, voice.subject, Message_ID="")
    return sample("no-message-id", voice, head, plain(f"{voice.words} ({number})"), snippet=voice.words)


def same_message_id(voice: Voice, number: int) -> Sample:
    """One id on all of them, each with another body: a shop plug-in that counts from one."""
    head = headers(voice, number, voice.subject, Message_ID="<1@plugin.example>")
    return sample("same-message-id", voice, head, plain(f"{voice.words} ({number})"), snippet=voice.words)


def two_from(voice: Voice, number: int) -> Sample:
    head = headers(voice, number, voice.subject) + f"From: Other <other@elsewhere.example>{CRLF}"
    return sample("two-from", voice, head, plain(voice.words), snippet=voice.words)


def from_without_address(voice: Voice, number: int) -> Sample:
    head = headers(voice, number, voice.subject, From=b64_word(voice.name))
    return sample("from-name-only", voice, head, plain(voice.words), snippet=voice.words, sender=None)


def no_from(voice: Voice, number: int) -> Sample:
    head = headers(voice, number, voice.subject, From="")
    return sample("no-from", voice, head, plain(voice.words), snippet=voice.words, sender=None)


def empty_body(voice: Voice, number: int) -> Sample:
    return sample("empty", voice, headers(voice, number, voice.subject), CRLF.encode(), snippet=None)


def no_subject(voice: Voice, number: int) -> Sample:
    return sample("no-subject", voice, headers(voice, number, None), plain(voice.words), snippet=voice.words, subject=None)


def long_subject(voice: Voice, number: int) -> Sample:
    subject = " ".join([voice.subject] * 12)
    return sample(
        "long-subject", voice, headers(voice, number, subject), plain(voice.words), snippet=voice.words, subject=subject
    )


def shouting_headers(voice: Voice, number: int) -> Sample:
    head = headers(voice, number, voice.subject).replace("From:", "FROM :").replace("Subject:", "SUBJECT:")
    return sample("odd-header-names", voice, head, plain(voice.words), snippet=voice.words)


def hidden_address(voice: Voice, number: int) -> Sample:
    """A name that pretends to be an address: it stays a name."""
    head = headers(voice, number, voice.subject, From=f"{q_word('ceo@bank.example <ceo@bank.example>')} <{voice.address}>")
    return sample("pretended-address", voice, head, plain(voice.words), snippet=voice.words)


VOICED: tuple[Builder, ...] = (
    plain_utf8,
    plain_old_charset,
    plain_base64,
    html_only_gmail,
    html_only_outlook,
    alternative,
    alternative_stub,
    flowed,
    mixed,
    mixed_2231,
    inline_picture,
    apple_mail,
    only_attachment,
    forward_as_attachment,
    winmail,
    signed,
    invitation,
    reply_gmail,
    reply_gmail_html,
    reply_outlook,
    reply_outlook_html,
    reply_below,
    reply_between,
    reply_mobile,
    forward_inline,
    auto_reply,
    auto_reply_exchange,
    mailing_list,
    bulk,
    no_reply,
    calendar_reply,
    bounce,
    wrong_charset,
    no_charset,
    unknown_charset,
    utf7,
    broken_base64,
    broken_qp,
    unclosed,
    wrong_boundary,
    lone_feeds,
    no_message_id,
    same_message_id,
    two_from,
    from_without_address,
    no_from,
    empty_body,
    no_subject,
    long_subject,
    shouting_headers,
    hidden_address,
)


def _eastern() -> Iterable[Sample]:
    """Character sets that are not supersets of ASCII, or that need their vendor's table."""
    for charset, address, subject, words in (
        ("iso-2022-jp", "tanaka@yubin.example", "注文について", "注文した商品がまだ届きません。確認をお願いします。"),
        ("shift_jis", "suzuki@yubin.example", "返品", "届いた鍋に傷がありました。返品できますか。"),
        ("big5", "chen@youjian.example", "訂單問題", "我的訂單還沒有收到,請幫我查詢。"),
        ("gb2312", "wang@youjian.example", "退货", "收到的锅有划痕,我想退货。"),
        ("euc-kr", "kim@pyeonji.example", "주문 문의", "주문한 상품이 아직 도착하지 않았습니다."),
        ("koi8-r", "ivanova@pochta.example", "Где мой заказ", "Здравствуйте, заказ до сих пор не пришёл."),
        ("windows-1251", "petrov@pochta.example", "Возврат", "Сковорода пришла повреждённой, прошу вернуть деньги."),
        ("windows-1253", "maria@tachydromio.example", "Παραγγελία", "Δεν έφτασε ακόμα η παραγγελία μου."),
    ):
        head = f"From: <{address}>{CRLF}To: {SHOP}{CRLF}Subject: {b64_word(subject, charset)}{CRLF}"
        head += f"Date: Tue, 4 Jun 2024 08:00:00 +0900{CRLF}Message-ID: <{charset}@{address.partition('@')[2]}>{CRLF}"
        encoding = "7bit" if charset == "iso-2022-jp" else "8bit"
        raw = head.encode() + plain(words, charset, encoding)
        yield Sample(name=charset, raw=raw, sender=address, subject=subject, snippet=words)


def build(count: int, seed: int = 20240603) -> list[Sample]:
    """`count` different mails, the same for the same seed: the character sets first, then every kind in every language."""
    made = list(_eastern())
    pairs = [(builder, voice) for builder in VOICED for voice in VOICES]
    random.Random(seed).shuffle(pairs)  # noqa: S311  # an order, not a secret
    number = 0
    while len(made) < count:
        builder, voice = pairs[number % len(pairs)]
        made.append(builder(voice, number))
        number += 1
    return made[:count]


EVERY_KIND = 8 + len(VOICED) * len(VOICES)
"""How many mails `build` must make for each kind in each language to be among them."""


def write_mbox(path: Path, samples: Iterable[Sample]) -> None:
    """The mails as an mbox archive with plain line ends and escaped `From ` lines (mboxrd)."""
    with path.open("wb") as file:
        for each in samples:
            file.write(b"From sender@example.org Mon Jun  3 10:30:00 2024\n")
            for line in each.raw.replace(b"\r\n", b"\n").split(b"\n"):
                escaped = line.lstrip(b">").startswith(b"From ")
                file.write((b">" if escaped else b"") + line + b"\n")
            file.write(b"\n")
