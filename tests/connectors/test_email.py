"""Mails through the connector: what real clients send is read as their sender meant it, and nothing raises."""

import random
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from connectors.base import Parsed, Request
from connectors.email import EmailConnector, EmailSettings
from normalizer.inbound import Handle, InboundMessage
from tests import mailcorpus
from tests.mailcorpus import Sample

RECEIVED = datetime(2024, 6, 3, 12, tzinfo=UTC)
SETTINGS = EmailSettings(brand="demo", address="assistenza@casalinghi.example", aliases=("ordini@casalinghi.example",))


def parse(raw: bytes) -> Parsed:
    request = Request(method="POST", url="mail:", headers={}, query={}, body=raw, received_at=RECEIVED)
    connector = EmailConnector("mail", SETTINGS)
    connector.verify(request)
    return connector.parse(request)


def message(raw: bytes) -> InboundMessage:
    parsed = parse(raw)
    assert parsed.unreadable == ()
    (read,) = parsed.messages
    return read


def squeezed(text: str | None) -> str:
    return " ".join((text or "").split())


CORPUS = mailcorpus.build(mailcorpus.EVERY_KIND)


@pytest.mark.parametrize("sample", CORPUS, ids=lambda sample: sample.name)
def test_what_clients_send(sample: Sample) -> None:
    read = message(sample.raw)
    assert read.raw == sample.raw
    assert (read.brand, read.channel, read.account, read.kind) == ("demo", "email", "assistenza@casalinghi.example", "text")
    if sample.sender is None:
        assert read.sender.handle.kind == "unknown_sender"
    else:
        assert read.sender.handle == Handle("email", sample.sender, "claimed")
        assert read.order_key == sample.sender
    assert read.subject == sample.subject
    assert len(read.attachments) == sample.attachments
    assert read.automated == sample.automated
    if sample.snippet is None:
        assert read.text is None
    else:
        assert sample.snippet in squeezed(read.text)
    if sample.absent is not None:
        assert sample.absent not in squeezed(read.text)


def test_the_corpus_is_large_and_always_the_same() -> None:
    assert len({sample.raw for sample in CORPUS}) == len(CORPUS) >= 400
    assert [sample.raw for sample in mailcorpus.build(50)] == [sample.raw for sample in mailcorpus.build(50)]
    assert len({message(sample.raw).event_key for sample in CORPUS}) == len(CORPUS)


HEAD = (
    b"From: Anna <Anna@Example.IT>\r\nSubject: Reso\r\nDate: Mon, 3 Jun 2024 10:30:00 +0200\r\nMessage-ID: <a.1@example.it>\r\n"
)


def test_a_mail_as_a_contact() -> None:
    raw = HEAD + b"Cc: x@y.it\r\nIn-Reply-To: <out.2@shop>\r\nReferences: <out.1@shop>\r\n <out.2@shop>\r\n\r\nCiao\r\n"
    read = message(raw)
    assert read.external_id == "a.1@example.it"
    assert read.event_key.startswith(f"a.1@example.it {sha256(b'Ciao').hexdigest()} ")
    assert read.sender.name == "Anna"
    assert read.sent_at == datetime(2024, 6, 3, 8, 30, tzinfo=UTC)
    assert read.thread.in_reply_to == "out.2@shop"
    assert read.thread.references == ("out.1@shop", "out.2@shop")
    assert (read.raw, read.raw_content_type) == (raw, "message/rfc822")
    assert read.reply.via is None


def test_one_mail_in_two_mailboxes_is_one_event() -> None:
    first = b"Received: from a\r\nDelivered-To: one@shop\r\n" + HEAD + b"\r\nCiao\r\n"
    other = (b"Received: from b\r\n" + HEAD + b"\r\nCiao\r\n\r\n").replace(b"\r\n", b"\n")
    assert message(first).event_key == message(other).event_key
    assert message(first).event_key != message(HEAD + b"\r\nCiao bella\r\n").event_key


def test_without_message_id_the_bytes_name_the_mail() -> None:
    raw = HEAD.replace(b"Message-ID: <a.1@example.it>\r\n", b"") + b"\r\nCiao\r\n"
    assert message(raw).external_id == f"sha256:{sha256(raw).hexdigest()}"
    assert message(raw).event_key == message(raw).external_id


def test_answers_go_to_reply_to_but_it_identifies_nobody() -> None:
    read = message(HEAD + b"Reply-To: Anna <other@example.it>\r\n\r\nCiao\r\n")
    assert read.sender.handle == Handle("email", "anna@example.it", "claimed")
    assert read.sender.claims == (Handle("email", "other@example.it", "claimed"),)
    assert read.reply.via == Handle("email", "other@example.it", "claimed")
    assert message(HEAD + b"Reply-To: anna@example.it\r\n\r\nCiao\r\n").reply.via is None


