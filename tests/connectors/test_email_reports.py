"""Reports about our own mails become statuses; every other report stays a contact, marked as automated."""

from datetime import UTC, datetime

import pytest

from connectors.base import Parsed, Request, Status
from connectors.email import EmailConnector, EmailSettings, plus

KEY = b"a key of the shop"
MARK = plus.mark("con_01J0ZQ3V5Y8A7B6C5D4E3F2G1H", KEY)
OURS = plus.marked_id(MARK, "0f" * 16, "casalinghi.example", KEY)
FORGED = plus.marked_id(MARK, "0f" * 16, "casalinghi.example", b"another")
SENT = datetime(2024, 6, 3, 8, 31, 2, tzinfo=UTC)
ANNA, EVA = "anna@posta.example", "eva@posta.example"

SETTINGS = EmailSettings.model_validate(
    {"type": "email", "brand": "demo", "address": "assistenza@casalinghi.example", "thread_key": KEY.decode()}
)
WITHOUT_KEY = EmailSettings(brand="demo", address="assistenza@casalinghi.example")


def parse(raw: bytes, settings: EmailSettings = SETTINGS) -> Parsed:
    request = Request(method="POST", url="mail:", headers={}, query={}, body=raw, received_at=SENT)
    return EmailConnector("mail", settings).parse(request)


def mail(headers: str, body: str) -> bytes:
    head = "To: assistenza@casalinghi.example\nDate: Mon, 3 Jun 2024 10:31:02 +0200\nMessage-ID: <r1@mx.example>"
    return f"{headers}\n{head}\n\n{body}".replace("\n", "\r\n").encode()


def report(kind: str, part: str, returned: str, *, words: str = "See below.") -> bytes:
    """A multipart/report as RFC 6522 has it: words, a part for programs, and what came back."""
    parts = "".join(f"--b\n{each}\n" for each in (f"Content-Type: text/plain\n\n{words}\n", part, returned) if each)
    content = f'Content-Type: multipart/report; report-type={kind}; boundary="b"'
    return mail(
        f"Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example>\nSubject: Report\n{content}", f"{parts}--b--\n"
    )


def returned(message_id: str = OURS) -> str:
    head = f"From: assistenza@casalinghi.example\nTo: {ANNA}\nSubject: Reso\nMessage-ID: <{message_id}>\nX-Regia-Id: 1\n"
    return f"Content-Type: message/rfc822\n\n{head}\nGentile cliente"


def dsn(*recipients: str, back: str | None = None) -> bytes:
    head = "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\nX-Queue: 4711\n"
    return report("delivery-status", head + "".join(f"\n{each}\n" for each in recipients), returned() if back is None else back)


def one(action: str, address: str = ANNA, *, more: str = "") -> str:
    return f"Final-Recipient: rfc822; {address}\nAction: {action}{more}"


FAILED = one(
    "failed", more="\nStatus: 5.1.1\nRemote-MTA: dns; mx.posta.example\nDiagnostic-Code: smtp; 550 5.1.1 User; unknown\n here"
)


def seen(parsed: Parsed) -> list[tuple[str, str | None, str | None]]:
    assert not parsed.messages
    assert not parsed.unreadable
    return [(status.state, status.recipient, status.error) for status in parsed.statuses]


DELIVERY = {
    "failed": (dsn(FAILED), [("failed", ANNA, "550 5.1.1 User; unknown here")]),
    "only a code": (dsn(one("failed", more="\nStatus: 5.7.1 (refused)")), [("failed", ANNA, "5.7.1")]),
    "a code beside the words": (
        dsn(one("failed", more="\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 mailbox full")),
        [("failed", ANNA, "5.2.2 552 mailbox full")],
    ),
    "delayed": (dsn(one("delayed", more="\nStatus: 4.4.1")), [("other:delayed", ANNA, "4.4.1")]),
    "delivered": (dsn(one("delivered", more="\nStatus: 2.0.0")), [("delivered", ANNA, None)]),
    "relayed": (dsn(one("relayed")), [("other:relayed", ANNA, None)]),
    "expanded": (dsn(one("expanded")), [("other:expanded", ANNA, None)]),
    "capitals": (dsn(one("FAILED", "Anna@Posta.example")), [("failed", ANNA, None)]),
    "several": (
        dsn(FAILED, one("delivered", EVA)),
        [("failed", ANNA, "550 5.1.1 User; unknown here"), ("delivered", EVA, None)],
    ),
    "the same twice": (dsn(one("delayed"), one("failed")), [("failed", ANNA, None)]),
    "to whom we wrote": (
        dsn(f"Original-Recipient: rfc822;{ANNA}\nFinal-Recipient: rfc822;{EVA}\nAction: failed"),
        [("failed", ANNA, None)],
    ),
    "no action": (dsn(f"Final-Recipient: rfc822;{ANNA}\nStatus: 4.2.2"), [("other:delayed", ANNA, "4.2.2")]),
    "no address": (dsn("Final-Recipient: x400;/C=IT/\nAction: failed\nStatus: 5.0.0"), [("failed", None, "5.0.0")]),
    "no recipient": (dsn(), [("failed", None, None)]),
    "only headers came back": (
        dsn(FAILED, back=returned().replace("message/rfc822", "text/rfc822-headers")),
        [("failed", ANNA, "550 5.1.1 User; unknown here")],
    ),
    "international": (
        dsn(one("failed")).replace(b"message/delivery-status", b"message/global-delivery-status"),
        [("failed", ANNA, None)],
    ),
    "a folded id": (dsn(one("failed"), back=returned().replace("ID: <", "ID:\n <")), [("failed", ANNA, None)]),
    "the id stands in the words": (
        report(
            "delivery-status",
            f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n{FAILED}\n",
            "",
            words=f"Original message headers:\n\nReceived: from a by b\nMessage-ID: <{OURS}>\nSubject: Reso\n",
        ),
        [("failed", ANNA, "550 5.1.1 User; unknown here")],
    ),
}


