"""WeChat in plain mode, for the conformance suite and the samples; and how it signs and encrypts in safe mode."""

import base64
import hashlib
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from connectors import wechat
from connectors.base import Outgoing, Request
from connectors.conformance.fake_http import answer
from connectors.conformance.subject import ARRIVED, Replying, Subject, read_samples
from normalizer.inbound import Handle

ACCOUNT = "gh_regiashop"
TOKEN = "regia-wx-token"
AES_KEY = "cmVnaWEtd2VjaGF0LWFlcy1rZXktMzItYnl0ZXMhISE"
APP_ID = "wxapp1"
NONCE = "1320562132"


def sha1(*parts: str) -> str:
    """The SHA-1 of the sorted parts, as WeChat's access guide has it."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def encrypt(plain: bytes) -> str:
    """`Encrypt` of safe mode: 16 random bytes, four of length, the content and the app's id, padded to 32."""
    key = base64.b64decode(AES_KEY + "=")
    text = b"0123456789abcdef" + len(plain).to_bytes(4, "big") + plain + APP_ID.encode()
    fill = 32 - len(text) % 32
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(text + bytes([fill]) * fill) + encryptor.finalize()).decode()


def request(query: dict[str, str], body: bytes, at: datetime, method: str = "POST") -> Request:
    return Request(
        method=method,
        url=f"https://gw.example/webhooks/wechat?{urlencode(query)}",
        headers={"content-type": "text/xml"},
        query=query,
        body=body,
        received_at=at,
    )


def sign(body: bytes, secret: str, at: datetime) -> Request:
    made = str(int(at.timestamp()))
    query = {"signature": sha1(secret, made, NONCE), "timestamp": made, "nonce": NONCE}
    return request(query, body, at)


def sign_safe(body: bytes, secret: str, at: datetime) -> Request:
    made, cipher = str(int(at.timestamp())), encrypt(body)
    query = {
        "signature": sha1(secret, made, NONCE),
        "timestamp": made,
        "nonce": NONCE,
        "encrypt_type": "aes",
        "msg_signature": sha1(secret, made, NONCE, cipher),
    }
    envelope = f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>"
    return request(query, envelope.encode(), at)


SUBJECT = Subject(
    channel=wechat.CHANNEL,
    settings={
        "type": "wechat",
        "token": TOKEN,
        "app_id": APP_ID,
        "app_secret": "regia-wx-secret",
        "accounts": {ACCOUNT: {"brand": "demo"}},
    },
    samples=read_samples(Path(__file__).parents[1] / "samples" / "wechat"),
    sign=sign,
    secret_key="token",
    secret=TOKEN,
    signature="signature",
    contact="text",
    signed_body=False,
    stale_after=300,
    replying=Replying(
        nameless=True,
        outgoing=Outgoing(
            to=Handle("wechat_user", f"{ACCOUNT}:oRegia_WeiLing0a1B2c3D4e5F6g", "verified"),
            text="今天已发货。",
            account=ACCOUNT,
            in_reply_to="6054768590064720919",
            token="0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
            last_inbound_at=ARRIVED,
        ),
        before=[answer({"access_token": "regia-wx-access", "expires_in": 7200})],
        taken=answer({"errcode": 0, "errmsg": "ok"}),
        told=[
            (answer({"errcode": code, "errmsg": "x"}), meaning)
            for code, meaning in (
                (-1, "retryable"),
                (40001, "auth"),
                (40003, "invalid_recipient"),
                (43004, "blocked_by_user"),
                (45002, "too_large"),
                (45009, "rate_limited"),
                (45015, "window_closed"),
                (45047, "window_closed"),
                (47001, "unsupported"),
            )
        ],
    ),
)
