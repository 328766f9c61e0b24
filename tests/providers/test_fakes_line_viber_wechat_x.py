"""The signers of LINE, Viber, WeChat, X and Standard Webhooks reproduce the vectors of CHANNELS sections 0 and 6, and their
deliveries are signed over what they post."""

from base64 import b64decode
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from tests.providers import line, standard_webhooks, viber, wechat_webhook, x
from tests.providers.asking import Gateway

BODY = '{"hello":"wörld"}'.encode()
WHSEC = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
AES_KEY = "cmVnaWEtd2VjaGF0LWFlcy1rZXktMzItYnl0ZXMhISE"
XML = b"<xml><FromUserName>u1</FromUserName><MsgType>text</MsgType><Content>hi</Content><MsgId>7</MsgId></xml>"
CIPHER = (
    "2Bvpni6sv9ph64omUY8+c2yK+NgIvEOFzwyQKp4EmojlILYr4vI0Brds1LRKCAdGMUGaJ34i2wRd2Y+rlUdSj0DSpiAeMCTLWJQ277YCyU91ifJqtV"
    "rfGorAydSTcJvDtyO4m/0wyuySthaIokXKRcHKJaoEhLN7dKwNdJq6Dcw+1iVhJWZU6IZOmQjy5h3Jqevu4jhI0dXB8yzgsLJLjg=="
)


def test_signatures_are_those_of_the_vectors() -> None:
    assert line.sign(BODY, "regia-line-secret") == "CHBQ84OvfIAbj0TnWgG6i24fJ9g09a/kp9l9PFGBsKw="
    assert viber.sign(BODY, "regia-viber-token") == "7dd4fd525c54490aeafdfd4fed6704e174aaede13f1049982acdc1015f3836a7"
    assert x.sign(BODY, "regia-x-secret") == "sha256=g4H4NzZc4Q06H9amWugHUz201zB48aQwpCIdDAWCDlQ="
    assert x.response_token("abc123", "regia-x-secret") == "sha256=Q1lylmXww63JgK0GjL9XaJbpkOSqnRV8sOi7C6gkyB4="
    assert wechat_webhook.sign("regia-wx-token", "1700000000", "42") == "f08f1b9aeb192a7e971e91ef1fb75324b0950808"
    signed = standard_webhooks.sign(WHSEC, "msg_1", 1700000000, b'{"type":"message.received"}')
    assert signed == "v1,eITGSlQsIt9lcSycZ74vHeeyNMy3ge+1ySYrz6Orea0="


def test_safe_mode_is_that_of_the_vector() -> None:
    signature = wechat_webhook.sign("regia-wx-token", "1700000000", "42", CIPHER)
    assert signature == "b7fdb884037df155bdef91d16fdfee9541a7e30e"
    key = b64decode(AES_KEY + "=")
    decryptor = Cipher(AES(key), CBC(key[:16])).decryptor()
    random = (decryptor.update(b64decode(CIPHER)) + decryptor.finalize())[:16]
    assert wechat_webhook.encrypt(XML, AES_KEY, "wxapp1", random) == CIPHER


def test_svix_keys_have_24_to_64_bytes() -> None:
    with pytest.raises(ValueError, match="24 to 64"):
        standard_webhooks.key_of("whsec_c2hvcnQ=")


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with Gateway() as server:
        yield server


async def test_hmac_deliveries_sign_the_bytes_they_post(gateway: Gateway) -> None:
    url = f"{gateway.url}/in?tenant=acme"
    assert (await line.deliver(url, {"destination": "Ubot", "events": []}, "s")).status == 200
    await viber.deliver(url, {"event": "webhook"}, "s")
    await x.deliver(url, {"for_user_id": "111"}, "s")
    await x.deliver(url, b"{}", "s", signature="sha256=wrong")
    (lined, query, lined_body), (vibed, _, vibed_body), (xed, _, xed_body), (forged, _, _) = gateway.seen
    assert query == {"tenant": "acme"}
    assert lined["x-line-signature"] == line.sign(lined_body, "s")
    assert vibed["x-viber-content-signature"] == viber.sign(vibed_body, "s")
    assert xed["x-twitter-webhooks-signature"] == x.sign(xed_body, "s")
    assert forged["x-twitter-webhooks-signature"] == "sha256=wrong"


async def test_queries_of_handshakes(gateway: Gateway) -> None:
    assert (await x.crc(f"{gateway.url}/in", "abc123")).body == b"kept"
    await wechat_webhook.handshake(f"{gateway.url}/in", "t", "echo")
    (_, crc, _), (_, wx, _) = gateway.seen
    assert crc == {"crc_token": "abc123"}
    assert wx["echostr"] == "echo"
    assert wx["signature"] == wechat_webhook.sign("t", wx["timestamp"], wx["nonce"])


async def test_wechat_deliveries(gateway: Gateway) -> None:
    xml = wechat_webhook.message_xml("gh_shop", "oOpenId1", Content="a ]]> b 你好", MsgId=6054768590064713728)
    await wechat_webhook.deliver(f"{gateway.url}/in", xml, "t", openid="oOpenId1")
    await wechat_webhook.deliver_safe(f"{gateway.url}/in", xml, "t", AES_KEY, "wxapp1", nonce="42")
    (_, plain, body), (_, safe, outer) = gateway.seen
    assert body == xml
    assert plain["openid"] == "oOpenId1"
    encrypted = outer.split(b"<Encrypt><![CDATA[")[1].split(b"]]>")[0].decode()
    assert safe["encrypt_type"] == "aes"
    assert safe["msg_signature"] == wechat_webhook.sign("t", safe["timestamp"], "42", encrypted)
    assert b"oOpenId1" not in outer


async def test_standard_webhooks_headers(gateway: Gateway) -> None:
    other = "whsec_" + "QUJD" * 8
    await standard_webhooks.deliver(
        f"{gateway.url}/in", b"{}", [other, WHSEC], message_id="msg_9", timestamp=5, prefix="svix", noise=True
    )
    headers = gateway.seen[0][0]
    entries = headers["svix-signature"].split(" ")
    assert (headers["svix-id"], headers["svix-timestamp"]) == ("msg_9", "5")
    assert {standard_webhooks.sign(secret, "msg_9", 5, b"{}") for secret in (other, WHSEC)} < set(entries)
    assert standard_webhooks.NOISE in entries