@pytest.mark.parametrize(("raw", "expected"), DELIVERY.values(), ids=DELIVERY.keys())
def test_delivery_reports(raw: bytes, expected: list[tuple[str, str | None, str | None]]) -> None:
    assert seen(parse(raw)) == expected


def test_a_status_in_full() -> None:
    raw = dsn(FAILED, one("delivered", EVA))
    first, second = parse(raw).statuses
    assert first == Status(
        event_key=first.event_key,
        external_id=OURS,
        brand="demo",
        channel="email",
        account="assistenza@casalinghi.example",
        state="failed",
        raw=raw,
        at=SENT,
        recipient=ANNA,
        error="550 5.1.1 User; unknown here",
    )
    assert first.event_key.startswith("r1@mx.example ")
    assert second.event_key != first.event_key
    assert second.raw == b""
    assert parse(raw) == parse(raw)


def test_reports_are_bounded() -> None:
    many = dsn(*(one("failed", f"a{number}@b.example", more="\nDiagnostic-Code: smtp; " + "x" * 2500) for number in range(300)))
    found = parse(many).statuses
    assert len(found) == 20
    assert all(len(status.error or "") <= 300 for status in found)


MDN = (
    "Content-Type: message/disposition-notification\n\nReporting-UA: x; Outlook\nFinal-Recipient: rfc822; anna@posta.example\n"
)


@pytest.mark.parametrize(
    ("disposition", "state"),
    [
        ("manual-action/MDN-sent-manually; displayed", "read"),
        ("automatic-action/MDN-sent-automatically;displayed/error", "read"),
        ("manual-action/MDN-sent-automatically; deleted", "other:deleted"),
        ("automatic-action/MDN-sent-automatically; dispatched", "other:dispatched"),
        ("junk", "other:unknown"),
    ],
)
def test_receipts(disposition: str, state: str) -> None:
    fields = f"{MDN}Original-Message-ID: <{OURS}>\nDisposition: {disposition}\n"
    assert seen(parse(report("disposition-notification", fields, ""))) == [(state, ANNA, None)]
    assert seen(parse(report("disposition-notification", f"{MDN}Disposition: {disposition}\n", returned()))) == [
        (state, ANNA, None)
    ]


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("abuse", "other:complaint"),
        ("fraud", "other:complaint"),
        ("", "other:complaint"),
        ("not-spam", "other:not-spam"),
        ("auth-failure", "other:auth-failure"),
    ],
)
def test_feedback(kind: str, state: str) -> None:
    fields = f"Content-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: x\nVersion: 1\n"
    assert seen(parse(report("feedback-report", fields, returned()))) == [(state, None, None)]
    named = f"{fields}Original-Rcpt-To: <{ANNA}>\n"
    assert seen(parse(report("feedback-report", named, returned()))) == [(state, ANNA, None)]


