"""Telegram, for the conformance suite and the samples."""

from datetime import datetime
from pathlib import Path

from connectors import telegram
from connectors.base import Outgoing, Request
from connectors.conformance.fake_http import answer
from connectors.conformance.subject import ARRIVED, Replying, Subject, post, read_samples
from normalizer.inbound import Handle

BOT = "7000000001"
TOKEN = f"{BOT}:AAregia_telegram_token"
SECRET = "regia-telegram-secret"


def sign(body: bytes, secret: str, at: datetime) -> Request:
    return post(body, at, {"X-Telegram-Bot-Api-Secret-Token": secret}, name="telegram")


def refusal(status: int, words: str, **parameters: int) -> dict[str, object]:
    return {"ok": False, "error_code": status, "description": words} | ({"parameters": parameters} if parameters else {})


SUBJECT = Subject(
    channel=telegram.CHANNEL,
    settings={
        "type": "telegram",
        "brand": "demo",
        "token": TOKEN,
        "username": "regia_demo_bot",
        "secret_token": SECRET,
    },
    samples=read_samples(Path(__file__).parents[1] / "samples" / "telegram"),
    sign=sign,
    secret_key="secret_token",
    secret=SECRET,
    signature="X-Telegram-Bot-Api-Secret-Token",
    contact="text",
    batch="business_deleted_one_malformed",
    signed_body=False,
    more={"echo": "business_from_owner"},
    replying=Replying(
        outgoing=Outgoing(
            to=Handle("telegram_user", f"{BOT}:6123456789", "verified"),
            text="La padella è partita oggi.",
            account="regia_demo_bot",
            in_reply_to="6123456789:501",
            token="0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
            last_inbound_at=ARRIVED,
        ),
        taken=answer(
            {
                "ok": True,
                "result": {
                    "message_id": 502,
                    "date": 1767225700,
                    "chat": {"id": 6123456789, "type": "private"},
                    "text": "La padella è partita oggi.",
                },
            }
        ),
        told=[
            (answer(refusal(429, "Too Many Requests: retry after 7", retry_after=7), 429), "rate_limited"),
            (answer(refusal(403, "Forbidden: bot was blocked by the user"), 403), "blocked_by_user"),
            (answer(refusal(403, "Forbidden: user is deactivated"), 403), "invalid_recipient"),
            (answer(refusal(400, "Bad Request: chat not found"), 400), "invalid_recipient"),
            (answer(refusal(400, "Bad Request: message text is empty"), 400), "unsupported"),
            (answer(refusal(401, "Unauthorized"), 401), "auth"),
            (answer(refusal(404, "Not Found"), 404), "auth"),
            (answer(b"<html>Bad Gateway</html>", 502), "retryable"),
            (answer(b"", 504), "unknown"),
        ],
    ),
)
