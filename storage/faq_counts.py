"""How often articles of a FAQ were read, and whether they helped: added up by the day, over all nodes.

A transaction that was repeated because its end was not heard counts twice: it is statistics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, get_args

from sqlalchemy import Connection, case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import faq_counts

Kind = Literal["view", "helped", "not_helped"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
DAY_MS: Final = 86_400_000


class Counted(NamedTuple):
    """What is counted; `day` since 1970 in UTC."""

    day: int
    faq: str
    article: str
    language: str
    kind: Kind
    brand: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """How often one article was read in a period, and by how many readers' word it helped."""

    faq: str
    brand: str
    article: str
    views: int
    helped: int
    not_helped: int


def add(connection: Connection, counted: Mapping[Counted, int]) -> None:
    """Add what a node counted to what is there."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    new = dialect.insert(faq_counts)
    later = {"number": faq_counts.c.number + new.excluded.number, "brand": new.excluded.brand}
    keys = [column.name for column in faq_counts.primary_key]
    statement = new.on_conflict_do_update(index_elements=keys, set_=later)
    # Two nodes that add at the same time take their rows in one order, so that neither waits for the other for ever.
    for one in sorted(counted):
        connection.execute(statement, [one._asdict() | {"number": counted[one]}])


def added(connection: Connection, first: int, last: int, by: Sequence[str]) -> list[tuple[Mapping[str, Any], Kind, int]]:
    """All that was counted from one day to another, both with them (days since 1970 in UTC), added up by these columns: what
    there is of each kind, with its value of each column."""
    columns = [faq_counts.c[name] for name in by]
    query = select(*columns, faq_counts.c.kind, func.sum(faq_counts.c.number))
    query = query.where(faq_counts.c.day >= first, faq_counts.c.day <= last).group_by(*columns, faq_counts.c.kind)
    return [(dict(zip(by, row, strict=False)), row[-2], int(row[-1])) for row in connection.execute(query)]


def most_viewed(
    connection: Connection,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    brand: str | None = None,
    faq: str | None = None,
    language: str | None = None,
    limit: int = 20,
) -> list[Read]:
    """The articles that were read most, on the whole days (UTC) from `since_ms` to before `until_ms`; what is given holds."""
    columns = {kind: func.sum(case((faq_counts.c.kind == kind, faq_counts.c.number), else_=0)) for kind in KINDS}
    named = (faq_counts.c.faq, faq_counts.c.brand, faq_counts.c.article)
    query = select(*named, *(columns[kind].label(kind) for kind in KINDS)).group_by(*named)
    if since_ms is not None:
        query = query.where(faq_counts.c.day >= since_ms // DAY_MS)
    if until_ms is not None:
        query = query.where(faq_counts.c.day < -(-until_ms // DAY_MS))
    for column, wanted in ((faq_counts.c.brand, brand), (faq_counts.c.faq, faq), (faq_counts.c.language, language)):
        if wanted is not None:
            query = query.where(column == wanted)
    ordered = query.order_by(columns["view"].desc(), faq_counts.c.faq, faq_counts.c.article).limit(limit)
    return [
        Read(faq=row[0], brand=row[1], article=row[2], views=int(row[3]), helped=int(row[4]), not_helped=int(row[5]))
        for row in connection.execute(ordered)
    ]
