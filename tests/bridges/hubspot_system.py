"""A strict fake of HubSpot for the tests of all bridges."""

from html import escape
from typing import Any

from normalizer.markup import html_to_text
from tests.bridges.systems import Kept, System
from tests.trackers.hubspot import FakeHubSpot
from tests.trackers.hubspot_records import Record

YAML = """
    type: hubspot
    url: ${TRACKER}
    token: ${PASSWORD}
    portal: '146000001'
    opened: New
    closed: [Closed]
    priorities: {3: LOW, 1: HIGH}
"""


class HubSpotSystem(System):
    type = "hubspot"
    waits = "Waiting on contact"
    yaml = YAML
    hot = "HIGH"

    def __init__(self, fake: FakeHubSpot) -> None:
        self.fake = fake
        self.given = {"TRACKER": fake.url, "PASSWORD": fake.token}
        fake.owners |= {"78": "giulia@support.example", "79": "marco@support.example"}
        fake.activities_touch_tickets = False

    def answer(self, user: str, ticket: str, text: str) -> None:
        self.inner(user, ticket, f"#customer {text}")

    def answer_with(self, user: str, ticket: str, text: str, file: Kept) -> None:
        self._note(user, ticket, f"#customer {text}", hs_attachment_ids=self.fake.add_file(file.filename, file.content))

    def inner(self, user: str, ticket: str, text: str) -> None:
        self._note(user, ticket, text)

    def _note(self, user: str, ticket: str, text: str, **more: str) -> None:
        owner = {"giulia": "78", "marco": "79"}[user]
        body = "".join(f"<p>{escape(line)}</p>" for line in text.split("\n\n"))
        values = {"hs_timestamp": str(self.fake.now_ms()), "hs_note_body": body, "hubspot_owner_id": owner, **more}
        self.fake.link(self.fake.create("notes", values), self.fake.tickets[ticket])

    def notes(self, ticket: str) -> list[Record]:
        ids = self.fake.linked(self.fake.tickets[ticket], "notes")
        return [self.fake.records["notes"][one] for one in ids]

    def texts(self, ticket: str) -> list[str]:
        """What the ticket says, and its notes."""
        first = self.fake.tickets[ticket].properties["content"]
        notes = [html_to_text(one.properties["hs_note_body"]) for one in self.notes(ticket)]
        return [first, *(one for one in notes if not one.startswith("Files."))]

    def numbers(self) -> list[str]:
        return [one.id for one in self.fake.tickets.values() if not one.archived]

    def close(self, ticket: str) -> None:
        self.fake.closes(ticket)

    def pause(self, ticket: str) -> None:
        self.fake.update(self.fake.tickets[ticket], {"hs_pipeline_stage": "2"})

    def is_closed(self, ticket: str) -> bool:
        return self.fake.tickets[ticket].properties["hs_pipeline_stage"] == "4"

    def assign(self, ticket: str, user: str) -> None:
        self.fake.assigns(ticket, {"giulia": "78", "marco": "79"}[user])

    def remove(self, ticket: str) -> None:
        self.fake.tickets[ticket].archived = True

    def title(self, ticket: str) -> str:
        return self.fake.tickets[ticket].properties["subject"]

    def priority(self, ticket: str) -> Any:
        return self.fake.tickets[ticket].properties["hs_ticket_priority"]

    def files(self, ticket: str) -> list[Kept]:
        given = [one.properties.get("hs_attachment_ids") or "" for one in self.notes(ticket)]
        ids = [id_ for one in given for id_ in one.split(";") if id_]
        return [Kept(self.fake.file_names[id_], "image/jpeg", self.fake.files[id_]) for id_ in ids]
