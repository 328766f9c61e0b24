"""The figures again, as slowly and plainly as docs/kpi.md says them: every table is read whole, and looped over. Nothing of the
product is used but its tables."""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from storage.schema import faq_counts, handles, marks, messages, outgoing, sla_timers, surveys, ticket_events


@dataclass(frozen=True)
class Thing:
    """Something that counts at a time, what it has of each dimension, and its number, if it has one."""

    at_ms: int
    dims: dict[str, list[str]]
    number: int | None = None
    member: str | None = None
    parts: dict[str, int] | None = None
    times: int = 1
    day: date | None = None


def rows_of(connection: Connection) -> "Rows":
    """All there is."""
    return {
        table.name: [dict(row._mapping) for row in connection.execute(select(table))]
        for table in (faq_counts, handles, marks, messages, outgoing, sla_timers, surveys, ticket_events)
    }


def things(rows: "Rows", kpi: str) -> list[Thing]:
    """Everything that a figure is made of."""
    return list(_WAYS[kpi](rows))


def group_of(thing: Thing, by: str, zone: str) -> list[str | None]:
    """What it belongs to."""
    if by not in ("hour", "day", "week", "month"):
        found: list[str | None] = list(thing.dims.get(by, []))
        return found or [None]
    local = datetime.fromtimestamp(thing.at_ms / 1000, UTC).astimezone(ZoneInfo(zone))
    if thing.day is not None:
        local = datetime.combine(thing.day, time(), ZoneInfo(zone))
    if by == "hour":
        return [local.replace(minute=0, second=0, microsecond=0).isoformat(timespec="minutes")]
    if by == "week":
        return [(local.date() - timedelta(days=local.weekday())).isoformat()]
    return [local.date().isoformat() if by == "day" else f"{local.year}-{local.month:02}"]


def figure(
    found: list[Thing], since_ms: int, until_ms: int, *, where: list[tuple[str, list[str]]], by: list[str], zone: str
) -> dict[Any, dict[str, Any]]:
    """By groups what it comes to; under "*" all of it."""
    groups: dict[Any, list[Thing]] = defaultdict(list)
    for thing in found:
        if not _is_within(thing, since_ms, until_ms, zone):
            continue
        if not all(set(thing.dims.get(name, [])) & set(values) for name, values in where):
            continue
        groups["*"].append(thing)
        for group in product(*(group_of(thing, one, zone) for one in by)) if by else []:
            groups[group].append(thing)
    return {group: _summed(some) for group, some in groups.items()}


def _is_within(thing: Thing, since_ms: int, until_ms: int, zone: str) -> bool:
    if thing.day is None:
        return since_ms <= thing.at_ms < until_ms
    # A day of readings counts where any of that day is within.
    first, last = (datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZoneInfo(zone)).date() for ms in (since_ms, until_ms - 1))
    return since_ms < until_ms and first <= thing.day <= last


def _summed(some: list[Thing]) -> dict[str, Any]:
    numbers = sorted(thing.number for thing in some if thing.number is not None)
    outcomes: dict[str, int] = defaultdict(int)
    for thing in some:
        for name, number in (thing.parts or {}).items():
            outcomes[name] += number
        for outcome in thing.dims.get("outcome", []):
            outcomes[outcome] += 1

    def rank(percent: int) -> int | None:
        return numbers[math.ceil(len(numbers) * percent / 100) - 1] if numbers else None

    return {
        "count": sum(thing.times for thing in some),
        "measured": len(numbers),
        "mean": round(sum(numbers) / len(numbers), 3) if numbers else None,
        "median": rank(50),
        "p90": rank(90),
        "members": len({thing.member for thing in some}),
        "outcomes": dict(outcomes),
    }


Rows = dict[str, list[dict[str, Any]]]


def is_contact(message: dict[str, Any]) -> bool:
    """Somebody wrote it, no program; it is no afterthought, no rule discarded it, and it repeats nothing."""
    if message["kind"] in ("edit", "delete", "reaction") or message["discarded_by"] or message["repeat_of"]:
        return False
    return json.loads(message["envelope"])["data"]["automated"] is None


