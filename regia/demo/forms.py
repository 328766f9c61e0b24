"""Posts of a web form, filled in by what its fields are declared to be."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import ceil, floor
from typing import Final

import orjson

from connectors.errors import Rejected
from connectors.form_settings import WebFormSettings
from connectors.form_topics import fields_with
from connectors.web_form import WebForm
from normalizer.fields import FieldSpec
from regia.demo.posts import Contact, Post
from regia.demo.texts import Topic

_BOUNDARY: Final = "----regia-demo-7f3a1c"
_WORDS: Final[Mapping[Topic, tuple[str, ...]]] = {
    "returns": ("return", "refund", "reso", "rimborso"),
    "warranty": ("warrant", "garan", "repair"),
    "delivery": ("deliver", "ship", "consegn", "spedi"),
    "general": ("other", "altro", "info", "general"),
}
"""Beginnings by which a choice of the form is taken to mean a topic."""


class FormSender:
    """Fills one form in. Half of the posts leave an e-mail address, the others a phone number, unless both are asked."""

    def __init__(self, connector: WebForm, rng: random.Random) -> None:
        self.name = connector.name
        self._settings: WebFormSettings = connector.settings
        self._rng = rng
        upload = self._settings.upload
        self.takes_photos = upload is not None and bool({"image/*", "image/png"} & set(upload.content_types))

    def post(self, contact: Contact) -> Post:
        """JSON like a shop's own page sends it; with a photo, multipart like a browser."""
        values = {**self._values(contact), "submission": f"demo-{contact.token}"}
        path = f"/forms/{self.name}"
        if contact.photo is None:
            headers = {"Content-Type": "application/json", "Accept-Language": contact.person.language}
            return Post(what="form posts", path=path, body=orjson.dumps(values), headers=headers)
        headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}", "Accept-Language": contact.person.language}
        return Post(what="form posts", path=path, body=_multipart(values, contact.photo), headers=headers)

    def _values(self, contact: Contact) -> dict[str, str]:
        settings, person = self._settings, contact.person
        known = {
            settings.message_field: contact.text,
            settings.name_field: person.name,
            settings.email_field: person.email,
            settings.phone_field: person.phone,
            settings.subject_field or "": contact.text.split(".")[0][:80],
        }
        topic = self._chosen(tuple(settings.topics), contact.topic) if settings.topics else None
        shown = fields_with(settings.topics, settings.fields, topic)
        values = {
            name: known[name][: spec.longest] if name in known else self._filled(name, spec, contact)
            for name, spec in shown.items()
            if spec.required or spec.pattern is None
        }
        for name in self._left_out():
            values.pop(name, None)
        return values if topic is None else {settings.topic_field: topic, **values}

    def _left_out(self) -> list[str]:
        """Of two addresses that are not both asked for, the one this customer does not give."""
        settings = self._settings
        free = [name for name in settings.address_fields if not settings.fields[name].required]
        one_of_two = len(free) == 2 and any(set(free) <= set(group) for group in settings.groups)  # noqa: PLR2004
        return [self._rng.choice(free)] if one_of_two else []

    def _filled(self, name: str, spec: FieldSpec, contact: Contact) -> str:
        match spec.type:
            case "choice":
                return self._chosen(tuple(spec.choices), contact.topic)
            case "number":
                return str(self._number(spec))
            case "boolean":
                return "true"
            case "date":
                return (contact.at - timedelta(days=self._rng.randrange(2, 60))).date().isoformat()
            case "email" | "phone":
                return contact.person.email if spec.type == "email" else contact.person.phone
            case "text":
                return (contact.person.order if "order" in name else contact.text)[: spec.longest]

    def _number(self, spec: FieldSpec) -> int:
        low = ceil(spec.minimum if spec.minimum is not None else min(1.0, spec.maximum or 1.0))
        high = floor(spec.maximum if spec.maximum is not None else low + 900)
        return self._rng.randint(low, max(low, high))

    def _chosen(self, choices: tuple[str, ...], topic: Topic) -> str:
        fitting = [choice for choice in choices if choice.lower().startswith(_WORDS[topic])]
        return fitting[0] if fitting else self._rng.choice(choices)


def refusal(connector: WebForm, post: Post) -> str | None:
    """Why the form would not take this post, or None. Its pattern or its own bounds may ask what nobody can invent."""
    try:
        connector.parse(post.as_received(datetime.now(UTC)))
    except Rejected as error:
        return ", ".join(error.fields) or error.code
    return None


def _multipart(values: Mapping[str, str], photo: bytes) -> bytes:
    """RFC 7578, as browsers write it."""
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in values.items()]
    file = b'Content-Disposition: form-data; name="files"; filename="photo.png"\r\nContent-Type: image/png\r\n\r\n'
    parts.append(file + photo)
    line = f"--{_BOUNDARY}".encode()
    return b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
