"""Request Tracker for the tests of all bridges."""

from base64 import b64encode
from typing import Any

from tests.bridges.systems import Kept, System
from tests.servers.request_tracker import PASSWORD, RequestTracker

YAML = """
    type: rt
    url: ${TRACKER}
    user: regia
    password: ${PASSWORD}
    queue: General
    priorities: {3: 50, 1: 80}
"""
PRIORITY = 80


class RtSystem(System):
    type = "rt"
    waits = "stalled"
    yaml = YAML

    def __init__(self, server: RequestTracker) -> None:
        self.server = server
        self.given = {"TRACKER": server.url, "PASSWORD": PASSWORD}
        self.hot: Any = PRIORITY

    def answer(self, user: str, ticket: str, text: str) -> None:
        self.server.answer(user, ticket, text)

    def answer_with(self, user: str, ticket: str, text: str, file: Kept) -> None:
        content = b64encode(file.content).decode()
        given = {"FileName": file.filename, "FileType": file.content_type, "FileContent": content}
        self.server.answer(user, ticket, text, Attachments=[given])

    def inner(self, user: str, ticket: str, text: str) -> None:
        self.server.answer(user, ticket, text, "comment")

    def texts(self, ticket: str) -> list[str]:
        return self.server.texts(ticket)

    def numbers(self) -> list[str]:
        return self.server.numbers()

    def close(self, ticket: str) -> None:
        self.server.change("giulia", ticket, Status="resolved")

    def pause(self, ticket: str) -> None:
        self.server.change("giulia", ticket, Status="stalled")

    def is_closed(self, ticket: str) -> bool:
        return bool(self.server.ticket(ticket)["Status"] == "resolved")

    def assign(self, ticket: str, user: str) -> None:
        self.server.change("root", ticket, Owner=user)

    def remove(self, ticket: str) -> None:
        self.server.change("root", ticket, Status="deleted")

    def title(self, ticket: str) -> str:
        return str(self.server.ticket(ticket)["Subject"])

    def priority(self, ticket: str) -> Any:
        return self.server.ticket(ticket)["Priority"]

    def files(self, ticket: str) -> list[Kept]:
        return [Kept(*file) for one in self.server.written(ticket) for file in one["files"]]

    def filename(self, name: str) -> str:
        return {"foto più €.jpg": "foto piu _.jpg"}[name]
