"""The playground of the rules: what a message would come to by rules that somebody is writing, before they decide anything."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from connectors.errors import Rejected
from normalizer.advice import Language
from regia.http.console import rules_found
from regia.http.console.playground_sample import of_message
from regia.http.console.rules_found import DRAFT, Version
from regia.http.console.visit import Visit
from regia.trying import attempt
from regia.trying.attempt import Attempt, Decided, Sources
from regia.trying.bench import NotTried, Superseded
from storage import drafts, recent
from storage.drafts import Draft
from web.console.playground import Result, Sample, SourceFile, Tests, result_of, tests_of
from web.console.texts.conditions import CONDITIONS
from web.console.texts.playground import PLAYGROUND

LARGEST: Final = 500_000
"""Characters of all files together that can be edited here."""
BODY: Final = 4 << 20
_SAMPLE_MAX: Final = 20_000
_FILES_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class _Posted:
    """What the page posted, or what it is opened with. `base`: the version that is edited."""

    brand: str
    base: str
    sources: Sources
    sample: Sample


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/rules/playground?brand=&from=`: the draft, if there is one, else the live rules; with `from` a version."""
    brand, wanted = rules_found.brand_of(visit), visit.word("from")
    draft = await rules_found.draft_of(visit, brand)
    if draft is not None and wanted in ("", DRAFT):
        opened = _Posted(brand, draft.base, rules_found.sources_in(draft.sources), Sample())
        return await _page(visit, opened, draft=draft)
    found = await rules_found.version(visit, brand, wanted)
    _keep_warm(visit)
    return await _page(visit, _Posted(brand, found.hash, found.sources, Sample()), other=draft)


async def take(visit: Visit) -> web.StreamResponse:
    """`POST /console/rules/playground/take`: fill in the message that is stored under an id."""
    visit.what, posted = visit.form.text("id")[:80], _posted(visit)
    if visit.frame.masked:
        raise Rejected("scope_missing", "personal data is masked for this role")
    declared = rules_found.live(visit, posted.brand).fields
    sample = await visit.read(lambda connection: of_message(connection, visit.what, declared))
    await _save(visit, posted)
    await visit.note("done" if sample else "not_found")
    taken = _Posted(posted.brand, posted.base, posted.sources, sample or posted.sample)
    result = await _try(visit, taken) if sample else None
    return await _page(visit, taken, result=result, not_found=sample is None)


async def try_(visit: Visit) -> web.StreamResponse:
    """`POST /console/rules/playground/try`: decide about the message. The draft is kept; nothing else changes."""
    visit.noted = True  # asked again with every word that is typed: no act
    posted = _posted(visit)
    await _save(visit, posted)
    try:
        result = await _try(visit, posted)
    except Superseded:
        return web.Response(status=204)
    if visit.is_fragment:
        return visit.page("playground.html", PLAYGROUND, block="result", result=result, tests=None, brand=posted.brand)
    return await _page(visit, posted, result=result, tests=await _tests(visit, posted))


async def test(visit: Visit) -> web.StreamResponse:
    """`POST /console/rules/playground/test`: run the rules' own tests."""
    visit.noted = True
    posted = _posted(visit)
    try:
        tests = await _tests(visit, posted)
    except Superseded:
        return web.Response(status=204)
    if visit.is_fragment:
        return visit.page("playground.html", PLAYGROUND, block="tests", tests=tests)
    return await _page(visit, posted, result=None, tests=tests)


async def compare(visit: Visit) -> web.StreamResponse:
    """`POST /console/rules/playground/compare`: keep the draft, and on to what it would change."""
    posted = _posted(visit)
    visit.what = posted.brand
    await _save(visit, posted)
    changed = Version.of(posted.sources).hash != rules_found.live(visit, posted.brand).hash
    return visit.to(f"/rules/compare?brand={posted.brand}&to={DRAFT if changed else 'live'}")


async def reset(visit: Visit) -> web.StreamResponse:
    """`POST /console/rules/playground/reset`: throw the draft away."""
    brand, id_ = rules_found.brand_of(visit), visit.me.person.id
    visit.what = brand
    await visit.write(lambda connection: drafts.drop(connection, id_, brand))
    return visit.to(f"/rules/playground?brand={brand}")


