"""A database with some days of contacts, as the gateway would have them, but written by hand: it takes the gateway longer.

Of what figures are made of nothing is left out: contacts with their events and fields (an order number that no two share among
them), answers, what tickets told, promises, surveys, the addresses they came from, which category was right, and what was read.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from random import Random
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, create_engine

from storage.bulk import insert_rows
from storage.database import Database
from storage.schema import event_ids, faq_counts, handles, marks, messages, outgoing, sla_timers, surveys, ticket_events

UNTIL_MS: Final = 1_795_000_000_000
YEAR_MS: Final = 365 * 86_400_000
BRANDS: Final = ("masterpro", "officina", "verde")
CHANNELS: Final = ("email", "whatsapp", "web_form", "web_chat", "instagram", "telegram", "call", "counter")
CATEGORIES: Final = tuple(f"category-{number}" for number in range(12))
TAGS: Final = tuple(f"tag-{number}" for number in range(12))
PRODUCTS: Final = tuple(f"PAN-{number}" for number in range(40))
AGENTS: Final = tuple(f"agent-{number}" for number in range(25))
ARTICLES: Final = tuple(f"article-{number}" for number in range(20))
_HOUR: Final = 3_600_000
_DAY: Final = 24 * _HOUR
_PART: Final = 20_000
"""Conversations of one transaction."""
_PRAGMAS: Final = ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000")
"""For a file that is thrown away after a crash."""

_TABLES: Final = (event_ids, messages, outgoing, ticket_events, sla_timers, surveys, handles, marks)

Rows = dict[Table, list[dict[str, Any]]]


def fill(url: str, number: int, row: Callable[..., dict[str, Any]], *, begin_ms: int, days: float, after: int = 0) -> None:
    """Put `number` messages of so many days into a database that has its tables, where there are `after` already. `row`
    completes what a table needs."""
    engine = create_engine(Database(url).url)
    with closing(_Closed(engine)):
        pick, made, conversation = Random(number), after, after  # noqa: S311 - the same days each time
        number += after
        patterns: dict[Table, dict[str, Any]] = {}
        while made < number:
            rows: Rows = {table: [] for table in _TABLES}
            for _ in range(_PART):
                if made >= number:
                    break
                conversation += 1
                at_ms = begin_ms + int(days * _DAY * (made - after) / (number - after))
                made += _talk(rows, pick, conversation, made=made, most=min(5, number - made), begin=at_ms)
            for table, some in rows.items():
                if some:
                    patterns.setdefault(table, row(table))
            _write(engine, patterns, rows)


def fill_readings(connection: Connection, *, begin_ms: int, days: int) -> None:
    """What was read of a FAQ of each brand on so many days."""
    pick, first = Random(days), begin_ms // _DAY  # noqa: S311 - the same days each time
    kinds = {"view": 400, "helped": 60, "not_helped": 20}
    for day in range(first, first + days):
        rows = [
            {"day": day, "faq": brand, "article": article, "language": language, "kind": kind, "brand": brand}
            | {"number": pick.randrange(1, most)}
            for brand in BRANDS
            for article in ARTICLES
            for language in ("it", "en")
            for kind, most in kinds.items()
        ]
        insert_rows(connection, faq_counts, rows)


def _talk(rows: Rows, pick: Random, number: int, *, made: int, most: int, begin: int) -> int:
    """One conversation; how many messages it has, no more than `most`."""
    id_, link, brand = f"con_{number:08}", f"hdl_{number:08}", pick.choice(BRANDS)
    count, category = min(pick.choice((1, 1, 2, 3, 5)), most), CATEGORIES[min(11, int(pick.expovariate(0.4)))]
    channel, product = pick.choice(CHANNELS), pick.choice(PRODUCTS) if _is(pick, 40) else None
    answered = _is(pick, 93)
    rows[handles].append({"id": link, "customer_id": f"cus_{number:08}"})
    at_ms = begin
    for place in range(count):
        at_ms += pick.randrange(0, 3 * _HOUR)
        message = f"msg_{made + place:08}"
        tags = pick.sample(TAGS, pick.choice((0, 0, 1, 2)))
        data = {
            "automated": None,
            "backlog": False,
            "fields": {"order": f"IT-{made + place}", "shop": pick.choice(("Milano", "Roma", "Bari"))},
            "routing": {
                "product": product,
                "targets": [category, *(("recovery",) if _is(pick, 10) else ())],
                "tags": tags,
            },
        }
        rows[event_ids].append({"id": message, "journal": "jrn_fill", "seq": made + place + 1, "received_ms": at_ms})
        contact = {"brand": brand, "channel": channel, "connector": f"{channel}-{brand}", "category": category, "kind": "text"}
        contact |= {"handle_id": link, "conversation_id": id_, "received_ms": at_ms, "at_ms": at_ms}
        contact |= {"id": message, "awaits_answer": not answered, "envelope": json.dumps({"data": data}).encode()}
        rows[messages].append(contact)
        if _is(pick, 5):
            rows[marks].append(
                {"message_id": message, "category": pick.choice((category, *CATEGORIES)), "at_ms": at_ms + _HOUR}
            )
    if answered:
        sent_ms = at_ms + int(pick.expovariate(1 / (4 * _HOUR)))
        rows[outgoing].append({"id": f"out_{number}", "conversation_id": id_, "state": "sent", "ended_ms": sent_ms})
    _around(rows, pick, number, {"at_ms": begin, "id": id_, "brand": brand, "channel": channel, "category": category})
    return count


def _is(pick: Random, percent: int) -> bool:
    return pick.random() * 100 < percent


def _around(rows: Rows, pick: Random, number: int, talk: dict[str, Any]) -> None:
    agent, ticket = pick.choice(AGENTS), {"space": talk["brand"], "ticket": f"T-{number}", "conversation_id": talk["id"]}
    if _is(pick, 60):
        end = talk["at_ms"] + int(pick.expovariate(1 / (30 * _HOUR)))
        for place, (event, at_ms) in enumerate((("opened", talk["at_ms"]), ("closed", end))):
            told = {"id": f"tck_{number}_{place}", "event": event, "agent": agent, "at_ms": at_ms, "received_ms": at_ms}
            rows[ticket_events].append(ticket | told)
        if _is(pick, 30):
            asked = {
                "id": f"srv_{number}",
                "name": "after",
                "ticket_event": f"e{number}",
                "brand": talk["brand"],
                "agent": agent,
            }
            asked |= {
                "category": talk["category"],
                "channel": talk["channel"],
                "conversation_id": talk["id"],
                "state": "answered",
            }
            asked |= {"asked_ms": end, "received_ms": end, "answers": json.dumps({"rating": pick.randrange(1, 6)})}
            rows[surveys].append(asked)
    timer = {"id": f"sla_{number}", "conversation_id": talk["id"], "brand": talk["brand"], "category": talk["category"]}
    timer |= {"message_id": rows[messages][-1]["id"], "promise": "first_reply", "state": "ended", "ended_by": "reply"}
    timer |= {"started_ms": talk["at_ms"], "promised_ms": 4 * _HOUR, "taken_ms": int(pick.expovariate(1 / (3 * _HOUR)))}
    rows[sla_timers].append(timer)


def _write(engine: Engine, patterns: dict[Table, dict[str, Any]], rows: Rows) -> None:
    with engine.connect() as connection:
        for pragma in _PRAGMAS if engine.dialect.name == "sqlite" else ():
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        connection.commit()
        driver: Any = connection.connection.driver_connection
        for table, some in rows.items():
            if not some:
                continue
            columns = list(patterns[table] | some[0])
            names = ", ".join(columns)
            lines = _lines(patterns[table], some, columns)
            if engine.dialect.name == "sqlite":
                marks = ", ".join("?" * len(columns))
                driver.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", lines)  # noqa: S608 - our own names
                continue
            driver.execute("SET session_replication_role = replica")  # without triggers: all is counted anyway
            with driver.cursor().copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:  # our own names
                for line in lines:
                    copy.write_row(line)
        driver.commit()


def _lines(pattern: dict[str, Any], rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> Iterator[list[Any]]:
    for one in rows:
        whole = pattern | one
        yield [whole[name] for name in columns]


class _Closed:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def close(self) -> None:
        """Leave the database as one that has been there for long."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        self._engine.dispose()
