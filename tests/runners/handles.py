"""Merges, unmerges and replies by chance, through real connectors to fake providers: who wrote is who is answered.

What providers were given is compared with the payloads that came in, by their own words: the number of a phone, the id of a
chat. Customers, conversations and envelopes have no part in that, but for one thing: which conversation a contact went to.
"""

import asyncio
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import SecretStr
from sqlalchemy import select

from desk.refusals import Refused
from desk.replies import Queued, Reply, queue
from identity import merges
from identity.policy import Policy
from identity.refusals import NotPossible
from normalizer.inbound import envelope_id
from regia.compose import configure, open_stores
from regia.gateway import Gateway
from regia.runners.loading import Loader
from regia.runners.sending import Sender
from regia.settings import Data
from regia.store_settings import DatabaseStore
from storage.journal import Journal
from storage.schema import customers, handles, messages, outgoing
from tests.http.served import is_up, worked_off
from tests.providers.base import Accepted
from tests.providers.graph import WhatsAppGraph
from tests.providers.telegram import TelegramBot

NUMBER: Final = "106540352242922"
BOT: Final = "123456:AAfake_token_for_tests"
CONFIG: Final = f"""
server: {{public_url: "https://gw.example"}}
links_key: ${{KEY}}
rules: [rules.yaml]
media_private_hosts: [127.0.0.1]
connectors:
  whatsapp:
    type: whatsapp
    graph_url: ${{GRAPH}}
    app_secret: ${{KEY}}
    verify_token: ${{KEY}}
    access_token: ${{TOKEN}}
    send_rate: {{count: 10000, seconds: 1}}
    accounts:
      "{NUMBER}": {{brand: demo, number: "+390212345678"}}
  telegram:
    type: telegram
    brand: demo
    token: ${{BOT}}
    secret_token: ${{KEY}}
    api_url: ${{BOT_URL}}
    send_rate: {{count: 10000, seconds: 1}}
"""
RULES: Final = "categories: {general: {}}\ndefault: general\n"
PEOPLE: Final = 30
NEW_EVERY: Final = 20
"""Contacts after which somebody new begins to write."""
FEW: Final = 8
"""Customers at the top of whom some are taken apart before more are merged."""
NOW_MS: Final = 1_795_284_131_000
POLICY: Final = Policy()
REPLIES: Final = ("reply to a contact", "reply to a conversation")


@dataclass(frozen=True, slots=True)
class Contact:
    """A message that came in: through which connector, and from whom in the provider's words."""

    connector: str
    writer: str


@dataclass(slots=True)
class Outcome:
    """`asked`: by the token of a reply, the contacts it may be an answer to: one, or the last of a conversation."""

    done: Counter[str] = field(default_factory=Counter)
    asked: dict[str, Contact] = field(default_factory=dict)
    left: dict[str, list[Contact]] = field(default_factory=lambda: defaultdict(list))
    """By the words of a reply: through which connector, and to whom it left."""


class World:
    """A gateway, two providers, and people who write to both, thirty at a time."""

    def __init__(self, gateway: Gateway, chance: random.Random) -> None:
        self._gateway = gateway
        self._database = gateway.stores.database
        self._chance = chance
        self._contacts: dict[str, Contact] = {}
        """By the id of their envelope, in the order in which they were written."""
        self._sender = _sender(gateway)
        self.outcome = Outcome()

    async def play(self, count: int) -> None:
        """Merges, unmerges and replies until there were so many, with contacts and deliveries between them."""
        await self._write(60)
        acts = (self._merge, self._unmerge, self._reply_to_contact, self._reply_to_conversation)
        for number in range(count):
            await self._chance.choices(acts, (30, 22, 24, 24))[0]()
            if number % 10 == 0:
                await self._write(self._chance.randint(1, 3))
            if self._chance.random() < 0.02:
                await self._send()
        while await self._open():
            await self._send()
        await self._sender.close()

    async def _write(self, count: int) -> None:
        """Contacts, as the providers tell of them. Some WhatsApp numbers are told with a user id that several have: customers
        are merged by themselves for it, within what the guards allow."""
        for _ in range(count):
            number = len(self._contacts)
            connector = self._chance.choice(("whatsapp", "telegram"))
            person = number // NEW_EVERY + self._chance.randrange(PEOPLE)
            writer, payload = (_whatsapp if connector == "whatsapp" else _telegram)(person, number, self._chance)
            parsed = self._gateway.configured.connectors[connector].reread(
                orjson.dumps(payload), "application/json", datetime.fromtimestamp(NOW_MS / 1000, UTC)
            )
            (message,) = parsed.messages
            self._contacts[str(envelope_id(connector, message.event_key))] = Contact(connector, writer)
            await self._gateway.intake.accept(connector, parsed)
        await worked_off(self._gateway)

    async def _merge(self) -> None:
        found = await self._some(select(customers.c.id).where(customers.c.merged_into.is_(None)), FEW)
        if len(found) < FEW:  # all others are below these by now
            await self._unmerge()
        else:
            await self._act("merge", merges.merge, *found[:2])

    async def _unmerge(self) -> None:
        found = await self._some(select(customers.c.id).where(customers.c.merged_into.is_not(None)), 1)
        if found:
            await self._act("unmerge", merges.unmerge, *found)

    async def _act(self, name: str, act: Any, *who: str) -> None:
        try:
            await self._database.write(lambda one: act(one, *who, actor="desk", now_ms=NOW_MS, policy=POLICY))
        except NotPossible:
            name += " refused"
        self.outcome.done[name] += 1

    async def _some(self, query: Any, count: int) -> list[str]:
        found = await self._database.read(lambda one: list(one.execute(query).scalars()))
        return self._chance.sample(found, min(count, len(found)))

    async def _reply_to_contact(self) -> None:
        id_ = self._chance.choice(list(self._contacts))
        await self._reply(REPLIES[0], self._contacts[id_], message_id=id_)

    async def _reply_to_conversation(self) -> None:
        """Of those that were written in not long ago: of older ones nearly all have words of several customers by now."""
        query = select(messages.c.id, messages.c.conversation_id)
        talks = {row.id: row.conversation_id for row in await self._database.read(lambda one: one.execute(query).all())}
        talk = talks[self._chance.choice(list(self._contacts)[-PEOPLE:])]
        last = [contact for id_, contact in self._contacts.items() if talks[id_] == talk][-1]
        await self._reply(REPLIES[1], last, conversation_id=talk)

    async def _reply(self, name: str, expected: Contact, **about: str) -> None:
        key = str(len(self.outcome.asked))
        reply = Reply(text=f"Risposta {key}.", author="giulia", key=key, **about)
        try:
            await self._database.write(lambda one: _queue(one, reply, self._gateway))
        except Refused as refused:
            self.outcome.done[f"{name} refused: {refused.reason}"] += 1
            return
        self.outcome.done[name] += 1
        self.outcome.asked[key] = expected

    async def _send(self) -> None:
        await self._sender.look()
        while self._sender._tasks:
            await asyncio.wait(self._sender._tasks)
        await self._sender.look()

    async def _open(self) -> bool:
        query = select(outgoing.c.id).where(outgoing.c.state.in_(("queued", "sending"))).limit(1)
        return await self._database.read(lambda one: one.execute(query).one_or_none()) is not None

    async def shared(self) -> int:
        """Customers who own addresses of several people, at the end."""
        query = select(handles.c.customer_id).where(handles.c.ended_ms.is_(None))
        owners = await self._database.read(lambda one: list(one.execute(query).scalars()))
        return sum(count > 2 for count in Counter(owners).values())  # each person has two


