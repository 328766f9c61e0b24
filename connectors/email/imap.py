"""A folder of an IMAP mailbox as a source of contacts (RFC 3501, 2177, 4315, 6851).

The place reached is UIDVALIDITY and UID. Mails are read without touching their flags; only `settle`, which is called
once the journal has them, marks or moves them.
"""

import time
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from connectors.email import imap_answers as answers
from connectors.email.arrival import ARRIVED
from connectors.email.contact import CONTENT_TYPE
from connectors.email.imap_answers import Item
from connectors.email.imap_cursor import Found, Place, Start
from connectors.email.imap_folder import Folder
from connectors.email.imap_idle import wait_for_mail
from connectors.email.imap_link import Link
from connectors.email.imap_login import logged_in
from connectors.email.settings import Afterwards, ImapSettings
from connectors.email.values import same_folder
from connectors.exchange import Http, Request, Unreadable
from connectors.polling import Polled

STEP_MAILS: Final = 50
STEP_BYTES: Final = 8 << 20
"""A step takes at least one mail, and not more than these."""
HEAD: Final = 64 * 1024
"""Bytes of the header, and as many of the text, that are kept of a mail that is too large."""
_SEARCHING: Final = 30.0
"""Seconds of search after which a step without mails ends, so that what was searched counts."""


class Mark(NamedTuple):
    """A mail that was handed over. The number means it only under this UIDVALIDITY."""

    uidvalidity: int
    uid: int


