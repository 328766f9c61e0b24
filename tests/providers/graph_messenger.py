"""Messenger and Instagram on the Graph API: Send API, private replies, public comments, profiles.

Sources: CHANNELS 1.3 to 1.5, developers.facebook.com "Send API", "Private Replies", "User Profile API",
"IG Comment: Replies" (Instagram answers a comment under `/replies`, a page's under `/comments`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from aiohttp import web

from tests.providers.base import PATH, Accepted, Route, Sent
from tests.providers.graph_core import MetaGraph
from tests.providers.graph_messenger_shapes import ACTION, COMMENT, PRIVATE_REPLY, SEND, message_of
from tests.providers.shapes import Schema, text

PAGE_FIELDS = frozenset({"id", "name", "first_name", "last_name", "profile_pic", "locale", "timezone", "gender"})
INSTAGRAM_FIELDS = frozenset(
    {"id", "name", "username", "profile_pic", "follower_count", "is_user_follow_business", "is_business_follow_user"}
    | {"is_verified_user"}
)


class MessengerGraph(MetaGraph):
    """One page. `users` maps PSIDs to their profiles; when given, nobody else can be written to.

    `comments` are the ids that can be answered; None takes every id. Private replies go out once per comment.
    """

    comment_edge = "comments"
    profile_fields = PAGE_FIELDS
    text_limit: ClassVar[Schema] = text(2000)
    needs_messaging_type = True

    def __init__(
        self,
        token: str,
        account_id: str,
        *,
        users: Mapping[str, Mapping[str, Any]] | None = None,
        comments: Iterable[str] | None = None,
        **graph: Any,
    ) -> None:
        super().__init__(token, **graph)
        self.account_id = account_id
        self.users = users
        self.comments = None if comments is None else set(comments)
        self.actions: list[tuple[str, str]] = []
        """(PSID, `typing_on` | `typing_off` | `mark_seen`)"""
        self.scopes = ("pages_messaging", "pages_manage_metadata")
        self._message = message_of(self.text_limit)

    def product_routes(self) -> Iterable[Route]:
        return [
            Route("POST", self.under("(?P<sender>[^/]+)/messages"), send=self._messages),
            Route("POST", self.under(f"(?P<comment>[^/]+)/{self.comment_edge}"), send=self._comment),
            Route("GET", self.under("(?P<user>[^/]+)"), handler=self._profile),
        ]

    async def _messages(self, request: web.Request) -> Sent:
        self.authorised(request)
        if request[PATH]["sender"] not in ("me", self.account_id):
            self.refuse_object("post", request[PATH]["sender"])
        body = await self.json_object(request)
        if "sender_action" in body:
            return self._action(body)
        recipient = body.get("recipient")
        private = isinstance(recipient, dict) and "comment_id" in recipient
        self.check(PRIVATE_REPLY if private else SEND[self.needs_messaging_type], body)
        self.check({"type": "object", "properties": {"message": self._message}}, body)
        return self._private_reply(body) if private else self._send_to_user(body)

    def _send_to_user(self, body: dict[str, Any]) -> Sent:
        user = body["recipient"].get("id") or body["recipient"]["user_ref"]
        self._known(user)
        kind = body["message"].get("attachment", {}).get("type", "text")
        return self._accept(body, user, kind, user)

    def _private_reply(self, body: dict[str, Any]) -> Sent:
        comment = body["recipient"]["comment_id"]
        self._known_comment(comment)
        if any(earlier.kind == "private_reply" and earlier.to == comment for earlier in self.accepted):
            self.refuse(10900, "Activity already replied to")
        return self._accept(body, comment, "private_reply", f"PSID_OF_{comment}")

    def _accept(self, body: dict[str, Any], to: str, kind: str, recipient: str) -> Sent:
        part = body["message"]
        payload = part.get("attachment", {}).get("payload", {})
        choices = part.get("quick_replies", []) + payload.get("buttons", [])
        message = Accepted(
            id=f"m_FAKE{self.next_number():08}",
            to=to,
            kind=kind,
            text=part.get("text") or payload.get("text"),
            buttons=tuple((choice.get("payload") or choice.get("url", ""), choice.get("title", "")) for choice in choices),
            media=payload.get("url") or payload.get("attachment_id"),
            reply_to=body.get("reply_to", {}).get("mid"),
            extra={name: value for name, value in body.items() if name != "recipient"},
        )
        return [message], web.json_response({"recipient_id": recipient, "message_id": message.id})

    def _action(self, body: dict[str, Any]) -> Sent:
        self.check(ACTION, body)
        user = body["recipient"]["id"]
        self._known(user)
        self.actions.append((user, body["sender_action"]))
        return [], web.json_response({"recipient_id": user})

    async def _comment(self, request: web.Request) -> Sent:
        """A public answer below a comment."""
        self.authorised(request)
        comment = request[PATH]["comment"]
        body = await self.json_object(request)
        self.check(COMMENT, body)
        self._known_comment(comment)
        message = Accepted(id=f"{comment}_{self.next_number()}", to=comment, kind="comment", text=body["message"])
        return [message], web.json_response({"id": message.id})

    async def _profile(self, request: web.Request) -> web.Response:
        """`GET /<PSID>?fields=…`; the id always comes along, fields the user hides do not."""
        self.authorised(request, "fields")
        user = request[PATH]["user"]
        fields = [name for name in request.query.get("fields", "").split(",") if name]
        if unknown := [name for name in fields if name not in self.profile_fields]:
            self.refuse(100, f"Tried accessing nonexisting field ({unknown[0]})")
        if user not in (self.users or {}):
            self.refuse_object("get", user)
        profile = (self.users or {})[user]
        return web.json_response({name: profile[name] for name in fields if name in profile} | {"id": user})

    def _known(self, user: str) -> None:
        if self.users is not None and user not in self.users:
            self.refuse(100, "No matching user found", 2018001)

    def _known_comment(self, comment: str) -> None:
        if self.comments is not None and comment not in self.comments:
            self.refuse_object("post", comment)


class InstagramGraph(MessengerGraph):
    """One professional account: 1000 bytes of text, `messaging_type` may be left out."""

    comment_edge = "replies"
    profile_fields = INSTAGRAM_FIELDS
    text_limit: ClassVar[Schema] = {**text(), "maxBytes": 1000}
    needs_messaging_type = False

    def __init__(self, token: str, account_id: str, **messenger: Any) -> None:
        super().__init__(token, account_id, **messenger)
        self.scopes = ("instagram_basic", "instagram_manage_messages", "instagram_manage_comments")
