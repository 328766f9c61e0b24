"""A consumer in a process of its own, to be killed: one row in `effects` for each envelope, in the store's transaction.

python worker.py AMQP_URL sqlite|postgresql DATABASE
"""

import asyncio
import logging
import random
import sys
from typing import Any

from regia_consumer import Consumer, Message
from regia_consumer.postgresql import PostgresDedupe
from regia_consumer.sqlite import SqliteDedupe
from tests.clients.broker import QUEUE


async def main(amqp_url: str, kind: str, database: str) -> None:
    async def handle(message: Message, connection: Any) -> None:
        await asyncio.sleep(random.uniform(0, 0.01))  # noqa: S311  # no secret
        row = [message.id, message.data["number"]]
        if kind == "sqlite":
            connection.execute("INSERT INTO effects VALUES (?, ?)", row)
        else:
            await connection.execute("INSERT INTO effects VALUES (%s, %s)", row)
        await asyncio.sleep(random.uniform(0, 0.01))  # noqa: S311

    store: Any = SqliteDedupe(database) if kind == "sqlite" else PostgresDedupe(database)
    await Consumer(amqp_url, QUEUE, handle, dedupe=store).run()
    await store.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main(*sys.argv[1:]))
