"""What agents do in a chat besides answering: they are seen to write."""

from aiohttp import web
from pydantic import Field

from connectors.errors import Rejected
from regia.http.access import require
from regia.http.asked import id_of
from regia.http.bodies import Strict, Words, read_json
from regia.http.requests import GATEWAY
from storage import lookup, transcripts

_MOST = 20
"""Contacts of a conversation in which a chat is looked for."""


class TypingBody(Strict):
    """Somebody writes an answer at the moment."""

    name: Words | None = Field(default=None, description="What the customer reads of who writes.")


async def typing(request: web.Request) -> web.Response:
    """`POST /v1/conversations/{id}/typing`: shown in the customer's chat for some seconds; elsewhere nothing is shown."""
    require(request, "replies")
    gateway, id_ = request.app[GATEWAY], id_of(request)
    body = await read_json(request, TypingBody)
    chats = [name for name, channel in gateway.configured.channels.items() if channel.way_in == "chat"]
    found = await gateway.stores.database.read(
        lambda one: transcripts.senders_in(one, id_, chats, _MOST) if lookup.conversation(one, id_) else None
    )
    if found is None:
        raise Rejected("unknown_conversation", "there is no conversation of that id")
    for _connector, value in sorted(found):
        await gateway.chats.typing(value, body.name)
    return web.Response(status=204)
