"""Who calls: the headers of a call in our user's name.

Sources: RFC 6750; RFC 5849, section 3.4 (OAuth 1.0a signatures); X developers, "Creating a signature". A refresh token of
OAuth 2 is good for one use only at X and so cannot stand in settings; the keys of OAuth 1.0a do not end.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from connectors.kit.outbound import bearer, now
from connectors.kit.settings import several
from connectors.x.settings import XSettings

_NONCE: Final = 16


def authorization(settings: XSettings, method: str, url: str) -> dict[str, str] | None:
    """Headers for a call whose body is JSON or none; None where the connector has no token."""
    if settings.access_token is not None:
        return bearer(settings.access_token)
    if settings.oauth1 is None:
        return None
    keys = settings.oauth1
    fields = {
        "oauth_consumer_key": keys.consumer_key.get_secret_value(),
        "oauth_nonce": secrets.token_hex(_NONCE),
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(now().timestamp())),
        "oauth_token": keys.access_token.get_secret_value(),
        "oauth_version": "1.0",
    }
    consumer_secret = several(settings.consumer_secret)[0].get_secret_value()
    fields["oauth_signature"] = signature(method, url, fields, consumer_secret, keys.access_token_secret.get_secret_value())
    return {"Authorization": "OAuth " + ", ".join(f'{name}="{_quoted(value)}"' for name, value in sorted(fields.items()))}


def signature(method: str, url: str, fields: Mapping[str, str], consumer_secret: str, token_secret: str) -> str:
    """HMAC-SHA1 over method, address without its query, and every parameter in order."""
    parts = urlsplit(url)
    pairs = [*fields.items(), *parse_qsl(parts.query, keep_blank_values=True)]
    listed = "&".join(f"{name}={value}" for name, value in sorted((_quoted(name), _quoted(value)) for name, value in pairs))
    base = "&".join(map(_quoted, (method, f"{parts.scheme}://{parts.netloc}{parts.path}", listed)))
    key = f"{_quoted(consumer_secret)}&{_quoted(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


def _quoted(text: str) -> str:
    return quote(text, safe="~")
