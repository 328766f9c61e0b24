"""HubSpot: CRM v3/v4 for tickets, contacts, notes and e-mails, files, owners and pipelines of one account.

Sources (developers.hubspot.com): "CRM API | Tickets" (/docs/api-reference/legacy/crm/objects/tickets/guide), "| Contacts",
"| Properties" (/docs/api/crm/properties), "| Pipelines", "| Owners", "| Associations v4", "Search the CRM",
"Engagements | Notes", "Activities | Email" (/docs/api-reference/legacy/crm/activities/emails/guide), "Files API"
(/docs/api-reference/legacy/files/guide), "Error handling" (/docs/api-reference/error-handling), "API usage guidelines",
"Upcoming: Changes to error responses", "Scopes".
Wording of refusals from threads that quote them (HubSpot/hubspot-api-nodejs#545, stape-io/hubspot-tag#7).

An agent's answer is an `emails` object with `hs_email_direction` EMAIL, what only colleagues see is a note.
"""

from collections.abc import Iterable

from aiohttp import web

from tests.providers.base import PATH, Route, bearer
from tests.trackers.base import iso
from tests.trackers.hubspot_files import Files
from tests.trackers.hubspot_records import Record
from tests.trackers.hubspot_shapes import FIELD_TYPES, NEW_PROPERTY, Property

SCOPES = frozenset(
    {
        *("tickets", "crm.objects.contacts.read", "crm.objects.contacts.write", "crm.objects.owners.read", "files"),
        *("crm.schemas.contacts.read", "crm.schemas.contacts.write", "sales-email-read"),
    }
)
MOST_UNIQUE = 10
"""Custom properties with unique values, for each type of object."""
OBJECT = r"/crm/v3/objects/(?P<kind>[\w-]+)"
LINKED = r"/crm/v4/objects/(?P<kind>[\w-]+)/(?P<id>\d+)/associations"


