"""WhatsApp webhooks as Meta sends them: every kind of message, statuses and changes, each with what must become of it.

Source of the shapes: Meta for Developers, "WhatsApp Cloud API: Webhooks".
"""

import hmac
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.e2e.ledger import Event, envelope_id
from tests.e2e.people import Person, Words

CONNECTOR: Final = "whatsapp"
ACCOUNTS: Final = {"demo": "100200300400500", "acme": "500400300200100"}


@dataclass(frozen=True)
class Piece:
    """One element of a webhook: the array it stands in, the element, and the event it is."""

    key: str
    item: dict[str, Any]
    event: Event
    contact: dict[str, Any] | None = None
    errors: bool = False
    """Whether the change itself carries the error, as for an answer that Meta could not hand on."""


class WhatsApp:
    """Makes pieces. `stamp` makes ids that differ between runs of one test."""

    def __init__(self, chance: random.Random, words: Words, stamp: str) -> None:
        self._random = chance
        self._words = words
        self._stamp = stamp
        self._number = 0

    def message(self, person: Person, brand: str, kind: str | None = None) -> Piece:
        """A message of a random kind (texts are the most frequent), or of the given one."""
        name = kind or self._random.choices(list(KINDS), weights=[40, *[3] * (len(KINDS) - 1)])[0]
        marker = self._marker("w")
        wamid = f"wamid.{self._stamp}{marker}"
        event = Event(
            marker=marker,
            connector=CONNECTOR,
            fate="message",
            brand=brand,
            channel="whatsapp",
            kind="text",
            queue="general",
            id=envelope_id(CONNECTOR, wamid),
        )
        item: dict[str, Any] = {"id": wamid, "timestamp": str(1795284131 + self._number), "type": name}
        contact = person.identify(item)
        event.sender = person.handle(ACCOUNTS[brand])
        KINDS[name](self, item, event, person.language)
        if self._random.random() < 0.1:
            item["context"] = {"from": "390212345678", "id": "wamid.EARLIER"}
        return Piece("messages", item, event, contact, errors="errors_of_change" in item and item.pop("errors_of_change"))

    def signal(self, brand: str) -> Piece:
        """A status of something we sent, or an echo."""
        marker = self._marker("s")
        event = Event(marker=marker, connector=CONNECTOR, fate="signal", brand=brand)
        if self._random.random() < 0.2:
            echo = {"from": "390212345678", "to": "393331234567", "id": f"wamid.{self._stamp}{marker}", "type": "text"}
            return Piece("message_echoes", {**echo, "timestamp": "1795284160", "text": {"body": "Le abbiamo risposto"}}, event)
        state = self._random.choice(["sent", "delivered", "read", "failed", "played", "warmed_up"])
        status: dict[str, Any] = {"id": f"wamid.{self._stamp}{marker}", "status": state, "timestamp": "1795284140"}
        status["recipient_id"] = "393331234567"
        if state == "failed":
            status["errors"] = [{"code": 131047, "title": "Re-engagement message"}]
        return Piece("statuses", status, event)

    def change(self, brand: str) -> tuple[dict[str, Any], Event]:
        """A change that is about the account."""
        marker = self._marker("c")
        word = self._random.choice(["account_update", "message_template_status_update", "phone_number_quality_update"])
        value = {"event": "VERIFIED_ACCOUNT", "phone_number": f"{self._stamp}{marker}"}
        return {"field": word, "value": value}, Event(marker=marker, connector=CONNECTOR, fate="signal", brand=brand)

    def _marker(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number:06d}"

    def said(self, event: Event, language: str) -> str:
        """A text that tells its event and its queue."""
        said = self._words.say(language, event.marker)
        event.text, event.queue, event.copies = said.text, said.queue, said.copies
        return said.text

    def media_id(self, event: Event) -> str:
        prefix = self._random.choices(["ok", "gone", "refused", "elsewhere"], weights=[6, 1, 1, 1])[0]
        event.media = f"{prefix}-{self._stamp}{event.marker}"
        return event.media


def _text(make: WhatsApp, item: dict[str, Any], event: Event, language: str) -> None:
    item["text"] = {"body": make.said(event, language)}


def _media(mime: str, *, caption: bool = False, **more: Any) -> "Build":
    def build(make: WhatsApp, item: dict[str, Any], event: Event, language: str) -> None:
        event.kind = "media"
        media = {"id": make.media_id(event), "mime_type": mime, **more}
        if caption:
            media["caption"] = make.said(event, language)
        item[item["type"]] = media

    return build


def _location(_make: WhatsApp, item: dict[str, Any], event: Event, _language: str) -> None:
    event.kind = "location"
    item["location"] = {"latitude": 45.4642, "longitude": 9.19, "name": "Duomo"}


def _contacts(_make: WhatsApp, item: dict[str, Any], event: Event, _language: str) -> None:
    event.kind = "contact"
    item["contacts"] = [{"name": {"formatted_name": "Rosa Neri"}, "phones": [{"phone": "+39 333 765 4321"}]}]


def _button(make: WhatsApp, item: dict[str, Any], event: Event, language: str) -> None:
    event.kind = "postback"
    item["button"] = {"text": make.said(event, language), "payload": "YES"}


