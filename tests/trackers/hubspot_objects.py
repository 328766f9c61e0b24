"""HubSpot's calls on objects and their associations: `/crm/v3/objects/…` and `/crm/v4/objects/…`."""

from typing import Any

from aiohttp import web

from tests.providers.base import PATH
from tests.providers.shapes import many, obj, text, violation
from tests.trackers.base import iso, json_value
from tests.trackers.hubspot_records import Account, Record, association_type, default_names
from tests.trackers.hubspot_search import MOST_FOUND, fault, matches, order, sort_key
from tests.trackers.hubspot_shapes import (
    BATCH_READ,
    BATCH_UPSERT,
    CREATE,
    KINDS,
    MOST_FILTERS,
    SEARCH,
    TYPE_IDS,
    TYPES,
    UPDATE,
)

READ_QUERY = ("properties", "propertiesWithHistory", "associations", "archived", "idProperty")


class Objects(Account):
    """`indexing_s`: how long a change stays hidden from search; HubSpot names no figure, clients must bear some seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.indexing_s = 0.0

    def kind(self, request: web.Request, group: str = "kind") -> str:
        name = request[PATH][group]
        if name not in KINDS:
            self.violate(400, f"Unable to infer object type from: {name}")
        return KINDS[name]

    async def create_object(self, request: web.Request) -> web.StreamResponse:
        kind = self.kind(request)
        body = await self.shaped(request, CREATE)
        ends = [self._end(kind, wanted) for wanted in body.get("associations", [])]
        record = self.create(kind, body["properties"])
        for end in ends:
            self.link(record, end)
        return web.json_response(self.shown(record, record.properties), status=201)

    def _end(self, kind: str, wanted: dict[str, Any]) -> Record:
        """The other end of an association given with a new object, found by the type ids."""
        fitting = [to for to in TYPE_IDS if any(association_type(kind, to) == t["associationTypeId"] for t in wanted["types"])]
        if len(fitting) != 1 or len(wanted["types"]) != 1:
            self.violate(400, f"association types {wanted['types']} do not fit {kind}")
        return self.find(fitting[0], wanted["to"]["id"])

    async def read_object(self, request: web.Request) -> web.StreamResponse:
        kind, query = self.kind(request), self.query(request, *READ_QUERY)
        record = self.find(kind, request[PATH]["id"], query.get("idProperty"))
        shown = self.shown(record, _names(query) or default_names(kind))
        if wanted := [self._asked_kind(name) for name in query.get("associations", "").split(",") if name]:
            shown["associations"] = {to: {"results": self._results(record, to)} for to in wanted if self.linked(record, to)}
        return web.json_response(shown)

    def _asked_kind(self, name: str) -> str:
        if name not in KINDS:
            self.violate(400, f"unknown association {name}")
        return KINDS[name]

    def _results(self, record: Record, to: str) -> list[dict[str, str]]:
        kind = f"{record.kind.removesuffix('s')}_to_{to.removesuffix('s')}"
        return [{"id": id_, "type": kind} for id_ in self.linked(record, to)]

    async def list_objects(self, request: web.Request) -> web.StreamResponse:
        kind, query = self.kind(request), self.query(request, *READ_QUERY, "limit", "after")
        limit, after = self.number(query, "limit", 10, 100), self.number(query, "after", 0, None)
        found = [record for record in self.records[kind].values() if not record.archived and int(record.id) > after - 1]
        page = found[:limit]
        shown = [self.shown(record, _names(query) or default_names(kind)) for record in page]
        paging = {"paging": {"next": {"after": found[limit].id}}} if len(found) > limit else {}
        return web.json_response({"results": shown, **paging})

    def number(self, query: dict[str, str], name: str, default: int, most: int | None) -> int:
        given = query.get(name, str(default))
        if not given.isdecimal() or (most is not None and not 0 < int(given) <= most):
            self.violate(400, f"{name} {given!r} is not a number or too large")
        return int(given)

    async def update_object(self, request: web.Request) -> web.StreamResponse:
        kind, query = self.kind(request), self.query(request, "idProperty")
        body = await self.shaped(request, UPDATE)
        record = self.find(kind, request[PATH]["id"], query.get("idProperty"))
        self.update(record, body["properties"])
        return web.json_response(self.shown(record, body["properties"]))

    async def archive_object(self, request: web.Request) -> web.StreamResponse:
        """Moves it to the recycling bin; 204 also for what is not there."""
        record = self.records[self.kind(request)].get(request[PATH]["id"])
        if record is not None:
            record.archived = True
        return web.Response(status=204)

    async def search_objects(self, request: web.Request) -> web.StreamResponse:
        kind = self.kind(request)
        body = await self.shaped(request, SEARCH)
        groups = [group["filters"] for group in body.get("filterGroups", [])]
        properties = self.properties[kind]
        wrong = [why for filters in groups for one in filters if (why := fault(one, properties))]
        sorted_by = order(body.get("sorts", []), properties)
        if isinstance(sorted_by, str):
            wrong.append(sorted_by)
        if wrong or sum(map(len, groups)) > MOST_FILTERS:
            self.violate(400, f"There was a problem with the request. {wrong or 'too many filters'}")
        found = [record for record in self._indexed(kind) if self._passes(record, groups, body.get("query", ""))]
        if sorted_by is not None and not isinstance(sorted_by, str):
            made, down = sorted_by
            key = sort_key(made)
            found.sort(key=lambda record: key(self.held(record, made.name)), reverse=down)
        return web.json_response(self._page(kind, found, body))

    def _indexed(self, kind: str) -> list[Record]:
        """What search knows of: nothing that changed in the last `indexing_s` seconds."""
        until = self.clock() * 1000 - self.indexing_s * 1000 if self.indexing_s else float("inf")
        return [one for one in self.records[kind].values() if not one.archived and one.updated_ms <= until]

    def _passes(self, record: Record, groups: list[list[dict[str, Any]]], query: str) -> bool:
        words = " ".join(record.properties.values()).lower()
        if query.lower() not in words:
            return False
        return not groups or any(all(self._fits(record, wanted) for wanted in filters) for filters in groups)

    def _fits(self, record: Record, wanted: dict[str, Any]) -> bool:
        name = wanted["propertyName"]
        if name.startswith("associations."):
            linked = self.linked(record, self._asked_kind(name.removeprefix("associations.")))
            return any(id_ in linked for id_ in wanted.get("values") or [wanted.get("value")])
        return matches(self.held(record, name), wanted, self.properties[record.kind][name])

    def _page(self, kind: str, found: list[Record], body: dict[str, Any]) -> dict[str, Any]:
        after, limit = int(body.get("after", 0)), body.get("limit", 10)
        if after + limit > MOST_FOUND:
            self.violate(400, f"search reaches the first {MOST_FOUND} results only")
        names = body.get("properties") or default_names(kind)
        page = [self.shown(record, names) for record in found[after : after + limit]]
        more = after + limit < len(found)
        paging = {"paging": {"next": {"after": str(after + limit)}}} if more else {}
        return {"total": len(found), "results": page, **paging}

    async def batch_read(self, request: web.Request) -> web.StreamResponse:
        """Those that are not found are left out, and the answer is 207 then."""
        kind, body = self.kind(request), await self.shaped(request, BATCH_READ)
        key = body.get("idProperty")
        wanted = [entry["id"] for entry in body["inputs"]]
        found = [self.with_value(kind, key, id_) if key else self.records[kind].get(id_) for id_ in wanted]
        names = body["properties"] or default_names(kind)
        shown = [self.shown(record, names) for record in found if record is not None and not record.archived]
        missing = len(shown) < len(wanted)
        errors = {"numErrors": 1, "errors": [{"status": "error", "category": "OBJECT_NOT_FOUND"}]} if missing else {}
        return web.json_response({**self._done(), "results": shown, **errors}, status=207 if missing else 200)

    async def batch_upsert(self, request: web.Request) -> web.StreamResponse:
        """Creates or updates by a unique property, which makes a repeated creation harmless."""
        kind, body = self.kind(request), await self.shaped(request, BATCH_UPSERT)
        results = []
        for entry in body["inputs"]:
            made = self.properties[kind].get(entry["idProperty"])
            if made is None or not made.unique:
                self.refuse(400, f"{entry['idProperty']} is not a unique property")
            record = self.with_value(kind, made.name, entry["id"])
            new, values = record is None, {**entry["properties"], made.name: entry["id"]}
            if record is None:
                record = self.create(kind, values)
            else:
                self.update(record, values)
            results.append({**self.shown(record, values), "new": new})
        return web.json_response({**self._done(), "results": results})

    def _done(self) -> dict[str, str]:
        now = iso(self.now_ms())
        return {"status": "COMPLETE", "startedAt": now, "completedAt": now}

    # associations

    def _ends(self, request: web.Request) -> tuple[Record, Record]:
        ends = ((self.kind(request), "id"), (self.kind(request, "to"), "other"))
        return tuple(self.find(kind, request[PATH][group]) for kind, group in ends)  # type: ignore[return-value]  # two

    async def associate(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":
            self.violate(415, f"content type {request.content_type}")
        body = json_value(await request.read())
        if wrong := violation(TYPES, body):
            self.violate(400, f"Invalid input JSON: {wrong}")
        one, other = self._ends(request)
        if [entry["associationTypeId"] for entry in body] != [association_type(one.kind, other.kind)]:
            self.violate(400, f"{body} is no association type from {one.kind} to {other.kind}")
        self.link(one, other)
        ids = {"fromObjectTypeId": TYPE_IDS[one.kind], "fromObjectId": int(one.id)}
        ids |= {"toObjectTypeId": TYPE_IDS[other.kind], "toObjectId": int(other.id)}
        return web.json_response({**ids, "labels": []}, status=201)

    async def associate_by_default(self, request: web.Request) -> web.StreamResponse:
        one, other = self._ends(request)
        self.link(one, other)
        kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": association_type(one.kind, other.kind)}
        result = {"from": {"id": one.id}, "to": {"id": other.id}, "associationSpec": kind}
        return web.json_response({**self._done(), "results": [result]})

    async def associations(self, request: web.Request) -> web.StreamResponse:
        query = self.query(request, "limit", "after")
        limit, after = self.number(query, "limit", 500, 500), self.number(query, "after", 0, None)
        record, to = self.find(self.kind(request), request[PATH]["id"]), self.kind(request, "to")
        linked = self.linked(record, to)
        kinds = [{"category": "HUBSPOT_DEFINED", "typeId": association_type(record.kind, to), "label": None}]
        results = [{"toObjectId": int(id_), "associationTypes": kinds} for id_ in linked[after : after + limit]]
        paging = {"paging": {"next": {"after": str(after + limit)}}} if after + limit < len(linked) else {}
        return web.json_response({"results": results, **paging})

    async def batch_associations(self, request: web.Request) -> web.StreamResponse:
        """Objects without any are left out ("Associations v4", read associations in batch)."""
        kind, to = self.kind(request), self.kind(request, "to")
        body = await self.shaped(request, obj({"inputs": many(obj({"id": text()}, {"after": text()}), 1000)}))
        found = {
            one["id"]: self.linked(self.records[kind][one["id"]], to)
            for one in body["inputs"]
            if one["id"] in self.records[kind]
        }
        kinds = [{"category": "HUBSPOT_DEFINED", "typeId": association_type(kind, to), "label": None}]
        results = [
            {"from": {"id": id_}, "to": [{"toObjectId": int(other), "associationTypes": kinds} for other in others]}
            for id_, others in found.items()
            if others
        ]
        return web.json_response({**self._done(), "results": results})


def _names(query: dict[str, str]) -> list[str]:
    return [name for name in query.get("properties", "").split(",") if name]
