"""What Messenger and Instagram share: one webhook of a Meta app, messages and comments in, messages and answers out.

product    what tells the two apart
settings   secrets, accounts, addresses
layout     the body as a list of elements
messages   what an element of `messaging` is
kinds      what a customer's message says
attached   what hangs on a message
forms      what a customer filled in, and what he thinks of an answer
people     who wrote
sending    messages and answers to comments
codes      what Meta's error numbers mean
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar, TypeVar

from connectors import graph_tokens
from connectors.base import Answer, BaseConnector, Credential, Fetched, Http, Outgoing, Parsed, Request, Sent
from connectors.kit.elements import Element, Found, read_json
from connectors.kit.outbound import now
from connectors.kit.settings import several
from connectors.meta import handshake, identifier, verify_signature
from connectors.meta_messaging import messages, sending
from connectors.meta_messaging.layout import lay_out
from connectors.meta_messaging.product import Context, Product
from connectors.meta_messaging.settings import MetaSettings
from connectors.reading import Part, moment

M = TypeVar("M", bound=MetaSettings)


class MetaMessaging(BaseConnector[M]):
    """One Meta app with its pages or accounts. `now` is asked for the reply window only."""

    product: ClassVar[Product]

    def __init__(self, name: str, settings: M, now: Callable[[], datetime] = now) -> None:
        super().__init__(name, settings)
        self._now = now

    @property
    def brands(self) -> frozenset[str]:
        return self.settings.brands

    def handshake(self, request: Request) -> Answer | None:
        return handshake(request, self.settings.verify_token)

    def verify(self, request: Request) -> None:
        verify_signature(request, several(self.settings.app_secret))

    def parse(self, request: Request) -> Parsed:
        return read_json(
            request.body,
            lambda body: lay_out(body, self.product.object),
            lambda element, raw: self._read(element, raw, request.received_at),
        )

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        """A file by its address, which is signed and needs no token of ours. Raises `MediaUnavailable`."""
        return await http.download(reference, hosts=self.settings.media_hosts)

    async def send(self, message: Outgoing, http: Http) -> Sent:
        return await sending.send(message, self.product, self.settings, http, self._now())

    async def credentials(self, http: Http) -> Sequence[Credential]:
        """Of the connector's token, and of each account that has one of its own."""
        settings = self.settings
        own = {f"accounts.{key}.access_token": account.access_token for key, account in settings.accounts.items()}
        named = {"access_token": settings.access_token, **own}
        root = f"{settings.graph_url}/{settings.api_version}"
        return [await graph_tokens.asked(token, root, http, name) for name, token in named.items() if token is not None]

    @abstractmethod
    def change(self, word: str, change: Part, context: Context) -> Found:
        """What a change of the field `word` is. Raises `Misshapen`."""

    def _read(self, element: Element, raw: bytes, received_at: datetime) -> Found | list[Found]:
        part = element.part
        account = identifier(element.within, "id")
        self.settings.place(account, self.product.channel)  # what came to an account that is not ours is not read
        context = Context(
            product=self.product,
            settings=self.settings,
            account=account,
            raw=raw,
            received_at=received_at,
            told_at=moment(element.within.data.get("time")),
        )
        if element.word == "messaging":
            return messages.read(part, context)
        if element.word == "standby":
            # Another app has the conversation: it was not said to us.
            return context.event("standby", part.data, moment(part.data.get("timestamp")))
        word = part.ident("field")
        if word in messages.AS_CHANGES:
            return messages.read(part.part("value"), context)
        return self.change(word, part, context)
