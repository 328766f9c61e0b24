"""A strict fake of Zammad for the tests of all bridges."""

from typing import Any

from tests.bridges.systems import Kept, System
from tests.trackers.zammad import FakeZammad

YAML = """
    type: zammad
    url: ${TRACKER}
    token: ${PASSWORD}
    group: Users
    unknown_customer: unknown@support.example
    priorities: {3: 2 normal, 1: 3 high}
"""


class ZammadSystem(System):
    type = "zammad"
    waits = "pending reminder"
    yaml = YAML
    hot = 3

    def __init__(self, fake: FakeZammad) -> None:
        self.fake = fake
        self.given = {"TRACKER": fake.url, "PASSWORD": fake.token}
        self.people = {name: fake.add_user(f"{name}@support.example", name.title(), roles=(2,)) for name in ("giulia", "marco")}

    def _says(self, user: str, ticket: str, text: str, **more: Any) -> dict[str, Any]:
        given = {"body": _html(text), "content_type": "text/html", "type": "note", "sender": "Agent", **more}
        return self.fake.new_article(self.fake.tickets[int(ticket)], given, self.people[user]["id"])

    def answer(self, user: str, ticket: str, text: str) -> None:
        self._says(user, ticket, text, internal=False)

    def answer_with(self, user: str, ticket: str, text: str, file: Kept) -> None:
        row = self._says(user, ticket, text, internal=False)
        row["attachments"].append(self.fake.keep(file.filename, file.content_type, file.content))

    def inner(self, user: str, ticket: str, text: str) -> None:
        self._says(user, ticket, text, internal=True)

    def articles(self, ticket: str) -> list[dict[str, Any]]:
        return [self.fake.articles[id_] for id_ in self.fake.tickets[int(ticket)]["article_ids"]]

    def texts(self, ticket: str) -> list[str]:
        return [one["body"] for one in self.articles(ticket)]

    def numbers(self) -> list[str]:
        return [str(one) for one in self.fake.tickets]

    def close(self, ticket: str) -> None:
        self.fake.closes(int(ticket))

    def pause(self, ticket: str) -> None:
        given = {"state": "pending reminder", "pending_time": "2030-01-01T00:00:00.000Z"}
        self.fake.change_ticket(self.fake.tickets[int(ticket)], given)

    def is_closed(self, ticket: str) -> bool:
        return bool(self.fake.tickets[int(ticket)]["state_id"] == 4)

    def assign(self, ticket: str, user: str) -> None:
        self.fake.assigns(int(ticket), self.people[user]["id"])

    def remove(self, ticket: str) -> None:
        self.fake.change_ticket(self.fake.tickets[int(ticket)], {"state": "merged"})

    def title(self, ticket: str) -> str:
        return str(self.fake.tickets[int(ticket)]["title"])

    def priority(self, ticket: str) -> Any:
        return self.fake.tickets[int(ticket)]["priority_id"]

    def files(self, ticket: str) -> list[Kept]:
        found = [file for one in self.articles(ticket) for file in one["attachments"]]
        return [Kept(one["filename"], one["preferences"]["Mime-Type"], self.fake.contents[one["id"]]) for one in found]


def _html(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
    return f"<div>{escaped}</div>"
