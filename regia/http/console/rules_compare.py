"""What another version of the rules would change, and letting it go live."""

import asyncio
import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from config.problems import ConfigError
from connectors.errors import Rejected
from regia import by_hand
from regia.http.console import rules_found
from regia.http.console.rules_found import DRAFT, Version
from regia.http.console.visit import Visit
from regia.rules.activating import activate as choose
from regia.trying import attempt
from regia.trying.attempt import Sources
from regia.trying.bench import NotTried, Superseded
from regia.trying.outcome import Outcome
from regia.trying.replay import Trial, replay
from router.load import load
from storage import drafts, rulesets
from storage.replayed import Only
from storage.rulesets import Activation
from web.console.playground import Tests, Wrong, tests_of, wrong_of
from web.console.rules import DiffLine, Moves, moves_of
from web.console.texts.rules_compare import COMPARE

_MOST: Final = (1_000, 5_000, 20_000)
_DAYS: Final = (1, 7, 30)
_SECONDS: Final = 40.0
_EXAMPLES: Final = 5
_LINES_MAX: Final = 800
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What is known of a version beside the live one. `moves` is None where it was not compared, for the reason `why`."""

    found: Version
    wrong: tuple[Wrong, ...] = ()
    tests: Tests | None = None
    moves: Moves | None = None
    why: str = ""

    @property
    def fails(self) -> bool:
        return self.tests is not None and bool(self.tests.failed)


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/rules/compare?brand=&to=&days=&last=`: `to` is `draft` or the hash of a version."""
    brand, to = rules_found.brand_of(visit), visit.word("to")
    found = await rules_found.version(visit, brand, to)
    return await _page(visit, brand, to, await _looked(visit, brand, found))


async def activate(visit: Visit) -> web.StreamResponse:
    """`POST /console/rules/activate`: let a version decide on every node, if it and the live one are still those that were
    looked at."""
    brand, form = rules_found.brand_of(visit), visit.form
    found, live = await rules_found.version(visit, brand, form.text("to")), rules_found.live(visit, brand)
    visit.what = f"{brand} {found.hash}"
    if found.hash == live.hash:
        return visit.to(f"/rules?brand={brand}", said="done")
    if (found.hash, live.hash) != (form.text("hash"), form.text("live")):
        return await _refused(visit, brand, found, "moved", 409)
    wrong, tests = await _tested(visit, found.sources)
    if wrong or tests is None or tests.why:
        return await _refused(visit, brand, found, "unusable", 422)
    if tests.failed and not form.text("anyway"):
        return await _refused(visit, brand, found, "tests_fail", 422)
    await _choose(visit, brand, found)
    return visit.to(f"/rules?brand={brand}", said="done")


async def _choose(visit: Visit, brand: str, found: Version) -> None:
    """The rows that every node follows; this node at once."""
    chosen = Activation(brand=brand, hash=found.hash, actor=visit.actor, at_ms=by_hand.now_ms())
    id_, is_draft = visit.me.person.id, visit.form.text("to") == DRAFT

    def work(connection: Connection) -> None:
        rulesets.keep(connection, found.hash, json.dumps(found.sources))
        choose(connection, chosen)
        if is_draft:
            drafts.drop(connection, id_, brand)

    await visit.write(work)
    await visit.gateway.versions.follow()


async def _refused(visit: Visit, brand: str, found: Version, why: str, status: int) -> web.Response:
    await visit.note(why)
    looked = await _looked(visit, brand, found)
    return await _page(visit, brand, visit.form.text("to"), looked, refused=why, status=status)


async def _page(visit: Visit, brand: str, to: str, looked: _Looked, *, refused: str = "", status: int = 200) -> web.Response:
    live = rules_found.live(visit, brand)
    lines = await asyncio.to_thread(_differing, live.sources, looked.found.sources)
    return visit.page(
        "rules_compare.html",
        COMPARE,
        status=status,
        brand=brand,
        to=to,
        live=live.hash,
        looked=looked,
        refused=refused,
        lines=lines[:_LINES_MAX],
        more_lines=max(0, len(lines) - _LINES_MAX),
        days=_chosen(visit, "days", _DAYS, 7),
        last=_chosen(visit, "last", _MOST, _MOST[0]),
        days_choices=_DAYS,
        last_choices=_MOST,
    )


async def _looked(visit: Visit, brand: str, found: Version) -> _Looked:
    wrong, tests = await _tested(visit, found.sources)
    if wrong or tests is None or tests.why or found.hash == rules_found.live(visit, brand).hash:
        return _Looked(found=found, wrong=wrong, tests=tests)
    try:
        async with asyncio.timeout(_SECONDS):
            outcome = await _replayed(visit, brand, found)
    except TimeoutError:
        return _Looked(found=found, tests=tests, why="time")
    except ConfigError:  # what was read over there a moment ago
        return _Looked(found=found, tests=tests, why="unusable")
    return _Looked(found=found, tests=tests, moves=moves_of(outcome.by_field(), outcome))


async def _tested(visit: Visit, sources: Sources) -> tuple[tuple[Wrong, ...], Tests | None]:
    """What keeps them from being loaded; the rules' own tests, None where they do not load."""
    files, bench = [name for name, _ in sources], visit.parts.bench
    try:
        problems = await bench.run(attempt.problems_of, sources)
        if problems:
            return wrong_of(files, problems, visit.frame.language), None
        told = await bench.run(attempt.tested, sources)
    except NotTried as error:
        return (), Tests(why=error.why)
    except Superseded:
        raise Rejected("unavailable", "asked again meanwhile", retry_after=1) from None
    return (), tests_of(
        files, None if told is None else [(one.name, one.place, one.mismatches, one.decided_by) for one in told]
    )


async def _replayed(visit: Visit, brand: str, found: Version) -> Outcome:
    """Raises `ConfigError`."""
    rules, versions = visit.gateway.versions.rules, visit.gateway.versions
    new = versions.files.version(found.hash) or rules.version(found.hash)
    if new is None:
        new = await asyncio.to_thread(load, found.sources)
    since_ms = by_hand.now_ms() - _chosen(visit, "days", _DAYS, 7) * _DAY_MS
    others = frozenset(rules.live) - {brand}
    only = Only(brand=None if brand == "*" else brand, without=others if brand == "*" else frozenset(), since_ms=since_ms)
    last = _chosen(visit, "last", _MOST, _MOST[0])
    trial = Trial(live=rules.live[brand], new=new, only=only, last=last, examples=_EXAMPLES)
    return await replay(visit.gateway.stores.database, trial)


def _chosen(visit: Visit, name: str, choices: Sequence[int], otherwise: int) -> int:
    given = visit.form.text(name) or visit.word(name)
    return next((one for one in choices if str(one) == given), otherwise)


def _differing(before: Sources, after: Sources) -> list[DiffLine]:
    """The lines that differ, with three around them, file by file."""
    old, new = dict(before), dict(after)
    if len(before) == len(after) and not old.keys() & new.keys():  # nodes keep the same files in different places
        new = dict(zip(old, new.values(), strict=True))
    found: list[DiffLine] = []
    names = list(dict.fromkeys((*old, *new)))
    for name, short in zip(names, rules_found.short_names(names), strict=True):
        lines = difflib.unified_diff(old.get(name, "").splitlines(), new.get(name, "").splitlines(), lineterm="", n=3)
        told = [DiffLine.of(line) for number, line in enumerate(lines) if number > 1]
        found += [DiffLine("file", short), *told] if told else []
    return found
