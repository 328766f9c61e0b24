"""Customers of a shop as the console shows them: Anna, who wrote an e-mail last week and today from the app, and others."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from connectors.base import Parsed
from normalizer.inbound import Handle, InboundMessage, Reply
from storage.schema import customers, handles
from tests.console.scene import Scene
from tests.contacts import email, inbound, phone
from tests.http.served import worked_off

ADDRESS = "anna.bianchi@example.it"
LAST_WEEK = (
    "Buongiorno,\nla padella PAN-28 che ho ordinato è arrivata con il manico graffiato. "
    "Vorrei un rimborso oppure una sostituzione.\n\nGrazie,\nAnna Bianchi"
)


async def arrives(scene: Scene, connector: str, contact: InboundMessage, *, days_ago: int = 0) -> None:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    await scene.gateway.intake.accept(connector, Parsed(messages=(contact,)), at)
    await worked_off(scene.gateway)


def mail(name: str, address: str = ADDRESS, **more: Any) -> InboundMessage:
    """An e-mail that can be answered."""
    given: dict[str, Any] = {"channel": "email", "account": "help@demo.example", "subject": "Padella graffiata"}
    return inbound(name, email(address, verified=True), **(given | {"text": LAST_WEEK, "sender_name": "Anna Bianchi"} | more))


def from_app(name: str, handle: Handle | None = None, **more: Any) -> InboundMessage:
    given: dict[str, Any] = {
        "channel": "app",
        "account": "shop-app",
        "text": "Ancora nessuna risposta?",
        "reply": Reply(allowed=()),
    }
    return inbound(name, handle or phone(), **(given | more))


async def anna(
    scene: Scene, name: str = "Anna Bianchi", address: str = ADDRESS, number: str = "+393331234567"
) -> tuple[str, str]:
    """The customers of her e-mail of last week, and of what she wrote in the app today; the second says the e-mail address, so
    that the two are suggested."""
    await arrives(scene, "mail", mail(f"mail-{address}", address, fields={"order": "IT-2231"}, sender_name=name), days_ago=7)
    said = from_app(f"app-{number}", phone(number), claims=(email(address),), sender_name=name)
    await arrives(scene, "app", said)
    return await owner(scene, "email", address), await owner(scene, "phone", number)


async def owner(scene: Scene, kind: str, value: str) -> str:
    """Who has a proven address now."""
    query = select(handles.c.customer_id).where(
        handles.c.kind == kind, handles.c.value == value, handles.c.standing == "verified", handles.c.key.is_not(None)
    )
    return str(await scene.gateway.stores.database.read(lambda one: one.execute(query).scalar_one()))


async def customer(scene: Scene, id_: str) -> Any:
    query = select(customers).where(customers.c.id == id_)
    return await scene.gateway.stores.database.read(lambda one: one.execute(query).one())
