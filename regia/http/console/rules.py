"""The rulesets: which version decides where, how often its rules matched, what is never reached, and all versions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import orjson
from aiohttp import web
from sqlalchemy import Connection

from connectors.errors import Rejected
from regia import by_hand
from regia.http.console import rules_found
from regia.http.console.visit import Visit
from regia.rules.live import EVERY_BRAND
from regia.trying import attempt
from regia.trying.attempt import Told
from regia.trying.bench import NotTried, Superseded
from router.differing import Change
from router.model import DEFAULT
from router.ruleset import Ruleset
from storage import rule_hits, rulesets, shadows, staff
from storage.rule_hits import ALL, DAY_MS
from storage.rulesets import Activation, NodeRules
from web.console.playground import said, wrong_of
from web.console.problems import in_language
from web.console.rules import NodeRow, RuleUse, ShadowRow, VersionRow
from web.console.texts.conditions import CONDITIONS
from web.console.texts.rules import RULES

_DAYS: Final = (7, 30, 90)
_VERSIONS: Final = 30
_GONE_MS: Final = 180_000
"""A node that said nothing for so long is not there; one that is says something every minute."""
_CHANGES: Final = 15
_DAY_ONE: Final = date(1970, 1, 1)
_DEAD: Final = frozenset(("never_matches", "never_tried", "never_wins", "does_nothing"))


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the database says."""

    nodes: Sequence[NodeRules]
    active: Activation | None
    chosen: Sequence[Activation]
    versions: Sequence[rulesets.Version]
    hits: Sequence[rule_hits.Day]
    lasts: Mapping[str, int]
    first_day: int | None
    names: Mapping[str, str]
    shadows: Mapping[shadows.Pair, shadows.Counted]


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/rules?brand=&days=`: the rules that decide, how often each did, and their versions."""
    brand, days = rules_found.brand_of(visit), _days(visit)
    live, today = rules_found.live(visit, brand), by_hand.now_ms() // DAY_MS
    stored = await visit.read(lambda connection: _stored(connection, brand, live, today - days + 1))
    language = visit.frame.language
    warnings = visit.parts.checked.get((live.hash, language))
    versions = visit.gateway.versions
    names = {rule.name for rule in live.rules}
    files = [name for name, _ in live.sources]
    wrong = {name: wrong_of(files, problems, language) for name, problems in versions.problems.items()}
    return visit.page(
        "rules.html",
        RULES,
        brand=brand,
        brands=rules_found.brands(visit),
        days=days,
        days_choices=_DAYS,
        live=live,
        node=visit.gateway.configured.node,
        wrong=wrong,
        active=stored.active,
        by=_actor(stored, stored.active.actor if stored.active else ""),
        nodes=_nodes(stored, live.hash),
        rules=_uses(live, stored, warnings or (), today, days),
        others=[one for one in warnings or () if one.kind == "no_tests" or one.name not in names],
        total=sum(one.messages for one in stored.hits if one.rule == ALL),
        by_default=sum(one.messages for one in stored.hits if one.rule == DEFAULT),
        first_day=None if stored.first_day is None else f"{_DAY_ONE + timedelta(stored.first_day)}",
        is_checked=warnings is not None,
        versions=_versions(stored, live.hash),
        shadows=_shadows(stored, brand),
        has_shadow=versions.rules.shadow.get(brand) is not None,
    )


async def check(visit: Visit) -> web.StreamResponse:
    """`GET /console/rules/check?brand=&days=`: look for rules that can never do anything, and back to the page."""
    brand = rules_found.brand_of(visit)
    live, parts = rules_found.live(visit, brand), visit.parts
    known = {"connector": frozenset(visit.gateway.configured.connectors), "brand": frozenset(visit.gateway.configured.brands)}
    key = (live.hash, visit.frame.language)
    if key not in parts.checked:
        try:
            told = await parts.bench.run(attempt.checked, live.sources, known, CONDITIONS[key[1]])
            parts.checked[key] = tuple(replace(one, message=in_language(one.message, key[1])) for one in told)
        except (NotTried, Superseded):
            raise Rejected("unavailable", "the rules could not be looked at in time", retry_after=10) from None
        while len(parts.checked) > 8:  # noqa: PLR2004
            del parts.checked[next(iter(parts.checked))]
    return visit.to(f"/rules?brand={brand}&days={_days(visit)}")


async def source(visit: Visit) -> web.StreamResponse:
    """`GET /console/rules/version?hash=&file=`: a file of a version, to be kept."""
    number = visit.number("file")
    found = await rules_found.version(visit, rules_found.brand_of(visit), visit.word("hash"))
    if number is None or number >= len(found.sources):
        raise Rejected("not_found", "this version has no such file")
    names = rules_found.short_names([name for name, _ in found.sources])
    safe = "".join(char if char.isalnum() or char in "._-" else "_" for char in names[number].rpartition("/")[2])
    body = found.sources[number][1].encode()
    return visit.file(body, content_type="application/yaml; charset=utf-8", name=safe)


async def show(visit: Visit) -> web.StreamResponse:
    """`GET /console/rules/show?brand=&to=`: the files of a version."""
    brand = rules_found.brand_of(visit)
    found = await rules_found.version(visit, brand, visit.word("to"))
    files = list(zip(rules_found.short_names([name for name, _ in found.sources]), found.sources, strict=True))
    is_live = found.hash == rules_found.live(visit, brand).hash
    return visit.page("rules_version.html", RULES, brand=brand, found=found, files=files, is_live=is_live)


def _days(visit: Visit) -> int:
    return next((one for one in _DAYS if str(one) == visit.word("days")), _DAYS[0])


def _stored(connection: Connection, brand: str, live: Ruleset, first: int) -> _Stored:
    names = [rule.name for rule in live.rules]
    return _Stored(
        nodes=rulesets.nodes(connection, by_hand.now_ms() - _GONE_MS),
        active=rulesets.active(connection).get(brand),
        chosen=rulesets.chosen(connection, 500),
        versions=rulesets.versions(connection, limit=_VERSIONS),
        hits=rule_hits.since(connection, brand, first),
        lasts=rule_hits.lasts(connection, brand, names),
        first_day=rule_hits.first_day(connection, brand),
        names={person.id: person.display for person in staff.everybody(connection)},
        shadows=shadows.runs(connection),
    )


def _actor(stored: _Stored, actor: str) -> str:
    """Who it was, as people read it."""
    kind, _, id_ = actor.partition("/")
    return stored.names.get(id_, actor) if kind == "staff" else actor


def _nodes(stored: _Stored, live: str) -> list[NodeRow]:
    wanted = live if stored.active is None else stored.active.hash
    return [
        NodeRow(
            node=f"{one.node} · {one.brand}" if one.brand != EVERY_BRAND else one.node,
            live=one.live,
            since_ms=one.at_ms,
            seen_ms=one.seen_ms,
            follows=one.live == wanted,
            files="" if one.files in ("", one.live) else one.files,
        )
        for one in stored.nodes
        if stored.active is None or one.brand == stored.active.brand
    ]


def _uses(live: Ruleset, stored: _Stored, warnings: Sequence[Told], today: int, days: int) -> list[RuleUse]:
    by_rule: dict[str, dict[int, int]] = {}
    for one in stored.hits:
        by_rule.setdefault(one.rule, {})[one.day] = one.messages
    whole = sum(by_rule.get(ALL, {}).values()) or 1
    dead = {one.name: one.message for one in warnings if one.kind in _DEAD}
    other = {one.name: one.message for one in warnings if one.kind not in _DEAD and one.kind != "no_tests"}
    files = [name for name, _ in live.sources]
    shorts = rules_found.short_names(files)
    found = []
    for rule in live.rules:
        mine, number = by_rule.get(rule.name, {}), files.index(rule.place[0])
        messages = sum(mine.values())
        use = RuleUse(
            name=rule.name,
            file=shorts[number],
            number=number,
            line=rule.place[1],
            messages=messages,
            share=100 * messages / whole,
            days=tuple(mine.get(day, 0) for day in range(today - days + 1, today + 1)),
            last_ms=stored.lasts.get(rule.name),
            dead=dead.get(rule.name, ""),
            warning=other.get(rule.name, ""),
        )
        found.append(use)
    return found


def _versions(stored: _Stored, live: str) -> list[VersionRow]:
    """Newest first; the last choice of each."""
    last: dict[str, Activation] = {}
    for one in stored.chosen:
        last.setdefault(one.hash, one)
    return [
        VersionRow(
            hash=one.hash,
            created_ms=one.created_ms,
            live=one.hash == live,
            chosen_ms=last[one.hash].at_ms if one.hash in last else None,
            by=_actor(stored, last[one.hash].actor) if one.hash in last else "",
        )
        for one in stored.versions
    ]


def _shadows(stored: _Stored, brand: str) -> list[ShadowRow]:
    return [
        ShadowRow(
            live=pair.live,
            shadow=pair.shadow,
            since_ms=one.since_ms,
            last_ms=one.last_ms,
            messages=one.messages,
            different=one.different,
            changes=tuple(
                (*_change(change), number, tuple(one.examples[change][:3]))
                for change, number in one.changes.most_common(_CHANGES)
            ),
        )
        for pair, one in stored.shadows.items()
        if pair.brand == brand
    ]


def _change(told: str) -> tuple[str, str, str]:
    """Field, before and after."""
    one = orjson.loads(told)
    if "before" not in one:
        return one["field"], "", ""
    change = Change(one["field"], one["before"], one["after"], one["by_before"], one["by_after"])
    return change.field, _plain(change.before), _plain(change.after)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return said(tuple(value) if isinstance(value, list) else value)
