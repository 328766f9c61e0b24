"""Channels whose callers are told what to correct: the form in its three encodings, the chat, and the JSON interface. The
conformance suite is not for them; damaged payloads are."""

import functools
from datetime import datetime
from pathlib import Path
from typing import Final

from connectors import api, chat, web_form
from connectors.base import Request
from connectors.chat.prepared import VISITOR, Client, Frame
from connectors.conformance.subject import Subject, post, read_samples

_SAMPLES: Final = Path(__file__).parents[1] / "samples"
_BOUNDARY: Final = "----WebKitFormBoundaryq7Zb3mXk2PpVv0aD"
_ENCODINGS: Final = {
    "json": (".json", "application/json"),
    "urlencoded": (".form", "application/x-www-form-urlencoded"),
    "multipart": (".multipart", f"multipart/form-data; boundary={_BOUNDARY}"),
}
TOKEN: Final = "desk-token-2026"


def _as(body: bytes, secret: str, at: datetime, *, content_type: str) -> Request:
    return post(body, at, {"Authorization": f"Bearer {secret}"}, name="desk", content_type=content_type)


API = Subject(
    channel=api.CHANNEL,
    settings={
        "tokens": [TOKEN],
        "brand": "demo",
        "brands": ["panco"],
        "channels": ["in_app", "shop_counter", "phone_desk"],
        "fields": {"order": {"max_length": 20}, "total": {"type": "number"}},
        "trusted_proofs": ["agent"],
    },
    samples=read_samples(_SAMPLES / "api"),
    sign=functools.partial(_as, content_type="application/json"),
    secret_key="tokens",
    secret=TOKEN,
    signature="Authorization",
    contact="in_app",
)
FORMS = tuple(
    Subject(
        channel=web_form.CHANNEL,
        settings={
            "brand": "demo",
            "fields": {
                "name": {},
                "email": {"type": "email"},
                "phone": {"type": "phone"},
                "order": {"max_length": 20},
                "total": {"type": "number"},
                "express": {"type": "boolean"},
                "delivered": {"type": "date"},
                "message": {"required": True, "multiline": True},
            },
        },
        samples=read_samples(_SAMPLES / "web_form", ending),
        sign=functools.partial(_as, content_type=content_type),
        secret_key="",
        secret="",
        signature="Authorization",
        contact="",
        more={"samples": f"web_form ({name})"},
    )
    for name, (ending, content_type) in _ENCODINGS.items()
)


def _frame(body: bytes, _secret: str, at: datetime, *, kind: Frame, content_type: str = "application/json") -> Request:
    return Client(visitor="v1").request(kind, body, url="https://gw.example/chat/site", at=at, content_type=content_type)


CHATS = tuple(
    Subject(
        channel=chat.CHANNEL,
        settings={
            "brand": "demo",
            "fields": {"order": {"max_length": 20}, "total": {"type": "number"}, "email": {"type": "email"}},
        },
        samples=read_samples(_SAMPLES / "chat" / folder),
        sign=functools.partial(_frame, kind=kind, content_type=content_type),
        secret_key="",
        secret="",
        signature=VISITOR,
        contact="",
        more={"samples": f"chat ({folder})"},
    )
    for folder, kind, content_type in (
        ("messages", "message", "application/json"),
        ("files", "message", _ENCODINGS["multipart"][1]),
        ("seen", "seen", "application/json"),
    )
)
CALLERS: Final = (API, *FORMS, *CHATS)