def _queue(connection: Any, reply: Reply, gateway: Gateway) -> Queued:
    return queue(connection, reply, gateway.channels, NOW_MS)


def _whatsapp(person: int, number: int, chance: random.Random) -> tuple[str, dict[str, Any]]:
    wa_id = f"39333123{person:04}"
    item = {"from": wa_id, "id": f"wamid.{number}", "timestamp": str(NOW_MS // 1000), "type": "text"}
    profile: dict[str, Any] = {"profile": {"name": f"Anna {person}"}, "wa_id": wa_id}
    if chance.random() < 0.2:
        profile["user_id"] = item["from_user_id"] = f"IT.{person // 2:012}"
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "390212345678", "phone_number_id": NUMBER},
        "contacts": [profile],
        "messages": [item | {"text": {"body": f"Messaggio {number}"}}],
    }
    entry = [{"id": "1022", "changes": [{"field": "messages", "value": value}]}]
    return wa_id, {"object": "whatsapp_business_account", "entry": entry}


def _telegram(person: int, number: int, _chance: random.Random) -> tuple[str, dict[str, Any]]:
    chat = 5_000_000 + person
    return str(chat), {
        "update_id": 700_000_000 + number,
        "message": {
            "message_id": number + 1,
            "date": NOW_MS // 1000,
            "chat": {"id": chat, "type": "private", "first_name": f"Anna {person}"},
            "from": {"id": chat, "is_bot": False, "first_name": f"Anna {person}"},
            "text": f"Messaggio {number}",
        },
    }


def _sender(gateway: Gateway) -> Sender:
    stores = gateway.stores
    return Sender(
        stores.database,
        gateway.configured.connectors,
        stores.http,
        gateway.intake,
        "n1",
        loader=Loader(stores.blobs, gateway.links),
        limits=gateway.configured.limits,
        now=lambda: NOW_MS / 1000,
    )


def _gateway(folder: Path, database: str, **urls: str) -> Gateway:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "regia.yaml").write_text(CONFIG)
    (folder / "rules.yaml").write_text(RULES)
    configured = configure(folder / "regia.yaml", {"KEY": "a-key-of-the-tests", "TOKEN": "TOKEN", "BOT": BOT, **urls})
    update = {"data": Data(path=folder / "data"), "database": DatabaseStore(url=SecretStr(database)), "node": "n1"}
    settings = configured.settings.model_copy(update=update)
    return Gateway(
        replace(configured, settings=settings), open_stores(settings), Journal.open(folder / "journals" / "n1.sqlite")
    )


async def play(folder: Path, database: str, count: int, chance: random.Random) -> tuple[Outcome, int]:
    """What was asked and what left, and how many customers own addresses of several people at the end."""
    async with WhatsAppGraph("TOKEN", NUMBER) as graph, TelegramBot(BOT) as bot:
        gateway = _gateway(folder, database, GRAPH=graph.url, BOT_URL=bot.url)
        gateway.start()
        try:
            await is_up(gateway)
            world = World(gateway, chance)
            await world.play(count)
            for connector, sent in (("whatsapp", graph.accepted), ("telegram", bot.accepted)):
                for one in sent:
                    world.outcome.left[_key(one)].append(Contact(connector, one.to))
            return world.outcome, await world.shared()
        finally:
            await gateway.stop()


def _key(one: Accepted) -> str:
    """Of the reply, out of its words."""
    return str(one.text).removeprefix("Risposta ").removesuffix(".")


def elsewhere(outcome: Outcome) -> list[str]:
    """Replies that left through another connector or to somebody else than the contact they answer came from, that left more
    than once, or never."""
    return [key for key, contact in outcome.asked.items() if outcome.left.get(key) != [contact]]
