"""The connector of X.

Source: X developers, "V2 Webhooks API" (securing webhooks, challenge-response checks). X waits ten seconds for a delivery and
three for its check, and gives a webhook up at once whose answer is wrong.
"""

import re
from collections.abc import Sequence
from typing import Final

from connectors.abilities import Abilities
from connectors.base import Answer, BaseConnector, Channel, Credential, Fetched, Http, Outgoing, Parsed, Request, Sent
from connectors.errors import MediaUnavailable, Rejected
from connectors.kit import tokens
from connectors.kit.elements import Element, Found, read_json
from connectors.kit.settings import several
from connectors.kit.signatures import as_bytes, check_hmac, digest
from connectors.reading import Part, encode
from connectors.x import sending
from connectors.x.layout import lay_out
from connectors.x.oauth import authorization
from connectors.x.reading import Seen, read
from connectors.x.settings import XSettings

_CRC_TOKEN: Final = re.compile(r"[A-Za-z0-9+/=._~-]{1,256}")
"""The check signs whatever anybody asks for, with the secret that signs deliveries. No delivery is of this form."""


class X(BaseConnector[XSettings]):
    """One app of X."""

    @property
    def brands(self) -> frozenset[str]:
        return self.settings.brands

    def handshake(self, request: Request) -> Answer | None:
        """The signed challenge. Raises `Rejected("handshake_refused")`."""
        if request.method != "GET":
            return None
        challenge = request.query.get("crc_token", "")
        if not _CRC_TOKEN.fullmatch(challenge):
            raise Rejected("handshake_refused", "crc_token must be 1 to 256 letters, digits or signs of base64")
        signed = digest(several(self.settings.consumer_secret)[0], as_bytes(challenge), "base64").decode()
        return Answer(body=encode({"response_token": f"sha256={signed}"}) or b"", content_type="application/json")

    def verify(self, request: Request) -> None:
        secrets = several(self.settings.consumer_secret)
        check_hmac(request, "x-twitter-webhooks-signature", secrets, encoding="base64", prefix="sha256=")

    def parse(self, request: Request) -> Parsed:
        return read_json(request.body, lay_out, self._read)

    def _read(self, element: Element, raw: bytes) -> Found:
        event, within = element.part, element.within
        account = within.ident("account")
        seen = Seen(
            event=event,
            word=Part({"event_type": element.word}, element.path).ident("event_type"),
            account=account,
            users=within.hints("users"),
            posts=within.hints("tweets"),
            media=within.hints("media"),
            uuid=within.optional_ident("uuid"),
            place=self.settings.place(account, "x"),
            raw=raw,
        )
        return read(seen)

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        """A file by its address; those of direct messages are for our user only. Raises `MediaUnavailable`."""
        try:
            headers = authorization(self.settings, "GET", reference)
        except ValueError as error:
            raise MediaUnavailable("refused") from error
        return await http.download(reference, headers=headers, hosts=self.settings.media_hosts)

    async def send(self, message: Outgoing, http: Http) -> Sent:
        return await sending.send(message, self.settings, http)

    async def credentials(self, http: Http) -> Sequence[Credential]:
        url = f"{self.settings.api_url}/2/users/me"
        headers = authorization(self.settings, "GET", url)
        return () if headers is None else (await tokens.asked(http, url, name="access_token", headers=headers),)


CHANNEL = Channel(
    name="x",
    settings=XSettings,
    connector=X,
    abilities=Abilities(
        kinds=frozenset({"text", "media", "location", "postback", "comment", "delete", "unsupported"}),
        proof=frozenset({"verified"}),
        states=frozenset({"read", "deleted", "echo"}),
        media=True,
        send=sending.LIMITS,
    ),
)
