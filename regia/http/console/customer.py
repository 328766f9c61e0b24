"""The page of a customer: who they are, what they wrote and were answered, and what can be done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import orjson
from aiohttp import web
from sqlalchemy import Connection

from connectors.errors import Rejected
from desk import meanwhile, reply_shown
from desk.reply_shown import Shown
from desk.staff.roles import may
from desk.ways import Way, chosen, ways
from identity.refusals import NotPossible
from identity.views import log, stream
from identity.views.claimed import Claimed, claimed
from identity.views.paging import BadCursor, Page
from identity.views.profile import Profile, profile
from identity.views.timeline import Moment, Only
from regia import by_hand
from regia.http.console import reply_box
from regia.http.console.gathered import gathered
from regia.http.console.live import labels_of
from regia.http.console.visit import Visit
from storage import lookup, staff
from storage.erased import is_erased
from web.console.customer import facts_mark
from web.console.message import Fact
from web.console.texts.customer import CUSTOMER

T = TypeVar("T")

_PAGE: Final = 30
_ACTS: Final = 50
_TEXT: Final = 4_000
"""Characters of a message that the timeline shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A customer as the page shows them. `newest`: the position of the last reply of a person; `claims` are addresses that
    their contacts only name, `fields` what each message gathered; `people`: the names of staff, by how other logs call them."""

    profile: Profile
    stream: Page[stream.Item]
    states: Mapping[str, Shown]
    channels: list[str]
    ways: list[Way]
    newest: int
    claims: tuple[Claimed, ...]
    fields: Mapping[str, tuple[Fact, ...]]
    people: Mapping[str, str]


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/customers/{id}?channel=&before=&answer=&template=&reply=`: a customer, and what can be done."""
    return await show(visit)


async def show(visit: Visit, *, status: int = 200, **wrong: Any) -> web.StreamResponse:
    """The page; `wrong` is what was typed into one of its forms, with what is to be corrected: `profile`, `reply`."""
    seen = await _seen(visit, id_of(visit))
    if seen.profile.merged_into is not None and status == 200:  # noqa: PLR2004
        return visit.to(f"/customers/{seen.profile.id}")
    block = "stream" if visit.is_fragment and visit.word("before") else None
    box = wrong.get("reply")
    if box is None:
        said = await _words(visit, seen)
        box = reply_box.box(visit, seen.ways, visit.word("answer"), said, claims=seen.claims, newest=seen.newest)
    values = {
        "seen": seen,
        "customer_id": seen.profile.id,
        "labels": labels_of(visit.gateway),
        "mark": facts_mark(seen.profile),
        "can": lambda role: may(visit.me.role, role),
        "channel": visit.word("channel"),
        "before": visit.word("before"),
        "box": box,
        "watched": seen.states.get(visit.word("reply")),
        "profile_form": wrong.get("profile"),
    }
    return visit.page("customer.html", CUSTOMER, status=status, block=block, **values)


async def audit(visit: Visit) -> web.StreamResponse:
    """`GET /console/customers/{id}/audit?before=`: what was done to a customer."""
    id_, before = id_of(visit), visit.word("before")

    def work(connection: Connection) -> tuple[Page[log.Act], Mapping[str, str]]:
        return log.log(connection, id_, cursor=before or None, limit=_ACTS), people(connection)

    acts, names = await looked(visit, work)
    return visit.page("customer_audit.html", CUSTOMER, id=id_, acts=acts, people=names, before=before)


def id_of(visit: Visit) -> str:
    """The customer of the address, which the audit log names."""
    visit.what = visit.named("id")
    return visit.what


async def looked(visit: Visit, work: Callable[[Connection], T]) -> T:
    """Read something of a customer. Raises `Rejected`: `gone` for somebody erased."""
    try:
        return await visit.read(work)
    except NotPossible as error:
        raise await refused(visit, error) from None
    except BadCursor as error:
        raise Rejected("malformed", str(error)) from None


async def refused(visit: Visit, error: NotPossible) -> Rejected:
    """Why something is not done, as an answer."""
    id_ = visit.request.match_info.get("id", "").replace("\0", "")
    if error.reason == "unknown_customer" and await visit.read(lambda connection: is_erased(connection, id_)):
        return Rejected("gone", "this customer was erased")
    return Rejected(error.reason, str(error))


def people(connection: Connection) -> dict[str, str]:
    """Staff by the name that logs have: who acted, as people read it."""
    return {f"staff/{one.id}": one.display for one in staff.everybody(connection)}


async def _seen(visit: Visit, id_: str) -> Seen:
    gateway, now_ms = visit.gateway, by_hand.now_ms()
    policy = gateway.configured.settings.policy
    only, before = Only(channel=visit.word("channel") or None), visit.word("before") or None
    watched, answer = visit.word("reply"), visit.word("answer")

    def work(connection: Connection) -> Seen:
        who = profile(connection, id_, policy=policy, now_ms=now_ms)
        items = stream.stream(connection, who.id, only, cursor=before, limit=_PAGE, cut=_cut)
        shown = [one.what for one in items.items if isinstance(one.what, Moment)]
        sent = {one.id for one in shown if one.direction == "outbound"}
        return Seen(
            profile=who,
            stream=items,
            states=reply_shown.shown(connection, {*sent, *filter(None, (watched,))}),
            channels=stream.channels(connection, who.id),
            ways=ways(connection, who.id, gateway.channels, now_ms, message=_own(connection, who.id, answer)),
            newest=meanwhile.newest(connection, sent),
            claims=claimed(connection, who.id),
            fields=gathered(connection, {one.id for one in shown} - sent),
            people=people(connection),
        )

    return await looked(visit, work)


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT else f"{text[:_TEXT].rstrip()}…"


def _own(connection: Connection, customer_id: str, message: str) -> str:
    """The message, where this customer wrote it."""
    row = lookup.message(connection, message) if message else None
    return message if row is not None and lookup.owner_of(connection, row["handle_id"]) == customer_id else ""


async def _words(visit: Visit, seen: Seen) -> reply_box.Words:
    """Those of the template that the address names, which is how it is chosen without a script."""
    way, name = chosen(seen.ways, visit.word("answer")), visit.word("template")
    if way is None or not name:
        return reply_box.Words()
    row = await visit.read(lambda connection: lookup.message(connection, way.message))
    if row is None:
        return reply_box.Words()
    return reply_box.worded(visit, way.message, orjson.loads(row["envelope"])["data"], reply_box.Words(name=name))
