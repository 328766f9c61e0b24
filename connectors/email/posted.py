"""Mails that a provider posts: the mail is taken out of the request when that is verified, and read like any other."""

from abc import abstractmethod
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from connectors.base import Http, Parsed, Request, Unreadable
from connectors.email.contact import CONTENT_TYPE
from connectors.email.mailbox import MailConnector
from connectors.email.settings import MailboxSettings
from connectors.reading import Misshapen

M = TypeVar("M", bound=MailboxSettings)

_HEADERS: Final = {"content-type": CONTENT_TYPE}


class PostedMailConnector(MailConnector[M]):
    """What `receive` hands on is the mail itself, so that what a mail does to its reader never costs more than that mail,
    and what goes to quarantine is the mail as it was written."""

    @abstractmethod
    def unwrap(self, request: Request) -> bytes | None:
        """The mail in a verified request; None where the provider only talks about itself. Pure. Raises `Misshapen`."""

    async def receive(self, request: Request, http: Http) -> Request:
        self.verify(request)
        return self.unwrapped(request)

    def unwrapped(self, request: Request) -> Request:
        """A request whose body is the mail, empty where there is none; the same one where no mail can be found in it."""
        try:
            return replace(request, headers=_HEADERS, body=self.unwrap(request) or b"")
        except Misshapen:
            return request

    def reread(self, raw: bytes, content_type: str, received_at: datetime) -> Parsed:
        """The mail itself, or the post in which none could be found."""
        if content_type == CONTENT_TYPE:
            return super().reread(raw, content_type, received_at)
        headers = {"content-type": content_type}
        return self.parse(Request(method="POST", url="", headers=headers, query={}, body=raw, received_at=received_at))

    def parse(self, request: Request) -> Parsed:
        """What `receive` handed on, or a request as it was captured."""
        if request.content_type == CONTENT_TYPE:
            return self.mail(request.body) if request.body else Parsed()
        try:
            mail = self.unwrap(request)
        except Misshapen as problem:
            kind = request.headers.get("content-type") or "application/octet-stream"
            kept = Unreadable(reason="unreadable", raw=request.body, content_type=kind, detail=str(problem))
            return Parsed(unreadable=(kept,))
        return self.mail(mail) if mail else Parsed()
