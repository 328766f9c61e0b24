"""Twilio's calls, for the conformance suite and the samples."""

from datetime import datetime
from pathlib import Path

from connectors import twilio_voice
from connectors.base import Request
from connectors.conformance.subject import Subject, read_samples
from tests.subjects.twilio import NUMBER, SID, TOKEN, signed


def sign(body: bytes, secret: str, at: datetime) -> Request:
    return signed(body, secret, at, "twilio_voice")


SUBJECT = Subject(
    channel=twilio_voice.CHANNEL,
    settings={
        "type": "twilio_voice",
        "account_sid": SID,
        "auth_token": TOKEN,
        "accounts": {NUMBER: {"brand": "demo"}, "whatsapp:+15005550007": {"brand": "demo"}},
        "say": "Please leave a message.",
        "record": True,
    },
    samples=read_samples(Path(__file__).parents[1] / "samples" / "twilio_voice"),
    sign=sign,
    secret_key="auth_token",
    secret=TOKEN,
    signature="X-Twilio-Signature",
    contact="ringing",
    # A SID, which stands for a caller who hides the number too, is Twilio's own, for all numbers. A user of our app, and a
    # SIP address, are the same person whatever number they call.
    more={"global_keys": True, "global_handles": ("unknown_caller", "twilio_client", "sip")},
)
