"""Visitors of a chat at once, each with a WebSocket, and the agents who answer them: what a load of chats is made of."""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector, WSMsgType

_AT_ONCE: Final = 64
"""Requests for tokens, and answers of agents, at once."""
_PATIENCE: Final = 120.0
_AFTER: Final = 3.0
"""Seconds in which a window goes on reading when all is said: what comes twice comes then."""


class Broken(Exception):
    """A chat did not go as it must."""


@dataclass(slots=True)
class Spoken:
    """One chat as its window saw it. `items`: text by id, in the order in which they came first; `twice`: items that came
    again in the same state; times are seconds."""

    sent: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    items: dict[str, str] = field(default_factory=dict)
    states: set[tuple[str, str]] = field(default_factory=set)
    twice: list[str] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Faults:
    """Messages and answers that windows lack or were shown twice, and chats where they stand in another order than they were
    said."""

    lost: int
    twice: int
    disordered: int


def faults(spoken: Sequence[Spoken]) -> Faults:
    """Of all chats."""
    lost = twice = disordered = 0
    for one in spoken:
        texts = list(one.items.values())
        lost += len({*one.sent, *one.answered} - set(texts))
        twice += len(one.twice) + len(texts) - len(set(texts))
        for said in (one.sent, one.answered):
            shown = [text for text in texts if text in said]
            disordered += shown != [text for text in said if text in shown]
    return Faults(lost, twice, disordered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """So many chats at once, each with so many messages and answers, `pause` seconds apart. They begin one after the other
    within the first pause: five hundred people do not press Enter in the same moment."""

    base: str
    connector: str
    origin: str
    token: str
    """Of a program that may answer."""
    chats: int
    messages: int
    answers: int
    pause: float = 0.0

    async def run(self) -> list[Spoken]:
        """All of them. Raises `Broken`."""
        async with ClientSession(
            connector=TCPConnector(limit=0), json_serialize=lambda one: orjson.dumps(one).decode()
        ) as http:
            gate = asyncio.Semaphore(_AT_ONCE)
            return list(await asyncio.gather(*(_Chat(self, http, gate, number).run() for number in range(self.chats))))


class _Chat:
    """One visitor, and the agent who answers."""

    def __init__(self, load: Load, http: ClientSession, gate: asyncio.Semaphore, number: int) -> None:
        self._load = load
        self._http = http
        self._gate = gate
        self._number = number
        self._spoken = Spoken()
        self._asked: dict[str, float] = {}
        """When an answer was asked for, by its text."""
        self._to_answer: asyncio.Queue[str] = asyncio.Queue()
        """Envelopes, for the agent."""
        self._delivered: set[str] = set()
        self._moved = asyncio.Event()
        self._accepted: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self._all = asyncio.Event()

    async def run(self) -> Spoken:
        base, headers = f"{self._load.base}/chat/{self._load.connector}", {"Origin": self._load.origin}
        await asyncio.sleep(self._load.pause * self._number / self._load.chats)
        async with self._gate, self._http.post(f"{base}/visitor", json={}, headers=headers) as answer:
            token = (await answer.json())["token"]
        async with self._http.ws_connect(f"{base}/ws", headers=headers) as ws:
            await ws.send_json({"type": "hello", "token": token, "user": None, "after": None, "language": "it"})
            tasks = [asyncio.create_task(self._read(ws)), asyncio.create_task(self._agent())]
            try:
                await self._talk(ws)
                with suppress(TimeoutError):  # what did not come is lost
                    async with asyncio.timeout(_PATIENCE):
                        await self._all.wait()
                        await asyncio.sleep(_AFTER)
            finally:
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
        for one in ended:
            if isinstance(one, Exception):
                raise one
        return self._spoken

    async def _talk(self, ws: ClientWebSocketResponse) -> None:
        """Message after message; some of them are to be answered while the next are written."""
        load = self._load
        asked, every = 0, max(1, load.messages // max(1, load.answers))
        for number in range(load.messages):
            text, id_ = f"chat {self._number} messaggio {number}", str(uuid.uuid4())
            began = time.perf_counter()
            await ws.send_json({"type": "message", "id": id_, "text": text})
            async with asyncio.timeout(_PATIENCE):
                told = await self._accepted.get()
            if told["id"] != id_ or told["repeat"]:
                raise Broken(f"chat {self._number}: {told}")
            self._spoken.accepted.append(time.perf_counter() - began)
            self._spoken.sent.append(text)
            if (number + 1) % every == 0 and asked < load.answers:
                asked += 1
                self._to_answer.put_nowait(told["envelope"])
            await asyncio.sleep(load.pause)

    async def _agent(self) -> None:
        """One answer after the other, each once the message is on its way to agents: before, none would have it."""
        headers = {"Authorization": f"Bearer {self._load.token}"}
        for number in range(self._load.answers):
            envelope = await self._to_answer.get()
            while envelope not in self._delivered:
                self._moved.clear()
                await self._moved.wait()
            text = f"chat {self._number} risposta {number}"
            body = {"message": envelope, "text": text, "author": "Anna"}
            self._asked[text] = time.perf_counter()
            async with self._gate, self._http.post(f"{self._load.base}/v1/replies", json=body, headers=headers) as answer:
                if answer.status != 202:  # noqa: PLR2004
                    self._all.set()
                    raise Broken(f"chat {self._number}: {await answer.json()}")
            self._spoken.answered.append(text)
            self._look()

    async def _read(self, ws: ClientWebSocketResponse) -> None:
        async for message in ws:
            if message.type is not WSMsgType.TEXT:
                return
            frame = orjson.loads(message.data)
            if frame["type"] in ("accepted", "refused"):
                self._accepted.put_nowait(frame)
            for item in frame.get("items", ()):
                self._see(item)
            self._look()

    def _look(self) -> None:
        """Whether all has been said and shown. An answer may be shown before its request is answered."""
        spoken, load = self._spoken, self._load
        if len(spoken.items) == load.messages + load.answers and len(spoken.answered) == load.answers:
            self._all.set()

    def _see(self, item: Mapping[str, Any]) -> None:
        spoken, now = self._spoken, time.perf_counter()
        state = (item["id"], item["state"])
        if state in spoken.states:
            spoken.twice.append(item["text"])
        spoken.states.add(state)
        if item["direction"] == "in" and item["state"] == "delivered":
            self._delivered.add(item["id"])
            self._moved.set()
        if item["id"] not in spoken.items and item["direction"] == "out":
            spoken.shown.append(now - self._asked[item["text"]])
        spoken.items.setdefault(item["id"], item["text"])


def percentile(times: list[float], share: float) -> float:
    """The time within which that share was."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
