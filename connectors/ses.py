"""Mails received by Amazon SES and handed over through an SNS topic.

Source: Amazon SES developer guide, "Notifications for Amazon SES email receiving", and CloudFormation's
`AWS::SES::ReceiptRule SNSAction`. The SNS action carries mails of up to 150 KB, larger ones bounce at Amazon; with the
S3 action the notification names an object in a bucket, which is read from there.
"""

import base64
import binascii
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final, Literal

from obstore.exceptions import BaseError
from obstore.store import S3Store
from pydantic import BaseModel, ConfigDict, Field

from config.secrets import Secret
from connectors import sns
from connectors.base import Http, Request
from connectors.email.channel import mail_channel
from connectors.email.contact import CONTENT_TYPE
from connectors.email.posted import PostedMailConnector
from connectors.email.settings import MailboxSettings
from connectors.errors import Rejected
from connectors.reading import Misshapen, Part, decode

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

Topic = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$")]

_RECEIVED: Final = "Received"
_LARGEST: Final = 1024 * 1024
"""Bytes of a request: SNS carries 256 KB, which JSON may write longer."""


class SesBucket(BaseModel):
    """Where the S3 action of the receipt rule puts mails."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(min_length=3, description="No other bucket is read.")
    region: str = Field(min_length=3)
    access_key_id: str = Field(min_length=1)
    secret_access_key: Secret
    endpoint: str | None = Field(default=None, pattern=r"^https?://[^\s]+$", description="Of an S3 that is not Amazon's.")


class SesSettings(MailboxSettings):
    """An address whose mail Amazon SES receives. `trusted_servers: [amazonses.com]` believes what SES says of senders."""

    type: Literal["ses"] = "ses"
    topics: tuple[Topic, ...] = Field(min_length=1, description="ARNs of the SNS topics that are believed; no other is.")
    bucket: SesBucket | None = Field(default=None, description="Needed with the S3 action, for mails above 150 KB.")


class Ses(PostedMailConnector[SesSettings]):
    """One or several topics of receipt rules."""

    def __init__(self, name: str, settings: SesSettings) -> None:
        super().__init__(name, settings)
        self._keys = sns.SnsKeys()

    @property
    def max_body(self) -> int:
        """Of a notification; how large a mail in the bucket may be is the settings' own `max_body`."""
        return min(self.settings.max_body, _LARGEST)

    def verify(self, request: Request) -> None:
        """Against certificates that `receive` has fetched."""
        self._keys.check(self._ours(request))

    async def receive(self, request: Request, http: Http) -> Request:
        message = self._ours(request)
        await self._keys.fetch(message, http)
        self._keys.check(message)
        if message.type == sns.SUBSCRIPTION:
            await sns.confirm(message, http)
        try:
            place = _object(message)
            mail = _mail(message) if place is None else await self._stored(*place)
        except Misshapen:
            return request
        return replace(request, headers={"content-type": CONTENT_TYPE}, body=mail or b"")

    def unwrap(self, request: Request) -> bytes | None:
        return _mail(sns.read(request))

    def _ours(self, request: Request) -> sns.SnsMessage:
        """The message, when its topic is one of ours: for no other a certificate is asked for. Raises `Rejected`."""
        message = sns.read(request)
        if message.topic not in self.settings.topics:
            raise Rejected("signature_wrong", "the topic is not one of the connector's topics")
        return message

    async def _stored(self, bucket: str, key: str) -> bytes:
        """The mail in the bucket. Raises `Rejected`: SNS tries again for hours, in which the settings can be repaired."""
        place = self.settings.bucket
        if place is None or bucket != place.name:
            raise Rejected("unavailable", "the mail lies in a bucket the connector has no settings for", retry_after=300)
        try:
            found = await _bucket(place).get_async(key)
            if found.meta["size"] > self.settings.max_body:
                raise Rejected("too_large", f"the mail in the bucket is larger than {self.settings.max_body} bytes")
            return bytes(await found.bytes_async())
        except (BaseError, OSError) as error:
            raise Rejected("unavailable", "the mail cannot be read from its bucket; try again", retry_after=60) from error


def _bucket(place: SesBucket) -> S3Store:
    config: S3Config = {
        "region": place.region,
        "access_key_id": place.access_key_id,
        "secret_access_key": place.secret_access_key.get_secret_value(),
    }
    if place.endpoint:
        config["endpoint"] = place.endpoint
    options: ClientConfig = {"allow_http": bool(place.endpoint), "timeout": "20s"}
    return S3Store(place.name, config=config, client_options=options, retry_config={"max_retries": 1})


def _notification(message: sns.SnsMessage) -> Part:
    try:
        return Part.of(decode(message.part.text("Message").encode("utf-8", "surrogatepass")), "Message")
    except Misshapen:
        raise
    except ValueError:
        raise Misshapen("Message", "a notification of SES") from None


def _mail(message: sns.SnsMessage) -> bytes | None:
    """The mail in a notification; None in what only talks about the service. Raises `Misshapen`."""
    if message.type != sns.NOTIFICATION:
        return None
    notification = _notification(message)
    if notification.hint("notificationType") != _RECEIVED:
        return None  # the test message of a new rule, and notifications about what was sent
    return _content(notification)


def _object(message: sns.SnsMessage) -> tuple[str, str] | None:
    """Bucket and key, where the mail lies in S3. Raises `Misshapen`."""
    if message.type != sns.NOTIFICATION:
        return None
    notification = _notification(message)
    action = notification.hints("receipt").hints("action")
    bucket, key = action.hint("bucketName"), action.hint("objectKey")
    if notification.hint("notificationType") != _RECEIVED or action.hint("type") != "S3" or not (bucket and key):
        return None
    return bucket, key


def _content(notification: Part) -> bytes:
    content = notification.text("content")
    if (notification.hints("receipt").hints("action").hint("encoding") or "").upper() != "BASE64":
        return content.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise Misshapen(notification.at("content"), "base64, as the action's encoding says") from None


CHANNEL = mail_channel("ses", SesSettings, Ses, topics=["arn:aws:sns:eu-west-1:123456789012:mail"])
