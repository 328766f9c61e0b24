"""Messages and answers to comments out.

Source: Meta for Developers, "Messenger Platform: Send API", "Quick Replies", "Private Replies", "Human Agent"; "Graph API:
Comment, comments"; "Instagram Platform: IG Comment Replies".
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from connectors.base import Http, Outgoing, OutgoingFile, Sent
from connectors.errors import SendFailed
from connectors.kit.outbound import bearer, call, check, media_kind, one_by_one, refused, split
from connectors.kit.place import recipient
from connectors.meta import graph_answer
from connectors.meta_codes import send_code
from connectors.meta_messaging.codes import CODES
from connectors.meta_messaging.product import Product
from connectors.meta_messaging.settings import DAY, WEEK, MetaSettings
from normalizer.inbound import Button

_RESPONSE: Final = {"messaging_type": "RESPONSE"}
_HUMAN_AGENT: Final = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: where to, and at which key of its answer the id of what was made stands."""

    edge: str
    payload: dict[str, Any]
    made: str = "message_id"


async def send(message: Outgoing, product: Product, settings: MetaSettings, http: Http, at: datetime) -> Sent:
    """A message, or an answer to a comment where the contact was one. Raises `SendFailed`."""
    account = settings.account_id(message.account)
    if account is None:
        raise SendFailed("unsupported", "the account to send from is not one of the connector's")
    token = settings.token(account)
    if token is None:
        raise SendFailed("auth", "neither the account nor the connector has an access_token: set one to send")
    calls = list(_way(message, product, settings)(message, product, settings, account, at))
    root = f"{settings.graph_url}/{settings.api_version}"

    async def post(one: Call) -> str:
        response = await call(http, "POST", f"{root}/{one.edge}", headers=bearer(token), json=one.payload)
        said, error = graph_answer(response)
        if error is not None:
            number = error.code if error.subcode is None else f"{error.code}/{error.subcode}"
            raise refused(response, send_code(error, CODES, status=response.status), number)
        made = said.hint(one.made)
        if made is None:
            raise SendFailed("unknown", "Meta answered without the id of what was sent")
        return made

    return await one_by_one(calls, post)


Way = Callable[[Outgoing, Product, MetaSettings, str, datetime], Iterable[Call]]


def _way(message: Outgoing, product: Product, settings: MetaSettings) -> Way:
    if message.to.kind in product.people.values():
        return _direct
    if message.to.kind in product.subjects:
        private = settings.comments == "private" and product.subjects[message.to.kind] is not None
        return _private if private else _public
    raise SendFailed("invalid_recipient", f"this channel cannot write to a handle of kind {message.to.kind!r}")


def _direct(message: Outgoing, product: Product, settings: MetaSettings, account: str, at: datetime) -> Iterable[Call]:
    """Nobody wrote an automatic message, so it never leaves as a human agent's."""
    human = settings.human_agent and not message.automatic
    check(message, product.limits, at, WEEK if human else DAY)
    late = message.last_inbound_at is not None and at - message.last_inbound_at > DAY
    kind = _HUMAN_AGENT if late else _RESPONSE if product.typed else {}
    key = next(key for key, named in product.people.items() if named == message.to.kind)
    to = {"recipient": {key: recipient(message.to, product.people.values(), account)}, **kind}
    for content in _contents(message, product):
        yield Call(edge=_messages(product, account), payload={**to, "message": content})


def _public(message: Outgoing, product: Product, settings: MetaSettings, account: str, at: datetime) -> Iterable[Call]:
    """Below the comment, for everybody to see."""
    check(message, product.comment_limits, at, None)
    edge = f"{quote(_subject(message, product, account), safe='')}/{product.answers_at}"
    for part in split(message.text, product.comment_limits):
        yield Call(edge=edge, payload={"message": part}, made="id")


def _private(message: Outgoing, product: Product, settings: MetaSettings, account: str, at: datetime) -> Iterable[Call]:
    """As a message to the author, addressed by the comment. Meta takes one for each, so it must not need two."""
    check(message, replace(product.limits, files={}), at, WEEK)
    contents = list(_contents(message, product))
    if len(contents) > 1:
        raise SendFailed("too_large", "a comment can be answered by one private message only, and this text needs several")
    comment = {product.subjects[message.to.kind]: _subject(message, product, account)}
    to = {"recipient": comment, **(_RESPONSE if product.typed else {})}
    yield Call(edge=_messages(product, account), payload={**to, "message": contents[0]})


def _messages(product: Product, account: str) -> str:
    return f"{'me' if product.me else quote(account, safe='')}/messages"


def _subject(message: Outgoing, product: Product, account: str) -> str:
    """The id of the comment or post that is answered."""
    about = recipient(message.to, product.subjects, account)
    return message.in_reply_to or about


def _contents(message: Outgoing, product: Product) -> Iterable[dict[str, Any]]:
    """Texts, then files. Quick replies hang on the last: they are gone as soon as another message follows."""
    parts: list[dict[str, Any]] = [{"text": part} for part in split(message.text, product.limits)]
    parts += [_file(file) for file in message.files]
    if message.buttons:
        parts[-1]["quick_replies"] = [_button(button) for button in message.buttons]
    # What an echo hands back, by which a lost answer is found again.
    return [{**part, "metadata": message.token} for part in parts] if product.typed else parts


def _file(file: OutgoingFile) -> dict[str, Any]:
    return {"attachment": {"type": media_kind(file.content_type), "payload": {"url": file.url}}}


def _button(button: Button) -> dict[str, Any]:
    return {"content_type": "text", "title": button.title, "payload": button.id or button.title}
