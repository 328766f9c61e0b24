"""Whether a provider still takes our token, where it says so by the status of a call that changes nothing."""

from collections.abc import Mapping
from typing import Any, Final

from connectors.base import Credential, Http
from connectors.errors import HttpFailed

REFUSED: Final = frozenset({401})
_OK: Final = 200


async def asked(
    http: Http,
    url: str,
    *,
    name: str,
    headers: Mapping[str, str] | None = None,
    refused: frozenset[int] = REFUSED,
) -> Credential:
    """`name` is the token's setting, `refused` what the provider answers to a token that it does not take. Raises
    `HttpFailed` for any other answer, which says nothing."""
    response = await http.request("GET", url, headers=headers)
    if response.status == _OK or response.status in refused:
        return Credential(name=name, valid=response.status == _OK)
    raise HttpFailed("provider_error", sent=True)


def said(name: str, code: Any, *, fine: frozenset[int], refused: frozenset[int]) -> Credential:
    """The same for a provider that says it by a code in an answer of 200. Raises `HttpFailed` for any other code."""
    if code in fine or code in refused:
        return Credential(name=name, valid=code in fine)
    raise HttpFailed("provider_error", sent=True)
