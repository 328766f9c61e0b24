"""The description of chats."""

from typing import Any, Final

from pydantic import BaseModel

from connectors.chat.frames import MessageFrame, SeenFrame
from regia.http.chat_agents import TypingBody
from regia.http.described import answer, file, header, operation, parameter, plain, query

BODIES: Final[tuple[type[BaseModel], ...]] = (MessageFrame, SeenFrame, TypingBody)
_BASE: Final = "/chat/{connector}"


def paths() -> dict[str, Any]:
    """The addresses of chats: those of the widget, whose visitors have a token, and the agents' one."""
    connector, what = parameter("connector"), parameter("what")
    language = query("lang", "One of the chat's languages.")
    token = [connector, header("Authorization", "Bearer and the visitor's token."), header("X-Regia-User", "The site's JWT.")]
    allowed = {"204": {"description": "The headers say so."}}
    nothing = {"204": {"description": "Done."}}
    made = {"201": answer("A visitor's token.", {"type": "object", "properties": {"token": {"type": "string"}}})}
    poll = [query("after", "The cursor of the answer before."), query("wait", "Seconds, 0 to 25, to wait for what is new.")]
    return {
        _BASE: {"get": operation("A page with the chat.", plain("The page."), parameters=[connector, language])},
        f"{_BASE}/theme.css": {"get": file("Its colours.", connector)},
        f"{_BASE}/widget.js": {"get": file("The widget's script.", connector)},
        f"{_BASE}/config": {
            "get": operation("What the widget needs.", plain("Words and limits."), parameters=[connector, language])
        },
        f"{_BASE}/visitor": {"post": operation("The token of a new visitor.", made, parameters=[connector])},
        f"{_BASE}/ws": {
            "get": operation("The visitor's WebSocket.", {"101": {"description": "Open."}}, parameters=[connector])
        },
        f"{_BASE}/messages": {
            "post": operation(
                "One message; with files as multipart.", _taken(), parameters=[*token, language], body="MessageFrame"
            )
        },
        f"{_BASE}/items": {"get": operation("What is new behind a cursor.", plain("The items."), parameters=[*token, *poll])},
        f"{_BASE}/seen": {
            "post": operation("Messages that arrived, or were read.", nothing, parameters=token, body="SeenFrame")
        },
        f"{_BASE}/{{what}}": {
            "options": operation("Whether a script of another site may ask (CORS).", allowed, parameters=[connector, what])
        },
        "/v1/conversations/{id}/typing": {
            "post": operation(
                "An agent writes: shown in the customer's chat.",
                nothing,
                parameters=[parameter("id")],
                body="TypingBody",
                secured=True,
            )
        },
    }


def _taken() -> dict[str, Any]:
    properties = {
        "envelope": {"type": "string", "format": "uuid"},
        "reference": {"type": "string", "description": "The number a customer may quote."},
        "repeat": {"type": "boolean", "description": "Whether it was accepted before."},
    }
    return {"202": answer("Accepted: durable.", {"type": "object", "required": list(properties), "properties": properties})}
