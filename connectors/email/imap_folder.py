"""One folder that is open on the server: what lies in it, its mails, and what becomes of them."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from connectors.email import imap_answers as answers
from connectors.email.imap_answers import Item, mailbox, uid_set
from connectors.email.imap_cursor import Place
from connectors.email.imap_link import DATA, SILENT, Answer, Link
from connectors.errors import SourceFailed

FEW: Final = 20_000
"""Mails of a folder that is searched at once: their UIDs fit into one line."""
NARROW: Final = 2_000
WIDE: Final = 50_000
"""UIDs in one search of a larger folder. Where nothing is found the next stretch is twice as wide."""
_SECONDS_PER_BYTE: Final = 2 / (1 << 20)
"""Half a megabyte a second is the slowest line on which large mails still come in time."""


@dataclass(frozen=True, slots=True)
class Folder:
    """`open` it. Methods raise `SourceFailed`."""

    link: Link
    name: str
    uidvalidity: int
    highest: int
    """No mail had a greater UID when the folder was opened."""

    @classmethod
    async def open(cls, link: Link, name: str) -> Self:
        answer = await link.ask(link.protocol.select(mailbox(name)))
        if not answer.ok:
            raise _not_opened(answer)
        uidvalidity = answers.announced(answer.lines, "UIDVALIDITY")
        if uidvalidity is None:
            raise SourceFailed("protocol_error", "the server does not number the folder's mails (no UIDVALIDITY)")
        uidnext = answers.announced(answer.lines, "UIDNEXT")
        if uidnext is not None:
            return cls(link, name, uidvalidity, uidnext - 1)
        last = await _search(link, "UID *") if link.wire.exists else []
        return cls(link, name, uidvalidity, max(last, default=0))

    @property
    def _protocol(self) -> Any:
        return self.link.protocol

    async def stretches(self, place: Place, also: str = "") -> AsyncGenerator[tuple[list[int], Place], None]:
        """The UIDs wanted after `place`, stretch by stretch, each with the place at its end. Stretches may be empty.

        `also`: a further condition for SEARCH. The length of every answer is bounded: a mailbox may hold a million mails.
        """
        width = NARROW
        while True:
            low, high = self._stretch(place, width)
            criteria = " ".join(filter(None, (f"UID {low}:{'*' if high is None else high}", place.criteria, also)))
            # `n:*` means the last mail also when its UID is smaller than n (RFC 3501, 6.4.8).
            uids = [uid for uid in await _search(self.link, criteria) if low <= uid <= (high or uid)]
            place = place.at(high if high is not None else max(uids, default=place.last))
            yield uids, place
            if high is None:
                return
            width = NARROW if uids else min(2 * width, WIDE)

    def _stretch(self, place: Place, width: int) -> tuple[int, int | None]:
        """The first and the last UID of the next search; None: to the last mail there is."""
        low = place.last + 1
        end = place.until if low <= place.until else None
        if self.link.wire.exists <= FEW:
            return low, end
        high = place.last + width
        if end is not None:
            return low, min(high, end)
        return low, high if high <= self.highest else None

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Bytes of each mail that is still there. At most 100 at a time."""
        items = await self._fetch(uids, "(UID RFC822.SIZE)")
        sizes = {uid: answers.number(items[uid], "RFC822.SIZE") for uid in uids if uid in items}
        return {uid: size for uid, size in sizes.items() if size is not None}

    async def mails(self, uids: Sequence[int], size: int) -> dict[int, Item]:
        """`BODY[]` and `INTERNALDATE` of each mail that the server hands over. `size`: bytes of all of them."""
        items = await self._fetch(uids, "(UID INTERNALDATE BODY.PEEK[])", size)
        return {uid: items[uid] for uid in uids if answers.text(items.get(uid, {}), "BODY[]") is not None}

    async def head(self, uid: int, size: int) -> bytes:
        """The header and the beginning of the text, at most `size` bytes of each."""
        parts = f"(UID BODY.PEEK[HEADER]<0.{size}> BODY.PEEK[TEXT]<0.{size}>)"
        item = (await self._fetch([uid], parts, 2 * size)).get(uid, {})
        return (answers.text(item, "BODY[HEADER]") or b"")[:size] + (answers.text(item, "BODY[TEXT]") or b"")[:size]

    async def there(self, uids: Iterable[int]) -> set[int]:
        """Those that have not been expunged."""
        return set(await _search(self.link, f"UID {uid_set(uids)}"))

    async def _fetch(self, uids: Sequence[int], parts: str, size: int = 0) -> dict[int, Item]:
        """A NO is no failure: some servers say it when one mail of several is gone or damaged."""
        seconds = DATA + size * _SECONDS_PER_BYTE
        fetching = self._protocol.uid("FETCH", uid_set(uids), parts)
        answer = await self.link.ask(fetching, seconds=seconds, silent=SILENT, size=size)
        return answers.fetched(answer.lines)

    async def flag(self, uids: Sequence[int], flags: str) -> None:
        answer = await self.link.ask(self._protocol.uid("STORE", uid_set(uids), "+FLAGS.SILENT", flags), seconds=DATA)
        if not answer.ok:
            raise _refused(self.link, "flagging mails", "give the user that right, or set afterwards: leave")

    async def move(self, uids: Sequence[int], target: str) -> None:
        """To another folder, which is made where it is missing. Mails that are gone by now are no failure."""
        if not (await self._moved(uids, target)).ok:
            await self._make(target)
            if not (await self._moved(uids, target)).ok:
                raise _refused(self.link, "moving mails", "give the user that right, or another move_to")
        if not self.link.can("MOVE"):
            await self.flag(uids, r"(\Seen \Deleted)")
            if self.link.can("UIDPLUS"):
                await self.link.ask(self._protocol.uid("EXPUNGE", uid_set(uids)), seconds=DATA)
            # Without UIDPLUS they stay, marked: a plain EXPUNGE would also remove what others have marked.

    async def _moved(self, uids: Sequence[int], target: str) -> Answer:
        command = "MOVE" if self.link.can("MOVE") else "COPY"
        return await self.link.ask(self._protocol.uid(command, uid_set(uids), mailbox(target)), seconds=DATA)

    async def _make(self, target: str) -> None:
        """Somebody else may have made it meanwhile: whether it is there, the next move tells."""
        await self.link.ask(self._protocol.simple_command("CREATE", mailbox(target)))
        await self.link.ask(self._protocol.simple_command("SUBSCRIBE", mailbox(target)))


async def _search(link: Link, criteria: str) -> list[int]:
    # The library would announce a charset by itself, which some servers refuse.
    answer = await link.ask(link.protocol.search(criteria, by_uid=True, charset=None), seconds=DATA)
    if not answer.ok:
        raise _refused(link, "a search", "look into its log")
    return answers.found(answer.lines[:-1])


def _not_opened(answer: Answer) -> SourceFailed:
    if answers.code(answer.status) in answers.PASSING:
        return SourceFailed("closed", "the server cannot open the folder now")
    return SourceFailed("folder_missing", "the server does not open the folder: check its name and the user's rights")


def _refused(link: Link, what: str, advice: str) -> SourceFailed:
    link.wire.end("protocol_error", f"the server refuses {what}: {advice}")
    return link.wire.failure()
