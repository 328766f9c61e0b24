"""What WeChat's `errcode` means for us. HTTP 200 stands over refusals too.

Source: WeChat official account documents, "Global return codes" and "Customer service messages".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from connectors.base import HttpResponse
from connectors.errors import SendCode
from connectors.kit.outbound import FIRST_ERROR, answer, status_code

_CODES: Final[Mapping[int, SendCode]] = MappingProxyType(
    {
        -1: "retryable",  # busy
        40001: "auth",  # credential, or a token that is not the latest
        40003: "invalid_recipient",  # openid
        40013: "auth",  # appid
        40014: "auth",  # token
        40125: "auth",  # appsecret
        40164: "auth",  # our address is not in the account's IP allowlist
        41001: "auth",  # token missing
        41002: "auth",  # appid missing
        41004: "auth",  # secret missing
        42001: "auth",  # token over
        43004: "blocked_by_user",  # does not follow us
        45002: "too_large",
        45009: "rate_limited",  # quota of the day
        45011: "rate_limited",  # calls in a minute
        45015: "window_closed",  # 48 hours, or the user has left
        45047: "window_closed",  # so many messages, and no more until the user writes again
        48001: "auth",  # the account may not use this call
        48004: "auth",  # the call is taken from the account
        50001: "auth",  # not authorised
        50002: "auth",  # the account is restricted
    }
)
TOKEN_OVER: Final = frozenset({40001, 40014, 42001})
"""Ask for another access token and try again, once."""


def errcode(response: HttpResponse) -> int | None:
    """0 where all is well; None where the answer is none of WeChat's."""
    return answer(response).whole("errcode")


def send_code(code: int | None, status: int) -> SendCode:
    """Our word for a refusal, for what is in no table `unsupported`."""
    if code is None or status >= FIRST_ERROR:
        return status_code(status)
    return _CODES.get(code, "unsupported")
