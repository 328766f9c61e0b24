"""Messages out as a channel takes them: those that answer a contact, and those that answer nothing."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from connectors.base import ApprovedTemplate, Outgoing, OutgoingFile
from connectors.errors import SendFailed
from normalizer.inbound import Button, Handle
from storage.outgoing_tries import Claimed


def message(row: Claimed, files: tuple[OutgoingFile, ...] = ()) -> Outgoing:
    """What the channel is given, with files that were loaded. Raises `SendFailed` when the contact it answers is not stored any
    more."""
    return _answer(row, files) if row.message_id is not None else _unasked(row, files)


def _unasked(row: Claimed, files: tuple[OutgoingFile, ...]) -> Outgoing:
    return Outgoing(
        to=_to(row),
        text=row.text,
        account=row.account,
        in_reply_to=None,
        token=row.id,
        subject=row.subject,
        html=row.html,
        files=files,
        conversation=row.conversation_id,
        automatic=row.automatic,
    )


def _answer(row: Claimed, files: tuple[OutgoingFile, ...]) -> Outgoing:
    if row.envelope is None:
        raise SendFailed("unsupported", "the contact it answers is not stored any more")
    data: dict[str, Any] = orjson.loads(row.envelope)["data"]
    if row.brand is not None:  # `desk.elsewhere`: there it begins anew
        return _unasked(row, files)
    return Outgoing(
        to=_to(row),
        text=row.text,
        account=data["account"],
        in_reply_to=data["external_id"],
        token=row.id,
        last_inbound_at=_last_inbound(row, data),
        references=tuple(data["thread"]["references"]),
        subject=row.subject if row.subject is not None else data["subject"],
        html=row.html,
        buttons=() if row.buttons is None else tuple(Button(**one) for one in orjson.loads(row.buttons)),
        files=files,
        template=None if row.template is None else msgspec.json.decode(row.template, type=ApprovedTemplate),
        conversation=row.conversation_id,
        automatic=row.automatic,
    )


def _to(row: Claimed) -> Handle:
    return Handle(row.handle_kind, row.handle_value, row.handle_proof)  # type: ignore[arg-type]  # as it was stored


def _last_inbound(row: Claimed, data: dict[str, Any]) -> datetime:
    """When the customer last wrote to where the answer leaves from; a provider's time ahead of ours counts as ours."""
    own = min(_moment(data["sent_at"] or data["received_at"]), _moment(data["received_at"]))
    if data["reply"]["via"] is not None or row.last_inbound_ms is None:
        return own
    return max(own, datetime.fromtimestamp(row.last_inbound_ms / 1000, UTC))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