def dims_of(message: dict[str, Any]) -> dict[str, list[str]]:
    data = json.loads(message["envelope"])["data"]
    dims = {name: [message[name]] for name in ("brand", "channel", "connector", "category")}
    if data["routing"]["product"]:
        dims["product"] = [data["routing"]["product"]]
    if data["routing"]["targets"]:
        dims["target"] = data["routing"]["targets"]
    if data["routing"].get("decided_by"):
        dims["rule"] = [data["routing"]["decided_by"]["category"]]
    if data["routing"]["tags"]:
        dims["tag"] = data["routing"]["tags"]
    for name, value in data["fields"].items():
        if isinstance(value, bool):
            dims[f"field.{name}"] = ["true" if value else "false"]
        elif isinstance(value, (int, float)):
            dims[f"field.{name}"] = [str(int(value)) if value == int(value) else str(value)]
        elif isinstance(value, str) and 0 < len(value) <= 100:
            dims[f"field.{name}"] = [value]
    return dims


def _of(rows: Rows, conversation: str) -> list[dict[str, Any]]:
    mine = [one for one in rows["messages"] if one["conversation_id"] == conversation]
    return sorted(mine, key=lambda one: (one["at_ms"], one["id"]))


def _home(rows: Rows, conversation: str) -> dict[str, list[str]]:
    for message in _of(rows, conversation):
        if is_contact(message):
            return dims_of(message)
    return {}


def _waited(rows: Rows, message: dict[str, Any]) -> int | None:
    """Until the first answer of a person behind it."""
    if json.loads(message["envelope"])["data"]["backlog"]:
        return None
    here = message["conversation_id"]
    times = [
        one["ended_ms"] if one["ended_ms"] is not None else one["created_ms"]
        for one in rows["outgoing"]
        if one["conversation_id"] == here and one["state"] == "sent" and not one["automatic"]
    ]
    times += [one["at_ms"] for one in rows["ticket_events"] if one["conversation_id"] == here and one["answered"]]
    later = [at_ms for at_ms in times if at_ms >= message["at_ms"]]
    return (min(later) - message["at_ms"]) // 1000 if later else None


def contacts(rows: Rows) -> Iterator[Thing]:
    for message in rows["messages"]:
        if is_contact(message):
            yield Thing(message["at_ms"], dims_of(message))


def reply(rows: Rows) -> Iterator[Thing]:
    for message in rows["messages"]:
        if is_contact(message):
            yield Thing(message["at_ms"], dims_of(message), _waited(rows, message))


def first_reply(rows: Rows) -> Iterator[Thing]:
    for conversation in {message["conversation_id"] for message in rows["messages"]}:
        is_first = True
        for message in _of(rows, conversation):
            if is_contact(message):
                yield Thing(message["at_ms"], dims_of(message), _waited(rows, message) if is_first else None)
                if not json.loads(message["envelope"])["data"]["backlog"]:
                    is_first = False


def unheard(rows: Rows) -> Iterator[Thing]:
    owners = {one["id"]: one["customer_id"] for one in rows["handles"]}
    for message in rows["messages"]:
        if message["awaits_answer"]:
            yield Thing(message["at_ms"], dims_of(message), member=owners[message["handle_id"]])


def _tickets(rows: Rows) -> Iterator[tuple[list[dict[str, Any]], dict[str, list[str]], bool]]:
    told = defaultdict(list)
    for one in rows["ticket_events"]:
        told[one["space"], one["ticket"]].append(one)
    for several in told.values():
        several.sort(key=lambda one: (one["at_ms"], one["position"]))
        home = several[0]["conversation_id"]
        dims = {"brand": [several[0]["space"]]} | _home(rows, home)
        queues = {name for one in _of(rows, home) if is_contact(one) for name in dims_of(one).get("target", [])}
        dims |= {"target": sorted(queues)} if queues else {}
        for name in ("agent", "product", "reason"):
            for one in several:
                if one[name] is not None:
                    dims[name] = [one[name]]
        is_closed = False
        for one in several:
            if one["event"] in ("opened", "closed", "reopened"):
                is_closed = one["event"] == "closed"
        yield several, dims | {"outcome": ["closed" if is_closed else "open"]}, is_closed


