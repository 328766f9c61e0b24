"""Dead letters: what lies there, and driving it again or taking it away, one or many."""

from collections.abc import Callable
from typing import Final, get_args

import orjson
from aiohttp import web

from connectors.errors import Rejected
from dispatcher.letters import Act, Discard, Letter, Letters, Looked, Picked, Reason, Redrive, Wanted, Where
from regia import by_hand
from regia.dead import BadEdit, do, edit, find
from regia.http.console.live import labels_of
from regia.http.console.readable import readable
from regia.http.console.visit import Visit
from regia.http.dead import LOOK, with_letters
from storage.database import Database
from web.console.queues import Done, LetterRow
from web.console.texts.dead import DEAD

_SHOWN: Final = 50
_MOST: Final = 1_000
"""Letters of one click."""
_TEXT: Final = 240
_BODY: Final = 400_000
LARGEST: Final = 2 << 20
_NAMED: Final = 20
"""Ids that the audit log names."""


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/queues/dead?where=&queue=&reason=&category=`: the oldest that fit."""
    return await _page(visit, _wanted(visit))


async def redrive(visit: Visit) -> web.StreamResponse:
    """`POST /console/queues/dead/redrive`: publish those that are ticked again, or all that fit the filter."""
    to = visit.form.text("to") or None
    return await _done(visit, Redrive(to), {"to": to} if to else {})


async def discard(visit: Visit) -> web.StreamResponse:
    """`POST /console/queues/dead/discard`: take them away for good; asked for a second time, with the reason."""
    why, chosen = visit.form.text("why")[:200], _chosen(visit)
    if chosen is None:
        return await _untouched(visit)
    if not visit.form.text("sure") or not why:
        visit.noted = True  # nothing was done yet
        return await _page(visit, _filter(visit), asked=chosen, status=422 if visit.form.text("sure") else 200)
    return await _done(visit, Discard(), {"why": why})


async def show(visit: Visit) -> web.StreamResponse:
    """`GET /console/queues/dead/{id}`: one letter, with its body."""
    visit.what = visit.named("id")[:80]
    letter = await _letter(visit)
    return _show(visit, letter, letter.body.decode("utf-8", "replace"))


async def change(visit: Visit) -> web.StreamResponse:
    """`POST /console/queues/dead/{id}/edit`: another body for a letter, which stays where it is."""
    visit.what, body = visit.named("id")[:80], visit.form.secret("body")

    async def work(letters: Letters, database: Database) -> Letter | None:
        return await edit(letters, database, visit.what, body.encode(), actor=visit.actor, most=LOOK)

    try:
        letter = await with_letters(visit.gateway, work)
    except BadEdit as error:
        await visit.note("malformed")
        return _show(visit, await _letter(visit), body, wrong=str(error), status=422)
    if letter is None:
        raise Rejected("not_found", "there is no letter of that id")
    return visit.to(f"/queues/dead/{visit.what}", said="saved")


async def _letter(visit: Visit) -> Letter:
    """Raises `Rejected`."""
    letter = await with_letters(visit.gateway, lambda letters, _: find(letters, visit.named("id"), most=LOOK))
    if letter is None:
        raise Rejected("not_found", "there is no letter of that id")
    return letter


def _show(visit: Visit, letter: Letter, body: str, *, wrong: str = "", status: int = 200) -> web.Response:
    cut = len(body) > _BODY
    if not wrong and not cut:
        body = readable(body) or body
    return visit.page(
        "letter.html",
        DEAD,
        status=status,
        letter=_row(letter),
        labels=labels_of(visit.gateway),
        body=body[:_BODY],
        cut=cut,
        wrong=wrong,
    )


async def _done(visit: Visit, act: Act, said: dict[str, str]) -> web.Response:
    wanted, picked = _chosen(visit), Picked()
    if wanted is None:
        return await _untouched(visit)
    visit.what = " ".join(wanted.ids[:_NAMED]) or "filter"

    async def work(letters: Letters, database: Database) -> str:
        done = await do(letters, database, wanted, act, actor=visit.actor, limit=_MOST, picked=picked, said=said, most=LOOK)
        return done.operation

    operation = await with_letters(visit.gateway, work)
    notes = (*picked.kept.items(), *((("erased", picked.erased),) if picked.erased else ()))
    left = 0 if wanted.ids else await _fitting(visit, wanted)
    name = "redrive" if isinstance(act, Redrive) else "discard"
    done = Done(act=name, done=picked.done, left=left, operation=operation, notes=notes)
    return await _page(visit, _filter(visit), done=done)


async def _untouched(visit: Visit) -> web.Response:
    """Nothing was ticked."""
    await visit.note("nothing_chosen")
    return await _page(visit, _filter(visit), untouched=True, status=422)


async def _fitting(visit: Visit, wanted: Wanted) -> int:
    """How many there are, among the first."""
    found: Looked = await with_letters(visit.gateway, lambda letters, _: letters.look(wanted, 0, most=LOOK))
    return found.fitting


async def _page(
    visit: Visit,
    wanted: Wanted,
    *,
    done: Done | None = None,
    asked: Wanted | None = None,
    untouched: bool = False,
    status: int = 200,
) -> web.Response:
    async def work(letters: Letters, _: Database) -> Looked:
        return await letters.look(wanted, _SHOWN, most=LOOK, bodies=True)

    found = await with_letters(visit.gateway, work)
    everything = await with_letters(visit.gateway, lambda letters, _: letters.look(Wanted(), 0, most=0))
    return visit.page(
        "dead.html",
        DEAD,
        status=status,
        letters=[_row(letter) for letter in found.letters],
        found=found,
        lying=everything.lying,
        wanted=wanted,
        reasons=get_args(Reason),
        labels=labels_of(visit.gateway),
        queues=sorted({state.name for state in await visit.parts.depths.now()}),
        now_ms=by_hand.now_ms(),
        done=done,
        asked=asked,
        untouched=untouched,
        most=_MOST,
    )


def _wanted(visit: Visit) -> Wanted:
    """As the address says."""
    return _read(visit.word)


def _filter(visit: Visit) -> Wanted:
    """As the page had it that posted."""
    return _read(visit.form.text)


def _chosen(visit: Visit) -> Wanted | None:
    """What it is to be done to: those that are ticked, or with `all` what fits the filter; None where that is nothing."""
    if visit.form.text("all"):
        return _filter(visit)
    ids = tuple(id_[:255] for id_ in visit.form.all("id"))
    return Wanted(ids=ids) if ids else None


def _read(word: Callable[[str], str]) -> Wanted:
    where, reason = word("where"), word("reason")
    return Wanted(
        where=next((one for one in get_args(Where) if one == where), None),
        queue=word("queue")[:255] or None,
        reason=next((one for one in get_args(Reason) if one == reason), None),
        category=word("category")[:255] or None,
    )


def _row(letter: Letter) -> LetterRow:
    return LetterRow(
        **{name: getattr(letter, name) for name in ("id", "where", "queue", "reason", "at_ms", "times", "redriven")},
        envelope_id=letter.envelope_id,
        category=letter.category or "",
        text=_text(letter.body),
        size=letter.size,
    )


def _text(body: bytes) -> str:
    """What the customer wrote, its beginning; of what is no envelope, its own."""
    try:
        text = orjson.loads(body)["data"]["text"] or ""
    except (ValueError, KeyError, TypeError):
        text = body[:_TEXT].decode("utf-8", "replace")
    return " ".join(str(text).split())[:_TEXT]
