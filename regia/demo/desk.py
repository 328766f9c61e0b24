"""Contacts that a program of ours hands in: the shop counter, the phone desk, the app."""

import base64
import random

import orjson

from connectors.api import Api
from regia.demo.posts import Contact, Post


class DeskSender:
    """Posts to one connector of type `api`, with its first token. Each customer comes by one of its channels."""

    def __init__(self, connector: Api, rng: random.Random) -> None:
        settings = connector.settings
        self.name = connector.name
        self._token = settings.tokens[0].get_secret_value()
        self._channels = settings.channels
        self._rng = rng
        upload = settings.upload
        self.takes_photos = upload is not None and bool({"image/*", "image/png"} & set(upload.content_types))

    def post(self, contact: Contact) -> Post:
        """A contact by phone number, with the address as a claim; a photo goes along in base64."""
        person = contact.person
        body: dict[str, object] = {
            "sender": {
                "handle": {"kind": "phone", "value": person.phone},
                "name": person.name,
                "claims": [{"kind": "email", "value": person.email}],
            },
            "channel": self._rng.choice(self._channels),
            "text": contact.text,
            "language": person.language,
        }
        if contact.photo is not None:
            content = base64.b64encode(contact.photo).decode()
            body["attachments"] = [{"content": content, "filename": "photo.png", "content_type": "image/png"}]
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self._token}",
            "Idempotency-Key": f"demo-{contact.token}",
        }
        return Post(what="desk contacts", path=f"/v1/messages/{self.name}", body=orjson.dumps(body), headers=headers)
