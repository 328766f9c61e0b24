"""Texts out and media in, over the Graph API.

Source: Meta for Developers, "WhatsApp Cloud API: Send messages", "Send
message templates", "Groups API: Send group messages" and "Media".
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from connectors.abilities import MEGABYTE, Limits
from connectors.base import ApprovedTemplate, Fetched, Http, Outgoing, OutgoingFile, Sent
from connectors.errors import HttpFailed, MediaUnavailable, SendFailed
from connectors.kit.outbound import bearer, call, check, host_of, media_kind, one_by_one, refused, split
from connectors.meta import graph_answer
from connectors.reading import Part
from connectors.whatsapp.codes import send_code
from connectors.whatsapp.people import GROUP, recipient
from connectors.whatsapp.settings import WhatsAppSettings
from normalizer.inbound import Button

WINDOW: Final = timedelta(hours=24)
INTERACTIVE_TEXT: Final = 1024
LIMITS: Final = Limits(
    text=4096,
    buttons=3,
    button_title=20,
    files={"image": 5 * MEGABYTE, "video": 16 * MEGABYTE, "audio": 16 * MEGABYTE, "file": 100 * MEGABYTE},
    templates=True,
    rate=(80, 1.0),
)
_IN_GROUPS: Final = replace(LIMITS, buttons=0)
"""Groups take texts, files and templates, and nothing interactive."""
_GONE: Final = frozenset({404, 410})
_PASSING: Final = frozenset({408, 429})
_REFUSED: Final = frozenset({401, 403})


async def send(message: Outgoing, settings: WhatsAppSettings, http: Http, at: datetime) -> Sent:
    """Sends a text (with buttons: its last part), then files; outside the window an approved template. Raises `SendFailed`."""
    if settings.access_token is None:
        raise SendFailed("auth", "the connector has no access_token: set one to send")
    late = message.last_inbound_at is not None and at - message.last_inbound_at > WINDOW
    template = message.template if late and not message.files and not message.buttons else None
    check(message, _IN_GROUPS if message.to.kind == GROUP else LIMITS, at, WINDOW if template is None else None)
    phone_number_id, to = _address(message, settings)
    url = f"{settings.graph_root}/{quote(phone_number_id, safe='')}/messages"
    headers = bearer(settings.access_token)

    async def post(content: dict[str, Any]) -> str:
        payload = {"messaging_product": "whatsapp", "recipient_type": "individual", **to, **content}
        return await _post(url, headers, payload | {"biz_opaque_callback_data": message.token}, http)

    return await one_by_one(_contents(message) if template is None else [_template(template)], post)


def _address(message: Outgoing, settings: WhatsAppSettings) -> tuple[str, dict[str, str]]:
    """From which number to whom."""
    phone_number_id = settings.phone_number_id(message.account)
    if phone_number_id is None:
        raise SendFailed("unsupported", "the account to send from is not one of the connector's")
    return phone_number_id, recipient(message.to, phone_number_id)


def _contents(message: Outgoing) -> list[dict[str, Any]]:
    """What is sent one by one. The first one quotes the message it answers."""
    limits = replace(LIMITS, text=INTERACTIVE_TEXT) if message.buttons else LIMITS
    parts: list[dict[str, Any]] = [
        {"type": "text", "text": {"body": part, "preview_url": False}} for part in split(message.text, limits)
    ]
    if message.buttons:
        parts[-1] = _interactive(parts[-1]["text"]["body"], message.buttons)
    parts += [_file(file) for file in message.files]
    if message.in_reply_to is not None:
        parts[0] = parts[0] | {"context": {"message_id": message.in_reply_to}}
    return parts


def _template(template: ApprovedTemplate) -> dict[str, Any]:
    words = [{"type": "text", "text": word} for word in template.parameters]
    content: dict[str, Any] = {"name": template.name, "language": {"policy": "deterministic", "code": template.language}}
    if words:
        content["components"] = [{"type": "body", "parameters": words}]
    return {"type": "template", "template": content}


def _interactive(text: str, buttons: Sequence[Button]) -> dict[str, Any]:
    taps = [{"type": "reply", "reply": {"id": button.id or button.title, "title": button.title}} for button in buttons]
    return {
        "type": "interactive",
        "interactive": {"type": "button", "body": {"text": text}, "action": {"buttons": taps}},
    }


def _file(file: OutgoingFile) -> dict[str, Any]:
    kind = media_kind(file.content_type)
    word = "document" if kind == "file" else kind
    return {"type": word, word: {"link": file.url} | ({"filename": file.filename} if word == "document" else {})}


async def _post(url: str, headers: dict[str, str], payload: dict[str, Any], http: Http) -> str:
    response = await call(http, "POST", url, headers=headers, json=payload)
    answer, error = graph_answer(response)
    if error is None:
        return _wamid(answer)
    code = send_code(error.code, status=response.status, transient=error.transient)
    raise refused(response, code, error.code)


def _wamid(answer: Part) -> str:
    wamid = next((message.hint("id") for message in answer.objects("messages")), None)
    if wamid is None:
        raise SendFailed("unknown", "WhatsApp answered without a message id")
    return wamid


async def fetch(media_id: str, settings: WhatsAppSettings, http: Http) -> Fetched:
    """A file by its media id: first its address, which lives for minutes, then the bytes. Raises `MediaUnavailable`."""
    if settings.access_token is None:
        raise MediaUnavailable("refused")
    headers = bearer(settings.access_token)
    try:
        response = await http.request("GET", f"{settings.graph_root}/{quote(media_id, safe='')}", headers=headers)
    except HttpFailed as failed:
        raise MediaUnavailable(failed.reason, retryable=True) from failed
    answer, error = graph_answer(response)
    address = answer.hint("url")
    if error is not None or address is None:
        raise _unavailable(response.status, error.code if error else None)
    file = await http.download(address, headers=headers, hosts=(*settings.media_hosts, host_of(settings.graph_url)))
    return Fetched(content=file.content, content_type=answer.hint("mime_type") or file.content_type, filename=file.filename)


def _unavailable(status: int, number: int | None) -> MediaUnavailable:
    code = send_code(number, status=status)
    if code == "auth" or status in _REFUSED:
        return MediaUnavailable("refused")
    if status in _GONE or code == "unsupported":
        return MediaUnavailable("gone")
    return MediaUnavailable("provider_error", retryable=code in ("retryable", "rate_limited") or status in _PASSING)