def _interactive(inner: str) -> "Build":
    def build(make: WhatsApp, item: dict[str, Any], event: Event, language: str) -> None:
        event.kind = "postback"
        replies: dict[str, dict[str, Any]] = {
            "button_reply": {"id": "b1"},
            "list_reply": {"id": "l1", "description": "first"},
            "nfm_reply": {"name": "flow", "response_json": '{"size": "28", "flags": ["a"]}'},
            "call_permission_reply": {"response": "accept"},
        }
        reply = replies[inner]
        if inner == "nfm_reply":
            event.kind, reply["body"] = "form", make.said(event, language)
        elif inner != "call_permission_reply":
            reply["title"] = make.said(event, language)
        item["type"] = "interactive"
        item["interactive"] = {"type": inner, inner: reply}

    return build


def _interactive_lost(_make: WhatsApp, item: dict[str, Any], event: Event, _language: str) -> None:
    event.kind, item["type"], item["errors_of_change"] = "unsupported", "interactive", True


def _reaction(emoji: str) -> "Build":
    def build(_make: WhatsApp, item: dict[str, Any], event: Event, _language: str) -> None:
        event.kind, item["type"] = "reaction", "reaction"
        item["reaction"] = {"message_id": "wamid.EARLIER", "emoji": emoji}

    return build


def _order(make: WhatsApp, item: dict[str, Any], event: Event, language: str) -> None:
    event.kind = "form"
    products = [{"product_retailer_id": "PAN-28", "quantity": 2, "item_price": 29.95, "currency": "EUR"}]
    item["order"] = {"catalog_id": "1948", "text": make.said(event, language), "product_items": products}


def _edit(make: WhatsApp, item: dict[str, Any], event: Event, language: str) -> None:
    event.kind = "edit"
    message = {"type": "text", "text": {"body": make.said(event, language)}}
    item["edit"] = {"original_message_id": "wamid.EARLIER", "message": message}


def _revoke(_make: WhatsApp, item: dict[str, Any], event: Event, _language: str) -> None:
    event.kind = "delete"
    item["revoke"] = {"original_message_id": "wamid.EARLIER"}


def _system(_make: WhatsApp, item: dict[str, Any], event: Event, _language: str) -> None:
    event.fate = "signal"
    item["system"] = {"type": "user_changed_number", "wa_id": "393339999999"}


def _unsupported(_make: WhatsApp, item: dict[str, Any], event: Event, _language: str) -> None:
    event.kind = "unsupported"
    item["errors"] = [{"code": 131051, "title": "Message type unknown"}]


def _unheard_of(_make: WhatsApp, item: dict[str, Any], event: Event, _language: str) -> None:
    event.kind, item["type"], item["hologram"] = "unsupported", "hologram", {"id": "7"}


Build = Callable[[WhatsApp, dict[str, Any], Event, str], None]
KINDS: Final[dict[str, Build]] = {
    "text": _text,
    "image": _media("image/jpeg", caption=True),
    "video": _media("video/mp4"),
    "document": _media("application/pdf", filename="fattura.pdf"),
    "sticker": _media("image/webp", animated=False),
    "audio": _media("audio/ogg; codecs=opus", voice=True),
    "voice": _media("audio/ogg"),
    "location": _location,
    "contacts": _contacts,
    "button": _button,
    "button_reply": _interactive("button_reply"),
    "list_reply": _interactive("list_reply"),
    "nfm_reply": _interactive("nfm_reply"),
    "call_permission_reply": _interactive("call_permission_reply"),
    "interactive_lost": _interactive_lost,
    "reaction": _reaction("👍"),
    "reaction_removed": _reaction(""),
    "order": _order,
    "edit": _edit,
    "revoke": _revoke,
    "system": _system,
    "unsupported": _unsupported,
    "hologram": _unheard_of,
}
"""By the name of the case; where it is no `type` of WhatsApp's, the builder sets that."""


def webhook(brand: str, pieces: list[Piece], changes: list[dict[str, Any]]) -> bytes:
    """A request's body: pieces of one kind share a change, as Meta groups them."""
    grouped: dict[tuple[str, bool], list[Piece]] = {}
    for piece in pieces:
        grouped.setdefault((piece.key, piece.errors), []).append(piece)
    account = {"display_phone_number": "390212345678", "phone_number_id": ACCOUNTS[brand]}
    all_changes = []
    for (key, errors), group in grouped.items():
        value: dict[str, Any] = {"messaging_product": "whatsapp", "metadata": account}
        contacts = [piece.contact for piece in group if piece.contact]
        value |= {"contacts": contacts} if contacts else {}
        value |= {"errors": [{"code": 131051, "title": "Message type unknown"}]} if errors else {}
        field = "smb_message_echoes" if key == "message_echoes" else "messages"
        all_changes.append({"field": field, "value": {**value, key: [piece.item for piece in group]}})
    entry = {"id": "102290129340398", "time": 1795284131, "changes": [*all_changes, *changes]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}, ensure_ascii=False).encode()


def signed(body: bytes, secret: str) -> dict[str, str]:
    """The headers of a delivery."""
    signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
