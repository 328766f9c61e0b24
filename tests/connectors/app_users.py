"""What a shop's own server does: it signs a token for the user who is logged in to its app."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from connectors.api import Api
from connectors.api_settings import ApiSettings
from connectors.base import Request
from connectors.errors import Rejected
from normalizer.inbound import Handle, InboundMessage

ARRIVED: Final = datetime(2026, 11, 21, 18, 2, 12, tzinfo=UTC)
NOW: Final = int(ARRIVED.timestamp())
SECRET, OLDER, FOREIGN = (f"a-secret-of-the-shops-own-server-{number}" for number in range(3))
TOKEN: Final = "desk-token-2026"
ANNA: Final = Handle("app_user", "shop-app:u-88213", "verified")
"""The user of `GOOD`."""
GOOD: Final = {"sub": "u-88213", "aud": "regia", "exp": NOW + 600}


@cache
def private_key(name: str) -> Any:
    """One key a name for all tests; its kind is the part before a dot."""
    makers: dict[str, Any] = {
        "RS256": lambda: rsa_key(65537, 2048),
        "short": lambda: rsa_key(65537, 1024),  # noqa: S505  # to see it refused
        "ES256": lambda: ec_key(SECP256R1()),
        "ES384": lambda: ec_key(SECP384R1()),
        "EdDSA": Ed25519PrivateKey.generate,
    }
    return makers[name.partition(".")[0]]()


def pem(name: str) -> str:
    public: bytes = private_key(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public.decode()


def private_pem(name: str) -> str:
    whole: bytes = private_key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return whole.decode()


def shared(**changed: Any) -> dict[str, Any]:
    """`users` with one shared secret."""
    return {"algorithms": ["HS256"], "secrets": SECRET, "audience": "regia", **changed}


def public(*names: str, **changed: Any) -> dict[str, Any]:
    """`users` with public keys; `name@kid` gives one its id."""
    keys = [{"pem": pem(name), **({"kid": kid} if kid else {})} for name, _, kid in (name.partition("@") for name in names)]
    algorithms = sorted({name.partition("@")[0].partition(".")[0] for name in names})
    return {"algorithms": algorithms, "public_keys": keys, "audience": "regia", **changed}


def api(users: dict[str, Any] | None = None, **changed: Any) -> Api:
    settings = {"tokens": [TOKEN], "brand": "demo", "channels": ["app", "desk"], "users": users or shared(), **changed}
    return Api("shop-app", ApiSettings.model_validate(settings))


def sign(key: Any = SECRET, algorithm: str = "HS256", kid: str | None = None, **claims: Any) -> str:
    """A token; a claim that is None is left out."""
    given = {name: value for name, value in {**GOOD, **claims}.items() if value is not None}
    return jwt.encode(given, key, algorithm, headers={"kid": kid} if kid else None)


def part(value: object) -> str:
    """A part of a token that no library would write."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def post(body: dict[str, Any] | bytes | None = None, /, **headers: str) -> Request:
    """From the program of the shop, unless `authorization` is another's."""
    content = body if isinstance(body, bytes) else json.dumps(body or {"text": "Ciao"}).encode()
    given = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        method="POST", url="https://gw.example/v1/messages/app", headers=given, query={}, body=content, received_at=ARRIVED
    )


def alone(token: str, body: dict[str, Any] | None = None, **headers: str) -> Request:
    """From the app itself."""
    return post(body, authorization=f"Bearer {token}", **headers)


def only(request: Request, users: dict[str, Any] | None = None, **changed: Any) -> InboundMessage:
    connector = api(users, **changed)
    connector.verify(request)
    (message,) = connector.parse(request).messages
    return message


def refused(request: Request, users: dict[str, Any] | None = None, **changed: Any) -> Rejected:
    """What both steps say, each by itself."""
    connector = api(users, **changed)
    with pytest.raises(Rejected) as at_the_door:
        connector.verify(request)
    with pytest.raises(Rejected) as inside:
        connector.parse(request)
    assert (inside.value.code, inside.value.detail) == (at_the_door.value.code, at_the_door.value.detail)
    assert inside.value.__cause__ is None
    assert inside.value.__context__ is None, "a log of it would quote the token"
    return inside.value


def misfit(request: Request, users: dict[str, Any] | None = None, **changed: Any) -> Mapping[str, str]:
    connector = api(users, **changed)
    connector.verify(request)
    with pytest.raises(Rejected) as caught:
        connector.parse(request)
    assert caught.value.code == "invalid_fields"
    return caught.value.fields