def agents(rows: Rows) -> Iterator[Thing]:
    for several, dims, _ in _tickets(rows):
        opened = [one["at_ms"] for one in several if one["event"] == "opened"]
        yield Thing(min(opened) if opened else several[0]["at_ms"], dims)


def closing(rows: Rows) -> Iterator[Thing]:
    for several, dims, is_closed in _tickets(rows):
        if is_closed:
            opened = [one["at_ms"] for one in several if one["event"] == "opened"]
            closed = max(one["at_ms"] for one in several if one["event"] == "closed")
            yield Thing(closed, dims, (closed - min(opened)) // 1000 if opened else None)


def sla(rows: Rows) -> Iterator[Thing]:
    by_id = {message["id"]: message for message in rows["messages"]}
    for one in rows["sla_timers"]:
        if one["state"] == "waiting" or one["ended_by"] == "replaced":
            continue
        dims = dims_of(by_id[one["message_id"]]) if one["message_id"] in by_id else {}
        if one["state"] == "running":
            outcome = "breached" if one["breached"] else "running"
        elif one["taken_ms"] > one["promised_ms"]:
            outcome = "breached"
        elif one["state"] == "paused":
            outcome = "running"
        else:
            outcome = "dropped" if one["ended_by"] == "closed" and one["promise"] != "resolution" else "kept"
        own = {"brand": [one["brand"]], "category": [one["category"]], "promise": [one["promise"]], "outcome": [outcome]}
        yield Thing(one["started_ms"], dims | own)


def scores(rows: Rows) -> Iterator[Thing]:
    for one in rows["surveys"]:
        if one["asked_ms"] is None:
            continue
        dims = _home(rows, one["conversation_id"])
        for name in ("brand", "channel", "connector", "category", "product", "reason", "agent"):
            if one[name] is not None:
                dims = dims | {name: [one[name]]}
        dims = dims | {"survey": [one["name"]], "outcome": [one["state"]]}
        for question, value in json.loads(one["answers"]).items():
            if type(value) is int:
                yield Thing(one["received_ms"], dims | {"question": [f"{one['name']}/{question}"]}, value)


def routing(rows: Rows) -> Iterator[Thing]:
    by_id = {message["id"]: message for message in rows["messages"]}
    for one in rows["marks"]:
        message = by_id.get(one["message_id"])
        if message is not None and is_contact(message):
            outcome = "right" if message["category"] == one["category"] else "wrong"
            yield Thing(message["at_ms"], dims_of(message) | {"right": [one["category"]], "outcome": [outcome]})


def articles(rows: Rows) -> Iterator[Thing]:
    for one in rows["faq_counts"]:
        day = date(1970, 1, 1) + timedelta(days=one["day"])
        dims = {"brand": [one["brand"]], "faq": [one["faq"]], "article": [f"{one['faq']}/{one['article']}"]}
        parts = {"helped": 0, "not_helped": 0}
        is_view = one["kind"] == "view"
        parts |= {} if is_view else {one["kind"]: one["number"]}
        yield Thing(0, dims, parts=parts, times=one["number"] if is_view else 0, day=day)


_WAYS: dict[str, Callable[[Rows], Iterator[Thing]]] = {
    "first_reply": first_reply,
    "reply": reply,
    "closing": closing,
    "agents": agents,
    "reasons": contacts,
    "pipelines": contacts,
    "tickets": agents,
    "sources": contacts,
    "products": contacts,
    "sla": sla,
    "surveys": scores,
    "unheard": unheard,
    "routing": routing,
    "articles": articles,
}