class ImapSource:
    """One folder. `start`, `since` and `afterwards` stand in for what the settings say, for an import of a backlog: `since`
    leaves out mails that came before that day, by the server's clock and zone. `max_body`: bytes of the largest mail."""

    def __init__(
        self,
        folder: str,
        settings: ImapSettings,
        max_body: int,
        *,
        start: Start | None = None,
        since: date | None = None,
        afterwards: Afterwards | None = None,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._max_body = max_body
        self._start: Start = start or settings.start
        self._since = since
        self._afterwards: Afterwards = afterwards or settings.afterwards

    @property
    def name(self) -> str:
        return self._folder

    async def open(self, http: Http) -> "ImapSession":
        """Connect, log in and open the folder. `http` is for OAuth's token server. Raises `SourceFailed`."""
        link = await logged_in(self._settings, http)
        try:
            folder = await Folder.open(link, self._folder)
        except BaseException:
            await link.close()
            raise
        target = self._settings.move_to
        also = f"SINCE {answers.day(self._since)}" if self._since else ""
        return ImapSession(folder, self._max_body, start=self._start, also=also, afterwards=self._afterwards, target=target)


class ImapSession:
    """An open folder. Implements `Session`; any failure ends it."""

    def __init__(self, folder: Folder, max_body: int, *, start: Start, also: str, afterwards: Afterwards, target: str) -> None:
        self._folder = folder
        self._max_body = max_body
        self._start: Start = start
        self._also = also
        self._afterwards = afterwards
        self._target = target
        self._found: Found | None = None
        """By the last search."""

    @property
    def _link(self) -> Link:
        return self._folder.link

    async def next(self, cursor: str | None) -> Polled | None:
        """The mails after `cursor`: one step of them. A step may be empty where only the place has moved on."""
        self._link.wire.stirred.clear()
        place = self._place(cursor)
        while True:
            uids, place = await self._ahead(place)
            if not uids:
                stays = cursor is not None and place == Place.read(cursor)
                return None if stays else Polled(requests=(), cursor=place.text)
            taken, sizes = await self._portion(uids)
            place = place.at(taken[-1])
            if sizes:
                return await self._read(sizes, place)

    async def count(self, cursor: str | None = None) -> int:
        """How many mails are still to come after `cursor`, as far as is known now."""
        number = 0
        async with aclosing(self._folder.stretches(self._place(cursor), self._also)) as stretches:
            async for uids, _ in stretches:
                number += len(uids)
        return number

    async def settle(self, polled: Polled) -> None:
        """Flag, move or leave what the step handed over. What was unreadable stays as it is."""
        uids = [uid for uidvalidity, uid in polled.marks if uidvalidity == self._folder.uidvalidity]
        if not uids or self._afterwards == "leave":
            return
        # Moved to where they are they would come again, with new numbers, for ever.
        if self._afterwards == "flag" or same_folder(self._target, self._folder.name):
            await self._folder.flag(uids, r"(\Seen)")
        else:
            await self._folder.move(uids, self._target)

    async def wait(self) -> None:
        """Return when the server announces mail; at the latest after `imap_idle.LONGEST`, when it still answers."""
        await wait_for_mail(self._link)

    async def close(self) -> None:
        await self._link.close()

    def _place(self, cursor: str | None) -> Place:
        folder = self._folder
        if cursor is None:
            return Place.first(self._start, folder.uidvalidity, folder.highest, datetime.now(UTC))
        place = Place.read(cursor)
        if place.uidvalidity == folder.uidvalidity:
            return place
        return place.renumbered(self._start, folder.uidvalidity, folder.highest)

    async def _ahead(self, place: Place) -> tuple[list[int], Place]:
        """The next UIDs after `place`, and the place before the first of them; or none, and the place reached."""
        if self._found is not None and (uids := self._found.after(place)):
            return uids, place
        self._found, started = None, time.monotonic()
        async with aclosing(self._folder.stretches(place, self._also)) as stretches:
            async for uids, reached in stretches:
                if uids:
                    self._found = Found(place, uids)
                    return uids, place
                place = reached
                if time.monotonic() - started > _SEARCHING:
                    break
        return [], place

    async def _portion(self, uids: Sequence[int]) -> tuple[list[int], dict[int, int]]:
        """The mails of one step: all of them, and of those that are still there the sizes."""
        candidates = uids[:STEP_MAILS]
        sizes = await self._sizes(candidates)
        taken: list[int] = []
        weight = 0
        for uid in candidates:
            size = sizes.get(uid, 0)
            weight += size if size <= self._max_body else 2 * HEAD
            if taken and weight > STEP_BYTES:
                break
            taken.append(uid)
        return taken, {uid: sizes[uid] for uid in taken if uid in sizes}

    async def _sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """A mail without a size has been expunged, or the server has trouble with it; then it must not be passed over."""
        sizes = await self._folder.sizes(uids)
        if missing := [uid for uid in uids if uid not in sizes]:
            for uid in sorted(await self._folder.there(missing)):
                sizes[uid] = (await self._folder.sizes([uid])).get(uid, self._max_body)
        return sizes

    async def _read(self, sizes: dict[int, int], place: Place) -> Polled:
        whole = {uid: size for uid, size in sizes.items() if size <= self._max_body}
        mails = await self._mails(whole)
        requests: dict[int, Request] = {}
        unreadable: list[Unreadable] = []
        for uid, size in sizes.items():
            body = answers.text(mails.get(uid, {}), "BODY[]")
            if body is not None and len(body) <= self._max_body:
                requests[uid] = _request(body, mails[uid])
            elif uid in mails or uid not in whole:
                unreadable.append(await self._too_large(uid, max(size, len(body or b""))))
            elif await self._folder.there([uid]):
                unreadable.append(self._withheld(uid))
        marks = tuple(Mark(self._folder.uidvalidity, uid) for uid in requests)
        return Polled(requests=tuple(requests.values()), cursor=place.text, unreadable=tuple(unreadable), marks=marks)

    async def _mails(self, sizes: dict[int, int]) -> dict[int, Item]:
        """A mail that does not come with the others, though it is there, is asked for alone once more."""
        if not sizes:
            return {}
        mails = await self._folder.mails(list(sizes), sum(sizes.values()))
        if missing := [uid for uid in sizes if uid not in mails]:
            for uid in sorted(await self._folder.there(missing)):
                mails |= await self._folder.mails([uid], sizes[uid])
        return mails

    async def _too_large(self, uid: int, size: int) -> Unreadable:
        raw = await self._folder.head(uid, HEAD)
        detail = f"{self._named(uid)} has {size} bytes, more than max_body allows; it stays in the mailbox"
        return Unreadable(reason="too_large", raw=raw, content_type=CONTENT_TYPE, detail=detail)

    def _withheld(self, uid: int) -> Unreadable:
        detail = f"{self._named(uid)} is not handed over by the server; it stays in the mailbox"
        raw = f"X-Regia-Withheld: {self._named(uid)}\r\n\r\n".encode()
        return Unreadable(reason="unreadable", raw=raw, content_type=CONTENT_TYPE, detail=detail)

    def _named(self, uid: int) -> str:
        return f"the mail with UID {uid} (UIDVALIDITY {self._folder.uidvalidity}) in folder {self._folder.name!r}"


def _request(body: bytes, item: Item) -> Request:
    """The mail as the connector takes it, with the time at which the mailbox got it."""
    headers = {"content-type": CONTENT_TYPE}
    if (at := answers.arrived(item)) is not None:
        headers[ARRIVED] = at.isoformat()
    return Request(method="POST", url="", headers=headers, query={}, body=body, received_at=datetime.now(UTC))