def _posted(visit: Visit) -> _Posted:
    """Raises `Rejected`."""
    form, brand = visit.form, rules_found.brand_of(visit)
    names, texts = form.all("name"), form.all("source")
    if not names or len(names) != len(texts) or len(names) > _FILES_MAX:
        raise Rejected("malformed", "every file has a name and a text")
    given = {name: form.secret(name)[:_SAMPLE_MAX] for name in ("channel", "subject", "text", "facts")}
    if sum(map(len, texts)) > LARGEST:
        raise Rejected("too_large", f"the files have more than {LARGEST:,} characters together")
    return _Posted(brand, form.text("base"), tuple(zip(names, texts, strict=True)), Sample(id=form.text("id")[:80], **given))


async def _save(visit: Visit, posted: _Posted) -> None:
    """Keep the draft, unless it says what is stored already."""
    id_, brand = visit.me.person.id, posted.brand
    before, hash_ = await rules_found.draft_of(visit, brand), Version.of(posted.sources).hash
    database = visit.gateway.stores.database
    if hash_ == posted.base:
        if before is not None and before.base == posted.base:
            await database.write(lambda connection: drafts.drop(connection, id_, brand))
        return
    draft = Draft(staff_id=id_, brand=brand, base=posted.base, sources=json.dumps(posted.sources))
    if before is None or (before.base, before.sources) != (draft.base, draft.sources):
        await database.write(lambda connection: drafts.save(connection, draft))


async def _try(visit: Visit, posted: _Posted) -> Result:
    """Raises `Superseded`."""
    sample = posted.sample
    given = Attempt(
        sources=posted.sources,
        live=rules_found.live(visit, posted.brand).sources,
        message=sample.facts or "{}",
        given={"channel": sample.channel.strip(), "subject": sample.subject, "text": sample.text},
        words=CONDITIONS[visit.frame.language],
    )
    files = [name for name, _ in posted.sources]
    try:
        found = await visit.parts.bench.run(attempt.attempt, given, key=f"try {visit.me.person.id}")
    except NotTried as error:
        return result_of(files, visit.frame.language, why=error.why)
    return _result(files, found, visit.frame.language)


def _result(files: list[str], found: Decided, language: Language) -> Result:
    return result_of(
        files,
        language,
        problems=found.problems,
        wrong_message=found.wrong_message,
        decision=found.decision,
        explained=found.explained,
        moves=found.moves,
    )


async def _tests(visit: Visit, posted: _Posted) -> Tests:
    """Raises `Superseded`."""
    files = [name for name, _ in posted.sources]
    try:
        found = await visit.parts.bench.run(attempt.tested, posted.sources, key=f"test {visit.me.person.id}")
    except NotTried as error:
        return Tests(why=error.why)
    told = None if found is None else [(one.name, one.place, one.mismatches, one.decided_by) for one in found]
    return tests_of(files, told)


async def _page(
    visit: Visit,
    posted: _Posted,
    *,
    result: Result | None = None,
    tests: Tests | None = None,
    draft: Draft | None = None,
    other: Draft | None = None,
    not_found: bool = False,
) -> web.Response:
    names = [name for name, _ in posted.sources]
    shorts = rules_found.short_names(names)
    files = [SourceFile(name, short, text) for (name, text), short in zip(posted.sources, shorts, strict=True)]
    values: dict[str, Any] = {
        "brand": posted.brand,
        "brands": rules_found.brands(visit),
        "base": posted.base,
        "live": rules_found.live(visit, posted.brand).hash,
        "files": files,
        "sample": posted.sample,
        "channels": await visit.read(recent.channels),
    }
    return visit.page(
        "playground.html", PLAYGROUND, result=result, tests=tests, draft=draft, other=other, not_found=not_found, **values
    )


_warming: Final[set[asyncio.Task[None]]] = set()


def _keep_warm(visit: Visit) -> None:
    """Start the process now: it is ready when the first word is typed."""
    task = asyncio.create_task(visit.parts.bench.warm())
    _warming.add(task)
    task.add_done_callback(_warming.discard)
