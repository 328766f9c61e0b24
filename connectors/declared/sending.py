"""Texts out and files in, as a description says."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID, uuid5

from connectors.base import Fetched, Http, HttpResponse, Outgoing, Sent
from connectors.declared.outgoing import Send
from connectors.declared.people import is_scoped
from connectors.declared.settings import WebhookSettings
from connectors.declared.values import word_of
from connectors.errors import MediaUnavailable, SendFailed
from connectors.kit.outbound import call, check, now, one_by_one, refused, split, status_code
from connectors.kit.place import recipient
from connectors.reading import decode

_KEYS: Final = UUID("6a1f0d54-2f6e-5a0c-9d0e-4b7c1e9a3f52")
"""Namespace of the idempotency keys: the parts of a text have keys of their own, which are no message's token."""

_UPWARDS: Final = frozenset({".", ".."})
"""Pieces of a path that no encoding keeps from meaning the folder above."""


async def send(message: Outgoing, settings: WebhookSettings, http: Http) -> Sent:
    """One request for each part of the text, the buttons with the last. Raises `SendFailed`."""
    described = settings.described.send
    if described is None:
        raise SendFailed("unsupported", "the description of this channel does not say how to send")
    if described.needs_token and settings.token is None:
        raise SendFailed("auth", "the connector has no token: set one to send")
    limits = described.limits.limits
    window = None if described.window_hours is None else timedelta(hours=described.window_hours)
    check(message, limits, now(), window)
    common = _values(message, settings, described)
    texts = list(split(message.text, limits))

    async def post(part: tuple[int, str]) -> str | None:
        number, text = part
        last = number == len(texts)
        values = {**common, "text": text, "buttons": _buttons(message, described) if last else None}
        key = str(uuid5(_KEYS, f"{message.token}:{number}"))
        return await _post(http, described, values, {described.idempotency_header: key} if described.idempotency_header else {})

    return await one_by_one(enumerate(texts, 1), post, repeatable=described.idempotency_header is not None)


async def _post(http: Http, described: Send, values: Mapping[str, Any], key: Mapping[str, str]) -> str | None:
    body = described.body.value(values)
    content = {"json": body} if described.format == "json" else {"form": {name: str(item) for name, item in body.items()}}
    response = await call(
        http, described.method, _url(described, values), headers=_headers(described, values) | dict(key), **content
    )
    seen = {"answer": _answer(response), "status": response.status, "headers": dict(response.headers)}
    failed = described.failed_when is not None and described.failed_when.is_true(seen, "send.failed_when")
    if failed or not described.is_taken(response.status):
        raise _failure(described, response, seen)
    given = word_of(described.id.value(seen, "send.id")) if described.id is not None else None
    return given if isinstance(given, str) and given else None


def _values(message: Outgoing, settings: WebhookSettings, described: Send) -> dict[str, Any]:
    """What the placeholders stand for. Raises `SendFailed`."""
    kind = settings.described.message.sender.kind
    account_id = settings.sending_account(message.account) if settings.accounts else None
    return {
        "api": settings.api_url or described.api_url,
        "to": recipient(message.to, (kind,), account_id if is_scoped(kind) else None),
        "subject": message.subject,
        "account": account_id,
        "in_reply_to": message.in_reply_to,
        "token": settings.token.get_secret_value() if settings.token is not None else None,
        "message_id": message.token,
    }


def _buttons(message: Outgoing, described: Send) -> list[Any] | None:
    if described.buttons is None or not message.buttons:
        return None
    return [described.buttons.value({"id": one.id or one.title, "title": one.title}) for one in message.buttons]


def _url(described: Send, values: Mapping[str, Any]) -> str:
    """The address: a value is one piece of it, whatever it holds; `{api}` is an address itself. Raises `SendFailed`."""
    if {"to", "in_reply_to"} & described.url.names and _UPWARDS & {values["to"], values["in_reply_to"]}:
        raise SendFailed("invalid_recipient", "the id would change the address that is called")
    pieces = {name: quote(str(value), safe="") for name, value in values.items() if value is not None and name != "api"}
    return described.url.text({**pieces, "api": values["api"]})


def _headers(described: Send, values: Mapping[str, Any]) -> dict[str, str]:
    return {name: template.text(values) for name, template in described.headers.items()}


def _answer(response: HttpResponse) -> Any:
    try:
        return decode(response.body)
    except ValueError:
        return None


def _failure(described: Send, response: HttpResponse, seen: Mapping[str, Any]) -> SendFailed:
    word = word_of(described.error.value(seen, "send.error")) if described.error is not None else None
    named = word if isinstance(word, str) and word in described.errors else None
    code = (
        described.errors[named] if named is not None else described.statuses.get(response.status, status_code(response.status))
    )
    return refused(response, code, named)


async def fetch(reference: str, settings: WebhookSettings, http: Http) -> Fetched:
    """A file by its address, from the hosts that description and settings name. Raises `MediaUnavailable`."""
    media = settings.described.media
    hosts = (*(media.hosts if media is not None else ()), *settings.media_hosts)
    if not hosts or (media is not None and media.needs_token and settings.token is None):
        raise MediaUnavailable("refused")
    token = settings.token.get_secret_value() if settings.token is not None else None
    headers = {name: template.text({"token": token}) for name, template in media.headers.items()} if media is not None else {}
    return await http.download(reference, headers=headers, hosts=hosts)
