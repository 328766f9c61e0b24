"""Engines of both databases: how they are reached, how long they are waited for, and what SQLite is told of each connection."""

import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import QueuePool

READERS: Final = 2
"""Threads that read."""
_PATIENCE: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""libpq's limits (seconds; the last in milliseconds), so that a server that vanished is noticed and not waited for."""
_LIMITS: Final = {"lock_timeout": "5s", "idle_in_transaction_session_timeout": "15s"}
"""The server's limits, so that a node that froze in the middle of a transaction does not stop the others: they give up
waiting for its locks, and try again until the server has ended its transaction."""


def url_of(url: str) -> URL:
    """`postgresql://` means the psycopg driver; `sqlite:///` creates the file's folder."""
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    return parsed


def _options(url: URL) -> str:
    """Our limits, then what the address says, which holds where it says otherwise: the server takes the last."""
    given = url.query.get("options", ())
    ours = [f"-c {name}={value}" for name, value in _LIMITS.items()]
    return " ".join([*ours, *((given,) if isinstance(given, str) else given)])


def engine_of(url: URL, *, begin: str) -> Engine:
    """An engine whose transactions begin with that statement on SQLite, and which waits no longer than our limits."""
    # hide_parameters: parameters are customers' data and must not reach a log through an exception's text.
    if url.get_backend_name() != "sqlite":
        patience: dict[str, Any] = {name: value for name, value in _PATIENCE.items() if name not in url.query}
        patience["options"] = _options(url)
        return create_engine(
            url, hide_parameters=True, pool_pre_ping=True, pool_size=READERS + 2, max_overflow=1, connect_args=patience
        )
    engine = create_engine(url, hide_parameters=True, poolclass=QueuePool, pool_size=READERS, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own transaction handling would begin too late for BEGIN IMMEDIATE.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "wal_autocheckpoint=16000",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def do_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
