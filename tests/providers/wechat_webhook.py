"""WeChat's side of a webhook (CHANNELS section 6): the echostr handshake, plain and safe mode deliveries.

The query signature covers token, timestamp and nonce only; in safe mode `msg_signature` covers the cipher text too.
"""

import os
import time
from base64 import b64decode, b64encode
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from yarl import URL

from tests.providers.base import Reply, deliver_raw

PAD = 32
"""The block of WeChat's PKCS#7, twice that of AES."""


def sign(*parts: str) -> str:
    """SHA-1 over the sorted parts: token, timestamp and nonce, in safe mode also the cipher text."""
    return sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def encrypt(plain: bytes, aes_key: str, appid: str, random: bytes | None = None) -> str:
    """`Encrypt` of safe mode: 16 random bytes, the length, the XML and the appid, AES-256-CBC, base64."""
    key = b64decode(aes_key + "=")
    text = (random or os.urandom(16)) + len(plain).to_bytes(4, "big") + plain + appid.encode()
    fill = PAD - len(text) % PAD
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    return b64encode(encryptor.update(text + bytes([fill]) * fill) + encryptor.finalize()).decode()


def message_xml(account: str, openid: str, kind: str = "text", *, created: int | None = None, **fields: str | int) -> bytes:
    """The XML of one message or event; texts stand in CDATA, numbers bare."""
    common: dict[str, str | int] = {
        "ToUserName": account,
        "FromUserName": openid,
        "CreateTime": int(time.time()) if created is None else created,
        "MsgType": kind,
    }
    return f"<xml>{''.join(_element(name, value) for name, value in {**common, **fields}.items())}</xml>".encode()


def _element(name: str, value: str | int) -> str:
    inner = str(value) if isinstance(value, int) else f"<![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]>"
    return f"<{name}>{inner}</{name}>"


def signed_query(token: str, timestamp: str | None = None, nonce: str | None = None) -> dict[str, str]:
    """`signature`, `timestamp` and `nonce` of a request; now and a random nonce unless given."""
    stamp, number = timestamp or str(int(time.time())), nonce or str(int.from_bytes(os.urandom(4), "big"))
    return {"signature": sign(token, stamp, number), "timestamp": stamp, "nonce": number}


async def handshake(
    url: str, token: str, echostr: str = "5837194826091733217", *, signature: str | None = None, timestamp: str | None = None
) -> Reply:
    """The GET with which WeChat tries an address: the answer must be `echostr` and nothing else."""
    query = {**signed_query(token, timestamp), "echostr": echostr}
    if signature is not None:
        query["signature"] = signature
    return await deliver_raw(str(URL(url).update_query(query)), method="GET", seconds=5)


async def deliver(
    url: str,
    xml: bytes,
    token: str,
    *,
    openid: str | None = None,
    signature: str | None = None,
    timestamp: str | None = None,
    nonce: str | None = None,
) -> Reply:
    """Posts one message in plain mode; `signature` replaces the right one. WeChat waits five seconds."""
    query = {**signed_query(token, timestamp, nonce), **({} if openid is None else {"openid": openid})}
    if signature is not None:
        query["signature"] = signature
    return await _post(url, query, xml)


async def deliver_safe(
    url: str,
    xml: bytes,
    token: str,
    aes_key: str,
    appid: str,
    *,
    account: str = "gh_shop",
    openid: str | None = None,
    msg_signature: str | None = None,
    timestamp: str | None = None,
    nonce: str | None = None,
) -> Reply:
    """Posts one message in safe mode; `msg_signature` replaces the right one. WeChat waits five seconds."""
    cipher = encrypt(xml, aes_key, appid)
    query = {**signed_query(token, timestamp, nonce), **({} if openid is None else {"openid": openid})}
    right = sign(token, query["timestamp"], query["nonce"], cipher)
    query |= {"encrypt_type": "aes", "msg_signature": right if msg_signature is None else msg_signature}
    body = f"<xml>{_element('ToUserName', account)}{_element('Encrypt', cipher)}</xml>"
    return await _post(url, query, body.encode())


async def _post(url: str, query: dict[str, str], body: bytes) -> Reply:
    return await deliver_raw(str(URL(url).update_query(query)), body, {"Content-Type": "text/xml"}, seconds=5)
