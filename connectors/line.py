"""LINE Messaging API: messages, edits, unsends and postbacks in; texts, files and quick replies out.

Source: LINE Developers, "Receive messages (webhook)", "Messaging API reference" (webhook event objects, push message,
retry key). LINE waits two seconds for the answer, and its button "Verify" sends no events.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, Self
from urllib.parse import quote
from uuid import UUID, uuid5

from pydantic import Field, model_validator

from connectors import line_kinds, line_tokens
from connectors.abilities import MEGABYTE, Abilities, Limits
from connectors.base import BaseConnector, Channel, Credential, Fetched, Http, Outgoing, OutgoingFile, Parsed, Request, Sent
from connectors.errors import MediaUnavailable, SendCode, SendFailed
from connectors.kit.elements import Element, Found, read_json
from connectors.kit.outbound import (
    answer,
    bearer,
    call,
    check,
    host_of,
    media_kind,
    now,
    one_by_one,
    refused,
    split,
    status_code,
)
from connectors.kit.place import Place, fingerprint, recipient
from connectors.kit.settings import AccountsSettings, BaseUrl, Secrets, SetSecret, several
from connectors.kit.signatures import check_hmac
from connectors.reading import Misshapen, Part, moment
from normalizer.inbound import Button, Handle, Reply, Sender, Thread

USER: Final = "line_user"
GROUP: Final = "line_group"
_REPLIES: Final = ("text", "image", "video", "audio")
LIMITS: Final = Limits(
    text=5000,
    unit="utf16",
    buttons=13,
    button_title=20,
    files={"image": 10 * MEGABYTE, "video": 200 * MEGABYTE, "audio": 200 * MEGABYTE},
    rate=(2000, 1.0),
)
_RETRY_KEYS: Final = UUID("3d1f2a54-9d0e-5b7e-8f0a-1c9a4c6b7d21")
"""Namespace of the retry keys, so that a message's token is not one itself."""
_TAKEN: Final = frozenset({200, 409})
"""409: it was taken before, under the same retry key."""
_TOO_MANY: Final = 429
_OF_A_DELIVERY: Final = frozenset({"deliveryContext", "replyToken"})
_UNKNOWN_DURATION: Final = 60_000
"""Milliseconds. LINE wants one for its progress bar, and plays what there is."""


class LineSettings(AccountsSettings):
    """A LINE channel; `accounts` maps the bot's user id (`destination` in webhooks) to its brand."""

    type: Literal["line"]
    channel_secret: Secrets = Field(description="Signs webhooks; a list of two while it is being changed.")
    access_token: SetSecret | None = Field(default=None, description="Channel access token: needed for files and sending.")
    api_url: BaseUrl = "https://api.line.me"
    data_url: BaseUrl = "https://api-data.line.me"
    media_hosts: tuple[str, ...] = Field(default=(), description="Hosts that files kept outside LINE may be loaded from.")

    @model_validator(mode="after")
    def _one_bot(self) -> Self:
        self.refuse_to_share(self.access_token)
        return self


