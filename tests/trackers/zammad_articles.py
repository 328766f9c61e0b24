"""Articles of Zammad's tickets, by the rules of zammad/zammad's `CreatesTicketArticles`.

The body is required; type and sender have defaults; an attachment needs name, type and base64.
"""

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Mapping
from typing import Any

from tests.trackers.base import iso
from tests.trackers.zammad_desk import Desk, Row

SENDERS = {1: "Agent", 2: "Customer", 3: "System"}
TYPES = {1: "email", 2: "sms", 3: "chat", 4: "fax", 5: "phone", 10: "note", 11: "web"}
ARTICLE_FIELDS = frozenset(
    {
        *("ticket_id", "subject", "body", "content_type", "type", "type_id", "sender", "sender_id", "from", "to", "cc"),
        *("reply_to", "in_reply_to", "references", "message_id", "internal", "preferences", "origin_by_id", "time_unit"),
        *("attachments", "form_id", "subtype"),
    }
)


class Articles(Desk):
    """The desk with what is written in its tickets."""

    def new_article(self, ticket: Row, given: Mapping[str, Any], by: int | None = None) -> Row:
        """Adds an article, moves the ticket's times, and lets an agent's public word open a new ticket."""
        if not isinstance(given.get("body"), str) or not given["body"]:
            self.violate(422, 'Need at least article: { body: "some text" }')
        kind, sender = self._named(given, "type", TYPES, "note"), self._named(given, "sender", SENDERS, "Agent")
        if given.get("content_type", "text/plain") not in ("text/plain", "text/html"):
            self.violate(422, f"content_type {given['content_type']!r}")
        attachments = [self._attachment(index, one) for index, one in enumerate(given.get("attachments") or [])]
        number, now = len(self.articles) + 1, iso(self.now_ms())
        author = self.users[given.get("origin_by_id") or by or self.api_user]
        row = {"id": number, "ticket_id": ticket["id"], "type": kind, "sender": sender, "from": _mailbox(author), "to": None}
        row |= {
            "cc": None,
            "subject": None,
            "body": None,
            "content_type": "text/plain",
            "internal": False,
            "in_reply_to": None,
            "reply_to": None,
        }
        row |= {
            "message_id": None,
            "references": None,
            "preferences": {},
            "origin_by_id": None,
            "created_by_id": by or self.api_user,
        }
        row |= {name: given[name] for name in given if name in row and name not in ("id", "ticket_id", "type", "sender")}
        row |= {
            "created_by": self.users[by or self.api_user]["login"],
            "attachments": attachments,
            "created_at": now,
            "updated_at": now,
        }
        self.articles[number] = row
        self._touch(ticket, row)
        if kind == "email" and sender == "Agent":
            self.mails.append(row)
        return row

    def _named(self, given: Mapping[str, Any], name: str, rows: Mapping[int, str], default: str) -> str:
        label = rows.get(given[f"{name}_id"]) if f"{name}_id" in given else given.get(name, default)
        if label not in rows.values():
            self.violate(422, f"No lookup value found for '{name}': {label!r}")
        return str(label)

    def _touch(self, ticket: Row, article: Row) -> None:
        ticket["article_ids"].append(article["id"])
        ticket["article_count"] += 1
        ticket["updated_at"] = article["updated_at"]
        if article["internal"] or article["sender"] == "System":
            return
        ticket["last_contact_at"] = ticket[f"last_contact_{article['sender'].lower()}_at"] = article["created_at"]
        if article["sender"] == "Agent" and ticket["state_id"] == 1 and ticket["article_count"] > 1:
            ticket["state_id"] = 2

    def _attachment(self, index: int, given: Mapping[str, Any]) -> Row:
        for name in ("mime-type", "filename", "data"):
            if not isinstance(given.get(name), str) or not given[name]:
                self.violate(422, f"Attachment needs '{name}' param for attachment with index '{index}'")
        try:
            content = b64decode(re.sub(r"[\r\n]", "", given["data"]), validate=True)
        except (BadBase64, ValueError):
            self.violate(422, f"Invalid base64 for attachment with index '{index}'")
        return self.keep(given["filename"], given["mime-type"], content)

    def keep(self, filename: str, kind: str, content: bytes) -> Row:
        """A stored attachment as articles show it."""
        number = len(self.contents) + 1
        self.contents[number] = content
        return {
            "id": number,
            "filename": filename,
            "size": str(len(content)),
            "preferences": {"Mime-Type": kind, "Content-Type": kind},
        }


def _mailbox(user: Row) -> str:
    name = f"{user['firstname']} {user['lastname']}".strip()
    return f"{name} <{user['email']}>" if name else str(user["email"])