def test_unknown_senders_are_kept_and_kept_apart() -> None:
    first, second = (message(HEAD.replace(b"Anna <Anna@Example.IT>", b"<>") + b"\r\n" + text) for text in (b"one", b"two"))
    assert first.sender.handle.kind == "unknown_sender"
    assert first.sender.handle != second.sender.handle
    assert first.order_key == first.sender.handle.value
    assert first.reply.allowed == ()
    assert message(first.raw).sender == first.sender


def test_our_own_mail_is_known() -> None:
    assert message(HEAD.replace(b"Anna@Example.IT", b"Ordini@casalinghi.example") + b"\r\nhi").automated == "own"
    assert message(HEAD + b"X-Regia-Id: 1\r\n\r\nhi").automated == "own"


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n\r\n", bytes(range(256)) * 40, b"Hello, this is no mail.\n\nAt all.\n", b"a: b\n\nc"]
)
def test_what_is_no_mail_is_kept_as_unreadable(raw: bytes) -> None:
    parsed = parse(raw)
    assert parsed.messages == ()
    (broken,) = parsed.unreadable
    assert (broken.reason, broken.raw, broken.content_type) == ("unreadable", raw, "message/rfc822")
    assert broken.detail


FILES = Path(__file__).parents[1] / "samples" / "email"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "outlook-reply-it.eml",
            (
                "nicolo.pero@posta.example",
                "R: Il tuo ordine IT-2231 è in viaggio",
                "Buongiorno,\nil pacco è arrivato ma la padella è graffiata. Posso restituirla?\n\nGrazie\nNicolò",
                [],
                None,
            ),
        ),
        (
            "iphone-photo-de.eml",
            (
                "juergen.gross@post.example",
                "Rückgabe der Bratpfanne",
                "Guten Tag, so kam die Pfanne an:\n\nIch möchte sie zurückgeben.",
                ["IMG_0042.jpeg"],
                None,
            ),
        ),
        (
            "gmail-inline-answers-fr.eml",
            (
                "helene@courriel.example",
                "Re: Votre cafetière",
                "FR-8817\n\nOui, merci.",
                [],
                None,
            ),
        ),
        (
            "shop-plugin-broken.eml",
            (
                "anna.bianchi@posta.example",
                "Richiesta dal sito: perché il pagamento è rifiutato?",
                "Nome: Anna Bianchi\nData: 3/6/2024\nOggetto: pagamento\nPerché il pagamento è stato rifiutato?",
                [],
                None,
            ),
        ),
        (
            "bounce-postfix.eml",
            (
                "mailer-daemon@mail.casalinghi.example",
                "Undelivered Mail Returned to Sender",
                None,
                [None, "Il tuo reso.eml"],
                "bounce",
            ),
        ),
    ],
)
def test_mails_written_by_hand(name: str, expected: tuple[str, str, str | None, list[str | None], str | None]) -> None:
    read = message((FILES / name).read_bytes())
    sender, subject, text, attachments, automated = expected
    assert (read.sender.handle.value, read.subject, read.automated) == (sender, subject, automated)
    assert [part.filename for part in read.attachments] == attachments
    assert text is None or read.text == text


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """Bytes changed, cut out, doubled or moved; or a piece of syntax put where it hurts."""
    data = bytearray(raw)
    for _ in range(chance.randint(1, 12)):
        at, length = chance.randrange(len(data) + 1), chance.choice((1, 2, 10, 100))
        what = chance.randrange(5)
        if what == 0:
            data[at : at + length] = chance.randbytes(length)
        elif what == 1:
            del data[at : at + length]
        elif what == 2:
            data[at:at] = data[at : at + length]
        elif what == 3:
            data[at:at] = chance.choice((b"=?utf-8?B?", b"\r\n\r\n", b'"', b"(", b"<", b"\0", b";", b"--", b"=", b"\xff", b":"))
        else:
            end = chance.randrange(len(data) + 1)
            data[at : at + length], data[end : end + length] = data[end : end + length], data[at : at + length]
    return bytes(data)


def test_300_mutated_mails_raise_nothing_and_take_no_time() -> None:
    chance = random.Random(7)  # noqa: S311  # a repeatable order
    for number in range(300):
        raw = mutated(CORPUS[number % len(CORPUS)].raw, chance)
        started = time.perf_counter()
        parsed = parse(raw)
        assert time.perf_counter() - started < 5
        assert len(parsed.messages) + len(parsed.unreadable) == 1
        assert all(broken.reason != "parser_failed" for broken in parsed.unreadable)
