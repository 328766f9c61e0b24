"""A process with what a gateway holds (socket, journal, database) and two reading processes, one of which is busy."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from multiprocessing import active_children
from pathlib import Path

from connectors.base import Request
from connectors.registry import find
from regia.pipeline.reading import Reader
from regia.settings import Reading
from storage.database import Database
from storage.journal import Journal
from tests.trap import Trap, TrapSettings


async def main(folder: Path) -> None:
    journal = Journal.open(folder / "worker-0.sqlite")
    database = Database(f"sqlite:///{folder / 'regia.sqlite'}")
    await database.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    traps = Trap("traps", TrapSettings(folder=folder))
    reader = Reader({"traps": traps}, {"traps": find("trap")}, Reading(seconds=60))
    await reader.warm()
    body = b"loop"
    request = Request(method="POST", url="", headers={}, query={}, body=body, received_at=datetime.now(UTC))
    busy = asyncio.create_task(reader.read(traps, request))
    await asyncio.sleep(0.3)
    told = {"processes": [process.pid for process in active_children()], "journal": str(journal.path)}
    print(json.dumps(told), flush=True)
    await asyncio.gather(busy, server.serve_forever())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
