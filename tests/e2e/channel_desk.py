"""One gateway with all its channels, the providers around it, and a desk that takes, answers and looks up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import aiohttp

from tests.e2e.channel_case import Case
from tests.e2e.channel_fakes import FakeFiles
from tests.e2e.channel_providers import LOCKED, PROVIDERS
from tests.e2e.channel_ways import Way
from tests.e2e.commands import Commands
from tests.e2e.gateway import EMBEDDED, Gateway
from tests.providers.base import FakeProvider

CONFIG: Final = Path(__file__).parent / "config" / "channels.yaml"
PUBLIC_URL: Final = "https://gw.example"
SECONDS: Final = 20.0
"""How long anything is waited for."""


@dataclass(frozen=True)
class Shown:
    """An outgoing message: what is on record, and the states that its provider told of it."""

    row: dict[str, str]
    told: frozenset[str]

    @classmethod
    def of(cls, printed: str) -> Self:
        lines = [(line[:16].strip(), line[17:]) for line in printed.splitlines()]
        return cls(dict(lines), frozenset(value.split()[1] for name, value in lines if name == "status"))


class Desk:
    """`fakes` are the providers by connector; `repeats` counts what was delivered a second time."""

    def __init__(self, gateway: Gateway, commands: Commands, fakes: dict[str, FakeProvider], files: FakeFiles) -> None:
        self.gateway = gateway
        self.commands = commands
        self.fakes = fakes
        self.files = files
        self.repeats = 0
        self._session = aiohttp.ClientSession(f"http://127.0.0.1:{gateway.port}")

    async def close(self) -> None:
        await self._session.close()

    def way(self, connector: str) -> Way:
        path = f"/webhooks/{connector}"
        url = f"http://127.0.0.1:{self.gateway.port}{path}"
        return Way(url=url, public_url=f"{PUBLIC_URL}{path}", fake=self.fakes.get(connector, self.files))

    async def take(self, case: Case) -> dict[str, Any]:
        """The next envelope of the case's queue, taken and acknowledged."""
        headers = self.gateway.consumer()
        async with asyncio.timeout(SECONDS):
            while True:
                path = f"/v1/queues/{case.name}.general/take?limit=1"
                async with self._session.post(path, headers=headers) as answer:
                    assert answer.status == 200, await answer.text()
                    found = (await answer.json())["messages"]
                if found:
                    break
                await asyncio.sleep(0.05)
        async with self._session.post(f"/v1/queues/receipts/{found[0]['receipt']}/ack", headers=headers) as answer:
            assert answer.status == 200, await answer.text()
        envelope: dict[str, Any] = found[0]["envelope"]
        return envelope

    async def left(self) -> dict[str, int]:
        """What lies in queues now."""
        async with self._session.get("/v1/queues", headers=self.gateway.consumer()) as answer:
            queues = (await answer.json())["queues"]
        return {one["name"]: one["ready"] + one["leased"] for one in queues if one["ready"] + one["leased"]}

    async def file(self, attachment_id: str) -> bytes:
        async with self._session.get(f"/v1/attachments/{attachment_id}", headers=self.gateway.consumer()) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()

    async def outgoing(self, id_: str, there: Callable[[Shown], bool], awaited: str, seconds: float = SECONDS) -> Shown:
        """What `regia outgoing show` says of a message, once it fits. `awaited`: in words, for when it never does."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            code, printed, complaint = await self.commands.run("outgoing", "show", id_)
            assert code == 0, complaint
            if there(shown := Shown.of(printed)):
                return shown
            assert asyncio.get_running_loop().time() < deadline, f"not {awaited} within {seconds} s, but {shown}"
            await asyncio.sleep(0.2)


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    """The gateway, running, with every provider. Both end with it."""
    async with AsyncExitStack() as stack:
        files = await stack.enter_async_context(FakeFiles(LOCKED))
        fakes: dict[str, FakeProvider] = {}
        environ: dict[str, str] = {}
        for name, provider in PROVIDERS.items():
            environ |= provider.environ
            if provider.make is not None:
                fakes[name] = await stack.enter_async_context(provider.make())
                environ[f"{name.upper()}_URL"] = fakes[name].url
        gateway = Gateway(folder, EMBEDDED, config=CONFIG, **environ)
        stack.callback(gateway.kill)
        commands = await stack.enter_async_context(Commands(gateway, 3))
        await asyncio.to_thread(gateway.start)
        opened = Desk(gateway, commands, fakes, files)
        stack.push_async_callback(opened.close)
        yield opened
        print(gateway.tail())