class FakeHubSpot(Files):
    """One account behind one private app's token; take scopes out of `scopes` to have calls refused."""

    def __init__(self, token: str = "pat-eu1-00000000-0000-4000-8000-000000000001", portal: int = 146_000_001) -> None:
        super().__init__()
        self.token = token
        self.portal = portal
        self.scopes = set(SCOPES)

    def routes(self) -> Iterable[Route]:
        return (
            Route("GET", "/account-info/v3/details", self._details),
            Route("POST", OBJECT, self.create_object),
            Route("GET", OBJECT, self.list_objects),
            Route("POST", OBJECT + "/search", self.search_objects),
            Route("POST", OBJECT + "/batch/read", self.batch_read),
            Route("POST", OBJECT + "/batch/upsert", self.batch_upsert),
            Route("GET", OBJECT + "/(?P<id>[^/]+)", self.read_object),
            Route("PATCH", OBJECT + "/(?P<id>[^/]+)", self.update_object),
            Route("DELETE", OBJECT + r"/(?P<id>\d+)", self.archive_object),
            Route("GET", LINKED + r"/(?P<to>[\w-]+)", self.associations),
            Route("PUT", LINKED + r"/default/(?P<to>[\w-]+)/(?P<other>\d+)", self.associate_by_default),
            Route("PUT", LINKED + r"/(?P<to>[\w-]+)/(?P<other>\d+)", self.associate),
            Route("POST", r"/crm/v4/associations/(?P<kind>[\w-]+)/(?P<to>[\w-]+)/batch/read", self.batch_associations),
            Route("GET", r"/crm/v3/properties/(?P<kind>[\w-]+)", self._properties),
            Route("POST", r"/crm/v3/properties/(?P<kind>[\w-]+)", self._new_property),
            Route("GET", r"/crm/v3/properties/(?P<kind>[\w-]+)/(?P<name>\w+)", self._property),
            Route("GET", r"/crm/v3/pipelines/(?P<kind>tickets|ticket|0-5)(/(?P<id>\w+))?", self._pipelines),
            Route("GET", r"/crm/v3/owners/?", self._owners),
            Route("GET", r"/crm/v3/owners/(?P<id>\d+)", self._owner),
            Route("POST", r"/files/v3/files/?", self.upload),
            Route("GET", r"/files/v3/files/(?P<id>\d+)", self.file),
            Route("GET", r"/files/v3/files/(?P<id>\d+)/signed-url", self.signed),
            Route("GET", r"/downloads/(?P<id>\d+)", self.download),
        )

    def admit(self, request: web.Request) -> None:
        if request.path.startswith("/downloads/"):  # a signed link needs no token
            return
        if bearer(request) != self.token:
            self.refuse(401, "missing or wrong token")
        if (scope := _scope(request)) and scope not in self.scopes:
            message = "This app hasn't been granted all required scopes to make this call."
            self.refuse(403, f"{message} {scope}")

    # the agent

    def agent_answers(self, ticket: str, text: str, files: Iterable[str] = ()) -> Record:
        """An agent writes an e-mail from the ticket; its stage becomes "Waiting on contact"."""
        values = {
            "hs_email_direction": "EMAIL",
            "hs_email_status": "SENT",
            "hs_email_text": text,
            "hs_email_html": f"<p>{text}</p>",
        }
        made = self._activity(
            "emails", ticket, {**values, "hs_email_subject": "Re: " + self.tickets[ticket].properties["subject"]}, files
        )
        self.update(self.tickets[ticket], {"hs_pipeline_stage": "2"})
        return made

    def customer_mails(self, ticket: str, text: str) -> Record:
        """An e-mail of the customer's that HubSpot's own inbox caught."""
        return self._activity("emails", ticket, {"hs_email_direction": "INCOMING_EMAIL", "hs_email_text": text}, ())

    def agent_notes(self, ticket: str, text: str, files: Iterable[str] = ()) -> Record:
        return self._activity("notes", ticket, {"hs_note_body": f"<p>{text}</p>"}, files)

    def _activity(self, kind: str, ticket: str, values: dict[str, str], files: Iterable[str]) -> Record:
        attached = {"hs_attachment_ids": ";".join(files)} if files else {}
        made = self.create(
            kind, {"hs_timestamp": str(self.now_ms()), "hubspot_owner_id": next(iter(self.owners)), **values, **attached}
        )
        self.link(made, self.tickets[ticket])
        return made

    def closes(self, ticket: str) -> None:
        self.update(self.tickets[ticket], {"hs_pipeline_stage": "4", "closed_date": str(self.now_ms())})

    def reopens(self, ticket: str) -> None:
        self.update(self.tickets[ticket], {"hs_pipeline_stage": "3", "closed_date": ""})

    def assigns(self, ticket: str, owner: str = "77") -> None:
        self.update(self.tickets[ticket], {"hubspot_owner_id": owner})

    def add_property(self, kind: str, name: str, *, unique: bool = False) -> None:
        """A custom text property, as an administrator adds one."""
        self.properties[kind][name] = Property(name, unique=unique, custom=True)

    # the account

    async def _details(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {"portalId": self.portal, "accountType": "STANDARD", "timeZone": "Europe/Berlin", "uiDomain": "app.hubspot.com"}
        )

    async def _properties(self, request: web.Request) -> web.StreamResponse:
        kind = self.kind(request)
        self.query(request, "archived", "properties")
        return web.json_response({"results": [made.as_json(kind) for made in self.properties[kind].values()]})

    async def _property(self, request: web.Request) -> web.StreamResponse:
        kind, name = self.kind(request), request[PATH]["name"]
        if name not in self.properties[kind]:
            self.refuse(404, f"no property {name}")
        return web.json_response(self.properties[kind][name].as_json(kind))

    async def _new_property(self, request: web.Request) -> web.StreamResponse:
        kind, body = self.kind(request), await self.shaped(request, NEW_PROPERTY)
        if body["groupName"] not in self.groups[kind]:
            self.violate(400, f"no property group {body['groupName']}")
        if body["fieldType"] not in FIELD_TYPES[body["type"]] or (body["type"] == "enumeration" and not body.get("options")):
            self.violate(400, f"type {body['type']} with fieldType {body['fieldType']} and these options")
        if body["name"] in self.properties[kind]:
            self.refuse(409, f"A property named '{body['name']}' already exists.")
        unique = body.get("hasUniqueValue", False)
        if unique and sum(made.unique for made in self.properties[kind].values() if made.custom) >= MOST_UNIQUE:
            self.refuse(400, f"more than {MOST_UNIQUE} properties with unique values")
        options = tuple(option["value"] for option in body.get("options", []))
        made = Property(
            body["name"], body["type"], options, False, unique, body["fieldType"], body["label"], body["groupName"], True
        )
        self.properties[kind][made.name] = made
        return web.json_response(made.as_json(kind), status=201)

    async def _pipelines(self, request: web.Request) -> web.StreamResponse:
        shown = {id_: self._pipeline(id_) for id_ in self.pipelines}
        wanted = request[PATH].get("id")
        if wanted is None:
            return web.json_response({"results": list(shown.values())})
        if wanted not in shown:
            self.refuse(404, f"no pipeline {wanted}")
        return web.json_response(shown[wanted])

    def _pipeline(self, id_: str) -> dict[str, object]:
        stages = [
            {"id": stage, "label": label, "displayOrder": place, "archived": False, **_state(label == "Closed")}
            for place, (stage, label) in enumerate(self.pipelines[id_].items())
        ]
        return {"id": id_, "label": "Support Pipeline", "displayOrder": 0, "archived": False, "stages": stages}

    async def _owners(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, "email", "limit", "after", "archived")
        found = [self._shown_owner(id_) for id_, email in self.owners.items() if query.get("email", email) == email]
        return web.json_response({"results": found})

    async def _owner(self, request: web.Request) -> web.StreamResponse:
        if request[PATH]["id"] not in self.owners:
            self.refuse(404, "no such owner")
        return web.json_response(self._shown_owner(request[PATH]["id"]))

    def _shown_owner(self, id_: str) -> dict[str, object]:
        name = {"firstName": "Ada", "lastName": "Agent", "email": self.owners[id_]}
        return {"id": id_, **name, "userId": int(id_) + 1000, "createdAt": iso(0), "updatedAt": iso(0), "archived": False}


def _state(closed: bool) -> dict[str, object]:
    return {"metadata": {"ticketState": "CLOSED" if closed else "OPEN", "isClosed": str(closed).lower()}}


def _scope(request: web.Request) -> str | None:
    """The scope a call needs, None when any token will do."""
    if request.path.startswith("/files/"):
        return "files"
    if request.path.startswith("/crm/v3/owners"):
        return "crm.objects.owners.read"
    parts = request.path.split("/")
    if len(parts) < 5:
        return None
    if parts[4] in ("tickets", "ticket", "0-5"):
        return "tickets"
    area = "schemas" if parts[3] == "properties" else "objects"
    reads = request.method == "GET" or request.path.endswith(("/search", "/batch/read"))
    return f"crm.{area}.contacts.{'read' if reads else 'write'}"
