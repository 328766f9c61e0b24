"""The gateway's addresses, all on one page."""

from typing import Final

from aiohttp import web

from connectors.errors import Rejected
from regia.gateway import Gateway
from regia.http import (
    chat,
    chat_agents,
    chat_items,
    chat_page,
    chat_socket,
    customer_acts,
    customer_leaving,
    customers,
    dead,
    events,
    faq,
    forms,
    health,
    inbound,
    kpi,
    openapi,
    proof_page,
    proofs,
    quarantine,
    queues,
    replies,
    sla,
    state_page,
    stored,
    suggestions,
    survey_page,
    surveys,
    templates,
    tickets,
    unheard,
)
from regia.http.console.parts import CONSOLE, Parts
from regia.http.console.table import routes as console_routes
from regia.http.errors import errors
from regia.http.requests import GATEWAY
from web.pages.assets import ASSETS


def build_app(gateway: Gateway) -> web.Application:
    """The HTTP application of a gateway."""
    # Bodies are read by `read_request`, with each connector's own limit; nothing else reads one.
    app = web.Application(middlewares=[errors], client_max_size=0)
    app[GATEWAY] = gateway
    app.on_response_prepare.append(_unnamed_server)
    app.add_routes(_ROUTES)
    if gateway.configured.settings.console.enabled:
        app[CONSOLE] = parts = Parts.of(gateway)
        app.on_shutdown.append(lambda _app: parts.feed.end())
        app.on_cleanup.append(parts.close)
        app.add_routes(console_routes())
    return app


async def _unnamed_server(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "regia"  # no versions for strangers


async def static(request: web.Request) -> web.Response:
    """`/static/pages/{name}`: style sheet and script of the pages, for ever under one link."""
    asset = ASSETS.get(request.path)
    if asset is None:
        raise Rejected("not_found", "there is no such file")
    headers = {"Content-Type": asset.content_type, "Cache-Control": "public, max-age=31536000, immutable"}
    return web.Response(body=asset.content, headers=headers)


_ROUTES: Final = (
    web.get("/webhooks/{connector}", inbound.webhook, allow_head=False),
    web.post("/webhooks/{connector}", inbound.webhook),
    web.post("/v1/messages/{connector}", inbound.message),
    web.get("/v1/messages/{id}", stored.message),
    web.get("/v1/messages/{id}/raw", stored.raw),
    web.get("/v1/attachments/{id}", stored.attachment),
    web.get("/attachments/{id}", stored.signed_attachment),
    web.get("/files/{id}/{name}", stored.signed_file),
    web.get("/v1/customers", customers.by_address),
    web.get("/v1/customers/{id}", customers.show),
    web.patch("/v1/customers/{id}", customer_acts.change),
    web.delete("/v1/customers/{id}", customer_leaving.leave),
    web.get("/v1/customers/{id}/export", customer_leaving.export),
    web.get("/v1/customers/{id}/timeline", customers.messages),
    web.get("/v1/customers/{id}/audit", customers.audit),
    web.post("/v1/customers/{id}/merge", customer_acts.merge),
    web.post("/v1/customers/{id}/unmerge", customer_acts.unmerge),
    web.post("/v1/customers/{id}/links/{link}/release", customer_acts.release),
    web.get("/v1/unheard", unheard.waiting),
    web.get("/v1/kpi", kpi.kpi),
    web.get("/v1/sla", sla.running),
    web.get("/v1/sla/kept", sla.kept),
    web.get("/v1/suggestions", suggestions.waiting),
    web.post("/v1/suggestions/{id}/accept", suggestions.accept),
    web.post("/v1/suggestions/{id}/reject", suggestions.reject),
    web.post("/v1/customers/{id}/proofs", proofs.ask),
    web.post("/v1/customers/{id}/links", proofs.link),
    web.post("/v1/proofs/{id}", proofs.answer),
    web.get("/proof/{token}", proof_page.show),
    web.post("/proof/{token}", proof_page.confirm),
    web.get("/v1/surveys", surveys.listing),
    web.get("/survey/{token}", survey_page.show),
    web.post("/survey/{token}", survey_page.answer),
    web.post("/v1/tickets", tickets.tell),
    web.post("/v1/replies", replies.ask),
    web.get("/v1/replies/{id}", replies.show),
    web.post("/v1/conversations/{id}/typing", chat_agents.typing),
    web.get("/v1/templates", templates.listed),
    web.get("/v1/events", events.feed),
    web.get("/v1/queues", queues.states),
    web.post("/v1/queues/{queue}/take", queues.take),
    web.post("/v1/queues/receipts/{receipt}/ack", queues.ack),
    web.post("/v1/queues/receipts/{receipt}/reject", queues.reject),
    web.get("/v1/dead", dead.listed),
    web.get("/v1/dead/{id}", dead.show),
    web.put("/v1/dead/{id}", dead.change),
    web.post("/v1/dead/redrive", dead.redrive),
    web.post("/v1/dead/discard", dead.discard),
    web.get("/v1/operations", dead.operations),
    web.get("/v1/quarantine", quarantine.listed),
    web.get("/v1/quarantine/{id}", quarantine.show),
    web.get("/v1/quarantine/{id}/raw", quarantine.raw),
    web.put("/v1/quarantine/{id}/raw", quarantine.change),
    web.post("/v1/quarantine/redrive", quarantine.redrive),
    web.post("/v1/quarantine/discard", quarantine.discard),
    web.get("/forms/{connector}", forms.page),
    web.post("/forms/{connector}", forms.post),
    web.options("/forms/{connector}", forms.preflight),
    web.get("/forms/{connector}/theme.css", forms.theme),
    web.get("/chat/{connector}", chat_page.page),
    web.get("/chat/{connector}/theme.css", chat_page.theme),
    web.get("/chat/{connector}/widget.js", chat.script),
    web.get("/chat/{connector}/config", chat.config),
    web.post("/chat/{connector}/visitor", chat.visitor),
    web.get("/chat/{connector}/ws", chat_socket.socket, allow_head=False),
    web.post("/chat/{connector}/messages", chat_items.messages),
    web.get("/chat/{connector}/items", chat_items.items, allow_head=False),
    web.post("/chat/{connector}/seen", chat_items.seen),
    web.options("/chat/{connector}/{what:config|visitor|messages|items|seen}", chat.preflight),
    web.get("/faq/{faq}", faq.index),
    web.get("/faq/{faq}/search", faq.search),
    web.get("/faq/{faq}/theme.css", faq.theme),
    web.get("/faq/{faq}/images/{name:.+}", faq.image),
    web.get("/faq/{faq}/articles/{id}", faq.article),
    web.post("/faq/{faq}/articles/{id}/viewed", faq.viewed),
    web.post("/faq/{faq}/articles/{id}/helped", faq.helped),
    web.options("/faq/{faq}/articles/{id}/viewed", faq.preflight),
    web.options("/faq/{faq}/articles/{id}/helped", faq.preflight),
    web.get("/state/{token}", state_page.show),
    web.get("/static/pages/{name}", static),
    web.get("/health/live", health.live),
    web.get("/health/ready", health.ready),
    web.get("/metrics", health.metrics),
    web.get("/openapi.json", openapi.document),
)
