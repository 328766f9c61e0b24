"""What an erase reaches: of a gateway that runs, or of stores alone, as a command has them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from dispatcher.base import Queues
from dispatcher.relay import Relay
from regia.compose import Configured, Stores
from regia.gateway import Gateway
from storage.blobs import Blobs
from storage.database import Database


def _none() -> Collection[Relay]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """`journals`: the folder of this machine's. `brands`: those of each connector. `relays` are this process's, which may
    have in memory what is to be erased."""

    database: Database
    queues: Queues
    blobs: Blobs
    journals: Path
    brands: Mapping[str, frozenset[str]]
    relays: Callable[[], Collection[Relay]] = _none

    @classmethod
    def of(cls, gateway: Gateway) -> "Reach":
        """Of a gateway in this process."""
        return cls.of_stores(gateway.configured, gateway.stores, gateway.journal.path.parent, lambda: list(gateway.relays))

    @classmethod
    def of_stores(
        cls,
        configured: Configured,
        stores: Stores,
        journals: Path | None = None,
        relays: Callable[[], Collection[Relay]] = _none,
    ) -> "Reach":
        """Of opened stores, whether a gateway runs beside or not."""
        return cls(
            database=stores.database,
            queues=stores.queues,
            blobs=stores.blobs,
            journals=journals or configured.settings.data.path.resolve() / "journal",
            brands={name: connector.brands for name, connector in configured.connectors.items()},
            relays=relays,
        )

    def foreign(self, space: str) -> list[str]:
        """Connectors that surely are of other brands."""
        return [name for name, brands in self.brands.items() if space not in brands]

    @property
    def files(self) -> list[Path]:
        """The database's file, where it is one."""
        database = self.database.url.database
        return [Path(database)] if self.database.is_sqlite and database and database != ":memory:" else []
