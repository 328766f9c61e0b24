"""Work that one process does at a time: while its lease is held, and begun again whatever ends it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, NoReturn

from regia.gateway import Gateway
from regia.runners.leases import LOOK, Lease
from regia.runners.places import Fenced, Place
from regia.watch.metrics import BRIDGES
from storage.coordination import CoordinationUnavailable

logger = logging.getLogger(__name__)

STOP: Final = 2.0
_UP: Final = 0.2

Parts = Callable[[], Sequence[Coroutine[Any, Any, object]]]
"""What is done at the same time; whichever ends ends all."""


async def once_open(gateway: Gateway, run: Callable[[], Coroutine[Any, Any, NoReturn]]) -> NoReturn:
    """What a gateway runs itself begins when its database is there, with its tables."""
    while "database" in gateway.missing:
        await asyncio.sleep(_UP)
    await run()


async def run_owned(name: str, lease: Lease, place: Place, parts: Parts) -> NoReturn:
    """For ever. `place` is opened under the lease before the parts begin; `regia_bridge_up` is 0 while they do not."""
    while True:
        BRIDGES.labels(name).set(0)
        try:
            await _as_owner(name, lease, place, parts)
        except CoordinationUnavailable as error:
            logger.warning("a bridge waits for its lease", extra={"bridge": name, "error": str(error)})
        except Exception:  # one defect must not close a bridge for good
            logger.exception("a bridge begins again, by a defect", extra={"bridge": name})
        BRIDGES.labels(name).set(0)
        await asyncio.sleep(LOOK)


async def _as_owner(name: str, lease: Lease, place: Place, parts: Parts) -> None:
    token = await lease.take()
    if token is None:
        return
    await place.open(token)
    work = [asyncio.create_task(one) for one in (lease.keep(), *parts())]
    try:
        done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    except Fenced:
        logger.warning("a bridge is another node's by now", extra={"bridge": name})
    finally:
        for one in work:
            one.cancel()
        await asyncio.wait(work, timeout=STOP)
        await lease.give_back()
