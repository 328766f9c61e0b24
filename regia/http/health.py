"""What operations ask: alive, ready, figures."""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from regia.gateway import Gateway
from regia.http.requests import GATEWAY, json_answer
from regia.watch.metrics import DISK_FREE, DISK_RESERVE, JOURNAL_LIMIT, JOURNAL_USED, WAITING


async def live(_request: web.Request) -> web.Response:
    """`/health/live`: the process answers."""
    return json_answer({"status": "live"})


async def ready(request: web.Request) -> web.Response:
    """`/health/ready`: 200 when database, queues and journal work, else 503 with what does not.

    How it goes with what is polled, what is wrong with channels, tokens and rules, and how the other workers are, stands beside
    it: none of it makes a gateway unready. Of several workers it is the one that was asked which is ready or not.
    """
    gateway = request.app[GATEWAY]
    missing = dict(gateway.missing)
    missing |= await gateway.check()
    data: dict[str, object] = {"status": "not ready" if missing else "ready", "missing": missing}
    if gateway.sources:
        data["sources"] = gateway.sources
    alarms = gateway.alarms | {f"rules/{name}": told for name, told in gateway.versions.wrong.items()}
    if alarms:
        data["alarms"] = alarms
    if gateway.siblings is not None:
        data["workers"] = await gateway.siblings.states()
    return json_answer(data, status=503 if missing else 200)


async def metrics(request: web.Request) -> web.Response:
    """`/metrics`: Prometheus' text format; of several workers what all of them say."""
    gateway = request.app[GATEWAY]
    body = figures(gateway) if gateway.siblings is None else await gateway.siblings.figures()
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def figures(gateway: Gateway) -> bytes:
    """What this process says."""
    for stage, number in gateway.waiting().items():
        WAITING.labels(stage).set(number)
    room = gateway.journal.room()
    JOURNAL_USED.set(room.used)
    JOURNAL_LIMIT.set(room.most)
    DISK_FREE.set(room.free)
    DISK_RESERVE.set(room.reserve)
    return generate_latest()
