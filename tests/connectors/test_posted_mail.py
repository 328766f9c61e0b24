"""Mailgun, Postmark and SES: three wrappings of one mail."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import time
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from connectors.base import Connector, Parsed, Request
from connectors.conformance.fake_http import FakeHttp
from connectors.email.contact import CONTENT_TYPE
from connectors.errors import MediaUnavailable, Rejected
from connectors.forms import read_fields
from connectors.mailgun import Mailgun, MailgunSettings
from connectors.postmark import Postmark, PostmarkSettings
from connectors.ses import Ses, SesBucket, SesSettings

SAMPLES: Final = Path(__file__).parents[1] / "samples"
MAIL: Final = (SAMPLES / "email" / "outlook-reply-it.eml").read_bytes()
NOW: Final = dt.datetime(2024, 4, 5, 15, tzinfo=dt.UTC)
TOPIC: Final = "arn:aws:sns:eu-west-1:123456789012:mail"
CERTIFICATE_URL: Final = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem"
ADDRESS: Final = {"brand": "casalinghi", "address": "assistenza@casalinghi.example"}


def request(body: bytes, content_type: str, **headers: str) -> Request:
    return Request(
        method="POST",
        url="https://gateway.example/webhooks/mail",
        headers={"content-type": content_type, **headers},
        query={},
        body=body,
        received_at=NOW,
    )


async def received(connector: Connector, given: Request, http: FakeHttp | None = None) -> Parsed:
    return connector.parse(await connector.receive(given, http or FakeHttp()))


def is_the_mail(parsed: Parsed) -> bool:
    """Read as a contact, with the mail's own bytes as what is kept."""
    return [message.raw for message in parsed.messages] == [MAIL] and parsed.messages[0].sender.handle.kind == "email"


# Mailgun


MAILGUN: Final = Mailgun("mail", MailgunSettings(signing_key=SecretStr("key-123"), **ADDRESS))


def mailgun_fields(**changed: str | bytes) -> dict[str, str | bytes]:
    stamp, token = str(int(NOW.timestamp())), "a" * 50
    signature = hmac.new(b"key-123", f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    given = {"recipient": ADDRESS["address"], "timestamp": stamp, "token": token, "signature": signature, "body-mime": MAIL}
    return given | changed


def form(fields: dict[str, str | bytes]) -> Request:
    return request(urlencode(fields).encode(), "application/x-www-form-urlencoded")


def multipart(fields: dict[str, str | bytes]) -> Request:
    parts = [
        f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + (value if isinstance(value, bytes) else value.encode())
        + b"\r\n"
        for name, value in fields.items()
    ]
    return request(b"".join(parts) + b"--limit--\r\n", "multipart/form-data; boundary=limit")


@pytest.mark.parametrize("wrap", [form, multipart])
async def test_mailgun_hands_over_the_bytes_of_the_mail(wrap: Any) -> None:
    assert is_the_mail(await received(MAILGUN, wrap(mailgun_fields())))


@pytest.mark.parametrize("wrap", [form, multipart])
async def test_bytes_that_are_no_utf8_stay_what_they_are(wrap: Any) -> None:
    latin = b"From: anna@example.it\r\nSubject: caff\xe8\r\n\r\nIl caff\xe8 \x80\r\n"
    parsed = await received(Mailgun("mail", MAILGUN.settings), wrap(mailgun_fields(**{"body-mime": latin})))
    assert [(message.raw, message.text) for message in parsed.messages] == [(latin, "Il caffè €")]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"signature": ""}, "signature_missing"),
        ({"token": ""}, "signature_missing"),
        ({"signature": "0" * 64}, "signature_wrong"),
        ({"signature": "è"}, "signature_wrong"),
        ({"timestamp": "1"}, "signature_wrong"),
        ({"token": "b" * 50}, "signature_wrong"),
    ],
)
async def test_mailguns_signature_is_checked(changed: dict[str, str], code: str) -> None:
    with pytest.raises(Rejected) as caught:
        await received(MAILGUN, form(mailgun_fields(**changed)))
    assert (caught.value.code, caught.value.status) == (code, 401)


