"""Mails received by Postmark and posted as JSON.

Source: Postmark developer documentation, "Inbound webhook". The server's setting "Include raw email content in JSON
payload" must be on: the mail is read from `RawEmail`. Postmark signs nothing; it sends the user and password of the
webhook's URL as HTTP basic authentication. It tries 10 times over hours unless the answer is 200 or 403.
"""

import base64
import binascii
import hmac
from typing import Literal

from pydantic import Field, field_validator

from config.secrets import Secret
from connectors.base import Request
from connectors.email.channel import mail_channel
from connectors.email.posted import PostedMailConnector
from connectors.email.settings import MailboxSettings
from connectors.errors import Rejected
from connectors.reading import Misshapen, Part, decode


class PostmarkSettings(MailboxSettings):
    """An address whose mail Postmark receives."""

    type: Literal["postmark"] = "postmark"
    user: str = Field(default="postmark", min_length=1, pattern=r"^[^:@/\s]+$", description="As in the webhook's URL.")
    password: Secret = Field(description="As in the webhook's URL: https://user:password@gateway/webhooks/name")

    @field_validator("password")
    @classmethod
    def _password_is_set(cls, value: Secret) -> Secret:
        if not value.get_secret_value().strip():
            raise ValueError("the password is empty: set it, or anybody could write in the name of customers")
        return value


class Postmark(PostedMailConnector[PostmarkSettings]):
    """One inbound stream of Postmark's."""

    def verify(self, request: Request) -> None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            raise Rejected("signature_missing", "put user and password into the webhook's URL")
        try:
            given = base64.b64decode(value.strip(), validate=True)
        except (binascii.Error, ValueError):
            raise Rejected("signature_wrong", "the authorization header cannot be read") from None
        expected = f"{self.settings.user}:{self.settings.password.get_secret_value()}".encode()
        if not hmac.compare_digest(expected, given):
            raise Rejected("signature_wrong", "user or password of the webhook's URL is wrong")

    def unwrap(self, request: Request) -> bytes | None:
        try:
            mail = Part.of(decode(request.body), "body").optional_text("RawEmail")
        except Misshapen:
            raise
        except ValueError:
            raise Misshapen("body", "JSON") from None
        if not mail:
            raise Misshapen("RawEmail", "the mail: switch on 'Include raw email content in JSON payload' in Postmark")
        return mail.encode("utf-8", "surrogatepass")


CHANNEL = mail_channel("postmark", PostmarkSettings, Postmark, password="x")  # noqa: S106  # of an example
