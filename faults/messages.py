"""The messages that are sent: signed WhatsApp webhooks, each with the number by which it is known again."""

import hashlib
import hmac
import re
from typing import Final

import msgspec

from tests.e2e.ledger import envelope_id

SECRET: Final = "a secret of the fault runs"  # noqa: S105  # both sides are ours and live for minutes
PATH: Final = "/webhooks/whatsapp"
ACCOUNT: Final = "100200300400500"
WORDS: Final = {
    "returns": "Vorrei un rimborso per la padella.",
    "warranty": "La garanzia copre il manico?",
    "delivery": "Il pacco non è arrivato.",
    "general": "Buongiorno, una domanda sulle pentole.",
}
"""What a customer writes, by the category of `tests/e2e/config/rules.yaml` it belongs to."""
QUEUES: Final = tuple(f"demo.{category}" for category in WORDS)

_NUMBER: Final = re.compile(r"\[n(\d+)\]")


def sender_of(n: int, senders: int) -> int:
    """The customers take turns."""
    return n % senders


def queue_of(n: int, senders: int) -> str:
    """Each customer writes to all queues in turns."""
    return QUEUES[n // senders % len(QUEUES)]


def request(n: int, senders: int, run: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of message `n`; the same each time, as a provider repeats it."""
    sender = sender_of(n, senders)
    phone, user = f"39{sender:010d}", f"IT.{sender:012d}"
    category = queue_of(n, senders).partition(".")[2]
    item = {
        "from": phone,
        "from_user_id": user,
        "id": _wamid(n, run),
        "timestamp": str(1795284131 + n // 200),
        "type": "text",
        "text": {"body": f"{WORDS[category]} [n{n}] " + "Il numero del mio ordine è IT-2231. " * 8},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "390212345678", "phone_number_id": ACCOUNT},
        "contacts": [{"profile": {"name": f"Anna Bianchi {sender}"}, "wa_id": phone, "user_id": user}],
        "messages": [item],
    }
    change = {"field": "messages", "value": value}
    body = msgspec.json.encode({"object": "whatsapp_business_account", "entry": [{"id": "1022", "changes": [change]}]})
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return body, {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}


def _wamid(n: int, run: str) -> str:
    return f"wamid.{run}-{n}"


def envelope_of(n: int, run: str) -> str:
    """The id of the envelope that message `n` becomes, by the published rule."""
    return envelope_id("whatsapp", _wamid(n, run))


def number_of(text: str | None) -> int:
    """The number in a delivered text, or -1."""
    found = _NUMBER.search(text or "")
    return int(found[1]) if found else -1
