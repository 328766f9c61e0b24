"""How long a token of the Meta Graph API is good for, asked with the token itself.

Source: Meta for Developers, "Graph API: Debug token" and "Handle errors".
"""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from config.secrets import Secret
from connectors.base import Credential, Http
from connectors.errors import HttpFailed
from connectors.kit.outbound import bearer
from connectors.meta import graph_answer
from connectors.reading import Part

_INVALID: Final = frozenset({102, 190})
"""Errors that say the token has ended or was revoked: then it cannot even ask about itself."""


async def asked(token: Secret, root: str, http: Http, name: str = "access_token") -> Credential:
    """What Meta says of `token`. `root` is the API's address with its version, `name` the token's setting. Raises
    `HttpFailed` where Meta does not say, as for tokens that may not ask."""
    url = f"{root}/debug_token?input_token={quote(token.get_secret_value(), safe='')}"
    answer, error = graph_answer(await http.request("GET", url, headers=bearer(token)))
    if error is not None and error.code in _INVALID:
        return Credential(name=name, valid=False)
    said = answer.hints("data")
    if error is not None or "is_valid" not in said.data:
        raise HttpFailed("provider_error", sent=True)
    return Credential(name=name, valid=said.flag("is_valid"), expires_at=_end(said))


def _end(said: Part) -> datetime | None:
    """0 is a token without an end."""
    seconds = said.whole("expires_at")
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (OverflowError, OSError, ValueError):
        return None
