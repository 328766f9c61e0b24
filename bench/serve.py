"""What Regia is measured beside, each in a process of its own: `python -m bench.serve MODE PORT [AMQP_URL]`.

`bare` answers a POST and does nothing else. `bridge` publishes the body to a quorum queue, waits for the confirm and
answers: the least that a webhook bridge without a journal can do. `held` is Regia with its pipeline not started: it
verifies, parses, journals and answers.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

import aio_pika
import uvloop
from aio_pika import DeliveryMode, Message
from aiohttp import web

from regia.compose import configure, open_stores
from regia.gateway import Gateway
from regia.http.app import build_app
from storage.journal import Journal

DEMO: Final = Path(__file__).resolve().parents[1] / "config" / "examples" / "demo" / "regia.yaml"
PATH: Final = "/webhooks/whatsapp"
_QUEUE: Final = "bridge"


def bare() -> web.Application:
    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"accepted": 1})

    app = web.Application()
    app.router.add_post(PATH, handle)
    return app


async def bridge(url: str) -> web.Application:
    connection = await aio_pika.connect(url)
    channel = await connection.channel()
    await channel.declare_queue(_QUEUE, durable=True, arguments={"x-queue-type": "quorum"})

    async def handle(request: web.Request) -> web.Response:
        message = Message(await request.read(), delivery_mode=DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, _QUEUE)
        return web.json_response({"accepted": 1})

    app = web.Application()
    app.router.add_post(PATH, handle)
    return app


def held() -> web.Application:
    configured = configure(DEMO, os.environ)
    settings = configured.settings
    journal = Journal.open(settings.data.path / "journal" / "worker-0.sqlite", keep_ids=settings.journal.keep_ids)
    return build_app(Gateway(configured, open_stores(settings), journal))


async def main(mode: str, port: int, url: str) -> None:
    app = bare() if mode == "bare" else held() if mode == "held" else await bridge(url)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""))  # noqa: PLR2004