@pytest.mark.parametrize(("hours", "stale"), [(8, False), (10, True), (-10, True)])
async def test_mailguns_own_retries_are_taken_and_later_ones_not(hours: int, stale: bool) -> None:
    late = replace(form(mailgun_fields()), received_at=NOW + dt.timedelta(hours=hours))
    if not stale:
        assert is_the_mail(await received(MAILGUN, late))
        return
    with pytest.raises(Rejected) as caught:
        await received(MAILGUN, late)
    assert caught.value.code == "signature_stale"


async def test_a_route_without_raw_mime_is_kept_and_says_what_to_change() -> None:
    given = form(mailgun_fields(**{"body-mime": "", "body-plain": "Buongiorno"}))
    parsed = await received(MAILGUN, given)
    assert [kept.raw for kept in parsed.unreadable] == [given.body]
    assert "?as=mime" in parsed.unreadable[0].detail


async def test_one_signature_is_good_for_one_mail() -> None:
    connector = Mailgun("mail", MAILGUN.settings)
    other = MAIL + b"and more\r\n"
    assert is_the_mail(await received(connector, form(mailgun_fields())))
    assert is_the_mail(await received(connector, multipart(mailgun_fields()))), "a retry may be written otherwise"
    with pytest.raises(Rejected) as caught:
        await received(connector, form(mailgun_fields(**{"body-mime": other})))
    assert caught.value.code == "signature_stale"


@pytest.mark.parametrize("body", [b"a=" + b"%41" * 1_000_000, b"%" * 3_000_000, b"a=1&" * 1_000_000, b"=" * 3_000_000])
async def test_a_stranger_cannot_keep_the_gateway_busy_with_a_form(body: bytes) -> None:
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(Rejected):
        await received(MAILGUN, request(body, "application/x-www-form-urlencoded"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - started < 1
    assert peak < 12 * len(body)


@pytest.mark.parametrize(
    ("quoted", "meant"),
    [
        (b"a%20b+c", b"a b c"),
        (b"=3D%3D%25", b"=3D=%"),
        (b"%e8%E8", b"\xe8\xe8"),
        (b"a%0D%0Ab", b"a\r\nb"),
        (b"%00", b"\0"),
        (b"", b""),
    ],
)
def test_fields_are_decoded_byte_for_byte(quoted: bytes, meant: bytes) -> None:
    assert read_fields(request(b"x=1&y=" + quoted, "application/x-www-form-urlencoded")) == {"x": b"1", "y": meant}


# Postmark


POSTMARK: Final = Postmark("mail", PostmarkSettings(password=SecretStr("s3cret"), **ADDRESS))


def postmark(body: bytes, login: str = "postmark:s3cret") -> Request:
    return request(body, "application/json", authorization="Basic " + base64.b64encode(login.encode()).decode())


async def test_postmark_hands_over_the_mail() -> None:
    assert is_the_mail(await received(POSTMARK, postmark((SAMPLES / "postmark" / "reply.json").read_bytes())))


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "signature_missing"),
        ("Bearer s3cret", "signature_missing"),
        ("Basic", "signature_wrong"),
        ("Basic è", "signature_wrong"),
        ("Basic " + base64.b64encode(b"postmark:wrong").decode(), "signature_wrong"),
        ("Basic " + base64.b64encode(b"other:s3cret").decode(), "signature_wrong"),
    ],
)
async def test_postmarks_login_is_checked(header: str | None, code: str) -> None:
    given = request(b"{}", "application/json", **({} if header is None else {"authorization": header}))
    with pytest.raises(Rejected) as caught:
        await received(POSTMARK, given)
    assert (caught.value.code, caught.value.status) == (code, 401)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"RawEmail": 1}', b'{"RawEmail": ""}', b"\xff"])
async def test_postmark_without_the_mail_is_kept(body: bytes) -> None:
    parsed = await received(POSTMARK, postmark(body))
    assert [kept.raw for kept in parsed.unreadable] == [body]


# SES


