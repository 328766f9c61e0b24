"""Claims of somebody whom a person took for another customer: what was written until then is that one's.

A claimed link under a proven customer would let whoever types the address in be that customer. So a person's merge ends it, and
an unmerge lets it begin again where nobody has claimed the address meanwhile.
"""

from typing import Final

from sqlalchemy import select

from identity import store
from identity.holding import Held
from identity.life import Ending
from identity.people import Customer, handle_key
from normalizer.inbound import Handle
from storage.schema import handles

ACCEPTED: Final[Ending] = "accepted"


def end(held: Held, top: Customer, *, actor: str, now_ms: int) -> None:
    """End all claims that a proven customer owns. The customer is saved by the caller."""
    ended = [link for link in top.links if link.standing == "claimed"]
    store.end_links(held.connection, [(link.id, ACCEPTED, now_ms) for link in ended])
    top.links = [link for link in top.links if link.standing != "claimed"]
    for link in ended:
        held.acts.note("ended", actor, now_ms, top, handle=link.id, detail={"why": ACCEPTED})


def begin_again(held: Held, customer: Customer, *, actor: str, now_ms: int) -> None:
    """Give a customer who has claims only those back that ended by a merge; of one address the last. Saved by the caller."""
    connection, links = held.connection, handles.c
    query = select(links.id, links.space, links.kind, links.value)
    mine = query.where(links.customer_id == customer.id, links.ended_by == ACCEPTED).order_by(links.ended_ms, links.id)
    ended = {
        handle_key(row.space, "claimed", Handle(row.kind, row.value, "claimed")): row.id for row in connection.execute(mine)
    }
    taken = store.links(connection, ended.keys())
    begun = [(id_, key) for key, id_ in ended.items() if key not in taken]
    store.begin_links_again(connection, begun)
    customer.links = store.links_of(connection, [customer.id])
    for id_, _ in begun:
        held.acts.note("linked", actor, now_ms, customer, handle=id_)
