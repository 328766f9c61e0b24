"""How long a channel access token of LINE is good for.

Source: LINE Developers, "Messaging API reference: Verify the validity of short-lived and long-lived channel access tokens".
"""

from datetime import datetime, timedelta
from typing import Final

from config.secrets import Secret
from connectors.base import Credential, Http
from connectors.errors import HttpFailed
from connectors.kit.outbound import answer, bearer

_NAME: Final = "access_token"
_LONGEST: Final = 10 * 366 * 86_400
_OK, _NOT_KNOWN, _REFUSED = 200, 400, 401


async def asked(token: Secret, api_url: str, http: Http, at: datetime) -> Credential:
    """What LINE says of `token` at the time `at`. Raises `HttpFailed` where it does not say."""
    response = await http.request("POST", f"{api_url}/v2/oauth/verify", form={"access_token": token.get_secret_value()})
    if response.status == _OK:
        seconds = answer(response).whole("expires_in") or 0
        return Credential(name=_NAME, expires_at=at + timedelta(seconds=seconds) if 0 < seconds < _LONGEST else None)
    if response.status == _NOT_KNOWN:
        # Tokens of version 2.1 and stateless ones are not known there either: only the API itself says that one is refused.
        response = await http.request("GET", f"{api_url}/v2/bot/info", headers=bearer(token))
        if response.status in (_OK, _REFUSED):
            return Credential(name=_NAME, valid=response.status == _OK)
    raise HttpFailed("provider_error", sent=True)