class Amazon:
    """Signs as SNS does."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        made = made.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + dt.timedelta(days=3650))
        self.certificate = made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def message(self, sample: str | None = "sns_base64", version: str = "2", **changed: str) -> Request:
        fields = {
            "Type": "Notification",
            "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
            "TopicArn": TOPIC,
            "Subject": "Amazon SES Email Receipt Notification",
            "Message": (SAMPLES / "ses" / f"{sample}.json").read_text() if sample else "You have chosen to subscribe …",
            "Timestamp": "2024-04-05T14:59:04.115Z",
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
        } | changed
        return self.signed(fields, version)

    def signed(self, fields: dict[str, str], version: str = "2") -> Request:
        names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        if fields["Type"] != "Notification":
            fields.pop("Subject", None)
        text = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields).encode()
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303  # what version 1 is
        signature = base64.b64encode(self.key.sign(text, padding.PKCS1v15(), algorithm)).decode()
        return request(json.dumps(fields | {"Signature": signature}).encode(), "text/plain; charset=UTF-8")

    def http(self) -> FakeHttp:
        return FakeHttp(file=self.certificate)


@pytest.fixture(scope="module")
def amazon() -> Amazon:
    return Amazon()


def ses(bucket: SesBucket | None = None) -> Ses:
    return Ses("mail", SesSettings(topics=(TOPIC,), bucket=bucket, **ADDRESS))


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("sample", ["sns_base64", "sns_utf8"])
async def test_ses_hands_over_the_mail(amazon: Amazon, sample: str, version: str) -> None:
    assert is_the_mail(await received(ses(), amazon.message(sample, version), amazon.http()))


async def test_the_certificate_is_fetched_once(amazon: Amazon) -> None:
    connector, http = ses(), amazon.http()
    for _ in range(3):
        await received(connector, amazon.message(), http)
    assert [(call.url, call.hosts) for call in http.calls] == [(CERTIFICATE_URL, ("sns.eu-west-1.amazonaws.com",))]


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
        "https://s3.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
        "https://sns.eu-west-1.amazonaws.com/x.html",
        "https://[::1",
        "x",
    ],
)
async def test_a_certificate_from_elsewhere_is_not_even_fetched(amazon: Amazon, url: str) -> None:
    http = amazon.http()
    with pytest.raises(Rejected) as caught:
        await received(ses(), amazon.message(SigningCertURL=url), http)
    assert caught.value.status == 401
    assert not http.calls


@pytest.mark.parametrize("name", ["Message", "MessageId", "Subject", "Timestamp"])
async def test_a_changed_field_breaks_the_signature(amazon: Amazon, name: str) -> None:
    given = amazon.message()
    changed = replace(given, body=json.dumps(json.loads(given.body) | {name: "{}"}).encode())
    with pytest.raises(Rejected) as caught:
        await received(ses(), changed, amazon.http())
    assert caught.value.code == "signature_wrong"


async def test_no_certificate_is_asked_for_in_the_name_of_another_topic(amazon: Amazon) -> None:
    http = amazon.http()
    with pytest.raises(Rejected):
        await received(ses(), amazon.message(TopicArn="arn:aws:sns:eu-west-1:999999999999:mail"), http)
    assert not http.calls


async def test_another_topic_is_refused_though_amazon_signed_it(amazon: Amazon) -> None:
    with pytest.raises(Rejected) as caught:
        await received(ses(), amazon.message(TopicArn="arn:aws:sns:eu-west-1:999999999999:mail"), amazon.http())
    assert caught.value.code == "signature_wrong"


@pytest.mark.parametrize(
    "body", [b"", b"null", b"{}", b'{"Type": "Notification"}', b'{"Type": 1}', b"From: a@b.example\r\n\r\n"]
)
async def test_what_is_no_sns_message_is_refused(body: bytes, amazon: Amazon) -> None:
    with pytest.raises(Rejected) as caught:
        await received(ses(), request(body, "text/plain"), amazon.http())
    assert caught.value.code == "malformed"


async def test_without_the_certificate_the_delivery_comes_again(amazon: Amazon) -> None:
    with pytest.raises(Rejected) as caught:
        await received(ses(), amazon.message(), FakeHttp(file=MediaUnavailable("timeout", retryable=True)))
    assert caught.value.status == 503


async def test_a_subscription_is_confirmed_by_its_address(amazon: Amazon) -> None:
    link = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1"
    http = amazon.http()
    given = amazon.message(None, Type="SubscriptionConfirmation", Token="1", SubscribeURL=link)
    assert await received(ses(), given, http) == Parsed()
    assert [call.url for call in http.calls] == [CERTIFICATE_URL, link]


async def test_a_subscription_that_leads_elsewhere_is_not_followed(amazon: Amazon) -> None:
    http = amazon.http()
    given = amazon.message(None, Type="SubscriptionConfirmation", Token="1", SubscribeURL="https://evil.example/")
    with pytest.raises(Rejected) as caught:
        await received(ses(), given, http)
    assert caught.value.code == "handshake_refused"
    assert [call.url for call in http.calls] == [CERTIFICATE_URL]


@pytest.mark.parametrize(
    "message", ["", "null", "[]", '{"notificationType": "Received"}', '{"notificationType": "Received", "content": 1}']
)
async def test_a_signed_notification_without_a_mail_is_kept(amazon: Amazon, message: str) -> None:
    given = amazon.message(Message=message)
    parsed = await received(ses(), given, amazon.http())
    assert [kept.raw for kept in parsed.unreadable] == [given.body]


async def test_a_notification_about_something_sent_is_acknowledged(amazon: Amazon) -> None:
    given = amazon.message(Message='{"notificationType": "AmazonSnsSubscriptionSucceeded"}')
    assert await received(ses(), given, amazon.http()) == Parsed()


@pytest.fixture
async def bucket() -> AsyncIterator[SesBucket]:
    """An S3 that has one object and insists on a signature."""

    async def read(given: web.Request) -> web.Response:
        if not given.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=AKIA1/"):
            return web.Response(status=403)
        found = given.path == "/casalinghi-mail/in/d6iitobk75ur44p8kdnnp7g2n800"
        headers = {"ETag": '"1"', "Last-Modified": "Fri, 05 Apr 2024 14:59:04 GMT"}
        return web.Response(body=MAIL, headers=headers) if found else web.Response(status=404)

    app = web.Application()
    app.router.add_get("/{path:.*}", read)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield SesBucket(
        name="casalinghi-mail",
        region="eu-west-1",
        access_key_id="AKIA1",
        secret_access_key=SecretStr("x"),
        endpoint=f"http://127.0.0.1:{port}",
    )
    await runner.cleanup()


async def test_a_large_mail_is_read_from_its_bucket(amazon: Amazon, bucket: SesBucket) -> None:
    assert is_the_mail(await received(ses(bucket), amazon.message("s3"), amazon.http()))


async def test_a_bucket_that_is_not_ours_is_not_read(amazon: Amazon, bucket: SesBucket) -> None:
    for place in (None, bucket.model_copy(update={"name": "other"})):
        with pytest.raises(Rejected) as caught:
            await received(ses(place), amazon.message("s3"), amazon.http())
        assert caught.value.status == 503


async def test_an_object_that_is_gone_is_asked_for_again(amazon: Amazon, bucket: SesBucket) -> None:
    message = (SAMPLES / "ses" / "s3.json").read_text().replace("d6iitobk75ur44p8kdnnp7g2n800", "other")
    with pytest.raises(Rejected) as caught:
        await received(ses(bucket), amazon.message(Message=message), amazon.http())
    assert caught.value.status == 503


# All of them


@pytest.mark.parametrize("connector", [MAILGUN, POSTMARK, ses()], ids=lambda connector: type(connector).__name__)
def test_what_lies_in_quarantine_is_read_as_the_mail_it_is(connector: Connector) -> None:
    assert is_the_mail(connector.reread(MAIL, CONTENT_TYPE, NOW))


def test_a_post_in_which_no_mail_was_found_is_looked_at_again() -> None:
    given = form(mailgun_fields())
    assert is_the_mail(MAILGUN.reread(given.body, given.headers["content-type"], NOW))
    body = (SAMPLES / "postmark" / "reply.json").read_bytes()
    assert is_the_mail(POSTMARK.reread(body, "application/json", NOW))


@pytest.mark.parametrize(
    ("settings", "secret"), [(MailgunSettings, "signing_key"), (PostmarkSettings, "password")], ids=["mailgun", "postmark"]
)
def test_an_empty_secret_is_no_secret(settings: Any, secret: str) -> None:
    with pytest.raises(ValueError, match="is empty"):
        settings(**ADDRESS, **{secret: " "})
