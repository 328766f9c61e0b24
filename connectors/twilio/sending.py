"""Texts and files out, over Twilio's REST API.

Source: Twilio Docs, "Messages resource: create a Message", "Media resource", "Send WhatsApp messages",
"Send and receive RCS messages".
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode

from connectors.abilities import MEGABYTE, Limits
from connectors.base import Http, Outgoing, OutgoingFile, Sent
from connectors.errors import SendFailed
from connectors.kit.basic_auth import basic
from connectors.kit.outbound import FIRST_ERROR, answer, call, check, one_by_one, refused, split
from connectors.kit.urlencoded import FORM
from connectors.twilio.codes import send_code
from connectors.twilio.people import recipient
from connectors.twilio.settings import TwilioSettings
from connectors.twilio.ways import SERVICE, SMS, way_to

_MMS_SIZE: Final = 5 * MEGABYTE
# An emoji counts as two: Twilio does not say how it counts, and a part that is too short costs nothing.
LIMITS: Final = Limits(
    text=1600,
    unit="utf16",
    files=MappingProxyType({"image": 5 * MEGABYTE, "video": 16 * MEGABYTE, "audio": 16 * MEGABYTE, "file": 16 * MEGABYTE}),
)
MMS_LIMITS: Final = replace(LIMITS, files=MappingProxyType(dict.fromkeys(LIMITS.files, _MMS_SIZE)))

Fields = list[tuple[str, str]]


async def send(message: Outgoing, settings: TwilioSettings, http: Http, at: datetime) -> Sent:
    """Texts, then files. Nothing makes a repeated call harmless, so a lost answer is `unknown`. Raises `SendFailed`."""
    account = settings.account_id(message.account)
    if account is None:
        raise SendFailed("unsupported", "the account to send from is not one of the connector's")
    way = way_to(account)
    check(message, MMS_LIMITS if way is SMS else LIMITS, at, way.window)
    ours = "MessagingServiceSid" if account.startswith(SERVICE) else "From"
    common = [("To", recipient(message.to, account)), (ours, account)]
    if settings.status_callback is not None:
        common.append(("StatusCallback", settings.status_callback))

    async def post(content: Fields) -> str:
        return await _post(common + content, settings, http)

    return await one_by_one(_contents(message, way.files), post)


def _contents(message: Outgoing, most: int) -> Iterator[Fields]:
    """Texts, then files by themselves: WhatsApp shows no text beside some of them."""
    for part in split(message.text, LIMITS):
        yield [("Body", part)]
    for files in _batches(message.files, most):
        yield [("MediaUrl", file.url or "") for file in files]


def _batches(files: Sequence[OutgoingFile], most: int) -> Iterator[list[OutgoingFile]]:
    """Files that may leave in one MMS together."""
    batch: list[OutgoingFile] = []
    for file in files:
        size = sum(len(one.content) for one in batch) + len(file.content)
        if batch and (len(batch) == most or size > _MMS_SIZE):
            yield batch
            batch = []
        batch.append(file)
    if batch:
        yield batch


async def _post(fields: Fields, settings: TwilioSettings, http: Http) -> str:
    headers = basic(settings.account_sid, settings.tokens[0]) | {"Content-Type": FORM}
    # Encoded here: `MediaUrl` is given several times.
    response = await call(http, "POST", f"{settings.root}/Messages.json", headers=headers, body=urlencode(fields).encode())
    said = answer(response)
    if response.status >= FIRST_ERROR:
        number = said.whole("code")
        raise refused(response, send_code(number, response.status), number)
    sid = said.hint("sid")
    if sid is None:
        raise SendFailed("unknown", "Twilio answered without a message id")
    return sid
