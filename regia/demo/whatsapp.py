"""Signed webhooks as WhatsApp's Cloud API sends them, for the accounts a configuration has."""

import hashlib
import hmac
import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from connectors.whatsapp import WhatsApp
from regia.demo.people import Person
from regia.demo.posts import Contact, Post

_WITHOUT_PHONE: Final = 9
"""Every ninth customer has taken a user name and shows no phone number."""
_EMOJI: Final = ("👍", "❤️", "🙏", "😡")
_STATES: Final = ("sent", "delivered", "read")


class WhatsAppSender:
    """Speaks for Meta to one connector, with that connector's own app secret."""

    def __init__(self, connector: WhatsApp, rng: random.Random) -> None:
        settings = connector.settings
        self.name = connector.name
        self._secret = settings.app_secrets[0].get_secret_value().encode()
        self._accounts = [(phone_id, account.number or "") for phone_id, account in settings.accounts.items()]
        self._rng = rng
        # With a token the gateway would ask Meta for the picture; an invented id is not worth that call.
        self.takes_photos = settings.access_token is None

    def post(self, contact: Contact) -> Post:
        """A text, or a photo with the text as its caption. The picture itself stays with Meta, where there is none."""
        if contact.photo is None:
            return self._message("WhatsApp messages", contact, {"type": "text", "text": {"body": contact.text}})
        digest = hashlib.sha256(contact.photo).hexdigest()
        image = {"id": str(self._number(10**15)), "mime_type": "image/png", "sha256": digest, "caption": contact.text}
        return self._message("WhatsApp photos", contact, {"type": "image", "image": image})

    def reaction(self, contact: Contact, about: str) -> Post:
        """A reaction to the message whose token is `about`."""
        reaction = {"message_id": _wamid(about), "emoji": self._rng.choice(_EMOJI)}
        return self._message("WhatsApp reactions", contact, {"type": "reaction", "reaction": reaction})

    def status(self, person: Person, token: str, at: datetime) -> Post:
        """What became of a message that was sent to a customer."""
        status = {"id": _wamid(f"out-{token}"), "status": self._rng.choice(_STATES), "recipient_id": person.phone[1:]}
        return self._signed("WhatsApp statuses", {"statuses": [{**status, "timestamp": _seconds(at)}]})

    def _message(self, what: str, contact: Contact, content: Mapping[str, Any]) -> Post:
        person = contact.person
        phone = {} if int(person.user_id[3:]) % _WITHOUT_PHONE == 0 else {"from": person.phone[1:]}
        message = {**phone, "from_user_id": person.user_id, "id": _wamid(contact.token), "timestamp": _seconds(contact.at)}
        profile = {"profile": {"name": person.name}, "user_id": person.user_id}
        contacts = [profile | {"wa_id": phone["from"]} if phone else profile]
        return self._signed(what, {"contacts": contacts, "messages": [{**message, **content}]})

    def _signed(self, what: str, value: Mapping[str, Any]) -> Post:
        phone_id, number = self._rng.choice(self._accounts)
        metadata = {"display_phone_number": number.removeprefix("+"), "phone_number_id": phone_id}
        change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
        entry = {"id": "102290129340398", "changes": [change]}
        body = orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
        return Post(what=what, path=f"/webhooks/{self.name}", body=body, headers=headers)

    def _number(self, below: int) -> int:
        return self._rng.randrange(below // 10, below)


def _wamid(token: str) -> str:
    return f"wamid.demo.{token}"


def _seconds(at: datetime) -> str:
    return str(int(at.timestamp()))
