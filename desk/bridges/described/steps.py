"""Described requests in a row: steps that hand values on, and lists of several pages."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from desk.bridges.base import SystemRefused, SystemUnavailable
from desk.bridges.described.calling import Answer, Caller, Values, is_true, value_of
from desk.bridges.described.requests import Listing, Pages, Request
from desk.bridges.rest import Conflict

T = TypeVar("T")
_TRIES: Final = 5
_MOST_PAGES: Final = 1_000
_NEXT: Final = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')


class Steps:
    """Works descriptions off. `kept` are values that all of them know, as `kept.NAME`."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.kept: dict[str, Any] = {}

    async def run(self, steps: Sequence[Request], values: Values, *, at: str) -> dict[str, Any]:
        """What the steps keep, without `kept.`. Raises what `Caller` does, but `Conflict`."""
        return await repeated(lambda: self._once(steps, values, at))

    async def _once(self, steps: Sequence[Request], values: Values, at: str) -> dict[str, Any]:
        known = {**self.kept, **values}
        kept: dict[str, Any] = {}
        for place, step in enumerate(steps):
            way = at if len(steps) == 1 else f"{at}[{place}]"
            if step.when is not None and not is_true(step.when, self.caller.seen(known), f"{way}.when"):
                continue
            answer = await self.caller.call(step, known, at=way)
            kept |= _kept(step, answer, way)
            known |= {f"kept.{name}": value for name, value in kept.items()}
        return kept

    async def items(
        self, listing: Listing, values: Values, *, at: str, ended: Callable[[Answer], None] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """What expressions see of each item, page after page. `ended` is told every answer."""
        known = {**self.kept, **values}
        if listing.first is not None:
            kept = await self.run(listing.first, values, at=f"{at}.first")
            known |= {f"kept.{name}": value for name, value in kept.items()}
        if listing.when is not None and not is_true(listing.when, self.caller.seen(known), f"{at}.when"):
            return
        pages, url, got = listing.pages, None, 0
        for number in range(1, _MOST_PAGES + 1):
            paged = {"page": number, "offset": got, "size": None if pages is None else pages.size}
            answer = await self.caller.call(listing, {**known, **paged}, at=at, url=url)
            found = _list(listing, answer, at)
            for item in found:
                yield {**answer.seen, "item": item}
            if ended is not None:
                ended(answer)
            got += len(found)
            following = None if pages is None else _following(pages, answer, len(found), at)
            if following is None:
                return
            known, url = {**known, **following[0]}, following[1]
        raise SystemUnavailable(f"{at}: the list has more than {_MOST_PAGES} pages")


async def repeated(attempt: Callable[[], Awaitable[T]]) -> T:
    """`attempt()`, again where others were faster. Raises `SystemUnavailable` where they always are."""
    for _ in range(_TRIES - 1):
        try:
            return await attempt()
        except Conflict:
            continue
    try:
        return await attempt()
    except Conflict as error:
        raise SystemUnavailable(f"others are faster all the time: {error}") from error


def _kept(step: Request, answer: Answer, at: str) -> dict[str, Any]:
    kept = {name: value_of(query, answer.seen, f"{at}.keep.{name}") for name, query in step.keep.items()}
    for name, value in kept.items():
        if value in (None, "", [], {}):
            raise SystemRefused(f"{at}.keep.{name}: the answer has nothing there")
    found = {name: value_of(query, answer.seen, f"{at}.maybe.{name}") for name, query in step.maybe.items()}
    return kept | {name: value for name, value in found.items() if value is not None}


def _list(listing: Listing, answer: Answer, at: str) -> list[Any]:
    found = value_of(listing.list_, answer.seen, f"{at}.list")
    if isinstance(found, dict):
        return [found]
    if not isinstance(found, list):
        raise SystemUnavailable(f"{at}.list: the answer has no list there: is `url` right?")
    return found


def _following(pages: Pages, answer: Answer, count: int, at: str) -> tuple[Mapping[str, Any], str | None] | None:
    """The placeholders and the address of the next page; None after the last."""
    if pages.more is not None and not is_true(pages.more, answer.seen, f"{at}.pages.more"):
        return None
    if pages.by in ("number", "offset"):
        return ({}, None) if count and (pages.more is not None or count >= pages.size) else None
    if pages.by == "link":
        found: Any = _NEXT.search(answer.headers.get("link", ""))
        return None if found is None else ({}, found[1])
    found = None if pages.next is None else value_of(pages.next, answer.seen, f"{at}.pages.next")
    if found in (None, ""):
        return None
    return ({"cursor": str(found)}, None) if pages.by == "cursor" else ({}, str(found))
