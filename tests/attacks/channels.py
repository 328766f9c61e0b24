"""The real connectors, and requests to them as platforms, browsers and programs make them. What comes out is what the
connectors made of it, so proofs and claims are theirs."""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import jwt

from connectors.api import Api
from connectors.api_settings import ApiSettings
from connectors.base import BaseConnector, Parsed, Request
from connectors.email.connector import EmailConnector
from connectors.email.settings import EmailSettings
from connectors.form_settings import WebFormSettings
from connectors.web_form import WebForm
from connectors.whatsapp import WhatsApp, WhatsAppSettings
from normalizer.inbound import InboundMessage
from tests.attacks.persons import PHONE_NUMBER_ID

SHOP: Final = "support@demo.test"
BORDER: Final = "mx.demo.test"
"""Our own mail server, whose results are believed."""
THREAD_KEY: Final = "a-key-for-the-marks-of-mails-in-tests"
APP_SECRET: Final = "the-app-secret-of-whatsapp"
USERS_SECRET: Final = "a-secret-of-the-shops-own-server-1"
PROGRAM: Final = "token-of-the-chats-program"
DESK: Final = "token-of-the-phone-desk"
AUDIENCE: Final = "regia"

MAIL: Final = EmailConnector(
    "mail",
    EmailSettings.model_validate(
        {
            "type": "email",
            "brand": "demo",
            "address": SHOP,
            "aliases": ["info@demo.test"],
            "trusted_servers": [BORDER],
            "thread_key": THREAD_KEY,
        }
    ),
)
WHATSAPP: Final = WhatsApp(
    "whatsapp",
    WhatsAppSettings.model_validate(
        {
            "type": "whatsapp",
            "app_secret": APP_SECRET,
            "verify_token": "regia-verify",
            "accounts": {PHONE_NUMBER_ID: {"brand": "demo", "number": "+390212345678"}},
        }
    ),
)
FORM: Final = WebForm(
    "form",
    WebFormSettings.model_validate(
        {
            "type": "web_form",
            "brand": "demo",
            "fields": {
                "name": {},
                "email": {"type": "email"},
                "phone": {"type": "phone"},
                "order": {},
                "customer": {},
                "message": {"multiline": True},
            },
            "require_one_of": [["email", "phone"]],
        }
    ),
)
APP: Final = Api(
    "app",
    ApiSettings.model_validate(
        {
            "brand": "demo",
            "channels": ["app"],
            "tokens": [PROGRAM],
            "users": {
                "algorithms": ["HS256"],
                "secrets": USERS_SECRET,
                "audience": AUDIENCE,
                "scope": "shop",
                "direct": True,
                "verified_addresses": True,
            },
        }
    ),
)
CHAT: Final = Api(
    "chat",
    ApiSettings.model_validate(
        {"brand": "demo", "channels": ["chat"], "tokens": [PROGRAM], "fields": {"customer": {}, "order": {}}}
    ),
)
COUNTER: Final = Api(
    "counter",
    ApiSettings.model_validate({"brand": "demo", "channels": ["phone"], "tokens": [DESK], "trusted_proofs": ["agent"]}),
)


def whatsapp(message: Mapping[str, Any], contact: Mapping[str, Any], at: datetime, *, secret: str = APP_SECRET) -> Parsed:
    """One message as Meta delivers and signs it. Raises `Rejected` where the secret is not ours."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": PHONE_NUMBER_ID},
        "contacts": [contact],
        "messages": [{"timestamp": str(int(at.timestamp())), **message}],
    }
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }
    raw = json.dumps(body).encode()
    headers = {"x-hub-signature-256": f"sha256={hmac.digest(secret.encode(), raw, 'sha256').hex()}"} if secret else {}
    return _received(WHATSAPP, raw, at, headers)


def mail(headers: Sequence[tuple[str, str]], text: str, at: datetime) -> Parsed:
    """One mail with these headers in their order, the topmost first."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return _received(MAIL, f"{head}\r\n{text}\r\n".encode("utf-8", "surrogateescape"), at)


def form(at: datetime, **values: str) -> Parsed:
    """One post of the web form. Raises `Rejected` for what no form takes."""
    return _received(FORM, json.dumps(values).encode(), at, {"content-type": "application/json"})


def api(connector: Api, token: str, body: Mapping[str, Any], at: datetime, **headers: str) -> Parsed:
    """One contact of a program or of an app. Raises `Rejected`."""
    given = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    return _received(connector, json.dumps(body).encode(), at, given | headers)


def user_token(user: str, at: datetime, *, key: str = USERS_SECRET, **claims: Any) -> str:
    """What the shop's own server signs for its user."""
    now = int(at.timestamp())
    return jwt.encode({"sub": user, "aud": AUDIENCE, "exp": now + 600, **claims}, key, "HS256")


def only(parsed: Parsed) -> InboundMessage:
    (message,) = parsed.messages
    return message


def _received(connector: BaseConnector[Any], body: bytes, at: datetime, headers: Mapping[str, str] | None = None) -> Parsed:
    request = Request(method="POST", url="https://gw.test/x", headers=headers or {}, query={}, body=body, received_at=at)
    connector.verify(request)
    return connector.parse(request)
