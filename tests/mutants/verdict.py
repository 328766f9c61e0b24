"""What must be true of any bytes that a mailbox hands over."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from config.secrets import Secret
from connectors.base import Parsed, Request, Status, Unreadable
from connectors.email import CONTENT_TYPE, EmailConnector, EmailSettings
from normalizer.envelope_data import message_data
from normalizer.inbound import InboundAttachment, InboundMessage
from normalizer.message import Attachment, normalise
from normalizer.sniffing import sniff
from regia.pipeline.accepted import AcceptedMessage, AcceptedStatus, AcceptedUnreadable, decode, entries
from tests.mutants import KEY, Mutant

SETTINGS: Final = EmailSettings(
    brand="demo",
    address="assistenza@casalinghi.example",
    thread_key=Secret(KEY),
    trusted_servers=("mx.regia.example",),
)
CONNECTOR: Final = EmailConnector("mail", SETTINGS)
AT: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
LANGUAGES: Final = ("it", "en", "de", "fr", "es", "pt", "nl", "pl")
SECONDS: Final = 5.0
"""No mail may take longer to read."""


def request(raw: bytes) -> Request:
    return Request(method="POST", url="", headers={"content-type": CONTENT_TYPE}, query={}, body=raw, received_at=AT)


def faults(raw: bytes, parsed: Parsed, seconds: float) -> Iterator[str]:
    """Everything that is wrong with how a mail was read."""
    if seconds > SECONDS:
        yield f"reading took {seconds:.1f} s"
    kinds = (len(parsed.messages), min(1, len(parsed.statuses)), len(parsed.unreadable))
    if sum(kinds) != 1 or parsed.events:
        yield f"messages, statuses, unreadable: {kinds}"
    found: tuple[InboundMessage | Status | Unreadable, ...] = (*parsed.messages, *parsed.statuses[:1], *parsed.unreadable)
    if any(each.raw != raw for each in found):
        yield "the bytes that are kept are others"
    for one in parsed.unreadable:
        if one.reason != "unreadable":
            yield f"{one.reason}: {one.detail}"
    try:
        yield from _journalled(parsed)
    except Exception as error:  # noqa: BLE001  # whatever is raised on a mail's way is what is looked for
        yield f"{type(error).__name__} after reading: {error}"


def _journalled(parsed: Parsed) -> Iterator[str]:
    """Written into the journal, read back, cleaned and written as an envelope's data."""
    found = entries("mail", parsed, AT)
    if len({entry.id for entry in found}) != len(found):
        yield "two entries have one id"
    for entry in found:
        match decode(entry.payload):
            case AcceptedMessage(message=message):
                files = [_stored(number, file) for number, file in enumerate(message.attachments)]
                clean = normalise(entry.id, "mail", AT, message, attachments=files, languages=LANGUAGES)
                orjson.dumps(message_data(clean))
                if message != parsed.messages[0]:
                    yield "the journal gives back another message"
            case AcceptedUnreadable(unreadable=Unreadable(reason="parser_failed", detail=detail)) if parsed.messages:
                yield f"the journal cannot write it down: {detail}"
            case AcceptedStatus() | AcceptedUnreadable():
                pass
            case other:
                yield f"the journal has {type(other).__name__}"


def _stored(number: int, file: InboundAttachment) -> Attachment:
    """As the media stage makes it, without storing it."""
    assert file.content is not None
    return Attachment(
        id=str(number),
        state="stored",
        filename=file.filename,
        content_type=sniff(file.content, file.content_type),
        content_id=file.content_id,
    )


def keep(folder: Path, mutant: Mutant, found: list[str]) -> str:
    """Write the mail down; a line that says where, and what is wrong with it."""
    path = folder / f"{mutant.name.partition(' ')[0]}.eml"
    path.write_bytes(mutant.raw)
    return f"{mutant.name}: {'; '.join(found)}; its {len(mutant.raw)} bytes are in {path}"
