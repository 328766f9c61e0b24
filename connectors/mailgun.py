"""Mails received by Mailgun and posted as they are (routes with `forward()`, raw MIME).

Source: Mailgun documentation, "Receive Messages via HTTP" and "Securing Webhooks". Mailgun posts the mail in
`body-mime` to routes whose URL ends in `mime`, and tries for 8 hours where the answer is neither 200 nor 406. Its
signature is over a time and a token of the request, not over the mail: what keeps the mail is TLS.
"""

import hashlib
import hmac
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal

from pydantic import Field, field_validator

from config.secrets import Secret
from connectors.base import Http, Request
from connectors.email.channel import mail_channel
from connectors.email.contact import CONTENT_TYPE
from connectors.email.posted import PostedMailConnector
from connectors.email.settings import MailboxSettings
from connectors.errors import Rejected
from connectors.forms import read_fields
from connectors.reading import Misshapen

_HOUR: Final = 3600
_AHEAD: Final = 300
"""Seconds that clocks may differ."""
_REMEMBERED: Final = 20_000
"""Tokens."""


class MailgunSettings(MailboxSettings):
    """An address whose mail Mailgun receives."""

    type: Literal["mailgun"] = "mailgun"
    signing_key: Secret = Field(description="The HTTP webhook signing key of the Mailgun account, not an API key.")
    max_age: int = Field(
        default=9 * _HOUR, gt=0, description="Seconds a signature is good for; Mailgun's own retries go on for 8 hours."
    )

    @field_validator("signing_key")
    @classmethod
    def _key_is_set(cls, value: Secret) -> Secret:
        if not value.get_secret_value().strip():
            raise ValueError("the key is empty: set it, or anybody could write in the name of customers")
        return value


class Mailgun(PostedMailConnector[MailgunSettings]):
    """One route of Mailgun's."""

    def __init__(self, name: str, settings: MailgunSettings) -> None:
        super().__init__(name, settings)
        self._used: OrderedDict[bytes, bytes] = OrderedDict()
        """Token to the digest of the mail it came with."""

    def verify(self, request: Request) -> None:
        self._check(read_fields(request), request.received_at)

    async def receive(self, request: Request, http: Http) -> Request:
        fields = read_fields(request)
        self._check(fields, request.received_at)
        mail = fields.get("body-mime")
        if not mail:
            return request
        self._remember(fields["token"], mail)
        return replace(request, headers={"content-type": CONTENT_TYPE}, body=mail)

    def _check(self, fields: Mapping[str, bytes], received_at: datetime) -> None:
        stamp, token, signature = (fields.get(name, b"") for name in ("timestamp", "token", "signature"))
        if not (stamp and token and signature):
            raise Rejected("signature_missing", "timestamp, token and signature are needed")
        key = self.settings.signing_key.get_secret_value().encode()
        expected = hmac.new(key, stamp + token, hashlib.sha256).hexdigest().encode()
        if not hmac.compare_digest(expected, signature):
            raise Rejected("signature_wrong", "the signature does not fit the signing key")
        # Signed by now, so it is a number of theirs; anything else is a defect of somebody who has the key.
        age = received_at.timestamp() - int(stamp[:12]) if stamp.isdigit() else math.inf
        if not -_AHEAD <= age <= self.settings.max_age:
            raise Rejected("signature_stale", f"the timestamp is over {self.settings.max_age} seconds old, or in the future")

    def _remember(self, token: bytes, mail: bytes) -> None:
        """Refuse another mail under a token that was used: the signature says nothing about the mail. Forgotten when the
        gateway ends."""
        digest = hashlib.sha256(mail).digest()
        if self._used.setdefault(token, digest) != digest:
            raise Rejected("signature_stale", "this token came with another mail before")
        if len(self._used) > _REMEMBERED:
            self._used.popitem(last=False)

    def unwrap(self, request: Request) -> bytes | None:
        mail = read_fields(request).get("body-mime")
        if not mail:
            raise Misshapen("body-mime", "the mail: end the URL of Mailgun's route in mime, for instance with ?as=mime")
        return mail


CHANNEL = mail_channel("mailgun", MailgunSettings, Mailgun, signing_key="x")
