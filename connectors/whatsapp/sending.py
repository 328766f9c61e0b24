"""Texts out and media in, over the Graph API.

Source: Meta for Developers, "WhatsApp Cloud API: Send messages" and "Media".
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlsplit

from connectors.base import Fetched, Http, HttpResponse, Outgoing, Sent
from connectors.errors import HttpFailed, MediaUnavailable, SendFailed
from connectors.meta import Secret, graph_answer
from connectors.reading import Part
from connectors.whatsapp.codes import send_code
from connectors.whatsapp.people import recipient
from connectors.whatsapp.settings import WhatsAppSettings

LONGEST_TEXT: Final = 4096
WINDOW: Final = timedelta(hours=24)
_GONE: Final = frozenset({404, 410})
_PASSING: Final = frozenset({408, 429})
_REFUSED: Final = frozenset({401, 403})


async def send(message: Outgoing, settings: WhatsAppSettings, http: Http, now: datetime) -> Sent:
    """Sends a text, in several messages where it is too long for one. Raises `SendFailed`.

    The call cannot be repeated safely. When a later part fails, the failure is never `retryable`: the customer has
    the first parts already.
    """
    if settings.access_token is None:
        raise SendFailed("auth", "the connector has no access_token: set one to send")
    phone_number_id, to = _address(message, settings, now)
    url = f"{_root(settings)}/{quote(phone_number_id, safe='')}/messages"
    headers = _bearer(settings.access_token)
    ids: list[str] = []
    for part in split(message.text, LONGEST_TEXT):
        payload = _payload(message, part, to, first=not ids)
        try:
            ids.append(await _post(url, headers, payload, http))
        except SendFailed as failed:
            if ids and failed.retryable:
                detail = f"part {len(ids) + 1} failed after the ones before it had left"
                raise SendFailed("unknown", detail, provider_code=failed.provider_code) from failed
            raise
    return Sent(external_ids=tuple(ids))


def _address(message: Outgoing, settings: WhatsAppSettings, now: datetime) -> tuple[str, dict[str, str]]:
    """From which number to whom, after everything that can be refused without asking WhatsApp."""
    phone_number_id = settings.phone_number_id(message.account)
    if phone_number_id is None:
        raise SendFailed("unsupported", "the account to send from is not one of the connector's")
    if not message.text.strip():
        raise SendFailed("unsupported", "the text is empty")
    to = recipient(message.to)
    if to is None:
        raise SendFailed("invalid_recipient", f"WhatsApp cannot write to a handle of kind {message.to.kind!r} of this form")
    if message.last_inbound_at is not None and now - message.last_inbound_at > WINDOW:
        raise SendFailed("window_closed", "the customer last wrote over 24 hours ago: only a template may be sent")
    return phone_number_id, to


def _payload(message: Outgoing, text: str, to: dict[str, str], *, first: bool) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **to,
        "type": "text",
        "text": {"body": text, "preview_url": False},
        "biz_opaque_callback_data": message.token,
    }
    if first and message.in_reply_to is not None:
        payload["context"] = {"message_id": message.in_reply_to}
    return payload


async def _post(url: str, headers: dict[str, str], payload: dict[str, Any], http: Http) -> str:
    try:
        response = await http.request("POST", url, headers=headers, json=payload)
    except HttpFailed as failed:
        if failed.sent:
            raise SendFailed("unknown", "no answer: whether WhatsApp took the message is not known") from failed
        raise SendFailed("retryable", "WhatsApp could not be reached") from failed
    answer, error = graph_answer(response)
    if error is None:
        return _wamid(answer)
    code = send_code(error.code, status=response.status, transient=error.transient)
    provider_code = str(error.code if error.code is not None else f"http_{response.status}")
    detail = "WhatsApp refused the message; its documentation tells what the number means"
    raise SendFailed(code, detail, provider_code=provider_code, retry_after=_retry_after(response))


def _wamid(answer: Part) -> str:
    wamid = next((message.hint("id") for message in answer.objects("messages")), None)
    if wamid is None:
        raise SendFailed("unknown", "WhatsApp answered without a message id")
    return wamid


def _retry_after(response: HttpResponse) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None


def split(text: str, limit: int) -> Iterator[str]:
    """Pieces of at most `limit` characters, cut at white space; inside a word only where it is longer than a piece."""
    rest = text.strip()
    while len(rest) > limit:
        cut = max(rest.rfind(space, 0, limit + 1) for space in " \n\t")
        cut = cut if cut > 0 else limit
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()
    if rest:
        yield rest


async def fetch(media_id: str, settings: WhatsAppSettings, http: Http) -> Fetched:
    """A file by its media id: first its address, which lives for minutes, then the bytes. Raises `MediaUnavailable`."""
    if settings.access_token is None:
        raise MediaUnavailable("refused")
    headers = _bearer(settings.access_token)
    try:
        response = await http.request("GET", f"{_root(settings)}/{quote(media_id, safe='')}", headers=headers)
    except HttpFailed as failed:
        raise MediaUnavailable(failed.reason, retryable=True) from failed
    answer, error = graph_answer(response)
    address = answer.hint("url")
    if error is not None or address is None:
        raise _unavailable(response.status, error.code if error else None)
    own_host = urlsplit(settings.graph_url).hostname or ""
    file = await http.download(address, headers=headers, hosts=(*settings.media_hosts, own_host))
    return Fetched(content=file.content, content_type=answer.hint("mime_type") or file.content_type, filename=file.filename)


def _unavailable(status: int, number: int | None) -> MediaUnavailable:
    code = send_code(number, status=status)
    if code == "auth" or status in _REFUSED:
        return MediaUnavailable("refused")
    if status in _GONE or code == "unsupported":
        return MediaUnavailable("gone")
    return MediaUnavailable("provider_error", retryable=code in ("retryable", "rate_limited") or status in _PASSING)


def _root(settings: WhatsAppSettings) -> str:
    return f"{settings.graph_url}/{settings.api_version}"


def _bearer(token: Secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.get_secret_value()}"}
