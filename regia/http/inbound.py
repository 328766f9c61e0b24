"""Where contacts come in: provider webhooks and the authenticated JSON channel."""

from aiohttp import web

from connectors.base import Answer, Connector, Parsed, Request
from connectors.errors import Rejected
from normalizer.inbound import reference_number
from regia.http.rates import user_within_rate
from regia.http.requests import GATEWAY, connector_named, json_answer, read_request
from regia.pipeline.intake import Acceptance


async def webhook(request: web.Request) -> web.Response:
    """`/webhooks/{connector}`: the provider's challenge, or a delivery that is acknowledged once it is durable."""
    connector = connector_named(request, "webhook")
    received = await read_request(request, connector)
    answer = connector.handshake(received)
    if answer is not None:
        return _as_said(answer)
    if request.method not in connector.methods:
        raise Rejected("method_not_allowed", f"deliveries come by {' or '.join(sorted(connector.methods))}")
    acceptance = await accept(request, connector, received)
    answer = connector.acknowledge(received)
    return json_answer({"accepted": len(acceptance.everything)}) if answer is None else _as_said(answer)


def _as_said(answer: Answer) -> web.Response:
    return web.Response(body=answer.body, status=answer.status, content_type=answer.content_type)


async def message(request: web.Request) -> web.Response:
    """`POST /v1/messages/{connector}`: one contact from a program of ours."""
    connector = connector_named(request, "api")
    received = await read_request(request, connector)
    await user_within_rate(connector, received, request.app[GATEWAY].stores.coordination)
    acceptance = await accept(request, connector, received)
    if not acceptance.messages:
        # Our reader failed; the bytes are in quarantine, to be driven again after a repair.
        return json_answer({"id": str(acceptance.everything[0].id), "quarantined": True}, status=202)
    receipt = acceptance.messages[0]
    if receipt.repeat and not receipt.same:
        raise Rejected(
            "idempotency_conflict",
            f"this idempotency key was used for another contact, {receipt.id}; use a new key for a new contact",
        )
    data = {"id": str(receipt.id), "reference": reference_number(receipt.id), "repeat": receipt.repeat}
    location = f"/v1/messages/{receipt.id}"
    return json_answer(data, status=200 if receipt.repeat else 202, headers={"Location": location})


async def accept(request: web.Request, connector: Connector, received: Request) -> Acceptance:
    """Verify, parse, journal. Raises `Rejected`, and then nothing was kept."""
    parsed = await verified(request, connector, received)
    return await request.app[GATEWAY].intake.accept(connector.name, parsed, received.received_at)


async def verified(request: web.Request, connector: Connector, received: Request) -> Parsed:
    """What a request holds that proves to be authentic. Raises `Rejected`."""
    gateway = request.app[GATEWAY]
    authentic = await connector.receive(received, gateway.stores.http)
    return await gateway.reader.read(connector, authentic)
