"""Claims of somebody whom a person took for another customer: what was written until then is that one's.

A claimed link under a proven customer would let whoever types the address in be that customer. So a person's merge ends it, and
an unmerge lets it begin again where nobody has claimed the address meanwhile.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from identity import store
from identity.handles import variants
from identity.holding import Held
from identity.life import Ending
from identity.people import Customer, handle_key
from normalizer.inbound import Handle
from storage.schema import handles

ACCEPTED: Final[Ending] = "accepted"
_COLUMNS: Final = ("id", "space", "kind", "value", "customer_id", "ended_by")
_ENDED: Final = (
    select(*(handles.c[name] for name in _COLUMNS))
    .where(handles.c.ended_ms.is_not(None), handles.c.standing == "claimed")
    .order_by(handles.c.id)
)


def end(held: Held, top: Customer, *, actor: str, now_ms: int) -> None:
    """End all claims that a proven customer owns. The customer is saved by the caller."""
    ended = [link for link in top.links if link.standing == "claimed"]
    store.end_links(held.connection, [(link.id, ACCEPTED, now_ms) for link in ended])
    top.links = [link for link in top.links if link.standing != "claimed"]
    for link in ended:
        held.acts.note("ended", actor, now_ms, top, handle=link.id, detail={"why": ACCEPTED})


def begin_again(held: Held, customer: Customer, *, actor: str, now_ms: int) -> None:
    """Give a customer who has claims only those back that ended by a merge and are the last of their address: whoever claimed
    it since is somebody else, whatever became of that claim. Saved by the caller."""
    connection = held.connection
    mine = connection.execute(_ENDED.where(handles.c.customer_id == customer.id, handles.c.ended_by == ACCEPTED)).all()
    latest = last(connection, [Handle(row.kind, row.value, "claimed") for row in mine])
    taken = store.links(connection, latest.keys())
    begun = [(row.id, key) for row in mine if (key := _key(row)) not in taken and latest[key].id == row.id]
    store.begin_links_again(connection, begun)
    customer.links = store.links_of(connection, [customer.id])
    for id_, _ in begun:
        held.acts.note("linked", actor, now_ms, customer, handle=id_)


def last(connection: Connection, claimed: Iterable[Handle]) -> dict[str, Row[Any]]:
    """Of addresses, in every brand, the claimed link that began last of those that have ended, by its key."""
    values = {value for handle in claimed for value in variants(handle)}
    return {_key(row): row for row in store.rows_among(connection, _ENDED, handles.c.value, values)}


def _key(row: Row[Any]) -> str:
    return handle_key(row.space, "claimed", Handle(row.kind, row.value, "claimed"))
