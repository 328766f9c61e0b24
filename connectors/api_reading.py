"""From a body in its documented form to a contact, with everything that does not fit the settings said at once."""

import base64
from collections.abc import Mapping
from typing import Final

from msgspec import convert

from connectors.api_body import MessageBody
from connectors.api_document import misnamed, refusal
from connectors.api_fields import read_said, typed_fields, unasked
from connectors.api_sender import Author, Senders
from connectors.api_settings import ApiSettings
from connectors.base import Request
from connectors.forms import JSON
from connectors.uploads import attachment
from normalizer.inbound import Call, FieldValue, Handle, InboundAttachment, InboundMessage, Location, Page, Reply, Sender

_STAFF_ONLY: Final = ("call", "visit")
"""Kinds that a customer's own phone cannot tell of."""


class Reading:
    """A well-formed body against the settings; every problem is collected before it is refused. `scope` stands before the
    ids of an app's users; `author` is whose token the request has."""

    def __init__(self, settings: ApiSettings, body: MessageBody, scope: str | None, author: Author | None) -> None:
        self.settings = settings
        self.body = body
        self._author = author
        self._senders = Senders(settings, scope, author)
        self.problems: dict[str, str] = {}

    def message(self, request: Request, event_key: str) -> InboundMessage:
        """The contact. Raises `Rejected("invalid_fields")`."""
        body, settings = self.body, self.settings
        self.problems.update(misnamed(settings, body.brand, body.channel))
        if self._author and self._author.alone and body.kind in _STAFF_ONLY:
            self.problems["kind"] = f"a {body.kind} is told by a program of yours, with a token of its own"
        sender = self._senders.read(body.sender)
        via = self._via(sender) if sender else None
        fields, attachments = self._fields(), self._attachments()
        self.problems.update(self._senders.problems)
        if self.problems or sender is None:
            raise refusal(self.problems)
        return InboundMessage(
            event_key=event_key,
            external_id=body.external_id or event_key,
            brand=body.brand or settings.brand,
            channel=body.channel or settings.channels[0],
            account=None,
            kind=body.kind,
            sender=sender,
            order_key=f"{sender.handle.kind}:{sender.handle.value}",
            raw=request.body,
            raw_content_type=JSON,
            sent_at=body.sent_at or request.received_at,
            subject=body.subject or None,
            text=body.text or None,
            attachments=attachments,
            location=convert(body.location.model_dump(), Location) if body.location else None,
            call=convert(body.call.model_dump(), Call) if body.call else None,
            fields=fields,
            page=convert(body.page.model_dump(), Page) if body.page else None,
            language=body.language,
            reply=Reply(via=via),
        )

    def _via(self, sender: Sender) -> Handle | None:
        given = (sender.handle, *sender.aliases, *sender.claims)
        asked = self.body.reply_via
        if asked is None:
            reachable = self.body.kind in ("form", "call", "visit")
            return next((handle for handle in given if reachable and handle.kind in ("email", "phone")), None)
        value = self._senders.address("reply_via.value", asked)
        if "reply_via.value" in self._senders.problems:
            return None
        via = next((handle for handle in given if (handle.kind, handle.value) == (asked.kind, value)), None)
        if via is None:
            self.problems["reply_via"] = "must be an address given in this contact: add it to sender.claims"
        return via

    def _fields(self) -> Mapping[str, FieldValue]:
        said, wrongly = read_said(self.settings, self.body)
        typed, problems = typed_fields(self.settings, self.body.fields, said.keys())
        found = {**said, **typed}
        self.problems.update({**unasked(self.settings, self.body, found), **wrongly, **problems})
        return found

    def _attachments(self) -> tuple[InboundAttachment, ...]:
        files = tuple(
            attachment(file.filename, file.content_type, base64.b64decode(file.content)) for file in self.body.attachments
        )
        if files and self.settings.upload is None:
            self.problems["attachments"] = "this connector takes no files: send it without"
        elif files and self.settings.upload and len(files) > self.settings.upload.max_files:
            self.problems["attachments"] = f"must be at most {self.settings.upload.max_files}"
        for index, file in enumerate(files if self.settings.upload else ()):
            if self.settings.upload and (problem := self.settings.upload.problem(file)):
                self.problems[f"attachments.{index}"] = problem.advice()
        return files
