"""The fake systems, as a test of a bridge uses them: what their agents do, and what is in their tickets."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiohttp import web

from tests.providers.base import Route
from tests.trackers.freshdesk import FakeFreshdesk
from tests.trackers.jira import FakeJira
from tests.trackers.jira_desk import CLOSED
from tests.trackers.osticket import FakeOsTicket
from tests.trackers.zendesk import FakeZendesk


class Desk:
    """One system. `settings` are those of its bridge, `final` whether it has closed tickets that nothing opens again."""

    description: str
    settings: str
    final = True
    creates = r"POST /\S*"
    adds = r"(POST|PUT) /\S*"

    def __init__(self, fake: Any) -> None:
        self.fake = fake

    @property
    def agent(self) -> str:
        """The agent, as the author of an answer."""
        raise NotImplementedError

    def id(self, ticket: str) -> Any:
        return int(ticket)

    def tickets(self) -> list[str]:
        return [str(one) for one in self.fake.tickets]

    def texts(self, ticket: str) -> list[str]:
        raise NotImplementedError

    def files(self, ticket: str) -> Mapping[str, bytes]:
        raise NotImplementedError

    def is_open(self, ticket: str) -> bool:
        raise NotImplementedError

    def seals(self, ticket: str) -> None:
        """Closes it for ever."""
        raise NotImplementedError


class Zendesk(Desk):
    description = "zendesk"
    settings = "values: {user: regia@example.com}\n    secrets: {token: '${TOKEN}'}"
    creates, adds = r"POST /api/v2/tickets", r"PUT /api/v2/tickets"

    def __init__(self, fake: FakeZendesk) -> None:
        super().__init__(fake)
        fake.export_lag_s = 0

    @property
    def agent(self) -> str:
        return "Ada Agent"

    def texts(self, ticket: str) -> list[str]:
        return [row["body"] for row in self.fake.comments_of(self.fake.tickets[int(ticket)])]

    def files(self, ticket: str) -> Mapping[str, bytes]:
        rows = [one for row in self.fake.comments_of(self.fake.tickets[int(ticket)]) for one in row["attachments"]]
        return {row["file_name"]: self.fake.contents[row["id"]] for row in rows}

    def is_open(self, ticket: str) -> bool:
        return self.fake.tickets[int(ticket)]["status"] not in ("solved", "closed")

    def seals(self, ticket: str) -> None:
        self.fake.closes(int(ticket), "closed")


class Freshdesk(Desk):
    description = "freshdesk"
    settings = "values: {requester: support@demo.example}\n    secrets: {key: '${TOKEN}'}"
    final = False
    creates, adds = r"POST /api/v2/tickets$", r"POST /api/v2/tickets/\d+/notes"

    @property
    def agent(self) -> str:
        return str(self.fake.agent)

    def texts(self, ticket: str) -> list[str]:
        rows = [row["body"] for row in self.fake.conversations.values() if row["ticket_id"] == int(ticket)]
        return [self.fake.tickets[int(ticket)]["description"], *rows]

    def files(self, ticket: str) -> Mapping[str, bytes]:
        rows = [self.fake.tickets[int(ticket)], *self.fake.conversations.values()]
        return {one["name"]: self.fake.contents[one["id"]] for row in rows for one in row["attachments"]}

    def is_open(self, ticket: str) -> bool:
        return self.fake.tickets[int(ticket)]["status"] in (2, 3)


class Jira(Desk):
    description = "jira-service-management"
    settings = "values: {user: regia@example.com, service_desk: 4, request_type: 25}\n    secrets: {token: '${TOKEN}'}"
    creates, adds = r"POST /rest/servicedeskapi/request$", r"POST /rest/servicedeskapi/request/[\w-]+/(comment|attachment)"

    @property
    def agent(self) -> str:
        return "Ada Agent"

    def id(self, ticket: str) -> str:
        return ticket

    def tickets(self) -> list[str]:
        return list(self.fake.issues)

    def texts(self, ticket: str) -> list[str]:
        issue = self.fake.issues[ticket]
        return [issue.fields["description"], *(one.body for one in issue.comments)]

    def files(self, ticket: str) -> Mapping[str, bytes]:
        issue = self.fake.issues[ticket]
        kept = {name: content for name, _, content, _ in (self.fake.attachments[one] for one in issue.files)}
        given = [self.fake.temporary[one] for one in issue.fields.get("attachment", ())]
        return kept | {name: content for name, _, content in given}

    def is_open(self, ticket: str) -> bool:
        return self.fake.issues[ticket].status not in ("5", CLOSED)

    def seals(self, ticket: str) -> None:
        self.fake.closes(ticket, CLOSED)


class WithFirstPage(FakeOsTicket):
    """With its first page, which a check of the bridge asks for."""

    def routes(self) -> Iterable[Route]:
        return (*super().routes(), Route("GET", "/", self._first))

    async def _first(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>Support Center</html>", content_type="text/html")


class OsTicket(Desk):
    description = "osticket"
    settings = "values: {requester: support@demo.example, topic: 1}\n    secrets: {key: '${TOKEN}'}"
    final = False
    creates = r"POST /api/tickets"

    def texts(self, ticket: str) -> list[str]:
        return [text for _, _, text in self.fake.tickets[ticket].thread]

    def files(self, ticket: str) -> Mapping[str, bytes]:
        return dict(self.fake.tickets[ticket].files)

    def subject(self, ticket: str) -> str:
        return str(self.fake.tickets[ticket].subject)


FAKES: Final[Mapping[str, tuple[type[Any], type[Desk]]]] = {
    "zendesk": (FakeZendesk, Zendesk),
    "freshdesk": (FakeFreshdesk, Freshdesk),
    "jira": (FakeJira, Jira),
    "osticket": (WithFirstPage, OsTicket),
}


def token(fake: Any) -> str:
    return str(getattr(fake, "token", None) or fake.key)
