"""Messages out: what is refused without asking, parts of a long text, and what a provider's failure means.

No provider's send call can be repeated safely unless it says so. When a later part fails after earlier ones left, the
failure is never retryable: the customer has the first parts already.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from config.secrets import Secret
from connectors.abilities import Limits
from connectors.base import Http, HttpResponse, Outgoing, OutgoingFile, Sent
from connectors.errors import HttpFailed, SendCode, SendFailed
from connectors.reading import Part, decode

T = TypeVar("T")

_STATUSES: Final[Mapping[int, SendCode]] = MappingProxyType(
    {401: "auth", 403: "auth", 408: "unknown", 413: "too_large", 429: "rate_limited", 504: "unknown"}
)
"""A gateway that gave up waiting (504) does not know what became of the message."""
FIRST_ERROR: Final = 400
_SERVER_ERROR: Final = 500
_DIGITS: Final = 9
"""More digits than that are no number of seconds."""


def now() -> datetime:
    return datetime.now(UTC)


def status_code(status: int) -> SendCode:
    """Our word for an HTTP status about which the provider said nothing more."""
    if status in _STATUSES:
        return _STATUSES[status]
    if status >= _SERVER_ERROR:
        return "retryable"
    return "unsupported" if status >= FIRST_ERROR else "unknown"


def check(message: Outgoing, limits: Limits, at: datetime, window: timedelta | None = None) -> None:
    """Everything that can be refused without asking the provider. Raises `SendFailed`."""
    if window is not None and message.last_inbound_at is not None and at - message.last_inbound_at > window:
        hours = int(window.total_seconds() // 3600)
        raise SendFailed("window_closed", f"the customer last wrote over {hours} hours ago: free texts are not allowed now")
    if not message.text.strip() and not message.files:
        raise SendFailed("unsupported", "the message is empty")
    _check_buttons(message, limits)
    for file in message.files:
        _check_file(file, limits)


def _check_buttons(message: Outgoing, limits: Limits) -> None:
    if len(message.buttons) > limits.buttons:
        most = f"at most {limits.buttons} buttons" if limits.buttons else "no buttons"
        raise SendFailed("unsupported", f"this channel takes {most} in a message")
    if message.buttons and not message.text.strip():
        raise SendFailed("unsupported", "buttons need a text above them")
    for button in message.buttons:
        title = (button.title or "").strip()
        if not title or len(title) > limits.button_title:
            raise SendFailed("unsupported", f"the title of a button must have 1 to {limits.button_title} characters")


def _check_file(file: OutgoingFile, limits: Limits) -> None:
    largest = limits.files.get(media_kind(file.content_type))
    if largest is None:
        raise SendFailed("unsupported", "this channel does not take files of that type")
    if len(file.content) > largest:
        raise SendFailed("too_large", f"this channel takes files of at most {largest} bytes of that type")
    if file.url is None and not limits.uploads:
        raise SendFailed("unsupported", "this channel loads files from an address, and this file has none")


def media_kind(content_type: str) -> str:
    """`image`, `video` or `audio`, else `file`: how most channels sort what they take."""
    kind = content_type.partition("/")[0].lower()
    return kind if kind in ("image", "video", "audio") else "file"


def split(text: str, limits: Limits) -> Iterator[str]:
    """Pieces within the limit, cut at white space; inside a word only where it is longer than a piece."""
    rest = text.strip()
    while limits.measure(rest) > limits.text:
        most = limits.fitting(rest)
        cut = max(rest.rfind(space, 0, most + 1) for space in " \n\t")
        cut = cut if cut > 0 else most
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()
    if rest:
        yield rest


async def one_by_one(parts: Iterable[T], post: Callable[[T], Awaitable[str | None]], *, repeatable: bool = False) -> Sent:
    """Send the parts in their order; `post` gives a part's id at the provider. Raises `SendFailed`, which is `unknown`
    where another try would repeat what has left. `repeatable`: the provider knows a part that it took before."""
    ids: list[str] = []
    for number, part in enumerate(parts, 1):
        try:
            given = await post(part)
        except SendFailed as failed:
            raise _of_part(failed, number, ids, repeatable=repeatable) from failed
        ids += [given] if given is not None else []
    return Sent(external_ids=tuple(ids))


def _of_part(failed: SendFailed, number: int, left: Sequence[str], *, repeatable: bool) -> SendFailed:
    code, detail = failed.code, failed.detail
    if repeatable and code == "unknown":
        code = "retryable"
    elif number > 1 and failed.retryable and not repeatable:
        code, detail = "unknown", f"part {number} failed after the ones before it had left"
    made = SendFailed(code, detail, provider_code=failed.provider_code, retry_after=failed.retry_after)
    made.left = tuple(left)
    return made


async def call(
    http: Http,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> HttpResponse:
    """A provider's answer, whatever it says. Raises `SendFailed`: `retryable` where the request never left, `unknown`."""
    try:
        return await http.request(method, url, headers=headers, json=json, form=form, body=body)
    except HttpFailed as failed:
        if failed.sent:
            raise SendFailed("unknown", "no answer: whether the provider took the message is not known") from failed
        raise SendFailed("retryable", "the provider could not be reached") from failed


def answer(response: HttpResponse) -> Part:
    """The answer's JSON object, empty where it is none."""
    try:
        return Part.of(decode(response.body), "answer")
    except ValueError:
        return Part({}, "answer")


def refused(response: HttpResponse, code: SendCode, provider_code: str | int | None = None) -> SendFailed:
    """The failure that an answer means. The provider's own words are not repeated: they may quote the customer's."""
    named = str(provider_code) if provider_code is not None else f"http_{response.status}"
    detail = "the provider refused the message; its documentation tells what its code means"
    return SendFailed(code, detail, provider_code=named, retry_after=retry_after(response))


def bearer(token: Secret) -> dict[str, str]:
    """RFC 6750."""
    return {"Authorization": f"Bearer {token.get_secret_value()}"}


def host_of(url: str) -> str:
    """For `Http.download`: where an API's own files may be loaded from."""
    return urlsplit(url).hostname or ""


def retry_after(response: HttpResponse) -> float | None:
    """Seconds, where the answer has the header: as a number or as a date (RFC 9110, section 10.2.3)."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:_DIGITS])
    try:
        return max((parsedate_to_datetime(value) - now()).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError):  # TypeError: a date without its zone
        return None


def open_until(at: datetime | None, received_at: datetime, window: timedelta) -> datetime:
    """Until when free texts may be sent. A provider's time that lies ahead of ours opens nothing longer."""
    return min(at or received_at, received_at) + window