FREE = "From: MAILER-DAEMON@mx.example\nContent-Type: text/plain; charset=utf-8\nSubject: "
COPY = f"Return-Path: <assistenza@casalinghi.example>\nReceived: from a by b\nMessage-ID: <{OURS}>\nSubject: Reso\n\nCiao\n"
IN_WORDS = {
    "qmail": (
        f"{FREE}failure notice",
        "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your "
        f"message to these addresses.\n\n<{ANNA}>:\n192.0.2.9 does not like recipient.\nRemote host said: 550 5.1.1 "
        f"no such user\n\n"
        f"--- Below this line is a copy of the message.\n\n{COPY}",
        ("failed", ANNA, "Remote host said: 550 5.1.1 no such user"),
    ),
    "Exim": (
        f"From: Mail Delivery System <Mailer-Daemon@mx.example>\nX-Failed-Recipients: {ANNA}\nAuto-Submitted: auto-replied\n"
        "Subject: Mail delivery failed: returning message to sender",
        f"This message was created automatically by mail delivery software.\n\n  {ANNA}\n    SMTP error from remote "
        f"mail server after RCPT TO:<{ANNA}>:\n    550 5.1.1 <{ANNA}>: User unknown\n\n------ This is a copy of the "
        f"message ------\n\n{COPY}",
        ("failed", ANNA, f"550 5.1.1 <{ANNA}>: User unknown"),
    ),
    "Exim, late": (
        f"{FREE}Warning: message 1sDabc-0001 delayed 24 hours",
        f"This message was created automatically.\nThe following address(es) have not yet been delivered:\n\n  "
        f"{ANNA}\n\n{COPY}",
        ("other:delayed", ANNA, None),
    ),
    "Exchange 2003": (
        "From: System Administrator <postmaster@mx.example>\nSubject: Undeliverable: Reso",
        "Your message did not reach some or all of the intended recipients.\n\n      Subject: Reso\n      Sent: "
        "03/06/2024 10:30\n\n"
        f"The following recipient(s) could not be reached:\n\n      {ANNA} on 03/06/2024 10:31\n            The account "
        f"does not exist.\n            <mx.example #5.1.1 smtp;550 5.1.1 unknown>\n\n{COPY}",
        ("failed", ANNA, "<mx.example #5.1.1 smtp;550 5.1.1 unknown>"),
    ),
    "Yahoo": (
        "From: MAILER-DAEMON@yahoo.example\nSubject: Failure Notice",
        f"Sorry, we were unable to deliver your message to the following address.\n\n<{ANNA}>:\n554: delivery error: dd This "
        f"user doesn't have an account\n\n--- Below this line is a copy of the message.\n\n{COPY}",
        ("failed", ANNA, "554: delivery error: dd This user doesn't have an account"),
    ),
    "nobody named": (
        f"{FREE}Undelivered Mail Returned to Sender",
        f"It failed.\n\n> {COPY}".replace("Message", "> Message"),
        None,
    ),
}


@pytest.mark.parametrize(("headers", "words", "expected"), IN_WORDS.values(), ids=IN_WORDS.keys())
def test_reports_in_words(headers: str, words: str, expected: tuple[str, str | None, str | None] | None) -> None:
    assert seen(parse(mail(headers, words))) == [expected or ("failed", None, None)]


NOT_OURS = {
    "another's mail": dsn(FAILED, back=returned("abc@gmail.example")),
    "a forged signature": dsn(FAILED, back=returned(FORGED)),
    "another mail of a known conversation": dsn(FAILED, back=returned(OURS.replace("0f" * 16, "0e" * 16))),
    "a known mail at another domain": dsn(FAILED, back=returned(OURS.replace("casalinghi", "evil"))),
    "a mail of another mailbox with the same key": dsn(
        FAILED, back=returned(plus.marked_id(MARK, "0f" * 16, "evil.example", KEY))
    ),
    "no id came back": dsn(FAILED, back=""),
    "a receipt": report("disposition-notification", f"{MDN}Original-Message-ID: <{FORGED}>\nDisposition: a/b; displayed\n", ""),
    "a complaint": report(
        "feedback-report", "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n", returned("a@b")
    ),
    "in words": mail(f"{FREE}failure notice", f"<{ANNA}>:\n550 unknown\n\n{COPY}".replace(OURS, FORGED)),
}


def test_a_mail_without_a_conversation_is_ours_as_well() -> None:
    alone = plus.marked_id(None, "0f" * 16, "casalinghi.example", KEY)
    parsed = parse(dsn(FAILED, back=returned(alone)))
    assert [status.external_id for status in parsed.statuses] == [alone]


@pytest.mark.parametrize("raw", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_what_is_not_about_our_mail_stays_a_contact(raw: bytes) -> None:
    parsed = parse(raw)
    assert not parsed.statuses
    assert [message.automated for message in parsed.messages] in (["bounce"], ["receipt"], ["feedback_report"])
    assert not parsed.messages[0].sender.claims


@pytest.mark.parametrize("raw", [dsn(FAILED), mail(f"{FREE}failure notice", COPY)])
def test_without_a_key_nothing_is_ours(raw: bytes) -> None:
    parsed = parse(raw, WITHOUT_KEY)
    assert (len(parsed.messages), parsed.statuses) == (1, ())


def test_a_customer_who_quotes_our_mail_writes_a_message() -> None:
    parsed = parse(mail(f"From: {ANNA}\nSubject: Undeliverable: Reso", f"I got this:\n\n550 5.1.1\n{COPY}"))
    assert not parsed.statuses
    assert [message.automated for message in parsed.messages] == [None]
