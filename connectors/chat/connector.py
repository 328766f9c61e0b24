"""From a frame of the widget to one contact, or to what became of a message of ours."""

from types import MappingProxyType
from typing import Final

from connectors.abilities import MEGABYTE, Limits
from connectors.base import BaseConnector, Http, Outgoing, Parsed, Request, Sent
from connectors.chat.frames import read_message, read_seen
from connectors.chat.people import People, Person
from connectors.chat.prepared import FRAME, user_of, visitor_of
from connectors.chat.reading import Posted, Reading, read_posted, statuses
from connectors.chat.settings import OUT, ChatSettings
from connectors.errors import Rejected
from connectors.forms import JSON, MULTIPART

LIMITS: Final = Limits(
    text=10_000,
    buttons=10,
    button_title=100,
    files=MappingProxyType(dict.fromkeys(("image", "video", "audio", "file"), 100 * MEGABYTE)),
    uploads=True,
)


class Chat(BaseConnector[ChatSettings]):
    """One chat. Its requests are made by `connectors.chat.prepared`, which says what is checked where."""

    def __init__(self, name: str, settings: ChatSettings) -> None:
        super().__init__(name, settings)
        self._people = People(name, settings)

    @property
    def brands(self) -> frozenset[str]:
        return frozenset((self.settings.brand,))

    def verify(self, request: Request) -> None:
        """Raises `Rejected`: `token_missing`, and `signature_…` for a token of the site."""
        self.person(request)

    def person(self, request: Request) -> Person:
        """Who wrote a request. Raises `Rejected` as `verify` does."""
        return self._people.person(visitor_of(request), user_of(request.headers, request.received_at))

    def parse(self, request: Request) -> Parsed:
        """One contact, or the statuses of messages of ours. Raises `Rejected`: `unsupported_media_type`, `malformed`,
        `too_large`, or `invalid_fields` with everything to correct."""
        person = self.person(request)
        if request.headers.get(FRAME) == "seen":
            return Parsed(statuses=statuses(self.settings, person, read_seen(request.body), request.received_at))
        posted = self._posted(request)
        reading = Reading(self.settings, read_message(posted.message), posted)
        return Parsed(messages=(reading.message(person, request),))

    def outgoing_id(self, message: Outgoing) -> str:
        """Made of our own: whatever the widget says of a message, it says of this."""
        return f"{OUT}{message.token}"

    async def send(self, message: Outgoing, http: Http) -> Sent:
        """Nothing is called: what is stored as sent is what visitors are shown, on whatever node they are."""
        return Sent(external_ids=(self.outgoing_id(message),))

    def _posted(self, request: Request) -> Posted:
        if request.content_type == MULTIPART:
            return read_posted(request)
        if request.content_type != JSON:
            raise Rejected("unsupported_media_type", f"send {JSON}, or {MULTIPART} where there are files")
        return Posted(message=request.body, raw=request.body, raw_content_type=JSON)
