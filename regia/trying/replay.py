"""Stored messages through the live rules and through others, a page at a time."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from config.problems import ConfigError
from regia.pipeline.surveying import RULE
from regia.trying.outcome import Example, Outcome
from regia.trying.recalled import is_whole, needed, recall
from router.differing import changes
from router.load import load
from router.model import Decision
from router.ruleset import Ruleset
from storage import replayed
from storage.database import Database
from storage.replayed import Only, Stored
from storage.rulesets import sources_of

PAGE: Final = 200
"""Messages in memory at a time: each holds up to some hundred kilobytes of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tried: rules beside the live ones, on the newest `last` messages of `only`, keeping `examples` of each kind."""

    live: Ruleset
    new: Ruleset
    only: Only
    last: int
    examples: int


async def replay(database: Database, trial: Trial, progress: Callable[[int], None] = lambda done: None) -> Outcome:
    """Decide each message twice and count what differs. Reads in short transactions, so a gateway that writes meanwhile
    is not held up, and writes nothing. `progress` hears how many are done. Raises `DatabaseUnavailable`."""
    comparing = _Comparing(trial)
    outcome, decided = comparing.outcome, _Versions(database, trial)
    place: tuple[int, str] | None = None
    while (limit := min(PAGE, trial.last - outcome.messages)) > 0:
        page = await database.read(lambda connection, at=place, n=limit: replayed.before(connection, trial.only, at, n))  # type: ignore[misc]  # mypy does not infer lambdas with defaults
        recalled = []
        for stored in page:
            data = orjson.loads(stored.envelope)["data"]
            recalled.append((stored, data, None if is_whole(data) else await decided.of(stored.ruleset)))
        await asyncio.to_thread(comparing.all, recalled)  # a gateway that asks this has others to serve
        if page:
            outcome.oldest_ms = page[-1].received_ms
        if len(page) < limit:
            break
        place = (page[-1].received_ms, page[-1].id)
        progress(outcome.messages)
    return outcome


class _Comparing:
    """One message after the other into an outcome."""

    def __init__(self, trial: Trial) -> None:
        self.outcome = Outcome(trial.examples)
        self._live, self._new = trial.live, trial.new
        self._alike = trial.live.fields == trial.new.fields
        self._needed = needed(trial.live) | needed(trial.new)

    def all(self, page: Sequence[tuple[Stored, dict[str, Any], Ruleset | None]]) -> None:
        for one in page:
            self.compare(*one)

    def compare(self, stored: Stored, data: dict[str, Any], decided: Ruleset | None) -> None:
        if data["routing"]["decided_by"].get("discard") == RULE:  # no rule decides where it went
            return
        message = Example(stored.id, stored.channel)
        recalled = recall(stored, data, decided)
        unknown = [(name, why) for name, why in recalled.unknown.items() if name in self._needed]
        if unknown:
            self.outcome.cannot_compare(message, unknown)
            return
        facts = recalled.facts(self._live.fields)
        before = self._live.route(facts)
        after = self._new.route(facts if self._alike else recalled.facts(self._new.fields))
        self.outcome.compared(message, changes(before, after))
        if stored.ruleset == self._live.hash and not _is_stored(before, data["routing"]):
            self.outcome.not_reproduced.append(message)


def _is_stored(decision: Decision, routing: dict[str, Any]) -> bool:
    """Whether this is the decision that stands in the envelope: where it went, and which rules said so."""
    told = (routing["category"], routing["targets"], routing["decided_by"])
    return (decision.category, list(decision.targets), dict(decision.decided_by)) == told


class _Versions:
    """Stored versions of the rules, each read once; None for one that is not stored, or was written for another program."""

    def __init__(self, database: Database, trial: Trial) -> None:
        self._database = database
        self._known: dict[str, Ruleset | None] = {one.hash: one for one in (trial.live, trial.new)}

    async def of(self, ruleset: str) -> Ruleset | None:
        if ruleset not in self._known:
            sources = await self._database.read(lambda connection: sources_of(connection, ruleset))
            self._known[ruleset] = _loaded(sources) if sources is not None else None
        return self._known[ruleset]


def _loaded(sources: str) -> Ruleset | None:
    try:
        return load([(name, text) for name, text in json.loads(sources)])
    except ConfigError:
        return None
