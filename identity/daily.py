"""How many suggestions a day one customer makes by what it writes: whoever names many addresses must not fill the queue.

Only what is said is counted. What proofs make (a guard that stopped a merge, a number that was given out again) is always
suggested.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from sqlalchemy import Connection, func, null, or_, select, union_all

from identity import said
from storage.bulk import among, ids_parameter
from storage.schema import handles, messages, suggestions

ONLY_SAID: Final[tuple[str, ...]] = ("same_claim", *get_args(said.Reason))
"""Reasons that anybody makes by what they type, the strongest first: of too many the last are left out."""
_UUID: Final = 36
"""Characters of a message's id, with which the evidence of a contact ends (`identity.contact`)."""


@dataclass(frozen=True, slots=True)
class Made:
    """A row of the table of suggestions, and the customer whose contact made it."""

    row: Mapping[str, Any]
    by: str


def within_a_day(
    connection: Connection, made: Sequence[Made], most: int | None, now_ms: int
) -> tuple[dict[str, Mapping[str, Any]], Counter[str]]:
    """The rows to write by their ids, and by reason how many are left out because their customer made `most` within 24 hours;
    all of them where that is None. One statement, and only where there is something to count."""
    rows: dict[str, Mapping[str, Any]] = {}
    by_words: list[Made] = []
    for one in made:
        if most is not None and one.row["reason"] in ONLY_SAID:
            by_words.append(one)
        else:
            rows.setdefault(one.row["id"], one.row)
    if most is None or not by_words:
        return rows, Counter()
    known, count = _before(connection, by_words, now_ms - said.DAY_MS)
    left_out: dict[str, str] = {}
    for one in sorted(by_words, key=lambda it: ONLY_SAID.index(it.row["reason"])):
        id_ = one.row["id"]
        if id_ in known or id_ in rows:
            continue
        if count[one.by] < most:
            count[one.by] += 1
            rows[id_] = one.row
        else:
            left_out[id_] = one.row["reason"]
    return rows, Counter(reason for id_, reason in left_out.items() if id_ not in rows)


def _before(connection: Connection, made: Sequence[Made], since_ms: int) -> tuple[set[str], Counter[str]]:
    """Which of these there are already, and how many each of their customers has made since then. A suggestion that others
    made of a customer is not counted: strangers would use up what is theirs."""
    message_id = func.substr(suggestions.c.evidence, func.length(suggestions.c.evidence) - (_UUID - 1))
    there = select(suggestions.c.id, null().label("by")).where(among(connection, suggestions.c.id))
    lately = (
        select(suggestions.c.id, handles.c.customer_id.label("by"))
        .join(messages, messages.c.id == message_id)
        .join(handles, handles.c.id == messages.c.handle_id)
        .where(
            # By the indexes of both: SQLite and PostgreSQL look each of them up.
            or_(among(connection, suggestions.c.customer_id), among(connection, suggestions.c.owner_id)),
            suggestions.c.created_ms > since_ms,
            suggestions.c.reason.in_(ONLY_SAID),
            among(connection, handles.c.customer_id),
        )
    )
    # Ids of both kinds in one parameter: none is of both.
    ids = {one.by for one in made} | {one.row["id"] for one in made}
    found = connection.execute(union_all(there, lately), ids_parameter(connection, ids)).all()
    return {row.id for row in found if row.by is None}, Counter(row.by for row in found if row.by is not None)
