"""Which versions of the rules decide on a node: what its files say, until somebody chooses another version for all nodes.

    files     read at the start, on a change, and on SIGHUP; a version nobody has seen is kept in the database, and a node whose
              files have changed chooses what they say
       ↓
    choices   rows of `storage.rulesets`, also those of `regia rules activate`; the last one of a brand holds on every node
       ↓
    rules     what the next batch is decided by: replaced as one, after the queues of the new version are there

What cannot be loaded, files or a chosen version, changes nothing: the version before goes on, and `wrong` says so.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import Connection

from config.problems import ConfigError, Problem
from regia.rules import activating
from regia.rules.live import Rules
from regia.watch.metrics import RULES, RULES_WRONG
from router.load import load
from router.ruleset import Ruleset
from storage import rulesets
from storage.database import Database
from storage.rulesets import Activation, NodeRules

logger = logging.getLogger(__name__)

_KEPT: Final = 4
"""Versions that stay loaded though they do not decide now: to go back takes no time then."""


class Versions:
    """Of one node. `rules` is what decides now, `files` what the files said last; `wrong` what is not as it should be, by a
    short name, for the readiness page.

    `prepare` is called before a version decides that did not before, with all that will: it declares the queues.
    """

    def __init__(self, database: Database, node: str, files: Rules, prepare: Callable[[Rules], Awaitable[None]]) -> None:
        self._database = database
        self._node = node
        self._prepare = prepare
        self.files = files
        self._loaded: dict[str, Ruleset] = {}
        """The last used last."""
        self._has_files = False
        """Whether `files` were ever right; before they are what was chosen."""
        self._chosen: dict[str, Activation] = {}
        self._said: dict[str, str] = {}
        """The hashes that were written down last, by brand."""
        self.rules = files
        self.wrong: dict[str, str] = {}
        self.problems: dict[str, tuple[Problem, ...]] = {}
        """By the same names, what is wrong with files or versions, each with its place."""
        self._turn = asyncio.Lock()
        self._show(files)

    async def bring(self, files: Rules) -> None:
        """These are what the files say. Raises `DatabaseUnavailable`."""
        now_ms = time.time_ns() // 1_000_000
        async with self._turn:
            await self._database.write(lambda connection: _bring(connection, self._node, files, now_ms))
            self.files, self._has_files = files, True
            self._settle("files")
            await self._follow(files)

    async def refuse(self, error: ConfigError) -> None:
        """The files are wrong: say so, and go on. Raises `DatabaseUnavailable`."""
        number = len(error.problems)
        told = f"the rule files have {number} problem{'s' if number != 1 else ''}; the version before decides"
        self.wrong["files"], self.problems["files"] = told, error.problems
        await self._tell(told, error)

    async def refuse_shadow(self, error: ConfigError) -> None:
        """The shadow's files are wrong: nothing is asked beside the rules that decide. Raises `DatabaseUnavailable`."""
        number = len(error.problems)
        self.wrong["shadow"] = f"the shadow's rule files have {number} problem{'s' if number != 1 else ''}; no shadow is asked"
        self.problems["shadow"] = error.problems
        await self._tell(self.wrong["shadow"], error)

    def settle_shadow(self) -> None:
        """The shadow's files are right."""
        self._settle("shadow")

    async def _tell(self, told: str, error: ConfigError) -> None:
        RULES_WRONG.set(1)
        logger.error(told, extra={"problems": [str(one) for one in error.problems[:20]]})
        number, now_ms = len(error.problems), time.time_ns() // 1_000_000
        await self._database.write(lambda connection: activating.rejected(connection, self._node, number, now_ms))

    async def begin(self, files: Rules | None) -> None:
        """What decides when the gateway starts: `files` is what they say, None where they are wrong. Raises
        `DatabaseUnavailable`."""
        if files is None:
            async with self._turn:
                await self._follow(self.rules)
        else:
            await self.bring(files)

    async def follow(self) -> None:
        """Use what is chosen. Raises `DatabaseUnavailable`."""
        async with self._turn:
            if await self._database.read(rulesets.active) != self._chosen:
                await self._follow(self.files)

    async def _follow(self, files: Rules) -> None:
        """Use what is chosen for the brands of `files`, and the shadow of these."""
        chosen = await self._database.read(rulesets.active)
        self._settle("version")
        live: dict[str, Ruleset] = {}
        for brand, ruleset in files.live.items():
            wanted = await self._get(chosen[brand].hash) if brand in chosen else ruleset
            live[brand] = wanted or self.rules.live.get(brand) or ruleset
        await self._use(Rules(live=live, shadow=files.shadow))
        self._chosen = chosen

    async def _use(self, rules: Rules) -> None:
        """Let them decide from the next batch on: once their queues are there, and it is written down."""
        now = {brand: one.hash for brand, one in rules.live.items()}
        if now != self._said:
            await self._prepare(rules)
            self._keep(self.rules)
            await self.say(rules)
            self._show(rules)
            logger.info("these rules decide from now on", extra={"rules": now})
        self.rules, self._said = rules, now

    async def say(self, rules: Rules | None = None) -> None:
        """Write what decides here, as has to be done now and then: a node that says nothing is taken for gone. Raises
        `DatabaseUnavailable`."""
        live, now_ms = rules or self.rules, time.time_ns() // 1_000_000
        told = [
            NodeRules(node=self._node, brand=brand, files=self._file(brand), live=one.hash, at_ms=now_ms, seen_ms=now_ms)
            for brand, one in live.live.items()
        ]
        await self._database.write(lambda connection: rulesets.say(connection, self._node, told))

    def _file(self, brand: str) -> str:
        found = self.files.live.get(brand) if self._has_files else None
        return "" if found is None else found.hash

    def _settle(self, name: str) -> None:
        """Something is right again."""
        self.wrong.pop(name, None)
        self.problems.pop(name, None)
        RULES_WRONG.set(bool(self.wrong))

    async def _get(self, wanted: str) -> Ruleset | None:
        """A version, loaded if need be; None where that cannot be."""
        known = self.files.version(wanted) or self.rules.version(wanted) or self._loaded.get(wanted)
        if known is not None:
            return known
        sources = await self._database.read(lambda connection: rulesets.sources_of(connection, wanted))
        try:
            return await asyncio.to_thread(load, [(name, text) for name, text in json.loads(sources or "[]")])
        except ConfigError as error:  # also where there are no sources
            told = f"the chosen version {wanted} cannot be used; the version before decides"
            self.wrong["version"], self.problems["version"] = told, error.problems
            RULES_WRONG.set(1)
            logger.error(told, extra={"problems": [str(one) for one in error.problems[:20]]})  # noqa: TRY400
            return None

    def _keep(self, rules: Rules) -> None:
        for one in rules.live.values():
            self._loaded.pop(one.hash, None)
            self._loaded[one.hash] = one
        for hash_ in list(self._loaded)[:-_KEPT]:
            del self._loaded[hash_]

    def _show(self, rules: Rules) -> None:
        RULES.clear()
        for brand, one in rules.live.items():
            RULES.labels(brand, one.hash).set(1)


def _bring(connection: Connection, node: str, files: Rules, now_ms: int) -> None:
    """Keep the versions of the files; choose those that are new, and those of files that this node had otherwise before. Of its
    workers, which read the same files, the first one does."""
    rulesets.one_at_a_time(connection, node)
    new = {one.hash for one in files if rulesets.keep(connection, one.hash, json.dumps(one.sources))}
    had = {row.brand: row.files for row in rulesets.nodes(connection) if row.node == node}
    active = rulesets.active(connection)
    for brand, one in files.live.items():
        held = active.get(brand)
        is_changed = one.hash in new or held is None or had.get(brand, one.hash) != one.hash
        if is_changed and (held is None or held.hash != one.hash):
            mine = Activation(brand=brand, hash=one.hash, actor=f"files of {node}", at_ms=now_ms)
            activate = rulesets.activate if held is None else activating.activate  # the first one replaces none: no event
            activate(connection, mine)
    rulesets.had(connection, node, {brand: one.hash for brand, one in files.live.items()}, now_ms)
