"""A telephone exchange, for the conformance suite and the samples: forms, and the same as JSON."""

from datetime import datetime
from pathlib import Path

from connectors import pbx
from connectors.base import Request
from connectors.conformance.subject import Subject, post, read_samples

SECRET = "regia-pbx-secret"


def sign(body: bytes, secret: str, at: datetime) -> Request:
    kind = "application/json" if body.startswith((b"{", b"[")) else "application/x-www-form-urlencoded"
    return post(body, at, {"Authorization": f"Bearer {secret}"}, name="pbx", content_type=kind)


SUBJECT = Subject(
    channel=pbx.CHANNEL,
    settings={"type": "pbx", "brand": "demo", "account": "Milano", "secret": SECRET},
    samples=read_samples(Path(__file__).parents[1] / "samples" / "pbx"),
    sign=sign,
    secret_key="secret",
    secret=SECRET,
    signature="Authorization",
    signed_body=False,
    contact="ringing",
)