class Line(BaseConnector[LineSettings]):
    """One LINE channel."""

    @property
    def brands(self) -> frozenset[str]:
        return self.settings.brands

    def verify(self, request: Request) -> None:
        check_hmac(request, "X-Line-Signature", several(self.settings.channel_secret), encoding="base64")

    def parse(self, request: Request) -> Parsed:
        return read_json(request.body, _lay_out, self._read)

    def _read(self, element: Element, raw: bytes) -> Found:
        event = element.part
        account = element.within.ident("destination")
        place = self.settings.place(account, "line")
        word, at = event.ident("type"), moment(event.data.get("timestamp"))
        key = event.optional_ident("webhookEventId") or _fingerprint(event, account)
        content = line_kinds.content(event, word)
        if content is None:
            return place.event(word, key=key, raw=raw, at=at)
        return place.contact(
            content,
            key=key,
            external_id=event.hints("message").optional_ident("id"),
            sender=_sender(event.part("source"), place, account),
            raw=raw,
            sent_at=at,
            thread=Thread(in_reply_to=event.hints("message").optional_ident("quotedMessageId")),
            fields=line_kinds.circumstances(event),
            reply=Reply(allowed=_REPLIES, via=_group(event.part("source"), place, account)),
        )

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        """A file by LINE's message id, or by the address of a file kept elsewhere. Raises `MediaUnavailable`."""
        if reference.startswith("https://"):
            return await http.download(reference, hosts=self.settings.media_hosts)
        if self.settings.access_token is None:
            raise MediaUnavailable("refused")
        url = f"{self.settings.data_url}/v2/bot/message/{quote(reference, safe='')}/content"
        return await http.download(url, headers=bearer(self.settings.access_token), hosts=(host_of(self.settings.data_url),))

    async def send(self, message: Outgoing, http: Http) -> Sent:
        """As push messages: a reply token is good for a minute only. Raises `SendFailed`."""
        token = self.settings.access_token
        if token is None:
            raise SendFailed("auth", "the connector has no access_token: set one to send")
        check(message, LIMITS, now())
        to = recipient(message.to, (USER, GROUP), self.settings.sending_account(message.account))
        url = f"{self.settings.api_url}/v2/bot/message/push"

        async def post(part: tuple[int, dict[str, Any]]) -> str | None:
            number, content = part
            # The same key is the same message for LINE during a day: a lost answer costs nobody a second copy.
            headers = bearer(token) | {"X-Line-Retry-Key": str(uuid5(_RETRY_KEYS, f"{message.token}:{number}"))}
            response = await call(http, "POST", url, headers=headers, json={"to": to, "messages": [content]})
            said = answer(response)
            if response.status not in _TAKEN:
                raise refused(response, _code(response.status, said))
            return next((one.hint("id") for one in said.objects("sentMessages")), None)

        return await one_by_one(enumerate(_contents(message)), post, repeatable=True)

    async def credentials(self, http: Http) -> Sequence[Credential]:
        token = self.settings.access_token
        return () if token is None else (await line_tokens.asked(token, self.settings.api_url, http, now()),)


def _lay_out(body: Part) -> Iterator[Element]:
    """One element an event. The console's button "Verify" sends none."""
    destination = body.data.get("destination")
    for index, event in enumerate(body.array("events")):
        alone = {"destination": destination, "events": [event]}
        yield Element(value=event, path=f"events[{index}]", alone=alone, within=body)


def _sender(source: Part, place: Place, account: str) -> Sender:
    """The user; in groups and rooms where LINE names none, the group itself, so that the words are not lost."""
    user = source.optional_ident("userId")
    if user is not None:
        return Sender(handle=place.handle(USER, user, account))
    group = _group(source, place, account)
    if group is None:
        raise Misshapen(source.at("userId"), "an id, or one in groupId or roomId")
    return Sender(handle=group)


def _group(source: Part, place: Place, account: str) -> Handle | None:
    """Where it was written, if not in a chat of two: the answer belongs there, for all to see."""
    group = source.optional_ident("groupId") or source.optional_ident("roomId")
    return None if group is None else place.handle(GROUP, group, account)


def _fingerprint(event: Part, account: str) -> str:
    """The key of an event without an id, as old bodies have none: all of it but how it was delivered."""
    return fingerprint(account, {name: value for name, value in event.data.items() if name not in _OF_A_DELIVERY})


def _contents(message: Outgoing) -> list[dict[str, Any]]:
    """Texts, the last of them with its quick replies, then files."""
    parts: list[dict[str, Any]] = [{"type": "text", "text": part} for part in split(message.text, LIMITS)]
    parts += [_file(file) for file in message.files]
    if message.buttons:
        parts[-1]["quickReply"] = {"items": [_button(button) for button in message.buttons]}
    return parts


def _button(button: Button) -> dict[str, Any]:
    action = {"type": "postback", "label": button.title, "data": button.id or button.title, "displayText": button.title}
    return {"type": "action", "action": action}


def _file(file: OutgoingFile) -> dict[str, Any]:
    kind = media_kind(file.content_type)
    if kind == "audio":
        return {"type": kind, "originalContentUrl": file.url, "duration": _UNKNOWN_DURATION}
    return {"type": kind, "originalContentUrl": file.url, "previewImageUrl": file.url}


def _code(status: int, said: Part) -> SendCode:
    """LINE's statuses mean what they say, but for 429, which is a rate that passes, or a month's quota that does not."""
    if status == _TOO_MANY and "monthly limit" in (said.hint("message") or ""):
        return "auth"
    return status_code(status)


CHANNEL = Channel(
    name="line",
    settings=LineSettings,
    connector=Line,
    abilities=Abilities(
        kinds=frozenset({"text", "media", "location", "postback", "edit", "delete", "unsupported"}),
        proof=frozenset({"verified"}),
        media=True,
        send=LIMITS,
    ),
)
