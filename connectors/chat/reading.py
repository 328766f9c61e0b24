"""A well-formed frame against the settings; everything that is wrong is said at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson

from connectors.api_document import refusal
from connectors.base import Request, Status
from connectors.chat.frames import MessageFrame, PageFrame, SeenFrame
from connectors.chat.people import Person
from connectors.chat.prepared import LANGUAGE
from connectors.chat.settings import OUT, ChatSettings
from connectors.errors import Rejected
from connectors.forms import JSON, read_multipart
from connectors.uploads import attachment
from normalizer.advice import Language, Problem
from normalizer.fields import read_fields
from normalizer.inbound import Button, FieldValue, Handle, InboundAttachment, InboundMessage, Kind, Page, Reply
from normalizer.values import is_blank

MESSAGE: Final = "message"
FILES: Final = "files"
_REPLIES: Final = Reply(allowed=("text", "image", "video", "audio", "document"))
_OLDEST: Final = timedelta(days=7)
"""A message that waited in the widget for the network; an older time is a wrong clock."""
_AHEAD: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message as it came: its JSON, its files, and what is kept of it."""

    message: bytes
    raw: bytes
    raw_content_type: str
    files: tuple[InboundAttachment, ...] = ()


def read_posted(request: Request) -> Posted:
    """A multipart body: the part `message` and files. Raises `Rejected`."""
    body = read_multipart(request)
    others = sorted({name for name, _ in body.pairs} - {MESSAGE} | {file.field for file in body.files} - {FILES})
    if others or len(body.pairs) != 1:
        raise Rejected("malformed", f"send one part {MESSAGE} with the message as JSON, and files as parts {FILES}")
    files = tuple(attachment(file.filename, file.content_type, file.content) for file in body.files)
    return Posted(message=body.pairs[0][1].encode(), raw=body.raw, raw_content_type=JSON, files=files)


class Reading:
    """One message."""

    def __init__(self, settings: ChatSettings, frame: MessageFrame, posted: Posted) -> None:
        self._settings = settings
        self._frame = frame
        self._posted = posted

    def message(self, person: Person, request: Request) -> InboundMessage:
        """The contact. Raises `Rejected("invalid_fields")`."""
        settings, frame, posted = self._settings, self._frame, self._posted
        language = _language(settings, request)
        fields = self._checked(language or settings.languages[0])
        key = f"{person.visitor.value}:{frame.id}"
        button = Button(id=frame.choice.id, title=frame.choice.title) if frame.choice else None
        text = None if frame.text is None or is_blank(frame.text) else frame.text
        return InboundMessage(
            event_key=key,
            external_id=key,
            brand=settings.brand,
            channel=settings.channel,
            account=None,
            kind=self._kind(),
            sender=person.sender(self._claims(fields)),
            order_key=f"{person.visitor.kind}:{person.visitor.value}",
            raw=posted.raw,
            raw_content_type=posted.raw_content_type,
            sent_at=self._sent_at(request.received_at),
            text=text or (button.title or button.id if button else None),
            attachments=posted.files,
            button=button,
            fields=fields,
            page=_page(frame.page),
            faq=tuple(dict.fromkeys(article.id for article in frame.faq)),
            language=language,
            reply=_REPLIES,
        )

    def _kind(self) -> Kind:
        if self._frame.choice is not None:
            return "postback"
        if self._posted.files:
            return "media"
        return "form" if self._says_nothing() else "text"

    def _says_nothing(self) -> bool:
        return self._frame.text is None or is_blank(self._frame.text)

    def _checked(self, language: Language) -> dict[str, FieldValue]:
        """The typed fields."""
        settings, frame, files = self._settings, self._frame, self._posted.files
        known = settings.known_fields
        typed, problems = read_fields(known, frame.fields, region=settings.region)
        wrong = {f"fields.{name}": problem for name, problem in problems.items()}
        wrong.update({f"fields.{name[:60]}": Problem("unknown") for name in frame.fields if name not in known})
        if frame.text is not None and len(frame.text) > settings.longest_text:
            wrong["text"] = Problem("too_long", str(settings.longest_text))
        if self._says_nothing() and not (files or frame.choice or typed or problems or frame.faq):
            wrong["text"] = Problem("required")
        if files and (problem := settings.upload.first_problem(files) if settings.upload else Problem("no_files")):
            wrong[FILES] = problem
        if wrong:
            raise refusal({name: problem.advice(language) for name, problem in wrong.items()})
        return typed

    def _claims(self, typed: Mapping[str, FieldValue]) -> tuple[Handle, ...]:
        """Addresses that were typed."""
        kinds = (("email", self._settings.fields_of("email")), ("phone", self._settings.fields_of("phone")))
        return tuple(Handle(kind, str(typed[name]), "claimed") for kind, names in kinds for name in names if name in typed)

    def _sent_at(self, received_at: datetime) -> datetime:
        at = self._frame.at
        return at if at is not None and received_at - _OLDEST < at < received_at + _AHEAD else received_at


def statuses(settings: ChatSettings, person: Person, seen: SeenFrame, at: datetime) -> tuple[Status, ...]:
    """What the widget tells of messages of ours; whether they are this visitor's, the HTTP layer knows."""
    return tuple(
        Status(
            event_key=f"{person.handle.value} {id_} {seen.state}",
            external_id=id_,
            brand=settings.brand,
            channel=settings.channel,
            account=None,
            state=seen.state,
            raw=orjson.dumps({"id": id_, "state": seen.state}),
            at=at,
            recipient=person.handle.value,
            token=id_.removeprefix(OUT),
        )
        for id_ in dict.fromkeys(seen.ids)
    )


def _language(settings: ChatSettings, request: Request) -> Language | None:
    asked = request.headers.get(LANGUAGE)
    return next((language for language in settings.languages if language == asked), None)


def _page(given: PageFrame | None) -> Page | None:
    if given is None:
        return None
    page = Page(url=given.address(given.url), title=given.title or None, referrer=given.address(given.referrer))
    return page if page.url or page.title or page.referrer else None
