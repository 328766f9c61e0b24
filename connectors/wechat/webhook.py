"""The connector of WeChat official accounts.

Source: WeChat official account documents, "Access guide", "Receiving common messages", "Message encryption and decryption".
WeChat waits five seconds and asks three times. In plain mode its signature does not cover the body.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from connectors.abilities import Abilities
from connectors.base import Answer, BaseConnector, Channel, Credential, Fetched, Http, Outgoing, Parsed, Request, Sent
from connectors.errors import HttpFailed, Rejected, SendFailed
from connectors.kit.elements import Found, attempt, parsed, unreadable
from connectors.kit.outbound import open_until
from connectors.kit.place import fingerprint
from connectors.kit.settings import several
from connectors.kit.signatures import as_bytes
from connectors.reading import Misshapen, Part, moment
from connectors.wechat import kinds, sending, xml
from connectors.wechat.crypto import decrypt, signed
from connectors.wechat.settings import WeChatSettings
from connectors.wechat.tokens import AccessTokens
from normalizer.inbound import Reply, Sender

_TIMESTAMP: Final = re.compile("[0-9]{10}")
_MOST_NONCE: Final = 64
"""WeChat signs its parts without a mark between them, so a longer nonce could take over blocks of the cipher text."""


class WeChat(BaseConnector[WeChatSettings]):
    """One official account."""

    def __init__(self, name: str, settings: WeChatSettings) -> None:
        super().__init__(name, settings)
        self._tokens: AccessTokens | None = None
        if settings.app_id is not None and settings.app_secret is not None:
            self._tokens = AccessTokens(settings.api_url, settings.app_id, settings.app_secret)

    @property
    def brands(self) -> frozenset[str]:
        return self.settings.brands

    def handshake(self, request: Request) -> Answer | None:
        """`echostr` for a GET that WeChat signed, decrypted where it signed the cipher text (WeChat Work)."""
        if request.method != "GET":
            return None
        echo = request.query.get("echostr", "")
        if "msg_signature" not in request.query:
            self._check(request, "signature")
            return Answer(body=as_bytes(echo))
        self._check(request, "msg_signature", echo)
        try:
            return Answer(body=self._decrypted(echo))
        except ValueError:
            raise Rejected("handshake_refused", "no configured encoding_aes_key and app_id fit echostr") from None

    def verify(self, request: Request) -> None:
        """Raises `Rejected`."""
        if "msg_signature" in request.query and self.settings.encoding_aes_key is not None:
            self._check(request, "msg_signature", _encrypted(request.body))
        elif self.settings.safe:
            raise Rejected("signature_missing", "msg_signature is missing: this connector takes encrypted bodies only")
        else:
            self._check(request, "signature")

    def _check(self, request: Request, name: str, *content: str) -> None:
        """The signature in the query, and its age. Raises `Rejected`."""
        given, made, nonce = (request.query.get(key, "") for key in (name, "timestamp", "nonce"))
        # An empty cipher text adds nothing to what is signed: the plain signature would pass for that of safe mode.
        if not all((given, made, nonce, *content)):
            raise Rejected("signature_missing", f"{name}, timestamp, nonce or what they sign is missing")
        well_formed = _TIMESTAMP.fullmatch(made) is not None and len(nonce) <= _MOST_NONCE
        if not signed(given, several(self.settings.token), made, nonce, *content) or not well_formed:
            raise Rejected("signature_wrong", f"{name} does not fit this request and any configured token")
        if abs(request.received_at.timestamp() - int(made)) > self.settings.signature_seconds:
            raise Rejected("signature_stale", "timestamp is too far from this server's time")

    def acknowledge(self, request: Request) -> Answer:
        """Any other text would be shown to the customer as a failure of the account."""
        return Answer(body=b"success")

    def parse(self, request: Request) -> Parsed:
        body, content_type = request.body, request.content_type or xml.CONTENT_TYPE
        try:
            part = self._opened(body)
        except Misshapen as problem:
            return parsed([unreadable(body, str(problem), content_type=content_type)])
        except ValueError as problem:
            return parsed([unreadable(body, str(problem), reason="undecodable", content_type=content_type)])
        return parsed(attempt(lambda: self._read(part, request, content_type), body, content_type=content_type))

    def _opened(self, body: bytes) -> Part:
        """What a body says, decrypted where it is encrypted. Raises `ValueError`."""
        part = xml.read(body)
        encrypted = part.hint("Encrypt")
        if encrypted is None or self.settings.encoding_aes_key is None:
            return part
        return xml.read(self._decrypted(encrypted))

    def _read(self, part: Part, request: Request, content_type: str) -> Found:
        account = part.ident("ToUserName")
        place = self.settings.place(account, "wechat")
        sender, word, at = part.ident("FromUserName"), part.ident("MsgType"), moment(part.data.get("CreateTime"))
        about = None
        if word == kinds.EVENT:
            name = part.ident("Event")
            content = kinds.event(part, name)
            # Events have no id of their own.
            key = fingerprint(account, sender, part.hint("CreateTime"), name, part.hint("EventKey"), part.hint("MsgID"))
            if content is None:
                return place.event(name, key=key, raw=request.body, at=at)
        else:
            content, about = kinds.message(part, word), part.ident("MsgId")
            key = f"{account}:{about}"
        return place.contact(
            content,
            key=key,
            external_id=about,
            sender=Sender(handle=place.handle(sending.USER, sender, account)),
            raw=request.body,
            sent_at=at,
            reply=self._reply(at, request.received_at),
            content_type=content_type,
        )

    def _reply(self, at: datetime | None, received_at: datetime) -> Reply:
        window = timedelta(hours=self.settings.reply_hours)
        return Reply(allowed=("text",), until=open_until(at, received_at, window))

    def _decrypted(self, encrypted: str) -> bytes:
        return decrypt(encrypted, self.settings.aes_keys, self.settings.app_id or "")

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        return await sending.fetch(reference, self.settings, self._tokens, http)

    async def credentials(self, http: Http) -> Sequence[Credential]:
        """Whether WeChat gives access tokens for the app's secret."""
        if self._tokens is None:
            return ()
        try:
            await self._tokens.get(http)
        except SendFailed as failed:
            if failed.code != "auth":
                raise HttpFailed("provider_error", sent=True) from failed
            return (Credential(name="app_secret", valid=False),)
        return (Credential(name="app_secret"),)

    async def send(self, message: Outgoing, http: Http) -> Sent:
        return await sending.send(message, self.settings, self._tokens, http)


def _encrypted(body: bytes) -> str:
    """The cipher text that safe mode signs, as it stands in the body; empty where there is none."""
    try:
        return xml.read(body).hint("Encrypt") or ""
    except ValueError:
        return ""


CHANNEL = Channel(
    name="wechat",
    settings=WeChatSettings,
    connector=WeChat,
    abilities=Abilities(
        kinds=frozenset({"text", "media", "location", "postback", "unsupported"}),
        proof=frozenset({"verified"}),
        media=True,
        window=timedelta(hours=48),
        send=sending.LIMITS,
    ),
)
